//! What is confirmed costs the same however much of it there is and whoever asks, and goes when
//! nothing rests on it any more.

use super::*;
use crate::confirmed::{key, steps};
use crate::listed::Counted;
use pki::SerialNumber;
use pki::crl::{ListContent, RevokedCertificate};
use records::record::RevokedSerial;
use records::suspension::SuspensionCause;
use sample_city::SampleCity;
use std::path::Path;

/// An empty journal in a folder.
pub(crate) fn opened(folder: &Path) -> Losses {
    let (path, key) = (folder.join("losses"), ca_store::keep::mac_key(b"secret"));
    if !path.exists() {
        Journal::found(&path, &key).unwrap();
    }
    Losses::of(Journal::open(&path, &key).unwrap()).unwrap()
}

fn serial(number: u64) -> Serial {
    Serial::read(&format!("4{number:031x}")).unwrap()
}

/// A suspension of one certificate; whether anybody signed it is nothing to whoever only counts.
fn suspended(number: u64) -> (String, Event) {
    let (value, signature) = ([0; 32].into(), [0; 64].into());
    let notice = number.to_be_bytes().into();
    let cause = SuspensionCause::Letter { value, notice, signature };
    let not_after = records::time::seconds(4_000_000_000);
    let certificates = vec![RevokedSerial { serial: serial(number).to_string(), not_after }];
    let name = key(&cause);
    (name, Event::Suspended { certificates, reason: "keyCompromise".into(), cause })
}

async fn confirm(losses: &Losses, number: u64, at: u64) {
    let (name, event) = suspended(number);
    losses.confirm(&name, (event, Vec::new()), at * 1_000_000).await.unwrap();
}

/// A list of a number with these serial numbers as suspended.
fn list(city: &SampleCity, at: (u64, u64), holds: &[Serial]) -> RevocationList {
    let held = holds.iter().map(|serial| (*serial, RevocationReason::CertificateHold));
    list_of(city, at, &held.collect::<Vec<_>>())
}

/// A list of a number with these entries.
pub(crate) fn list_of(
    city: &SampleCity,
    (number, now): (u64, u64),
    entries: &[(Serial, RevocationReason)],
) -> RevocationList {
    let entry = |(serial, reason): &(Serial, RevocationReason)| RevokedCertificate {
        serial: SerialNumber::from_hex(&serial.to_string()).unwrap(),
        at: now,
        reason: *reason,
    };
    let content = ListContent {
        issuer: city.officer("officer-1").certificate.subject(),
        key_identifier: &[7; 20],
        number,
        this_update: now,
        next_update: now + 86_400,
        shard_url: None,
        revoked: &entries.iter().map(entry).collect::<Vec<_>>(),
    };
    RevocationList::issue(&content, &city.keys.issuing).unwrap()
}

/// A question about certificates looks nothing up again that was looked into for another one,
/// however many losses are open.
#[tokio::test]
async fn a_question_costs_the_same_however_many_losses_are_open() {
    let folder = tempfile::tempdir().unwrap();
    let (losses, city) = (opened(folder.path()), SampleCity::found());
    let authority = Arc::new(city.authority.clone());
    assert_eq!(losses.revoked(&authority, &serial(1)), None);
    assert_eq!(steps::taken(), 0);
    for number in 0..5_000 {
        let (name, event) = suspended(number);
        losses.confirmed().insert(&name, Loss::new((event, Vec::new()), 7_000_000).unwrap());
    }
    let hold = Some((7, RevocationReason::CertificateHold));
    assert_eq!(losses.revoked(&authority, &serial(1)), hold);
    assert_eq!(steps::taken(), 5_000);
    for number in 2..5_000 {
        assert_eq!(losses.revoked(&authority, &serial(number)), hold);
    }
    assert_eq!(losses.revoked(&authority, &serial(5_000)), None);
    assert_eq!(steps::taken(), 0);
    // What is confirmed, and what the log says, counts at once.
    confirm(&losses, 5_000, 7).await;
    assert_eq!(losses.revoked(&authority, &serial(5_000)), hold);
    assert_eq!(steps::taken(), 5_001);
    let authority = Arc::new(city.authority.clone());
    assert_eq!(losses.revoked(&authority, &serial(5_000)), hold);
    assert_eq!(steps::taken(), 5_001);
}

/// Whoever suspends is judged with all that was confirmed before; one suspension more is noticed by
/// itself and not with all of them again, until the log says something new.
#[tokio::test]
async fn one_suspension_more_is_noticed_once() {
    let folder = tempfile::tempdir().unwrap();
    let (losses, mut city) = (opened(folder.path()), SampleCity::found());
    let (reference, own) = city.official("one");
    let own = own.to_string();
    let authority = Arc::new(city.authority.clone());
    for number in 0..1_000 {
        let (name, event) = suspended(number);
        losses.confirmed().insert(&name, Loss::new((event, Vec::new()), 7_000_000).unwrap());
    }
    assert!(!losses.authority_with_confirmed(&authority).is_revoked(&own));
    assert_eq!(steps::taken(), 1_000);
    let cause = city.by_letter(&reference);
    let (name, event) = (key(&cause), city.suspended_event(cause));
    losses.confirm(&name, (event, Vec::new()), city.now * 1_000_000).await.unwrap();
    let held = losses.authority_with_confirmed(&authority);
    assert!(held.is_revoked(&own) && !held.is_ended(&own) && !authority.is_revoked(&own));
    for number in 1_000..1_020 {
        confirm(&losses, number, 7).await;
        assert!(losses.authority_with_confirmed(&authority).is_revoked(&own));
    }
    assert!(losses.authority_with_confirmed(&authority).is_revoked(&own));
    assert_eq!(steps::taken(), 21);
    // The log says something new: what was made before is let go of.
    let newer = Arc::new(city.authority.clone());
    let last = Arc::downgrade(&losses.authority_with_confirmed(&authority));
    assert_eq!(losses.open_ones(&authority).len(), 1_021);
    assert!(last.upgrade().is_some());
    losses.open_ones(&newer);
    assert!(last.upgrade().is_none());
    assert!(losses.authority_with_confirmed(&newer).is_revoked(&own));
    assert_eq!(steps::taken(), 1_021);
}

/// Fifty gates that hear of one loss, some with an older list, are told by a walk a list.
#[tokio::test]
async fn fifty_gates_are_told_by_one_walk_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let (losses, city) = (opened(folder.path()), SampleCity::found());
    let authority = Arc::new(city.authority.clone());
    for number in 0..20 {
        confirm(&losses, number, city.now).await;
    }
    let newest = list(&city, (9, city.now), &[serial(3)]);
    let told = |gate: u64, now| {
        let known = if gate < 10 { 8 } else { 9 };
        losses.unlisted(&authority, (Some(&newest), known), now)
    };
    let all: Vec<_> = (0..50).map(|gate| told(gate, city.now)).collect();
    assert_eq!(steps::taken(), 2 * 20);
    assert!(all[..10].iter().all(|told| told.len() == 20), "the older list holds nothing");
    assert!(all[10..].iter().all(|told| told.len() == 19 && !told.contains_key(&serial(3))));
    // One more is told by one walk more.
    confirm(&losses, 20, city.now).await;
    assert!((10..50).all(|gate| told(gate, city.now).len() == 20));
    assert_eq!(steps::taken(), 21);
    told(10, city.now + 1);
    assert_eq!(steps::taken(), 21, "another second");
    // Where no list is known, a gate is told of all, whatever its own holds.
    assert_eq!(losses.unlisted(&authority, (None, 9), city.now).len(), 21);
}

/// What the log has, and every list that is in use, leaves memory and journal after a day, once
/// there is enough of it; what is open, stands in no list or is of today stays, also for a process
/// that starts.
#[tokio::test]
async fn what_is_settled_leaves_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let (losses, mut city) = (opened(folder.path()), SampleCity::found());
    let (reference, lost) = city.official("one");
    // Suspensions that the log has, under one name each.
    let mut names = Vec::new();
    for _ in 0..SETTLED_MAX {
        let cause = city.by_letter(&reference);
        let (name, event) = (key(&cause), city.suspended_event(cause));
        city.apply(event.clone()).unwrap();
        losses.confirm(&name, (event, Vec::new()), city.now * 1_000_000).await.unwrap();
        names.push(name);
    }
    confirm(&losses, 1, city.now).await;
    let authority = Arc::new(city.authority.clone());
    let forgotten = async |list: &RevocationList, now| {
        losses.forget_settled(&authority, list, now).await.unwrap()
    };
    let later = city.now + SETTLED_SECONDS + 2;
    let none = list(&city, (3, city.now), &[]);
    assert_eq!(forgotten(&none, later).await, 0, "it stands in no list");
    let first = list(&city, (4, city.now), &[lost]);
    assert_eq!(forgotten(&first, city.now + 1).await, 0, "older lists are in use");
    assert_eq!(forgotten(&first, later).await, SETTLED_MAX);
    assert!(names.iter().all(|name| losses.confirmed_at(name).is_none()));
    assert!(losses.confirmed_at(&suspended(1).0).is_some(), "the log does not have it");
    assert_eq!(forgotten(&first, later).await, 0);
    drop(losses);
    let again = opened(folder.path());
    assert_eq!(again.confirmed().all.len(), 1);
    assert!(again.confirmed_at(&suspended(1).0).is_some());
}

/// Whoever asks for a certificate that was suspended a moment ago hears since when, as the log and
/// the next list will say it: not since when this role kept it.
#[tokio::test]
async fn a_suspension_counts_since_the_log_will_say() {
    let folder = tempfile::tempdir().unwrap();
    let (losses, mut city) = (opened(folder.path()), SampleCity::found());
    let (reference, own) = city.official("one");
    let authority = Arc::new(city.authority.clone());
    let cause = city.by_letter(&reference);
    let (name, event) = (key(&cause), city.suspended_event(cause));
    let kept_at = city.now + 9;
    losses.confirm(&name, (event.clone(), Vec::new()), kept_at * 1_000_000).await.unwrap();
    let (at, reason) = losses.revoked(&authority, &own).unwrap();
    city.apply(event).unwrap();
    assert_eq!(reason, RevocationReason::CertificateHold);
    assert_eq!(city.authority.revoked_as(&own.to_string()).map(|one| one.at), Some(at));
    assert!(at < kept_at);
}

/// A suspension that the log released is told gates as that, and not by silence.
#[tokio::test]
async fn a_release_is_told_beside_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let (losses, mut city) = (opened(folder.path()), SampleCity::found());
    let (reference, own) = city.official("one");
    let cause = city.by_letter(&reference);
    let (name, event) = (key(&cause), city.suspended_event(cause));
    city.apply(event.clone()).unwrap();
    losses.confirm(&name, (event, Vec::new()), city.now * 1_000_000).await.unwrap();
    let told = |city: &SampleCity| {
        let authority = Arc::new(city.authority.clone());
        losses.unlisted(&authority, (None, 4), city.now).get(&own).copied().unwrap()
    };
    let held = told(&city);
    assert_eq!(held.counted, Counted::Suspended);
    city.release(own, &["officer-1", "officer-2"]);
    let released = told(&city);
    assert_eq!(released.counted, Counted::Released);
    assert!(released.since >= held.since);
}
