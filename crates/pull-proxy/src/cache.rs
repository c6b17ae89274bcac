//! A cache bounded in bytes that drops what was not used for longest.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values with their sizes; clones of a value should be cheap.
#[derive(Debug)]
pub struct Cache<K, V> {
    bound: usize,
    state: Mutex<State<K, V>>,
}

#[derive(Debug)]
struct State<K, V> {
    entries: HashMap<K, Entry<V>>,
    /// Keys by when they were last used.
    order: BTreeMap<u64, K>,
    clock: u64,
    size: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    size: usize,
    used: u64,
}

impl<K: Clone + Eq + Hash, V: Clone> Cache<K, V> {
    /// An empty cache for values of `bound` bytes in all.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        let state = State { entries: HashMap::new(), order: BTreeMap::new(), clock: 0, size: 0 };
        Self { bound, state: Mutex::new(state) }
    }

    /// Bytes that are held.
    #[must_use]
    pub fn size(&self) -> usize {
        self.lock().size
    }

    /// Bytes that can be held.
    #[must_use]
    pub fn bound(&self) -> usize {
        self.bound
    }

    /// A value, which counts as used now.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        let mut state = self.lock();
        let State { entries, order, clock, .. } = &mut *state;
        let entry = entries.get_mut(key)?;
        let key = order.remove(&entry.used)?;
        *clock += 1;
        entry.used = *clock;
        order.insert(*clock, key);
        Some(entry.value.clone())
    }

    /// Keeps a value and drops others for it; one that is larger than the whole cache is not kept.
    pub fn insert(&self, key: K, value: V, size: usize) {
        let mut state = self.lock();
        state.remove(&key);
        if size > self.bound {
            return;
        }
        while state.size + size > self.bound {
            let Some(oldest) = state.order.first_key_value().map(|(_, key)| key.clone()) else { break };
            state.remove(&oldest);
        }
        state.clock += 1;
        let used = state.clock;
        state.order.insert(used, key.clone());
        state.size += size;
        state.entries.insert(key, Entry { value, size, used });
    }

    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V> State<K, V> {
    fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.order.remove(&entry.used);
            self.size -= entry.size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_recently_used_goes_first_and_the_bound_holds() {
        let cache = Cache::new(10);
        cache.insert("a", 1, 4);
        cache.insert("b", 2, 4);
        assert_eq!(cache.get(&"a"), Some(1));
        cache.insert("c", 3, 4);
        assert_eq!((cache.get(&"a"), cache.get(&"b"), cache.get(&"c")), (Some(1), None, Some(3)));
        assert_eq!(cache.size(), 8);
        cache.insert("d", 4, 11);
        assert_eq!((cache.get(&"d"), cache.size()), (None, 8));
        cache.insert("a", 5, 6);
        assert_eq!((cache.get(&"a"), cache.size()), (Some(5), 10));
    }
}
