//! How a suspension ends: an order of others releases it, or nobody does in its time and it becomes
//! a revocation.

use crate::authority::Authority;
use crate::id::{Serial, Sha256Value, digest_of};
use crate::state::{OpenOrder, OrderEnd, Revoked, SuspendedCertificate};
use records::bytes::Bytes;
use records::code::Code;
use records::json;
use records::label::Label;
use records::order::{Body, ReleaseBody};
use records::suspension::{LapseStatement, SUSPENSION_SECONDS};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Authority {
    /// When an order in the tree released this certificate last, unix: of what suspended it since
    /// then, that order says nothing.
    pub fn released_at(&self, serial: &str) -> Option<u64> {
        self.released.get(&Serial::read(serial)?).copied()
    }

    /// Whether an order waits that names the suspension of this name, one that is only recorded
    /// counted: whoever suspends again meanwhile says something new.
    pub fn is_being_released(&self, name: &Sha256Value) -> bool {
        let names = |open: &Arc<OpenOrder>| match &*open.body {
            Body::Release(body) => body.suspension.0 == name,
            _ => false,
        };
        self.orders.values().chain(self.pending.open.values()).any(names)
    }

    /// Suspensions that nobody released in their time. One whose release was carried out and waits
    /// for the tree is none of them: what a list has as revoked is taken back by no release.
    pub fn lapsed_suspensions(&self, now: u64) -> BTreeSet<Sha256Value> {
        let late = |(_, suspended): &(&Serial, &SuspendedCertificate)| {
            now >= suspended.revoked.at.saturating_add(SUSPENSION_SECONDS)
        };
        let lapsed = self.all_suspended().filter(late).map(|(_, suspended)| suspended.name);
        let mut lapsed: BTreeSet<Sha256Value> = lapsed.collect();
        if !lapsed.is_empty() {
            for name in self.released_before_the_tree() {
                lapsed.remove(&name);
            }
        }
        lapsed
    }

    /// Names of suspensions whose releases were carried out and wait for the tree.
    fn released_before_the_tree(&self) -> impl Iterator<Item = Sha256Value> {
        let ended = self.pending.ended.iter();
        let carried = ended.filter(|(_, end)| **end == OrderEnd::Consumed);
        let open = carried.filter_map(|(digest, _)| self.entry(*digest));
        open.filter_map(|open| match &*open.body {
            Body::Release(body) => body.suspension.digest(),
            _ => None,
        })
    }

    /// What lapses by a statement of the registry key: since when it counts is when it was
    /// suspended, and why is why it was.
    pub(crate) fn lapse(
        &self,
        statement: &Bytes,
        signature: &Bytes,
    ) -> Result<Vec<(Serial, Revoked)>, Code> {
        let registry = &self.fixed.registry;
        if !self.signatures.verify(Label::Lapse, registry, &statement.0, &signature.0) {
            return Err(Code::UnsignedAuthority);
        }
        let read: LapseStatement = json::read(&statement.0).map_err(|_| Code::Malformed)?;
        let (name, at) = (digest_of(&read.suspension)?, records::time::read(&read.time));
        let at = at.filter(|_| read.v == 1).ok_or(Code::Malformed)?;
        let late = |(_, suspended): &(&Serial, &SuspendedCertificate)| {
            let until = suspended.revoked.at.saturating_add(SUSPENSION_SECONDS);
            suspended.name == name && at >= until
        };
        let lapsed = self.all_suspended().filter(late).map(|(serial, suspended)| {
            let reason = suspended.reason.clone();
            (*serial, Revoked { reason, ..suspended.revoked.clone() })
        });
        let lapsed: Vec<_> = lapsed.collect();
        if lapsed.is_empty() { Err(Code::UnsignedAuthority) } else { Ok(lapsed) }
    }

    /// An order releases the very suspension that it names.
    pub(crate) fn release_fits(&self, body: &ReleaseBody) -> Result<(), Code> {
        let serial = Serial::read(&body.serial).ok_or(Code::StateConflict)?;
        let own = self.held.get(&serial).is_some_and(|held| *held.person.as_str() == body.person);
        let suspended = self.suspended_entry(&serial).filter(|_| own).ok_or(Code::StateConflict)?;
        let same = body.suspension.0 == suspended.name
            && body.by == suspended.by.as_str()
            && body.reason == suspended.reason
            && body.since == records::time::seconds(suspended.revoked.at);
        if same { Ok(()) } else { Err(Code::StateConflict) }
    }

    /// Ends the suspension that an order names; the certificate is released with the last, at `now`
    /// or when that says that it began, if this is later.
    pub(crate) fn enact_release(&mut self, body: &ReleaseBody, now: u64) -> Result<(), Code> {
        let serial = Serial::read(&body.serial).ok_or(Code::Malformed)?;
        let standing = self.suspended.get_mut(&serial).ok_or(Code::StateConflict)?;
        let name = digest_of(&body.suspension)?;
        let at = standing.iter().map(|one| one.revoked.at).fold(now, u64::max);
        Arc::make_mut(standing).retain(|one| one.name != name);
        if standing.is_empty() {
            self.suspended.remove(&serial);
            self.released.insert(serial, at);
        }
        Ok(())
    }
}
