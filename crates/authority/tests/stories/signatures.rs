//! No signature is verified twice by one process, and none that nobody made is ever believed.

use crate::{key, with_letter};
use authority::{Authority, Signatures};
use records::code::Code;
use records::record::Event;
use sample_city::SampleCity;

fn replayed(city: &SampleCity, signatures: Signatures) -> Authority {
    let (first, rest) = city.log.split_first().unwrap();
    let found = Authority::found(first, &city.founding).unwrap();
    let mut authority = found.with_signatures(signatures);
    for record in rest {
        authority.apply(record).unwrap();
    }
    authority
}

#[test]
fn a_signature_that_was_checked_is_not_checked_again() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    let before = city.authority.signatures().verifications();
    let approval = city.approval(order, "officer-1");
    city.authority.check_approval(&approval, city.now).unwrap();
    assert_eq!(city.authority.signatures().verifications(), before + 1);
    city.take(&approval).unwrap();
    city.approve(order, "officer-2").unwrap();
    let (_, intent) = city.intent_event(order).unwrap();
    city.apply(intent).unwrap();
    assert_eq!(city.authority.signatures().verifications(), before + 2);
}

#[test]
fn a_replay_in_trust_verifies_nothing_and_reaches_the_same() {
    let (mut city, _, reference) = with_letter();
    city.certify(&reference, &key());
    let trusting = replayed(&city, Signatures::trusting());
    assert_eq!(trusting.signatures().verifications(), 0);
    assert_eq!(trusting.parts(), city.authority.parts());
    // The mode is left by giving it another memory: what comes from outside is verified.
    let mut authority = trusting.with_signatures(Signatures::new());
    let body = city.revoke_body("0000000000000000", &[]);
    let (_, event) = city.order_event(&body, &[]);
    let Event::Order { order, mut signature, cancels } = event else { unreachable!() };
    signature.0[10] ^= 1;
    let record = city.record(Event::Order { order, signature, cancels });
    assert_eq!(authority.apply(&record).unwrap_err().code, Code::OrderAltered);
}

#[test]
fn a_batch_is_warmed_on_several_threads() {
    let (mut city, _, reference) = with_letter();
    city.certify(&reference, &key());
    let signatures = Signatures::new();
    let found = Authority::found(&city.log[0], &city.founding).unwrap();
    let found = found.with_signatures(signatures.clone());
    let (first, second) = city.log.split_at(city.log.len() / 2);
    std::thread::scope(|scope| {
        for half in [first, second] {
            let found = found.clone();
            scope.spawn(move || half.iter().for_each(|record| found.warm(record)));
        }
    });
    let warmed = signatures.verifications();
    assert!(warmed > 0);
    let mut authority = found;
    for record in &city.log[1..] {
        authority.apply(record).unwrap();
    }
    assert_eq!(signatures.verifications(), warmed, "nothing was left to verify");
    assert_eq!(authority.parts(), city.authority.parts());
}

#[test]
fn a_signature_that_failed_is_not_remembered_as_good() {
    let (mut city, _, reference) = with_letter();
    let order = city.apply_for(&reference, &key());
    let mut forged = city.approval(order, "officer-1");
    forged.signature.0[20] ^= 1;
    for _ in 0..2 {
        assert_eq!(city.take(&forged), Err(Code::ApprovalSignature));
    }
    // Nor does one that is good for one key count for another.
    let mut renamed = city.approval(order, "officer-1");
    renamed.certificate = city.officer("officer-2").certificate.der().into();
    assert_eq!(city.take(&city.approval(order, "officer-1")), Ok(()));
    assert_eq!(city.take(&renamed), Err(Code::ApprovalSignature));
}
