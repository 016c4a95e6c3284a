//! People snapshots: made beside the lists, one gate after the other, and handed to the writer each
//! by itself. They are no brakes: what takes a right away at a gate is the list.

use super::{AFTER_FAILURE, LOOK, apart, done};
use crate::command::{Command, NewSnapshot};
use crate::decide::snapshot;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::view::View;
use records::people::{SNAPSHOT_SECONDS, SignedPeople};
use service::Stop;
use std::collections::HashMap;
use std::sync::Arc;

/// What an agent's newest snapshot said, as this process made it.
struct Told {
    said: Vec<u8>,
    next_update: u64,
    /// The change up to which it was looked at.
    change: u64,
}

/// Tells gates about their people until the stop.
pub(crate) async fn run(issuer: Arc<Issuer>, stop: Stop) {
    let mut moved = issuer.moved();
    let mut told: HashMap<String, Told> = HashMap::new();
    loop {
        let telling = tell(&issuer, &mut told);
        let fine = tokio::select! {
            () = stop.wait() => return,
            result = telling => done(&issuer, "people", result),
        };
        tokio::select! {
            () = stop.wait() => return,
            _ = moved.changed() => {}
            () = tokio::time::sleep(if fine { LOOK } else { AFTER_FAILURE }) => {}
        }
    }
}

/// Makes the snapshots that are due. One that fails holds no other gate up.
async fn tell(issuer: &Issuer, told: &mut HashMap<String, Told>) -> Result<(), IssuerError> {
    let Some(view) = issuer.view_now() else { return Ok(()) };
    let (change, now) = (view.state().people_change, issuer.now());
    let due = |agent: &&str| {
        let is_open = view.authority().serves(agent);
        is_due(told.get(*agent), (is_open, change, now))
    };
    let due = view.authority().agents().map(|(agent, _)| agent).filter(due);
    let due: Vec<String> = due.map(str::to_owned).collect();
    if due.is_empty() {
        return Ok(());
    }
    let mut all = Ok(());
    for agent in due {
        let known = told.remove(&agent);
        // It follows the last one that this issuer gave, and no row.
        let number = issuer.numbers().last(&agent) + 1;
        match told_now(issuer, &view, (&agent, number), known.as_ref()).await {
            Ok(Some(new)) => {
                told.insert(agent, new);
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
fn is_due(told: Option<&Told>, (is_open, change, now): (bool, u64, u64)) -> bool {
    told.is_none_or(|told| told.change < change || (is_open && is_old(told, now)))
}

fn is_old(told: &Told, now: u64) -> bool {
    told.next_update.saturating_sub(now) <= SNAPSHOT_SECONDS / 2
}

/// Tells one gate, unless what it was told says the same.
async fn told_now(
    issuer: &Issuer,
    view: &Arc<View>,
    (agent, number): (&str, u64),
    known: Option<&Told>,
) -> Result<Option<Told>, IssuerError> {
    let (change, now) = (view.state().people_change, issuer.now());
    let is_open = view.authority().serves(agent);
    let known = known.map(|known| (known.said.clone(), is_open && is_old(known, now)));
    let (with, id) = ((view.clone(), issuer.context.clone()), agent.to_owned());
    let made = apart(move || -> Result<Option<NewSnapshot>, IssuerError> {
        let Some(snapshot) = with.0.authority().snapshot(&id, number, now) else { return Ok(None) };
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
    let new = Arc::new(new);
    issuer.ask(|reply| Command::People(new.clone(), reply)).await?;
    let (said, next_update) = (new.said.clone(), new.snapshot.next_update_unix());
    Ok(Some(Told { said, next_update, change }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_looked_at_when_there_is_something_to_tell() {
        let told = |change, next_update| Told { said: Vec::new(), next_update, change };
        let now = 1_000_000;
        let fresh = now + SNAPSHOT_SECONDS;
        let half = now + SNAPSHOT_SECONDS / 2;
        assert!(is_due(None, (true, 0, now)) && is_due(None, (false, 0, now)));
        assert!(!is_due(Some(&told(3, fresh)), (true, 3, now)));
        assert!(is_due(Some(&told(2, fresh)), (true, 3, now)), "somebody changed");
        assert!(is_due(Some(&told(3, half)), (true, 3, now)), "half of its life is over");
        assert!(!is_due(Some(&told(3, now)), (false, 3, now)), "a closed one was told");
    }
}
