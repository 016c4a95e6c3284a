//! Brakes that were seen to wait for the tree. They are felt until it has them: whoever takes their
//! rows away takes nothing back from whoever asks here, until the role that did them puts them on
//! their way again. Each is judged anew whenever the head moves, like what waits; what nobody
//! signed has no effect however often it is.

use authority::signed_digest;
use records::{Bytes, Record};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// So many are remembered, the newest.
const FELT_MAX: usize = 10_000;

/// Brakes in the order in which they were seen.
#[derive(Default)]
pub(super) struct Felt {
    records: BTreeMap<u64, Arc<Record>>,
    places: BTreeMap<Bytes, u64>,
    /// Where what each says stands: copies under other ids push out nothing.
    said: HashMap<[u8; 32], u64>,
}

impl Felt {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// All of them, oldest first.
    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values().map(|record| &**record)
    }

    /// One waits.
    pub(super) fn see(&mut self, record: &Arc<Record>) {
        let Some(said) = signed_digest(&record.event) else { return };
        if self.places.contains_key(&record.id) || self.said.contains_key(&said) {
            return;
        }
        let place = self.records.last_key_value().map_or(0, |(place, _)| place + 1);
        self.places.insert(record.id.clone(), place);
        self.said.insert(said, place);
        self.records.insert(place, record.clone());
        while self.records.len() > FELT_MAX
            && let Some(oldest) = self.records.keys().next().copied()
        {
            self.remove(oldest);
        }
    }

    fn remove(&mut self, place: u64) {
        let Some(record) = self.records.remove(&place) else { return };
        self.places.remove(&record.id);
        if let Some(said) = signed_digest(&record.event) {
            self.said.remove(&said);
        }
    }

    /// The tree has a record: another one under its id is not it.
    pub(super) fn sequenced(&mut self, record: &Record) {
        let Some(place) = self.places.get(&record.id).copied() else { return };
        if self.records.get(&place).is_some_and(|one| **one == *record) {
            self.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::record::Event;
    use sample_city::SampleCity;

    /// Each once, in order, until the tree has itself; of too many the newest.
    #[test]
    fn brakes_are_felt_until_the_tree_has_them() {
        let mut city = SampleCity::found();
        let mut made = |reference: &str| {
            let event = city.void_event(reference);
            Arc::new(city.record(event))
        };
        let (first, second) = (made("0123456789ABCDEF"), made("0123456789ABCDEG"));
        let mut felt = Felt::default();
        assert!(felt.is_empty());
        for record in [&first, &second, &first] {
            felt.see(record);
        }
        assert!(felt.records().eq([&*first, &*second]));
        let mut other = Record::clone(&second);
        other.id = first.id.clone();
        other.maker = "somebody".into();
        felt.sequenced(&other);
        assert_eq!(felt.records().count(), 2, "another one under its id");
        felt.sequenced(&first);
        assert!(felt.records().eq([&*second]));
        let numbered = |number: u128, event: Event| {
            let mut one = Record::clone(&first);
            (one.id, one.event) = (number.to_be_bytes().into(), event);
            Arc::new(one)
        };
        for number in 0..2 * FELT_MAX as u128 {
            felt.see(&numbered(number, second.event.clone()));
        }
        assert!(felt.records().eq([&*second]), "copies");
        for aseq in 0..FELT_MAX as u64 {
            let (agent, epoch) = ("gate-1".to_owned(), [1; 16].into());
            let (entry, other) = ([2; 32].into(), [3; 32].into());
            let event = Event::Forked { agent, epoch, aseq, entry, other };
            felt.see(&numbered(u128::from(aseq), event));
        }
        assert_eq!((felt.records().count(), felt.places.len()), (FELT_MAX, FELT_MAX));
        assert_eq!(felt.said.len(), FELT_MAX);
        assert!(!felt.places.contains_key(&second.id), "the oldest");
    }
}
