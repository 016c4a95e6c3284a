//! Orders whose requests this process carries to the CA, each once at a time. While it does, it
//! says so in their rows again and again (`jobs`): those of a process that was killed somebody
//! else takes up within seconds.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Who is carried here: one a request under way.
#[derive(Default)]
pub(crate) struct CarriedOrders(Mutex<BTreeSet<String>>);

/// One that is carried, until it is dropped.
pub(crate) struct CarriedOrder<'a> {
    all: &'a CarriedOrders,
    id: String,
}

impl CarriedOrders {
    /// Begins to carry an order; nothing where somebody here does already.
    pub(crate) fn enter(&self, id: &str) -> Option<CarriedOrder<'_>> {
        let is_new = self.all().insert(id.to_owned());
        is_new.then(|| CarriedOrder { all: self, id: id.to_owned() })
    }

    /// All that are carried here now.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.all().iter().cloned().collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CarriedOrder<'_> {
    fn drop(&mut self) {
        self.all.all().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_carried_once_at_a_time() {
        let carried = CarriedOrders::default();
        let first = carried.enter("a");
        assert!(first.is_some() && carried.enter("a").is_none());
        let other = carried.enter("b");
        assert_eq!(carried.ids(), ["a", "b"]);
        drop(first);
        assert_eq!(carried.ids(), ["b"]);
        assert!(carried.enter("a").is_some());
        drop(other);
        assert!(carried.ids().is_empty());
    }
}
