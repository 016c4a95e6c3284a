//! Which mail address somebody had when something happened: what tells of it goes there, however
//! late it leaves, so that nobody who changes an address keeps from its owner what they ask for.

use crate::notice::Notice;
use authority::Authority;
use records::commitment::Commitment;
use records::json;
use records::order::{Body, Order, PersonAction, PersonBefore};
use std::collections::HashMap;

/// Whose address other entries of a step changed, and what it was before. Entries are gone through
/// from the last to the first: what stood at one is what the next change took away.
#[derive(Default)]
pub(crate) struct ChangedLater(HashMap<String, Option<Commitment>>);

impl ChangedLater {
    /// Notes that an order was carried out; one about somebody's record says what it replaced.
    pub(crate) fn note(&mut self, order: &Order, body: &Body) {
        let Body::Person(person) = body else { return };
        let before = order.basis.before.as_ref().filter(|_| person.action != PersonAction::Create);
        let before = before.and_then(|before| json::from_value::<PersonBefore>(before).ok());
        self.0.insert(person.person.clone(), before.and_then(|before| before.mail));
    }

    /// Keeps in a notice which address its person had there; `authority` is the one behind the
    /// step. A technical contact is no person.
    pub(crate) fn keep_in(&self, notice: &mut Notice, authority: &Authority) {
        if notice.facts.contact {
            return;
        }
        let held = || authority.person(&notice.person)?.mail.clone();
        notice.facts.stood = self.0.get(&notice.person).cloned().unwrap_or_else(held);
    }
}

/// Whether the address of a notice may be another one than authority holds by now.
pub(crate) fn is_former(notice: &Notice, authority: &Authority) -> bool {
    let held = authority.person(&notice.person).and_then(|person| person.mail.as_ref());
    notice.facts.stood.as_ref().is_some_and(|stood| held != Some(stood))
}
