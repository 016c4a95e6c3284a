//! Declining an order: whoever may approve it sends it back with a reason, or ends it.

use crate::approval::SignedStatement;
use crate::bytes::Bytes;
use crate::code::Code;
use crate::commitment::{Commitment, Disclosure, open};
use crate::json;
use crate::label::Label;
use crate::passkey::Assertion;
use pki::algorithm::SignError;
use pki::{Certificate, Signer};
use serde::{Deserialize, Serialize};

/// Longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 500;

/// What becomes of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Mend it and apply again.
    Returned,
    /// It ends here; a letter that it came from is used up.
    Rejected,
}

impl Outcome {
    /// The name in statements and rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Rejected => "rejected",
        }
    }

    /// The outcome of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Returned, Self::Rejected].into_iter().find(|outcome| outcome.name() == name)
    }

    /// What is told of the order from now on.
    pub fn code(self) -> Code {
        match self {
            Self::Returned => Code::OrderReturned,
            Self::Rejected => Code::OrderRejected,
        }
    }
}

/// What an officer says about an order that they decline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclineStatement {
    /// Format: 1.
    pub v: u8,
    /// Digest of the order.
    pub order: Bytes,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Commitment to the reason, under `/reason`.
    pub reason: Commitment,
}

/// The statement with its officer's signature, by certificate key or by passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decline {
    /// Format: 1.
    pub v: u8,
    /// `certificate` or `passkey`.
    pub method: String,
    /// A [`DeclineStatement`], its exact bytes.
    pub statement: Bytes,
    /// The officer's certificate, DER.
    pub certificate: Bytes,
    /// Signature over `yinxin-decline-v1` ‖ 0x00 ‖ statement; of a passkey, the assertion's.
    pub signature: Bytes,
    /// What the passkey's authenticator said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertion: Option<Assertion>,
}

/// The challenge under which a passkey declines.
pub fn challenge(statement: &[u8]) -> [u8; 32] {
    Label::Decline.digest(statement)
}

impl Decline {
    /// Signs a statement with a certificate key.
    pub fn sign(
        statement: Bytes,
        certificate: &Certificate,
        signer: &dyn Signer,
    ) -> Result<Self, SignError> {
        let signature = Bytes(Label::Decline.sign(signer, &statement.0)?);
        Ok(Self {
            v: 1,
            method: "certificate".into(),
            statement,
            certificate: certificate.der().into(),
            signature,
            assertion: None,
        })
    }

    /// What it says.
    pub fn read(&self) -> Result<DeclineStatement, Code> {
        let read: DeclineStatement = json::read(&self.statement.0).map_err(|_| Code::Malformed)?;
        let sound = self.v == 1 && read.v == 1 && read.order.0.len() == 32;
        if sound { Ok(read) } else { Err(Code::Malformed) }
    }

    /// What was said, with what it takes to check it.
    pub fn signed_statement(&self) -> SignedStatement<'_> {
        SignedStatement {
            v: self.v,
            label: Label::Decline,
            bytes: &self.statement.0,
            method: &self.method,
            certificate: &self.certificate,
            signature: &self.signature,
            assertion: self.assertion.as_ref(),
        }
    }
}

/// A decline on its way to the CA, with what opens its reason.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declining {
    /// What was signed.
    pub decline: Decline,
    /// Opens the commitment to the reason.
    pub reason: Disclosure,
}

impl Declining {
    /// The reason, if it opens the statement's commitment and can be shown.
    pub fn reason(&self) -> Result<&str, Code> {
        let read = self.decline.read()?;
        let opened = open(&read.reason, "/reason", std::slice::from_ref(&self.reason));
        let text = opened.map_err(|_| Code::OrderIncomplete)?.as_str().ok_or(Code::Malformed)?;
        let length = text.trim().chars().count();
        let fits =
            (1..=REASON_CHARS_MAX).contains(&length) && !text.chars().any(pki::name::is_hidden);
        if fits { Ok(text) } else { Err(Code::Malformed) }
    }
}

/// An order that was declined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declined {
    /// Order id.
    pub order: String,
    /// What became of it.
    pub outcome: Outcome,
}
