//! What gates are told of delegations.

use crate::delegations::with_deputy;
use crate::key;
use crate::services::gate;
use pki::Signer;
use records::order::{Body, DelegateBody, LENT_MAX, RoleAction};
use records::people::{PeopleSnapshot, SignedPeople, SnapshotDelegation};
use sample_city::SampleCity;

const SECURITY: [&str; 2] = ["security-1", "security-2"];
const DAY: u64 = 86_400;

/// What a gate is told that is lent, with to whom.
fn told(city: &SampleCity, now: u64) -> Vec<(String, SnapshotDelegation)> {
    let snapshot = city.authority.snapshot("gate-1", 1, now).unwrap();
    let people = snapshot.people.into_iter();
    people
        .flat_map(|one| one.lent.into_iter().map(move |lent| (one.person.clone(), lent)))
        .collect()
}

/// Gates are told what counts, or will within a day, with whose it is and its days; and of what was
/// ended nothing any more as soon as that is recorded.
#[test]
fn gates_are_told_what_is_lent_and_until_when() {
    let (mut city, body) = with_deputy();
    city.done(&gate("register"), &SECURITY);
    let [from, until] = [&body.from, &body.until].map(|at| records::time::read(at).unwrap());
    let lent = SnapshotDelegation {
        role: body.role,
        scope: body.scope.clone(),
        absent: body.absent.clone(),
        from: body.from.clone(),
        until: body.until.clone(),
    };
    let is_told = [(body.person.clone(), lent)];
    for now in [from - DAY, from, until] {
        assert_eq!(told(&city, now), is_told, "{now}");
    }
    for now in [from - DAY - 1, until + 1] {
        assert!(told(&city, now).is_empty(), "{now}");
    }
    let end = DelegateBody { action: RoleAction::Withdraw, ..body.clone() };
    let order = city.order(&Body::Delegate(end));
    for officer in SECURITY {
        city.approve(order, officer).unwrap();
    }
    let event = city.enacted_event(order, &[]).unwrap();
    let mut waits = city.clone();
    waits.pending(event.clone());
    assert!(told(&waits, from).is_empty(), "recorded is enough");
    city.apply(event).unwrap();
    assert!(told(&city, from).is_empty());
}

/// A snapshot that lends somebody more than may be lent is none, whoever signed it.
#[test]
fn a_snapshot_lends_so_much_and_no_more() {
    let (mut city, body) = with_deputy();
    city.done(&gate("register"), &SECURITY);
    let registry = key();
    let opens = |snapshot: &PeopleSnapshot| {
        let signed = SignedPeople::sign(snapshot, &registry).unwrap();
        signed.open(registry.public_key()).is_some_and(|read| read == *snapshot)
    };
    let mut snapshot = city.authority.snapshot("gate-1", 1, city.now).unwrap();
    let place = snapshot.people.iter().position(|one| one.person == body.person).unwrap();
    let lent = snapshot.people[place].lent[0].clone();
    for (count, is_read) in [(0, true), (LENT_MAX, true), (LENT_MAX + 1, false)] {
        snapshot.people[place].lent = vec![lent.clone(); count];
        assert_eq!(opens(&snapshot), is_read, "{count}");
    }
}
