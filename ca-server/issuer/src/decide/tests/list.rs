//! Lists: every revocation stands in the next one, none leaves before its certificate ended,
//! numbers count on.

use crate::answered_brakes::AnsweredBrakes;
use crate::command::Command;
use crate::decide::list::{continues, entries, revoked};
use crate::sample::Sample;
use crate::sample::operate::OFFICERS;
use ca_host::operator::OperatorRequest;
use keys::SoftwareSigner;
use pki::crl::{ListContent, RevocationList, RevocationReason, RevokedCertificate};
use records::Code;
use records::record::Event;

/// A list as the publisher makes it, of these entries.
pub(super) fn list_of(
    sample: &Sample,
    number: u64,
    revoked: &[RevokedCertificate],
) -> RevocationList {
    let issuing = &sample.context.issuing_certificate;
    let content = ListContent {
        issuer: issuing.subject(),
        key_identifier: &issuing.key_identifier().unwrap(),
        number,
        this_update: sample.city.now,
        next_update: sample.city.now + 86_400,
        shard_url: None,
        revoked,
    };
    RevocationList::issue(&content, &sample.context.issuing).unwrap()
}

pub(super) fn next(sample: &Sample, number: u64) -> RevocationList {
    list_of(sample, number, &revoked(sample.authority(), sample.city.now).unwrap())
}

pub(super) fn publish(sample: &mut Sample, list: &RevocationList) -> Result<(), Code> {
    let list = Box::new(list.clone());
    sample.decide(|reply| Command::List(list, reply))
}

/// Has a certificate revoked; recorded, and not yet in the tree.
pub(super) fn revoke(sample: &mut Sample, serial: &str) {
    sample.revoke("officer-1", serial, "superseded").unwrap();
    let order = sample.newest_order();
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
}

#[test]
fn a_revocation_stands_in_the_next_list() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    let first = next(&sample, 1);
    publish(&mut sample, &first).unwrap();
    assert!(!sample.state.list_due);
    revoke(&mut sample, &certificate.serial().to_string());
    assert!(sample.state.list_due, "recorded is enough");
    let second = next(&sample, 2);
    assert!(second.contains(certificate.serial()));
    publish(&mut sample, &second).unwrap();
    assert!(!sample.state.list_due);
    let Some(Event::Crl { number: 2, entries: 1, .. }) =
        sample.recorded.last().map(|record| record.event.clone())
    else {
        panic!("{:?}", sample.recorded.last())
    };
    assert_eq!(sample.rows.lists.len(), 2);
}

#[test]
fn a_list_that_a_revocation_overtook_asks_for_the_next() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    let made = next(&sample, 1);
    revoke(&mut sample, &certificate.serial().to_string());
    publish(&mut sample, &made).unwrap();
    assert!(sample.state.list_due);
    let second = next(&sample, 2);
    publish(&mut sample, &second).unwrap();
    assert!(!sample.state.list_due);
}

#[test]
fn a_list_lacks_no_entry_of_the_last_one() {
    let mut sample = Sample::found();
    let (_, one) = sample.official("李丹");
    let (_, two) = sample.official("王小明");
    for certificate in [&one, &two] {
        revoke(&mut sample, &certificate.serial().to_string());
        sample.sequence();
    }
    let (last, now) = (next(&sample, 1), sample.city.now);
    let all = revoked(sample.authority(), now).unwrap();
    assert_eq!(all.len(), 2);
    let less = list_of(&sample, 2, &all[..1]);
    let authority = sample.authority();
    assert!(!continues(authority, (&last, &less), now));
    assert!(continues(authority, (&last, &last), now));
    assert!(continues(authority, (&less, &last), now), "more is allowed");
    // A list that somebody made of a certificate that was never revoked goes on as well.
    let foreign = sample.city.officer("officer-1").certificate.serial().clone();
    let mut forged = all.clone();
    forged[0].serial = foreign;
    let forged = list_of(&sample, 1, &forged);
    assert!(!continues(authority, (&forged, &last), now), "authority knows no end of it");
}

/// Somebody takes a record away after its list went out, before the tree has it: the entry stays,
/// and what is revoked behind it reaches the next list all the same.
#[test]
fn a_list_that_went_out_is_taken_back_by_nobody() {
    let mut sample = Sample::found();
    let (_, one) = sample.official("李丹");
    let (_, two) = sample.official("王小明");
    revoke(&mut sample, &one.serial().to_string());
    let first = next(&sample, 1);
    // A journal that was lost with the host it stood on.
    sample.state.told = AnsweredBrakes::default();
    sample.take_away(|event| !matches!(event, Event::Crl { .. }));
    let serial = one.serial().to_string();
    assert!(!sample.authority().is_revoked(&serial), "authority knows nothing of it");
    let now = sample.city.now;
    let kept = entries(sample.authority(), &first, now).unwrap();
    assert_eq!(kept.kept, 1, "and that is told");
    assert_eq!(kept.all.first().unwrap().reason, RevocationReason::Superseded);
    assert_eq!(kept.all.first().unwrap().serial, *one.serial());
    revoke(&mut sample, &two.serial().to_string());
    let second = entries(sample.authority(), &first, now).unwrap();
    let second = list_of(&sample, 2, &second.all);
    assert!(second.contains(one.serial()) && second.contains(two.serial()));
    assert!(continues(sample.authority(), (&first, &second), now));
    publish(&mut sample, &second).unwrap();
    assert!(!sample.state.list_due, "it asks for no other list");
}

#[test]
fn an_entry_leaves_a_week_after_its_certificate() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    let serial = certificate.serial().to_string();
    revoke(&mut sample, &serial);
    sample.sequence();
    let until = sample.authority().revoked_as(&serial).unwrap().not_after;
    assert!(until >= certificate.not_after());
    let last = next(&sample, 1);
    let week = 7 * 86_400;
    let count = |now| entries(sample.authority(), &last, now).unwrap().all.len();
    assert_eq!((count(until), count(until + week), count(until + week + 1)), (1, 1, 0));
    let empty = list_of(&sample, 2, &[]);
    let goes_on = |now| continues(sample.authority(), (&last, &empty), now);
    assert!(!goes_on(until + week));
    assert!(goes_on(until + week + 1));
}

#[test]
fn an_entry_bears_no_time_that_is_to_come() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    revoke(&mut sample, &certificate.serial().to_string());
    let earlier = sample.city.now - 60;
    let all = revoked(sample.authority(), earlier).unwrap();
    assert_eq!(all.iter().map(|entry| entry.at).collect::<Vec<_>>(), [earlier]);
}

#[test]
fn a_list_is_a_brake() {
    let mut sample = Sample::found();
    sample.clock = Err(Code::ClockMoved);
    let list = next(&sample, 1);
    publish(&mut sample, &list).unwrap();
    let proves: Vec<bool> = sample.recorded.iter().map(records::Record::proves_time).collect();
    assert_eq!(proves, [false]);
}

/// The root's next list is whoever's word the root signed, now; who brings it signs nothing.
#[test]
fn the_roots_list_is_the_roots_own_word() {
    let mut sample = Sample::found();
    let (keys, now) = (sample.city.keys.clone(), sample.city.now);
    let issuer = sample.context.issuing_certificate.subject().clone();
    let list = |signer: &SoftwareSigner, at: u64, number: u64| {
        let content = ListContent {
            issuer: &issuer,
            key_identifier: &[7; 20],
            number,
            this_update: at,
            next_update: at + 86_400,
            shard_url: None,
            revoked: &[],
        };
        let list = RevocationList::issue(&content, signer).unwrap();
        OperatorRequest::RootList { list: list.der().into() }
    };
    let refused = [
        (list(&keys.issuing, now, 2), Code::Malformed),
        (OperatorRequest::RootList { list: b"no list".as_slice().into() }, Code::Malformed),
        (list(&keys.root, now, u64::MAX), Code::Malformed),
        (list(&keys.root, now - 301, 2), Code::SignedTime),
        (list(&keys.root, now + 301, 2), Code::SignedTime),
    ];
    for (request, code) in refused {
        assert_eq!(sample.operator(request).unwrap_err(), code);
    }
    sample.clock = Err(Code::ClockMoved);
    assert_eq!(sample.operator(list(&keys.root, now, 2)).unwrap_err(), Code::ClockMoved);
    sample.clock = Ok(());
    let asked = sample.state.list_due;
    sample.operator(list(&keys.root, now, 2)).unwrap();
    let made = sample.recorded.last().unwrap();
    let Event::Crl { issuer, number: 2, .. } = &made.event else { panic!("{made:?}") };
    assert_eq!((issuer.as_str(), made.maker.as_str()), ("root", "issuer"));
    assert_eq!(sample.state.list_due, asked, "the issuing CA's list is another");
}
