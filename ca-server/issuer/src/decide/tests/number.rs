//! National numbers: nobody is registered twice, and nobody tries through a list of them.

use crate::decide::number::{NUMBERS_LEAST, NUMBERS_OF_DAY_MAX, NUMBERS_OF_PORTAL_LEAST};
use crate::expiring::DAY;
use crate::sample::act::caller;
use crate::sample::operate::{OFFICERS, SECURITY, portal};
use crate::sample::{Sample, key};
use authority::Authority;
use records::number::{NumberLine, SealedNumber};
use records::order::PersonAction::{Create, Leave, Move};
use records::rules::Role;
use records::{Bytes, Code};

const NEW: &str = "0000000000000AA1";
const NEXT: &str = "0000000000000AA2";
const ONE: &str = "11010519491231002X";
const OTHER: &str = "611002199001010015";

fn free(sample: &mut Sample, name: &str, number: &str) -> SealedNumber {
    match sample.asks_numbers(name, &[number]).unwrap().remove(0) {
        NumberLine::Free(number) => number,
        other => panic!("{other:?}"),
    }
}

/// Approves the newest order and carries it out.
fn enacted(sample: &mut Sample) {
    sample.sequence();
    let order = sample.newest_order();
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

fn registered(name: &str, number: &str) -> Sample {
    let mut sample = Sample::with_handler();
    let sealed = free(&mut sample, "handler", number);
    sample.drafts_numbered("handler", (Create, NEW), ((name, "sz-office"), &sealed)).unwrap();
    enacted(&mut sample);
    sample
}

#[test]
fn a_number_is_registered_once() {
    let mut sample = registered("陈一", ONE);
    let told = sample.asks_numbers("handler", &[OTHER, ONE]).unwrap();
    assert!(matches!(told[0], NumberLine::Free(_)), "{told:?}");
    let known = NumberLine::Registered { person: NEW.into(), name: "陈一".into() };
    assert_eq!(told[1], known, "the handler has them in their care");
    // A digest from before it was registered, and one that was read in the log.
    let held = sample.authority().person(NEW).unwrap().number.unwrap();
    let sealed = sample.context.numbers.seal(held, &sample.person("handler"));
    let again = (("陈一", "sz-office"), &sealed);
    let told = sample.drafts_numbered("handler", (Create, NEXT), again);
    assert_eq!(told, Err(Code::NumberRegistered));
    // The record stays correctable, with the number that it has.
    sample.drafts("handler", (Move, NEW), ("陈一一", "sz-office")).unwrap();
    enacted(&mut sample);
    let kept = sample.authority().person(NEW).unwrap().number;
    assert_eq!(kept, Some(held));
    // Exchanged for another one: the first is free again.
    let other = free(&mut sample, "handler", OTHER);
    let record = (("陈一一", "sz-office"), &other);
    sample.drafts_numbered("handler", (Move, NEW), record).unwrap();
    enacted(&mut sample);
    free(&mut sample, "handler", ONE);
    assert!(matches!(sample.asks_numbers("handler", &[OTHER]), Ok(told)
        if matches!(told[..], [NumberLine::Registered { .. }])));
    // Whoever left office may come back.
    sample.drafts("handler", (Leave, NEW), ("陈一一", "sz-office")).unwrap();
    enacted(&mut sample);
    free(&mut sample, "handler", OTHER);
    let founding = sample.city.founding;
    let again = Authority::from_parts(&founding, &sample.authority().parts()).unwrap();
    assert_eq!(again.parts(), sample.authority().parts());
}

/// Two drafts of one number wait: the first that is carried out counts, and the other never does,
/// in the same round, in the next, and as others follow the log.
#[test]
fn two_drafts_of_one_number_are_one_person() {
    for at_once in [true, false] {
        let mut sample = Sample::with_handler();
        let sealed = free(&mut sample, "handler", ONE);
        let mut orders = Vec::new();
        for id in [NEW, NEXT] {
            let record = (("陈一", "sz-office"), &sealed);
            sample.drafts_numbered("handler", (Create, id), record).unwrap();
            sample.sequence();
            orders.push(sample.newest_order());
        }
        for order in orders {
            for name in OFFICERS {
                // Nobody can consent any more to what came too late.
                let _ = sample.approve(order, name);
            }
            sample.sequence();
            if !at_once {
                sample.go_on();
            }
        }
        sample.go_on();
        assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
        let there = [NEW, NEXT].map(|id| sample.authority().person(id).is_some());
        assert_eq!(there.into_iter().filter(|there| *there).count(), 1, "at once: {at_once}");
    }
}

#[test]
fn a_digest_counts_for_whom_the_issuer_gave_it() {
    let mut sample = Sample::with_handler();
    sample.appoint("county", Role::UnitHandler, "shangzhou");
    let sealed = free(&mut sample, "handler", ONE);
    let other = free(&mut sample, "county", ONE);
    assert_eq!(sealed.digest, other.digest, "one number, one digest");
    let wanted = (Create, NEW);
    let record = ("陈一", "sz-office");
    let forged = SealedNumber { digest: [7; 32].into(), ..sealed.clone() };
    for number in [&other, &forged] {
        let told = sample.drafts_numbered("handler", wanted, (record, number));
        assert_eq!(told, Err(Code::Malformed));
    }
    let cut = SealedNumber { digest: Bytes(sealed.digest.0[1..].to_vec()), ..sealed.clone() };
    let told = sample.drafts_numbered("handler", wanted, (record, &cut));
    assert_eq!(told, Err(Code::Malformed));
    sample.drafts_numbered("handler", wanted, (record, &sealed)).unwrap();
    enacted(&mut sample);
    // No order takes it away, and nobody leaves with another one.
    let (mut body, disclosures) = sample.person_body((Move, NEW), record);
    body.number = None;
    let draft = |sample: &Sample, body| {
        sample.signed_draft("handler", &records::drafted::DraftContent::Person(body), |_| {})
    };
    let draft = draft(&sample, body);
    let drafting = records::draft::Drafting { draft, disclosures, number_seal: None };
    let told = sample.bring_draft(sample.staff(), "handler", drafting);
    assert_eq!(told, Err(Code::PersonChanged));
    let next = free(&mut sample, "handler", OTHER);
    let told = sample.drafts_numbered("handler", (Leave, NEW), (record, &next));
    assert_eq!(told, Err(Code::PersonChanged));
}

/// Who it is hears only who handles them; everybody else hears that the number is taken.
#[test]
fn whose_number_it_is_hears_only_who_handles_them() {
    let mut sample = registered("陈一", ONE);
    sample.appoint("other", Role::UnitHandler, "ln-office");
    assert_eq!(sample.asks_numbers("other", &[ONE]), Ok(vec![NumberLine::Elsewhere]));
    assert_eq!(sample.asks_numbers("officer-1", &[ONE]), Err(Code::NotYourRoute));
    let handler = sample.person("handler");
    sample.withdraw(&handler, Role::UnitHandler, "sz-office");
    assert_eq!(sample.asks_numbers("handler", &[ONE]), Err(Code::NotYourRoute));
}

/// What is no number is none, and there are as many as a roster has.
#[test]
fn only_numbers_are_asked_about() {
    let mut sample = Sample::with_handler();
    for wrong in ["110105194912310021", "", "陈一"] {
        assert_eq!(sample.asks_numbers("handler", &[wrong]), Err(Code::Malformed), "{wrong}");
    }
    assert_eq!(sample.asks_numbers("handler", &[]), Err(Code::Malformed));
    assert_eq!(sample.asks_numbers("handler", &[ONE; 5_001]), Err(Code::Malformed));
    assert_eq!(sample.asks_numbers("handler", &[ONE; 5_000]).unwrap().len(), 5_000);
}

/// Whoever asks is what a portal says: one that asks on and on in a handler's name leaves them what
/// they need through another, and that other no more than there is for all.
#[test]
fn a_captured_portal_uses_up_no_handlers_numbers() {
    let mut sample = Sample::with_handler();
    let keys = (key(), key());
    sample.done(portal("register", "portal-2", (&keys.0, &keys.1)), &SECURITY);
    let second = caller(&keys.1, "portal-staff");
    let whole = vec![ONE; 5_000];
    while sample.asks_numbers("handler", &whole).is_ok() {}
    assert_eq!(sample.asks_numbers("handler", &[ONE]), Err(Code::TooManyTries));
    assert_eq!(sample.asks_numbers_over(second, "handler", &whole).unwrap().len(), 5_000);
    let told = sample.asks_numbers_over(second, "handler", &[ONE]);
    assert_eq!(told, Err(Code::TooManyTries));
}

#[test]
fn a_handler_asks_about_so_many_numbers_a_day() {
    let mut sample = Sample::with_handler();
    sample.appoint("county", Role::UnitHandler, "shangzhou");
    let whole = vec![ONE; 5_000];
    let of_day = NUMBERS_OF_DAY_MAX + NUMBERS_OF_PORTAL_LEAST;
    for _ in 0..of_day / 5_000 {
        sample.asks_numbers("handler", &whole).unwrap();
    }
    assert_eq!(sample.asks_numbers("handler", &[ONE]), Err(Code::TooManyTries));
    let handler = sample.person("handler");
    assert_eq!(sample.refusals(), [("numbers", handler.as_str(), Code::TooManyTries)]);
    sample.asks_numbers("county", &[ONE]).unwrap();
    sample.pass(DAY);
    // One at a time counts as several: there are few records of it.
    for _ in 0..of_day / NUMBERS_LEAST {
        sample.asks_numbers("handler", &[ONE]).unwrap();
    }
    assert_eq!(sample.asks_numbers("handler", &[ONE]), Err(Code::TooManyTries));
    let log = sample.recorded.iter().map(|record| record.write().unwrap());
    let held = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).contains("19491231");
    assert!(!log.into_iter().any(held), "no number is in the log");
}
