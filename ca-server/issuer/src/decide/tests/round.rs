//! Rounds: what is dropped or refused leaves nothing, and one command feels what the one before it
//! took away.

use crate::command::{Command, Reply};
use crate::decide::command::{command, commands as commands_of};
use crate::round::{Effect, Round};
use crate::rows::RowChange;
use crate::sample::operate::{OFFICERS, SECURITY, person, revoke};
use crate::sample::{Sample, key};
use crate::state::PENDING_MAX;
use crate::verify::{VerifiedApproval, VerifiedMachine};
use authority::OrderDigest;
use ca_host::operator::OperatorRequest;
use records::Code;
use records::export::Approved;
use records::order::PersonAction;
use records::record::Event;
use service::Metrics;
use std::collections::BTreeSet;

fn approval(sample: &Sample, order: OrderDigest, name: &str, reply: Reply<Approved>) -> Command {
    let signatures = sample.authority().signatures();
    let verified = VerifiedApproval::verify(sample.city.approval(order, name), signatures);
    let verified = Box::new(verified.unwrap());
    Command::Approve(sample.staff(), sample.officer(name), verified, reply)
}

#[test]
fn a_round_that_is_dropped_leaves_the_state_untouched() {
    let (mut sample, letter, order) = Sample::with_application();
    sample.approved_by(order, &OFFICERS);
    let brake = sample.order(revoke(&sample.person("officer-3"), "keyCompromise"));
    sample.approved_by(brake, &SECURITY);
    let before = sample.state.clone();
    let loaded = sample.rows.load(&before, &[], &[order, brake]);
    let mut random = sample.randomness();
    let time = sample.time();
    let state = sample.state.clone();
    let mut round = Round::new(&sample.context, &loaded, state, time, &mut *random);
    assert!(crate::decide::execute::execute(&mut round, vec![brake, order]).is_none());
    assert!(round.authority().intended_under(&letter.reference).is_some());
    assert_eq!(round.state.pending_count, 2);
    drop(round);
    assert_eq!(sample.state.pending_count, 0);
    assert_eq!(sample.state.size_to_come(), before.size_to_come());
    assert_eq!(sample.state.ready, before.ready);
    assert!(sample.state.issuances.is_empty());
    assert!(sample.authority().intended_under(&letter.reference).is_none());
    assert_eq!((sample.became_of(order), sample.became_of(brake)), (Ok(()), Ok(())));
    // What the dropped one would have done is done by the next.
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.became_of(order), Err(Code::OrderConsumed));
}

#[test]
fn a_round_goes_back_to_its_savepoint() {
    let (mut sample, _, order) = Sample::with_application();
    let approval = sample.city.approval(order, "officer-1");
    let event = Event::Approval { approval, person: sample.person("officer-1"), acting_for: None };
    let before = (sample.recorded.len(), sample.effects.len(), sample.state.pending_count);
    sample.round((&[], &[]), |round| {
        let savepoint = round.savepoint();
        round.record(event.clone(), Vec::new()).unwrap();
        round.change(RowChange::Rewrite);
        round.after(Effect::Policy("policies/x.toml".into(), String::new()));
        assert!(round.state.reported.is_first("once".into()));
        assert_eq!(round.authority().given(order, round.now()).len(), 1);
        round.roll_back(savepoint);
    });
    let after = (sample.recorded.len(), sample.effects.len(), sample.state.pending_count);
    assert_eq!(before, after);
    assert_eq!(sample.rows.rewritten, 0);
    assert!(sample.authority().given(order, sample.city.now).is_empty());
    assert!(sample.state.reported.is_first("once".into()), "nobody was told");
    sample.approve(order, "officer-1").unwrap();
}

#[test]
fn a_refused_command_leaves_its_refusal_and_nothing_else() {
    let (mut sample, _, order) = Sample::with_application();
    let (rows, effects) = (sample.rows.orders.len(), sample.effects.len());
    let id = sample.person("officer-3");
    let letter = OperatorRequest::Letter { person: id, profile: "nothing".into() };
    assert_eq!(sample.operator(letter).unwrap_err(), Code::UnknownProfile);
    assert_eq!(sample.approve(order, "officer-3"), Err(Code::ApproverScope));
    let kinds: Vec<_> = sample.recorded.iter().rev().map(|record| record.event.kind()).collect();
    assert_eq!(kinds[..3], ["refusal", "refusal", "application"]);
    assert_eq!((sample.rows.orders.len(), sample.effects.len()), (rows, effects));
    assert_eq!(sample.became_of(order), Ok(()));
}

#[test]
fn one_command_feels_the_one_before_it() {
    let (mut sample, _, order) = Sample::with_application();
    let (replies, mut told): (Vec<_>, Vec<_>) = (0..3).map(|_| Reply::open()).unzip();
    let names = ["officer-1", "officer-1", "officer-2"];
    let commands: Vec<Command> = names
        .into_iter()
        .zip(replies)
        .map(|(name, reply)| approval(&sample, order, name, reply))
        .collect();
    let metrics = Metrics::default();
    let answers: Vec<_> = sample.round((&commands, &[]), |round| {
        commands.iter().map(|one| command(round, one, &metrics)).collect()
    });
    assert!(told[0].try_recv().is_err(), "nobody is answered before the commit");
    answers.into_iter().for_each(|answer| answer(7));
    let told: Vec<_> = told
        .iter_mut()
        .map(|told| told.try_recv().unwrap().map_err(|error| error.code()))
        .collect();
    assert_eq!(told[0].as_ref().unwrap().value.approvals, 1);
    assert_eq!(told[0].as_ref().unwrap().settled_at, 7);
    assert_eq!(told[1].as_ref().unwrap_err(), &Code::ApproverTwice);
    assert_eq!(told[2].as_ref().unwrap().value.approvals, 2);
    assert_eq!((sample.count("approval"), sample.refusals().len()), (2 + 2, 1));
}

/// A log that stands still fills no disk: at the cap only brakes are recorded, and nothing about
/// what is refused.
#[test]
fn only_brakes_are_recorded_once_too_much_waits_for_the_tree() {
    let (mut sample, _, order) = Sample::with_application();
    let (_, certificate) = sample.official("李丹");
    let serial = certificate.serial().to_string();
    sample.sequence();
    sample.state.pending_count = PENDING_MAX - 1;
    assert!(sample.state.waiting_told().starts_with("nearly full"));
    sample.approve(order, "officer-1").unwrap();
    assert!(sample.state.waiting_told().starts_with("full"));
    let recorded = sample.recorded.len();
    assert_eq!(sample.approve(order, "officer-2"), Err(Code::LogBehind));
    let create = person(PersonAction::Create, "", "王小明", "sz-office");
    assert_eq!(sample.operator(create).unwrap_err(), Code::LogBehind);
    assert_eq!(sample.recorded.len(), recorded, "refusals are no records either");
    sample.asks("officer-1", &serial, "keyCompromise").unwrap();
    sample.approved_by(sample.newest_order(), &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&serial));
    // The log goes on.
    sample.state.pending_count = 0;
    assert!(sample.state.waiting_told().is_empty());
    sample.approve(order, "officer-2").unwrap();
}

/// A disk that takes no letter keeps no brake's answer, and nobody's but that of the letter.
#[test]
fn a_letter_that_cannot_be_written_takes_its_own_answer_only() {
    let (mut sample, _, order) = Sample::with_application();
    let letters = || {
        let letter =
            OperatorRequest::Letter { person: sample.person("officer-3"), profile: "staff".into() };
        let (reply, told) = Reply::open();
        (Command::Operator(Box::new(letter), "operator:0".into(), reply), told)
    };
    let ((first, mut first_told), (second, mut second_told)) = (letters(), letters());
    let (reply, mut approved) = Reply::open();
    let commands = [first, approval(&sample, order, "officer-1", reply), second];
    let before = sample.effects.len();
    let metrics = Metrics::default();
    let answers =
        sample.round((&commands, &[]), |round| commands_of(round, &commands, &metrics, || true));
    assert_eq!(sample.effects.len(), before + 2);
    answers.into_iter().for_each(|answer| answer.send(7, &BTreeSet::from([0])));
    assert!(first_told.try_recv().is_err(), "nobody says that there is a letter");
    assert_eq!(approved.try_recv().unwrap().unwrap().value.approvals, 1);
    assert!(second_told.try_recv().unwrap().is_ok());
}

#[test]
fn a_row_that_says_what_nobody_signed_is_told_once() {
    let mut sample = Sample::found();
    for _ in 0..2 {
        let told = sample.decide(|reply| Command::Alarm("person 李丹".into(), reply));
        assert_eq!(told, Ok(()));
    }
    assert_eq!(sample.refusals(), [("decide", "person 李丹", Code::UnsignedAuthority)]);
}

#[test]
fn a_record_without_effect_is_told_once() {
    let (mut sample, _, order) = Sample::with_application();
    let mut approval = sample.city.approval(order, "officer-1");
    approval.signature.0[10] ^= 1;
    let person = sample.person("officer-1");
    sample.notice(Event::Approval { approval, person, acting_for: None });
    sample.sequence();
    let [(about, code)] = &sample.unsigned[..] else { panic!("{:?}", sample.unsigned) };
    let (about, again) = (format!("{about} ({code})"), sample.unsigned.clone());
    sample.sign();
    sample.unsigned = again;
    sample.sign();
    assert_eq!(sample.refusals(), [("follow", about.as_str(), Code::UnsignedAuthority)]);
    assert_eq!(sample.authority().open_order(&order.0).unwrap().approvals.len(), 0);
}

#[test]
fn brakes_are_known_as_such() {
    let mut sample = Sample::found();
    let is_brake = |request| {
        let (reply, _) = Reply::open();
        Command::Operator(Box::new(request), "operator:0".into(), reply).is_brake(None)
    };
    assert!(is_brake(revoke(&sample.person("officer-1"), "keyCompromise")));
    assert!(!is_brake(person(PersonAction::Create, "", "李丹", "sz-office")));
    assert!(is_brake(person(PersonAction::Leave, &sample.person("officer-1"), "", "")));
    let (reply, _) = Reply::open();
    let renewal = sample.city.clone().renewal(None, &key());
    let renewal = VerifiedMachine::using(renewal, sample.authority(), sample.city.now);
    let renewal = Box::new(renewal);
    assert!(!Command::Renew(sample.public(), renewal, reply).is_brake(None));

    // An approval is one if its order is.
    let (_, certificate) = sample.official("李丹");
    sample.revoke("officer-1", &certificate.serial().to_string(), "keyCompromise").unwrap();
    let revocation = sample.newest_order();
    sample.operator(person(PersonAction::Create, "", "王小明", "sz-office")).unwrap();
    let registration = sample.newest_order();
    for (order, brakes) in [(revocation, true), (registration, false)] {
        let (reply, _) = Reply::open();
        let command = approval(&sample, order, "officer-2", reply);
        assert_eq!(command.is_brake(Some(sample.authority())), brakes);
    }
}
