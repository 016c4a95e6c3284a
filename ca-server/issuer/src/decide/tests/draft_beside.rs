//! Releases and delegations that people draft under their signature: judged as those of operators,
//! and by nobody whom they are about.

use crate::decide::tests::suspend::suspend;
use crate::sample::Sample;
use crate::sample::operate::{OFFICERS, SECURITY};
use ca_api::handler::DraftMade;
use pki::Certificate;
use records::commitment::EVIDENCE_PATH;
use records::draft::Drafting;
use records::drafted::DraftContent;
use records::order::{Body, DelegateBody, ReleaseBody, RoleAction};
use records::rules::Role;
use records::{Code, Disclosure};

const DAY: u64 = 86_400;

/// A handler of an office, and an official there whose certificate is suspended.
fn suspended() -> (Sample, Certificate) {
    let mut sample = Sample::with_handler();
    let (_, certificate) = sample.official("李丹");
    suspend(&mut sample, &certificate).unwrap();
    sample.sequence();
    (sample, certificate)
}

/// The release of the suspension that stands, with what was looked at.
fn release(sample: &Sample, certificate: &Certificate) -> (ReleaseBody, Disclosure) {
    let serial = certificate.serial().to_string();
    let known = sample.authority().suspended_as(&serial).unwrap();
    let seen = Disclosure::new(EVIDENCE_PATH, [5; 32], "本人当面核对".into());
    let body = ReleaseBody {
        person: certificate.subject().person().unwrap().to_owned(),
        suspension: known.name.into(),
        by: known.by.to_string(),
        reason: known.reason.clone(),
        since: records::time::seconds(known.revoked.at),
        evidence: seen.commitment().unwrap(),
        serial,
    };
    (body, seen)
}

fn bring(
    sample: &mut Sample,
    name: &str,
    (drafted, disclosures): (DraftContent, Vec<Disclosure>),
) -> Result<DraftMade, Code> {
    let draft = sample.signed_draft(name, &drafted, |_| {});
    let caller = sample.staff();
    sample.bring_draft(caller, name, Drafting { draft, disclosures, number_seal: None })
}

fn releases(sample: &mut Sample, name: &str, certificate: &Certificate) -> Result<DraftMade, Code> {
    let (body, seen) = release(sample, certificate);
    bring(sample, name, (DraftContent::Release(body), vec![seen]))
}

/// Officer-1 is on leave for a week from now on, and `deputy` acts for them.
fn lent(sample: &Sample, action: RoleAction) -> DelegateBody {
    let time = |seconds: u64| records::time::seconds(sample.city.now + seconds);
    DelegateBody {
        action,
        person: sample.person("deputy"),
        absent: sample.person("officer-1"),
        role: Role::RegistrationOfficer,
        scope: "shangzhou".into(),
        from: time(0),
        until: time(7 * DAY),
    }
}

#[test]
fn a_release_is_drafted_by_who_cares_and_approved_by_two_others() {
    let (mut sample, certificate) = suspended();
    let serial = certificate.serial().to_string();
    let made = releases(&mut sample, "handler", &certificate).unwrap();
    assert_eq!(made.needed, 2);
    let order = sample.newest_order();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    let (read, _) = sample.authority().open(order, sample.city.now).unwrap();
    assert_eq!(read.drafter, format!("person:{}", sample.person("handler")));
    assert!(sample.authority().is_revoked(&serial), "it is only drafted");
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert!(!sample.authority().is_revoked(&serial));
    // An officer drafts one too, and decides nothing about it.
    suspend(&mut sample, &certificate).unwrap();
    sample.sequence();
    releases(&mut sample, "officer-1", &certificate).unwrap();
    let order = sample.newest_order();
    sample.sequence();
    assert_eq!(sample.approve(order, "officer-1"), Err(Code::ApproverDrafted));
    sample.approve(order, "officer-2").unwrap();
}

#[test]
fn nobody_drafts_a_release_who_suspended_or_does_not_care() {
    let (mut sample, certificate) = suspended();
    assert_eq!(releases(&mut sample, "auditor", &certificate), Err(Code::NotYourRoute));
    assert_eq!(releases(&mut sample, "officer-3", &certificate), Err(Code::ApproverScope));
    // Whoever suspended does not draft the release, and neither does the holder.
    let (body, seen) = release(&sample, &certificate);
    let by = ReleaseBody { by: sample.person("handler"), ..body.clone() };
    let told = bring(&mut sample, "handler", (DraftContent::Release(by), vec![seen.clone()]));
    assert_eq!(told, Err(Code::DrafterSelf));
    let own = ReleaseBody { person: sample.person("officer-1"), ..body.clone() };
    let told = bring(&mut sample, "officer-1", (DraftContent::Release(own), vec![seen.clone()]));
    assert_eq!(told, Err(Code::DrafterSelf));
    // What it names is the suspension that stands, and what was looked at is told.
    let other = ReleaseBody { reason: "superseded".into(), ..body.clone() };
    let told = bring(&mut sample, "handler", (DraftContent::Release(other), vec![seen]));
    assert_eq!(told, Err(Code::StateConflict));
    let told = bring(&mut sample, "handler", (DraftContent::Release(body), Vec::new()));
    assert_eq!(told, Err(Code::Malformed));
    // A release waits for a clock that is believed.
    sample.clock = Err(Code::ClockMoved);
    assert_eq!(releases(&mut sample, "handler", &certificate), Err(Code::ClockMoved));
}

/// The order of whoever suspended is none, whoever lets it pass before.
#[test]
fn an_order_to_release_in_the_name_of_who_suspended_is_none() {
    let (sample, certificate) = suspended();
    let (body, _) = release(&sample, &certificate);
    let body = ReleaseBody { by: sample.person("handler"), ..body };
    let draft = sample.signed_draft("handler", &DraftContent::Release(body.clone()), |_| {});
    let order = |body: &ReleaseBody, drafter: &str| {
        let body = Body::Release(body.clone());
        let basis = sample.authority().basis(&body, drafter).unwrap();
        records::Order {
            v: 1,
            kind: "release".into(),
            issuer: "issuing-1".into(),
            order: "5GPJWBSG64S36D1N".into(),
            version: 1,
            nonce: [0; 16].into(),
            expires: records::time::seconds(sample.city.now + DAY),
            drafter: drafter.to_owned(),
            basis,
            draft: Some(Box::new(draft.clone())),
            place: None,
            body: body.value().unwrap(),
        }
    };
    let drafter = format!("person:{}", sample.person("handler"));
    assert!(order(&body, &drafter).body().is_err(), "they suspended it");
    // Without their signature nothing is drafted in somebody's name.
    let (other, _) = release(&sample, &certificate);
    let unsigned = records::Order { draft: None, ..order(&other, &drafter) };
    assert!(unsigned.body().is_err());
    let of_operator = records::Order { draft: None, ..order(&other, "operator:0") };
    assert!(of_operator.body().is_ok());
}

#[test]
fn a_delegation_is_drafted_and_ended_by_who_cares_for_the_absent() {
    let mut sample = Sample::found();
    sample.appoint("deputy", Role::ApplicationOwner, "sz-office");
    let grant = lent(&sample, RoleAction::Grant);
    let drafts = |sample: &mut Sample, name: &str, body: &DelegateBody| {
        bring(sample, name, (DraftContent::Delegate(body.clone()), Vec::new()))
    };
    for name in ["officer-1", "deputy"] {
        assert_eq!(drafts(&mut sample, name, &grant), Err(Code::DrafterSelf), "{name}");
    }
    assert_eq!(drafts(&mut sample, "officer-3", &grant), Err(Code::ApproverScope));
    assert_eq!(drafts(&mut sample, "auditor", &grant), Err(Code::NotYourRoute));
    drafts(&mut sample, "officer-2", &grant).unwrap();
    let order = sample.newest_order();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    assert_eq!(sample.approve(order, "officer-2"), Err(Code::ApproverDrafted));
    assert_eq!(sample.approve(order, "officer-1"), Err(Code::ApproverSelf));
    sample.approved_by(order, &SECURITY);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    let deputy = sample.person("deputy");
    assert_eq!(sample.authority().delegations_to(&deputy).count(), 1);
    // What ends it is a brake: also under a clock that moved.
    sample.clock = Err(Code::ClockMoved);
    let ends = DelegateBody { action: RoleAction::Withdraw, ..grant };
    drafts(&mut sample, "officer-2", &ends).unwrap();
    let order = sample.newest_order();
    sample.approved_by(order, &SECURITY);
    let before = sample.state.people_change;
    assert_eq!(sample.execute(), None);
    assert!(sample.state.people_taken > before, "gates are told as of any brake");
    sample.sequence();
    assert_eq!(sample.authority().delegations_to(&deputy).count(), 0);
}
