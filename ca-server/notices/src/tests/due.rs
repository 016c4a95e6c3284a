//! What time alone tells: the end of certificates, and the work of a day.

use crate::due;
use crate::notice::NoticeKind;
use keys::SoftwareSigner;
use records::order::PersonAction;
use records::record::Cause;
use sample_city::SampleCity;

const DAY: u64 = 86_400;

/// What was told between two looks.
fn days(city: &SampleCity, (since, now): (u64, u64)) -> Vec<(String, u32)> {
    let told = due::expiring(&city.authority, since, now);
    told.iter().map(|one| (one.person.clone(), one.facts.days.unwrap())).collect()
}

/// Thirty, seven, and one day before, each once; the nearest only where several passed.
#[test]
fn the_end_of_a_certificate_is_told_on_its_days() {
    let mut city = SampleCity::found();
    city.now += 100 * DAY;
    let (reference, serial) = city.official("王小明");
    let person = city.officer("王小明").person.clone();
    let end = city.authority.held(&serial.to_string()).unwrap().not_after;
    let own = |since: u64, now: u64| -> Vec<u32> {
        let told = days(&city, (since, now)).into_iter();
        told.filter(|(whose, _)| *whose == person).map(|(_, days)| days).collect()
    };
    for days in [30, 14, 7, 1] {
        let at = end - u64::from(days) * DAY;
        assert!(own(at - 600, at - 1).is_empty(), "{days}: not before");
        assert_eq!(own(at - 1, at), [days]);
        assert!(own(at, at + 600).is_empty(), "{days}: not again");
    }
    // A role that was away for two days tells what it missed, the nearest only.
    assert_eq!(own(end - 15 * DAY, end - 13 * DAY), [14]);
    assert_eq!(own(0, end - DAY / 2), [1]);
    // What passed more than a week ago is told nobody.
    assert!(own(0, end - 20 * DAY).is_empty());
    assert!(own(end - DAY / 2, end + 1).is_empty(), "it is over");

    // What was taken away ends nobody's work.
    let value = SampleCity::loss_value(&reference);
    let event = city.revoked_event(Cause::Loss { reference, value }, Vec::new());
    city.apply(event).unwrap();
    assert!(days(&city, (end - 7 * DAY - 1, end - 7 * DAY)).is_empty());
}

/// Whoever has something to do hears of it from its hour on; nobody else does.
#[test]
fn a_day_is_told_to_whom_work_waits_for() {
    let mut city = SampleCity::found();
    let now = city.now;
    assert!(due::digests(&city.authority, "2026-11-24", now).is_empty(), "nothing waits");
    let person = city.register("sz-office");
    let reference = city.letter(&person, "official");
    let digest = city.apply_for(&reference, &SoftwareSigner::generate_p256().unwrap());
    city.approve(digest, "officer-1").unwrap();
    let told = due::digests(&city.authority, "2026-11-24", now);
    // One approved already, one has another county; for the others it waits.
    let seen: Vec<_> = told
        .iter()
        .map(|one| (one.kind, one.person.as_str(), one.facts.to_decide, one.facts.drafted))
        .collect();
    let mut waits = ["security-1", "security-2", "officer-2"].map(|who| &city.officer(who).person);
    waits.sort();
    assert_eq!(seen, waits.map(|who| (NoticeKind::Digest, who.as_str(), Some(1), None)));
    let later = due::digests(&city.authority, "2026-11-24", now + 60);
    assert_eq!(later[0].id(&city.founding), told[0].id(&city.founding), "once a day");
    let next = due::digests(&city.authority, "2026-11-25", now + 60);
    assert_ne!(next[0].id(&city.founding), told[0].id(&city.founding));
}

/// All who have the same roles are looked at together; what is about one of them, and what one of
/// them approved, waits for the others alone.
#[test]
fn who_has_the_same_say_is_told_of_the_same_but_for_their_own() {
    let mut city = SampleCity::found();
    for name in ["officer-1", "officer-2", "security-1"] {
        let person = city.officer(name).person.clone();
        let body = city.person_body(PersonAction::Move, &person, "sz-office");
        city.order(&body);
    }
    for _ in 0..3 {
        let person = city.register("sz-office");
        let reference = city.letter(&person, "official");
        let digest = city.apply_for(&reference, &SoftwareSigner::generate_p256().unwrap());
        city.approve(digest, "officer-1").unwrap();
    }
    let (authority, now) = (&city.authority, city.now);
    let waits = |person: &str| {
        let own = authority.open_orders().filter(|(digest, _)| {
            let (order, body) = authority.open(*digest, now).unwrap();
            let may = authority.may_decide(person, &order, &body, now).is_ok();
            may && !authority.given(*digest, now).contains_key(person)
        });
        u32::try_from(own.count()).unwrap()
    };
    let all = authority.people().map(|(id, _)| (id.to_string(), waits(id.as_str())));
    let expected: Vec<_> = all.filter(|(_, count)| *count > 0).collect();
    let told = due::digests(authority, "2026-11-24", now);
    let told: Vec<_> =
        told.iter().map(|one| (one.person.clone(), one.facts.to_decide.unwrap_or(0))).collect();
    assert_eq!(told, expected);
    let count = |name: &str| {
        let whose = &city.officer(name).person;
        told.iter().find(|(person, _)| person == whose).map_or(0, |(_, count)| *count)
    };
    assert_eq!(count("officer-2"), count("officer-1") + 3, "one of them approved three");
    assert_eq!(count("security-2"), count("security-1") + 1, "one of them is to be another");
}

#[test]
fn a_day_begins_at_its_hour_in_beijing() {
    let at = |text: &str| records::time::read(text).unwrap();
    assert_eq!(due::digest_day(at("2026-11-23T23:59:59Z"), 8), None);
    assert_eq!(due::digest_day(at("2026-11-24T00:00:00Z"), 8).as_deref(), Some("2026-11-24"));
    assert_eq!(due::digest_day(at("2026-11-24T15:59:59Z"), 8).as_deref(), Some("2026-11-24"));
    assert_eq!(due::digest_day(at("2026-11-24T16:00:00Z"), 8), None);
}
