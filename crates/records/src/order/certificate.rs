//! Bodies of the orders that make something for a person: a certificate, or a passkey beside one.

use crate::bytes::Bytes;
use crate::commitment::Commitment;
use crate::order::renewal::Renewal;
use serde::{Deserialize, Serialize};

/// Which profile, as it was in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileRef {
    /// Id.
    pub id: String,
    /// Version.
    pub version: u32,
    /// SHA-256 of the file.
    pub digest: Bytes,
}

/// The subject of a certificate to be issued to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectBody {
    /// Country.
    pub c: String,
    /// City.
    pub o: String,
    /// County id if there is one, then unit id.
    pub ou: Vec<String>,
    /// Commitment to the name.
    pub cn: Commitment,
    /// Person id.
    pub sn: String,
}

/// A subject alternative name under a commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommittedName {
    /// `mail`.
    pub kind: String,
    /// Commitment to the value.
    pub value: Commitment,
}

/// Kind `issue`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssueBody {
    /// Person id.
    pub person: String,
    /// Version of the person's record that was vetted.
    pub person_version: u32,
    /// Profile in force.
    pub profile: ProfileRef,
    /// Subject.
    pub subject: SubjectBody,
    /// Subject alternative names.
    pub names: Vec<CommittedName>,
    /// DER SubjectPublicKeyInfo.
    pub key: Bytes,
    /// Days of validity.
    pub validity_days: u32,
    /// Commitment to the evidence.
    pub evidence: Commitment,
    /// `cli` or `page`: which bind key tied the public key.
    pub label: String,
    /// Reference of the letter, unless it is a renewal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the key of the old certificate signed, unless there is a letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Box<Renewal>>,
    /// SHA-256 of the person's last certificate under this profile, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Bytes>,
}

/// Subject alternative names that one certificate may have.
pub const NAMES_MAX: usize = 16;

impl IssueBody {
    /// Whether it rests on a letter or on a renewal, which is its holder's own.
    pub(crate) fn has_one_origin(&self, drafter: &str) -> bool {
        match (&self.reference, &self.renewal) {
            (Some(_), None) => true,
            (None, Some(renewal)) => {
                renewal.is_sound() && drafter.strip_prefix("person:") == Some(&*self.person)
            }
            _ => false,
        }
    }
}

/// Kind `credential`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialBody {
    /// Person id.
    pub person: String,
    /// The officer's certificate, DER.
    pub certificate: Bytes,
    /// `PasskeyStatement`, canonical JSON.
    pub statement: Bytes,
    /// Signature by the certificate's key under `yinxin-passkey-v1`.
    pub signature: Bytes,
}
