//! What the registry key signs of letters: that one was made, and that one counts no more.

use crate::bytes::Bytes;
use crate::draft::{Draft, DraftPlace};
use crate::withdrawal::Withdrawal;
use pki::profile::LetterChannel;
use serde::{Deserialize, Serialize};

/// What the log keeps of a letter: enough to open it and to judge a loss report, nothing to forge
/// one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterStatement {
    /// This is version 1 of the format.
    pub v: u8,
    /// The letter is named by its reference, 16 Crockford base32 characters.
    pub reference: String,
    /// The letter is for the person of this id.
    pub person: String,
    /// A certificate of the profile of this id can be had with it.
    pub profile: String,
    /// The look-up key is known by its SHA-256 alone.
    pub lookup_sha256: Bytes,
    /// The loss value is known by its SHA-256 alone.
    pub loss_sha256: Bytes,
    /// The suspension value is known by its SHA-256 alone.
    pub suspend_sha256: Bytes,
    /// The letter can be used until this second, RFC 3339.
    pub expires: String,
    /// By which ways its code came, if not by paper alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<LetterChannel>,
    /// What the handler signed who wanted it; an operator made the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Box<Draft>>,
    /// Where it stands in a draft of many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<DraftPlace>,
}

/// That a letter counts no more, as the registry key signs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoidStatement {
    /// This is version 1 of the format.
    pub v: u8,
    /// The letter is named by its reference, 16 Crockford base32 characters.
    pub reference: String,
    /// Who asked for it: `operator:` and the number of the user on the CA host, or `person:` and
    /// the handler who wanted the letter.
    pub drafter: String,
    /// Reference of the letter that takes its place; empty where none does.
    pub replacement: String,
    /// The withdrawal that the handler signed, where one took the letter back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<Box<Withdrawal>>,
}
