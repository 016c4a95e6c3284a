//! What a person's client and the CA say to each other while enrolling; the portal in between
//! carries it and can neither make nor change it unseen.

use crate::bytes::Bytes;
use crate::display_name::DisplayName;
use crate::export::InclusionEvidence;
use serde::{Deserialize, Serialize};

/// Opens the person's own record.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterLookUp {
    /// The letter is named by its reference, 16 Crockford base32 characters.
    pub reference: String,
    /// The look-up key.
    pub key: Bytes,
}

/// The person's own record and where the matter stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookUpAnswer {
    /// Name.
    pub name: String,
    /// Person id.
    pub person: String,
    /// Names of the units, highest first.
    pub units: Vec<String>,
    /// The profile.
    pub profile: DisplayName,
    /// Names of key algorithms that the profile allows.
    pub keys: Vec<String>,
    /// `page` where a page may use the code as well, `cli` where only the command line may.
    pub label: String,
    /// Whether a code that came by short message is needed beside the letter's to ask.
    pub by_message: bool,
    /// Days of validity.
    pub validity_days: u32,
    /// 16 bytes, single use, 24 h.
    pub challenge: Bytes,
    /// Where it stands.
    pub stage: Stage,
}

/// Where an enrolment stands, and what comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Stage {
    /// A request can be submitted until then.
    Letter {
        /// The letter can be used until this second, RFC 3339.
        expires: String,
        /// Why the last application was sent back, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        returned: Option<String>,
    },
    /// The application was rejected; the letter is used up.
    Rejected {
        /// The officer said this reason.
        reason: String,
    },
    /// Officers are to approve.
    Awaiting {
        /// The order is named by its id, 16 Crockford base32 characters.
        #[serde(deserialize_with = "crate::reference::given")]
        order: String,
        /// So many approvals count for it so far.
        approvals: u32,
        /// Approvals that are needed.
        needed: u32,
        /// The order can be approved until this second, RFC 3339.
        expires: String,
    },
    /// The certificate can be collected.
    Issued {
        /// The certificate has this serial number, lower-case hexadecimal.
        serial: String,
    },
}

/// Submits a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestSubmission {
    /// The letter is named by its reference, 16 Crockford base32 characters.
    pub reference: String,
    /// The look-up key.
    pub key: Bytes,
    /// The challenge of the look-up.
    pub challenge: Bytes,
    /// PKCS#10, DER, with an empty subject.
    pub request: Bytes,
    /// `cli` or `page`.
    pub label: String,
    /// HMAC under the bind key of the label.
    pub bind: Bytes,
}

/// Collects what was issued.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collect {
    /// The letter is named by its reference, 16 Crockford base32 characters.
    pub reference: String,
    /// The look-up key.
    pub key: Bytes,
}

/// A certificate that the log can prove.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectedCertificate {
    /// The certificate, then its issuers up to the root, DER.
    pub chain: Vec<Bytes>,
    /// Proof that its `issued` record stands in the log.
    pub evidence: InclusionEvidence,
}

/// Reports a certificate lost.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportLoss {
    /// The letter is named by its reference, 16 Crockford base32 characters.
    pub reference: String,
    /// The value is an HMAC under the letter's loss key.
    pub value: Bytes,
}

/// A loss receipt with the status key's signature.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedReceipt {
    /// The receipt's bytes.
    pub receipt: Bytes,
    /// Signature under `yinxin-receipt-v1`.
    pub signature: Bytes,
    /// Certificate of the status key, then the root.
    pub chain: Vec<Bytes>,
}
