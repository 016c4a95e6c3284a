//! A renewal as it stands in an order to issue: who holds a certificate asks for the next one with
//! the key of the old one. That signature carries the order alone, unless something has to be
//! looked at.

use crate::bytes::Bytes;
use crate::join::use_message;
use crate::label::Label;
use crate::time;
use pki::PublicKey;
use serde::{Deserialize, Serialize};

/// So long after its successor was ordered a certificate is superseded, in seconds: 7 days.
pub const OVERLAP_SECONDS: u64 = 7 * 86_400;

/// Why officers have to look at a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewReason {
    /// The profile asks for it.
    Asked,
    /// The certificate had ended.
    Expired,
    /// The person's record is another one: name, unit or mail address.
    Person,
    /// The profile is another one.
    Profile,
    /// The person's unit stands elsewhere.
    Unit,
}

/// What the key of the old certificate signed, and what the CA made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// Serial number of the certificate that is renewed.
    pub serial: String,
    /// Its SHA-256.
    pub certificate: Bytes,
    /// The CA's challenge, 16 bytes, single use.
    pub challenge: Bytes,
    /// PKCS#10 of the new key, in clear: it names nobody.
    pub request: Bytes,
    /// DER SubjectPublicKeyInfo of the old key.
    pub asked_by: Bytes,
    /// Its signature under `yinxin-use-v1`, over the three above.
    pub signature: Bytes,
    /// When the CA took it.
    pub time: String,
    /// Why officers have to look at it, in the order of the words; where nothing is named the old
    /// key's signature suffices.
    pub review: Vec<ReviewReason>,
}

impl Renewal {
    /// Unix seconds of when the CA took it; 0 if unreadable.
    pub fn unix(&self) -> u64 {
        time::read(&self.time).unwrap_or(0)
    }

    /// Whether the key that it names signed for the request. Whose key that is authority knows.
    pub fn is_signed(&self) -> bool {
        let message = use_message(&self.certificate.0, &self.challenge.0, &self.request.0);
        let key = PublicKey::read(&self.asked_by.0);
        key.is_ok_and(|key| Label::Use.verify(&key, &message, &self.signature.0))
    }

    /// Whether its fields have the form that the format asks for.
    pub(crate) fn is_sound(&self) -> bool {
        let ordered = self.review.is_sorted_by(|one, next| one < next);
        let lengths = (self.certificate.0.len(), self.challenge.0.len());
        ordered && lengths == (32, 16) && self.unix() != 0
    }
}
