//! Revocation lists of the city.

use super::SampleCity;
use keys::SoftwareSigner;
use pki::crl::{ListContent, RevocationList};

impl SampleCity {
    /// The list of the issuing key under a number: of now, for a day, with nobody on it.
    pub fn list(&self, number: u64) -> RevocationList {
        self.list_by(&self.keys.issuing, number)
    }

    /// The same as another key signs it.
    pub fn list_by(&self, signer: &SoftwareSigner, number: u64) -> RevocationList {
        let content = ListContent {
            issuer: self.officer("officer-1").certificate.subject(),
            key_identifier: &[7; 20],
            number,
            this_update: self.now,
            next_update: self.now + 86_400,
            shard_url: None,
            revoked: &[],
        };
        RevocationList::issue(&content, signer).unwrap()
    }
}
