//! Lists and suspensions: what is revoked is told as revoked from the next list on, and what a list
//! said becomes nothing less, whatever becomes of its record.

use super::list::{list_of, next, publish, revoke};
use super::suspend::{release, suspend};
use crate::answered_brakes::AnsweredBrakes;
use crate::decide::list::{continues, entries, revoked};
use crate::sample::Sample;
use crate::sample::operate::OFFICERS;
use pki::Certificate;
use pki::crl::RevocationReason;
use records::record::Event;
use records::suspension::{HOLD, REPEATED_SECONDS};

/// How a certificate stands, by the log.
fn reason(sample: &Sample, certificate: &Certificate) -> Option<String> {
    let revoked = sample.authority().revoked_as(&certificate.serial().to_string());
    revoked.map(|revoked| revoked.reason.clone())
}

/// A certificate that the tree holds as suspended.
fn with_suspended() -> (Sample, Certificate) {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    suspend(&mut sample, &certificate).unwrap();
    sample.sequence();
    (sample, certificate)
}

/// A journal that was lost with the host it stood on, and a hand in the queue.
fn lose_what_waits(sample: &mut Sample) {
    sample.state.told = AnsweredBrakes::default();
    sample.take_away(|event| !matches!(event, Event::Crl { .. }));
}

/// A list that was made while a certificate was suspended, and recorded when it was revoked, says
/// less than the log: the next one is made at once.
#[test]
fn a_list_that_has_as_suspended_what_is_revoked_asks_for_the_next() {
    let (mut sample, certificate) = with_suspended();
    let made = next(&sample, 1);
    assert!(made.is_held(certificate.serial()));
    revoke(&mut sample, &certificate.serial().to_string());
    publish(&mut sample, &made).unwrap();
    assert!(sample.state.list_due);
    let second = next(&sample, 2);
    assert!(second.contains(certificate.serial()) && !second.is_held(certificate.serial()));
    publish(&mut sample, &second).unwrap();
    assert!(!sample.state.list_due);
}

/// Somebody takes away the record of a revocation of what is suspended as well, after a list had
/// it: no list says afterwards that it is suspended only.
#[test]
fn what_a_list_has_as_revoked_is_not_suspended_in_the_next() {
    let (mut sample, certificate) = with_suspended();
    revoke(&mut sample, &certificate.serial().to_string());
    let (first, now) = (next(&sample, 1), sample.city.now);
    assert!(!first.is_held(certificate.serial()));
    lose_what_waits(&mut sample);
    assert_eq!(reason(&sample, &certificate).as_deref(), Some(HOLD), "the log knows no more");
    let known = revoked(sample.authority(), now).unwrap();
    let less = list_of(&sample, 2, &known);
    assert!(less.is_held(certificate.serial()));
    assert!(!continues(sample.authority(), (&first, &less), now));
    let kept = entries(sample.authority(), &first, now).unwrap();
    assert_eq!((kept.kept, kept.all.len()), (1, 1));
    assert_eq!(kept.all.first().unwrap().reason, RevocationReason::Superseded);
    let second = list_of(&sample, 2, &kept.all);
    assert!(continues(sample.authority(), (&first, &second), now));
    publish(&mut sample, &second).unwrap();
    assert!(!sample.state.list_due, "it asks for no other list");
}

/// An order released a certificate; whoever takes away what was recorded of it since, a revocation
/// or another suspension, has it let go of by no list, for that order.
#[test]
fn an_old_release_takes_nothing_off_a_list() {
    let (mut sample, certificate) = with_suspended();
    let serial = certificate.serial().to_string();
    let held = next(&sample, 1);
    sample.done(release(&certificate), &OFFICERS);
    assert_eq!(reason(&sample, &certificate), None);
    let count = |sample: &Sample, previous| {
        entries(sample.authority(), previous, sample.city.now).unwrap().all.len()
    };
    assert_eq!(count(&sample, &held), 0, "it is about this one");

    sample.pass(REPEATED_SECONDS);
    suspend(&mut sample, &certificate).unwrap();
    let held = next(&sample, 2);
    assert!(held.is_held(certificate.serial()));
    lose_what_waits(&mut sample);
    assert_eq!((reason(&sample, &certificate), count(&sample, &held)), (None, 1));
    let empty = list_of(&sample, 3, &[]);
    assert!(!continues(sample.authority(), (&held, &empty), sample.city.now));

    revoke(&mut sample, &serial);
    let first = next(&sample, 3);
    lose_what_waits(&mut sample);
    assert_eq!((reason(&sample, &certificate), count(&sample, &first)), (None, 1));
    let kept = entries(sample.authority(), &first, sample.city.now).unwrap();
    let second = list_of(&sample, 4, &kept.all);
    publish(&mut sample, &second).unwrap();
    assert!(!sample.state.list_due, "it asks for no other list");
}
