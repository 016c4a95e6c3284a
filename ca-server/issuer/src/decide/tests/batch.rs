//! Batches: what is approved as one, row by row as if it came alone.

use crate::sample::operate::{OFFICERS, person};
use crate::sample::{Sample, key};
use authority::OrderDigest;
use records::decline::Outcome;
use records::order::{BATCH_ROWS_MAX, Body, PersonAction};
use records::record::Event;
use records::rules::Role;
use records::{Bytes, Code};

pub(super) const PEOPLE: [(&str, &str, &str); 3] = [
    ("0000000000000AA1", "陈一", "sz-office"),
    ("0000000000000AA2", "陈二", "sz-office"),
    ("0000000000000AA3", "陈三", "sz-office"),
];

/// A batch of three new people that waits in the tree.
pub(super) fn drafted() -> (Sample, OrderDigest) {
    let mut sample = Sample::with_handler();
    let many = sample.drafting_many("handler", &PEOPLE);
    sample.bring_many("handler", many).unwrap();
    let batch = sample.newest_order();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    (sample, batch)
}

pub(super) fn rows(sample: &Sample, batch: OrderDigest) -> Vec<OrderDigest> {
    sample.authority().rows_of(batch).collect()
}

/// Applications of people that wait, each under a letter of its own.
pub(super) fn applied(sample: &mut Sample, names: &[&str]) -> Vec<OrderDigest> {
    let apply = |name: &&str| {
        let person = sample.register(name, "sz-office");
        let letter = sample.letter(&person, "official");
        sample.applied(&letter, &key())
    };
    names.iter().map(apply).collect()
}

#[test]
fn one_signature_registers_many_and_two_approve_them() {
    let (mut sample, batch) = drafted();
    let before = sample.count("approval");
    sample.carry_out(batch, &OFFICERS);
    assert_eq!(sample.count("approval"), before + 2, "one each");
    for (id, _, unit) in PEOPLE {
        assert_eq!(sample.authority().person(id).unwrap().unit, unit);
    }
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    assert_eq!(sample.became_of(batch), Err(Code::OrderConsumed), "nothing of it is open");
    assert_eq!(sample.rows.order_states.get(&batch), Some(&"done"));
    // Their letters, under one more signature.
    let ids = PEOPLE.map(|(id, _, _)| id);
    let letters = sample.drafting_letters("handler", &ids);
    let made = sample.bring_many("handler", letters.clone()).unwrap();
    assert_eq!((made.letters.len(), made.batch.as_str()), (3, ""));
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    let told = sample.bring_many("handler", letters);
    assert_eq!(told, Err(Code::ChallengeUsed), "once");
    let again = sample.drafting_letters("handler", &ids);
    assert_eq!(sample.bring_many("handler", again), Err(Code::LetterOpen));
}

#[test]
fn what_waits_of_one_kind_is_approved_as_one() {
    let mut sample = Sample::found();
    let orders = applied(&mut sample, &["李丹", "王小红", "赵五"]);
    sample.batches("officer-1", &orders).unwrap();
    let batch = sample.newest_order();
    sample.sequence();
    sample.carry_out(batch, &OFFICERS);
    let certificates = sample.sign();
    assert_eq!(certificates.len(), 3);
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn a_batch_is_of_open_orders_of_one_kind() {
    let mut sample = Sample::found();
    let orders = applied(&mut sample, &["李丹", "王小红"]);
    let other = sample.order(person(PersonAction::Create, "", "陈一", "sz-office"));
    sample.sequence();
    let mixed = [orders[0], other];
    assert_eq!(sample.batches("officer-1", &mixed), Err(Code::StateConflict));
    assert_eq!(sample.batches("officer-1", &[]), Err(Code::Malformed));
    let unknown = [OrderDigest([9; 32])];
    assert_eq!(sample.batches("officer-1", &unknown), Err(Code::OrderUnknown));
    let many = vec![orders[0]; BATCH_ROWS_MAX + 1];
    assert_eq!(sample.batches("officer-1", &many), Err(Code::TooLarge));
    sample.batches("officer-1", &orders).unwrap();
    let batch = sample.newest_order();
    sample.sequence();
    assert_eq!(sample.batches("officer-1", &[batch]), Err(Code::Malformed), "no batch of batches");
    sample.approved_by(orders[0], &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(sample.batches("officer-1", &orders), Err(Code::OrderConsumed));
}

/// A batch is no way around scope, for oneself, or what one drafted.
#[test]
fn each_row_is_judged_for_the_approver() {
    let (mut sample, batch) = drafted();
    let told = sample.approves_batch(batch, "officer-3");
    assert_eq!(told, Err(Code::ApproverScope), "of another county");
    assert_eq!(sample.approves_batch(batch, "auditor"), Err(Code::NotYourRoute));
    let handler = sample.person("handler");
    sample.grant(&handler, Role::RegistrationOfficer, "shangzhou");
    assert_eq!(sample.approves_batch(batch, "handler"), Err(Code::ApproverDrafted));
    // One row about the approver herself, among others.
    let own = sample.person("officer-1");
    let mut orders = applied(&mut sample, &["李丹"]);
    let letter = sample.letter(&own, "official");
    orders.push(sample.applied(&letter, &key()));
    assert_eq!(sample.batches("officer-1", &orders), Err(Code::ApproverSelf));
    sample.batches("officer-2", &orders).unwrap();
    let batch = sample.newest_order();
    sample.sequence();
    assert_eq!(sample.approves_batch(batch, "officer-1"), Err(Code::ApproverSelf));
    sample.approves_batch(batch, "officer-2").unwrap();
    assert_eq!(sample.approves_batch(batch, "officer-2"), Err(Code::ApproverTwice));
    sample.sequence();
    assert_eq!(sample.approve(orders[0], "officer-2"), Err(Code::ApproverTwice), "alone too");
}

#[test]
fn rows_fail_singly() {
    let (mut sample, batch) = drafted();
    let all = rows(&sample, batch);
    // Somebody is registered meanwhile under the id of the second row.
    sample.approved_by(all[1], &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    sample.approves_batch(batch, "officer-1").unwrap();
    sample.approves_batch(batch, "officer-2").unwrap();
    sample.sequence();
    sample.go_on();
    assert!(PEOPLE.iter().all(|(id, _, _)| sample.authority().person(id).is_some()));
    // Of applications one rests on a letter that is lost before the second approval.
    let lost = sample.register("李丹", "sz-office");
    let lost = sample.letter(&lost, "official");
    let mut orders = vec![sample.applied(&lost, &key())];
    orders.extend(applied(&mut sample, &["王小红", "赵五"]));
    sample.batches("officer-1", &orders).unwrap();
    let batch = sample.newest_order();
    sample.sequence();
    sample.approves_batch(batch, "officer-1").unwrap();
    sample.lose(&lost);
    sample.approves_batch(batch, "officer-2").unwrap();
    sample.sequence();
    sample.go_on();
    assert_eq!(sample.sign().len(), 2, "the others are issued");
    let id = sample.order_id(orders[0]);
    assert!(sample.refusals().contains(&("execute", &id, Code::LetterLost)), "told and recorded");
}

#[test]
fn a_batch_changed_after_its_seal_is_another() {
    let (mut sample, batch) = drafted();
    let (order, signature) = sample.authority().order_bytes(&batch.0).unwrap();
    let mut read = records::Order::read(&order.0).unwrap();
    let Ok(Body::Batch(mut body)) = read.body() else { unreachable!("no batch") };
    body.rows.pop();
    read.body = Body::Batch(body).value().unwrap();
    let changed = Bytes(records::json::write(&read).unwrap());
    let event = Event::Order { order: changed.clone(), signature, cancels: Vec::new() };
    sample.notice(event);
    sample.sequence();
    let told: Vec<Code> = sample.unsigned.iter().map(|(_, code)| *code).collect();
    assert_eq!(told, [Code::OrderAltered]);
    let digest = OrderDigest::of(&changed.0);
    assert_eq!(sample.became_of(digest), Err(Code::OrderUnknown));
    let approval = sample.opened_approval(digest, "officer-1", &[]);
    let told = sample.bring(sample.staff(), "officer-1", approval);
    assert_eq!(told, Err(Code::OrderUnknown));
    sample.carry_out(batch, &OFFICERS);
    assert!(PEOPLE.iter().all(|(id, _, _)| sample.authority().person(id).is_some()));
}

#[test]
fn revocations_in_a_batch_brake() {
    let mut sample = Sample::found();
    let orders = applied(&mut sample, &["李丹", "王小红"]);
    for order in &orders {
        sample.approved_by(*order, &OFFICERS);
    }
    assert_eq!(sample.execute(), None);
    sample.sequence();
    let certificates = sample.sign();
    sample.sequence();
    let serials: Vec<String> =
        certificates.iter().map(|certificate| certificate.serial().to_string()).collect();
    let mut orders = Vec::new();
    for serial in &serials {
        sample.asks("officer-1", serial, "affiliationChanged").unwrap();
        orders.push(sample.newest_order());
    }
    // Not even the log is waited for, nor the clock believed.
    sample.clock = Err(Code::ClockMoved);
    sample.batches("officer-1", &orders).unwrap();
    let batch = sample.newest_order();
    for name in OFFICERS {
        sample.approves_batch(batch, name).unwrap();
    }
    assert_eq!(sample.execute(), None);
    for serial in &serials {
        assert!(sample.authority().is_revoked(serial), "at once");
    }
}

#[test]
fn a_batch_that_is_sent_back_ends_its_rows() {
    let (mut sample, batch) = drafted();
    let all = rows(&sample, batch);
    sample.decline(batch, "officer-1", Outcome::Returned).unwrap();
    assert_eq!(sample.became_of(all[0]), Err(Code::OrderReturned), "before the tree has it");
    let reasons = |sample: &Sample| {
        let ended = all.iter().chain([&batch]);
        ended.filter_map(|order| sample.rows.declined.get(order).cloned()).collect::<Vec<_>>()
    };
    let record = sample.recorded.last().unwrap().id.clone();
    assert_eq!(reasons(&sample), vec![record.clone(); 4], "each says why");
    sample.rows.declined.clear();
    sample.sequence();
    assert_eq!(reasons(&sample), vec![record; 4], "whoever recorded it");
    for row in &all {
        assert_eq!(sample.became_of(*row), Err(Code::OrderReturned));
        assert_eq!(sample.rows.order_states.get(row), Some(&"returned"));
    }
    assert_eq!(sample.became_of(batch), Err(Code::OrderReturned));
    assert_eq!(sample.rows.order_states.get(&batch), Some(&"returned"));
    // Whoever drafted it takes all of it back; nobody else does.
    let (mut sample, batch) = drafted();
    let all = rows(&sample, batch);
    assert_eq!(sample.withdraws("officer-1", batch), Err(Code::NotDrafter));
    sample.withdraws("handler", batch).unwrap();
    sample.sequence();
    assert_eq!(sample.became_of(all[2]), Err(Code::OrderWithdrawn));
}

#[test]
fn a_roster_that_names_another_countys_people_is_refused_whole() {
    let mut sample = Sample::with_handler();
    let mut people = PEOPLE.to_vec();
    people[2].2 = "ln-office";
    let many = sample.drafting_many("handler", &people);
    let before = sample.count("order");
    assert_eq!(sample.bring_many("handler", many), Err(Code::HandlerScope));
    assert_eq!(sample.count("order"), before, "all of it or nothing");
    let many = sample.drafting_many("officer-1", &PEOPLE);
    assert_eq!(sample.bring_many("officer-1", many), Err(Code::NotYourRoute));
}

#[test]
fn a_draft_of_many_counts_for_its_bodies_in_their_places() {
    let mut sample = Sample::with_handler();
    let many = sample.drafting_many("handler", &PEOPLE);
    let mut other = many.clone();
    other.rows[1].body = other.rows[0].body.clone();
    assert_eq!(sample.bring_many("handler", other), Err(Code::ApprovalSignature));
    let mut moved = many.clone();
    moved.rows[0].place = moved.rows[1].place.clone();
    assert_eq!(sample.bring_many("handler", moved), Err(Code::ApprovalSignature));
    let mut empty = many.clone();
    empty.rows.clear();
    assert_eq!(sample.bring_many("handler", empty), Err(Code::Malformed));
    assert_eq!(sample.bring_many("officer-1", many.clone()), Err(Code::ApprovalSignature));
    let first = sample.bring_many("handler", many.clone()).unwrap();
    let again = sample.bring_many("handler", many.clone()).unwrap();
    assert_eq!(first.batch, again.batch, "a form that is sent twice");
    sample.sequence();
    let batch = sample.newest_order();
    sample.withdraws("handler", batch).unwrap();
    sample.sequence();
    assert_eq!(sample.bring_many("handler", many), Err(Code::ChallengeUsed));
    let late = sample.drafting_many("handler", &[("0000000000000AA9", "陈九", "sz-office")]);
    sample.pass(records::draft::DRAFT_SECONDS + 1);
    assert_eq!(sample.bring_many("handler", late), Err(Code::ChallengeUsed));
}
