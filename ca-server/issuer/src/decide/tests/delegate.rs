//! Acting for somebody on leave, and for the units of a pool, as the CA decides it.

use crate::sample::operate::{OFFICERS, SECURITY, person};
use crate::sample::{Sample, key};
use ca_host::operator::OperatorRequest;
use records::Code;
use records::decline::Outcome;
use records::order::{DelegateBody, PersonAction, RoleAction};
use records::record::Event;
use records::rules::Role;

const NEW: &str = "0000000000000AA1";
const DAY: u64 = 86_400;

/// Officer-1 is on leave for a week from now on, and `deputy` acts for them.
fn lent(sample: &Sample) -> OperatorRequest {
    let time = |seconds: u64| records::time::seconds(sample.city.now + seconds);
    let body = DelegateBody {
        action: RoleAction::Grant,
        person: sample.person("deputy"),
        absent: sample.person("officer-1"),
        role: Role::RegistrationOfficer,
        scope: "shangzhou".into(),
        from: time(0),
        until: time(7 * DAY),
    };
    OperatorRequest::Delegate { body: Box::new(body) }
}

fn with_deputy() -> Sample {
    let mut sample = Sample::found();
    sample.appoint("deputy", Role::ApplicationOwner, "sz-office");
    let request = lent(&sample);
    sample.done(request, &SECURITY);
    sample
}

#[test]
fn an_approval_says_for_whom_it_was_given() {
    let mut sample = with_deputy();
    let created = person(PersonAction::Create, "", "李丹", "sz-office");
    let order = sample.order(created.clone());
    sample.approve(order, "deputy").unwrap();
    assert_eq!(sample.approve(order, "officer-1"), Err(Code::ApproverTwice), "not yet in the tree");
    sample.sequence();
    let absent = sample.person("officer-1");
    let told = sample.recorded.iter().rev().find_map(|record| match &record.event {
        Event::Approval { acting_for, .. } => Some(acting_for.clone()),
        _ => None,
    });
    assert_eq!(told, Some(Some(absent)));
    sample.approved_by(order, &["officer-2"]);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    // A second too late it is nobody's; who has no other role is not even let in.
    let late = sample.order(created.clone());
    sample.pass(7 * DAY + 1);
    let authority = sample.authority();
    let (read, body) = authority.open(late, sample.city.now - DAY).unwrap();
    let decided = authority.may_decide(&sample.person("deputy"), &read, &body, sample.city.now);
    assert_eq!(decided.map(drop), Err(Code::DelegationExpired));
    let order = sample.order(created);
    assert_eq!(sample.approve(order, "deputy"), Err(Code::NotYourRoute));
    assert_eq!(sample.decline(order, "deputy", Outcome::Returned), Err(Code::NotYourRoute));
    sample.approved_by(order, &OFFICERS);
}

#[test]
fn a_deputy_decides_about_nothing_that_the_absent_drafted() {
    let mut sample = with_deputy();
    let absent = sample.person("officer-1");
    sample.grant(&absent, Role::UnitHandler, "sz-office");
    sample.drafts("officer-1", (PersonAction::Create, NEW), ("陈一", "sz-office")).unwrap();
    sample.sequence();
    let order = sample.newest_order();
    assert_eq!(sample.approve(order, "deputy"), Err(Code::ApproverDrafted));
    // Nor about a certificate of the absent.
    let letter = sample.letter(&absent, "staff");
    let order = sample.applied(&letter, &key());
    assert_eq!(sample.approve(order, "deputy"), Err(Code::ApproverRole));
    sample.approve(order, "officer-2").unwrap();
}

#[test]
fn neither_of_the_two_approves_a_delegation() {
    let mut sample = Sample::found();
    sample.appoint("deputy", Role::ApplicationOwner, "sz-office");
    let request = lent(&sample);
    let order = sample.order(request.clone());
    assert_eq!(sample.approve(order, "officer-1"), Err(Code::ApproverSelf));
    assert_eq!(sample.approve(order, "deputy"), Err(Code::NotYourRoute), "no role of theirs");
    sample.approved_by(order, &SECURITY);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(sample.operator(request).map(drop), Err(Code::StateConflict), "twice is once");
}

#[test]
fn a_pool_gives_the_second_approval_and_never_both() {
    let mut sample = Sample::found();
    for name in ["pool-1", "pool-2"] {
        sample.appoint(name, Role::PoolOfficer, "city");
    }
    let order = sample.order(person(PersonAction::Create, "", "李丹", "ln-office"));
    assert_eq!(sample.approve(order, "pool-1"), Err(Code::PoolAlone));
    sample.approve(order, "officer-3").unwrap();
    sample.sequence();
    sample.approved_by(order, &["pool-1"]);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.refusals().len(), 1, "the first of the pool");
    // Where nobody else of the unit could decide, the pool does.
    let own = sample.person("officer-3");
    let moved = sample.order(person(PersonAction::Move, &own, "王强", ""));
    sample.approved_by(moved, &["pool-1", "pool-2"]);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(sample.became_of(moved), Err(Code::OrderConsumed));
}
