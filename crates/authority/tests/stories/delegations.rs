//! Acting for somebody on leave: within its days, for one voice, never for oneself or the absent.

use records::code::Code;
use records::order::{Body, DELEGATION_SECONDS, DelegateBody, PersonAction, RoleAction};
use records::rules::Role;
use sample_city::SampleCity;

const BOTH: [&str; 2] = ["security-1", "security-2"];
const DAY: u64 = 86_400;

/// Lends the role of officer-1 to somebody for ten days from tomorrow on.
fn lent(city: &SampleCity, person: &str) -> DelegateBody {
    DelegateBody {
        action: RoleAction::Grant,
        person: person.into(),
        absent: city.officer("officer-1").person.clone(),
        role: Role::RegistrationOfficer,
        scope: "shangzhou".into(),
        from: records::time::seconds(city.now + DAY),
        until: records::time::seconds(city.now + 11 * DAY),
    }
}

/// A city in which a deputy acts for officer-1 from tomorrow on.
fn with_deputy() -> (SampleCity, DelegateBody) {
    let mut city = SampleCity::found();
    let deputy = city.appoint("deputy", Role::ApplicationOwner, "sz-office");
    let body = lent(&city, &deputy);
    city.done(&Body::Delegate(body.clone()), &BOTH);
    (city, body)
}

fn new_person(city: &mut SampleCity, id: &str) -> authority::OrderDigest {
    let body = city.person_body(PersonAction::Create, id, "sz-office");
    city.order(&body)
}

#[test]
fn a_deputy_counts_for_the_absent_once_and_within_its_days() {
    let (mut city, _) = with_deputy();
    let early = new_person(&mut city, "0000000000000001");
    assert_eq!(city.approve(early, "deputy"), Err(Code::DelegationExpired));
    city.now += DAY;
    city.approve(early, "deputy").unwrap();
    assert_eq!(city.approve(early, "officer-1"), Err(Code::ApproverTwice), "one voice");
    city.approve(early, "officer-2").unwrap();
    city.enact(early, &[]).unwrap();
    // The other way round it is one voice as well.
    let order = new_person(&mut city, "0000000000000002");
    city.approve(order, "officer-1").unwrap();
    assert_eq!(city.approve(order, "deputy"), Err(Code::ApproverTwice));
    // An approval that was given in time does not outlive the delegation.
    city.now += 10 * DAY;
    let late = new_person(&mut city, "0000000000000003");
    city.approve(late, "deputy").unwrap();
    city.approve(late, "officer-2").unwrap();
    city.now += 1;
    assert_eq!(city.enact(late, &[]), Err(Code::ApprovalsMissing));
    let later = new_person(&mut city, "0000000000000004");
    assert_eq!(city.approve(later, "deputy"), Err(Code::DelegationExpired));
}

#[test]
fn a_deputy_decides_about_neither_of_them() {
    let (mut city, body) = with_deputy();
    city.now += DAY;
    for person in [body.absent.clone(), body.person.clone()] {
        let moved = city.person_body(PersonAction::Move, &person, "sz-office");
        let order = city.order(&moved);
        assert!(city.approve(order, "deputy").is_err(), "{person}");
    }
    // Nor do the two decide about the delegation itself.
    let ends = DelegateBody { action: RoleAction::Withdraw, ..body };
    let order = city.order(&Body::Delegate(ends));
    for name in ["deputy", "officer-1"] {
        assert_eq!(city.approve(order, name), Err(Code::ApproverSelf), "{name}");
    }
}

#[test]
fn a_delegation_ends_with_what_it_rests_on() {
    let (mut city, body) = with_deputy();
    city.now += DAY;
    let order = new_person(&mut city, "0000000000000001");
    let ends = DelegateBody { action: RoleAction::Withdraw, ..body.clone() };
    let mut ended = city.clone();
    ended.done(&Body::Delegate(ends), &BOTH);
    assert_eq!(ended.approve(order, "deputy"), Err(Code::ApproverRole));
    let role = Role::RegistrationOfficer;
    let without = city.role_body(RoleAction::Withdraw, &body.absent, role, "shangzhou");
    city.done(&without, &BOTH);
    assert!(city.approve(order, "deputy").is_err(), "the absent hold it no longer");
}

#[test]
fn what_may_not_be_held_together_is_not_lent() {
    let (mut city, body) = with_deputy();
    let fits =
        |city: &SampleCity, body: &DelegateBody| city.authority.fits(&Body::Delegate(body.clone()));
    let auditor = city.officer("auditor").person.clone();
    let lend = |change: &dyn Fn(&mut DelegateBody)| {
        let mut other =
            DelegateBody { until: records::time::seconds(city.now + 9 * DAY), ..body.clone() };
        change(&mut other);
        fits(&city, &other)
    };
    assert_eq!(lend(&|_| {}), Ok(()));
    assert_eq!(lend(&|other| other.person = auditor.clone()), Err(Code::RoleConflict));
    assert_eq!(lend(&|other| other.person = other.absent.clone()), Err(Code::Malformed));
    assert_eq!(lend(&|other| other.role = Role::Auditor), Err(Code::Malformed), "decides nothing");
    assert_eq!(
        lend(&|other| other.scope = "city".into()),
        Err(Code::StateConflict),
        "more than theirs"
    );
    let begin = records::time::read(&body.from).unwrap();
    let at = |second| records::time::seconds(second);
    let longest = begin + DELEGATION_SECONDS;
    assert_eq!(lend(&|other| other.until = at(longest)), Ok(()));
    assert_eq!(lend(&|other| other.until = at(longest + 1)), Err(Code::Malformed));
    assert_eq!(lend(&|other| other.until = other.from.clone()), Err(Code::Malformed));
    // What was lent excludes as an own role does.
    let grant = city.role_body(RoleAction::Grant, &body.person, Role::Auditor, "city");
    assert_eq!(city.authority.fits(&grant), Err(Code::RoleConflict));
    city.now += 12 * DAY;
    let person = city.person_body(PersonAction::Create, "0000000000000009", "sz-office");
    city.order(&person);
    assert_eq!(city.authority.fits(&grant), Ok(()), "it is over");
}
