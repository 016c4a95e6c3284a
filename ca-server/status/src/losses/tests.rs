//! What is confirmed costs the same however much of it there is and whoever asks, and goes when
//! nothing rests on it any more.

use super::*;
use crate::confirmed::{key, steps};
use pki::SerialNumber;
use pki::crl::{ListContent, RevokedCertificate};
use records::record::RevokedSerial;
use records::suspension::SuspensionCause;
use sample_city::SampleCity;
use std::path::Path;

/// An empty journal in a folder.
fn opened(folder: &Path) -> Losses {
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

/// A list of a number with these serial numbers.
fn list(city: &SampleCity, (number, now): (u64, u64), holds: &[Serial]) -> RevocationList {
    let entry = |serial: &Serial| RevokedCertificate {
        serial: SerialNumber::from_hex(&serial.to_string()).unwrap(),
        at: now,
        reason: RevocationReason::CertificateHold,
    };
    let content = ListContent {
        issuer: city.officer("officer-1").certificate.subject(),
        key_identifier: &[7; 20],
        number,
        this_update: now,
        next_update: now + 86_400,
        shard_url: None,
        revoked: &holds.iter().map(entry).collect::<Vec<_>>(),
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
