//! Drafts: a handler signs for people of their unit, and decides nothing about it.

use crate::decide::draft::{
    ALL_OF_HOUR_MAX, DRAFTS_MAX, DRAFTS_OF_HANDLER_LEAST, DRAFTS_OF_HANDLER_MAX,
    LETTERS_OF_HOUR_MAX, ORDERS_OF_HOUR_MAX, room,
};
use crate::decide::many::{
    LETTERS_OF_DAY_MAX, MANY_OF_HANDLER_LEAST, MANY_OF_HANDLER_MAX, ROWS_OF_DAY_MAX,
};
use crate::expiring::DAY;
use crate::sample::act::caller;
use crate::sample::operate::{OFFICERS, person};
use crate::sample::{Sample, key};
use crate::verify::VerifiedDraft;
use ca_host::operator::OperatorRequest;
use records::decline::Outcome;
use records::draft::{DRAFT_SECONDS, Draft, DraftStatement, Drafting};
use records::drafted::{Drafted, LetterBody};
use records::order::PersonAction::{Create, Leave, Move};
use records::passkey::Assertion;
use records::rules::Role;
use records::withdrawal::TakenBack;
use records::{Bytes, Code, Disclosure};

const NEW: &str = "0000000000000AA1";

#[test]
fn a_handlers_draft_becomes_an_order_that_others_approve() {
    let mut sample = Sample::with_handler();
    let made = sample.drafts("handler", (Create, NEW), ("陈一", "sz-office")).unwrap();
    let order = sample.newest_order();
    let (read, _) = sample.authority().open(order, sample.city.now).unwrap();
    assert_eq!((made.order, made.needed, made.person.as_str()), (read.order.clone(), 2, NEW));
    assert_eq!(read.drafter, format!("person:{}", sample.person("handler")));
    let signed = read.draft.as_ref().unwrap().read().unwrap();
    assert_eq!(signed.body, read.body, "the order is what was signed");
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(sample.authority().person(NEW).unwrap().unit, "sz-office");
    // Corrected, transferred out of the unit, and no longer theirs.
    for (action, record) in [(Move, ("陈一一", "sz-office")), (Move, ("陈一一", "shangzhou"))]
    {
        sample.drafts("handler", (action, NEW), record).unwrap();
        sample.sequence();
        let order = sample.newest_order();
        sample.approved_by(order, &OFFICERS);
        assert_eq!(sample.execute(), None);
        sample.sequence();
    }
    assert_eq!(sample.authority().person(NEW).unwrap().unit, "shangzhou");
    let told = sample.drafts("handler", (Leave, NEW), ("陈一一", "shangzhou"));
    assert_eq!(told, Err(Code::HandlerScope));
}

#[test]
fn a_handler_drafts_for_their_unit_and_below_only() {
    let mut sample = Sample::with_handler();
    let theirs = sample.register("李丹", "sz-office");
    let others = sample.register("王小红", "shangzhou");
    for (wanted, record) in [
        ((Create, NEW), ("陈一", "city")),
        ((Create, NEW), ("陈一", "ln-office")),
        ((Create, NEW), ("陈一", "shangzhou")),
        ((Leave, others.as_str()), ("王小红", "shangzhou")),
        ((Move, others.as_str()), ("王小红", "sz-office")),
    ] {
        assert_eq!(sample.drafts("handler", wanted, record), Err(Code::HandlerScope), "{wanted:?}");
    }
    let told = sample.drafts("handler", (Leave, NEW), ("陈一", "sz-office"));
    assert_eq!(told, Err(Code::PersonUnknown));
    let told = sample.drafts("handler", (Create, NEW), ("陈一", "nowhere"));
    assert_eq!(told, Err(Code::HandlerScope));
    assert_eq!(sample.drafts_letter("handler", &others), Err(Code::HandlerScope));
    sample.drafts("handler", (Leave, &theirs), ("李丹", "sz-office")).unwrap();
    // A county's handler drafts for every office in it, and not for another county.
    sample.appoint("county", Role::UnitHandler, "shangzhou");
    sample.drafts("county", (Create, NEW), ("陈一", "shangzhou")).unwrap();
    let told = sample.drafts("county", (Create, "0000000000000AA2"), ("陈二", "ln-office"));
    assert_eq!(told, Err(Code::HandlerScope));
}

#[test]
fn who_handles_nothing_drafts_nothing() {
    let mut sample = Sample::with_handler();
    let record = ("陈一", "sz-office");
    for name in ["officer-1", "security-1", "auditor"] {
        let told = sample.drafts(name, (Create, NEW), record);
        assert_eq!(told, Err(Code::NotYourRoute), "{name}");
    }
    let handler = sample.person("handler");
    sample.withdraw(&handler, Role::UnitHandler, "sz-office");
    let told = sample.drafts("handler", (Create, NEW), record);
    assert_eq!(told, Err(Code::NotYourRoute), "the role was withdrawn");
    sample.grant(&handler, Role::UnitHandler, "sz-office");
    sample.drafts("handler", (Create, NEW), record).unwrap();
    sample.revoked("handler", &OFFICERS);
    let told = sample.drafts("handler", (Create, "0000000000000AA2"), record);
    assert_eq!(told, Err(Code::CertificateRevoked));
}

#[test]
fn nobody_decides_about_what_they_drafted() {
    let mut sample = Sample::with_handler();
    // Somebody is both handler and officer.
    let both = sample.person("handler");
    sample.grant(&both, Role::RegistrationOfficer, "shangzhou");
    sample.drafts("handler", (Create, NEW), ("陈一", "sz-office")).unwrap();
    sample.sequence();
    let order = sample.newest_order();
    assert_eq!(sample.approve(order, "handler"), Err(Code::ApproverDrafted));
    let declined = sample.decline(order, "handler", Outcome::Returned);
    assert_eq!(declined, Err(Code::ApproverDrafted));
    sample.approve(order, "officer-1").unwrap();
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().person(NEW).is_none(), "three persons");
    sample.approved_by(order, &["officer-2"]);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    // Nor about the certificate from a letter that they had made.
    sample.drafts_letter("handler", NEW).unwrap();
    let letter = sample.written_letter();
    sample.sequence();
    let order = sample.applied(&letter, &key());
    assert_eq!(sample.approve(order, "handler"), Err(Code::ApproverDrafted));
    sample.approved_by(order, &OFFICERS);
    sample.issue();
}

#[test]
fn a_letter_in_place_of_another_has_its_drafter() {
    let mut sample = Sample::with_handler();
    let both = sample.person("handler");
    sample.grant(&both, Role::RegistrationOfficer, "shangzhou");
    let person = sample.register("李丹", "sz-office");
    let reference = sample.drafts_letter("handler", &person).unwrap().letter;
    sample.sequence();
    sample.operator(OperatorRequest::ReplaceLetter { reference }).unwrap();
    let letter = sample.written_letter();
    sample.sequence();
    let order = sample.applied(&letter, &key());
    assert_eq!(sample.approve(order, "handler"), Err(Code::ApproverDrafted));
    sample.approved_by(order, &OFFICERS);
    sample.issue();
}

#[test]
fn a_draft_counts_once_and_for_minutes() {
    let mut sample = Sample::with_handler();
    let drafting = sample.drafting("handler", (Create, NEW), ("陈一", "sz-office"));
    let bring = |sample: &mut Sample, drafting: &Drafting| {
        sample.bring_draft(sample.staff(), "handler", drafting.clone())
    };
    let first = bring(&mut sample, &drafting).unwrap();
    assert_eq!(bring(&mut sample, &drafting).unwrap(), first, "a form that is sent twice");
    sample.sequence();
    assert_eq!(bring(&mut sample, &drafting).unwrap(), first);
    let order = sample.newest_order();
    sample.withdraws("handler", order).unwrap();
    assert_eq!(
        bring(&mut sample, &drafting),
        Err(Code::ChallengeUsed),
        "taken back, not yet there"
    );
    sample.sequence();
    assert_eq!(bring(&mut sample, &drafting), Err(Code::ChallengeUsed));
    let now = sample.city.now;
    let (body, disclosures) = sample.person_body((Create, NEW), ("陈一", "sz-office"));
    for (time, told) in [
        (now - DRAFT_SECONDS - 1, Some(Code::ChallengeUsed)),
        (now + DRAFT_SECONDS + 1, Some(Code::ChallengeUsed)),
        (now + DRAFT_SECONDS, None),
    ] {
        let at = |said: &mut DraftStatement| said.time = records::time::seconds(time);
        let draft = sample.signed_draft("handler", &Drafted::Person(body.clone()), at);
        let drafting = Drafting { draft, disclosures: disclosures.clone(), number_seal: None };
        assert_eq!(bring(&mut sample, &drafting).err(), told, "{time}");
    }
    // What only takes away counts though it is an hour ahead of a clock that is believed.
    let one = sample.register("李丹", "sz-office");
    let (body, disclosures) = sample.person_body((Leave, &one), ("李丹", "sz-office"));
    let at = |said: &mut DraftStatement| said.time = records::time::seconds(now + 3_600);
    let draft = sample.signed_draft("handler", &Drafted::Person(body), at);
    bring(&mut sample, &Drafting { draft, disclosures, number_seal: None }).unwrap();
}

#[test]
fn a_draft_is_its_signers_and_says_what_the_order_says() {
    let mut sample = Sample::with_handler();
    sample.appoint("other", Role::UnitHandler, "sz-office");
    let good = sample.drafting("handler", (Create, NEW), ("陈一", "sz-office"));
    let lent = sample.bring_draft(sample.staff(), "other", good.clone());
    assert_eq!(lent, Err(Code::ApprovalSignature));
    let stranger = caller(&key(), "portal-staff");
    let told = sample.bring_draft(stranger, "handler", good.clone());
    assert_eq!(told, Err(Code::PortalUnknown));
    let signatures = sample.authority().signatures().clone();
    let mut forged = good.clone();
    forged.draft.signature.0[10] ^= 1;
    let told = VerifiedDraft::verify(forged, &signatures).err();
    assert_eq!(told, Some(Code::ApprovalSignature));
    let (body, disclosures) = sample.person_body((Create, NEW), ("陈一", "sz-office"));
    let drafted = Drafted::Person(body);
    let elsewhere = |said: &mut DraftStatement| said.founding = [9; 32].into();
    let draft = sample.signed_draft("handler", &drafted, elsewhere);
    let other = Drafting { draft, disclosures: disclosures.clone(), number_seal: None };
    let told = sample.bring_draft(sample.staff(), "handler", other);
    assert_eq!(told, Err(Code::ApprovalSignature), "of another city");
    let foreign = |said: &mut DraftStatement| said.certificate = [9; 32].into();
    let draft = sample.signed_draft("handler", &drafted, foreign);
    let other = Drafting { draft, disclosures, number_seal: None };
    assert!(sample.bring_draft(sample.staff(), "handler", other).is_err(), "another certificate");
    // What opens the commitments is all of it, and readable.
    for (place, value) in [(0, "陈二"), (0, ""), (1, " "), (1, "\u{202e}")] {
        let mut wrong = good.clone();
        wrong.disclosures[place].value = value.into();
        let told = sample.bring_draft(sample.staff(), "handler", wrong);
        assert!(told.is_err(), "{place} {value}");
    }
    let mut more = good.clone();
    more.disclosures.push(Disclosure::new("/mail", [3; 32], "a@example.com".into()));
    assert!(sample.bring_draft(sample.staff(), "handler", more).is_err());
    sample.bring_draft(sample.staff(), "handler", good).unwrap();
}

#[test]
fn a_passkey_signs_a_draft_that_it_was_asked_about() {
    let mut sample = Sample::with_handler();
    let mut passkey = sample.passkey("handler");
    let officer = sample.city.officer("handler").clone();
    let signed = sample.drafting("handler", (Create, NEW), ("陈一", "sz-office"));
    let mut touched = |challenge: [u8; 32]| {
        let said = passkey.approve(&officer, [0; 32].into(), |answer| answer.challenge = challenge);
        let answer = (said.signature, said.assertion.unwrap());
        let Draft { statement, certificate, .. } = signed.draft.clone();
        Drafting { draft: Draft::by_passkey(statement, certificate, answer), ..signed.clone() }
    };
    let other =
        touched(records::approval::approval_challenge(&[0; 32], records::Vouched::default()));
    let told = sample.bring_draft(sample.staff(), "handler", other);
    assert_eq!(told, Err(Code::PasskeyRefused), "an approval's answer drafts nothing");
    let good = touched(Draft::challenge(&signed.draft.statement.0));
    sample.bring_draft(sample.staff(), "handler", good.clone()).unwrap();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    // The same answer is none for anything else, also of who may approve.
    let handler = sample.person("handler");
    sample.grant(&handler, Role::RegistrationOfficer, "shangzhou");
    let order = sample.order(person(Create, "", "王小红", "sz-office"));
    let approval = |(signature, assertion): (Bytes, Assertion)| records::Approval {
        v: 1,
        method: "passkey".into(),
        order: Bytes::from(order.0),
        certificate: officer.certificate.der().into(),
        signature,
        assertion: Some(assertion),
        acting_for: None,
        opened: None,
    };
    let same = approval((good.draft.signature.clone(), good.draft.assertion.clone().unwrap()));
    let told = sample.bring(sample.staff(), "handler", same);
    assert_eq!(told, Err(Code::PasskeyRefused));
    let challenge = records::approval::approval_challenge(&order.0, records::Vouched::default());
    let right = approval(sample.touch(&mut passkey, "handler", challenge));
    sample.bring(sample.staff(), "handler", right).unwrap();
}

#[test]
fn a_handler_has_one_letter_of_a_person_at_a_time() {
    let mut sample = Sample::with_handler();
    let person = sample.register("李丹", "sz-office");
    let made = sample.drafts_letter("handler", &person).unwrap();
    assert!(!made.letter.is_empty() && made.order.is_empty());
    assert_eq!(sample.drafts_letter("handler", &person), Err(Code::LetterOpen), "on its way");
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    assert_eq!(sample.drafts_letter("handler", &person), Err(Code::LetterOpen));
    let state = sample.authority().letter(&made.letter).unwrap();
    assert_eq!(state.drafter.unwrap().as_str(), sample.person("handler"));
    let staff = LetterBody { person: person.clone(), profile: "staff".into() };
    let draft = sample.signed_draft("handler", &Drafted::Letter(staff), |_| {});
    let drafting = Drafting { draft, disclosures: Vec::new(), number_seal: None };
    let told = sample.bring_draft(sample.staff(), "handler", drafting);
    assert_eq!(told, Err(Code::LetterOpen));
    let second = sample.register("王小红", "sz-office");
    let service = LetterBody { person: second, profile: "service".into() };
    let draft = sample.signed_draft("handler", &Drafted::Letter(service), |_| {});
    let drafting = Drafting { draft, disclosures: Vec::new(), number_seal: None };
    let told = sample.bring_draft(sample.staff(), "handler", drafting);
    assert_eq!(told, Err(Code::UnknownProfile));
}

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
    let what = TakenBack::Letter { reference: made.letter };
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
        let void = sample.withdrawal("handler", TakenBack::Letter { reference });
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
