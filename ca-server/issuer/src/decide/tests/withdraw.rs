//! Taking back what was drafted by mistake: whoever drafted it does, and nobody else; nobody takes
//! a brake back.

use crate::sample::Sample;
use crate::sample::operate::{OFFICERS, person, revoke};
use authority::OrderDigest;
use ca_host::operator::OperatorRequest;
use records::order::PersonAction::Create;
use records::record::Event;
use records::rules::Role;
use records::withdrawal::{WithdrawalStatement, WithdrawalTarget, WithdrawnStatement};
use records::{Bytes, Code, json};

const NEW: &str = "0000000000000AA1";

fn drafted(sample: &mut Sample) -> OrderDigest {
    sample.drafts("handler", (Create, NEW), ("陈一", "sz-office")).unwrap();
    sample.sequence();
    sample.newest_order()
}

#[test]
fn whoever_drafted_an_order_takes_it_back_and_nobody_else() {
    let mut sample = Sample::with_handler();
    sample.appoint("other", Role::UnitHandler, "sz-office");
    let order = drafted(&mut sample);
    for name in ["other", "officer-1", "security-1"] {
        assert_eq!(sample.withdraws(name, order), Err(Code::NotDrafter), "{name}");
    }
    let lent = sample.withdrawal("handler", WithdrawalTarget::Order { order: order.into() });
    let told = sample.bring_withdrawal("other", lent);
    assert_eq!(told, Err(Code::ApprovalSignature));
    let operator = sample.operator(OperatorRequest::Withdraw { order: order.into() });
    assert_eq!(operator.unwrap_err(), Code::NotDrafter, "nor does an operator");
    sample.approve(order, "officer-1").unwrap();
    let told = sample.withdraws("handler", order).unwrap();
    assert_eq!(told.name, sample.order_id(order));
    assert_eq!(sample.approve(order, "officer-2"), Err(Code::OrderWithdrawn), "felt at once");
    assert_eq!(sample.withdraws("handler", order), Err(Code::OrderWithdrawn));
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    assert_eq!(sample.became_of(order), Err(Code::OrderWithdrawn));
    assert_eq!(sample.rows.order_states.get(&order), Some(&"withdrawn"));
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().person(NEW).is_none());
}

#[test]
fn a_withdrawal_is_recorded_as_it_was_signed() {
    let mut sample = Sample::with_handler();
    let order = drafted(&mut sample);
    sample.withdraws("handler", order).unwrap();
    let Event::Withdrawn { statement, .. } = &sample.recorded.last().unwrap().event else {
        panic!("it is recorded")
    };
    let read: WithdrawnStatement = json::read(&statement.0).unwrap();
    assert_eq!(read.drafter, format!("person:{}", sample.person("handler")));
    let signed = read.withdrawal.unwrap();
    assert_eq!(signed.certificate.0, sample.city.officer("handler").certificate.der());
    // A record that lacks the person's signature has no effect.
    let order = {
        sample.drafts("handler", (Create, "0000000000000AA2"), ("陈二", "sz-office")).unwrap();
        sample.sequence();
        sample.newest_order()
    };
    let bare = WithdrawnStatement {
        v: 1,
        order: order.into(),
        drafter: format!("person:{}", sample.person("handler")),
        withdrawal: None,
    };
    let statement = json::write(&bare).unwrap();
    let registry = &sample.city.keys.registry;
    let signature = records::label::Label::Withdrawn.sign(registry, &statement).unwrap();
    let (statement, signature) = (statement.into(), signature.into());
    sample.notice(Event::Withdrawn { statement, signature });
    assert_eq!(sample.became_of(order), Ok(()));
}

#[test]
fn an_operator_takes_back_their_own_orders() {
    let mut sample = Sample::with_handler();
    let order = sample.order(person(Create, "", "陈一", "sz-office"));
    assert_eq!(sample.withdraws("handler", order), Err(Code::NotDrafter));
    let withdraw = || OperatorRequest::Withdraw { order: order.into() };
    assert_eq!(sample.operator_as("operator:7", withdraw()).unwrap_err(), Code::NotDrafter);
    let told = sample.operator(withdraw()).unwrap();
    assert_eq!(told.withdrawn, sample.order_id(order));
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    assert_eq!(sample.became_of(order), Err(Code::OrderWithdrawn));
    // An order to revoke is a brake.
    let (letter, _) = sample.official("李丹");
    let order = sample.order(revoke(&letter.person, "superseded"));
    let told = sample.operator(OperatorRequest::Withdraw { order: order.into() });
    assert_eq!(told.unwrap_err(), Code::StateConflict);
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
}

#[test]
fn a_handler_takes_back_a_letter_from_which_nothing_came() {
    let mut sample = Sample::with_handler();
    sample.appoint("other", Role::UnitHandler, "sz-office");
    let person = sample.register("李丹", "sz-office");
    let made = sample.drafts_letter("handler", &person).unwrap();
    let letter = sample.written_letter();
    let what = || WithdrawalTarget::Letter { reference: made.letter.clone() };
    let early = sample.withdrawal("handler", what());
    assert_eq!(sample.bring_withdrawal("handler", early), Err(Code::LogBehind));
    let nothing = WithdrawalTarget::Letter { reference: "0".repeat(16) };
    let told = sample.bring_withdrawal("handler", sample.withdrawal("handler", nothing));
    assert_eq!(told, Err(Code::NotFound));
    sample.sequence();
    let others = sample.withdrawal("other", what());
    assert_eq!(sample.bring_withdrawal("other", others), Err(Code::NotDrafter));
    let own = sample.withdrawal("handler", what());
    assert_eq!(sample.bring_withdrawal("handler", own.clone()).unwrap().name, made.letter);
    assert!(sample.authority().is_voided(&made.letter), "felt at once");
    sample.bring_withdrawal("handler", own).unwrap();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    let told = sample.submit(sample.submission(&letter, &crate::sample::key()));
    assert_eq!(told.unwrap_err(), Code::LetterVoided);
    // An operator's letter is none of theirs, and a used one is revoked instead.
    let letter = sample.letter(&person, "official");
    let what = WithdrawalTarget::Letter { reference: letter.reference.clone() };
    let told = sample.bring_withdrawal("handler", sample.withdrawal("handler", what));
    assert_eq!(told, Err(Code::NotDrafter));
    let second = sample.register("王小红", "sz-office");
    let made = sample.drafts_letter("handler", &second).unwrap();
    let letter = sample.written_letter();
    sample.sequence();
    sample.certify(&letter, &crate::sample::key());
    let what = WithdrawalTarget::Letter { reference: made.letter };
    let told = sample.bring_withdrawal("handler", sample.withdrawal("handler", what));
    assert_eq!(told, Err(Code::CodeUsed));
}

#[test]
fn a_withdrawal_of_another_city_takes_nothing_back() {
    let mut sample = Sample::with_handler();
    let order = drafted(&mut sample);
    let officer = sample.city.officer("handler").clone();
    let what = WithdrawalTarget::Order { order: order.into() };
    let said = WithdrawalStatement { v: 1, founding: [9; 32].into(), what };
    let bytes = Bytes(json::write(&said).unwrap());
    let withdrawal =
        records::withdrawal::Withdrawal::sign(bytes, &officer.certificate, &*officer.signer);
    let told = sample.bring_withdrawal("handler", withdrawal.unwrap());
    assert_eq!(told, Err(Code::ApprovalSignature));
}
