//! Applications: the letter, its code, a challenge, a key of one's own; then the CA makes the
//! order.

use crate::command::Command;
use crate::sample::act::caller;
use crate::sample::enrol::SampleLetter;
use crate::sample::operate::{OFFICERS, person, profile};
use crate::sample::{Sample, key};
use crate::state::DRAFTS_MAX;
use crate::verify::VerifiedSubmission;
use pki::Signer;
use records::enrolment::{RequestSubmission, Stage};
use records::letter::{CHALLENGE_SECONDS, LETTER_SECONDS, bind};
use records::order::{Body, PersonAction};
use records::rules::Role;
use records::{Bytes, Code};

/// A message that differs in something.
pub(super) fn changed(
    sample: &Sample,
    letter: &SampleLetter,
    change: impl FnOnce(&mut RequestSubmission),
) -> RequestSubmission {
    let mut message = sample.submission(letter, &key());
    change(&mut message);
    message
}

#[test]
fn an_application_becomes_an_order() {
    let (mut sample, letter) = Sample::with_letter();
    let own = key();
    let stage = sample.submit(sample.submission(&letter, &own)).unwrap();
    let order = sample.newest_order();
    let Stage::Awaiting { approvals: 0, needed: 2, order: id, .. } = stage else {
        panic!("{stage:?}")
    };
    assert_eq!(id, sample.order_id(order));
    let (read, body) = sample.authority().open(order, sample.city.now).unwrap();
    let Body::Issue(issue) = &*body else { panic!("{body:?}") };
    assert_eq!(read.drafter, format!("letter:{}", letter.reference));
    assert_eq!(issue.person, letter.person);
    assert_eq!(issue.key.0, own.public_key().spki());
    assert_eq!(issue.subject.ou, ["shangzhou", "sz-office"]);
    assert_eq!(sample.rows.titles[&order], ("李丹 · sz-office".to_owned(), ""));
    assert_eq!((sample.count("application"), sample.count("order")), (1, 2));
}

/// A code of 128 bits needs no lock, and a lock would be the attacker's: references are no secret.
#[test]
fn wrong_keys_close_no_letter() {
    let (mut sample, letter) = Sample::with_letter();
    let wrong = |sample: &mut Sample| {
        let message = changed(sample, &letter, |message| message.key = Bytes(vec![7; 32]));
        sample.submit(message)
    };
    let (caller, reference) = (sample.public(), letter.reference.clone());
    let look_up = |reply| Command::WrongKey(caller, reference.clone(), reply);
    for _ in 0..20 {
        assert_eq!(sample.decide(look_up), Err(Code::WrongCode), "at the look-up");
        assert_eq!(wrong(&mut sample), Err(Code::WrongCode), "at the submission");
    }
    sample.applied(&letter, &key());
}

/// Who knows a reference and not the key takes no place of whose letter it is.
#[test]
fn who_shows_no_key_has_no_turn_of_the_letter() {
    let (sample, letter) = Sample::with_letter();
    let about = |message: RequestSubmission| {
        let reference = message.reference.clone();
        let signatures = sample.authority().signatures();
        let verified = VerifiedSubmission::verify(message, reference, signatures).unwrap();
        verified.in_turn(sample.authority()).about().to_owned()
    };
    assert_eq!(about(sample.submission(&letter, &key())), letter.reference);
    let wrong = changed(&sample, &letter, |message| message.key = Bytes(vec![7; 32]));
    assert_eq!(about(wrong), "/submit");
    let other = changed(&sample, &letter, |message| message.reference = "0000000000000000".into());
    assert_eq!(about(other), "/submit");
}

#[test]
fn refusals_of_a_kind_are_recorded_at_once_and_then_each_minute_together() {
    let (mut sample, letter) = Sample::with_letter();
    let caller = sample.public();
    let wrong = |sample: &mut Sample| {
        let reference = letter.reference.clone();
        let told = sample.decide(|reply| Command::WrongKey(caller, reference, reply));
        assert_eq!(told, Err(Code::WrongCode));
    };
    (0..1_000).for_each(|_| wrong(&mut sample));
    let first = ("look-up", letter.reference.as_str(), Code::WrongCode, 1);
    assert_eq!(sample.counted_refusals(), [first], "a thousand are one record");
    sample.pass(60);
    sample.sum_up();
    let others = ("look-up", letter.reference.as_str(), Code::WrongCode, 999);
    assert_eq!(sample.counted_refusals(), [first, others]);
    wrong(&mut sample);
    assert_eq!(sample.counted_refusals().len(), 2, "what goes on is counted on");
    sample.pass(120);
    sample.sum_up();
    sample.pass(60);
    sample.sum_up();
    wrong(&mut sample);
    assert_eq!(sample.counted_refusals()[2..], [(first.0, first.1, first.2, 1); 2]);
}

#[test]
fn many_kinds_of_refusals_are_told_apart_up_to_a_bound() {
    let mut sample = Sample::found();
    let person = sample.register("李丹", "sz-office");
    let letters: Vec<String> =
        (0..70).map(|_| sample.letter(&person, "official").reference).collect();
    let caller = sample.public();
    for reference in &letters {
        let told = sample.decide(|reply| Command::WrongKey(caller, reference.clone(), reply));
        assert_eq!(told, Err(Code::WrongCode));
    }
    assert_eq!(sample.refusals().len(), 61, "sixty say about what, one stands for all others");
    assert_eq!(sample.refusals()[60], ("look-up", "", Code::WrongCode));
    sample.pass(60);
    sample.sum_up();
    assert_eq!(sample.counted_refusals()[61], ("look-up", "", Code::WrongCode, 9));
}

#[test]
fn a_letter_has_so_many_applications_an_hour() {
    let (mut sample, letter) = Sample::with_letter();
    for _ in 0..DRAFTS_MAX {
        let message = sample.submission(&letter, &key());
        sample.submit(message).unwrap();
        sample.sequence();
    }
    let one_more = sample.submission(&letter, &key());
    assert_eq!(sample.submit(one_more), Err(Code::TooManyTries));
    sample.pass(3_600);
    sample.applied(&letter, &key());
}

#[test]
fn a_stranger_is_refused_before_anything_is_looked_at() {
    let (mut sample, letter) = Sample::with_letter();
    let stranger = caller(&key(), "portal-public");
    let reference = letter.reference.clone();
    let told = sample.decide(|reply| Command::WrongKey(stranger, reference, reply));
    assert_eq!(told, Err(Code::PortalUnknown));
    sample.applied(&letter, &key());
}

#[test]
fn a_letter_that_does_not_exist_leaves_no_trace() {
    let (mut sample, letter) = Sample::with_letter();
    let reference = "0123456789ABCDEF".to_owned();
    let message = changed(&sample, &letter, |message| message.reference = reference);
    let before = sample.recorded.len();
    assert_eq!(sample.submit(message), Err(Code::WrongCode));
    assert_eq!(sample.recorded.len(), before);
}

#[test]
fn a_letter_is_used_once() {
    let (mut sample, letter, order) = Sample::with_application();
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    let again = sample.submission(&letter, &key());
    assert_eq!(sample.submit(again), Err(Code::CodeUsed), "an intent is enough");
    sample.sequence();
    let again = sample.submission(&letter, &key());
    assert_eq!(sample.submit(again), Err(Code::CodeUsed));
}

#[test]
fn a_newer_application_takes_the_place_of_the_older() {
    let (mut sample, letter) = Sample::with_letter();
    sample.submit(sample.submission(&letter, &key())).unwrap();
    let first = sample.newest_order();
    sample.submit(sample.submission(&letter, &key())).unwrap();
    let second = sample.newest_order();
    assert_eq!(sample.became_of(first), Err(Code::OrderCancelled), "not yet in the tree");
    assert_eq!(sample.rows.order_states[&first], "cancelled");
    sample.sequence();
    assert_eq!(sample.became_of(first), Err(Code::OrderCancelled));
    assert_eq!(sample.became_of(second), Ok(()));
}

#[test]
fn a_lost_letter_opens_nothing() {
    let (mut sample, letter) = Sample::with_letter();
    let other = sample.letter(&letter.person, "official");
    sample.lose(&letter);
    let message = sample.submission(&letter, &key());
    assert_eq!(sample.submit(message), Err(Code::LetterLost), "recorded is enough");
    sample.sequence();
    let message = sample.submission(&letter, &key());
    assert_eq!(sample.submit(message), Err(Code::LetterLost));
    sample.applied(&other, &key());
}

#[test]
fn a_letter_is_good_for_a_week() {
    let (mut sample, letter) = Sample::with_letter();
    sample.pass(LETTER_SECONDS);
    sample.applied(&letter, &key());
    sample.pass(1);
    let late = sample.submission(&letter, &key());
    assert_eq!(sample.submit(late), Err(Code::CodeExpired));
}

#[test]
fn a_staff_code_works_in_the_command_line_only() {
    let mut sample = Sample::found();
    let person = sample.register("孙核验", "sz-office");
    sample.grant(&person, Role::RegistrationOfficer, "shangzhou");
    let letter = sample.letter(&person, "staff");
    assert_eq!(letter.label, "cli");
    let page = changed(&sample, &letter, |message| message.label = "page".into());
    assert_eq!(sample.submit(page), Err(Code::LabelNotAllowed));
    sample.applied(&letter, &key());
}

#[test]
fn a_code_of_an_official_works_on_pages_with_its_own_bind() {
    let (mut sample, letter) = Sample::with_letter();
    assert_eq!(letter.label, "page");
    let secret = *letter.keys.bind_key("page").unwrap();
    let crossed = changed(&sample, &letter, |message| message.label = "page".into());
    assert_eq!(sample.submit(crossed), Err(Code::BindMismatch), "bound for the command line");
    let unknown = changed(&sample, &letter, |message| message.label = "fax".into());
    assert_eq!(sample.submit(unknown), Err(Code::Malformed));
    let page = changed(&sample, &letter, |message| {
        message.label = "page".into();
        message.bind = bind(&secret, &message.challenge.0, &message.request.0).into();
    });
    sample.submit(page).unwrap();
}

#[test]
fn a_challenge_is_used_once_whatever_becomes_of_it() {
    let (mut sample, letter) = Sample::with_letter();
    let message = sample.submission(&letter, &key());
    sample.submit(message.clone()).unwrap();
    assert_eq!(sample.submit(message.clone()), Err(Code::ChallengeUsed), "not yet in the tree");
    sample.sequence();
    assert_eq!(sample.submit(message), Err(Code::ChallengeUsed));
    let bent = changed(&sample, &letter, |message| message.bind.0[0] ^= 1);
    assert_eq!(sample.submit(bent.clone()), Err(Code::BindMismatch));
    let mut mended = bent;
    mended.bind.0[0] ^= 1;
    assert_eq!(sample.submit(mended), Err(Code::ChallengeUsed), "a refused one uses it up as well");
}

#[test]
fn a_challenge_is_of_its_letter_and_of_a_day() {
    let (mut sample, letter) = Sample::with_letter();
    let other = sample.letter(&letter.person, "official");
    let foreign = sample.challenge(&other);
    let message = changed(&sample, &letter, |message| message.challenge = foreign);
    assert_eq!(sample.submit(message), Err(Code::ChallengeUsed));
    let made_up = changed(&sample, &letter, |message| message.challenge = Bytes(vec![7; 16]));
    assert_eq!(sample.submit(made_up), Err(Code::ChallengeUsed));
    let early = sample.submission(&letter, &key());
    let late = sample.submission(&letter, &key());
    sample.pass(CHALLENGE_SECONDS);
    sample.submit(early).unwrap();
    sample.pass(1);
    assert_eq!(sample.submit(late), Err(Code::ChallengeUsed));
}

#[test]
fn an_application_comes_over_a_registered_portals_public_process() {
    let (mut sample, letter) = Sample::with_letter();
    let message = sample.submission(&letter, &key());
    let stranger = caller(&key(), "portal-public");
    let told = sample.submit_by(stranger, message.clone());
    assert_eq!(told, Err(Code::PortalUnknown));
    let staff = caller(&sample.city.keys.staff, "portal-public");
    let message = sample.submission(&letter, &key());
    assert_eq!(sample.submit_by(staff, message), Err(Code::NotYourRoute));
    sample.applied(&letter, &key());
}

#[test]
fn whoever_left_applies_no_more() {
    let (mut sample, letter) = Sample::with_letter();
    sample.done(person(PersonAction::Leave, &letter.person, "", ""), &OFFICERS);
    let message = sample.submission(&letter, &key());
    assert_eq!(sample.submit(message), Err(Code::PersonLeft));
}

#[test]
fn an_application_waits_for_a_clock_that_is_right() {
    let (mut sample, letter) = Sample::with_letter();
    sample.clock = Err(Code::ClockMoved);
    let message = sample.submission(&letter, &key());
    let before = sample.recorded.len();
    assert_eq!(sample.submit(message), Err(Code::ClockMoved));
    assert_eq!(sample.recorded.len(), before, "our own fault is nobody's refusal");
    sample.clock = Ok(());
    sample.applied(&letter, &key());
}

#[test]
fn rows_that_nobody_signed_open_nothing() {
    let (mut sample, letter) = Sample::with_letter();
    let other = sample.letter(&letter.person, "official");
    let kept = sample.rows.sealed[&letter.reference].clone();
    let theirs = sample.rows.sealed[&other.reference].clone();
    sample.rows.sealed.insert(letter.reference.clone(), theirs);
    let message = sample.submission(&letter, &key());
    assert_eq!(sample.submit(message), Err(Code::UnsignedAuthority), "of another letter");
    sample.rows.sealed.insert(letter.reference.clone(), kept);
    let name = sample.rows.people.get_mut(&letter.person).unwrap();
    name[0].value = "王大明".into();
    let message = sample.submission(&letter, &key());
    assert_eq!(sample.submit(message), Err(Code::UnsignedAuthority), "a name that nobody approved");
    sample.rows.people.get_mut(&letter.person).unwrap()[0].value = "李丹".into();
    sample.applied(&letter, &key());
}

#[test]
fn a_new_name_or_unit_needs_a_look() {
    let (mut sample, letter) = Sample::with_letter();
    sample.certify(&letter, &key());
    let again = sample.letter(&letter.person, "official");
    let order = sample.applied(&again, &key());
    assert_eq!(sample.rows.titles[&order].1, "", "the same as before");
    let renamed = person(PersonAction::Move, &letter.person, "李丹丹", "");
    sample.done(renamed, &OFFICERS);
    let order = sample.applied(&again, &key());
    assert_eq!(sample.rows.titles[&order].1, "differs");
}

#[test]
fn an_application_is_made_under_the_profile_in_force() {
    let (mut sample, letter, first) = Sample::with_application();
    sample.done(profile(2, ""), &["security-1", "security-2"]);
    let order = sample.applied(&letter, &key());
    let (_, body) = sample.authority().open(order, sample.city.now).unwrap();
    let Body::Issue(issue) = &*body else { panic!("{body:?}") };
    assert_eq!(issue.profile.version, 2);
    assert_eq!(sample.became_of(first), Err(Code::OrderCancelled));
}
