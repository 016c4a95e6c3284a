//! Letters: for people in office, under a profile that is theirs, with a code that only its sheet
//! tells.

use crate::round::Effect;
use crate::sample::operate::{OFFICERS, person};
use crate::sample::{Sample, key};
use ca_host::operator::OperatorRequest;
use records::Code;
use records::letter::{EnrolmentCode, LETTER_SECONDS, LetterKeys};
use records::order::PersonAction;
use records::record::{Event, VoidStatement};
use records::rules::Role;
use sha2::{Digest, Sha256};
use std::sync::Arc;

fn refused(sample: &mut Sample, person: &str, profile: &str) -> Option<Code> {
    sample.ask_letter(person, profile).err()
}

#[test]
fn a_letter_is_recorded_as_its_sheet_says() {
    let mut sample = Sample::found();
    let id = sample.register("李丹", "sz-office");
    let letter = sample.ask_letter(&id, "official").unwrap();
    let Some(Effect::Letter(path, sheet)) = sample.effects.last() else { panic!("no sheet") };
    assert_eq!(path, &format!("issuer/letters/{}.json", letter.reference));
    assert_eq!((sheet.name.as_str(), sheet.label.as_str()), ("李丹", "page"));
    assert!(sample.authority().letter(&letter.reference).is_none(), "what is granted waits");
    sample.sequence();
    let state = sample.authority().letter(&letter.reference).unwrap();
    assert_eq!(state.person, *id);
    assert_eq!(state.expires, sample.city.now + LETTER_SECONDS);
    assert_eq!(state.lookup_sha256.as_slice(), Sha256::digest(letter.keys.lookup()).as_slice());
    let sealed = &sample.rows.sealed[&letter.reference];
    assert!(!sealed.page.is_empty() && !sealed.cli.is_empty());
}

/// A letter names the desk that is nearest: that of the addressee's unit, or of the nearest above
/// it that has one, and where none has the city's.
#[test]
fn a_letter_names_the_nearest_desk() {
    for (desks, named) in [
        (vec![("luonan", "洛南窗口")], "市窗口"),
        (vec![("luonan", "洛南窗口"), ("shangzhou", "商州窗口")], "商州窗口"),
        (vec![("sz-office", "办公室"), ("shangzhou", "商州窗口")], "办公室"),
    ] {
        let mut sample = Sample::found_real();
        let config = &mut Arc::get_mut(&mut sample.context).unwrap().config.issuer;
        config.desk = Some("市窗口".into());
        let own = |(unit, desk): (&str, &str)| (unit.to_owned(), desk.to_owned());
        config.desks = desks.into_iter().map(own).collect();
        let id = sample.register("李丹", "sz-office");
        sample.ask_letter(&id, "official").unwrap();
        let Some(Effect::Letter(_, letter)) = sample.effects.last() else { panic!("no sheet") };
        assert_eq!(letter.sheet.desk, named);
    }
}

/// Of many who were registered those get letters who need one: nobody who has one, or came by a
/// certificate, and nobody who left meanwhile, whose letter would be refused with all of them.
#[test]
fn a_letter_is_for_who_has_neither_letter_nor_certificate() {
    let mut sample = Sample::found();
    let wants = Sample::wants_letter;
    let (new, gone) = (sample.register("李丹", "sz-office"), sample.register("赵五", "sz-office"));
    assert!(wants(&sample, &new) && wants(&sample, &gone));
    sample.letter(&new, "official");
    assert!(!wants(&sample, &new));
    let (used, _) = sample.official("王小红");
    assert!(!wants(&sample, &used.person), "a letter that was used is no reason for another");
    sample.done(person(PersonAction::Leave, &gone, "", ""), &OFFICERS);
    assert!(!wants(&sample, &gone) && !wants(&sample, "0000000000000000"));
    sample.pass(LETTER_SECONDS + 1);
    assert!(wants(&sample, &new), "nobody used it in time");
    assert!(!wants(&sample, &used.person));
}

#[test]
fn a_letter_of_staff_opens_nothing_on_pages() {
    let mut sample = Sample::found();
    let id = sample.register("孙核验", "sz-office");
    assert_eq!(refused(&mut sample, &id, "staff"), Some(Code::StateConflict), "no role of staff");
    sample.grant(&id, Role::Official, "sz-office");
    assert_eq!(refused(&mut sample, &id, "staff"), Some(Code::StateConflict), "nor is this one");
    sample.grant(&id, Role::RegistrationOfficer, "sz-office");
    let letter = sample.letter(&id, "staff");
    assert_eq!(letter.label, "cli");
    assert!(sample.rows.sealed[&letter.reference].page.is_empty());
    sample.withdraw(&id, Role::RegistrationOfficer, "sz-office");
    assert_eq!(refused(&mut sample, &id, "staff"), Some(Code::StateConflict), "it was withdrawn");
}

#[test]
fn a_letter_is_for_a_person_in_office() {
    let mut sample = Sample::found();
    let id = sample.register("李丹", "sz-office");
    assert_eq!(refused(&mut sample, "0000000000000000", "official"), Some(Code::PersonUnknown));
    for profile in ["service", "nothing", ""] {
        assert_eq!(refused(&mut sample, &id, profile), Some(Code::UnknownProfile), "{profile}");
    }
    let leave = sample.order(person(PersonAction::Leave, &id, "", ""));
    sample.approved_by(leave, &OFFICERS);
    sample.letter(&id, "official");
    assert_eq!(sample.execute(), None);
    assert_eq!(refused(&mut sample, &id, "official"), Some(Code::PersonLeft), "recorded is enough");
    sample.sequence();
    assert_eq!(refused(&mut sample, &id, "official"), Some(Code::PersonLeft));
}

#[test]
fn a_name_that_nobody_approved_stands_on_no_letter() {
    let mut sample = Sample::found();
    let id = sample.register("李丹", "sz-office");
    sample.rows.people.get_mut(&id).unwrap()[0].value = "王大明".into();
    assert_eq!(refused(&mut sample, &id, "official"), Some(Code::UnsignedAuthority));
    sample.rows.people.remove(&id);
    assert_eq!(refused(&mut sample, &id, "official"), Some(Code::UnsignedAuthority));
    assert_eq!(sample.count("letter"), 0);
}

#[test]
fn two_letters_have_nothing_in_common() {
    let mut sample = Sample::found();
    let id = sample.register("李丹", "sz-office");
    let (one, two) = (sample.letter(&id, "official"), sample.letter(&id, "official"));
    assert_ne!(one.reference, two.reference);
    assert_ne!(one.keys.lookup(), two.keys.lookup());
    let of = |letter: &crate::sample::enrol::SampleLetter| {
        sample.rows.sealed[&letter.reference].cli.split_at(12).0.to_vec()
    };
    assert_ne!(of(&one), of(&two), "each sealed value has a nonce of its own");
}

fn void(sample: &mut Sample, reference: &str) -> Result<String, Code> {
    let reference = reference.to_owned();
    sample.operator(OperatorRequest::VoidLetter { reference }).map(|answer| answer.voided)
}

fn replace(sample: &mut Sample, reference: &str) -> Result<(String, String), Code> {
    let reference = reference.to_owned();
    let answer = sample.operator(OperatorRequest::ReplaceLetter { reference })?;
    Ok((answer.voided, answer.reference))
}

#[test]
fn a_voided_letter_opens_nothing_from_its_record_on() {
    let (mut sample, letter) = Sample::with_letter();
    let other = sample.letter(&letter.person, "official");
    let order = sample.applied(&letter, &key());
    sample.approved_by(order, &OFFICERS);
    assert_eq!(void(&mut sample, &letter.reference), Ok(letter.reference.clone()));
    let message = sample.submission(&letter, &key());
    assert_eq!(sample.submit(message), Err(Code::LetterVoided), "recorded is enough");
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(sample.count("intent"), 0, "what was approved is not carried out");
    let message = sample.submission(&letter, &key());
    assert_eq!(sample.submit(message), Err(Code::LetterVoided));
    sample.applied(&other, &key());
}

#[test]
fn to_void_again_records_nothing() {
    let (mut sample, letter) = Sample::with_letter();
    for _ in 0..2 {
        void(&mut sample, &letter.reference).unwrap();
        assert_eq!(sample.count("voided"), 1);
    }
    sample.sequence();
    void(&mut sample, &letter.reference).unwrap();
    assert_eq!(sample.count("voided"), 1);
    assert_eq!(void(&mut sample, "0000000000000000"), Err(Code::WrongCode));
}

#[test]
fn a_letter_is_voided_by_whoever_asks_also_while_the_clock_is_wrong() {
    let (mut sample, letter) = Sample::with_letter();
    sample.clock = Err(Code::ClockMoved);
    assert_eq!(replace(&mut sample, &letter.reference), Err(Code::ClockMoved), "it makes one");
    void(&mut sample, &letter.reference).unwrap();
    let Some(Event::Voided { statement, .. }) = sample.recorded.last().map(|one| &one.event) else {
        panic!("nothing is voided")
    };
    let said: VoidStatement = records::json::read(&statement.0).unwrap();
    assert_eq!((said.drafter.as_str(), said.replacement.as_str()), ("operator:0", ""));
}

#[test]
fn a_used_letter_stays_what_reports_the_loss() {
    let (mut sample, letter, order) = Sample::with_application();
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    for _ in 0..2 {
        assert_eq!(void(&mut sample, &letter.reference), Err(Code::CodeUsed), "recorded is enough");
        assert_eq!(replace(&mut sample, &letter.reference), Err(Code::CodeUsed));
        sample.sequence();
    }
    assert_eq!((sample.count("voided"), sample.count("letter")), (0, 1));
}

#[test]
fn a_letter_is_replaced_by_another_for_the_same_person() {
    let (mut sample, letter) = Sample::with_letter();
    let (voided, made) = replace(&mut sample, &letter.reference).unwrap();
    assert_eq!(voided, letter.reference);
    assert_ne!(made, letter.reference);
    let Some(Effect::Letter(_, sheet)) = sample.effects.last() else { panic!("no sheet") };
    assert_eq!((sheet.reference.as_str(), sheet.person.as_str()), (&*made, &*letter.person));
    assert_eq!((sheet.profile.as_str(), sheet.name.as_str()), ("official", "李丹"));
    let code = EnrolmentCode::read(&sheet.code).unwrap();
    let keys = LetterKeys::derive(&sample.city.founding, &made, &code);
    assert_ne!(keys.lookup(), letter.keys.lookup(), "the code of the first is nowhere");
    sample.sequence();
    assert!(sample.authority().is_voided(&letter.reference));
    assert_eq!(sample.authority().check_letter(&made), Ok(()));
    let Some(Event::Voided { statement, .. }) = sample.recorded.last().map(|one| &one.event) else {
        panic!("nothing is voided")
    };
    let said: VoidStatement = records::json::read(&statement.0).unwrap();
    assert_eq!(said.replacement, made);
    // Whoever asks again, after an answer that was lost, makes no third letter.
    assert_eq!(replace(&mut sample, &letter.reference), Err(Code::LetterVoided));
    assert_eq!(sample.count("letter"), 2);
}

#[test]
fn nobody_who_left_gets_another_letter() {
    let (mut sample, letter) = Sample::with_letter();
    sample.done(person(PersonAction::Leave, &letter.person, "", ""), &OFFICERS);
    assert_eq!(replace(&mut sample, &letter.reference), Err(Code::PersonLeft));
    assert_eq!(sample.count("voided"), 0, "one act: what is not made voids nothing");
    void(&mut sample, &letter.reference).unwrap();
}
