//! Declining an order: whoever may approve it sends it back with a reason, or ends it.

use crate::bytes::Bytes;
use crate::code::Code;
use crate::commitment::{Commitment, Disclosure, open};
use crate::label::Label;
use crate::stated::{Stated, Statement};
use serde::{Deserialize, Serialize};

/// A reason has so many characters at most.
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
    /// This is version 1 of the format; a reader refuses another.
    pub v: u8,
    /// The order is named by its digest, 32 bytes.
    pub order: Bytes,
    /// The order is returned or rejected.
    pub outcome: Outcome,
    /// Commitment to the reason, under `/reason`.
    pub reason: Commitment,
}

impl Statement for DeclineStatement {
    const LABEL: Label = Label::Decline;

    fn is_sound(&self) -> bool {
        self.v == 1 && self.order.0.len() == 32
    }
}

/// The statement with its officer's signature, by certificate key or by passkey.
pub type Decline = Stated<DeclineStatement>;

/// A decline on its way to the CA, with what opens its reason.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclineSubmission {
    /// The decline as its officer signed it.
    pub decline: Decline,
    /// Opens the commitment to the reason.
    pub reason: Disclosure,
}

impl DeclineSubmission {
    /// The reason, if it opens the statement's commitment and can be shown.
    pub fn reason(&self) -> Result<&str, Code> {
        let read = self.decline.read()?;
        let opened = open(&read.reason, "/reason", std::slice::from_ref(&self.reason));
        let text = opened.map_err(|_| Code::OrderIncomplete)?.as_str().ok_or(Code::Malformed)?;
        pki::name::check_readable(text, REASON_CHARS_MAX).map_err(|_| Code::Malformed)?;
        Ok(text)
    }
}

/// An order that was declined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declined {
    /// The order that was declined is named by its id, 16 Crockford base32 characters.
    #[serde(deserialize_with = "crate::reference::given")]
    pub order: String,
    /// The order was returned or rejected.
    pub outcome: Outcome,
}
