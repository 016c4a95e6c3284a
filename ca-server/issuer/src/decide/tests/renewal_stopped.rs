//! What takes a certificate away takes its renewal, too: before it is asked for, on its way, and
//! until a suspension is released.

use super::suspend::{release, suspend};
use crate::sample::enrol::SampleLetter;
use crate::sample::operate::{OFFICERS, person, revoke};
use crate::sample::{Sample, key};
use authority::Serial;
use ca_host::operator::OperatorRequest;
use pki::Signer;
use records::Code;
use records::order::PersonAction;

fn carried_out(sample: &mut Sample, request: OperatorRequest) {
    let order = sample.order(request);
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
}

#[test]
fn nothing_that_was_taken_away_renews() {
    let refused = |taken_away: fn(&mut Sample, &SampleLetter)| {
        let (mut sample, letter, old, signer) = Sample::with_holder();
        taken_away(&mut sample, &letter);
        sample.renew(sample.renewing((&old, &signer), &key())).unwrap_err()
    };
    let lost = refused(|sample, letter| sample.lose(letter));
    assert_eq!(lost, Code::CertificateRevoked, "recorded is enough");
    let revoked = refused(|sample, letter| {
        carried_out(sample, revoke(&letter.person, "keyCompromise"));
    });
    assert_eq!(revoked, Code::CertificateRevoked);
    let left = refused(|sample, letter| {
        carried_out(sample, person(PersonAction::Leave, &letter.person, "", ""));
    });
    assert_eq!(left, Code::PersonLeft);
}

/// Whoever asked while it counted gets nothing for it once it does not, or once they left: neither
/// by the order that their key signed nor by an intent that stands in the tree.
#[test]
fn who_left_or_was_revoked_renews_nothing_on_its_way() {
    let requests: [fn(&SampleLetter) -> OperatorRequest; 2] = [
        |letter| revoke(&letter.person, "keyCompromise"),
        |letter| person(PersonAction::Leave, &letter.person, "", ""),
    ];
    for request in requests {
        let (mut sample, letter, old, signer) = Sample::with_holder();
        sample.renew(sample.renewing((&old, &signer), &key())).unwrap();
        sample.sequence();
        assert_eq!(sample.execute(), None);
        sample.sequence();
        carried_out(&mut sample, request(&letter));
        assert!(sample.sign().is_empty(), "the intent is given up");
        let (mut sample, letter, old, signer) = Sample::with_holder();
        sample.renew(sample.renewing((&old, &signer), &key())).unwrap();
        sample.sequence();
        carried_out(&mut sample, request(&letter));
        sample.sequence();
        assert_eq!(sample.execute(), None);
        assert_eq!(sample.count("intent"), 1, "what does not count carries no order");
    }
}

#[test]
fn a_loss_stops_a_renewal_on_its_way() {
    let (mut sample, letter, old, signer) = Sample::with_holder();
    sample.renew(sample.renewing((&old, &signer), &key())).unwrap();
    sample.sequence();
    assert_eq!(sample.execute(), None);
    sample.sequence();
    sample.lose(&letter);
    assert!(sample.sign().is_empty(), "the intent is given up");
    let (mut sample, letter, old, signer) = Sample::with_holder();
    sample.renew(sample.renewing((&old, &signer), &key())).unwrap();
    sample.sequence();
    sample.lose(&letter);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 1, "what was taken away carries no order");
}

#[test]
fn what_is_suspended_renews_when_it_is_released() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    let (new, serial) = (key(), Serial::of(old.serial()).unwrap());
    let ask = |sample: &mut Sample| sample.renew(sample.renewing((&old, &signer), &new));
    suspend(&mut sample, &old).unwrap();
    assert_eq!(ask(&mut sample), Err(Code::CertificateSuspended), "recorded is enough");
    sample.sequence();
    assert_eq!(ask(&mut sample), Err(Code::CertificateSuspended));
    sample.done(release(&old), &OFFICERS);
    ask(&mut sample).unwrap();
    // An order that waits for the tree carries nothing meanwhile, and goes on behind the release.
    sample.sequence();
    sample.pass(1);
    suspend(&mut sample, &old).unwrap();
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.authority().renewed_by(&serial), None);
    sample.done(release(&old), &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().renewed_by(&serial).is_some());
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn a_suspension_stops_a_renewal_on_its_way() {
    let (mut sample, _, old, signer) = Sample::with_holder();
    let new = key();
    sample.renew(sample.renewing((&old, &signer), &new)).unwrap();
    sample.sequence();
    assert_eq!(sample.execute(), None);
    sample.sequence();
    suspend(&mut sample, &old).unwrap();
    assert!(sample.sign().is_empty(), "the intent is given up");
    sample.sequence();
    sample.done(release(&old), &OFFICERS);
    let renewed = sample.renewed((&old, &signer), &new);
    assert_eq!(renewed.key().spki(), new.public_key().spki(), "nobody ever had the first one");
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

/// Hands in the database bring the old record again under another id.
#[test]
fn a_suspension_that_was_released_takes_no_successor() {
    let (mut sample, letter, old, signer) = Sample::with_holder();
    let event = sample.suspended_by_letter(&letter);
    sample.notice(event.clone());
    sample.sequence();
    assert!(sample.authority().is_revoked(&old.serial().to_string()));
    let order = sample.order(release(&old));
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    let renewed = sample.renewed((&old, &signer), &key());
    sample.notice(event);
    for _ in 0..2 {
        for certificate in [&old, &renewed] {
            assert!(!sample.authority().is_revoked(&certificate.serial().to_string()));
        }
        sample.sequence();
    }
}
