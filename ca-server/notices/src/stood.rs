//! Which mail address somebody had when something happened, and who was in charge of a system then:
//! what tells of it goes there, however late it leaves, so that nobody who changes an address, a
//! contact or a leader keeps from whose it was what they ask for.

use crate::notice::Notice;
use authority::Authority;
use records::commitment::Commitment;
use records::json;
use records::order::{Body, Order, PersonAction, PersonBefore, SystemBefore};
use std::collections::HashMap;

/// Whose address other entries of a step changed, and what it was before; the same of systems.
/// Entries are gone through from the last to the first: what stood at one is what the next change
/// took away.
#[derive(Default)]
pub(crate) struct ChangedLater {
    addresses: HashMap<String, Option<Commitment>>,
    systems: HashMap<String, SystemBefore>,
}

impl ChangedLater {
    /// Notes that an order was carried out; one about somebody's record, or a system, says what it
    /// replaced.
    pub(crate) fn note(&mut self, order: &Order, body: &Body) {
        let before = order.basis.before.as_ref();
        match body {
            // Who leaves keeps the address that they have, whatever it was when that was ordered.
            Body::Person(person) if person.action == PersonAction::Leave => {}
            Body::Person(person) => {
                let before = before.filter(|_| person.action != PersonAction::Create);
                let before = before.and_then(|held| json::from_value::<PersonBefore>(held).ok());
                let mail = before.and_then(|before| before.mail);
                self.addresses.insert(person.person.clone(), mail);
            }
            Body::System(system) => {
                let was = before.and_then(|held| json::from_value::<SystemBefore>(held).ok());
                self.systems.extend(was.map(|was| (system.system.clone(), was)));
            }
            _ => {}
        }
    }

    /// Keeps in a notice which address its person had there, or the technical contact of its
    /// system; `authority` is the one behind the step.
    pub(crate) fn keep_in(&self, notice: &mut Notice, authority: &Authority) {
        let contact = notice.facts.system.as_deref().filter(|_| notice.facts.contact);
        let stood = match contact {
            Some(id) => match self.systems.get(id) {
                Some(was) => was.contact.clone(),
                None => authority.system(id).and_then(|system| system.contact.clone()),
            },
            None => {
                let held = || authority.person(&notice.person)?.mail.clone();
                self.addresses.get(&notice.person).cloned().unwrap_or_else(held)
            }
        };
        notice.facts.stood = stood;
    }

    /// The same notice for who was in charge of its system there, if that is somebody else by now.
    pub(crate) fn for_former_leader(&self, notice: &Notice) -> Option<Notice> {
        let id = notice.facts.system.as_deref().filter(|_| !notice.facts.contact)?;
        let leader = &self.systems.get(id)?.leader;
        (*leader != notice.person).then(|| notice.to(leader))
    }
}

/// Whether the address of a notice may be another one than authority holds by now of its person.
pub(crate) fn is_former(notice: &Notice, authority: &Authority) -> bool {
    let held = authority.person(&notice.person).and_then(|person| person.mail.as_ref());
    let stood = notice.facts.stood.as_ref().filter(|_| !notice.facts.contact);
    stood.is_some_and(|stood| held != Some(stood))
}
