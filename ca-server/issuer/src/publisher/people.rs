//! People snapshots: made beside the lists, one gate after the other, and handed to the writer each
//! by itself. They are no brakes: what takes a right away at a gate is the list.

use super::{apart, done, pause};
use crate::command::{Command, NewSnapshot};
use crate::decide::snapshot;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::view::View;
use ca_host::proven_time::Dates;
use ca_store::table::snapshot::{self as rows, Numbered};
use pki::PublicKey;
use records::people::{SNAPSHOT_SECONDS, SignedPeople};
use service::Stop;
use std::collections::HashMap;
use std::sync::Arc;

/// Rows of an agent that are looked at together.
const LOOKED: i64 = 64;

/// What an agent's newest snapshot said, as this process made it.
struct Told {
    said: Vec<u8>,
    this_update: u64,
    next_update: u64,
    /// The change up to which it was looked at.
    change: u64,
}

/// Tells gates about their people until the stop.
pub(crate) async fn run(issuer: Arc<Issuer>, stop: Stop) {
    let mut moved = issuer.moved();
    let mut told: HashMap<String, Told> = HashMap::new();
    let mut unkept = Unkept(HashMap::new());
    loop {
        let telling = tell(&issuer, &mut told, &mut unkept);
        let fine = tokio::select! {
            () = stop.wait() => return,
            result = telling => done(&issuer, "people", result),
        };
        tokio::select! {
            () = stop.wait() => return,
            () = pause(&mut moved, fine) => {}
        }
    }
}

/// Makes the snapshots that are due. One that fails holds no other gate up.
async fn tell(
    issuer: &Issuer,
    told: &mut HashMap<String, Told>,
    unkept: &mut Unkept<Made>,
) -> Result<(), IssuerError> {
    let Some(view) = issuer.view_now() else { return Ok(()) };
    let (change, dates) = (view.state().people_change, issuer.dates());
    let due = |agent: &&str| {
        let is_open = view.authority().serves(agent);
        is_due(told.get(*agent), (is_open, change, dates))
    };
    let due = view.authority().agents().map(|(agent, _)| agent).filter(due);
    let due: Vec<String> = due.map(str::to_owned).collect();
    if due.is_empty() {
        return Ok(());
    }
    let mut all = Ok(());
    for agent in due {
        let known = told.remove(&agent);
        let make = async || made(issuer, &view, &agent, known.as_ref()).await;
        let keep = async |made: Arc<Made>| {
            issuer.ask(|reply| Command::People(made.new.clone(), reply)).await.map(drop)
        };
        match unkept.kept(&agent, make, keep).await {
            Ok(Some(made)) => {
                let (said, change) = (made.new.said.clone(), made.change);
                let (this_update, next_update) =
                    (made.new.snapshot.this_update_unix(), made.new.snapshot.next_update_unix());
                told.insert(agent, Told { said, this_update, next_update, change });
            }
            Ok(None) => {
                told.extend(known.map(|known| (agent, Told { change, ..known })));
            }
            Err(error) => {
                told.extend(known.map(|known| (agent, known)));
                all = Err(error);
            }
        }
    }
    all
}

/// Whether a gate is looked at: something changed since, it was told nothing yet, or half of a
/// snapshot's life is over. One that is closed is told so once and never again.
fn is_due(told: Option<&Told>, (is_open, change, dates): (bool, u64, Dates)) -> bool {
    told.is_none_or(|told| told.change < change || (is_open && is_old(told, dates)))
}

/// Also one whose time has not come, since a clock was wrong for a moment, is made anew.
fn is_old(told: &Told, dates: Dates) -> bool {
    dates.are_behind(told.this_update)
        || told.next_update.saturating_sub(dates.this) <= SNAPSHOT_SECONDS / 2
}

/// What a gate is told, with the change up to which it says everything.
struct Made {
    new: Arc<NewSnapshot>,
    change: u64,
}

/// What has its number and was not kept, by agent.
struct Unkept<T>(HashMap<String, Arc<T>>);

impl<T> Unkept<T> {
    /// What an agent is told: what was made for it and not kept, the same bytes under the same
    /// number, before anything else is made. Whatever fails costs one number, however often it is
    /// tried; and if it was kept after all, nothing else ever bears its number.
    async fn kept(
        &mut self,
        agent: &str,
        make: impl AsyncFnOnce() -> Result<Option<T>, IssuerError>,
        keep: impl AsyncFnOnce(Arc<T>) -> Result<(), IssuerError>,
    ) -> Result<Option<Arc<T>>, IssuerError> {
        let one = match self.0.get(agent) {
            Some(one) => one.clone(),
            None => {
                let Some(one) = make().await? else { return Ok(None) };
                self.0.entry(agent.to_owned()).or_insert(Arc::new(one)).clone()
            }
        };
        keep(one.clone()).await?;
        self.0.remove(agent);
        Ok(Some(one))
    }
}

/// Makes what one gate is told, unless what it was told says the same, and gives it a number.
async fn made(
    issuer: &Issuer,
    view: &Arc<View>,
    agent: &str,
    known: Option<&Told>,
) -> Result<Option<Made>, IssuerError> {
    // It follows the last one that this issuer gave, and no row that it did not sign.
    let kept = issuer.numbers().last(agent);
    let last = if known.is_some() { kept } else { last(issuer, agent, kept).await? };
    let number = last + 1;
    let (change, dates) = (view.state().people_change, issuer.dates());
    let is_open = view.authority().serves(agent);
    let before = known.map(|known| (known.this_update, known.next_update));
    let known = known.map(|known| (known.said.clone(), is_open && is_old(known, dates)));
    let (with, id) = ((view.clone(), issuer.context.clone()), agent.to_owned());
    let made = apart(move || -> Result<Option<NewSnapshot>, IssuerError> {
        let snapshot = with.0.authority().snapshot(&id, number, dates.this);
        let Some(mut snapshot) = snapshot else { return Ok(None) };
        snapshot.next_update = records::time::seconds(dates.until(SNAPSHOT_SECONDS, before));
        let said = snapshot::said(&snapshot)?;
        if known.is_some_and(|(known, is_old)| known == said && !is_old) {
            return Ok(None);
        }
        let signed = SignedPeople::sign(&snapshot, &with.1.registry);
        let signed = signed.map_err(anyhow::Error::from)?;
        Ok(Some(NewSnapshot { snapshot, signed, said }))
    });
    let Some(new) = made.await?? else { return Ok(None) };
    // Given before it leaves, so that no other says something else under this number.
    issuer.numbers().give([(agent, number)])?;
    Ok(Some(Made { new: Arc::new(new), change }))
}

/// The number of the last snapshot that this issuer signed for an agent, whether or not its own
/// directory, which may be an old one, still has it.
async fn last(issuer: &Issuer, agent: &str, kept: u64) -> Result<u64, IssuerError> {
    let key = issuer.context.registry_certificate.key();
    let (mut tx, mut before) = (issuer.store.read().await?, u64::MAX);
    loop {
        let found = rows::before(&mut tx, agent, before, LOOKED).await?;
        // What a hand put there says nothing, and keeps nothing back that stands before it.
        match (signed(&found, agent, key), found.last()) {
            (Some(number), _) => return Ok(kept.max(number)),
            (None, Some((number, _))) if *number > kept => before = *number,
            (None, _) => return Ok(kept),
        }
    }
}

/// The number of the first of these that the registry key signed for an agent under its own number.
fn signed(found: &[Numbered], agent: &str, key: &PublicKey) -> Option<u64> {
    let own = |(number, signed): &Numbered| {
        let snapshot = signed.open(key)?;
        (snapshot.agent == agent && snapshot.number == *number).then_some(*number)
    };
    found.iter().find_map(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;
    use crate::sample::operate::{SECURITY, agent, gate};
    use records::Code;
    use std::cell::Cell;

    /// A database that refuses a row for however long costs one number, and nothing else is said
    /// under it.
    #[tokio::test]
    async fn what_is_not_kept_is_tried_again_under_its_number() {
        let (mut unkept, given, tries) = (Unkept(HashMap::new()), Cell::new(0), Cell::new(0));
        let make = async || {
            given.set(given.get() + 1);
            Ok(Some(given.get()))
        };
        for _ in 0..100 {
            let told = unkept.kept("gate-1", make, async |number: Arc<u64>| {
                tries.set(tries.get() + 1);
                assert_eq!(*number, 1);
                Err(Code::Unavailable.into())
            });
            assert!(told.await.is_err());
        }
        assert_eq!((given.get(), tries.get()), (1, 100));
        let kept = unkept.kept("gate-2", make, async |_| Ok(())).await.unwrap();
        assert_eq!(kept.as_deref(), Some(&2), "no other gate is held up");
        let kept = unkept.kept("gate-1", make, async |_| Ok(())).await.unwrap();
        assert_eq!(kept.as_deref(), Some(&1));
        let kept = unkept.kept("gate-1", make, async |_| Ok(())).await.unwrap();
        assert_eq!(kept.as_deref(), Some(&3), "kept once");
    }

    /// What a hand put behind the newest snapshot, moved, or took from another gate is no number.
    #[test]
    fn only_what_the_registry_key_signed_has_a_number() {
        let mut sample = Sample::found();
        for id in ["gate-1", "gate-2"] {
            sample.done(agent(gate("register", id)), &SECURITY);
        }
        let key = pki::Signer::public_key(&sample.context.registry);
        let of = |id: &str, number| {
            let snapshot = sample.authority().snapshot(id, number, sample.city.now).unwrap();
            (number, SignedPeople::sign(&snapshot, &sample.context.registry).unwrap())
        };
        let moved = |number| (number, of("gate-1", 3).1);
        let mut altered = of("gate-1", 8);
        altered.1.signature.0[9] ^= 1;
        let rows = [moved(9), altered, of("gate-2", 7), of("gate-1", 5), of("gate-1", 4)];
        assert_eq!(signed(&rows, "gate-1", key), Some(5));
        assert_eq!(signed(&rows[..3], "gate-1", key), None);
        assert_eq!(signed(&rows, "gate-2", key), Some(7));
    }

    #[test]
    fn a_gate_is_looked_at_when_there_is_something_to_tell() {
        let told = |change, next_update: u64| {
            let this_update = next_update - SNAPSHOT_SECONDS;
            Told { said: Vec::new(), this_update, next_update, change }
        };
        let now = 1_000_000;
        let is_due = |told: Option<&Told>, (is_open, change, now)| {
            is_due(told, (is_open, change, Dates { this: now, proven: now }))
        };
        let fresh = now + SNAPSHOT_SECONDS;
        let half = now + SNAPSHOT_SECONDS / 2;
        assert!(is_due(None, (true, 0, now)) && is_due(None, (false, 0, now)));
        assert!(!is_due(Some(&told(3, fresh)), (true, 3, now)));
        assert!(is_due(Some(&told(2, fresh)), (true, 3, now)), "somebody changed");
        assert!(is_due(Some(&told(3, half)), (true, 3, now)), "half of its life is over");
        let ahead = told(3, fresh + 2 * SNAPSHOT_SECONDS);
        assert!(is_due(Some(&ahead), (true, 3, now)), "its time has not come");
        assert!(!is_due(Some(&told(3, now)), (false, 3, now)), "a closed one was told");
    }
}
