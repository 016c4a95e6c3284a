//! Departures: whoever leaves loses every certificate. That follows from the departure, for as long
//! as one of them counts, and not from a record that came with it once.

use crate::authority::Authority;
use crate::id::PersonId;
use crate::state::Person;

impl Authority {
    /// Who left, and has a certificate that is not revoked, pending records counted.
    pub fn leaving(&self) -> impl Iterator<Item = &PersonId> {
        let counts = |person: &Person| person.serials.iter().any(|one| !self.is_ended_entry(one));
        self.leaving.iter().filter(move |id| self.people.get(*id).is_some_and(|one| counts(one)))
    }

    /// Keeps count of a person of whom something changed.
    pub(crate) fn note_leaving(&mut self, id: &PersonId) {
        match self.people.get(id).is_some_and(|person| self.is_leaving(person)) {
            true => self.leaving.insert(*id),
            false => self.leaving.remove(id),
        };
    }

    /// Keeps count of all of them.
    pub(crate) fn index_leaving(&mut self) {
        let leaving = self.people.iter().filter(|(_, person)| self.is_leaving(person));
        self.leaving = leaving.map(|(id, _)| *id).collect();
    }

    fn is_leaving(&self, person: &Person) -> bool {
        person.left && person.serials.iter().any(|serial| !self.revoked.contains_key(serial))
    }
}
