//! Our nonces. Each is drawn anew, and a MAC in it says for which transaction, so that what answers
//! it is known without anything being kept; with it what is asked for, which a client that comes
//! again does not say.

use crate::context::IssuanceContext;
use ca_host::random::{self, NoRandomness};
use pkixcmp::BodyKind;
use subtle::ConstantTimeEq;

/// What the MAC is about.
const ABOUT: &[u8] = b"cmp nonce";
/// Bytes that are drawn, and of the MAC.
const HALF: usize = 16;

/// What a client still asks for, as a byte.
const ASKED: [(BodyKind, u8); 4] = [
    (BodyKind::Initialization, 1),
    (BodyKind::Certification, 2),
    (BodyKind::Pkcs10, 3),
    (BodyKind::KeyUpdate, 4),
];

/// A nonce for a transaction: a byte, 15 random ones, and the MAC.
pub(super) fn draw(
    context: &IssuanceContext,
    transaction: &[u8],
    asks: Option<BodyKind>,
) -> Result<Vec<u8>, NoRandomness> {
    let known = ASKED.iter().find(|(kind, _)| Some(*kind) == asks);
    let mut nonce = vec![known.map_or(0, |(_, byte)| *byte)];
    nonce.extend(random::bytes::<{ HALF - 1 }>()?);
    let tag = mac(context, transaction, &nonce);
    nonce.extend(tag);
    Ok(nonce)
}

/// What is asked for by whoever answers this nonce; an error if it is none of ours for this
/// transaction.
pub(super) fn read(
    context: &IssuanceContext,
    transaction: &[u8],
    nonce: &[u8],
) -> Option<Option<BodyKind>> {
    let (drawn, tag) = nonce.split_at_checked(HALF)?;
    if !bool::from(mac(context, transaction, drawn).as_slice().ct_eq(tag)) {
        return None;
    }
    let byte = drawn.first()?;
    Some(ASKED.iter().find(|(_, known)| known == byte).map(|(kind, _)| *kind))
}

fn mac(context: &IssuanceContext, transaction: &[u8], drawn: &[u8]) -> Vec<u8> {
    let mut tag = context.seal.mac(&[ABOUT, transaction, drawn]);
    tag.truncate(HALF);
    tag
}
