//! What gates were told and are to be told: which of them are due, by which lane, and what is
//! handed over together. Values; nothing here waits or asks.

use crate::command::{NewSnapshot, Snapshots};
use crate::context::IssuanceContext;
use crate::decide::snapshot;
use crate::error::IssuerError;
use crate::state::State;
use authority::Authority;
use ca_host::proven_time::Dates;
use records::people::{SNAPSHOT_SECONDS, SignedPeople};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// Most snapshots that are handed over together: brakes that come beside them wait for no more.
const SNAPSHOTS_MAX: usize = 64;
/// No further one is added to so many bytes.
const SNAPSHOTS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What an agent's newest snapshot said, as this process made it.
#[derive(Clone)]
struct SentSnapshot {
    said: Vec<u8>,
    this_update: u64,
    next_update: u64,
    /// The change up to which it was looked at.
    change: u64,
}

/// What a gate is told, with the change up to which it says everything.
pub(super) struct PreparedSnapshot {
    new: Arc<NewSnapshot>,
    change: u64,
}

/// A gate that is to be told, what it was told, and under which number it hears the next.
pub(super) struct GateUpdate {
    agent: String,
    number: u64,
    known: Option<SentSnapshot>,
    /// What was made for it and not kept.
    unkept: Option<Arc<PreparedSnapshot>>,
}

/// Gates that are looked at.
#[derive(Default)]
pub(super) struct Due {
    /// Those from which a brake took something away since they were told last.
    pub(super) taken_from: Vec<String>,
    pub(super) others: Vec<String>,
}

/// What gates were told, and what has its number and was not kept.
#[derive(Default)]
pub(super) struct Gates {
    told: HashMap<String, SentSnapshot>,
    unkept: HashMap<String, Arc<PreparedSnapshot>>,
    /// What takes something away and no file has yet.
    unhanded: HashMap<String, Arc<PreparedSnapshot>>,
}

impl Gates {
    /// Whether this process told one of them something.
    pub(super) fn knows(&self, agent: &str) -> bool {
        self.told.contains_key(agent)
    }

    /// Whom there is something to tell; `given` knows the last number of each.
    pub(super) fn due(&self, state: &State, dates: Dates, given: impl Fn(&str) -> u64) -> Due {
        let mut due = Due::default();
        for (agent, _) in state.authority().agents() {
            let told = self.told.get(agent);
            let is_open = state.authority().serves(agent);
            if !is_due(told, (is_open, state.people_change, dates)) {
                continue;
            }
            match is_taken_from(told, given(agent), state.people_taken) {
                true => due.taken_from.push(agent.to_owned()),
                false => due.others.push(agent.to_owned()),
            }
        }
        due
    }

    /// What one of them wants: what was made for it and not kept, the same bytes under the same
    /// number, before anything else is made. Whatever fails costs one number, however often it is
    /// tried; and if it was kept after all, nothing else ever bears its number.
    pub(super) fn wanted(&self, agent: String, number: u64) -> GateUpdate {
        let known = self.told.get(&agent).cloned();
        let unkept = self.unkept.get(&agent).cloned();
        GateUpdate { agent, number, known, unkept }
    }

    /// Takes notice of gates to which there is nothing new to say.
    pub(super) fn look_at(&mut self, portion: &Portion) {
        for (agent, change) in &portion.same {
            if let Some(told) = self.told.get_mut(agent) {
                told.change = *change;
            }
        }
    }

    /// These have their numbers.
    pub(super) fn give(&mut self, portion: &Portion) {
        let given = portion.made.iter().map(|made| (made.agent().to_owned(), made.clone()));
        self.unkept.extend(given);
    }

    /// Notes that the snapshots of this part were kept, so that none of them is made again.
    pub(super) fn keep(&mut self, part: &[Arc<PreparedSnapshot>]) {
        for made in part {
            self.unkept.remove(made.agent());
            self.told.insert(made.agent().to_owned(), made.told());
        }
    }

    /// Whether there is something that no file has yet.
    pub(super) fn has_unhanded(&self) -> bool {
        !self.unhanded.is_empty()
    }

    /// What is to be handed over past the rows: this part, and what a disk did not take before, of
    /// each gate the newest.
    pub(super) fn unhanded_with(
        &mut self,
        part: Vec<Arc<PreparedSnapshot>>,
    ) -> Vec<Arc<PreparedSnapshot>> {
        let part = part.into_iter().map(|made| (made.agent().to_owned(), made));
        self.unhanded.extend(part);
        self.unhanded.values().cloned().collect()
    }

    /// All that was to be handed over was, but for these.
    pub(super) fn keep_unhanded(&mut self, unhanded: Vec<Arc<PreparedSnapshot>>) {
        let unhanded = unhanded.into_iter().map(|made| (made.agent().to_owned(), made));
        self.unhanded = unhanded.collect();
    }

    /// These are tried no more. Whether one was kept nobody knows, so their gates are told anew,
    /// also what they were told before.
    pub(super) fn forget(&mut self, part: &[Arc<PreparedSnapshot>]) {
        for made in part {
            self.unkept.remove(made.agent());
            self.told.remove(made.agent());
        }
    }
}

/// Whether a gate is looked at: something changed since, it was told nothing yet, or half of a
/// snapshot's life is over. One that is closed is told so once and never again.
fn is_due(told: Option<&SentSnapshot>, (is_open, change, dates): (bool, u64, Dates)) -> bool {
    told.is_none_or(|told| told.change < change || (is_open && is_old(told, dates)))
}

/// Whether a brake was carried out since a gate was told last. What a former process told, or what
/// made way, is not known: then every gate that was ever told something counts as one.
fn is_taken_from(told: Option<&SentSnapshot>, given: u64, taken: u64) -> bool {
    told.map_or(given > 0, |told| told.change < taken)
}

/// Also one whose time has not come, since a clock was wrong for a moment, is made anew.
fn is_old(told: &SentSnapshot, dates: Dates) -> bool {
    dates.are_behind(told.this_update)
        || told.next_update.saturating_sub(dates.this) <= SNAPSHOT_SECONDS / 2
}

impl PreparedSnapshot {
    fn agent(&self) -> &str {
        &self.new.snapshot.agent
    }

    /// Whom it tells, and what the registry key signed.
    pub(super) fn signed(&self) -> (&str, &SignedPeople) {
        (self.agent(), &self.new.signed)
    }

    /// What its gate was told once it is kept.
    fn told(&self) -> SentSnapshot {
        let NewSnapshot { snapshot, said, .. } = &*self.new;
        SentSnapshot {
            said: said.clone(),
            this_update: snapshot.this_update_unix(),
            next_update: snapshot.next_update_unix(),
            change: self.change,
        }
    }
}

/// What is handed over together.
#[derive(Default)]
pub(super) struct Portion {
    pub(super) made: Vec<Arc<PreparedSnapshot>>,
    /// To whom there is nothing new to say, with the change up to which they were looked at.
    same: Vec<(String, u64)>,
    /// Why one of them could not be made.
    pub(super) failed: Option<IssuerError>,
    bytes: usize,
}

impl Portion {
    /// Makes what the first of these gates are told, as long as there is room.
    pub(super) fn make(
        (state, context): (&State, &IssuanceContext),
        wanted: &mut VecDeque<GateUpdate>,
        dates: Dates,
    ) -> Self {
        let mut portion = Self::default();
        while portion.has_room()
            && let Some(one) = wanted.pop_front()
        {
            let change = state.people_change;
            let made = match &one.unkept {
                Some(made) => Ok(Some(made.clone())),
                None => next((state.authority(), context), &one, dates).map(|new| {
                    new.map(|new| Arc::new(PreparedSnapshot { new: Arc::new(new), change }))
                }),
            };
            match made {
                Ok(Some(made)) => portion.add(made),
                Ok(None) => portion.same.push((one.agent, change)),
                Err(error) => portion.failed = Some(error),
            }
        }
        portion
    }

    fn has_room(&self) -> bool {
        self.made.len() < SNAPSHOTS_MAX && self.bytes < SNAPSHOTS_BYTES_MAX
    }

    fn add(&mut self, made: Arc<PreparedSnapshot>) {
        self.bytes += made.new.signed.snapshot.0.len();
        self.made.push(made);
    }

    /// The numbers under which they leave.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (&str, u64)> {
        self.made.iter().map(|made| (made.agent(), made.new.snapshot.number))
    }
}

/// Makes what one gate is told, unless what it was told says the same.
fn next(
    (authority, context): (&Authority, &IssuanceContext),
    wanted: &GateUpdate,
    dates: Dates,
) -> Result<Option<NewSnapshot>, IssuerError> {
    let snapshot = authority.snapshot(&wanted.agent, wanted.number, dates.this);
    let Some(mut snapshot) = snapshot else { return Ok(None) };
    let known = wanted.known.as_ref();
    let before = known.map(|known| (known.this_update, known.next_update));
    snapshot.next_update = records::time::seconds(dates.until(SNAPSHOT_SECONDS, before));
    let said = snapshot::said(&snapshot)?;
    let is_open = authority.serves(&wanted.agent);
    if known.is_some_and(|known| known.said == said && !(is_open && is_old(known, dates))) {
        return Ok(None);
    }
    let signed = SignedPeople::sign(&snapshot, &context.registry).map_err(anyhow::Error::from)?;
    Ok(Some(NewSnapshot { snapshot, signed, said }))
}

/// What one command hands over.
pub(super) fn together(part: &[Arc<PreparedSnapshot>], take_away: bool) -> Snapshots {
    Snapshots { new: part.iter().map(|made| made.new.clone()).collect(), take_away }
}
