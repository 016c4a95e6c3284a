//! A certificate in somebody's hands.

use crate::people::Official;
use mtls::tls::Identity;
use pki::Certificate;
use records::Bytes;
use records::enrolment::CollectedCertificate;

/// A certificate in somebody's hands, with the letter that it came of.
pub(super) struct Card {
    pub(super) official: Official,
    pub(super) serial: String,
    chain: Vec<Certificate>,
}

/// The certificate that was collected.
pub(super) fn leaf(collected: &CollectedCertificate) -> Certificate {
    Certificate::read(&collected.chain[0].0).unwrap()
}

impl Card {
    pub(super) fn new(official: Official, collected: &CollectedCertificate) -> Self {
        let read = |der: &Bytes| Certificate::read(&der.0).unwrap();
        let chain: Vec<Certificate> = collected.chain.iter().map(read).collect();
        Self { official, serial: chain[0].serial().to_string(), chain }
    }

    pub(super) fn leaf(&self) -> &Certificate {
        &self.chain[0]
    }

    /// For TLS.
    pub(super) fn identity(&self) -> Identity {
        let chain = self.chain.iter().map(|certificate| certificate.der().to_vec()).collect();
        Identity::from_der(chain, self.official.signer.pkcs8()).unwrap()
    }
}
