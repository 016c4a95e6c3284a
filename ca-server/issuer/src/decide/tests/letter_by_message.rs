//! Letters of two channels: what the sheet says and what comes by short message ask together, and
//! neither asks alone.

use crate::round::Effect;
use crate::sample::enrol::SampleLetter;
use crate::sample::operate::{SECURITY, profile};
use crate::sample::{Sample, key};
use ca_host::config::WebhookConfig;
use ca_host::operator::OperatorRequest;
use pki::profile::LetterChannel;
use records::Code;
use records::letter::{EnrolmentCode, LetterKeys};
use records::message_code::MessageCode;
use records::record::{Event, LetterStatement};
use records::rules::Role;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// A city whose officials get letters of two channels, with a gateway or without.
fn city(has_gateway: bool) -> Sample {
    let mut sample = Sample::found_real();
    if has_gateway {
        let config = &mut Arc::get_mut(&mut sample.context).unwrap().config;
        let gateway = WebhookConfig { url: "http://127.0.0.1:9".into(), roots: None };
        config.notices.webhook = Some(gateway);
    }
    let OperatorRequest::Profile { content } = profile(2, "") else { unreachable!() };
    let both = "validity_days = 365\nletter_channels = [\"paper\", \"sms\"]";
    let content = content.replace("validity_days = 365", both);
    sample.done(OperatorRequest::Profile { content }, &SECURITY);
    sample
}

/// What goes by short message beside the newest letter.
fn message(sample: &Sample) -> MessageCode {
    match sample.effects.iter().nth_back(1) {
        Some(Effect::MessageCode(_, code)) => MessageCode::clone(code),
        _ => panic!("nothing goes by short message"),
    }
}

/// The letter in the hands of somebody who got this message.
fn with(letter: &SampleLetter, message: &MessageCode) -> SampleLetter {
    SampleLetter {
        reference: letter.reference.clone(),
        person: letter.person.clone(),
        label: letter.label.clone(),
        keys: letter.keys.clone().with_message(message),
    }
}

fn submitted(sample: &mut Sample, letter: &SampleLetter) -> Result<(), Code> {
    let message = sample.submission(letter, &key());
    sample.submit(message).map(drop)
}

#[test]
fn neither_the_paper_nor_the_message_asks_alone() {
    let mut sample = city(true);
    let id = sample.register("李丹", "sz-office");
    let letter = sample.letter(&id, "official");
    let message = message(&sample);
    assert!(sample.authority().letter(&letter.reference).unwrap().by_message);
    assert_eq!(submitted(&mut sample, &letter), Err(Code::BindMismatch), "the paper alone");
    let other = MessageCode::new(&letter.reference, [9; 6]).unwrap();
    let wrong = with(&letter, &other);
    assert_eq!(submitted(&mut sample, &wrong), Err(Code::BindMismatch), "another message");
    let code = EnrolmentCode::new([9; 16]);
    let keys = LetterKeys::derive(&sample.city.founding, &letter.reference, &code);
    let guessed = with(&SampleLetter { keys, ..with(&letter, &message) }, &message);
    assert_eq!(submitted(&mut sample, &guessed), Err(Code::WrongCode), "the message alone");
    assert_eq!(submitted(&mut sample, &with(&letter, &message)), Ok(()));
}

#[test]
fn the_record_says_that_a_code_came_by_two_channels_and_holds_neither_part() {
    let mut sample = city(true);
    let id = sample.register("李丹", "sz-office");
    let letter = sample.ask_letter(&id, "official").unwrap();
    let recorded = sample.recorded.last().unwrap();
    let Event::Letter { statement, .. } = &recorded.event else { panic!("no letter") };
    let said: LetterStatement = records::json::read(&statement.0).unwrap();
    assert_eq!(said.channels, [LetterChannel::Paper, LetterChannel::Sms]);
    let paper = letter.keys.loss_value(&letter.reference);
    assert_eq!(said.loss_sha256.0, Sha256::digest(paper).as_slice(), "the paper reports a loss");
    let Some(Effect::Letter(_, sheet)) = sample.effects.last() else { panic!("no sheet") };
    assert_eq!(sheet.channels, said.channels);
    let (code, text) = (message(&sample).text(), serde_json::to_string(sheet).unwrap());
    let record = String::from_utf8(recorded.write().unwrap()).unwrap();
    for part in [code.clone(), code.replace('-', "")] {
        assert!(!text.contains(&part) && !record.contains(&part));
    }
    assert!(!record.contains(&sheet.code));
    // A letter of paper alone says nothing of channels.
    sample.grant(&id, Role::RegistrationOfficer, "sz-office");
    let letter = sample.letter(&id, "staff");
    assert!(!sample.authority().letter(&letter.reference).unwrap().by_message);
}

#[test]
fn without_a_gateway_no_letter_of_two_channels_is_made() {
    let mut sample = city(false);
    let id = sample.register("李丹", "sz-office");
    assert_eq!(sample.ask_letter(&id, "official").err(), Some(Code::MessageGateway));
    assert_eq!(sample.count("letter"), 0);
    sample.grant(&id, Role::RegistrationOfficer, "sz-office");
    assert!(sample.ask_letter(&id, "staff").is_ok(), "theirs is paper alone");
}

#[test]
fn a_letter_that_is_printed_again_has_another_message() {
    let mut sample = city(true);
    let id = sample.register("李丹", "sz-office");
    let first = sample.letter(&id, "official");
    let old = message(&sample);
    let reference = first.reference.clone();
    sample.operator(OperatorRequest::ReplaceLetter { reference }).unwrap();
    let letter = sample.written_letter();
    let new = message(&sample);
    sample.sequence();
    assert_ne!(new.text(), old.text());
    let read = |text: &str| MessageCode::read(&letter.reference, text).is_ok();
    assert!(read(&new.text()) && !read(&old.text()), "it came with the first");
    assert_eq!(submitted(&mut sample, &with(&first, &old)), Err(Code::LetterVoided));
    assert_eq!(submitted(&mut sample, &with(&letter, &old)), Err(Code::BindMismatch));
    assert_eq!(submitted(&mut sample, &with(&letter, &new)), Ok(()));
}
