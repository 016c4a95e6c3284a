//! Which gates are told when, by which lane, and how many together.

use super::*;
use crate::command::{Command, Reply};
use crate::queue::{Commands, queue};
use crate::sample::Sample;
use crate::sample::operate::{OFFICERS, SECURITY, agent, gate, person, role};
use records::order::{PersonAction, RoleAction};
use records::rules::Role;

/// A city with three gates in front of one application.
fn with_gates() -> Sample {
    let mut sample = Sample::found();
    for id in ["gate-1", "gate-2", "gate-3"] {
        sample.done(agent(gate("register", id)), &SECURITY);
    }
    sample
}

fn dates(sample: &Sample) -> Dates {
    Dates { this: sample.city.now, proven: sample.city.now }
}

/// How many snapshots of a gate were kept, which is the number of the last one.
fn given(sample: &Sample, agent: &str) -> u64 {
    sample.rows.snapshots.iter().filter(|(one, _)| one == agent).count() as u64
}

fn due(sample: &Sample, gates: &Gates) -> Due {
    gates.due(&sample.state, dates(sample), |agent| given(sample, agent))
}

fn wanted(sample: &Sample, gates: &Gates, agents: Vec<String>) -> VecDeque<GateUpdate> {
    let wanted = |agent: String| {
        let number = given(sample, &agent) + 1;
        gates.wanted(agent, number)
    };
    agents.into_iter().map(wanted).collect()
}

fn make(sample: &Sample, wanted: &mut VecDeque<GateUpdate>) -> Portion {
    Portion::make((&sample.state, &*sample.context), wanted, dates(sample))
}

/// What the publisher hands over now, and the writer keeps: of each command whether it is a brake,
/// and how many gates it tells.
fn told(sample: &mut Sample, gates: &mut Gates) -> Vec<(bool, usize)> {
    let (due, mut commands) = (due(sample, gates), Vec::new());
    for (agents, take_away) in [(due.taken_from, true), (due.others, false)] {
        let mut wanted = wanted(sample, gates, agents);
        while !wanted.is_empty() {
            let portion = make(sample, &mut wanted);
            gates.look_at(&portion);
            gates.give(&portion);
            if portion.made.is_empty() {
                continue;
            }
            let snapshots = together(&portion.made, take_away);
            let kept = sample.decide(|reply| {
                let command = Command::People(snapshots, reply);
                commands.push((command.is_brake(None), command.weight(None)));
                command
            });
            assert_eq!(kept, Ok(()));
            gates.keep(&portion.made);
        }
    }
    commands
}

/// What takes something away and a disk does not take is handed over again until it does, of each
/// gate the newest.
#[test]
fn what_is_not_handed_over_is_tried_again() {
    let (sample, mut gates) = (with_gates(), Gates::default());
    let of = |gates: &Gates, agents: &[&str]| {
        let agents = agents.iter().map(|agent| (*agent).to_owned()).collect();
        make(&sample, &mut wanted(&sample, gates, agents)).made
    };
    let agents = |part: &[Arc<PreparedSnapshot>]| {
        let mut agents: Vec<String> = part.iter().map(|made| made.agent().to_owned()).collect();
        agents.sort_unstable();
        agents
    };
    let part = gates.unhanded_with(of(&gates, &["gate-1", "gate-2"]));
    assert_eq!(agents(&part), ["gate-1", "gate-2"]);
    gates.keep_unhanded(part);
    assert!(gates.has_unhanded());
    let newer = of(&gates, &["gate-2", "gate-3"]);
    let part = gates.unhanded_with(newer.clone());
    assert_eq!(agents(&part), ["gate-1", "gate-2", "gate-3"]);
    assert!(newer.iter().all(|one| part.iter().any(|made| Arc::ptr_eq(made, one))), "the newest");
    gates.keep_unhanded(newer[..1].to_vec());
    let part = gates.unhanded_with(Vec::new());
    assert_eq!(agents(&part), ["gate-2"]);
    gates.keep_unhanded(Vec::new());
    assert!(!gates.has_unhanded() && gates.unhanded_with(Vec::new()).is_empty());
}

/// A role that is withdrawn, somebody who leaves and a gate that is closed are felt by every gate
/// that knows them in one round of brakes, before the tree has any of it.
#[test]
fn what_was_taken_away_is_told_every_gate_by_one_brake() {
    let (mut sample, mut gates) = (with_gates(), Gates::default());
    let id = sample.register("李丹", "sz-office");
    let other = sample.register("王小明", "sz-office");
    sample.grant(&id, Role::UnitHandler, "sz-office");
    told(&mut sample, &mut gates);
    let withdraw = role(RoleAction::Withdraw, &id, Role::UnitHandler, "sz-office");
    let order = sample.order(withdraw);
    sample.approved_by(order, &SECURITY);
    assert_eq!(sample.execute(), None);
    assert_eq!(told(&mut sample, &mut gates), [(true, 3)]);
    sample.sequence();
    assert!(told(&mut sample, &mut gates).is_empty(), "it was told");

    // What is added meanwhile goes with it.
    sample.grant(&other, Role::UnitHandler, "sz-office");
    let order = sample.order(person(PersonAction::Leave, &id, "", ""));
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert_eq!(told(&mut sample, &mut gates), [(true, 3)]);
    sample.sequence();
    assert!(told(&mut sample, &mut gates).is_empty());

    sample.done(agent(gate("close", "gate-3")), &SECURITY);
    assert_eq!(told(&mut sample, &mut gates), [(true, 1)], "nothing changed for the others");
}

#[test]
fn an_added_role_alone_brakes_nothing() {
    let (mut sample, mut gates) = (with_gates(), Gates::default());
    assert_eq!(told(&mut sample, &mut gates), [(false, 3)], "they were never told anything");
    let id = sample.register("李丹", "sz-office");
    assert_eq!(told(&mut sample, &mut gates), [(false, 3)]);
    sample.grant(&id, Role::UnitHandler, "sz-office");
    assert_eq!(told(&mut sample, &mut gates), [(false, 3)]);
    sample.pass(SNAPSHOT_SECONDS);
    assert_eq!(told(&mut sample, &mut gates), [(false, 3)], "they grew old");
    // A process that starts does not know what was taken away before.
    let mut gates = Gates::default();
    assert_eq!(told(&mut sample, &mut gates), [(true, 3)]);
    sample.grant(&id, Role::RegistrationOfficer, "sz-office");
    assert_eq!(told(&mut sample, &mut gates), [(false, 3)]);
}

/// Snapshots that only add and wait behind all else are given up when something is taken away: a
/// gate hears it by the next one, which it gets also where that says what it heard before.
#[tokio::test]
async fn what_only_adds_makes_way_for_a_brake() {
    let (mut sample, mut gates) = (with_gates(), Gates::default());
    let id = sample.register("李丹", "sz-office");
    told(&mut sample, &mut gates);
    sample.grant(&id, Role::UnitHandler, "sz-office");
    let others = due(&sample, &gates).others;
    let mut wanted = wanted(&sample, &gates, others);
    let portion = make(&sample, &mut wanted);
    gates.give(&portion);
    let (bringing, waiting) = queue();
    let (reply, answer) = Reply::open();
    let command = Command::People(together(&portion.made, false), reply);
    assert!(bringing.bring(command, (false, 3)).await);
    sample.withdraw(&id, Role::UnitHandler, "sz-office");
    drop(answer);
    gates.forget(&portion.made);
    let Some(Commands::Others(left)) = waiting.take((8, 8)) else { panic!("others") };
    assert!(left.is_empty(), "nobody keeps it");
    assert_eq!(told(&mut sample, &mut gates), [(true, 3)]);
}

/// However many gates there are, and however large a city, a brake waits for so many.
#[test]
fn so_many_snapshots_are_handed_over_together_and_no_more() {
    let (sample, gates) = (with_gates(), Gates::default());
    let numbers = 1..=SNAPSHOTS_MAX as u64 + 1;
    let mut wanted: VecDeque<GateUpdate> =
        numbers.map(|number| gates.wanted("gate-1".into(), number)).collect();
    let portion = make(&sample, &mut wanted);
    assert_eq!((portion.made.len(), wanted.len()), (SNAPSHOTS_MAX, 1));
    let portion = make(&sample, &mut wanted);
    assert_eq!((portion.made.len(), wanted.len()), (1, 0));
    assert!(portion.has_room() && portion.bytes > 0);
    let large = Portion { bytes: SNAPSHOTS_BYTES_MAX, ..portion };
    assert!(!large.has_room());
}

/// A database that refuses a row for however long costs one number, and nothing else is said under
/// it.
#[test]
fn what_is_not_kept_is_tried_again_under_its_number() {
    let (sample, mut gates) = (with_gates(), Gates::default());
    let tried = |gates: &Gates, agent: &str, number| {
        let mut wanted = VecDeque::from([gates.wanted(agent.to_owned(), number)]);
        make(&sample, &mut wanted)
    };
    for number in 1..=100 {
        let portion = tried(&gates, "gate-1", number);
        assert_eq!(portion.numbers().collect::<Vec<_>>(), [("gate-1", 1)]);
        gates.give(&portion);
    }
    let portion = tried(&gates, "gate-2", 1);
    gates.give(&portion);
    gates.keep(&portion.made);
    assert!(gates.knows("gate-2") && !gates.knows("gate-1"), "no other gate is held up");
    let portion = tried(&gates, "gate-1", 2);
    gates.keep(&portion.made);
    let portion = tried(&gates, "gate-1", 2);
    assert!(portion.made.is_empty() && portion.same.len() == 1, "kept once");
}

#[test]
fn a_gate_is_looked_at_when_there_is_something_to_tell() {
    let told = |change, next_update: u64| {
        let this_update = next_update - SNAPSHOT_SECONDS;
        SentSnapshot { said: Vec::new(), this_update, next_update, change }
    };
    let now = 1_000_000;
    let is_due = |told: Option<&SentSnapshot>, (is_open, change, now)| {
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
