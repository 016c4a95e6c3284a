//! From an intent to a certificate, and what becomes of an intent that was stopped or left behind.

use crate::decide::abandon;
use crate::sample::enrol::SampleLetter;
use crate::sample::operate::{OFFICERS, SECURITY, evidence, person, profile};
use crate::sample::{Sample, key};
use authority::Serial;
use ca_host::operator::OperatorRequest;
use keys::SoftwareSigner;
use pki::Signer;
use records::Code;
use records::order::PersonAction;
use records::record::Event;

/// A city in which the tree holds an intent that nobody signed.
fn with_intent(own: &SoftwareSigner) -> (Sample, SampleLetter, Serial) {
    let (mut sample, letter) = Sample::with_letter();
    let order = sample.applied(&letter, own);
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    let serial = sample.authority().serials_of(&letter.person)[0];
    (sample, letter, serial)
}

#[test]
fn a_certificate_says_what_was_approved() {
    let mut sample = Sample::found();
    let wanted = OperatorRequest::Person {
        action: PersonAction::Create,
        person: String::new(),
        name: "李丹".into(),
        mail: "lidan@example.org".into(),
        unit: "sz-office".into(),
        evidence: evidence(),
    };
    let id = sample.operator(wanted).unwrap().person;
    sample.sequence();
    let order = sample.newest_order();
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    let (letter, own) = (sample.letter(&id, "official"), key());
    let certificate = sample.certify(&letter, &own);
    let subject = certificate.subject();
    assert_eq!(subject.common_name().as_deref(), Some("李丹"));
    assert_eq!(subject.person(), Some(id.as_str()));
    assert_eq!(certificate.key().spki(), own.public_key().spki());
    let mail = certificate.extension(pki::oid::SUBJECT_ALT_NAME).unwrap();
    assert!(mail.windows(17).any(|window| window == b"lidan@example.org"));
    assert!(certificate.is_signed_by(sample.context.issuing_certificate.key()));
    let serial = certificate.serial().to_string();
    let held = sample.authority().held(&serial).unwrap();
    assert_eq!(held.sha256, Some(certificate.sha256()));
    assert!(sample.state.issuances.is_empty() && sample.state.signing.is_empty());
    assert_eq!(sample.rows.intent_states[&Serial::read(&serial).unwrap()], "done");
}

/// A hand lays a record into the queue that names the serial number of an intent: what was signed
/// is recorded and kept all the same, and collected.
#[test]
fn no_result_of_a_hand_takes_the_place_of_a_certificate() {
    let own = key();
    let (mut sample, letter, serial) = with_intent(&own);
    let under = sample.authority().intent(&serial.to_string()).unwrap().under;
    let claim = |under: [u8; 32], subject: &str, profile: &str| Event::Issued {
        under: under.into(),
        serial: serial.to_string(),
        subject: subject.into(),
        profile: profile.into(),
        key_sha256: own.public_key().sha256().into(),
        not_after: "2027-01-01T00:00:00Z".into(),
        sha256: [2; 32].into(),
        certificate: [3; 32].into(),
    };
    let person = letter.person.as_str();
    let claims =
        [([1; 32], person, "official"), (under, "somebody", "official"), (under, person, "staff")];
    for (under, subject, profile) in claims {
        sample.notice(claim(under, subject, profile));
    }
    let signed = sample.sign();
    sample.sequence();
    let held = sample.authority().held(&serial.to_string()).unwrap();
    assert_eq!((signed.len(), held.sha256), (1, Some(signed[0].sha256())));
    assert_eq!(sample.unsigned.len(), claims.len());
}

#[test]
fn a_certificate_lives_as_its_profile_says() {
    let mut sample = Sample::found();
    let OperatorRequest::Profile { content } = profile(2, "") else { unreachable!() };
    let content = content.replace("validity_days = 365", "validity_days = 180");
    sample.done(OperatorRequest::Profile { content }, &SECURITY);
    let (_, certificate) = sample.official("李丹");
    assert_eq!(certificate.not_after() - certificate.not_before(), 180 * 86_400 - 1);
}

#[test]
fn nothing_is_signed_before_the_tree_holds_its_intent() {
    let (mut sample, _, order) = Sample::with_application();
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.sign().is_empty(), "recorded is not enough");
    sample.sequence();
    assert_eq!(sample.sign().len(), 1);
    assert!(sample.sign().is_empty(), "nothing is signed twice");
    sample.sequence();
    assert!(sample.sign().is_empty());
    assert_eq!(sample.count("issued"), 1);
}

#[test]
fn a_loss_in_between_stops_the_signature() {
    let (mut sample, letter, serial) = with_intent(&key());
    sample.lose(&letter);
    assert!(sample.sign().is_empty());
    assert_eq!(sample.rows.intent_states[&serial], "abandoned");
    sample.sequence();
    assert!(sample.authority().is_revoked(&serial.to_string()));
    let again = sample.submission(&letter, &key());
    assert_eq!(sample.submit(again), Err(Code::LetterLost), "the letter stays lost");
}

#[test]
fn who_left_in_between_gets_nothing() {
    let (mut sample, letter, serial) = with_intent(&key());
    sample.done(person(PersonAction::Leave, &letter.person, "", ""), &OFFICERS);
    assert!(sample.sign().is_empty());
    assert!(sample.authority().is_revoked(&serial.to_string()));
}

#[test]
fn a_clock_that_moved_lets_intents_wait() {
    let (mut sample, _, _) = with_intent(&key());
    sample.clock = Err(Code::ClockMoved);
    assert!(sample.sign().is_empty());
    sample.clock = Ok(());
    assert_eq!(sample.sign().len(), 1);
}

#[test]
fn what_a_crash_left_is_revoked_and_its_letter_is_free() {
    let own = key();
    let (mut sample, letter, serial) = with_intent(&own);
    sample.settle_left_behind(serial);
    assert_eq!(sample.rows.intent_states[&serial], "abandoned");
    let by_crash = |record: &records::Record| matches!(&record.event, Event::Revoked { .. });
    assert!(sample.recorded.last().is_some_and(by_crash));
    assert!(sample.authority().is_revoked(&serial.to_string()), "recorded is enough");
    let early = sample.submission(&letter, &own);
    assert_eq!(sample.submit(early), Err(Code::CodeUsed), "what is given back waits for the tree");
    sample.sequence();
    let order = sample.applied(&letter, &own);
    sample.approved_by(order, &OFFICERS);
    let certificate = sample.issue();
    assert_ne!(certificate.serial().to_string(), serial.to_string());
}

#[test]
fn what_has_its_result_is_not_left_behind() {
    let (mut sample, _, serial) = with_intent(&key());
    assert_eq!(sample.sign().len(), 1);
    let before = sample.recorded.len();
    sample.settle_left_behind(serial);
    assert_eq!(sample.recorded.len(), before, "its result is recorded");
    sample.sequence();
    sample.settle_left_behind(serial);
    assert_eq!(sample.recorded.len(), before);
    assert!(!sample.authority().is_revoked(&serial.to_string()));
}

#[test]
fn what_was_revoked_already_is_given_up_in_silence() {
    let (mut sample, letter, serial) = with_intent(&key());
    sample.lose(&letter);
    sample.sequence();
    let before = sample.recorded.len();
    sample.round((&[], &[]), |round| abandon::abandon(round, serial)).unwrap();
    assert_eq!(sample.recorded.len(), before);
    assert_eq!(sample.rows.intent_states[&serial], "abandoned");
}
