//! Declining: whoever may approve sends an order back or ends it, alone, with a reason; a brake is
//! released by nobody.

use crate::sample::act::caller;
use crate::sample::operate::{OFFICERS, person, revoke};
use crate::sample::{Sample, key};
use crate::verify::VerifiedDecline;
use authority::OrderDigest;
use records::Code;
use records::approval::approval_challenge;
use records::decline::{Decline, DeclineSubmission, Outcome};
use records::order::{ORDER_SECONDS, PersonAction};

const RETURNED: (Outcome, &str) = (Outcome::Returned, "登记的单位不对");

#[test]
fn what_is_sent_back_may_be_mended() {
    let (mut sample, letter, order) = Sample::with_application();
    sample.approve(order, "officer-1").unwrap();
    let declined = sample.decline(order, "officer-2", Outcome::Returned).unwrap();
    assert_eq!((declined.order, declined.outcome), (sample.order_id(order), Outcome::Returned));
    assert_eq!(sample.approve(order, "security-1"), Err(Code::OrderReturned), "felt at once");
    assert_eq!(sample.rows.order_states.get(&order), Some(&"returned"));
    sample.sequence();
    assert_eq!(sample.approve(order, "security-1"), Err(Code::OrderReturned));
    let again = sample.decline(order, "officer-2", Outcome::Rejected);
    assert_eq!(again, Err(Code::OrderReturned));
    assert_eq!(sample.execute(), None);
    let next = sample.applied(&letter, &key());
    sample.approved_by(next, &OFFICERS);
    sample.issue();
}

#[test]
fn what_is_rejected_ends_with_its_letter() {
    let (mut sample, letter, order) = Sample::with_application();
    sample.decline(order, "officer-1", Outcome::Rejected).unwrap();
    let again = sample.submission(&letter, &key());
    assert_eq!(sample.submit(again), Err(Code::OrderRejected), "felt at once");
    sample.sequence();
    let again = sample.submission(&letter, &key());
    assert_eq!(sample.submit(again), Err(Code::OrderRejected));
    // Another letter for the same person is another matter.
    let other = sample.letter(&letter.person, "official");
    sample.certify(&other, &key());
}

#[test]
fn an_order_that_has_its_approvals_is_declined_before_it_is_carried_out() {
    let (mut sample, _, order) = Sample::with_application();
    sample.approved_by(order, &OFFICERS);
    sample.decline(order, "security-1", Outcome::Returned).unwrap();
    assert!(sample.state.ready.is_empty());
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 0);
    assert_eq!(sample.became_of(order), Err(Code::OrderReturned));
}

#[test]
fn an_order_that_was_carried_out_is_declined_no_more() {
    let (mut sample, _, order) = Sample::with_application();
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    let late = sample.decline(order, "security-1", Outcome::Returned);
    assert_eq!(late, Err(Code::OrderConsumed));
}

#[test]
fn nobody_declines_who_could_not_approve() {
    let (mut sample, _, order) = Sample::with_application();
    let told = |sample: &mut Sample, name| sample.decline(order, name, Outcome::Returned);
    assert_eq!(told(&mut sample, "auditor"), Err(Code::NotYourRoute));
    assert_eq!(told(&mut sample, "officer-3"), Err(Code::ApproverScope));
    let own = sample.person("officer-1");
    let leave = sample.order(person(PersonAction::Leave, &own, "", ""));
    let declined = sample.decline(leave, "officer-1", Outcome::Returned);
    assert_eq!(declined, Err(Code::ApproverSelf));
    sample.revoked("officer-2", &["officer-1", "security-1"]);
    assert_eq!(told(&mut sample, "officer-2"), Err(Code::CertificateRevoked));
    assert_eq!(sample.became_of(order), Ok(()));
    told(&mut sample, "officer-1").unwrap();
}

#[test]
fn nobody_declines_in_anothers_name() {
    let (mut sample, _, order) = Sample::with_application();
    let lent = sample.declining(order, "officer-2", RETURNED);
    let told = sample.bring_decline(sample.staff(), "officer-1", lent.clone());
    assert_eq!(told, Err(Code::ApprovalSignature));
    sample.bring_decline(sample.staff(), "officer-2", lent).unwrap();
}

#[test]
fn a_decline_comes_over_a_registered_portals_staff_process() {
    let (mut sample, _, order) = Sample::with_application();
    let declining = sample.declining(order, "officer-1", RETURNED);
    let stranger = caller(&key(), "portal-staff");
    let told = sample.bring_decline(stranger, "officer-1", declining.clone());
    assert_eq!(told, Err(Code::PortalUnknown));
    let public = caller(&sample.city.keys.portal, "portal-staff");
    let told = sample.bring_decline(public, "officer-1", declining.clone());
    assert_eq!(told, Err(Code::NotYourRoute));
    sample.bring_decline(sample.staff(), "officer-1", declining).unwrap();
}

#[test]
fn one_person_releases_no_brake() {
    let mut sample = Sample::found();
    let (letter, certificate) = sample.official("李丹");
    let order = sample.order(revoke(&letter.person, "keyCompromise"));
    for outcome in [Outcome::Returned, Outcome::Rejected] {
        assert_eq!(sample.decline(order, "officer-1", outcome), Err(Code::StateConflict));
    }
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&certificate.serial().to_string()));
}

/// Not an operator's, nor a handler's, nor many of them as one: whoever is to go does not stay by
/// one officer's word, or by one touch that a portal got.
#[test]
fn nobody_releases_what_only_takes_away() {
    let mut sample = Sample::with_handler();
    let mut orders: Vec<(OrderDigest, &str)> = Vec::new();
    for (request, names) in super::brake::takings(&mut sample) {
        orders.push((sample.order(request), names[1]));
    }
    let leaver = sample.register("赵五", "sz-office");
    sample.drafts("handler", (PersonAction::Leave, &leaver), ("赵五", "sz-office")).unwrap();
    sample.sequence();
    orders.push((sample.newest_order(), "officer-1"));
    let leaves = [orders[1].0, orders.last().unwrap().0];
    sample.batches("officer-1", &leaves).unwrap();
    sample.sequence();
    orders.push((sample.newest_order(), "officer-1"));
    for (order, name) in &orders {
        for outcome in [Outcome::Returned, Outcome::Rejected] {
            let told = sample.decline(*order, name, outcome);
            assert_eq!(told, Err(Code::StateConflict), "{name} {}", sample.order_id(*order));
        }
        let touched = sample.touched_decline(*order, name);
        assert_eq!(touched, Err(Code::StateConflict));
        assert_eq!(sample.became_of(*order), Ok(()));
    }
    // Its drafter takes back what they drafted by mistake.
    sample.withdraws("handler", leaves[1]).unwrap();
    let (mut sample, _, order) = Sample::with_application();
    sample.touched_decline(order, "officer-1").unwrap();
}

#[test]
fn a_decline_is_in_time_and_of_an_order_that_exists() {
    let (mut sample, _, order) = Sample::with_application();
    let unknown = sample.decline([7; 32].into(), "officer-1", Outcome::Returned);
    assert_eq!(unknown, Err(Code::OrderUnknown));
    sample.clock = Err(Code::ClockMoved);
    let moved = sample.decline(order, "officer-1", Outcome::Returned);
    assert_eq!(moved, Err(Code::ClockMoved));
    sample.clock = Ok(());
    sample.pass(ORDER_SECONDS + 1);
    let late = sample.decline(order, "officer-1", Outcome::Returned);
    assert_eq!(late, Err(Code::OrderExpired));
}

#[test]
fn a_passkey_declines_what_it_was_asked_about() {
    let (mut sample, _, order) = Sample::with_application();
    let mut passkey = sample.passkey("officer-1");
    let officer = sample.city.officer("officer-1").clone();
    let signed = sample.declining(order, "officer-1", RETURNED);
    let mut declining = |challenge: [u8; 32]| {
        let said = passkey.approve(&officer, order, |answer| answer.challenge = challenge);
        let answer = (said.signature, said.assertion.unwrap());
        let Decline { statement, certificate, .. } = signed.decline.clone();
        let decline = Decline::by_passkey(statement, certificate, answer);
        DeclineSubmission { decline, ..signed.clone() }
    };
    let approves = declining(approval_challenge(&order.0, records::ApprovalClaim::default()));
    let told = sample.bring_decline(sample.staff(), "officer-1", approves);
    assert_eq!(told, Err(Code::PasskeyRefused), "an approval's answer declines nothing");
    let good = declining(Decline::challenge(&signed.decline.statement.0));
    let mut approval = sample.city.approval(order, "officer-1");
    approval.method = "passkey".into();
    approval.signature = good.decline.signature.clone();
    approval.assertion = good.decline.assertion.clone();
    let told = sample.bring(sample.staff(), "officer-1", approval);
    assert_eq!(told, Err(Code::PasskeyRefused), "nor the other way round");
    let lent = sample.bring_decline(sample.staff(), "officer-2", good.clone());
    assert_eq!(lent, Err(Code::ApprovalSignature));
    sample.bring_decline(sample.staff(), "officer-1", good).unwrap();
}

#[test]
fn a_decline_is_verified_before_it_is_decided() {
    let (sample, _, order) = Sample::with_application();
    let signatures = sample.authority().signatures();
    let verified =
        |declining: DeclineSubmission| VerifiedDecline::verify(declining, signatures).err();
    let good = sample.declining(order, "officer-1", RETURNED);
    assert_eq!(verified(good.clone()), None);
    let mut forged = good.clone();
    forged.decline.signature.0[10] ^= 1;
    assert_eq!(verified(forged), Some(Code::ApprovalSignature));
    let mut turned = good.clone();
    let rejected = sample.declining(order, "officer-1", (Outcome::Rejected, RETURNED.1));
    turned.decline.statement = rejected.decline.statement;
    assert_eq!(verified(turned), Some(Code::ApprovalSignature));
    let mut other = good;
    other.reason.value = "别的理由".into();
    assert_eq!(verified(other), Some(Code::OrderIncomplete));
    for reason in ["", "  ", "一\n二", &"长".repeat(501)] {
        let said = sample.declining(order, "officer-1", (Outcome::Returned, reason));
        assert_eq!(verified(said), Some(Code::Malformed), "{reason}");
    }
}
