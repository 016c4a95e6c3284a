//! What a page of the desk showed last, until it is taken or replaced: one of each kind.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One thing, or none.
pub(super) struct ShownLast<T>(Mutex<Option<T>>);

impl<T> Default for ShownLast<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> ShownLast<T> {
    /// Keeps it in place of the one before.
    pub(super) fn keep(&self, shown: T) {
        *self.lock() = Some(shown);
    }

    /// Takes it away: what is signed is signed once.
    pub(super) fn take(&self) -> Option<T> {
        self.lock().take()
    }

    /// A copy, for whoever saves it.
    pub(super) fn get(&self) -> Option<T>
    where
        T: Clone,
    {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
