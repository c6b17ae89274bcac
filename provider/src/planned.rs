//! Planned values, of which any part may be unknown.

use tf_provider::Value;
use tf_provider::schema::Convert;

/// The value in the known form; `None` while any part of it is unknown.
pub fn known<T: Convert, P: Convert>(planned: &Value<P>) -> Option<T> {
    // Only what is wholly known has the shape of the known form.
    T::from_raw(&planned.to_raw()).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_set_is_known_when_all_of_its_elements_are() {
        let element = || Value::Known("a".to_owned());
        let set = |second| Value::Known(vec![element(), second]);
        type Set = BTreeSet<String>;
        assert_eq!(
            known::<Set, _>(&set(Value::Known("b".to_owned()))),
            Some(["a", "b"].map(str::to_owned).into())
        );
        assert_eq!(known::<Set, _>(&set(Value::Unknown)), None);
        assert_eq!(known::<Set, Vec<Value<String>>>(&Value::Unknown), None);
        assert_eq!(known::<Option<Set>, Vec<Value<String>>>(&Value::Null), Some(None));
    }
}
