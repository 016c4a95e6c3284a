//! Systems: what the log lets a web site, a business system or a device have certified by itself,
//! how much of it, and when that is over.

use crate::authority::Authority;
use crate::id::Serial;
use crate::state::SystemState;
use pki::name::Text;
use pki::profile::Holder;
use records::bytes::Bytes;
use records::code::Code;
use records::order::{SystemBody, is_id};
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

/// Certificates of a system that one record revokes.
const ENDED_MAX: usize = 1_000;
const DAY_SECONDS: u64 = 86_400;
/// The epoch was a Thursday.
const MONDAY_SECONDS: u64 = 3 * DAY_SECONDS;

/// The week of a time, unix.
pub(crate) fn week_of(now: u64) -> u64 {
    (now + MONDAY_SECONDS) / (7 * DAY_SECONDS)
}

impl Authority {
    /// Every system.
    pub fn systems(&self) -> impl Iterator<Item = (&str, &SystemState)> {
        self.systems.iter().map(|(id, system)| (&**id, &**system))
    }

    /// Everybody who is in charge of a system that is not closed.
    pub fn leaders(&self) -> BTreeSet<&str> {
        let open = self.systems().filter(|(_, system)| system.open);
        open.map(|(_, system)| system.leader.as_str()).collect()
    }

    /// Systems in the order of their ids, behind one of them or from the first on.
    pub fn systems_behind(&self, after: &str) -> impl Iterator<Item = (&str, &SystemState)> {
        let behind: (Bound<&str>, Bound<&str>) = (Bound::Excluded(after), Bound::Unbounded);
        self.systems.range::<_, str>(behind).map(|(id, system)| (&**id, &**system))
    }

    /// A system.
    pub fn system(&self, id: &str) -> Option<&SystemState> {
        self.systems.get(id).map(|system| &**system)
    }

    /// A system that may be used at `now` (unix), pending orders counted.
    pub fn check_system(&self, id: &str, now: u64) -> Result<&SystemState, Code> {
        let system = self.system(id).filter(|system| !self.is_over(id, system));
        system.filter(|system| now <= system.until).ok_or(Code::SystemClosed)
    }

    /// Whether a system or its unit was closed, pending orders counted.
    fn is_over(&self, id: &str, system: &SystemState) -> bool {
        let unit = self.unit(&system.unit).is_some_and(|unit| unit.open);
        let is_pending =
            self.pending.systems.contains(id) || self.pending.units.contains(system.unit.as_str());
        !system.open || !unit || is_pending
    }

    pub(crate) fn system_fits(&self, body: &SystemBody) -> Result<(), Code> {
        let known = self.system(&body.system);
        match body.action.as_str() {
            "close" if known.is_some_and(|system| system.open) => return Ok(()),
            "close" => return Err(Code::StateConflict),
            "register" => {}
            _ => return Err(Code::Malformed),
        }
        let counts = body.per_week > 0 && body.live > 0 && body.accounts > 0;
        let sound = is_id(&body.system)
            && Text::read(&body.name).is_ok()
            && body.has_sound_names()
            && body.operator.is_some()
            && body.contact.is_some()
            && body.token_sha256.digest().is_some()
            && records::time::read(&body.until).is_some();
        if !sound || !counts {
            return Err(Code::Malformed);
        }
        let unit = self.unit(&body.unit).is_some_and(|unit| unit.open);
        if !unit || self.pending.units.contains(body.unit.as_str()) {
            return Err(Code::UnitUnknown);
        }
        self.person(&body.leader).ok_or(Code::PersonUnknown)?;
        if self.has_left(&body.leader) {
            return Err(Code::PersonLeft);
        }
        let profile = &self.profile_of(&body.profile)?.profile;
        if profile.holder() != Holder::System {
            return Err(Code::UnknownProfile);
        }
        if body.wildcards && !profile.wildcards() {
            return Err(Code::SystemNames);
        }
        // What ended goes first: nothing that was to be revoked counts again under a new order.
        match known {
            Some(system) if self.is_over(&body.system, system) && self.lives(&body.system) => {
                Err(Code::StateConflict)
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn enact_system(&mut self, body: &SystemBody, order: &Bytes) -> Result<(), Code> {
        if body.action == "close" {
            if let Some(system) = self.systems.get_mut(body.system.as_str()) {
                Arc::make_mut(system).open = false;
            }
            return Ok(());
        }
        let before = self.system(&body.system);
        // Who registers it anew begins no new week.
        let (week, used, by_word) =
            before.map_or((0, 0, 0), |before| (before.week, before.used, before.by_word));
        let system = SystemState {
            name: body.name.clone(),
            unit: body.unit.clone(),
            leader: body.leader.clone(),
            operator: body.operator.clone(),
            contact: body.contact.clone(),
            names: body.names.clone(),
            wildcards: body.wildcards,
            addresses: body.addresses.clone(),
            profile: body.profile.clone(),
            per_week: body.per_week,
            live: body.live,
            accounts: body.accounts,
            challenges: body.challenges,
            until: records::time::read(&body.until).ok_or(Code::Malformed)?,
            order: order.clone(),
            token_sha256: body.token_sha256.clone(),
            open: true,
            opened: 0,
            week,
            used,
            by_word,
            challenged: None,
            enrolled: None,
        };
        let id: Arc<str> = body.system.as_str().into();
        self.account_counts.remove(&id);
        self.systems.insert(id, Arc::new(system));
        Ok(())
    }

    /// Systems that are over and have certificates that count, pending records counted.
    pub fn ending_systems(&self) -> impl Iterator<Item = &str> {
        let counts = self.living_counts.iter().filter(|(_, count)| **count > 0);
        let over = counts.filter_map(|(id, _)| {
            let system = self.system(id).filter(|system| self.is_over(id, system));
            system.map(|_| &**id)
        });
        over.filter(|id| self.living_of(id).next().is_some())
    }

    /// What of an ended system is revoked next; it has to be over.
    pub(crate) fn ended_of(&self, id: &str) -> Result<Vec<Serial>, Code> {
        let system = self.system(id).ok_or(Code::UnsignedAuthority)?;
        if !self.is_over(id, system) {
            return Err(Code::UnsignedAuthority);
        }
        Ok(self.living_of(id).take(ENDED_MAX).collect())
    }

    /// Certificates of a system that are not revoked, pending records counted, as far as they were
    /// not seen to have ended.
    fn living_of(&self, id: &str) -> impl Iterator<Item = Serial> {
        let id: Arc<str> = id.into();
        let all = self.living.range((id.clone(), 0u64, Serial::FIRST)..);
        let own = all.take_while(move |(system, ..)| *system == id);
        own.map(|(_, _, serial)| *serial).filter(|serial| !self.is_ended_entry(serial))
    }

    /// How many certificates of a system are revoked if it ends now.
    pub(crate) fn revoked_with(&self, id: &str) -> u32 {
        let id: Arc<str> = id.into();
        let from = (id.clone(), self.signed_time, Serial::FIRST);
        let all = self.living.range(from..).take_while(|(system, ..)| *system == id);
        let counts = all.filter(|(_, _, serial)| !self.is_ended_entry(serial)).count();
        u32::try_from(counts).unwrap_or(u32::MAX)
    }

    /// Certificates of a system that are not revoked, with about when they end (unix), those that
    /// end first before the others, behind one of them if it is named; pending records counted.
    pub fn living_behind(
        &self,
        id: &str,
        after: Option<(u64, Serial)>,
    ) -> impl Iterator<Item = (u64, Serial)> {
        let id: Arc<str> = id.into();
        let (ends, serial) = after.unwrap_or((0, Serial::FIRST));
        let behind = Bound::Excluded((id.clone(), ends, serial));
        let all = self.living.range((behind, Bound::<(Arc<str>, u64, Serial)>::Unbounded));
        let own = all.take_while(move |(system, ..)| *system == id);
        own.map(|(_, ends, serial)| (*ends, *serial))
            .filter(|(_, serial)| !self.is_ended_entry(serial))
    }

    /// How many certificates a system got in the week of `now` (unix), pending uses counted.
    pub fn used_in_week(&self, id: &str, now: u64) -> u32 {
        let Some(system) = self.system(id) else { return 0 };
        let pending = self.pending.system_uses.get(id).copied().unwrap_or_default();
        let used = if week_of(now) > system.week { 0 } else { system.used };
        used.saturating_add(pending)
    }

    fn lives(&self, id: &str) -> bool {
        self.living_of(id).next().is_some()
    }

    /// How many certificates of a system count at `now` (unix), pending uses counted.
    pub fn living_count(&self, id: &str, now: u64) -> u32 {
        let known = self.living_counts.get(id).copied().unwrap_or_default();
        let ended = self.ended_before(id, now).count();
        let pending = self.pending.system_uses.get(id).copied().unwrap_or_default();
        known.saturating_sub(u32::try_from(ended).unwrap_or(u32::MAX)).saturating_add(pending)
    }

    /// How many accounts of a system are open, pending ones not counted.
    pub fn account_count(&self, id: &str) -> u32 {
        self.account_counts.get(id).copied().unwrap_or_default()
    }

    /// Those that ended and were not forgotten.
    fn ended_before(&self, id: &str, now: u64) -> impl Iterator<Item = (Arc<str>, u64, Serial)> {
        let id: Arc<str> = id.into();
        self.living.range((id.clone(), 0u64, Serial::FIRST)..(id, now, Serial::FIRST)).cloned()
    }

    /// A certificate of a system begins to count; those that ended are forgotten.
    pub(crate) fn begins_living(&mut self, id: &Arc<str>, (ends, serial): (u64, Serial), now: u64) {
        let ended: Vec<_> = self.ended_before(id, now).collect();
        for one in &ended {
            self.living.remove(one);
        }
        self.living.insert((id.clone(), ends, serial));
        let count = self.living_counts.entry(id.clone()).or_insert(0);
        let ended = u32::try_from(ended.len()).unwrap_or(u32::MAX);
        *count = count.saturating_sub(ended).saturating_add(1);
    }

    /// A revoked certificate counts no more.
    pub(crate) fn no_longer_living(&mut self, serial: Serial) {
        let Some(own) = self.system_certificates.get(&serial) else { return };
        let place = (own.system.clone(), own.ends, serial);
        if self.living.remove(&place).is_some()
            && let Some(count) = self.living_counts.get_mut(&*place.0)
        {
            *count = count.saturating_sub(1);
        }
    }

    /// What follows from the tables.
    pub(crate) fn index_systems(&mut self) {
        let counts =
            self.system_certificates.iter().filter(|(one, _)| !self.revoked.contains_key(*one));
        self.living = counts.map(|(one, of)| (of.system.clone(), of.ends, *one)).collect();
        for (system, ..) in self.living.clone() {
            *self.living_counts.entry(system).or_insert(0) += 1;
        }
        let keys = self.accounts.iter();
        let keys = keys.flat_map(|(id, of)| of.thumbprints.iter().map(move |key| (*key, *id)));
        self.account_keys = keys.collect();
        let open: Vec<Arc<str>> = self
            .accounts
            .values()
            .filter(|account| account.open && self.is_under(account))
            .map(|account| account.system.clone())
            .collect();
        for system in open {
            *self.account_counts.entry(system).or_insert(0) += 1;
        }
    }
}
