//! How much a handler drafts: what waits has a bound, and so has an hour.

use super::draft::NEW;
use crate::decide::draft::{
    ALL_OF_HOUR_MAX, DRAFTS_MAX, DRAFTS_OF_HANDLER_LEAST, DRAFTS_OF_HANDLER_MAX,
    LETTERS_OF_HOUR_MAX, LETTERS_OF_PERSON_MAX, ORDERS_OF_HOUR_MAX, room,
};
use crate::decide::many::{
    LETTERS_OF_DAY_MAX, MANY_OF_HANDLER_LEAST, MANY_OF_HANDLER_MAX, ROWS_OF_DAY_MAX,
};
use crate::expiring::DAY;
use crate::sample::Sample;
use records::Code;
use records::order::PersonAction::{Create, Leave};
use records::rules::Role;
use records::withdrawal::WithdrawalTarget;

#[test]
fn open_drafts_have_a_bound() {
    let mut sample = Sample::with_handler();
    sample.appoint("other", Role::UnitHandler, "sz-office");
    let person = |at: usize| format!("{at:016}");
    for at in 0..DRAFTS_OF_HANDLER_MAX {
        sample.drafts("handler", (Create, &person(at)), ("陈一", "sz-office")).unwrap();
    }
    let one = sample.newest_order();
    let told = sample.drafts("handler", (Create, NEW), ("陈一", "sz-office"));
    assert_eq!(told, Err(Code::DraftsTooMany));
    sample.sequence();
    let told = sample.drafts("handler", (Create, NEW), ("陈一", "sz-office"));
    assert_eq!(told, Err(Code::DraftsTooMany));
    // It is that handler's, and whatever ends makes room.
    sample.drafts("other", (Create, NEW), ("陈一", "sz-office")).unwrap();
    sample.withdraws("handler", one).unwrap();
    sample.drafts("handler", (Create, "0000000000000AA2"), ("陈二", "sz-office")).unwrap();
}

/// However many drafts of others wait, a handler has room for some; and what nobody can approve any
/// more waits no longer.
#[test]
fn what_others_drafted_keeps_nobody_from_drafting() {
    let most = (DRAFTS_OF_HANDLER_LEAST, DRAFTS_OF_HANDLER_MAX);
    assert_eq!(room((0, DRAFTS_MAX, 1), most), Ok(()), "others filled it");
    assert_eq!(room((DRAFTS_OF_HANDLER_LEAST - 1, 4 * DRAFTS_MAX, 1), most), Ok(()));
    assert_eq!(room((DRAFTS_OF_HANDLER_LEAST, DRAFTS_MAX, 1), most), Err(Code::DraftsTooMany));
    assert_eq!(room((DRAFTS_OF_HANDLER_LEAST, DRAFTS_MAX - 1, 1), most), Ok(()));
    assert_eq!(room((DRAFTS_OF_HANDLER_MAX, 0, 1), most), Err(Code::DraftsTooMany));
    let many = (MANY_OF_HANDLER_LEAST, MANY_OF_HANDLER_MAX);
    assert_eq!(room((0, DRAFTS_MAX, MANY_OF_HANDLER_LEAST), many), Ok(()));
    assert_eq!(room((1, DRAFTS_MAX, MANY_OF_HANDLER_LEAST), many), Err(Code::DraftsTooMany));
    let mut sample = Sample::with_handler();
    sample.state.allow("drafts", ALL_OF_HOUR_MAX, ALL_OF_HOUR_MAX).unwrap();
    sample.drafts("handler", (Create, NEW), ("陈一", "sz-office")).unwrap();
    let own = format!("orders:{}", sample.person("handler"));
    sample.state.allow(&own, ORDERS_OF_HOUR_MAX, 99).unwrap();
    let told = sample.drafts("handler", (Create, "0000000000000AA2"), ("陈二", "sz-office"));
    assert_eq!(told, Err(Code::TooManyTries), "more than the first of the hour");
    let rows =
        [("0000000000000AB1", "陈五", "sz-office"), ("0000000000000AB2", "陈六", "sz-office")];
    let roster = sample.drafting_many("handler", &rows);
    sample.bring_many("handler", roster).unwrap();
    assert_eq!(sample.authority().drafting_count(sample.city.now), 3, "not yet in the tree");
    sample.sequence();
    assert_eq!(sample.authority().drafting_count(sample.city.now), 3);
    sample.pass(8 * 86_400);
    assert_eq!(sample.authority().drafting_count(sample.city.now), 0, "time passed");
    sample.drafts("handler", (Create, "0000000000000AA2"), ("陈二", "sz-office")).unwrap();
    sample.sequence();
    assert_eq!(sample.authority().drafting_count(sample.city.now), 1);
    sample.pass(8 * 86_400);
    assert_eq!(sample.authority().drafting_count(sample.city.now), 0);
}

/// What is taken back makes room among what waits, and none in the log: whoever drafts and takes
/// back again and again ends where the hour does.
#[test]
fn what_is_taken_back_counts_for_the_hour() {
    let mut sample = Sample::with_handler();
    sample.appoint("other", Role::UnitHandler, "sz-office");
    let one = sample.register("李丹", "sz-office");
    let own = sample.person("handler");
    let spend = |sample: &mut Sample, what: &str, most: u32| {
        sample.state.allow(&format!("{what}:{own}"), most, most - 1).unwrap();
    };
    spend(&mut sample, "orders", ORDERS_OF_HOUR_MAX);
    sample.drafts("handler", (Create, NEW), ("陈一", "sz-office")).unwrap();
    sample.withdraws("handler", sample.newest_order()).unwrap();
    let told = sample.drafts("handler", (Create, NEW), ("陈一", "sz-office"));
    assert_eq!(told, Err(Code::TooManyTries));
    spend(&mut sample, "letters", LETTERS_OF_HOUR_MAX);
    let made = sample.drafts_letter("handler", &one).unwrap();
    sample.sequence();
    let what = WithdrawalTarget::Letter { reference: made.letter };
    let void = sample.withdrawal("handler", what);
    sample.bring_withdrawal("handler", void).unwrap();
    sample.sequence();
    assert_eq!(sample.drafts_letter("handler", &one), Err(Code::TooManyTries));
    // The same of many: what one signature makes counts for its rows, and for the day.
    for (what, most) in [("roster", ROWS_OF_DAY_MAX), ("lettered", LETTERS_OF_DAY_MAX)] {
        sample.state.allow_within(&format!("{what}:{own}"), (most, DAY), most - 2).unwrap();
    }
    let rows =
        [("0000000000000AB1", "陈五", "sz-office"), ("0000000000000AB2", "陈六", "sz-office")];
    let roster = sample.drafting_many("handler", &rows);
    sample.bring_many("handler", roster).unwrap();
    sample.withdraws("handler", sample.newest_order()).unwrap();
    sample.sequence();
    let roster = sample.drafting_many("handler", &rows);
    assert_eq!(sample.bring_many("handler", roster), Err(Code::TooManyTries));
    let two = [sample.register("赵五", "sz-office"), sample.register("赵六", "sz-office")];
    let two: Vec<&str> = two.iter().map(String::as_str).collect();
    let letters = sample.drafting_letters("handler", &two);
    for reference in sample.bring_many("handler", letters).unwrap().letters {
        sample.sequence();
        let void = sample.withdrawal("handler", WithdrawalTarget::Letter { reference });
        sample.bring_withdrawal("handler", void).unwrap();
    }
    sample.sequence();
    let letters = sample.drafting_letters("handler", &two);
    assert_eq!(sample.bring_many("handler", letters), Err(Code::TooManyTries));
    let roster = sample.drafting_many("other", &rows);
    sample.bring_many("other", roster).unwrap();
    // It is that handler's; who leaves does so all the same; and the hour ends.
    sample.drafts("other", (Create, NEW), ("陈一", "sz-office")).unwrap();
    sample.drafts("handler", (Leave, &one), ("李丹", "sz-office")).unwrap();
    sample.drafts_letter("other", &one).unwrap();
    sample.pass(3_600);
    sample.drafts("handler", (Create, "0000000000000AA2"), ("陈二", "sz-office")).unwrap();
}

/// Whoever makes letters for somebody and takes them back again and again fills no mailbox with
/// them, by one signature as little as by many, and whoever it is; others get theirs.
#[test]
fn nobody_has_letters_without_end() {
    let mut sample = Sample::with_handler();
    sample.appoint("other", Role::UnitHandler, "sz-office");
    let (one, two) = (sample.register("李丹", "sz-office"), sample.register("赵五", "sz-office"));
    for _ in 0..LETTERS_OF_PERSON_MAX {
        sample.pass(60);
        let reference = sample.drafts_letter("handler", &one).unwrap().letter;
        sample.sequence();
        let void = sample.withdrawal("handler", WithdrawalTarget::Letter { reference });
        sample.bring_withdrawal("handler", void).unwrap();
        sample.sequence();
    }
    for name in ["handler", "other"] {
        assert_eq!(sample.drafts_letter(name, &one), Err(Code::TooManyTries), "{name}");
        let letters = sample.drafting_letters(name, &[one.as_str()]);
        assert_eq!(sample.bring_many(name, letters), Err(Code::TooManyTries), "{name}");
    }
    sample.drafts_letter("handler", &two).unwrap();
    sample.pass(86_400);
    sample.drafts_letter("handler", &one).unwrap();
}
