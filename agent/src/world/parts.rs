//! Parts of the world on their way: as they came, and as the state directory is still to have them.

use super::kept_beside::ToKeep;
use records::Bytes;
use records::lineage::Lineage;
use records::people::SignedPeople;
use records::unlisted::{DatedSerial, Unlisted};

/// Parts that came, in the order in which they are verified.
#[derive(Default)]
pub(super) struct Update {
    pub(super) rules: Option<Lineage>,
    /// From `status`, the proof that the log of the rules goes on.
    pub(super) continues: Vec<Bytes>,
    pub(super) crl: Option<Bytes>,
    pub(super) people: Option<SignedPeople>,
    /// From `status` one, from the state directory as many as are in force.
    pub(super) unlisted: Vec<Unlisted>,
    /// From the state directory, what left the lists.
    pub(super) gone: Vec<DatedSerial>,
}

/// Parts that are in force, and not in the state directory yet.
#[derive(Default)]
pub(super) struct Unkept {
    pub(super) rules: Option<Lineage>,
    pub(super) crl: Option<Bytes>,
    pub(super) people: Option<SignedPeople>,
    /// All that stands beside the list.
    pub(super) unlisted: Option<ToKeep>,
}

impl Unkept {
    /// Whether nothing is.
    pub(super) fn is_empty(&self) -> bool {
        let none = self.rules.is_none() && self.crl.is_none() && self.people.is_none();
        none && self.unlisted.is_none()
    }

    /// Takes over what is newer.
    pub(super) fn renew(&mut self, newer: Unkept) {
        self.rules = newer.rules.or(self.rules.take());
        self.crl = newer.crl.or(self.crl.take());
        self.people = newer.people.or(self.people.take());
        self.unlisted = newer.unlisted.or(self.unlisted.take());
    }
}
