//! Suspensions on a portal's word, orders that release, and what nobody released in its time.

use crate::command::{Caller, Command, Officer};
use crate::decide::list::{continues, entries, revoked};
use crate::decide::suspend::{has_room, lapse, told_max};
use crate::sample::act::caller;
use crate::sample::operate::{OFFICERS, SECURITY, portal};
use crate::sample::{Sample, key};
use ca_api::OwnSuspension;
use ca_host::operator::OperatorRequest;
use pki::crl::{ListContent, RevocationList, RevocationReason};
use pki::{Certificate, Signer};
use records::enrolment::SignedReceipt;
use records::record::{Cause, Event};
use records::suspension::{HOLD, REPEATED_SECONDS, SUSPENSION_SECONDS, SuspensionNotice};
use records::{Code, Record};
use std::sync::Arc;

const REASON: &str = "keyCompromise";

fn suspend_by(
    sample: &mut Sample,
    caller: Caller,
    shown: &Certificate,
    (serial, reason): (&str, &str),
) -> Result<SignedReceipt, Code> {
    let wanted = OwnSuspension { serial: serial.into(), reason: reason.into() };
    let holder = Officer(Arc::new(shown.clone()));
    sample.decide(|reply| Command::Suspend(caller, holder, wanted, reply))
}

pub(super) fn suspend(sample: &mut Sample, shown: &Certificate) -> Result<SignedReceipt, Code> {
    let (caller, serial) = (sample.staff(), shown.serial().to_string());
    suspend_by(sample, caller, shown, (&serial, REASON))
}

pub(super) fn release(certificate: &Certificate) -> OperatorRequest {
    let (serial, evidence) = (certificate.serial().to_string(), "本人当面核对".into());
    OperatorRequest::Release { serial, evidence }
}

fn reason(sample: &Sample, certificate: &Certificate) -> Option<String> {
    let revoked = sample.authority().revoked_as(&certificate.serial().to_string());
    revoked.map(|revoked| revoked.reason.clone())
}

/// The first list, with nothing in it.
fn none(sample: &Sample) -> RevocationList {
    super::list::list_of(sample, 0, &[])
}

fn list(sample: &Sample, previous: &RevocationList) -> RevocationList {
    let issuing = &sample.context.issuing_certificate;
    let content = ListContent {
        issuer: issuing.subject(),
        key_identifier: &issuing.key_identifier().unwrap(),
        number: previous.number() + 1,
        this_update: sample.city.now,
        next_update: sample.city.now + 86_400,
        shard_url: None,
        revoked: &entries(sample.authority(), previous, sample.city.now).unwrap().all,
    };
    RevocationList::issue(&content, &sample.context.issuing).unwrap()
}

#[test]
fn a_holder_suspends_their_own_at_once_and_twice_is_once() {
    let mut sample = Sample::found();
    let (letter, certificate) = sample.official("李丹");
    sample.clock = Err(Code::ClockMoved);
    let receipt = suspend(&mut sample, &certificate).unwrap();
    assert_eq!(reason(&sample, &certificate).as_deref(), Some(HOLD), "recorded is enough");
    assert!(sample.state.list_due);
    let key = sample.context.registry.public_key();
    let notice = SuspensionNotice::open(&receipt.receipt.0, &receipt.signature.0, key).unwrap();
    assert_eq!((notice.person, notice.told), (letter.person, "portal:portal-1".into()));
    let entry = revoked(sample.authority(), sample.city.now).unwrap().remove(0);
    assert_eq!(entry.reason, RevocationReason::CertificateHold);
    let proves: Vec<bool> = sample.recorded.iter().rev().take(1).map(Record::proves_time).collect();
    assert_eq!(proves, [false], "a brake under a clock that moved");
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    let count = sample.count("suspended");
    let again = suspend(&mut sample, &certificate).unwrap();
    let told = |signed: &SignedReceipt| {
        let read: SuspensionNotice = records::json::read(&signed.receipt.0).unwrap();
        (read.person, read.serials, read.reason, read.time)
    };
    assert_eq!(told(&again), told(&receipt), "answered as already so");
    assert_eq!(sample.count("suspended"), count);
}

/// What was said longer ago is no answer to who says it now, nor what an order is on its way to
/// release.
#[test]
fn who_suspends_again_later_is_recorded_again_and_released_by_no_older_order() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    suspend(&mut sample, &certificate).unwrap();
    sample.sequence();
    let order = sample.order(release(&certificate));
    sample.approve(order, "officer-1").unwrap();
    sample.pass(1);
    suspend(&mut sample, &certificate).unwrap();
    assert_eq!(sample.count("suspended"), 2, "an order waits that would release the first");
    sample.sequence();
    assert_eq!(sample.approve(order, "officer-2").unwrap_err(), Code::StateConflict);
    sample.pass(REPEATED_SECONDS - 1);
    suspend(&mut sample, &certificate).unwrap();
    assert_eq!(sample.count("suspended"), 2, "a moment later it is the same");
    sample.pass(1);
    let receipt = suspend(&mut sample, &certificate).unwrap();
    assert_eq!(sample.count("suspended"), 3);
    let notice: SuspensionNotice = records::json::read(&receipt.receipt.0).unwrap();
    assert_eq!(notice.unix(), sample.city.now);
    sample.sequence();
    let order = sample.order(release(&certificate));
    sample.approved_by(order, &OFFICERS);
    sample.execute();
    sample.sequence();
    assert_eq!(reason(&sample, &certificate), None, "that one is of all");
}

#[test]
fn a_portals_word_is_for_the_holder_within_bounds_and_never_for_staff() {
    let mut sample = Sample::found();
    let (_, one) = sample.official("李丹");
    let (_, two) = sample.official("王小明");
    let serial = two.serial().to_string();
    let staff = sample.staff();
    let foreign = suspend_by(&mut sample, staff, &one, (&serial, REASON));
    assert_eq!(foreign.unwrap_err(), Code::ApproverScope);
    let unknown = suspend_by(&mut sample, staff, &two, (&serial, "boredom"));
    assert_eq!(unknown.unwrap_err(), Code::UnsignedAuthority);
    let other = Caller { key_sha256: [9; 32], process: "portal-staff" };
    let stranger = suspend_by(&mut sample, other, &two, (&serial, REASON));
    assert_eq!(stranger.unwrap_err(), Code::PortalUnknown);
    let officer = sample.city.officer("officer-1").certificate.clone();
    assert_eq!(suspend(&mut sample, &officer).unwrap_err(), Code::SignatureNeeded);
    assert!(reason(&sample, &two).is_none() && reason(&sample, &officer).is_none());
}

/// What one portal says, captured or not, leaves the holders at another their brake.
#[test]
fn no_portal_takes_the_places_of_another() {
    let mut sample = Sample::found();
    let keys = (key(), key());
    sample.done(portal("register", "portal-2", (&keys.0, &keys.1)), &SECURITY);
    let (of_hour, _) = told_max(sample.authority().person_count());
    let shown: Vec<_> = (0..of_hour + 2).map(|_| sample.official("李丹").1).collect();
    let [first @ .., one, two] = &shown[..] else { panic!("{of_hour}") };
    for certificate in first {
        suspend(&mut sample, certificate).unwrap();
    }
    assert_eq!(suspend(&mut sample, one).unwrap_err(), Code::WishesTooMany);
    let serial = one.serial().to_string();
    let other = caller(&keys.1, "portal-staff");
    suspend_by(&mut sample, other, one, (&serial, REASON)).unwrap();
    sample.pass(3_600);
    suspend(&mut sample, two).unwrap();
    // How many are open is told of each portal by itself, too.
    let mut has_room = |portal: &str, open: usize| {
        sample.round((&[], &[]), |round| has_room(round, portal, (1_000, open)))
    };
    let open = usize::try_from(of_hour).unwrap() + 1;
    assert_eq!(has_room("portal-1", open), Err(Code::WishesTooMany));
    assert_eq!((has_room("portal-1", open + 1), has_room("portal-2", open)), (Ok(()), Ok(())));
}

/// A holder has their own suspended again each minute, as a script does: it takes no place of other
/// holders, and adds a few records an hour.
#[test]
fn who_suspends_again_and_again_takes_no_place_of_other_holders() {
    let mut sample = Sample::found();
    let (_, own) = sample.official("李丹");
    let (of_hour, _) = told_max(sample.authority().person_count());
    let others: Vec<_> = (1..of_hour).map(|_| sample.official("王小明").1).collect();
    for _ in 0..of_hour + 5 {
        suspend(&mut sample, &own).unwrap();
        sample.sequence();
        sample.pass(REPEATED_SECONDS);
    }
    assert_eq!(sample.count("suspended"), 5, "the first, and four again");
    for certificate in &others {
        suspend(&mut sample, certificate).unwrap();
    }
    sample.sequence();
    // What an order is on its way to release is no answer.
    sample.order(release(&own));
    assert_eq!(suspend(&mut sample, &own).unwrap_err(), Code::TooManyTries);
    sample.pass(3_600);
    let before = sample.count("suspended");
    suspend(&mut sample, &own).unwrap();
    assert_eq!(sample.count("suspended"), before + 1, "an hour later it is recorded again");
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn the_places_of_a_portal_grow_with_the_city() {
    assert_eq!((told_max(300), told_max(100_000)), ((20, 200), (100, 2_000)));
    // Twenty cards a day are lost there, and each waits for fifteen days.
    assert!(told_max(100_000).1 > 5 * 20 * 15);
}

#[test]
fn two_others_release_it_and_the_list_lets_it_go() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    assert_eq!(sample.operator(release(&certificate)).unwrap_err(), Code::StateConflict);
    suspend(&mut sample, &certificate).unwrap();
    sample.sequence();
    let held = list(&sample, &none(&sample));
    assert!(held.contains(certificate.serial()));
    let order = sample.order(release(&certificate));
    sample.approve(order, "officer-1").unwrap();
    sample.sequence();
    sample.execute();
    assert_eq!(reason(&sample, &certificate).as_deref(), Some(HOLD), "one is not two");
    sample.approved_by(order, &["officer-2"]);
    sample.execute();
    // Recorded is not enough, for the list neither.
    assert_eq!(reason(&sample, &certificate).as_deref(), Some(HOLD));
    sample.state.list_due = false;
    let empty = {
        let issuing = &sample.context.issuing_certificate;
        let content = ListContent {
            issuer: issuing.subject(),
            key_identifier: &issuing.key_identifier().unwrap(),
            number: 2,
            this_update: sample.city.now,
            next_update: sample.city.now + 86_400,
            shard_url: None,
            revoked: &[],
        };
        RevocationList::issue(&content, &sample.context.issuing).unwrap()
    };
    assert!(!continues(sample.authority(), (&held, &empty), sample.city.now));
    sample.sequence();
    assert_eq!(reason(&sample, &certificate), None);
    assert!(sample.state.list_due, "a release wants its list");
    assert!(continues(sample.authority(), (&held, &empty), sample.city.now));
    assert!(!list(&sample, &held).contains(certificate.serial()));
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn a_release_waits_for_a_clock_that_moved_and_a_suspension_does_not() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    suspend(&mut sample, &certificate).unwrap();
    sample.sequence();
    sample.clock = Err(Code::ClockMoved);
    assert_eq!(sample.operator(release(&certificate)).unwrap_err(), Code::ClockMoved);
}

#[test]
fn what_nobody_releases_is_revoked_once_and_under_no_clock_that_moved() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    suspend(&mut sample, &certificate).unwrap();
    sample.sequence();
    let lapses = |sample: &mut Sample| {
        let before = sample.count("revoked");
        sample.round((&[], &[]), lapse).unwrap();
        sample.count("revoked") - before
    };
    sample.pass(SUSPENSION_SECONDS - 1);
    assert_eq!(lapses(&mut sample), 0);
    sample.pass(1);
    sample.clock = Err(Code::ClockMoved);
    assert_eq!(lapses(&mut sample), 0);
    sample.clock = Ok(());
    assert_eq!(lapses(&mut sample), 1);
    assert_eq!(reason(&sample, &certificate).as_deref(), Some(REASON));
    assert_eq!(lapses(&mut sample), 0, "recorded is enough");
    sample.sequence();
    assert_eq!(lapses(&mut sample), 0);
    assert!(sample.authority().is_ended(&certificate.serial().to_string()));
    let Some(Event::Revoked { cause: Cause::Lapsed { .. }, certificates, .. }) =
        sample.recorded.iter().rev().find(|r| r.event.kind() == "revoked").map(|r| r.event.clone())
    else {
        panic!("{:?}", sample.recorded.last())
    };
    assert_eq!(certificates.len(), 1);
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

/// The approvals are there in the last minute, and the round that carries the release out comes
/// behind it, as after a night in which the issuer was off: no list has as revoked what others
/// released.
#[test]
fn no_suspension_lapses_whose_release_was_carried_out() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    let (_, other) = sample.official("王小明");
    suspend(&mut sample, &certificate).unwrap();
    suspend(&mut sample, &other).unwrap();
    sample.sequence();
    sample.pass(SUSPENSION_SECONDS - 60);
    let order = sample.order(release(&certificate));
    sample.approved_by(order, &OFFICERS);
    sample.pass(60);
    assert_eq!(sample.execute(), None);
    let before = sample.count("revoked");
    sample.round((&[], &[]), lapse).unwrap();
    assert_eq!(sample.count("revoked"), before + 1, "the other one, which nobody released");
    sample.sequence();
    assert_eq!(reason(&sample, &certificate), None);
    assert_eq!(reason(&sample, &other).as_deref(), Some(REASON));
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn a_revocation_beats_a_suspension() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    suspend(&mut sample, &certificate).unwrap();
    sample.sequence();
    let serial = certificate.serial().to_string();
    assert!(!sample.authority().is_ended(&serial));
    assert_eq!(suspend(&mut sample, &certificate).map(|_| ()), Ok(()));
    sample.revoke("officer-1", &serial, REASON).unwrap();
    let order = sample.newest_order();
    for name in crate::sample::operate::OFFICERS {
        sample.approve(order, name).unwrap();
    }
    sample.sequence();
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_ended(&serial));
    assert_eq!(suspend(&mut sample, &certificate).unwrap_err(), Code::CertificateRevoked);
}
