//! Transactions whose clients confirmed what they got: their requests are over, and whoever sends
//! one again is told that its id is used. It is remembered while the process runs, and for so many:
//! who is forgotten gets the same certificate once more, and never another one.

use authority::Sha256Value;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Most transactions that are remembered.
const CONCLUDED_MAX: usize = 4_096;

/// Names of transactions that are over, oldest first.
#[derive(Default)]
pub(crate) struct Concluded(Mutex<VecDeque<Sha256Value>>);

impl Concluded {
    /// A transaction is over.
    pub(super) fn conclude(&self, transaction: Sha256Value) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.contains(&transaction) {
            return;
        }
        if all.len() >= CONCLUDED_MAX {
            all.pop_front();
        }
        all.push_back(transaction);
    }

    /// Whether a transaction is known to be over.
    pub(super) fn has(&self, transaction: &Sha256Value) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(transaction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confirmed_transaction_is_over() {
        let concluded = Concluded::default();
        concluded.conclude([1; 32]);
        concluded.conclude([1; 32]);
        assert!(concluded.has(&[1; 32]) && !concluded.has(&[2; 32]));
        for number in 0..CONCLUDED_MAX as u64 {
            let mut name = [3; 32];
            name[..8].copy_from_slice(&number.to_be_bytes());
            concluded.conclude(name);
        }
        assert!(!concluded.has(&[1; 32]), "so many are remembered");
    }
}
