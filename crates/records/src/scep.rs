//! What a portal's machines' process and the CA say to each other about SCEP (RFC 8894).
//!
//! A device that has no certificate yet is known by a challenge, which stands in the request that
//! its key signed: the CA looks at it itself. One that renews signed with the key of the old
//! certificate around what it encrypted for the portal: that message goes to the CA as it came,
//! with the key of what it hides, so that the CA reads in it what the device asked for.

use crate::bytes::Bytes;
use crate::machine::secret;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// What of the token is the challenge of SCEP, behind its id.
pub const SCEP_SECRET: &str = "scep";
/// Longest message by which a certificate is renewed, in bytes: it stands in a record.
pub const SCEP_RENEWAL_BYTES_MAX: usize = 12 * 1024;

/// Asks for a certificate by the challenge that stands in the request.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolDevice {
    /// The PKCS#10, DER.
    pub request: Bytes,
}

/// Asks for a certificate by the signature of the one that is renewed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewDevice {
    /// What the device signed.
    pub signed: SignedRenewal,
}

/// What the key of a certificate signed so that it be renewed, and how that is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRenewal {
    /// The message of SCEP: SignedData around EnvelopedData, DER. It comes as it was sent, and
    /// stands in a record without what its signature does not cover.
    pub message: Bytes,
    /// The key of the content that it hides, which is the PKCS#10.
    pub content_key: Bytes,
}

/// The challenge of a system's device, in characters of a PrintableString: the id of the secrets
/// under the system's order, a dot, and the secret.
pub fn challenge(token: &[u8], kid: &str) -> String {
    format!("{kid}.{}", HEXLOWER.encode(&secret(token, SCEP_SECRET).0))
}

/// The id of the secrets that a challenge names.
pub fn kid_of(challenge: &str) -> Option<&str> {
    challenge.rsplit_once('.').map(|(kid, _)| kid)
}

/// The challenge that stands in a PKCS#10, whoever signed that.
pub fn challenge_in(request: &Bytes) -> Option<String> {
    pki::request::challenge_of(&request.0).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{kid, system_of};

    #[test]
    fn a_challenge_names_its_system_and_its_order() {
        let named = kid("printer-1", &[0xab; 32]);
        let told = challenge(&[1; 32], &named);
        assert_eq!(kid_of(&told), Some(named.as_str()));
        assert_eq!(kid_of(&told).and_then(system_of), Some("printer-1"));
        assert_eq!(told.len(), named.len() + 65);
        assert!(told.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)));
        assert_ne!(told, challenge(&[2; 32], &named));
        assert_eq!(kid_of("nothing"), None);
        assert_eq!(challenge_in(&Bytes::default()), None);
    }
}
