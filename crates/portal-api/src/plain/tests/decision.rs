//! What is read of a batch by whoever decides about it: all of it, and what else they sign.

use super::{facts, is_drawn, leaves, others};
use crate::plain::{about_ending, about_looks, facts_of_decision, look_in_list};
use records::Bytes;
use records::decline::Outcome;
use records::export::ReviewFlag;
use sample_city::SampleBatch;

fn digests(batch: &SampleBatch) -> Vec<Bytes> {
    batch.export.rows.iter().map(|row| row.signed.digest().into()).collect()
}

/// Which orders of a batch were opened is signed with it: another claim is another text.
#[test]
fn what_is_said_to_be_opened_is_shown() {
    let batch = SampleBatch::of("person", 3, |_, _| ());
    let (opened, all) = (batch.open(), digests(&batch));
    let claims: [&[Bytes]; 5] = [&[], &all[..1], &all[1..2], &all[..2], &all];
    let shown: Vec<_> = claims.iter().map(|claim| facts_of_decision(&opened, claim)).collect();
    for (place, one) in shown.iter().enumerate() {
        assert!(shown.iter().skip(place + 1).all(|other| other != one), "{place}");
        let marks = one.iter().filter(|fact| fact.term.en == "sample").count();
        assert_eq!(marks, claims[place].len(), "each that is drawn is marked where it stands");
    }
}

/// Every fact of every order in it is read by whoever approves, declines or takes back a batch:
/// each field that is another one is read, or the batch is refused.
#[test]
fn no_field_of_a_row_is_signed_and_not_shown() {
    let whole = SampleBatch::of("person", 2, |_, _| ());
    let before = facts_of_decision(&whole.open(), &[]);
    for row in whole.open().rows() {
        for fact in facts(row) {
            assert!(before.contains(&fact), "{fact:?}");
        }
    }
    let mut order = serde_json::Value::Null;
    let keep = std::cell::RefCell::new(&mut order);
    SampleBatch::of("person", 1, |_, row| **keep.borrow_mut() = row.clone());
    let mut paths = Vec::new();
    leaves(&order, String::new(), &mut paths);
    let inside = |path: &String| path.starts_with("/body") && !is_drawn(path);
    let mut read = 0;
    for path in paths.into_iter().filter(inside) {
        let leaf = order.pointer(&path).unwrap().clone();
        for other in others(&leaf) {
            let changed = SampleBatch::of("person", 2, |place, row| {
                if place == 1 {
                    *row.pointer_mut(&path).unwrap() = other.clone();
                }
            });
            let Ok(opened) = changed.export.open_under(changed.registry()) else { continue };
            let shown = without_digests(facts_of_decision(&opened, &[]));
            assert_ne!(shown, without_digests(before.clone()), "{path}");
            read += 1;
        }
    }
    assert!(read >= 5, "{read} changes were readable at all");
}

/// Facts without the list of digests, in which every change is seen but not read.
fn without_digests(facts: Vec<crate::plain::Fact>) -> Vec<crate::plain::Fact> {
    let mut facts = facts;
    facts.iter_mut().filter(|fact| fact.term.en == "how many").for_each(|fact| fact.lines.clear());
    facts
}

/// What ends with a batch is counted before somebody ends it: its orders, and the letters of a
/// rejection.
#[test]
fn what_ends_with_a_batch_is_counted() {
    let batch = SampleBatch::of("issue", 3, |_, _| ()).open();
    let told = |outcome| {
        let facts = about_ending(&batch, outcome);
        facts.into_iter().map(|fact| fact.value.en()).collect::<Vec<_>>()
    };
    let orders = "3, but those that are over";
    assert_eq!(told(Some(Outcome::Rejected)), [orders, "3"]);
    assert_eq!(told(Some(Outcome::Returned)), [orders], "their letters apply again");
    assert_eq!(told(None), [orders]);
    let people = SampleBatch::of("person", 2, |_, _| ()).open();
    assert_eq!(about_ending(&people, Some(Outcome::Rejected)).len(), 1, "no letters");
    let alone = about_ending(&batch.rows()[0], Some(Outcome::Rejected));
    assert_eq!(alone.len(), 1, "of one order its letter");
}

#[test]
fn what_needs_a_look_in_a_batch_is_named() {
    let looks = [None, Some(ReviewFlag::Moved), Some(ReviewFlag::SameName)];
    let batch = SampleBatch::of("person", 3, |_, _| ()).with_looks(&looks);
    let told = about_looks(&batch.open(), &batch.export.looks());
    assert_eq!(told.len(), 2);
    assert!(told[0].value.en().contains("[0000000000000001]"), "{told:?}");
    assert!(told[1].value.en().ends_with("somebody of this name"), "{told:?}");
    assert!(look_in_list("batch", ReviewFlag::Moved).en.starts_with("of some in it"));
    assert!(!look_in_list("issue", ReviewFlag::Moved).en.starts_with("of some in it"));
}
