//! What follows from something, made once for all who ask while that is the same.

use authority::Authority;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What is known here at a moment: how much was confirmed, and what the log says.
#[derive(Clone)]
pub(super) struct Basis {
    pub(super) changes: u64,
    pub(super) authority: Weak<Authority>,
}

impl PartialEq for Basis {
    fn eq(&self, other: &Self) -> bool {
        self.changes == other.changes && self.authority.ptr_eq(&other.authority)
    }
}

/// A value with what it follows from.
pub(super) struct Derived<K, V>(Mutex<Option<(K, Arc<V>)>>);

impl<K, V> Default for Derived<K, V> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<K: PartialEq, V> Derived<K, V> {
    /// The value, made if it is not the one of this key. Whoever asks meanwhile waits for it
    /// instead of making it too.
    pub(super) fn of(&self, key: K, make: impl FnOnce() -> V) -> Arc<V> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, value)) = known.as_ref().filter(|(same, _)| *same == key) {
            return value.clone();
        }
        let value = Arc::new(make());
        *known = Some((key, value.clone()));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_a_key() {
        let (derived, mut made) = (Derived::default(), 0);
        let mut of = |key: u8| {
            derived.of(key, || {
                made += 1;
                key
            });
            made
        };
        assert_eq!([of(1), of(1), of(2), of(2), of(1)], [1, 1, 2, 2, 3]);
    }
}
