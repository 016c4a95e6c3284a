//! How near each call is to a brake. Listeners, clients and turns keep places for what is near, and
//! all of them read it here.

use crate::{handler, machines, organisation, staff, status, systems};

/// How near a call is to a brake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It is one, or may be: an approval and a batch may be of brakes, a draft may be a leave.
    Brake,
    /// Whoever sets one asks this before: who somebody is, what waits, what is to be taken away.
    LeadsToBrake,
    /// It leads to none.
    Other,
}

/// What is near; everything else leads to no brake.
const NEAR: [(&str, Reach); 29] = [
    (staff::APPROVE, Reach::Brake),
    (staff::BATCH, Reach::Brake),
    (staff::REVOKE, Reach::Brake),
    (staff::WISH, Reach::Brake),
    (staff::SUSPEND, Reach::Brake),
    (handler::DRAFT, Reach::Brake),
    (handler::DRAFT_MANY, Reach::Brake),
    (handler::WITHDRAW, Reach::Brake),
    (machines::REVOKE, Reach::Brake),
    (machines::DEACTIVATE, Reach::Brake),
    (machines::CMP_END, Reach::Brake),
    (status::LOSS, Reach::Brake),
    (status::SUSPEND, Reach::Brake),
    (status::SUSPEND_BY_LETTER, Reach::Brake),
    (staff::WHO, Reach::LeadsToBrake),
    (staff::HOLDER, Reach::LeadsToBrake),
    (staff::PASSKEYS, Reach::LeadsToBrake),
    (staff::LIST, Reach::LeadsToBrake),
    (staff::FETCH, Reach::LeadsToBrake),
    (staff::FIND, Reach::LeadsToBrake),
    (staff::CERTIFICATE, Reach::LeadsToBrake),
    (handler::PEOPLE, Reach::LeadsToBrake),
    (handler::PERSON, Reach::LeadsToBrake),
    (handler::RECORDS, Reach::LeadsToBrake),
    (handler::PREVIEW, Reach::LeadsToBrake),
    (organisation::DOSSIER, Reach::LeadsToBrake),
    (organisation::CONSEQUENCES, Reach::LeadsToBrake),
    (systems::SYSTEMS, Reach::LeadsToBrake),
    (systems::SYSTEM, Reach::LeadsToBrake),
];

/// How near a call is.
pub fn reach(path: &str) -> Reach {
    NEAR.iter().find(|(near, _)| *near == path).map_or(Reach::Other, |(_, reach)| *reach)
}

/// Whether a call is a brake or leads to one: it finds a place when all others are taken.
pub fn is_near_brake(path: &str) -> bool {
    reach(path) != Reach::Other
}
