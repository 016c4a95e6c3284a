//! What was told as revoked and came into the tree behind what it does not hold behind: a role that
//! was withdrawn since, a passkey that was used since.

use super::list::{list_of, next, revoke};
use super::suspend::release;
use crate::decide::list::entries;
use crate::decide::suspend::{hold_undone, lapse};
use crate::sample::Sample;
use crate::sample::operate::OFFICERS;
use pki::Certificate;
use records::decline::Outcome;
use records::record::Event;
use records::suspension::{HOLD, SUSPENSION_SECONDS};

fn reason(sample: &Sample, certificate: &Certificate) -> Option<String> {
    let revoked = sample.authority().revoked_as(&certificate.serial().to_string());
    revoked.map(|revoked| revoked.reason.clone())
}

/// A certificate whose revocation was told, and came into the tree without effect.
fn with_undone() -> (Sample, Certificate) {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    revoke(&mut sample, &certificate.serial().to_string());
    sample.sequence_without_effect(|event| matches!(event, Event::Revoked { .. }));
    assert_eq!(reason(&sample, &certificate), None, "the log does not have it");
    (sample, certificate)
}

/// It counts as suspended from the same round on, once, also when a hand takes that away; what a
/// list has as revoked stays so, and after fifteen days it is revoked for its reason.
#[test]
fn what_was_told_and_came_without_effect_is_suspended() {
    let (mut sample, certificate) = with_undone();
    let suspended = |sample: &mut Sample| {
        let before = sample.count("suspended");
        sample.round((&[], &[]), hold_undone).unwrap();
        sample.count("suspended") - before
    };
    assert_eq!([suspended(&mut sample), suspended(&mut sample)], [1, 0]);
    assert_eq!(reason(&sample, &certificate).as_deref(), Some(HOLD));
    sample.take_away(|event| matches!(event, Event::Suspended { .. }));
    assert_eq!(reason(&sample, &certificate).as_deref(), Some(HOLD), "it is told as well");
    sample.round((&[], &[]), |_| ());
    sample.sequence();
    assert_eq!(reason(&sample, &certificate).as_deref(), Some(HOLD));
    sample.pass(SUSPENSION_SECONDS);
    sample.round((&[], &[]), lapse).unwrap();
    sample.sequence();
    assert_eq!(reason(&sample, &certificate).as_deref(), Some("superseded"));
}

/// Two others who looked at it release it; what was revoked all the same is not suspended.
#[test]
fn what_came_without_effect_is_looked_at() {
    let (mut sample, certificate) = with_undone();
    // Its approvals do not count any more.
    sample.state.ready = Default::default();
    sample.round((&[], &[]), hold_undone).unwrap();
    sample.sequence();
    sample.done(release(&certificate), &OFFICERS);
    assert_eq!(reason(&sample, &certificate), None);

    let (mut sample, certificate) = with_undone();
    assert_eq!(sample.execute(), None, "its approvals count, and it is judged again");
    sample.round((&[], &[]), hold_undone).unwrap();
    assert_eq!((sample.count("suspended"), sample.state.undone.len()), (0, 0));
    assert_eq!(reason(&sample, &certificate).as_deref(), Some("superseded"));
}

/// A list that went out before has it as revoked, and those behind it do.
#[test]
fn a_list_has_as_revoked_what_came_without_effect() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    revoke(&mut sample, &certificate.serial().to_string());
    let first = next(&sample, 1);
    sample.sequence_without_effect(|event| matches!(event, Event::Revoked { .. }));
    sample.round((&[], &[]), hold_undone).unwrap();
    let all = entries(sample.authority(), &first, sample.city.now).unwrap().all;
    let second = list_of(&sample, 2, &all);
    assert!(second.contains(certificate.serial()) && !second.is_held(certificate.serial()));
}

/// A decline that was told comes behind the end of its officer's role: the log has the order open,
/// and nobody carries it out, whoever approves it.
#[test]
fn an_order_that_was_told_as_declined_is_carried_out_by_nobody() {
    let (mut sample, _, order) = Sample::with_application();
    sample.decline(order, "officer-1", Outcome::Returned).unwrap();
    sample.sequence_without_effect(|event| matches!(event, Event::Declined { .. }));
    assert_eq!(sample.became_of(order), Ok(()), "the log has it open");
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert_eq!((sample.count("intent"), sample.state.ready.len()), (0, 0));
}
