//! Approvals: other people, different people, with the role, over the place, with what holds now.

use crate::sample::act::caller;
use crate::sample::operate::{OFFICERS, SECURITY, person, portal, profile, revoke, role};
use crate::sample::{Sample, SampleCity, SampleOfficer, SamplePasskey, key};
use crate::verify::VerifiedApproval;
use ca_host::operator::OperatorRequest;
use records::order::{ORDER_SECONDS, PersonAction, RoleAction};
use records::rules::Role;
use records::{Approval, Code};

const FOR_MORE: &str =
    "[approvals]\nroles = [\"security-administrator\"]\ncount = 2\noutside_browser = 2";

#[test]
fn two_officers_are_needed_and_counted() {
    let (mut sample, _, order) = Sample::with_application();
    let first = sample.approve(order, "officer-1").unwrap();
    assert_eq!((first.approvals, first.needed), (1, 2));
    sample.sequence();
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 0, "one is not enough");
    let second = sample.approve(order, "officer-2").unwrap();
    assert_eq!((second.approvals, second.needed), (2, 2));
    // Nobody looks before the tree holds both, and whoever did would find one.
    assert!(!sample.state.ready.contains(&order) && !sample.authority().has_enough(order));
    sample.state.ready.insert(order);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 0, "approvals count from the tree only");
    sample.sequence();
    assert!(sample.state.ready.contains(&order) && sample.authority().has_enough(order));
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 1);
    assert!(sample.refusals().is_empty());
}

#[test]
fn nobody_approves_twice() {
    let (mut sample, _, order) = Sample::with_application();
    sample.approve(order, "officer-1").unwrap();
    assert_eq!(sample.approve(order, "officer-1"), Err(Code::ApproverTwice), "not yet in the tree");
    sample.sequence();
    assert_eq!(sample.approve(order, "officer-1"), Err(Code::ApproverTwice));
    let about = order.to_string();
    let twice = ("approve", about.as_str(), Code::ApproverTwice);
    assert_eq!(sample.refusals(), [twice], "the second is counted");
}

#[test]
fn one_person_with_two_certificates_is_one() {
    let mut sample = Sample::found();
    let letter = sample.appoint("sun", Role::RegistrationOfficer, "shangzhou");
    let again = sample.letter(&letter.person, "staff");
    let signer = key();
    let certificate = sample.certify(&again, &signer);
    let signer = std::sync::Arc::new(signer);
    let person = letter.person.clone();
    sample.city.admit("sun-again", SampleOfficer { person, signer, certificate });
    let official = sample.register("李丹", "sz-office");
    let letter = sample.letter(&official, "official");
    let order = sample.applied(&letter, &key());
    sample.approve(order, "sun").unwrap();
    assert_eq!(sample.approve(order, "sun-again"), Err(Code::ApproverTwice));
    sample.approve(order, "officer-1").unwrap();
}

#[test]
fn nobody_approves_for_themselves() {
    let mut sample = Sample::found();
    let own = sample.person("officer-1");
    let letter = sample.letter(&own, "staff");
    let order = sample.applied(&letter, &key());
    assert_eq!(sample.approve(order, "officer-1"), Err(Code::ApproverSelf));
    let leave = sample.order(person(PersonAction::Leave, &own, "", ""));
    assert_eq!(sample.approve(leave, "officer-1"), Err(Code::ApproverSelf));
    let lost = sample.order(revoke(&own, "keyCompromise"));
    assert_eq!(sample.approve(lost, "officer-1"), Err(Code::ApproverSelf));
    for order in [order, leave, lost] {
        sample.approve(order, "officer-2").unwrap();
    }
}

#[test]
fn an_officer_counts_in_scope() {
    let (mut sample, _, order) = Sample::with_application();
    assert_eq!(sample.approve(order, "officer-3"), Err(Code::ApproverScope), "of another county");
    sample.approve(order, "security-1").unwrap();
    let id = sample.register("张建国", "sz-office");
    let moves = sample.order(person(PersonAction::Move, &id, "", "ln-office"));
    assert_eq!(sample.approve(moves, "officer-1"), Err(Code::ApproverScope), "of one of the two");
    assert_eq!(sample.approve(moves, "officer-3"), Err(Code::ApproverScope), "of the other");
    sample.approve(moves, "security-1").unwrap();
}

#[test]
fn only_the_roles_that_a_rule_names_count() {
    let mut sample = Sample::found();
    let order = sample.order(profile(2, ""));
    assert_eq!(sample.approve(order, "officer-1"), Err(Code::ApproverRole));
    assert_eq!(
        sample.approve(order, "auditor"),
        Err(Code::NotYourRoute),
        "approves nothing at all"
    );
    sample.approve(order, "security-1").unwrap();
}

#[test]
fn a_withdrawn_role_approves_no_more() {
    let (mut sample, _, order) = Sample::with_application();
    let letter = sample.appoint("sun", Role::RegistrationOfficer, "shangzhou");
    sample.grant(&letter.person, Role::RegistrationOfficer, "luonan");
    sample.approve(order, "sun").unwrap();
    let withdraw =
        role(RoleAction::Withdraw, &letter.person, Role::RegistrationOfficer, "shangzhou");
    let withdrawal = sample.order(withdraw);
    sample.approved_by(withdrawal, &SECURITY);
    assert_eq!(sample.execute(), None);
    let refused = sample.approve(order, "sun");
    assert_eq!(refused, Err(Code::ApproverScope), "recorded is enough");
    sample.sequence();
    sample.withdraw(&letter.person, Role::RegistrationOfficer, "luonan");
    assert_eq!(sample.approve(order, "sun"), Err(Code::NotYourRoute));
    // What was given before counts no more either.
    sample.approved_by(order, &["officer-1"]);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.became_of(order), Ok(()));
    sample.approved_by(order, &["officer-2"]);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.became_of(order), Err(Code::OrderConsumed));
}

#[test]
fn a_revoked_certificate_approves_no_more() {
    let (mut sample, _, order) = Sample::with_application();
    let approval = sample.city.approval(order, "officer-2");
    sample.revoked("officer-2", &["officer-1", "security-1"]);
    assert_eq!(sample.approve(order, "officer-2"), Err(Code::CertificateRevoked));
    // Nor does anybody else bring what it signed.
    let refused = sample.bring(sample.staff(), "officer-1", approval.clone());
    assert_eq!(refused, Err(Code::ApprovalSignature));
    let request = OperatorRequest::Approval { approval: Box::new(approval) };
    assert_eq!(sample.operator(request).unwrap_err(), Code::ApproverRevoked);
    sample.approve(order, "officer-1").unwrap();
}

#[test]
fn an_expired_certificate_approves_no_more() {
    let mut sample = Sample::found();
    let until = sample.city.officer("officer-1").certificate.not_after();
    sample.city.now = until - 60;
    let person = sample.register("李丹", "sz-office");
    let letter = sample.letter(&person, "official");
    let order = sample.applied(&letter, &key());
    sample.approve(order, "officer-1").unwrap();
    sample.city.now = until + 1;
    assert_eq!(sample.approve(order, "officer-2"), Err(Code::CertificateExpired));
    sample.sequence();
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 0);
    let about = format!("{} {}", sample.order_id(order), sample.person("officer-1"));
    let lapsed = ("execute", about.as_str(), Code::ApproverExpired);
    assert!(sample.refusals().contains(&lapsed), "{:?}", sample.refusals());
}

#[test]
fn an_approval_is_of_one_order_by_its_signer() {
    let (mut sample, letter, order) = Sample::with_application();
    let other = sample.letter(&letter.person, "official");
    let other = sample.applied(&other, &key());
    let of_other = sample.city.approval(other, "officer-1");
    let moved = Approval { order: order.into(), ..of_other.clone() };
    assert_eq!(sample.bring(sample.staff(), "officer-1", moved), Err(Code::ApprovalSignature));
    let foreign = Approval {
        certificate: sample.city.officer("officer-2").certificate.der().into(),
        ..sample.city.approval(order, "officer-1")
    };
    assert_eq!(sample.bring(sample.staff(), "officer-2", foreign), Err(Code::ApprovalSignature));
    let unknown = sample.city.approval([7; 32].into(), "officer-1");
    assert_eq!(sample.bring(sample.staff(), "officer-1", unknown), Err(Code::OrderUnknown));
    sample.bring(sample.staff(), "officer-1", of_other).unwrap();
    assert_eq!(sample.approve(order, "officer-1").unwrap().approvals, 1);
}

#[test]
fn an_approval_comes_from_its_own_officer() {
    let (mut sample, _, order) = Sample::with_application();
    let approval = sample.city.approval(order, "officer-1");
    let lent = sample.bring(sample.staff(), "officer-2", approval.clone());
    assert_eq!(lent, Err(Code::ApprovalSignature));
    sample.bring(sample.staff(), "officer-1", approval).unwrap();
}

#[test]
fn an_order_is_approved_in_time() {
    let (mut sample, _, order) = Sample::with_application();
    sample.pass(ORDER_SECONDS);
    sample.approve(order, "officer-1").unwrap();
    sample.pass(1);
    assert_eq!(sample.approve(order, "officer-2"), Err(Code::OrderExpired));
}

#[test]
fn an_order_that_was_carried_out_is_over() {
    let (mut sample, letter, order) = Sample::with_application();
    sample.approved_by(order, &["officer-1", "officer-2"]);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.approve(order, "security-1"), Err(Code::OrderConsumed), "recorded is enough");
    sample.sequence();
    assert_eq!(sample.approve(order, "security-1"), Err(Code::OrderConsumed));
    let other = sample.letter(&letter.person, "official");
    let first = sample.applied(&other, &key());
    let second = sample.applied(&other, &key());
    assert_eq!(sample.approve(first, "officer-1"), Err(Code::OrderCancelled));
    sample.approve(second, "officer-1").unwrap();
}

#[test]
fn an_order_is_void_after_its_profile_changed() {
    let (mut sample, letter, order) = Sample::with_application();
    sample.approve(order, "officer-1").unwrap();
    sample.done(profile(2, ""), &SECURITY);
    assert_eq!(sample.approve(order, "officer-2"), Err(Code::ProfileChanged));
    // Applying again is all it takes.
    let next = sample.applied(&letter, &key());
    sample.approve(next, "officer-2").unwrap();
}

#[test]
fn a_profile_may_ask_for_more() {
    let mut sample = Sample::found();
    sample.done(profile(2, FOR_MORE), &SECURITY);
    let person = sample.register("李丹", "sz-office");
    let letter = sample.letter(&person, "official");
    let order = sample.applied(&letter, &key());
    assert_eq!(sample.approve(order, "officer-1"), Err(Code::ApproverRole));
    sample.approved_by(order, &SECURITY);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 1);
}

#[test]
fn rules_that_change_count_for_orders_that_wait() {
    let (mut sample, _, order) = Sample::with_application();
    sample.approved_by(order, &OFFICERS);
    sample.state.ready.remove(&order);
    let content = SampleCity::changed_rules(2).content.replacen("count = 2", "count = 3", 1);
    sample.done(OperatorRequest::ApprovalRules { content }, &SECURITY);
    sample.state.ready.insert(order);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.became_of(order), Ok(()), "two are no longer enough");
    let third = sample.approve(order, "security-1").unwrap();
    assert_eq!((third.approvals, third.needed), (3, 3));
    sample.sequence();
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.became_of(order), Err(Code::OrderConsumed));
}

#[test]
fn a_browser_leaves_room_for_a_key() {
    let mut sample = Sample::found();
    let mut passkeys: Vec<SamplePasskey> = Vec::new();
    for officer in ["officer-1", "officer-2"] {
        passkeys.push(sample.passkey(officer));
    }
    let person = sample.register("李丹", "sz-office");
    let letter = sample.letter(&person, "official");
    let order = sample.applied(&letter, &key());
    let touched = |sample: &mut Sample, passkey: &mut SamplePasskey, name: &str| {
        let approval = passkey.approve(sample.city.officer(name), order, |_| {});
        sample.bring(sample.staff(), name, approval)
    };
    touched(&mut sample, &mut passkeys[0], "officer-1").unwrap();
    let second = touched(&mut sample, &mut passkeys[1], "officer-2");
    assert_eq!(second, Err(Code::OutsideNeeded));
    sample.approve(order, "officer-2").unwrap();
    sample.sequence();
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 1);
}

#[test]
fn a_role_is_given_by_keys_outside_browsers_only() {
    let mut sample = Sample::found();
    let mut passkey = sample.passkey("officer-1");
    let person = sample.register("李丹", "sz-office");
    let grant = role(RoleAction::Grant, &person, Role::RegistrationOfficer, "sz-office");
    let order = sample.order(grant);
    let approval = passkey.approve(sample.city.officer("officer-1"), order, |_| {});
    let touched = sample.bring(sample.staff(), "officer-1", approval);
    assert_eq!(touched, Err(Code::OutsideNeeded));
    sample.approve(order, "officer-1").unwrap();
}

#[test]
fn a_passkey_approves_once_with_each_count() {
    let mut sample = Sample::found();
    let mut passkey = sample.passkey("officer-1");
    let person = sample.register("李丹", "sz-office");
    let mut orders = Vec::new();
    for _ in 0..2 {
        let letter = sample.letter(&person, "official");
        orders.push(sample.applied(&letter, &key()));
    }
    let officer = sample.city.officer("officer-1").clone();
    let good = passkey.approve(&officer, orders[0], |_| {});
    sample.bring(sample.staff(), "officer-1", good).unwrap();
    let stale = passkey.approve(&officer, orders[1], |answer| answer.counter = 2);
    let copied = sample.bring(sample.staff(), "officer-1", stale);
    assert_eq!(copied, Err(Code::PasskeyCounter), "not yet in the tree");
    sample.sequence();
    let stale = passkey.approve(&officer, orders[1], |answer| answer.counter = 2);
    assert_eq!(sample.bring(sample.staff(), "officer-1", stale), Err(Code::PasskeyCounter));
    let other = passkey.approve(sample.city.officer("officer-2"), orders[1], |_| {});
    assert_eq!(sample.bring(sample.staff(), "officer-2", other), Err(Code::PasskeyUnknown));
    let fresh = passkey.approve(&officer, orders[1], |_| {});
    sample.bring(sample.staff(), "officer-1", fresh).unwrap();
}

#[test]
fn an_approval_comes_over_a_registered_portals_staff_process() {
    let (mut sample, _, order) = Sample::with_application();
    let approval = sample.city.approval(order, "officer-1");
    let stranger = caller(&key(), "portal-staff");
    let told = sample.bring(stranger, "officer-1", approval.clone());
    assert_eq!(told, Err(Code::PortalUnknown));
    let public = caller(&sample.city.keys.portal, "portal-staff");
    let told = sample.bring(public, "officer-1", approval.clone());
    assert_eq!(told, Err(Code::NotYourRoute));
    // A portal speaks from when it is registered until it is closed.
    let keys = (key(), key());
    sample.done(portal("register", "portal-2", (&keys.0, &keys.1)), &SECURITY);
    let second = caller(&keys.1, "portal-staff");
    sample.bring(second, "officer-1", approval).unwrap();
    let close = sample.order(portal("close", "portal-2", (&keys.0, &keys.1)));
    sample.approved_by(close, &SECURITY);
    assert_eq!(sample.execute(), None);
    let late = sample.city.approval(order, "officer-2");
    assert_eq!(sample.bring(second, "officer-2", late), Err(Code::PortalUnknown));
}

#[test]
fn an_approval_waits_for_a_clock_that_is_right_unless_it_brakes() {
    let (mut sample, _, order) = Sample::with_application();
    let (_, certificate) = sample.official("张建国");
    sample.clock = Err(Code::ClockMoved);
    assert_eq!(sample.approve(order, "officer-1"), Err(Code::ClockMoved));
    let serial = certificate.serial().to_string();
    sample.revoke("officer-1", &serial, "keyCompromise").unwrap();
    let brake = sample.newest_order();
    sample.approve(brake, "officer-1").unwrap();
    sample.approve(brake, "officer-2").unwrap();
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&serial));
    sample.clock = Ok(());
    sample.approve(order, "officer-1").unwrap();
}

#[test]
fn an_approval_is_verified_before_it_is_decided() {
    let (sample, _, order) = Sample::with_application();
    let mut approval = sample.city.approval(order, "officer-1");
    approval.signature.0[10] ^= 1;
    let signatures = sample.authority().signatures();
    let refused = VerifiedApproval::verify(approval, signatures).err();
    assert_eq!(refused, Some(Code::ApprovalSignature));
}
