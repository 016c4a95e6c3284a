//! Acting for somebody on leave, and for the units of a pool, as the CA decides it.

use crate::sample::operate::{OFFICERS, SECURITY, person, role};
use crate::sample::{Sample, key};
use authority::OrderDigest;
use ca_host::operator::OperatorRequest;
use records::Code;
use records::decline::Outcome;
use records::order::{DelegateBody, PersonAction, PersonBefore, RoleAction};
use records::record::Event;
use records::rules::Role;

const NEW: &str = "0000000000000AA1";
const DAY: u64 = 86_400;

/// Officer-1 is on leave for a week from now on, and `deputy` acts for them.
fn lent(sample: &Sample) -> OperatorRequest {
    OperatorRequest::Delegate { body: Box::new(delegation(sample)) }
}

fn delegation(sample: &Sample) -> DelegateBody {
    let time = |seconds: u64| records::time::seconds(sample.city.now + seconds);
    DelegateBody {
        action: RoleAction::Grant,
        person: sample.person("deputy"),
        absent: sample.person("officer-1"),
        role: Role::RegistrationOfficer,
        scope: "shangzhou".into(),
        from: time(0),
        until: time(7 * DAY),
    }
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

/// What an order is read beside, of somebody's own roles and of what is lent to them.
fn before(sample: &Sample, order: OrderDigest) -> (usize, usize, usize) {
    let (order, _) = sample.authority().open(order, sample.city.now).unwrap();
    let before = order.basis.before.clone().unwrap();
    let before: PersonBefore = records::json::from_value(&before).unwrap();
    (before.roles.len(), before.lent.len(), before.lends.len())
}

/// Of two orders that wait for one person, to grant or to lend, each was read without the other:
/// once one is in force the other one is approved and carried out no more, and a newer one shows
/// it.
#[test]
fn a_second_grant_is_read_with_the_first() {
    let mut sample = Sample::found();
    sample.appoint("deputy", Role::ApplicationOwner, "sz-office");
    let deputy = sample.person("deputy");
    let grant = |scope| role(RoleAction::Grant, &deputy, Role::RegistrationOfficer, scope);
    let [first, second] = ["luonan", "sz-office"].map(|scope| sample.order(grant(scope)));
    let lends = sample.order(lent(&sample));
    assert_eq!(before(&sample, second), (1, 0, 0));
    sample.approved_by(second, &SECURITY);
    sample.approved_by(first, &SECURITY[..1]);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(sample.approve(first, SECURITY[1]), Err(Code::StateConflict));
    assert_eq!(sample.approve(lends, SECURITY[1]), Err(Code::StateConflict));
    let anew = sample.order(grant("luonan"));
    assert_eq!(before(&sample, anew), (2, 0, 0));
    // What is lent is read likewise, by whoever grants and by whoever lends more.
    let request = lent(&sample);
    sample.done(request, &SECURITY);
    assert_eq!(sample.approve(anew, SECURITY[0]), Err(Code::StateConflict));
    let anew = sample.order(grant("luonan"));
    assert_eq!(before(&sample, anew), (2, 1, 0));
    // Two that have all approvals at once: the later one is not carried out.
    let other = sample.order(grant("ln-office"));
    for order in [anew, other] {
        sample.approved_by(order, &SECURITY);
    }
    while !sample.state.ready.is_empty() {
        assert_eq!(sample.execute(), None);
        sample.sequence();
    }
    assert_eq!(sample.authority().person(&deputy).unwrap().roles.len(), 3);
    assert_eq!(sample.refusals().last().unwrap().2, Code::StateConflict);
}

/// A delegation that is over meanwhile was shown with its end; what somebody lends is shown where
/// it ends with a role, or with them.
#[test]
fn what_ends_by_itself_holds_no_grant_up_and_what_ends_with_a_role_is_shown() {
    let mut sample = with_deputy();
    let (deputy, absent) = (sample.person("deputy"), sample.person("officer-1"));
    sample.pass(3 * DAY);
    let grant = role(RoleAction::Grant, &deputy, Role::RegistrationOfficer, "luonan");
    let grant = sample.order(grant);
    assert_eq!(before(&sample, grant), (1, 1, 0));
    let officer = Role::RegistrationOfficer;
    let withdrawn = sample.order(role(RoleAction::Withdraw, &absent, officer, "shangzhou"));
    assert_eq!(before(&sample, withdrawn), (1, 0, 1));
    let leaves = sample.order(person(PersonAction::Leave, &absent, "", ""));
    assert_eq!(before(&sample, leaves), (1, 0, 1));
    // Who acts for somebody goes on to where they are transferred, and is read of all the same.
    let moves = sample.order(person(PersonAction::Move, &absent, "", "shangzhou"));
    assert_eq!(before(&sample, moves), (1, 0, 1));
    let ends =
        sample.order(role(RoleAction::Withdraw, &deputy, Role::ApplicationOwner, "sz-office"));
    assert_eq!(before(&sample, ends), (1, 1, 0), "not with another's role");
    sample.pass(4 * DAY + 1);
    let newer = sample.order(role(RoleAction::Grant, &absent, Role::Official, "luonan"));
    assert_eq!(before(&sample, newer), (1, 0, 0));
    sample.approve(grant, SECURITY[0]).unwrap();
}

/// Whoever gives somebody a certificate reads for whom they act, and who acts for them; what was
/// lent meanwhile they did not read of, and what is over hides nothing.
#[test]
fn whoever_gives_a_certificate_reads_for_whom_its_holder_acts() {
    let mut sample = Sample::found();
    sample.appoint("deputy", Role::ApplicationOwner, "sz-office");
    let both = [sample.person("deputy"), sample.person("officer-1")];
    let letters = both.clone().map(|id| sample.letter(&id, "staff"));
    let unread = [0, 1].map(|at: usize| sample.applied(&letters[at], &key()));
    assert_eq!(unread.map(|order| before(&sample, order)), [(1, 0, 0); 2]);
    let body = delegation(&sample);
    sample.done(OperatorRequest::Delegate { body: Box::new(body.clone()) }, &SECURITY);
    for order in unread {
        assert_eq!(sample.approve(order, "officer-2").map(drop), Err(Code::StateConflict));
        sample.decline(order, "officer-2", Outcome::Returned).unwrap();
    }
    sample.sequence();
    let read = [0, 1].map(|at: usize| sample.applied(&letters[at], &key()));
    assert_eq!(read.map(|order| before(&sample, order)), [(1, 1, 0), (1, 0, 1)]);
    for order in read {
        let (said, _) = sample.authority().open(order, sample.city.now).unwrap();
        said.check_disclosures(&sample.rows.orders[&order].disclosures).unwrap();
        assert!(both.iter().all(|id| said.basis.person(id).is_some()), "each has a name");
    }
    let ends = DelegateBody { action: RoleAction::Withdraw, ..body };
    sample.done(OperatorRequest::Delegate { body: Box::new(ends) }, &SECURITY);
    for order in read {
        assert_eq!(sample.approve(order, "officer-2").map(drop), Ok(()));
    }
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
