//! How much work anybody can have done: commands weigh what is looked at for them, rows count
//! before they are looked at, a round ends in time and keeps what it did.

use crate::command::{Command, Reply};
use crate::decide::command::commands;
use crate::decide::execute;
use crate::pace::Pace;
use crate::sample::Sample;
use crate::sample::operate::{OFFICERS, revoke};
use crate::state::ROWS_OF_HOUR_MAX;
use crate::verify::{VerifiedApproval, VerifiedMany};
use authority::OrderDigest;
use ca_api::Batching;
use records::{Bytes, Code};
use service::Metrics;
use std::collections::BTreeSet;

const PEOPLE: [(&str, &str, &str); 3] = [
    ("0000000000000AA1", "陈一", "sz-office"),
    ("0000000000000AA2", "陈二", "sz-office"),
    ("0000000000000AA3", "陈三", "sz-office"),
];

fn batching(sample: &Sample, rows: Vec<Bytes>) -> Command {
    let (reply, _) = Reply::open();
    Command::Batch(sample.staff(), sample.officer("officer-1"), Batching { rows }, reply)
}

#[test]
fn commands_weigh_what_is_looked_at_for_them() {
    let mut sample = Sample::with_handler();
    let many = sample.drafting_many("handler", &PEOPLE);
    let verified = VerifiedMany::verify(many.clone(), sample.authority().signatures()).unwrap();
    let (reply, _) = Reply::open();
    let officer = sample.officer("handler");
    let drafts = Command::DraftMany(sample.staff(), officer, Box::new(verified), reply);
    assert_eq!(drafts.weight(None), 3);
    let rows = vec![Bytes::from([9; 32]); 2_000];
    assert_eq!(batching(&sample, rows).weight(None), 2_000);
    assert_eq!(batching(&sample, Vec::new()).weight(None), 1, "nothing is free");
    sample.bring_many("handler", many).unwrap();
    let batch = sample.newest_order();
    let row = sample.authority().rows_of(batch).next().unwrap();
    for (order, weight) in [(batch, 3), (row, 1)] {
        let approval = sample.opened_approval(order, "officer-1", &[]);
        let approval = VerifiedApproval::verify(approval, sample.authority().signatures());
        let (reply, _) = Reply::open();
        let officer = sample.officer("officer-1");
        let command = Command::Approve(sample.staff(), officer, Box::new(approval.unwrap()), reply);
        assert_eq!(command.weight(Some(sample.authority())), weight);
    }
}

#[test]
fn a_batch_that_names_an_order_twice_is_refused_before_it_is_looked_at() {
    let mut sample = Sample::found();
    let person = sample.person("officer-3");
    let order = sample.order(revoke(&person, "keyCompromise"));
    let told = sample.batches("security-1", &[order, order]);
    assert_eq!(told, Err(Code::Malformed));
    let unknown = OrderDigest([9; 32]);
    assert_eq!(sample.batches("security-1", &[unknown, unknown]), Err(Code::Malformed));
}

/// What is refused has cost as much: who repeats it ends where the hour does, and nobody else.
#[test]
fn rows_count_before_they_are_looked_at_and_if_they_are_refused() {
    let mut sample = Sample::with_handler();
    let rows = |sample: &Sample, name: &str, left: u32| {
        let portal = Bytes::from(sample.staff().key_sha256);
        (format!("rows:{portal}:{}", sample.person(name)), ROWS_OF_HOUR_MAX - left)
    };
    for (name, left) in [("officer-1", 5), ("handler", 3)] {
        let (who, spent) = rows(&sample, name, left);
        sample.state.allow(&who, ROWS_OF_HOUR_MAX, spent).unwrap();
    }
    let unknown: Vec<OrderDigest> = (1..=5).map(|at| OrderDigest([at; 32])).collect();
    assert_eq!(sample.batches("officer-1", &unknown), Err(Code::OrderUnknown));
    assert_eq!(sample.batches("officer-1", &unknown), Err(Code::TooManyTries));
    assert_eq!(sample.batches("officer-2", &unknown), Err(Code::OrderUnknown), "their own hour");
    let mut people = PEOPLE;
    people[2].2 = "ln-office";
    let many = sample.drafting_many("handler", &people);
    assert_eq!(sample.bring_many("handler", many.clone()), Err(Code::HandlerScope));
    assert_eq!(sample.bring_many("handler", many), Err(Code::TooManyTries));
    // What only takes away counts apart: certificates that are revoked wait for no hour.
    let (_, one) = sample.official("李丹");
    let many = sample.drafting_revocations("handler", &[&one], |_| {});
    sample.bring_many("handler", many).unwrap();
    sample.pass(3_600);
    assert_eq!(sample.batches("officer-1", &unknown), Err(Code::OrderUnknown));
    let many = sample.drafting_many("handler", &PEOPLE);
    sample.bring_many("handler", many).unwrap();
}

#[test]
fn a_round_whose_time_is_over_keeps_what_it_did() {
    let mut sample = Sample::found();
    let (first, mut told) = Reply::open();
    let (others, mut later): (Vec<_>, Vec<_>) = (0..3).map(|_| Reply::open()).unzip();
    let all = std::iter::once(first).chain(others);
    let alarm = |(at, reply)| Command::Alarm(format!("row {at}"), reply);
    let all: Vec<Command> = all.enumerate().map(alarm).collect();
    let metrics = Metrics::default();
    let answers = sample.round((&all, &[]), |round| commands(round, &all, &metrics, || false));
    assert_eq!(answers.len(), 1, "one is always decided");
    answers.into_iter().for_each(|answer| answer.send(7, &BTreeSet::new()));
    assert!(told.try_recv().unwrap().is_ok());
    assert!(later.iter_mut().all(|told| told.try_recv().is_err()), "nobody is told anything");
    assert_eq!(sample.refusals().len(), 1);
    let mut left = 2;
    let mut is_time = || {
        left -= 1;
        left >= 0
    };
    let rest = all.get(1..).unwrap();
    let answers = sample.round((rest, &[]), |round| commands(round, rest, &metrics, &mut is_time));
    assert_eq!(answers.len(), 3);
    assert_eq!(sample.refusals().len(), 4);
}

/// However slow a disk is, a round takes on so many brakes that it can keep some: all of them are
/// carried out in the end, those that end first before the others.
#[test]
fn more_brakes_than_a_round_can_keep_are_carried_out() {
    const KEPT_MAX: usize = 3;
    let mut sample = Sample::found();
    let mut orders = Vec::new();
    for at in 0..10 {
        let (letter, _) = sample.official(&format!("李丹{at}"));
        sample.pass(1);
        orders.push(sample.order(revoke(&letter.person, "keyCompromise")));
    }
    for order in &orders {
        sample.approve(*order, OFFICERS[0]).unwrap();
        sample.approve(*order, OFFICERS[1]).unwrap();
    }
    let (mut pace, mut rounds) = (Pace::full(), 0);
    let mut kept = Vec::new();
    while kept.len() < orders.len() {
        rounds += 1;
        assert!(rounds < 40, "nothing is ever kept: {kept:?}");
        let chosen = execute::brakes(&sample.state, &BTreeSet::new(), pace.most());
        let both = execute::chosen(&sample.state, &BTreeSet::new(), pace.most());
        assert_eq!(chosen, both, "in either kind of rounds");
        if chosen.len() > KEPT_MAX {
            pace.late();
            continue;
        }
        let failed = sample.round((&[], &chosen), |round| execute::execute(round, chosen.clone()));
        assert!(failed.is_none());
        pace.done();
        kept.extend(chosen);
    }
    assert_eq!(kept, orders, "each once, the oldest first");
    assert!(sample.state.ready.is_empty());
}

/// Beside 600 orders that everybody approved, a revocation that is approved last is carried out
/// first, and a loss is felt before any of them: what takes away waits for nobody.
#[test]
fn six_hundred_that_wait_hold_up_no_revocation_and_no_loss() {
    let mut sample = Sample::with_handler();
    let (letter, revoked) = sample.official("李丹");
    let (loses, lost) = sample.official("王小红");
    let name = |at: u32| format!("陈{}", char::from_u32(0x5000 + at).unwrap());
    let people: Vec<(String, String)> =
        (0..600).map(|at| (format!("0000000000{at:06X}"), name(at))).collect();
    let people: Vec<(&str, &str, &str)> =
        people.iter().map(|(id, name)| (id.as_str(), name.as_str(), "sz-office")).collect();
    let many = sample.drafting_many("handler", &people);
    sample.bring_many("handler", many).unwrap();
    let batch = sample.newest_order();
    for name in OFFICERS {
        sample.approves_batch(batch, name).unwrap();
    }
    sample.sequence();
    assert_eq!(sample.state.ready.len(), 600);
    let order = sample.order(revoke(&letter.person, "keyCompromise"));
    for name in OFFICERS {
        sample.approve(order, name).unwrap();
    }
    sample.lose(&loses);
    assert!(sample.authority().is_revoked(&lost.serial().to_string()), "before any round");
    assert!(sample.state.list_due, "its list is wanted");
    let most = Pace::full().most();
    let brakes = execute::brakes(&sample.state, &BTreeSet::new(), most);
    assert_eq!(brakes, [order], "a round of its own");
    let chosen = execute::chosen(&sample.state, &BTreeSet::new(), most);
    assert_eq!((chosen[0], chosen.len()), (order, 1 + most), "and first among all");
    assert!(!sample.authority().is_revoked(&revoked.serial().to_string()));
    let failed = sample.round((&[], &brakes), |round| execute::execute(round, brakes.clone()));
    assert!(failed.is_none());
    assert!(sample.authority().is_revoked(&revoked.serial().to_string()));
    assert_eq!(sample.state.ready.len(), 600, "all others wait, and none of them is lost");
    sample.go_on();
    assert!(sample.state.ready.is_empty());
    assert!(people.iter().all(|(id, ..)| sample.authority().person(id).is_some()));
}

/// However many orders are ready, what is chosen of them is little work, a brake is the whole of
/// its round and the first of any other, and none of those that wait is lost.
#[test]
fn a_hundred_thousand_that_wait_hold_up_no_brake() {
    const WAITING: u32 = 100_000;
    let mut sample = Sample::found();
    let (letter, certificate) = sample.official("李丹");
    let waits = |at: u32| {
        let mut digest = [9; 32];
        digest[..4].copy_from_slice(&at.to_be_bytes());
        OrderDigest(digest)
    };
    sample.state.ready.extend((0..WAITING).map(waits));
    let order = sample.order(revoke(&letter.person, "keyCompromise"));
    for name in OFFICERS {
        sample.approve(order, name).unwrap();
    }
    assert_eq!(sample.state.ready.len(), WAITING as usize + 1);
    let most = Pace::full().most();
    let brakes = execute::brakes(&sample.state, &BTreeSet::new(), most);
    assert_eq!(brakes, [order], "a round of its own");
    let chosen = execute::chosen(&sample.state, &BTreeSet::new(), most);
    assert_eq!((chosen[0], chosen.len()), (order, 1 + most), "and first among all");
    let failed = sample.round((&[], &brakes), |round| execute::execute(round, brakes.clone()));
    assert!(failed.is_none());
    assert!(sample.authority().is_revoked(&certificate.serial().to_string()));
    assert_eq!(sample.state.ready.len(), WAITING as usize, "all others wait");
}

/// What cannot be carried out for now comes behind what was not tried yet.
#[test]
fn what_cannot_be_carried_out_keeps_no_other_from_its_turn() {
    let mut sample = Sample::found();
    let mut orders = Vec::new();
    for name in ["李丹", "王小红"] {
        let person = sample.register(name, "sz-office");
        let letter = sample.letter(&person, "official");
        let order = sample.applied(&letter, &crate::sample::key());
        sample.pass(1);
        orders.push(order);
    }
    for order in &orders {
        sample.approved_by(*order, &OFFICERS);
    }
    assert_eq!(execute::chosen(&sample.state, &BTreeSet::new(), 1), [orders[0]]);
    sample.clock = Err(Code::ClockMoved);
    let first = vec![orders[0]];
    sample.round((&[], &first), |round| execute::execute(round, first.clone()));
    assert!(sample.state.ready.contains(&orders[0]), "it waits");
    sample.clock = Ok(());
    assert_eq!(execute::chosen(&sample.state, &BTreeSet::new(), 1), [orders[1]]);
    assert_eq!(execute::chosen(&sample.state, &BTreeSet::new(), 2), [orders[1], orders[0]]);
    assert_eq!(sample.execute(), None);
    assert!(sample.state.ready.is_empty());
}
