//! Mail addresses that people do not read as what they are: the lint refuses them in either form of
//! a name, whoever let them through before.

use super::{Ceremony, NOW, addresses, serial, subject};
use ca_host::prepare::{CertificateInputs, CertificateIssuer, PrepareError, prepare};
use pki::CertificateProfile;
use pki::Signer;

/// Each with whether a certificate may name it.
const MAILBOXES: [(&str, bool); 12] = [
    ("li.dan@shangluo.gov.cn", true),
    ("李丹@shangluo.gov.cn", true),
    ("ئابدۇ.ئلى@shangluo.gov.cn", true),
    ("李\u{2800}丹@shangluo.gov.cn", false),
    ("李\u{16fe4}丹@shangluo.gov.cn", false),
    ("李\u{1d159}丹@shangluo.gov.cn", false),
    ("q\u{316}\u{316}\u{316}@shangluo.gov.cn", false),
    ("aئلى@shangluo.gov.cn", false),
    ("ئلى1@shangluo.gov.cn", false),
    ("李＠丹@shangluo.gov.cn", false),
    ("批准人\u{a4fd}李丹@shangluo.gov.cn", false),
    ("li\u{200b}dan@shangluo.gov.cn", false),
];

/// The lint takes those, and no other.
pub(super) fn are_read_as_they_are(ceremony: &mut Ceremony, profile: &CertificateProfile) {
    let Ceremony { chance, arc, keys, issuing, .. } = ceremony;
    let (by, key) = (&issuing[0], &keys["p256"][0]);
    let subject = subject(chance, profile);
    for (mailbox, is_taken) in MAILBOXES {
        let inputs = CertificateInputs {
            profile,
            arc,
            issuer: CertificateIssuer::Authority(&by.certificate),
            issuer_key: by.signer.public_key(),
            serial: &serial(8),
            now: NOW,
            subject: &subject,
            key: key.public_key(),
            dns: &[],
            mail: &[mailbox.to_owned()],
            addresses: Some(addresses(chance, profile)),
        };
        match prepare(&inputs) {
            Ok(_) => assert!(is_taken, "{mailbox:?}"),
            Err(PrepareError::Lint(found)) => {
                assert!(!is_taken && found.iter().all(|one| one.rule == "mail"), "{found:?}");
            }
            Err(other) => panic!("{mailbox:?}: {other:?}"),
        }
    }
}
