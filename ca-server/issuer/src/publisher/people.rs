//! People snapshots: made beside the lists, and handed to the writer many together, so that one
//! round tells every gate. No list says that a role was withdrawn or that a unit or gate was
//! closed: until its snapshot comes a gate lets people act as before. So where a brake was carried
//! out since a gate was told last, its snapshot is one itself; all else waits with all else, and
//! makes way for it.

mod gates;

use super::{apart, done, pause};
use crate::command::Command;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::view::View;
use ca_host::handed_people;
use ca_store::table::snapshot::{self as rows, NumberedSnapshot};
use gates::{Gates, Portion, PreparedSnapshot, together};
use pki::PublicKey;
use service::Stop;
use std::collections::VecDeque;
use std::sync::Arc;

/// Rows of an agent that are looked at together.
const LOOKED: i64 = 64;

/// Tells gates about their people until the stop.
pub(crate) async fn run(issuer: Arc<Issuer>, stop: Stop) {
    let mut moved = issuer.moved();
    let mut gates = Gates::default();
    loop {
        let telling = tell(&issuer, &mut gates);
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

/// Makes the snapshots that are due, first of all those that take something away.
async fn tell(issuer: &Issuer, gates: &mut Gates) -> Result<(), IssuerError> {
    let Some(view) = issuer.view_now() else { return Ok(()) };
    if gates.has_unhanded() {
        past_rows(issuer, gates, Vec::new()).await;
    }
    let given = |agent: &str| issuer.numbers().last(agent);
    let due = gates.due(view.state(), issuer.dates(), given);
    let taken = tell_these(issuer, &view, gates, (due.taken_from, true)).await;
    let others = tell_these(issuer, &view, gates, (due.others, false)).await;
    taken.and(others)
}

/// Tells these gates, so many together. One that fails holds no other up.
async fn tell_these(
    issuer: &Issuer,
    view: &Arc<View>,
    gates: &mut Gates,
    (agents, take_away): (Vec<String>, bool),
) -> Result<(), IssuerError> {
    let (mut wanted, mut all) = (VecDeque::new(), Ok(()));
    for agent in agents {
        match number(issuer, &agent, gates.knows(&agent)).await {
            Ok(number) => wanted.push_back(gates.wanted(agent, number)),
            Err(error) => all = Err(error),
        }
    }
    while !wanted.is_empty() {
        let (with, dates) = ((view.clone(), issuer.context.clone()), issuer.dates());
        let (mut portion, left) = apart(move || {
            let portion = Portion::make((with.0.state(), &*with.1), &mut wanted, dates);
            (portion, wanted)
        })
        .await?;
        wanted = left;
        if let Some(error) = portion.failed.take() {
            all = Err(error);
        }
        gates.look_at(&portion);
        // Given before they leave, so that no other says something else under these numbers.
        let given = issuer.numbers().give(portion.numbers());
        if let Err(error) = given {
            all = Err(error.into());
            continue;
        }
        gates.give(&portion);
        match hand_over(issuer, view, gates, (portion.made, take_away)).await {
            Ok(true) => {}
            Ok(false) => return all,
            Err(error) => all = Err(error),
        }
    }
    all
}

/// Hands snapshots over together, and by halves where they cannot be kept: a row that the database
/// refuses holds no other gate up. False if a brake came: what only adds makes way for it.
async fn hand_over(
    issuer: &Issuer,
    view: &View,
    gates: &mut Gates,
    (made, take_away): (Vec<Arc<PreparedSnapshot>>, bool),
) -> Result<bool, IssuerError> {
    let (mut parts, mut all) = (vec![made], Ok(true));
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        let snapshots = together(&part, take_away);
        let asked = issuer.ask(|reply| Command::People(snapshots, reply));
        let kept = tokio::select! {
            biased;
            () = taken_since(issuer, view.state().people_taken), if !take_away => {
                parts.push(part);
                gates.forget(&parts.concat());
                return Ok(false);
            }
            kept = asked => kept,
        };
        match kept {
            Ok(_) => {
                gates.keep(&part);
                if take_away {
                    past_rows(issuer, gates, part).await;
                }
            }
            Err(error) if part.len() == 1 => all = Err(error),
            Err(_) => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second.to_vec(), first.to_vec()]);
            }
        }
    }
    all
}

/// Hands over past the database what takes something away: a row can be kept from a gate. What a
/// disk does not take is told, and tried again.
async fn past_rows(issuer: &Issuer, gates: &mut Gates, part: Vec<Arc<PreparedSnapshot>>) {
    let (config, part) = (issuer.context.config.clone(), gates.unhanded_with(part));
    let handed = apart(move || {
        let (mut unhanded, mut problem) = (Vec::new(), String::new());
        for made in part {
            let (agent, signed) = made.signed();
            if let Err(error) = handed_people::hand_over(&config, agent, signed) {
                problem = format!("a snapshot is not handed over: {error:#}");
                unhanded.push(made);
            }
        }
        (unhanded, problem)
    })
    .await;
    let problem = match handed {
        Ok((unhanded, problem)) => {
            gates.keep_unhanded(unhanded);
            problem
        }
        Err(_) => "snapshots are not handed over".to_owned(),
    };
    issuer.metrics.condition("people-files", &problem);
}

/// Waits until more is taken away than was by this change.
async fn taken_since(issuer: &Issuer, change: u64) {
    let mut moved = issuer.moved();
    let is_taken = |_: &u64| {
        let view = issuer.view_now();
        view.is_some_and(|view| view.state().people_taken > change)
    };
    let is_over = moved.wait_for(is_taken).await.is_err();
    if is_over {
        // There is no writer any more; whoever asked hears of it.
        std::future::pending::<()>().await;
    }
}

/// The number of an agent's next snapshot. It follows the last one that this issuer gave, and no
/// row that it did not sign; rows are looked at where this process told nothing yet, and where they
/// can be read.
async fn number(issuer: &Issuer, agent: &str, is_known: bool) -> Result<u64, IssuerError> {
    let kept = issuer.numbers().last(agent);
    let last = if is_known { Ok(kept) } else { last(issuer, agent, kept).await };
    let last = match last {
        Err(error) if error.is_about_rows() => kept,
        last => last?,
    };
    let number = last + 1;
    Ok(number)
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
fn signed(found: &[NumberedSnapshot], agent: &str, key: &PublicKey) -> Option<u64> {
    let own = |(number, signed): &NumberedSnapshot| {
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
    use records::people::SignedPeople;

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
}
