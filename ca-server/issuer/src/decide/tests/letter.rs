//! Letters: for people in office, under a profile that is theirs, with a code that only its sheet
//! tells.

use crate::round::Effect;
use crate::sample::Sample;
use crate::sample::operate::{OFFICERS, person};
use records::Code;
use records::letter::LETTER_SECONDS;
use records::order::PersonAction;
use records::rules::Role;
use sha2::{Digest, Sha256};

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

#[test]
fn a_letter_of_staff_opens_nothing_on_pages() {
    let mut sample = Sample::found();
    let id = sample.register("孙核验", "sz-office");
    assert_eq!(refused(&mut sample, &id, "staff"), Some(Code::StateConflict), "no role of staff");
    sample.grant(&id, Role::UnitHandler, "sz-office");
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
