//! Acting for somebody on leave: within its days, for one voice, never for oneself or the absent.

use records::code::Code;
use records::order::{
    Body, DELEGATION_SECONDS, DelegateBody, LENDS_MAX, LENT_MAX, PersonAction, RoleAction,
};
use records::record::Event;
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
pub(crate) fn with_deputy() -> (SampleCity, DelegateBody) {
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

/// Whoever is on leave and decides all the same, for somebody else, had their part in it: whom they
/// lent their own voice to does not come beside them.
#[test]
fn nobody_speaks_for_somebody_who_decided_in_anothers_voice() {
    let (mut city, first) = with_deputy();
    let near = city.appoint("near", Role::RegistrationOfficer, "sz-office");
    let one = city.officer("officer-1").person.clone();
    let (absent, scope) = (near.clone(), "sz-office".to_owned());
    let second = DelegateBody { person: one.clone(), absent, scope, ..first };
    city.done(&Body::Delegate(second), &BOTH);
    city.now += DAY;
    let order = new_person(&mut city, "0000000000000001");
    let for_near = city.approval_for(order, "officer-1", Some(&near));
    let for_one = city.approval_for(order, "deputy", Some(&one));
    for (earlier, later) in [(&for_near, &for_one), (&for_one, &for_near)] {
        let mut city = city.clone();
        city.take(earlier).unwrap();
        assert_eq!(city.take(later), Err(Code::ApproverTwice));
        city.approve(order, "officer-2").unwrap();
        city.enact(order, &[]).unwrap();
    }
}

/// A record neither hides for whom a deputy acts nor names another; what was lent is what is told.
#[test]
fn for_whom_a_deputy_acts_is_no_records_to_say() {
    let (mut city, body) = with_deputy();
    city.now += DAY;
    let order = new_person(&mut city, "0000000000000001");
    let approval = city.approval(order, "deputy");
    let other = city.officer("officer-2").person.clone();
    for acting_for in [None, Some(other)] {
        let event =
            Event::Approval { approval: approval.clone(), person: body.person.clone(), acting_for };
        assert_eq!(city.apply(event).unwrap_err().code, Code::UnsignedAuthority);
    }
    city.take(&approval).unwrap();
    city.approve(order, "officer-2").unwrap();
    let judged = city.authority.judge(order, None, city.now).unwrap();
    let lent: Vec<_> = judged.counted().iter().map(|one| one.lent.clone()).collect();
    let [Some(lent), None] = lent.as_slice() else { panic!("{lent:?}") };
    assert_eq!(*lent.absent, *body.absent);
    assert_eq!(records::time::seconds(lent.until), body.until);
}

/// As what the approvals of an order count now.
fn counted(city: &SampleCity, order: authority::OrderDigest) -> Vec<Option<String>> {
    let all = city.authority.counting(order, city.now);
    all.iter().map(|(one, _)| one.acting_for.map(|absent| absent.to_string())).collect()
}

/// Somebody has a role of their own, those of two who are on leave, and one that has no say here:
/// their signature is the voice that it names. Where that is gone it becomes none of the others.
#[test]
fn an_approval_counts_for_whom_it_was_given_and_for_nobody_else() {
    let (mut city, first) = with_deputy();
    let absent = |name: &str, scope: &str| DelegateBody {
        absent: city.officer(name).person.clone(),
        scope: scope.into(),
        ..first.clone()
    };
    let (second, elsewhere) = (absent("officer-2", "shangzhou"), absent("officer-3", "luonan"));
    for one in [&second, &elsewhere] {
        city.done(&Body::Delegate(one.clone()), &BOTH);
    }
    let (deputy, role) = (first.person.clone(), Role::RegistrationOfficer);
    city.done(&city.role_body(RoleAction::Grant, &deputy, role, "sz-office"), &BOTH);
    city.now += DAY;
    let order = new_person(&mut city, "0000000000000001");
    let own = city.role_body(RoleAction::Withdraw, &deputy, role, "sz-office");
    let ends = |one: &DelegateBody| {
        Body::Delegate(DelegateBody { action: RoleAction::Withdraw, ..one.clone() })
    };
    let rests_on = [
        (None, own),
        (Some(first.absent.clone()), ends(&first)),
        (Some(second.absent.clone()), ends(&second)),
    ];
    let voices = city.authority.voices(&deputy, order, city.now);
    let voices = voices.iter().map(|one| one.acting_for.map(|absent| absent.to_string()));
    assert!(voices.eq(rests_on.iter().map(|(voice, _)| voice.clone())));
    for (acting_for, ended) in rests_on {
        let mut city = city.clone();
        let approval = city.approval_for(order, "deputy", acting_for.as_deref());
        city.take(&approval).unwrap();
        assert_eq!(counted(&city, order), std::slice::from_ref(&acting_for));
        city.done(&ended, &BOTH);
        assert_eq!(counted(&city, order), [], "{acting_for:?}");
        let lapsed = city.authority.lapsed(order, city.now);
        assert_eq!(lapsed, [(deputy.clone(), Code::ApproverRevoked)]);
        assert_eq!(city.take(&approval), Err(Code::ApproverRevoked));
        city.approve(order, "deputy").unwrap();
        assert_ne!(counted(&city, order), [acting_for], "another voice, signed anew");
    }
    // Nor is it given for who lent nothing that counts here, or turned by who carries it.
    for nobody in [elsewhere.absent.clone(), city.officer("auditor").person.clone()] {
        let approval = city.approval_for(order, "deputy", Some(&nobody));
        assert_eq!(city.take(&approval), Err(Code::ApproverRevoked));
    }
    let mut turned = city.approval_for(order, "deputy", None);
    turned.acting_for = Some(first.absent.clone());
    assert_eq!(city.take(&turned), Err(Code::ApprovalSignature));
    turned.acting_for = Some(String::new());
    assert_eq!(city.take(&turned), Err(Code::ApprovalSignature));
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
    let without = city.order(&without);
    for name in BOTH {
        city.approve(without, name).unwrap();
    }
    let event = city.enacted_event(without, &[]).unwrap();
    city.pending(event);
    assert!(city.approve(order, "deputy").is_err(), "as soon as it is recorded");
    city.authority.forget_pending();
    city.enact(without, &[]).unwrap();
    assert!(city.approve(order, "deputy").is_err(), "the absent hold it no longer");
}

/// Who approved that a role is withdrawn read which deputies end with it, and who approved that it
/// is granted again read of none: there is none, however long they were to act.
#[test]
fn what_was_lent_does_not_come_back_with_its_role() {
    let (mut city, body) = with_deputy();
    city.now += DAY;
    let order = new_person(&mut city, "0000000000000001");
    let mut kept = city.clone();
    assert_eq!(kept.approve(order, "deputy"), Ok(()));
    let other = DelegateBody { absent: city.officer("officer-2").person.clone(), ..body.clone() };
    city.done(&Body::Delegate(other.clone()), &BOTH);
    let role = Role::RegistrationOfficer;
    for action in [RoleAction::Withdraw, RoleAction::Grant] {
        let again = city.role_body(action, &body.absent, role, "shangzhou");
        city.done(&again, &BOTH);
    }
    let left = |city: &SampleCity| -> Vec<String> {
        city.authority.delegations().map(|(_, one)| one.absent.to_string()).collect()
    };
    assert_eq!(left(&city), std::slice::from_ref(&other.absent), "another's stays");
    let early = city.approval_for(order, "deputy", Some(&body.absent));
    assert_eq!(city.take(&early), Err(Code::ApproverRevoked));
    assert_eq!(city.approve(order, "officer-1"), Ok(()), "who holds it again decides");
    // Nor is anything left of who leaves, as the deputy or as whose role it is.
    for person in [&body.person, &other.absent] {
        let mut city = city.clone();
        let leaves = city.person_body(PersonAction::Leave, person, "sz-office");
        city.done(&leaves, &BOTH);
        assert!(left(&city).is_empty(), "{person}");
    }
}

/// Nobody who lends a role anew reads of what was approved by it before.
#[test]
fn an_approval_that_lapsed_with_a_delegation_does_not_come_back_with_another() {
    let (mut city, body) = with_deputy();
    city.now += DAY;
    let order = new_person(&mut city, "0000000000000001");
    let given = city.approval(order, "deputy");
    city.take(&given).unwrap();
    let theirs = Some(body.absent.clone());
    assert_eq!(counted(&city, order), std::slice::from_ref(&theirs));
    for action in [RoleAction::Withdraw, RoleAction::Grant] {
        city.done(&Body::Delegate(DelegateBody { action, ..body.clone() }), &BOTH);
        assert_eq!(counted(&city, order), [], "{action:?}");
    }
    assert_eq!(city.take(&given), Err(Code::ApproverRevoked), "brought again");
    city.approve(order, "deputy").unwrap();
    assert_eq!(counted(&city, order), [theirs], "signed anew");
}

/// What is lent is what the absent could do themselves: a transfer between two counties is decided
/// by nobody who has a say over the one and is lent the say over the other.
#[test]
fn what_is_lent_gives_no_more_than_the_absent_hold() {
    let mut city = SampleCity::found();
    let deputy = city.officer("officer-1").person.clone();
    let absent = city.officer("officer-3").person.clone();
    let body = DelegateBody { absent, scope: "luonan".into(), ..lent(&city, &deputy) };
    city.done(&Body::Delegate(body.clone()), &BOTH);
    city.now += DAY;
    let person = city.register("sz-office");
    let there = city.person_body(PersonAction::Create, "0000000000000001", "ln-office");
    let there = city.order(&there);
    assert_eq!(city.approve(there, "officer-1"), Ok(()));
    assert_eq!(counted(&city, there), [Some(body.absent)]);
    let moves = city.person_body(PersonAction::Move, &person, "ln-office");
    let moves = city.order(&moves);
    for name in ["officer-1", "officer-3"] {
        assert_eq!(city.approve(moves, name), Err(Code::ApproverScope), "{name}");
    }
    assert_eq!(city.approve(moves, "security-1"), Ok(()));
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

/// So much is lent to one person and by one, and no more: an order about either of them holds all
/// of it, also the one by which somebody leaves. What ended makes room.
#[test]
fn what_is_lent_has_an_end() {
    let mut city = SampleCity::found();
    let until = |city: &SampleCity, person: &str, day: u64| DelegateBody {
        until: records::time::seconds(city.now + (11 + day) * DAY),
        ..lent(city, person)
    };
    let fits =
        |city: &SampleCity, body: &DelegateBody| city.authority.fits(&Body::Delegate(body.clone()));
    let deputies: Vec<String> = (0..=LENDS_MAX / LENT_MAX)
        .map(|at| city.appoint(&format!("deputy-{at}"), Role::ApplicationOwner, "sz-office"))
        .collect();
    let (last, all) = deputies.split_last().unwrap();
    for deputy in all {
        assert_eq!(fits(&city, &lent(&city, last)), Ok(()));
        for day in (1..).take(LENT_MAX) {
            let body = until(&city, deputy, day);
            assert_eq!(fits(&city, &body), Ok(()));
            city.done(&Body::Delegate(body), &BOTH);
        }
        assert_eq!(fits(&city, &until(&city, deputy, 0)), Err(Code::StateConflict));
    }
    assert_eq!(fits(&city, &lent(&city, last)), Err(Code::StateConflict));
    let absent = city.officer("officer-1").person.clone();
    let leave = city.person_body(PersonAction::Leave, &absent, "sz-office");
    city.order(&leave);
    let withdrawn = DelegateBody { action: RoleAction::Withdraw, ..until(&city, &deputies[0], 1) };
    city.done(&Body::Delegate(withdrawn), &BOTH);
    assert_eq!(fits(&city, &lent(&city, last)), Ok(()));
}
