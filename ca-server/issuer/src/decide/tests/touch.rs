//! What one touch of a passkey does that was meant for something else: one thing, or so many.

use super::batch::PEOPLE;
use crate::sample::{Sample, key};
use authority::OrderDigest;
use records::decline::Outcome;
use records::draft::{Draft, Drafting, DraftingMany, PASSKEY_ROWS_MAX};
use records::order::PersonAction;
use records::{Bytes, Code, json};

fn applied(sample: &mut Sample, names: &[&str]) -> Vec<OrderDigest> {
    let apply = |name: &&str| {
        let person = sample.register(name, "sz-office");
        let letter = sample.letter(&person, "official");
        sample.applied(&letter, &key())
    };
    names.iter().map(apply).collect()
}

/// A portal makes a batch in an officer's name, and has their passkey touched to decline it.
#[test]
fn a_touch_ends_one_order_at_most() {
    let mut sample = Sample::found();
    let orders = applied(&mut sample, &["李丹", "王小红", "赵五"]);
    sample.batches("officer-1", &orders).unwrap();
    let batch = sample.newest_order();
    sample.sequence();
    let told = sample.touched_decline(batch, "officer-1");
    assert_eq!(told, Err(Code::CertificateKeyNeeded));
    assert!(orders.iter().all(|order| sample.became_of(*order).is_ok()));
    sample.touched_decline(orders[0], "officer-1").unwrap();
    sample.sequence();
    let open = orders.iter().filter(|order| sample.became_of(**order).is_ok());
    assert_eq!(open.count(), 2);
    sample.decline(batch, "officer-1", Outcome::Returned).unwrap();
    sample.sequence();
    assert!(orders.iter().all(|order| sample.became_of(*order) == Err(Code::OrderReturned)));
}

/// Behind one touch of a handler stand so many letters or people, however they are handed in.
#[test]
fn a_touch_signs_for_so_many_and_no_more() {
    let mut sample = Sample::with_handler();
    let person = sample.register("李丹", "sz-office");
    let mut passkey = sample.passkey("handler");
    let mut people = vec![person.as_str(); PASSKEY_ROWS_MAX + 1];
    let mut touched = |sample: &Sample, people: &[&str]| {
        let DraftingMany { draft, rows } = sample.drafting_letters("handler", people);
        let answer = sample.touch(&mut passkey, "handler", Draft::challenge(&draft.statement.0));
        let draft = Draft::by_passkey(draft.statement, draft.certificate, answer);
        DraftingMany { draft, rows: rows.into_iter().take(1).collect() }
    };
    let many = touched(&sample, &people);
    let told = sample.bring_many("handler", many);
    assert_eq!(told, Err(Code::CertificateKeyNeeded));
    let names: Vec<(String, &str)> =
        (0..=PASSKEY_ROWS_MAX).map(|place| (format!("{place:016}"), "陈一")).collect();
    let names: Vec<_> = names.iter().map(|(id, name)| (id.as_str(), *name, "sz-office")).collect();
    let signed = sample.drafting_many("handler", &names);
    people.pop();
    let many = touched(&sample, &people);
    assert_eq!(sample.bring_many("handler", many).unwrap().letters.len(), 1);
    // A certificate key signs for more.
    assert!(!sample.bring_many("handler", signed).unwrap().batch.is_empty());
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

/// A key that is touched twice for a page, and what is signed again because no answer came, find
/// the batch that there is. What was taken back is drafted anew.
#[test]
fn what_is_signed_again_is_there_once() {
    let mut sample = Sample::with_handler();
    let mut passkey = sample.passkey("handler");
    let DraftingMany { draft, rows } = sample.drafting_many("handler", &PEOPLE);
    let read = draft.read().unwrap();
    let (first, certificate) = (draft.statement, draft.certificate);
    let [again, anew] = [[8; 16], [9; 16]].map(|nonce: [u8; 16]| {
        let mut said = read.clone();
        said.nonce = nonce.into();
        Bytes(json::write(&said).unwrap())
    });
    let mut touched = |sample: &mut Sample, statement: &Bytes| {
        let answer = sample.touch(&mut passkey, "handler", Draft::challenge(&statement.0));
        let draft = Draft::by_passkey(statement.clone(), certificate.clone(), answer);
        sample.bring_many("handler", DraftingMany { draft, rows: rows.clone() }).unwrap().batch
    };
    let before = sample.count("order");
    let made = touched(&mut sample, &first);
    let batch = sample.newest_order();
    assert_eq!(touched(&mut sample, &first), made, "touched twice");
    sample.sequence();
    for statement in [&first, &again] {
        assert_eq!(touched(&mut sample, statement), made, "signed again");
    }
    assert_eq!(sample.count("order"), before + PEOPLE.len() + 1, "there once");
    sample.withdraws("handler", batch).unwrap();
    sample.sequence();
    assert_ne!(touched(&mut sample, &anew), made);
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

/// The same of one person.
#[test]
fn a_key_that_is_touched_twice_drafts_once() {
    let mut sample = Sample::with_handler();
    let mut passkey = sample.passkey("handler");
    let wanted = (PersonAction::Create, "0000000000000AA1");
    let Drafting { draft, disclosures, .. } =
        sample.drafting("handler", wanted, ("陈一", "sz-office"));
    let mut touched = |sample: &mut Sample| {
        let answer = sample.touch(&mut passkey, "handler", Draft::challenge(&draft.statement.0));
        let draft = Draft::by_passkey(draft.statement.clone(), draft.certificate.clone(), answer);
        let drafting = Drafting { draft, disclosures: disclosures.clone(), number_seal: None };
        sample.bring_draft(sample.staff(), "handler", drafting)
    };
    let made = touched(&mut sample).unwrap();
    assert_eq!(touched(&mut sample).unwrap(), made);
    sample.sequence();
    assert_eq!(touched(&mut sample).unwrap(), made);
    sample.withdraws("handler", sample.newest_order()).unwrap();
    sample.sequence();
    assert_eq!(touched(&mut sample), Err(Code::ChallengeUsed), "what was taken back");
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

/// Behind one touch that takes a roster back stand as many people as behind one that drafts it; the
/// certificate key takes back more.
#[test]
fn a_touch_takes_back_so_many_and_no_more() {
    let mut sample = Sample::with_handler();
    let mut passkey = sample.passkey("handler");
    let roster = |sample: &mut Sample, first: usize, count: usize| {
        let people: Vec<(String, &str)> =
            (first..first + count).map(|place| (format!("{place:016}"), "陈一")).collect();
        let people: Vec<_> =
            people.iter().map(|(id, name)| (id.as_str(), *name, "sz-office")).collect();
        let many = sample.drafting_many("handler", &people);
        sample.bring_many("handler", many).unwrap();
        let batch = sample.newest_order();
        sample.sequence();
        batch
    };
    let many = roster(&mut sample, 0, PASSKEY_ROWS_MAX + 1);
    let few = roster(&mut sample, 1_000, PASSKEY_ROWS_MAX);
    let rows: Vec<OrderDigest> = sample.authority().rows_of(many).collect();
    let told = sample.touched_withdrawal(&mut passkey, "handler", many);
    assert_eq!(told.unwrap_err(), Code::CertificateKeyNeeded);
    assert!(rows.iter().all(|row| sample.became_of(*row).is_ok()), "nothing ended");
    sample.touched_withdrawal(&mut passkey, "handler", few).unwrap();
    sample.withdraws("handler", many).unwrap();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    for batch in [few, rows[0]] {
        assert_eq!(sample.became_of(batch), Err(Code::OrderWithdrawn));
    }
}
