//! Types of values, as schemas announce them and as dynamic values carry them.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::DecodeError;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// `bool`
    Bool,
    /// `number`
    Number,
    /// `string`
    String,
    /// Any type, decided by the value.
    Dynamic,
    /// Ordered elements of one type.
    List(Box<Type>),
    /// Distinct elements of one type, without order.
    Set(Box<Type>),
    /// Elements of one type by string key.
    Map(Box<Type>),
    /// Attributes by name, each with a type of its own.
    Object(BTreeMap<String, Type>),
    /// A fixed number of elements, each with a type of its own.
    Tuple(Vec<Type>),
}

impl Type {
    /// A list of `element`.
    pub fn list(element: Type) -> Self {
        Type::List(Box::new(element))
    }

    /// A set of `element`.
    pub fn set(element: Type) -> Self {
        Type::Set(Box::new(element))
    }

    /// A map of `element`.
    pub fn map(element: Type) -> Self {
        Type::Map(Box::new(element))
    }

    /// An object with these attributes.
    pub fn object<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Type)>) -> Self {
        Type::Object(attributes.into_iter().map(|(name, ty)| (name.into(), ty)).collect())
    }

    /// The attributes of an object type.
    pub fn attributes(&self) -> Option<&BTreeMap<String, Type>> {
        match self {
            Type::Object(attributes) => Some(attributes),
            _ => None,
        }
    }

    /// The element type of a list, set or map.
    pub fn element(&self) -> Option<&Type> {
        match self {
            Type::List(element) | Type::Set(element) | Type::Map(element) => Some(element),
            _ => None,
        }
    }

    /// What to call the type in a message: `string`, `list of string`, `object`, `any type`.
    pub fn name(&self) -> String {
        match self {
            Type::Bool => "bool".to_owned(),
            Type::Number => "number".to_owned(),
            Type::String => "string".to_owned(),
            Type::Dynamic => "any type".to_owned(),
            Type::List(element) => format!("list of {}", element.name()),
            Type::Set(element) => format!("set of {}", element.name()),
            Type::Map(element) => format!("map of {}", element.name()),
            Type::Object(_) => "object".to_owned(),
            Type::Tuple(_) => "tuple".to_owned(),
        }
    }

    /// The type as compact JSON, the form the protocol has it in: `["list","string"]`.
    pub fn to_json_string(&self) -> String {
        self.to_json().to_string()
    }

    /// The type as JSON.
    pub fn to_json(&self) -> Json {
        let of = |constructor: &str, argument: Json| Json::Array(vec![Json::from(constructor), argument]);
        match self {
            Type::Bool => Json::from("bool"),
            Type::Number => Json::from("number"),
            Type::String => Json::from("string"),
            Type::Dynamic => Json::from("dynamic"),
            Type::List(element) => of("list", element.to_json()),
            Type::Set(element) => of("set", element.to_json()),
            Type::Map(element) => of("map", element.to_json()),
            Type::Object(attributes) => of(
                "object",
                Json::Object(attributes.iter().map(|(name, ty)| (name.clone(), ty.to_json())).collect()),
            ),
            Type::Tuple(elements) => of("tuple", Json::Array(elements.iter().map(Type::to_json).collect())),
        }
    }

    /// Reads a type from JSON text.
    ///
    /// # Errors
    ///
    /// When the text is not JSON (or nested deeper than 128), or names no type. Objects with optional
    /// attributes are type constraints of the language, no types of values, and refused.
    pub fn from_json(bytes: &[u8]) -> Result<Self, DecodeError> {
        let json: Json = serde_json::from_slice(bytes).map_err(|error| {
            DecodeError::at_root(format!("the type is not JSON ({})", json_fault(&error)))
        })?;
        Type::from_json_value(&json)
    }

    /// Reads a type from JSON.
    ///
    /// # Errors
    ///
    /// When it names no type.
    pub fn from_json_value(json: &Json) -> Result<Self, DecodeError> {
        match json {
            Json::String(name) => match name.as_str() {
                "bool" => Ok(Type::Bool),
                "number" => Ok(Type::Number),
                "string" => Ok(Type::String),
                "dynamic" => Ok(Type::Dynamic),
                _ => Err(not_a_type("an unknown name")),
            },
            Json::Array(parts) => match parts.as_slice() {
                [Json::String(constructor), argument] => Type::from_constructor(constructor, argument),
                _ => Err(not_a_type("an array that is not a name and its argument")),
            },
            _ => Err(not_a_type("neither a name nor an array")),
        }
    }

    fn from_constructor(constructor: &str, argument: &Json) -> Result<Self, DecodeError> {
        match (constructor, argument) {
            ("list", element) => Ok(Type::list(Type::from_json_value(element)?)),
            ("set", element) => Ok(Type::set(Type::from_json_value(element)?)),
            ("map", element) => Ok(Type::map(Type::from_json_value(element)?)),
            ("object", Json::Object(attributes)) => attributes
                .iter()
                .map(|(name, ty)| Ok((name.clone(), Type::from_json_value(ty)?)))
                .collect::<Result<_, _>>()
                .map(Type::Object),
            ("tuple", Json::Array(elements)) => {
                elements.iter().map(Type::from_json_value).collect::<Result<_, _>>().map(Type::Tuple)
            }
            ("object" | "tuple", _) => Err(not_a_type("an object or tuple with the wrong argument")),
            _ => Err(not_a_type("an unknown constructor")),
        }
    }
}

fn not_a_type(found: &str) -> DecodeError {
    DecodeError::at_root(format!("not a type: {found}"))
}

/// What is wrong with JSON text, without any of the text: the parser's own words may repeat it.
pub(super) fn json_fault(error: &serde_json::Error) -> String {
    let fault = match error.classify() {
        serde_json::error::Category::Eof => "it ends early",
        serde_json::error::Category::Syntax => "syntax error, or nested too deeply",
        serde_json::error::Category::Data | serde_json::error::Category::Io => "malformed",
    };
    format!("{fault}, line {} column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_type() -> Type {
        Type::object([
            ("b", Type::Bool),
            ("d", Type::Dynamic),
            ("l", Type::list(Type::String)),
            ("m", Type::map(Type::set(Type::Number))),
            ("o", Type::object::<&str>([])),
            ("t", Type::Tuple(vec![Type::String, Type::Tuple(vec![])])),
        ])
    }

    #[test]
    fn types_are_compact_json_as_the_protocol_has_them() {
        let json = r#"["object",{"b":"bool","d":"dynamic","l":["list","string"],"m":["map",["set","number"]],"o":["object",{}],"t":["tuple",["string",["tuple",[]]]]}]"#;
        assert_eq!(every_type().to_json_string(), json);
        assert_eq!(Type::from_json(json.as_bytes()).unwrap(), every_type());
    }

    #[test]
    fn what_is_no_type_is_refused() {
        for json in [
            "",
            "null",
            "1",
            r#""int""#,
            "[]",
            r#"["list"]"#,
            r#"["list","string","string"]"#,
            r#"["object",[]]"#,
            r#"["object",{"a":"string"},["a"]]"#,
            r#"["tuple","string"]"#,
            r#"["capsule","string"]"#,
            r#"["list","string"] x"#,
        ] {
            assert!(Type::from_json(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn a_type_nested_200_000_deep_is_an_error() {
        let json = format!("{}\"string\"{}", "[\"list\",".repeat(200_000), "]".repeat(200_000));
        assert!(Type::from_json(json.as_bytes()).is_err());
    }

    #[test]
    fn names_read_as_in_a_sentence() {
        assert_eq!(Type::list(Type::map(Type::String)).name(), "list of map of string");
        assert_eq!(Type::Dynamic.name(), "any type");
    }

    #[test]
    fn accessors_see_attributes_and_elements() {
        assert_eq!(every_type().attributes().unwrap().len(), 6);
        assert_eq!(Type::set(Type::Bool).element(), Some(&Type::Bool));
        assert_eq!(Type::String.attributes(), None);
        assert_eq!(Type::Tuple(vec![Type::Bool]).element(), None);
    }
}
