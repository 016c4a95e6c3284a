//! What is recorded and not yet in the tree: withdrawals bite, brakes count, grants wait.

use crate::{key, with_letter};
use authority::{ApplicationOutcome, OrderEnd, signed_digest};
use records::bytes::Bytes;
use records::code::Code;
use records::decline::Outcome as Said;
use records::order::{PersonAction, RoleAction};
use records::record::{Cause, Event, RevokedSerial};
use records::rules::Role;
use sample_city::{SampleCity, named, sha256};

fn approval(city: &SampleCity, order: authority::OrderDigest, name: &str) -> Event {
    Event::Approval {
        approval: city.approval(order, name),
        person: city.officer(name).person.clone(),
        acting_for: None,
    }
}

#[test]
fn a_withdrawal_bites_at_once_and_a_grant_waits() {
    let (mut city, person, reference) = with_letter();
    let officer = city.officer("officer-1").person.clone();
    let order = city.apply_for(&reference, &key());
    let role = Role::RegistrationOfficer;
    let withdraw = city.role_body(RoleAction::Withdraw, &officer, role, "shangzhou");
    let withdraw = city.order(&withdraw);
    let grant = city.role_body(RoleAction::Grant, &person, Role::UnitHandler, "shangzhou");
    let grant = city.order(&grant);
    for order in [withdraw, grant] {
        city.approve(order, "security-1").unwrap();
        city.approve(order, "security-2").unwrap();
    }
    assert!(!city.authority.is_changing());
    let event = city.enacted_event(withdraw, &[]).unwrap();
    city.pending(event);
    let event = city.enacted_event(grant, &[]).unwrap();
    city.pending(event);
    assert!(city.authority.is_changing());
    assert_eq!(city.approve(order, "officer-1"), Err(Code::ApproverRevoked));
    assert!(!city.authority.holds(&person, Role::UnitHandler, "shangzhou"));
    assert_eq!(city.authority.judge(grant, None, city.now).unwrap_err(), Code::OrderConsumed);
    city.authority.forget_pending();
    assert_eq!(city.approve(order, "officer-1"), Ok(()));
}

#[test]
fn a_brake_counts_while_it_is_only_recorded() {
    let (mut city, person, reference) = with_letter();
    let serial = city.certify(&reference, &key());
    let (brake, event) = city.order_event(&city.revoke_body(&person, &[serial]), &[]);
    city.pending(event);
    for name in ["officer-1", "officer-2"] {
        let event = approval(&city, brake, name);
        city.pending(event);
    }
    assert_eq!(city.authority.open_orders_about(&person).len(), 1);
    let judged = city.authority.judge(brake, None, city.now).unwrap();
    let cause = Cause::Order { order: named(brake) };
    let revoked = city.revoked_event(cause, judged.approvals());
    city.pending(revoked);
    assert!(city.authority.is_revoked(&serial.to_string()));
    assert_eq!(city.authority.all_revoked().count(), 1);
    assert_eq!(city.authority.revoked().count(), 0);
    assert!(city.authority.open_orders_about(&person).is_empty());
}

#[test]
fn other_orders_wait_for_the_tree() {
    let (mut city, _, reference) = with_letter();
    let body = records::order::Body::Issue(Box::new(city.issue(&reference, &key())));
    let (order, event) = city.order_event(&body, &[]);
    city.pending(event);
    for name in ["officer-1", "officer-2"] {
        let event = approval(&city, order, name);
        city.pending(event);
    }
    // Both are seen, so nobody gives two; neither counts yet.
    assert_eq!(city.approve(order, "officer-1"), Err(Code::ApproverTwice));
    assert_eq!(city.authority.judge(order, None, city.now).unwrap_err(), Code::ApprovalsMissing);
    assert_eq!(city.authority.open_order_under(&reference).unwrap().0, order);
}

#[test]
fn a_forged_approval_that_waits_takes_nobodys_place() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    let mut forged = city.approval(order, "officer-1");
    forged.signature.0.clone_from(&city.approval(order, "officer-2").signature.0);
    let person = city.officer("officer-1").person.clone();
    city.pending(Event::Approval { approval: forged, person, acting_for: None });
    // Nor does a genuine one that is told as another's, or as given for somebody else.
    let other = city.officer("officer-2").person.clone();
    for told in [(None, Some(&other)), (Some(&other), None)] {
        let mut event = approval(&city, order, "officer-1");
        if let Event::Approval { person, acting_for, .. } = &mut event {
            *person = told.0.unwrap_or(person).clone();
            *acting_for = told.1.cloned();
        }
        city.pending(event);
    }
    assert!(city.authority.given(order, city.now).is_empty());
    assert_eq!(city.approve(order, "officer-1"), Ok(()));
}

#[test]
fn a_loss_bites_at_once() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    let value = SampleCity::loss_value(&reference);
    let cause = Cause::Loss { reference: reference.clone(), value };
    let event = city.revoked_event(cause, Vec::new());
    city.pending(event);
    assert!(city.authority.is_lost(&reference));
    assert_eq!(city.approve(order, "officer-2"), Err(Code::LetterLost));
}

#[test]
fn a_void_bites_at_once() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    city.pending(city.void_event(&reference));
    assert!(city.authority.is_voided(&reference));
    assert_eq!(city.approve(order, "officer-2"), Err(Code::LetterVoided));
    city.authority.forget_pending();
    assert!(!city.authority.is_voided(&reference));
}

#[test]
fn a_rejection_bites_at_once() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    let decline = city.decline(order, "officer-1", Said::Rejected);
    let [person, other] = ["officer-1", "officer-2"].map(|name| city.officer(name).person.clone());
    city.pending(Event::Declined { decline: decline.clone(), person: other });
    assert!(!city.authority.is_rejected(&reference), "told as another's");
    city.pending(Event::Declined { decline, person });
    assert!(city.authority.is_rejected(&reference));
    assert_eq!(city.approve(order, "officer-2"), Err(Code::OrderRejected));
    assert_eq!(
        city.authority.application_under(&reference, city.now),
        Some((order, ApplicationOutcome::Ended(OrderEnd::Rejected)))
    );
}

/// A record is of a brake that was done where it has its effect: what nobody signed, or what names
/// more than it takes away, is of none.
#[test]
fn what_nobody_signed_is_of_no_brake() {
    let (mut city, person, reference) = with_letter();
    let (serial, other) = (city.certify(&reference, &key()), city.official("other").1);
    let second = city.register("sz-office");
    let (applied, stolen) = (city.letter(&second, "official"), city.letter(&second, "official"));
    let applied = city.apply_for(&applied, &key());
    let order = city.order(&city.revoke_body(&person, &[serial]));
    let about = |event: Event, serial: authority::Serial| match event {
        Event::Revoked { reason, cause, approvals, statement, signature, .. } => {
            let not_after = "2027-01-01T00:00:00Z".to_owned();
            let certificates = vec![RevokedSerial { serial: serial.to_string(), not_after }];
            Event::Revoked { certificates, reason, cause, approvals, statement, signature }
        }
        event => event,
    };
    let cause = || Cause::Order { order: named(order) };
    let early = about(city.revoked_event(cause(), Vec::new()), serial);
    city.pending(early.clone());
    assert!(!city.authority.is_of_brake(&early), "nobody approved it");
    for name in ["officer-1", "officer-2"] {
        let mut forged = city.approval(order, name);
        forged.signature.0.reverse();
        let person = city.officer(name).person.clone();
        let forged = Event::Approval { approval: forged, person, acting_for: None };
        city.pending(forged.clone());
        assert!(!city.authority.is_of_brake(&forged));
        let event = approval(&city, order, name);
        city.pending(event.clone());
        assert!(city.authority.is_of_brake(&event));
    }
    let approvals = city.authority.judge(order, None, city.now).unwrap().approvals();
    let event = about(city.revoked_event(cause(), approvals), serial);
    city.pending(event.clone());
    assert!(city.authority.is_of_brake(&event));
    let said_by_a_machine = match event.clone() {
        Event::Revoked { certificates, reason, approvals, statement, signature, .. } => {
            let (system, message, certificate) = ("site".into(), Bytes::default(), None);
            let cause = Cause::Cmp { system, message, certificate };
            Event::Revoked { certificates, reason, cause, approvals, statement, signature }
        }
        event => event,
    };
    city.pending(said_by_a_machine.clone());
    assert!(!city.authority.is_of_brake(&said_by_a_machine), "of what is revoked anyhow");
    assert!(!city.authority.is_of_brake(&about(event, other)), "it takes nothing from others");

    let mut decline = city.decline(applied, "officer-1", Said::Returned);
    let person = city.officer("officer-1").person.clone();
    let genuine = Event::Declined { decline: decline.clone(), person: person.clone() };
    decline.signature.0.reverse();
    let forged = Event::Declined { decline, person };
    city.pending(forged.clone());
    assert!(!city.authority.is_of_brake(&forged));
    city.pending(genuine.clone());
    assert!(city.authority.is_of_brake(&genuine));

    let mut void = city.void_event(&stolen);
    let genuine = void.clone();
    if let Event::Voided { signature, .. } = &mut void {
        signature.0.reverse();
    }
    city.pending(void.clone());
    assert!(!city.authority.is_of_brake(&void));
    city.pending(genuine.clone());
    assert!(city.authority.is_of_brake(&genuine));
    assert!(!city.authority.is_of_brake(&void), "a genuine one makes no other one genuine");
    city.apply(genuine.clone()).unwrap();
    city.pending(genuine.clone());
    assert!(!city.authority.is_of_brake(&genuine), "the tree has it");
}

/// A portal's suspension is one of a brake until the tree has it: whoever copies old ones there
/// has nobody take them up.
#[test]
fn what_the_tree_has_is_of_no_brake() {
    let mut city = SampleCity::found();
    let serial = city.official("one").1;
    let cause = city.by_portal(serial);
    let event = city.suspended_event(cause);
    city.pending(event.clone());
    assert!(city.authority.is_of_brake(&event));
    city.apply(event.clone()).unwrap();
    city.authority.forget_pending();
    city.pending(event.clone());
    assert!(!city.authority.is_of_brake(&event));
}

/// What was done has its effect. A hand lays it there in other spellings: with signatures that are
/// none, with approvals that nobody gave, or with other words beside what is signed. The first two
/// are of no brake, and the last are the same one.
#[test]
fn no_spelling_of_a_brake_is_another() {
    let (mut city, person, reference) = with_letter();
    let serial = city.certify(&reference, &key());
    let second = city.register("sz-office");
    let (applied, stolen) = (city.letter(&second, "official"), city.letter(&second, "official"));
    let applied = city.apply_for(&applied, &key());
    let (order, ordered) = city.order_event(&city.revoke_body(&person, &[serial]), &[]);
    city.pending(ordered.clone());
    for name in ["officer-1", "officer-2"] {
        let event = approval(&city, order, name);
        city.pending(event.clone());
        assert!(city.authority.is_of_brake(&event));
        let Event::Approval { approval, person, .. } = event else { unreachable!() };
        for (person, absent) in [("somebody", None), (person.as_str(), Some("somebody".into()))] {
            let (approval, person) = (approval.clone(), person.to_owned());
            let claimed = Event::Approval { approval, person, acting_for: absent };
            assert!(!city.authority.is_of_brake(&claimed), "it is nobody else's");
        }
    }
    let approvals = city.authority.judge(order, None, city.now).unwrap().approvals();
    let revoked = city.revoked_event(Cause::Order { order: named(order) }, approvals);
    let decline = city.decline(applied, "officer-1", Said::Returned);
    let declined = Event::Declined { decline, person: city.officer("officer-1").person.clone() };
    let done = [ordered, revoked.clone(), declined, city.void_event(&stolen)];
    for event in &done {
        city.pending(event.clone());
        assert!(city.authority.is_of_brake(event), "{}", event.kind());
        let mut forged = event.clone();
        match &mut forged {
            Event::Order { signature, .. }
            | Event::Revoked { signature, .. }
            | Event::Voided { signature, .. } => signature.0.reverse(),
            Event::Declined { decline, .. } => decline.signature.0.reverse(),
            _ => unreachable!(),
        }
        assert!(!city.authority.is_of_brake(&forged), "{}", event.kind());
    }
    let digests: Vec<_> = done.iter().map(signed_digest).collect();
    assert!((1..done.len()).all(|at| digests[at] != digests[at - 1] && digests[at].is_some()));
    let mut beside = revoked.clone();
    if let Event::Revoked { reason, .. } = &mut beside {
        *reason = "superseded".into();
    }
    assert_eq!(signed_digest(&beside), signed_digest(&revoked));
    let mut other = revoked;
    if let Event::Revoked { approvals, .. } = &mut other {
        approvals.push(sha256(b"approval"));
    }
    assert!(!city.authority.is_of_brake(&other));
}

fn naming(event: &Event, named: &[authority::Serial]) -> Event {
    let mut event = event.clone();
    let (Event::Revoked { certificates, .. } | Event::Suspended { certificates, .. }) = &mut event
    else {
        unreachable!()
    };
    let not_after = "2027-01-01T00:00:00Z".to_owned();
    let one = |serial: &authority::Serial| RevokedSerial {
        serial: serial.to_string(),
        not_after: not_after.clone(),
    };
    *certificates = named.iter().map(one).collect();
    event
}

/// What a brake takes away follows from its cause: copies that name less of it are the same one,
/// and one that names anything else, though that has ended as well, is none. What was told and had
/// no effect is known whole from its order.
#[test]
fn whichever_certificates_it_names_a_brake_is_one() {
    let (mut city, person, reference) = with_letter();
    let second = city.letter(&person, "official");
    let own = [city.certify(&reference, &key()), city.certify(&second, &key())];
    let (over, held) = (city.official("over").1, [city.official("held").1]);
    let gone = city.officer("over").person.clone();
    city.revoke(&gone, &[over]);
    let order = city.order(&city.revoke_body(&person, &own));
    for name in ["officer-1", "officer-2"] {
        city.approve(order, name).unwrap();
    }
    let approvals = city.authority.judge(order, None, city.now).unwrap().approvals();
    let revoked = city.revoked_event(Cause::Order { order: named(order) }, approvals.clone());
    let cause = city.by_portal(held[0]);
    let suspended = city.suspended_event(cause);
    for (event, serials) in [(&revoked, &own[..]), (&suspended, &held[..])] {
        city.pending(event.clone());
        let genuine = naming(event, serials);
        for named in [serials, &serials[..1], &serials[..0]] {
            let copy = naming(event, named);
            assert!(city.authority.is_of_brake(&copy), "{}", event.kind());
            assert_eq!(signed_digest(&copy), signed_digest(&genuine), "{}", event.kind());
        }
        let more = naming(event, &[serials[0], over]);
        assert!(!city.authority.is_of_brake(&more), "{}", event.kind());
    }
    let mut little = naming(&revoked, &own[..1]);
    if let Event::Revoked { reason, .. } = &mut little {
        *reason = "because".into();
    }
    let reason = "keyCompromise".to_owned();
    assert_eq!(city.authority.taken_away(&little), own.map(|serial| (serial, reason.clone())));
    for approvals in [[&approvals[..], &approvals[..1]].concat(), vec![approvals[0].clone(); 2]] {
        let twice = city.revoked_event(Cause::Order { order: named(order) }, approvals);
        assert!(!city.authority.is_of_brake(&twice), "each once");
    }
}

/// A hand lays an order that waits there once more, under another id, behind its approvals: they
/// stay, and the brake is carried out while the log stands still.
#[test]
fn an_order_that_waits_twice_keeps_its_approvals() {
    let (mut city, person, reference) = with_letter();
    let serial = city.certify(&reference, &key());
    let (order, event) = city.order_event(&city.revoke_body(&person, &[serial]), &[]);
    for name in ["officer-1", "officer-2"] {
        city.pending(event.clone());
        let event = approval(&city, order, name);
        city.pending(event);
    }
    city.pending(event);
    let approvals = city.authority.judge(order, None, city.now).unwrap().approvals();
    assert_eq!(approvals.len(), 2);
}

/// Which orders a new one replaces stands beside what is signed. A hand lays an order that was
/// replaced there once more, as if it replaced the one that took its place: that is open as it was.
#[test]
fn no_order_that_was_replaced_replaces_another() {
    let (mut city, _, reference) = with_letter();
    let first = city.apply_for(&reference, &key());
    let second = city.apply_for(&reference, &key());
    assert_eq!(city.authority.open(first, city.now).err(), Some(Code::OrderCancelled));
    let of_first = |one: &records::Record| match &one.event {
        Event::Order { order, signature, .. } if authority::OrderDigest::of(&order.0) == first => {
            let cancels = vec![named(second)];
            let (order, signature) = (order.clone(), signature.clone());
            Some(Event::Order { order, signature, cancels })
        }
        _ => None,
    };
    let event = city.log.iter().find_map(of_first).unwrap();
    city.pending(event);
    assert!(city.authority.open(second, city.now).is_ok());
}

/// A record that waits says that a certificate is made by an order to revoke: the order is open as
/// it was, and carried out by its approvals.
#[test]
fn no_intent_that_waits_ends_a_brake() {
    let (mut city, person, reference) = with_letter();
    let serial = city.certify(&reference, &key());
    let brake = city.order(&city.revoke_body(&person, &[serial]));
    city.approve(brake, "officer-1").unwrap();
    let second = city.register("sz-office");
    let applied = city.letter(&second, "official");
    let applied = city.apply_for(&applied, &key());
    city.approve(applied, "officer-1").unwrap();
    city.approve(applied, "officer-2").unwrap();
    let (_, mut intent) = city.intent_event(applied).unwrap();
    city.pending(intent.clone());
    assert_eq!(city.authority.open(applied, city.now).err(), Some(Code::OrderConsumed));
    if let Event::Intent { order, .. } = &mut intent {
        *order = named(brake);
    }
    city.pending(intent);
    assert_eq!(city.approve(brake, "officer-2"), Ok(()));
    assert!(city.authority.judge(brake, None, city.now).is_ok());
}

/// The same of an order to issue that officers did not approve yet: it is open as it was, and they
/// go on approving it.
#[test]
fn no_intent_that_waits_ends_an_order_without_its_approvals() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    let mut later = city.clone();
    later.approve(order, "officer-2").unwrap();
    let (_, intent) = later.intent_event(order).unwrap();
    city.pending(intent.clone());
    assert_eq!(city.authority.intended_under(&reference), None);
    assert_eq!(city.approve(order, "officer-2"), Ok(()));
    city.pending(intent);
    assert_eq!(city.authority.open(order, city.now).err(), Some(Code::OrderConsumed));
}

#[test]
fn a_departure_bites_at_once() {
    let (mut city, person, reference) = with_letter();
    let serial = city.certify(&reference, &key());
    let body = city.person_body(PersonAction::Leave, &person, "sz-office");
    let order = city.order(&body);
    city.approve(order, "officer-1").unwrap();
    city.approve(order, "officer-2").unwrap();
    let cause = || Cause::Left { person: person.clone() };
    assert_eq!(
        city.authority.revocation(&cause(), &[], city.now).unwrap_err(),
        Code::UnsignedAuthority
    );
    let event = city.enacted_event(order, &[]).unwrap();
    city.pending(event);
    assert!(city.authority.has_left(&person));
    let revoked = city.authority.revocation(&cause(), &[], city.now).unwrap();
    assert_eq!(revoked.into_iter().map(|(serial, _)| serial).collect::<Vec<_>>(), [serial]);
}

#[test]
fn a_long_queue_of_others_costs_an_order_nothing() {
    let (mut city, person, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    let other = city.letter(&person, "official");
    let other = city.apply_for(&other, &key());
    let event = approval(&city, other, "officer-1");
    let record = city.record(event);
    for _ in 0..2_000 {
        city.authority.notice(&record);
    }
    let verified = city.authority.signatures().verifications();
    for _ in 0..2_000 {
        assert!(city.authority.given(order, city.now).is_empty());
    }
    assert_eq!(city.authority.signatures().verifications(), verified);
}
