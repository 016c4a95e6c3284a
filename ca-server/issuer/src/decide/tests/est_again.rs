//! A request that a client of EST signed once, brought again and again by whoever passed it on: its
//! key is held, and nobody says when that was.

use crate::sample::machines::renewing;
use crate::sample::operate::site;
use crate::sample::{Sample, key};
use pki::Certificate;
use records::Code;
use records::est::RenewSystem;
use records::order::SystemBody;

const DAY: u64 = 86_400;

/// A system of the sample city has what was asked for, signed and in the tree.
fn issued(sample: &mut Sample) -> Certificate {
    sample.sequence();
    let certificate = sample.sign().remove(0);
    sample.sequence();
    certificate
}

#[test]
fn a_request_that_was_kept_renews_few() {
    let mut sample = Sample::found();
    let body = SystemBody { per_week: 40, live: 40, ..site("register", "inner") };
    let file = sample.inner_system(body);
    let own = key();
    let first = sample.enrolled(&file, &own, &["a.acme.test"]);
    let kept = renewing(&first, &own, &["a.acme.test"]);
    // Each certificate that it brings is what the next one is asked by.
    let by = |shown: &Certificate| RenewSystem { certificate: shown.der().into(), ..kept.clone() };
    let mut chain = vec![first.clone()];
    for place in 0..4 {
        sample.renew_system(by(&chain[place])).unwrap();
        chain.push(issued(&mut sample));
        if place == 1 {
            sample.pass(60 * DAY);
        }
    }
    let last = chain[4].clone();
    assert_eq!(sample.renew_system(by(&last)), Err(Code::KeyUsed));
    let again = sample.renew_system(by(&chain[3]));
    assert_eq!(again, Ok(last.serial().to_string()), "who did not hear it");
    // What its key signs anew is another request, and so is that of another key.
    for signer in [&own, &key()] {
        sample.renew_system(renewing(&last, signer, &["a.acme.test"])).unwrap();
        issued(&mut sample);
    }
    assert_eq!(sample.renew_system(by(&last)), Err(Code::KeyUsed));
    // Those that ended leave room.
    sample.pass(31 * DAY);
    sample.renew_system(by(&last)).unwrap();
    issued(&mut sample);
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}
