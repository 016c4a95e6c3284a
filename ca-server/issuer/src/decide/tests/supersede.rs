//! What was renewed is superseded by itself, when both have counted for long enough.

use super::suspend::{release, suspend};
use crate::sample::operate::OFFICERS;
use crate::sample::{Sample, key};
use authority::Serial;
use pki::Certificate;
use records::Code;
use records::order::OVERLAP_SECONDS;
use records::record::Cause;

fn is_revoked(sample: &Sample, certificate: &Certificate) -> bool {
    sample.authority().is_revoked(&certificate.serial().to_string())
}

#[test]
fn the_old_one_ends_by_itself_and_the_new_one_stays() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    let renewed = sample.renewed((&old, &signer), &key());
    let due = sample.authority().next_superseded().unwrap();
    sample.city.now = due - 1;
    assert!(!sample.supersede() && !is_revoked(&sample, &old), "both count");
    sample.city.now = due;
    assert!(sample.supersede() && is_revoked(&sample, &old), "recorded is enough");
    assert!(!sample.supersede(), "once");
    let recorded = sample.count("revoked");
    sample.sequence();
    assert!(!sample.supersede() && sample.count("revoked") == recorded);
    let revoked = sample.authority().revoked_as(&old.serial().to_string()).unwrap();
    assert_eq!(revoked.reason, "superseded");
    assert!(!is_revoked(&sample, &renewed));
    assert_eq!(sample.authority().next_superseded(), None);
    assert!(sample.unsigned.is_empty());
}

#[test]
fn a_clock_that_moved_supersedes_nothing() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    sample.renewed((&old, &signer), &key());
    sample.city.now = sample.authority().next_superseded().unwrap();
    sample.clock = Err(Code::ClockMoved);
    assert!(!sample.supersede() && !is_revoked(&sample, &old));
}

#[test]
fn nobody_supersedes_what_is_not_due() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    let claim = |sample: &mut Sample, serial: Serial| {
        let cause = Cause::Superseded { serial: serial.to_string() };
        let event = sample.city.revoked_event(cause, Vec::new());
        sample.notice(event);
        sample.sequence();
        sample.authority().is_revoked(&serial.to_string())
    };
    let serial = Serial::of(old.serial()).unwrap();
    assert!(!claim(&mut sample, serial), "nothing renewed it");
    let new = key();
    sample.renew(sample.renewing((&old, &signer), &new)).unwrap();
    sample.sequence();
    assert_eq!(sample.execute(), None);
    sample.sequence();
    sample.pass(OVERLAP_SECONDS + 1);
    assert!(!claim(&mut sample, serial), "its successor is not issued");
    let renewed = sample.sign().remove(0);
    sample.sequence();
    assert!(!claim(&mut sample, Serial::of(renewed.serial()).unwrap()), "its successor stays");
    assert!(claim(&mut sample, serial), "now it is lawful, and the registry key says so");
}

/// Whoever writes rows puts a record under the date of a far year: nothing follows from that, and
/// the seven days are kept.
#[test]
fn no_record_supersedes_before_its_time() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    sample.renewed((&old, &signer), &key());
    let cause = Cause::Superseded { serial: old.serial().to_string() };
    let own = sample.city.now;
    // What was signed about it now says that it is not due.
    let early = sample.city.revoked_since(cause.clone(), Vec::new(), own);
    let mut forged = early.clone();
    if let records::record::Event::Revoked { statement, .. } = &mut forged {
        let far = own + 73 * 365 * 86_400;
        let founding = sample.city.founding;
        let said = records::revocation::RevocationStatement::new(&founding, &cause, far).unwrap();
        statement.0 = records::json::write(&said).unwrap();
    }
    sample.city.now = own + 73 * 365 * 86_400;
    for event in [early, forged] {
        sample.notice(event);
        sample.sequence();
        assert!(!is_revoked(&sample, &old));
    }
    sample.city.now = own;
    assert!(!sample.supersede() && !is_revoked(&sample, &old));
}

#[test]
fn what_was_revoked_is_not_superseded() {
    let (mut sample, letter, old, signer) = Sample::with_holder();
    sample.renewed((&old, &signer), &key());
    sample.lose(&letter);
    sample.sequence();
    assert_eq!(sample.authority().next_superseded(), None);
    sample.pass(OVERLAP_SECONDS + 1);
    assert!(!sample.supersede());
    let revoked = sample.authority().revoked_as(&old.serial().to_string()).unwrap();
    assert_eq!(revoked.reason, "keyCompromise");
}

#[test]
fn what_is_suspended_is_superseded_when_it_is_released() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    sample.renewed((&old, &signer), &key());
    suspend(&mut sample, &old).unwrap();
    sample.sequence();
    sample.pass(OVERLAP_SECONDS + 1);
    assert!(!sample.supersede(), "it is another cause that ends it");
    sample.done(release(&old), &OFFICERS);
    assert!(sample.supersede() && is_revoked(&sample, &old));
    assert!(sample.unsigned.is_empty());
}

#[test]
fn the_kept_form_remembers_what_is_to_be_superseded() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    sample.renewed((&old, &signer), &key());
    let parts = sample.authority().parts();
    let kept = authority::Authority::from_parts(&sample.city.founding, &parts).unwrap();
    assert_eq!(kept.next_superseded(), sample.authority().next_superseded());
    let serial = Serial::of(old.serial()).unwrap();
    assert_eq!(kept.renewed_by(&serial), sample.authority().renewed_by(&serial));
}
