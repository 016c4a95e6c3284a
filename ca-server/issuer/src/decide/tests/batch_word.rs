//! A batch that is made in an officer's name is a portal's word: it lasts a day, stands in nobody's
//! way, and its officer takes it back.

use super::batch::applied;
use crate::command::Command;
use crate::sample::act::caller;
use crate::sample::operate::{OFFICERS, SECURITY, person, portal};
use crate::sample::{Sample, key};
use authority::OrderDigest;
use ca_api::Batching;
use records::order::{ORDER_SECONDS, PersonAction, UNSIGNED_SECONDS};
use records::{Bytes, Code};

fn batched(sample: &mut Sample, name: &str, orders: &[OrderDigest]) -> OrderDigest {
    sample.batches(name, orders).unwrap();
    let batch = sample.newest_order();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    batch
}

#[test]
fn foreign_batches_are_in_nobodys_way() {
    let mut sample = Sample::found();
    let orders = applied(&mut sample, &["李丹", "王小红"]);
    let first = batched(&mut sample, "officer-1", &orders);
    let other = batched(&mut sample, "officer-2", &orders[..1]);
    let second = batched(&mut sample, "officer-1", &orders[..1]);
    assert_eq!(sample.became_of(first), Err(Code::OrderCancelled), "nobody approved it");
    assert_eq!(sample.rows.order_states.get(&first), Some(&"cancelled"));
    assert_eq!(sample.became_of(other), Ok(()), "another officer's");
    // Before the tree has one, too.
    sample.batches("officer-1", &orders).unwrap();
    let third = sample.newest_order();
    assert_eq!(sample.became_of(second), Err(Code::OrderCancelled), "felt at once");
    let fourth = batched(&mut sample, "officer-1", &orders);
    assert_eq!(sample.became_of(third), Err(Code::OrderCancelled));
    // What somebody approved stays, and there are few of these.
    sample.approves_batch(fourth, "officer-2").unwrap();
    let fifth = batched(&mut sample, "officer-1", &orders);
    assert_eq!(sample.became_of(fourth), Ok(()));
    sample.approves_batch(fifth, "security-1").unwrap();
    let told = sample.batches("officer-1", &orders);
    assert_eq!(told, Err(Code::StateConflict));
    batched(&mut sample, "officer-2", &orders);
    sample.carry_out(fourth, &["officer-1"]);
    assert_eq!(sample.sign().len(), 2);
    sample.sequence();
    assert_eq!(sample.rows.order_states.get(&first), Some(&"cancelled"), "it was never carried");
    assert_eq!(sample.rows.order_states.get(&fourth), Some(&"done"));
}

#[test]
fn a_batch_that_nobody_signed_lasts_a_day() {
    let mut sample = Sample::with_handler();
    let orders = applied(&mut sample, &["李丹", "王小红"]);
    let batch = batched(&mut sample, "officer-1", &orders);
    sample.approves_batch(batch, "officer-1").unwrap();
    let wanted = sample.sample_of(batch, "officer-2");
    let many = [("0000000000000AA1", "陈一", "sz-office")];
    let many = sample.drafting_many("handler", &many);
    sample.bring_many("handler", many).unwrap();
    let drafted = sample.newest_order();
    sample.sequence();
    sample.pass(UNSIGNED_SECONDS + 1);
    let approval = sample.opened_approval(batch, "officer-2", &wanted);
    let told = sample.bring(sample.staff(), "officer-2", approval);
    assert_eq!(told, Err(Code::OrderExpired));
    assert!(orders.iter().all(|order| sample.became_of(*order).is_ok()), "they wait on");
    // What its handler signed lives as orders do.
    sample.approves_batch(drafted, "officer-1").unwrap();
    let (read, _) = sample.authority().open(drafted, sample.city.now).unwrap();
    let late = sample.city.now + ORDER_SECONDS;
    assert!(read.expires_unix() > sample.city.now + UNSIGNED_SECONDS && read.expires_unix() < late);
}

#[test]
fn batches_take_no_place_of_what_an_officer_asks_for() {
    let mut sample = Sample::found();
    let orders = applied(&mut sample, &["李丹"]);
    let mut made = 0;
    while sample.batches("officer-1", &orders).is_ok() {
        made += 1;
    }
    assert_eq!(sample.batches("officer-1", &orders), Err(Code::TooManyTries));
    assert!(made > 10, "{made}");
    sample.batches("officer-2", &orders).unwrap();
    sample.sequence();
    sample.passkey("officer-1");
    // At another portal they have a batch made all the same, and here one of who leaves.
    let keys = (key(), key());
    sample.done(portal("register", "portal-2", (&keys.0, &keys.1)), &SECURITY);
    let (other, officer) = (caller(&keys.1, "portal-staff"), sample.officer("officer-1"));
    let wanted = Batching { rows: orders.iter().map(|row| Bytes::from(*row)).collect() };
    sample.decide(|reply| Command::Batch(other, officer, wanted, reply)).unwrap();
    let leaves = sample.register("王小红", "sz-office");
    let leave = sample.order(person(PersonAction::Leave, &leaves, "", ""));
    sample.batches("officer-1", &[leave]).unwrap();
    assert_eq!(sample.batches("officer-1", &orders), Err(Code::TooManyTries));
}

#[test]
fn who_is_named_takes_a_batch_back_and_leaves_its_orders() {
    let mut sample = Sample::found();
    let orders = applied(&mut sample, &["李丹", "王小红"]);
    let batch = batched(&mut sample, "officer-1", &orders);
    assert_eq!(sample.withdraws("officer-2", batch), Err(Code::NotDrafter));
    sample.withdraws("officer-1", batch).unwrap();
    assert!(orders.iter().all(|order| sample.became_of(*order).is_ok()), "before the tree has it");
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    assert_eq!(sample.became_of(batch), Err(Code::OrderWithdrawn));
    assert!(orders.iter().all(|order| sample.became_of(*order).is_ok()));
    let batch = batched(&mut sample, "officer-2", &orders);
    sample.carry_out(batch, &OFFICERS);
    assert_eq!(sample.sign().len(), 2);
}

/// Who leaves is gone under a clock that moved, many of them as one.
#[test]
fn leaves_in_a_batch_brake() {
    let mut sample = Sample::found();
    let people = ["李丹", "王小红"].map(|name| sample.register(name, "sz-office"));
    let leave = |id: &String| person(PersonAction::Leave, id, "", "");
    let orders: Vec<_> = people.iter().map(|id| sample.order(leave(id))).collect();
    sample.clock = Err(Code::ClockMoved);
    sample.batches("officer-1", &orders).unwrap();
    let batch = sample.newest_order();
    assert_eq!(sample.withdraws("officer-1", batch), Err(Code::StateConflict), "it is a brake");
    for name in OFFICERS {
        sample.approves_batch(batch, name).unwrap();
    }
    sample.go_on();
    assert!(people.iter().all(|id| sample.authority().has_left(id)));
}
