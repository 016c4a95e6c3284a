//! Withdrawing: whoever drafted an order, or had a letter made, takes it back under their own
//! signature. What an operator drafted the operator takes back.

use crate::bytes::Bytes;
use crate::label::Label;
use crate::stated::{Stated, Statement};
use serde::{Deserialize, Serialize};

/// The order or letter that is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum WithdrawalTarget {
    /// An open order is taken back.
    Order {
        /// The order is named by its digest, 32 bytes.
        order: Bytes,
    },
    /// A letter from which no certificate came.
    Letter {
        /// The letter is named by its reference, 16 Crockford base32 characters.
        reference: String,
    },
}

/// What somebody says who takes back what they drafted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalStatement {
    /// This is version 1 of the format; a reader refuses another.
    pub v: u8,
    /// The city is named by its founding digest, 32 bytes.
    pub founding: Bytes,
    /// The statement takes this back.
    pub what: WithdrawalTarget,
}

impl Statement for WithdrawalStatement {
    const LABEL: Label = Label::Withdrawal;

    fn is_sound(&self) -> bool {
        let named = match &self.what {
            WithdrawalTarget::Order { order } => order.0.len() == 32,
            WithdrawalTarget::Letter { reference } => {
                crate::letter::read_reference(reference).as_ref() == Some(reference)
            }
        };
        self.v == 1 && self.founding.0.len() == 32 && named
    }
}

/// The statement with its drafter's signature, by certificate key or by passkey.
pub type Withdrawal = Stated<WithdrawalStatement>;

/// That an order was withdrawn, as the registry key signs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawnStatement {
    /// This is version 1 of the format.
    pub v: u8,
    /// The order is named by its digest, 32 bytes.
    pub order: Bytes,
    /// Who drafted it, and takes it back.
    pub drafter: String,
    /// What they signed, where a person drafted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<Box<Withdrawal>>,
}

/// The answer names what was withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalAnswer {
    /// Order id, or the reference of the letter.
    #[serde(deserialize_with = "crate::reference::given")]
    pub name: String,
}
