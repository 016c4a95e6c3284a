//! What a holder's client and the CA say to each other while a certificate is renewed; the portal
//! in between carries it. What the old key signs covers the new one.

use crate::bytes::Bytes;
use crate::display_name::DisplayName;
use crate::enrolment::{CollectedCertificate, Stage};
use crate::order::ReviewReason;
use serde::{Deserialize, Serialize};

/// Asks on which terms a certificate can be renewed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskRenewal {
    /// The certificate, DER.
    pub certificate: Bytes,
}

/// On which terms a certificate can be renewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewalTerms {
    /// 16 bytes, single use, 24 h.
    pub challenge: Bytes,
    /// The profile.
    pub profile: DisplayName,
    /// Names of key algorithms that the profile allows.
    pub keys: Vec<String>,
    /// Days of validity.
    pub validity_days: u32,
    /// First second.
    pub opens: String,
    /// Last second.
    pub closes: String,
    /// Why officers will have to look at it; empty where the old key's signature suffices.
    pub review: Vec<ReviewReason>,
    /// Where a renewal stands that was asked for, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Why the last one was sent back, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<String>,
}

/// Renews a certificate. The same key again is the same renewal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewCertificate {
    /// The old certificate, DER.
    pub certificate: Bytes,
    /// The challenge of the terms.
    pub challenge: Bytes,
    /// PKCS#10 of the new key, DER, with an empty subject and no attributes.
    pub request: Bytes,
    /// `cli` or `page`.
    pub label: String,
    /// Signature of the old key under `yinxin-use-v1`.
    pub signature: Bytes,
}

/// Where a renewal stands, with the certificate once the log can prove it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewalAnswer {
    /// Where it stands.
    pub stage: Stage,
    /// The new certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected: Option<CollectedCertificate>,
}
