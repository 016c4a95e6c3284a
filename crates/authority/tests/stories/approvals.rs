//! Who approves: other people, different people, with the role, over the place, with what holds
//! now.

use crate::{key, with_letter};
use authority::Authority;
use records::code::Code;
use records::order::{BatchBody, Body, PersonAction, ProfileBody, ProfileRef, RoleAction};
use records::record::{Event, File};
use records::rules::Role;
use records::{Approval, ApprovalClaim, Bytes};
use sample_city::{SampleCity, named, sha256};

#[test]
fn nobody_counts_twice() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    assert_eq!(city.approve(order, "officer-1"), Ok(()));
    assert_eq!(city.approve(order, "officer-1"), Err(Code::ApproverTwice));
    assert_eq!(city.intend(order).unwrap_err(), Code::ApprovalsMissing);
    assert_eq!(city.approve(order, "officer-2"), Ok(()));
    city.intend(order).unwrap();
}

#[test]
fn a_record_that_counts_one_person_twice_has_no_effect() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    // Two signatures of one person are two approvals, and one approver.
    let approval = city.approval(order, "officer-1");
    let again = city.approval(order, "officer-1");
    for approval in [&approval, &again] {
        let person = city.officer("officer-1").person.clone();
        city.apply(Event::Approval { approval: approval.clone(), person, acting_for: None })
            .unwrap();
    }
    let ids = [&approval, &again].map(|a| records::record::approval_id(a).unwrap());
    assert_eq!(city.authority.judge(order, Some(&ids), city.now).unwrap_err(), Code::ApproverTwice);
    assert_eq!(city.authority.given(order, city.now).len(), 1);
    city.approve(order, "officer-2").unwrap();
    city.intend(order).unwrap();
}

/// What is read of an approval is of that one alone, though others say nearly the same: each has
/// the id of its own bytes, when it comes again as well.
#[test]
fn an_approval_has_the_id_of_its_own_bytes() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    let mut ids = Vec::new();
    for officer in ["officer-1", "officer-1", "officer-2"] {
        let approval = city.approval(order, officer);
        let id = records::record::approval_id(&approval).unwrap();
        ids.push(id.digest().unwrap());
        let person = city.officer(officer).person.clone();
        for _ in 0..2 {
            let (approval, person) = (approval.clone(), person.clone());
            city.apply(Event::Approval { approval, person, acting_for: None }).unwrap();
        }
    }
    let (_, open) = city.authority.open_orders().find(|(open, _)| *open == order).unwrap();
    assert_eq!(open.approvals.iter().map(|given| given.id).collect::<Vec<_>>(), ids);
}

/// One person signs as often as they like, and an order keeps so many: time does not follow from
/// how many there are.
#[test]
fn an_order_keeps_so_many_approvals() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    let person = city.officer("officer-1").person.clone();
    for count in 0..33 {
        let approval = city.approval(order, "officer-1");
        let event = Event::Approval { approval, person: person.clone(), acting_for: None };
        let taken = city.apply(event).map_err(|unsigned| unsigned.code);
        assert_eq!(taken, if count < 32 { Ok(()) } else { Err(Code::Malformed) }, "{count}");
    }
    assert_eq!(city.approve(order, "officer-2"), Err(Code::Malformed));
    assert_eq!(city.authority.given(order, city.now).len(), 1);
}

/// Who approved, and for whom, follows from what is signed: a genuine approval that is laid in once
/// more under another name, or as given for somebody else, has no effect.
#[test]
fn a_record_tells_an_approval_as_what_it_was() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    let [own, other] = ["officer-1", "officer-2"].map(|name| city.officer(name).person.clone());
    let approval = city.approval(order, "officer-1");
    let told = |person: &str, acting_for: Option<&String>| Event::Approval {
        approval: approval.clone(),
        person: person.into(),
        acting_for: acting_for.cloned(),
    };
    for event in [told(&other, None), told("somebody", None), told(&own, Some(&other))] {
        assert_eq!(city.apply(event).unwrap_err().code, Code::UnsignedAuthority);
        assert!(city.authority.given(order, city.now).is_empty());
    }
    city.apply(told(&own, None)).unwrap();
    assert!(city.apply(told(&own, Some(&other))).is_err(), "behind the real one too");
    city.approve(order, "officer-2").unwrap();
    let judged = city.authority.judge(order, None, city.now).unwrap();
    assert!(judged.counted().iter().all(|one| one.capacity.acting_for.is_none()));
    assert!(judged.counted().iter().all(|one| one.batch.is_none() && one.lent.is_none()));
}

/// What is approved in a batch counts as that, and as opened where its approver signed so.
#[test]
fn an_approval_of_a_batch_counts_as_one_of_many() {
    let mut city = SampleCity::found();
    let orders = [(); 7].map(|()| {
        let person = city.register("sz-office");
        let reference = city.letter(&person, "official");
        city.apply_for(&reference, &key())
    });
    let rows: Vec<Bytes> = orders.iter().map(|order| named(*order)).collect();
    let (of, action) = ("issue".to_owned(), String::new());
    let sample = city.authority.sample_size(&of, rows.len());
    let body = BatchBody { of, action, rows: rows.clone(), sample, flagged: vec![] };
    let batch = city.order(&Body::Batch(body.clone()));
    let samples = ["officer-1", "officer-2"].map(|name| {
        let opened = body.to_open(&batch.0, &city.officer(name).person);
        assert!((1..rows.len()).contains(&opened.len()));
        (name, opened)
    });
    for (name, opened) in &samples {
        let officer = city.officer(name);
        let opened: Vec<u8> = opened.iter().flat_map(|row| row.0.clone()).collect();
        let (certificate, signer) = (&officer.certificate, &*officer.signer);
        let spoken = ApprovalClaim { acting_for: None, opened: &opened };
        let approval = Approval::sign_spoken(batch.0, spoken, certificate, signer).unwrap();
        city.take(&approval).unwrap();
    }
    for (order, row) in orders.iter().zip(&rows) {
        let judged = city.authority.judge(*order, None, city.now).unwrap();
        let batches = judged.counted().iter().map(|one| one.batch.clone().unwrap());
        let said: Vec<_> = batches.map(|one| (one.rows, one.opened)).collect();
        assert_eq!(said, samples.each_ref().map(|(_, one)| (rows.len(), one.contains(&row))));
    }
}

fn issue(city: &SampleCity, order: authority::OrderDigest) -> Body {
    (*city.authority.open(order, city.now).unwrap().1).clone()
}

#[test]
fn nobody_approves_for_themselves() {
    let mut city = SampleCity::found();
    let officer = city.officer("officer-1").person.clone();
    let reference = city.letter(&officer, "staff");
    let order = city.apply_for(&reference, &key());
    assert_eq!(city.approve(order, "officer-1"), Err(Code::ApproverSelf));
    assert_eq!(city.approve(order, "officer-2"), Ok(()));
    assert_eq!(city.approve(order, "security-1"), Ok(()));
    city.intend(order).unwrap();
}

#[test]
fn only_a_role_that_the_rule_names_counts() {
    let mut city = SampleCity::found();
    let digest = sha256(b"rules");
    let rules = Body::ApprovalRules(records::order::ApprovalRulesBody { digest, version: 2 });
    let order = city.order(&rules);
    assert_eq!(city.approve(order, "officer-1"), Err(Code::ApproverRole));
    assert_eq!(city.approve(order, "auditor"), Err(Code::ApproverRole));
    assert_eq!(city.approve(order, "security-1"), Ok(()));
}

#[test]
fn a_role_counts_where_it_holds_and_below() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    assert_eq!(city.approve(order, "officer-3"), Err(Code::ApproverScope));
    assert_eq!(city.approve(order, "officer-1"), Ok(()));
    // Whoever holds it over the city holds it here.
    assert_eq!(city.approve(order, "security-1"), Ok(()));
}

#[test]
fn a_move_needs_those_of_both_places() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let body = city.person_body(PersonAction::Move, &person, "ln-office");
    let order = city.order(&body);
    assert_eq!(city.approve(order, "officer-1"), Err(Code::ApproverScope));
    assert_eq!(city.approve(order, "officer-3"), Err(Code::ApproverScope));
    city.approve(order, "security-1").unwrap();
    city.approve(order, "security-2").unwrap();
    city.enact(order, &[]).unwrap();
    assert_eq!(city.authority.person(&person).unwrap().unit, "ln-office");
}

#[test]
fn as_many_as_the_rule_says() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    assert_eq!(city.authority.needed(&issue(&city, order)), 2);
    assert_eq!(city.intend(order).unwrap_err(), Code::ApprovalsMissing);
    city.approve(order, "officer-1").unwrap();
    assert_eq!(city.intend(order).unwrap_err(), Code::ApprovalsMissing);
    city.approve(order, "officer-2").unwrap();
    city.intend(order).unwrap();
}

#[test]
fn an_approval_is_of_one_order() {
    let (mut city, person, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    let other = city.letter(&person, "official");
    let other = city.apply_for(&other, &key());
    let mut moved = city.approval(order, "officer-1");
    moved.order = named(other);
    assert_eq!(city.take(&moved), Err(Code::ApprovalSignature));
    moved.order = named(order);
    assert_eq!(city.take(&moved), Ok(()));
}

/// A file of a profile that asks for more than the rules, and the order that puts it in force.
fn asking_for_more(version: u32) -> (File, Body) {
    let more = "[approvals]\nroles = [\"security-administrator\"]\ncount = 2\noutside_browser = 2";
    let file = SampleCity::changed_profile("official", version, more);
    let digest = sha256(file.content.as_bytes());
    let profile = ProfileRef { id: "official".into(), version, digest };
    (file, Body::Profile(ProfileBody { profile }))
}

#[test]
fn a_profile_may_ask_for_more() {
    let (mut city, _, reference) = with_letter();
    let (file, body) = asking_for_more(2);
    city.done_with(&body, &["security-1", "security-2"], &[file]);
    let order = city.apply_for(&reference, &key());
    assert_eq!(city.approve(order, "officer-1"), Err(Code::ApproverRole));
    city.approve(order, "security-1").unwrap();
    city.approve(order, "security-2").unwrap();
    city.intend(order).unwrap();
}

#[test]
fn an_order_under_a_profile_that_changed_is_void() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    let (file, body) = asking_for_more(2);
    city.done_with(&body, &["security-1", "security-2"], &[file]);
    assert_eq!(city.approve(order, "officer-2"), Err(Code::ApproverRole));
    assert_eq!(city.approve(order, "security-1"), Err(Code::ProfileChanged));
    assert_eq!(city.intend(order).unwrap_err(), Code::ProfileChanged);
}

#[test]
fn a_certificate_that_ended_approves_nothing() {
    let (mut city, _, reference) = with_letter();
    let officer = city.officer("officer-1").certificate.clone();
    city.now = officer.not_after() - 60;
    let order = city.apply_for(&reference, &key());
    city.approve(order, "officer-1").unwrap();
    city.now = officer.not_after() + 1;
    assert_eq!(city.approve(order, "officer-2"), Err(Code::ApproverExpired));
    // What was given before counts no longer either.
    assert_eq!(city.authority.lapsed(order, city.now).len(), 1);
    assert_eq!(city.authority.given(order, city.now).len(), 0);
}

#[test]
fn a_certificate_that_was_revoked_approves_nothing() {
    let (mut city, _, reference) = with_letter();
    let person = city.appoint("new", Role::RegistrationOfficer, "shangzhou");
    let order = city.apply_for(&reference, &key());
    city.approve(order, "new").unwrap();
    city.approve(order, "officer-1").unwrap();
    let serials = city.authority.serials_of(&person);
    city.revoke(&person, &serials);
    assert_eq!(city.intend(order).unwrap_err(), Code::ApprovalsMissing);
    assert_eq!(city.authority.lapsed(order, city.now), [(person, Code::ApproverRevoked)]);
    assert_eq!(city.approve(order, "new"), Err(Code::ApproverRevoked));
    city.approve(order, "officer-2").unwrap();
    city.intend(order).unwrap();
}

#[test]
fn a_withdrawn_role_counts_no_longer() {
    let (mut city, _, reference) = with_letter();
    let person = city.appoint("new", Role::RegistrationOfficer, "shangzhou");
    let order = city.apply_for(&reference, &key());
    city.approve(order, "new").unwrap();
    city.approve(order, "officer-1").unwrap();
    let role = Role::RegistrationOfficer;
    let body = city.role_body(RoleAction::Withdraw, &person, role, "shangzhou");
    city.done(&body, &["security-1", "security-2"]);
    assert!(!city.authority.is_approver(&person));
    assert_eq!(city.intend(order).unwrap_err(), Code::ApprovalsMissing);
    assert_eq!(city.approve(order, "new"), Err(Code::ApproverRole));
    city.approve(order, "officer-2").unwrap();
    city.intend(order).unwrap();
}

/// Nobody who grants a role anew reads of what was approved by it before. What rests on a role that
/// was held all the while goes on.
#[test]
fn an_approval_that_lapsed_with_a_role_does_not_come_back_with_it() {
    let (mut city, _, reference) = with_letter();
    let role = Role::RegistrationOfficer;
    let person = city.appoint("new", role, "shangzhou");
    let mut twice = city.clone();
    let more = twice.role_body(RoleAction::Grant, &person, role, "sz-office");
    twice.done(&more, &["security-1", "security-2"]);
    for (mut city, counts) in [(city, false), (twice, true)] {
        let order = city.apply_for(&reference, &key());
        let given = city.approval(order, "new");
        city.take(&given).unwrap();
        city.approve(order, "officer-1").unwrap();
        let is_given =
            |authority: &Authority, now: u64| authority.given(order, now).contains_key(&person);
        for action in [RoleAction::Withdraw, RoleAction::Grant] {
            let body = city.role_body(action, &person, role, "shangzhou");
            city.done(&body, &["security-1", "security-2"]);
            assert_eq!(is_given(&city.authority, city.now), counts, "{action:?}");
        }
        let kept = Authority::from_parts(&city.founding, &city.authority.parts()).unwrap();
        assert_eq!(is_given(&kept, city.now), counts);
        let again = if counts { Code::ApproverTwice } else { Code::ApproverRevoked };
        assert_eq!(city.take(&given), Err(again), "brought again");
        if !counts {
            assert_eq!(city.intend(order).unwrap_err(), Code::ApprovalsMissing);
            city.approve(order, "new").unwrap();
        }
        city.intend(order).unwrap();
    }
}

#[test]
fn whoever_left_office_counts_no_longer() {
    let (mut city, _, reference) = with_letter();
    let person = city.appoint("new", Role::RegistrationOfficer, "shangzhou");
    let order = city.apply_for(&reference, &key());
    city.approve(order, "new").unwrap();
    city.approve(order, "officer-1").unwrap();
    let body = city.person_body(PersonAction::Leave, &person, "sz-office");
    city.done(&body, &["officer-1", "officer-2"]);
    assert!(city.authority.has_left(&person));
    assert_eq!(city.intend(order).unwrap_err(), Code::ApprovalsMissing);
    assert_eq!(city.approve(order, "new"), Err(Code::ApproverRevoked));
}

#[test]
fn three_offices_are_three_people() {
    let city = SampleCity::found();
    let auditor = city.officer("auditor").person.clone();
    let clash = city.role_body(RoleAction::Grant, &auditor, Role::RegistrationOfficer, "shangzhou");
    assert_eq!(city.authority.fits(&clash), Err(Code::RoleConflict));
    let allowed = city.role_body(RoleAction::Grant, &auditor, Role::Official, "shangzhou");
    assert_eq!(city.authority.fits(&allowed), Ok(()));
}
