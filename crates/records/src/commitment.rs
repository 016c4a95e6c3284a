//! Salted commitments: sensitive values stand in signed documents as hashes; the value and its salt
//! travel beside them and can be destroyed without breaking a signature.

use crate::bytes::Bytes;
use crate::json::{self, JsonError, part};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

const LABEL: &[u8] = b"yinxin-commit-v1";

/// Where what was looked at is committed to, in every body that has evidence.
pub const EVIDENCE_PATH: &str = "/evidence";
/// Longest text of what was looked at, in characters.
pub const EVIDENCE_CHARS_MAX: usize = pki::name::FREE_TEXT_CHARS_MAX;

/// 32 bytes that commit to a value at a path.
pub type Commitment = Bytes;

/// A disclosure opens a commitment: a value with its path and its salt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// Where it stands: an RFC 6901 pointer into the body.
    pub path: String,
    /// The salt is 32 random bytes, fresh for each value.
    pub salt: Bytes,
    /// The value is any JSON; its RFC 8785 bytes are committed to.
    pub value: Value,
}

impl Disclosure {
    /// A value at a path under a fresh salt that the caller drew.
    pub fn new(path: &str, salt: [u8; 32], value: Value) -> Self {
        Self { path: path.to_owned(), salt: salt.into(), value }
    }

    /// SHA-256(label ‖ 0x00 ‖ salt ‖ u16 length of path ‖ path ‖ canonical value).
    pub fn commitment(&self) -> Result<Commitment, JsonError> {
        if self.salt.0.len() != 32 {
            return Err(JsonError::part("salt"));
        }
        Ok(digest(&self.path, &self.salt.0, &json::write(&self.value)?)?.into())
    }
}

/// A text at a path under a fresh salt, in final bytes: what opens it, as a list of one
/// [`Disclosure`] is written, and the 32 bytes that commit to it.
pub fn disclosed_text(
    path: &str,
    salt: &[u8; 32],
    text: &str,
) -> Result<(Vec<u8>, [u8; 32]), JsonError> {
    let mut opened = Vec::with_capacity(96 + path.len() + text.len());
    opened.extend(br#"[{"path":"#);
    part::text(&mut opened, path)?;
    opened.extend(br#","salt":""#);
    part::bytes(&mut opened, salt);
    opened.extend(br#"","value":"#);
    let from = opened.len();
    part::text(&mut opened, text)?;
    let committed = digest(path, salt, opened.get(from..).unwrap_or_default())?;
    opened.extend(b"}]");
    Ok((opened, committed))
}

fn digest(path: &str, salt: &[u8], canonical: &[u8]) -> Result<[u8; 32], JsonError> {
    let too_long = |_| JsonError::part("path");
    let length = u16::try_from(path.len()).map_err(too_long)?;
    let digest = Sha256::new()
        .chain_update(LABEL)
        .chain_update([0])
        .chain_update(salt)
        .chain_update(length.to_be_bytes())
        .chain_update(path.as_bytes())
        .chain_update(canonical)
        .finalize();
    Ok(digest.into())
}

/// A commitment in a body that no disclosure opens, or a disclosure that opens none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value at {0} is not disclosed as it was committed")]
pub struct NotDisclosed(pub String);

/// What is disclosed at `path`, whether or not anything commits to it.
pub fn at<'a>(path: &str, disclosures: &'a [Disclosure]) -> Option<&'a Disclosure> {
    disclosures.iter().find(|disclosure| disclosure.path == path)
}

/// Whether each of these commitments, with its path, is opened, and each disclosure opens one that
/// no other opens. They are counted before any of them is looked at, and each is looked at once:
/// time follows from how much was committed to.
pub fn check(
    mut left: BTreeSet<(String, Commitment)>,
    disclosures: &[Disclosure],
) -> Result<(), NotDisclosed> {
    if let Some(more) = disclosures.get(left.len()) {
        return Err(NotDisclosed(more.path.clone()));
    }
    for disclosure in disclosures {
        let wrong = || NotDisclosed(disclosure.path.clone());
        let value = disclosure.commitment().map_err(|_| wrong())?;
        if !left.remove(&(disclosure.path.clone(), value)) {
            return Err(wrong());
        }
    }
    left.pop_first().map_or(Ok(()), |(path, _)| Err(NotDisclosed(path)))
}

/// The value at `path` that is disclosed as it was committed. Several may be disclosed at one path,
/// as the name before and after an order; the commitment says which is meant.
pub fn open<'a>(
    commitment: &Commitment,
    path: &str,
    disclosures: &'a [Disclosure],
) -> Result<&'a Value, NotDisclosed> {
    let opens = |disclosure: &&Disclosure| {
        disclosure.path == path && disclosure.commitment().is_ok_and(|is| is == *commitment)
    };
    let found = disclosures.iter().find(opens);
    found.map(|disclosure| &disclosure.value).ok_or_else(|| NotDisclosed(path.to_owned()))
}

/// The same of a text. Whoever judges a text asks for it by the commitment: what is disclosed at
/// its path first may open another one.
pub fn open_text<'a>(
    commitment: &Commitment,
    path: &str,
    disclosures: &'a [Disclosure],
) -> Result<&'a str, NotDisclosed> {
    let text = open(commitment, path, disclosures)?.as_str();
    text.ok_or_else(|| NotDisclosed(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text that is written at once is committed to and opened as one that is built.
    #[test]
    fn a_text_is_disclosed_alike_in_both_ways() {
        for text in ["", "/", "/a?b=c&d", "/\"x\\", "/中", "\n"] {
            let built = Disclosure::new("/target", [9; 32], text.into());
            let (opened, committed) = disclosed_text("/target", &[9; 32], text).unwrap();
            assert_eq!(opened, serde_json::to_vec(&[&built]).unwrap(), "{text}");
            assert_eq!(built.commitment().unwrap(), Bytes::from(committed), "{text}");
        }
        assert!(disclosed_text("/target", &[9; 32], "e\u{301}").is_err());
        assert!(disclosed_text(&"/".repeat(65_536), &[9; 32], "x").is_err());
    }
}
