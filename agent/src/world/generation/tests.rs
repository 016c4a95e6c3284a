//! What is in force turns away, lets in and is written into records.

use super::super::unlisted::tests::{releases, said, serial};
use super::*;
use policy::{Bundle, CanonicalPath, Circumstances, Denial};
use records::people::{SnapshotDelegation, SnapshotPerson, SnapshotUnit};
use records::rules::Role;

/// First and last second of what is lent, in one hour.
const FROM: u64 = 1_800_000_600;
const UNTIL: u64 = FROM + 600;

/// The people of a snapshot in which somebody of an office acts for its handler, or does not.
fn known(number: u64, person: &str, acts: bool) -> Arc<KnownPeople> {
    let unit = |unit: &str, parent: Option<&str>| SnapshotUnit {
        unit: unit.into(),
        name: unit.into(),
        parent: parent.map(str::to_owned),
        served: true,
    };
    let lent = SnapshotDelegation {
        role: Role::UnitHandler,
        scope: "office".into(),
        absent: "ABSENT".into(),
        from: records::time::seconds(FROM),
        until: records::time::seconds(UNTIL),
    };
    let person = SnapshotPerson {
        person: person.into(),
        unit: "office".into(),
        roles: Vec::new(),
        lent: if acts { vec![lent] } else { Vec::new() },
    };
    let snapshot = PeopleSnapshot {
        v: 1,
        founding: [7; 32].into(),
        agent: "gate-1".into(),
        order: Default::default(),
        application: "exchange".into(),
        hosts: Vec::new(),
        number,
        bundle: 1,
        policy: Default::default(),
        mode: None,
        emergencies: Vec::new(),
        this_update: records::time::seconds(FROM - 3_600),
        next_update: records::time::seconds(UNTIL + 3_600),
        units: vec![unit("city", None), unit("office", Some("city"))],
        people: vec![person],
    };
    Arc::new(KnownPeople::new(&snapshot))
}

impl World {
    /// A world in which a role is lent to somebody.
    pub(crate) fn lending_to(person: &str) -> Self {
        Self::nothing().next(None, Some(known(1, person, true)), None)
    }
}

/// The rules of the sample application, and that whoever acts for a handler sends.
fn rules_for_deputies() -> Arc<Rules> {
    let rules = "@id(\"deputies\") @zh(\"代理人\") @en(\"deputies\")\n\
                 permit (principal, action == Action::\"send\", resource)\n\
                 when { context.acting.contains(resource[\"unit-handler\"]) };\n";
    let rules = format!("{}{rules}", include_str!("../../../../policies/access/exchange.cedar"));
    let files = [
        ("access/exchange.cedar", rules.as_str()),
        ("access/exchange.toml", include_str!("../../../../policies/access/exchange.toml")),
        (
            "access/exchange.examples.toml",
            include_str!("../../../../policies/access/exchange.examples.toml"),
        ),
        (
            "access/schema.cedarschema",
            include_str!("../../../../policies/access/schema.cedarschema"),
        ),
    ];
    let bundle = Bundle::read(1, files).unwrap();
    let application = bundle.application("exchange").cloned();
    Arc::new(Rules { version: 1, digest: Default::default(), application })
}

/// By one snapshot, and though answers are kept, a role that is lent opens something from its first
/// second to its last; once an order ended it, nothing from the next snapshot on.
#[test]
fn what_is_lent_opens_nothing_outside_of_its_days_or_once_it_is_ended() {
    let list = Revocations { next_update: u64::MAX, ..(*list(4, &[], &[])).clone() };
    let people = known(1, "DEPUTY", true);
    let world =
        World::nothing().next(Some(Arc::new(list)), Some(people), Some(rules_for_deputies()));
    let path = CanonicalPath::read("/documents/office").unwrap();
    let says = |world: &World, now| {
        let under = Circumstances::default();
        let asked = AccessRequest { person: "DEPUTY", method: "POST", path: &path, now, under };
        let told = world.rests_on(&asked).map(|lent| (lent.absent, lent.until));
        (world.decide(&asked).unwrap().outcome, told)
    };
    let told = Some(("ABSENT".to_owned(), UNTIL));
    for now in [FROM, UNTIL, FROM] {
        assert_eq!(says(&world, now), (Ok(()), told.clone()), "{now}");
        for outside in [FROM - 1, UNTIL + 1] {
            assert_eq!(says(&world, outside), (Err(Denial::Rule), told.clone()), "{outside}");
        }
    }
    let ended = world.next(None, Some(known(2, "DEPUTY", false)), None);
    assert_eq!(says(&ended, FROM), (Err(Denial::Rule), None));
    assert!(world.lends_to("DEPUTY") && !world.lends_to("ABSENT") && !ended.lends_to("DEPUTY"));
}

fn list(number: u64, revoked: &[u16], suspended: &[u16]) -> Arc<Revocations> {
    let of = |all: &[u16], how| -> Vec<_> { all.iter().map(|n| (serial(*n), how)).collect() };
    let all = of(revoked, CertificateStanding::Revoked).into_iter();
    let serials = all.chain(of(suspended, CertificateStanding::Suspended)).collect();
    Arc::new(Revocations { number, this_update: 0, next_update: 100, serials })
}

/// A list that was not accepted lets go of nothing: what stood beside the last one stays turned
/// away until one is that holds it, or the log released it.
#[test]
fn what_stood_beside_a_list_waits_for_the_next_accepted_one() {
    let had = World::nothing().next(Some(list(4, &[], &[])), None, None);
    let had = had.with_beside(&[said(4, &[1], &[3])]);
    let next = |told| had.next(None, None, None).with_beside(&[told]);
    let (revoked, good) = (CertificateStanding::Revoked, CertificateStanding::Good);
    // List 5 holds it and was refused; what stands beside that one came.
    let refused = next(said(5, &[2], &[]));
    assert_eq!(refused.standing(&serial(1)), revoked, "it is felt on");
    assert_eq!(refused.standing(&serial(2)), revoked, "what is new is felt");
    let nothing = next(said(5, &[], &[]));
    assert_eq!(nothing.standing(&serial(1)), revoked);
    assert!(nothing.beside.digest() != Default::default());
    let accepted = refused.next(Some(list(5, &[1, 2], &[3])), None, None);
    let accepted = accepted.with_beside(&[said(5, &[], &[])]);
    assert_eq!(accepted.beside.digest(), Default::default(), "the list has all of it");
    assert_eq!(accepted.standing(&serial(3)), CertificateStanding::Suspended);
    let last = accepted.next(Some(list(6, &[1, 2], &[])), None, None);
    assert_eq!([1, 2, 3].map(|one| last.standing(&serial(one))), [revoked, revoked, good]);
    // What is released is told, beside the same list too.
    let released = next(releases(4, &[1, 3], u64::MAX >> 32));
    assert_eq!([1, 3].map(|one| released.standing(&serial(one))), [revoked, good]);
}

/// What a list has as revoked is turned away behind it as well, also where the next lists do
/// not have it, since whoever makes them was put back from before; for a month, by which time
/// somebody saw that, or the certificate was over anyway. A suspension ends with its list.
#[test]
fn what_a_list_had_as_revoked_is_turned_away_behind_it() {
    let day = 86_400;
    let at = |number: u64, days: u64, revoked: &[u16], suspended: &[u16]| {
        let list = list(number, revoked, suspended);
        Some(Arc::new(Revocations { this_update: days * day, ..(*list).clone() }))
    };
    let next = |world: &World, list| world.next(list, None, None);
    let stands = |world: &World| [1, 2, 3].map(|one| world.standing(&serial(one)));
    let (revoked, suspended) = (CertificateStanding::Revoked, CertificateStanding::Suspended);
    let good = CertificateStanding::Good;
    let first = next(&World::nothing(), at(4, 0, &[1, 2], &[3]));
    assert_eq!(stands(&first), [revoked, revoked, suspended]);
    let second = next(&first, at(5, 1, &[], &[2]));
    assert_eq!(stands(&second), [revoked, revoked, good]);
    assert!(!second.beside.is_kept_as(&first.beside), "a restart knows it");
    let third = next(&second, at(6, 2, &[1], &[])).with_beside(&[said(6, &[], &[])]);
    assert_eq!(stands(&third), [revoked, revoked, good]);
    let month = next(&third, at(7, 32, &[1], &[]));
    assert_eq!(stands(&month), [revoked, revoked, good]);
    let over = next(&month, at(8, 33, &[1], &[]));
    assert_eq!(stands(&over), [revoked, good, good]);
    let again = next(&first, None);
    assert!(again.beside.is_kept_as(&first.beside), "no list, nothing new");
}

/// What was decided is found by what is asked, and by nothing that differs in any part of it.
#[test]
fn a_question_finds_its_own_answer() {
    let decided: Cache<DecisionKey, u8> = Cache::new(KEPT_MAX);
    let path = policy::CanonicalPath::read("/a/b").unwrap();
    let under = policy::Circumstances::default();
    let asked = AccessRequest { person: "p", method: "GET", path: &path, now: 125, under };
    decided.insert(Question::of(&asked, 2, 7).key(), 1);
    let later = AccessRequest { now: 179, ..asked };
    assert_eq!(decided.get(&Question::of(&later, 2, 7)), Some(1));
    assert_eq!(decided.get(&Question::of(&asked, 3, 7)), None, "in another period");
    assert_eq!(decided.get(&Question::of(&asked, 2, 8)), None, "from elsewhere");
    let other = policy::CanonicalPath::read("/a").unwrap();
    for another in [
        AccessRequest { person: "q", ..asked },
        AccessRequest { method: "PUT", ..asked },
        AccessRequest { path: &other, ..asked },
    ] {
        assert_eq!(decided.get(&Question::of(&another, 2, 7)), None, "{}", another.person);
    }
}

/// Whatever is in force has the form that records need, before anything came too: a denial is
/// recorded then as well.
#[test]
fn what_is_in_force_is_written_as_records_have_it() {
    let nothing = World::nothing();
    let listed = World::nothing().next(Some(list(4, &[], &[])), None, None);
    let beside = listed.next(None, None, None).with_beside(&[said(4, &[1], &[])]);
    for world in [nothing, listed, beside] {
        let written = InForceBytes::of(&world.in_force()).unwrap();
        assert_eq!(world.recorded(), &written);
        assert_ne!(world.recorded(), &InForceBytes::default());
    }
}

/// A suspension is told as one, by the list as beside it; a loss beside a list that still says
/// suspended is a revocation.
#[test]
fn a_suspension_is_told_as_one() {
    let world = World::nothing().next(Some(list(4, &[1], &[2, 3])), None, None);
    let world = world.with_beside(&[said(4, &[3], &[1, 4])]);
    let stands = [1, 2, 3, 4, 5].map(|one| world.standing(&serial(one)));
    let (revoked, suspended) = (CertificateStanding::Revoked, CertificateStanding::Suspended);
    assert_eq!(stands, [revoked, suspended, revoked, suspended, CertificateStanding::Good]);
    assert_eq!(World::nothing().standing(&serial(5)), revoked, "without a list nobody knows");
}

/// While nobody is heard, a clock that is set back makes no limit a later one, though the list is
/// older than that; once somebody is, one that was wrong before is right.
#[test]
fn a_clock_that_is_set_back_moves_no_limit() {
    let heard = Arc::new(HeardClock::at(50_000));
    let world = World::good_until(100_000).under(heard.clone());
    let usable = |now| world.usable(now).map(drop);
    let (good, moved): (Result<(), Code>, _) = (Ok(()), Err(Code::ClockMoved));
    let nearly = 50_000 - SKEW_SECONDS_MAX;
    assert_eq!([nearly + 60, 50_000, 100_000].map(usable), [good, good, good]);
    assert_eq!([nearly - 1, 30_000].map(usable), [moved, moved]);
    assert_eq!(usable(100_001), Err(Code::StatusStale));
    heard.hear(40_000);
    assert_eq!([40_000, 30_000].map(usable), [good, moved]);
}

/// While nothing newer comes it is told how long what is in force still counts; before anything
/// came nothing does.
#[test]
fn a_gate_says_how_long_it_still_can() {
    let world = World::good_until(1_800_000_000);
    let told = "nothing new comes: no answer; what is here counts until 2027-01-15T08:00:00Z";
    assert_eq!(world.alone("no answer"), told);
    assert_eq!(World::nothing().alone("no answer"), "nothing new comes: no answer");
}
