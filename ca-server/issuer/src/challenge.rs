//! Challenges of look-ups: the issuer remembers none that it gave. Each carries its time and a MAC
//! under a key of the issuer; only those that were used up are remembered, by their application in
//! the log.

use crate::context::IssuanceContext;
use records::letter::CHALLENGE_SECONDS;

const TIME_BYTES: usize = 4;
const RANDOM_BYTES: usize = 4;
const MAC_BYTES: usize = 8;
/// Length of a challenge, in bytes.
pub(crate) const CHALLENGE_BYTES: usize = TIME_BYTES + RANDOM_BYTES + MAC_BYTES;

/// A challenge for a letter.
pub(crate) fn draw(
    context: &IssuanceContext,
    reference: &str,
    random: [u8; RANDOM_BYTES],
    now: u64,
) -> [u8; CHALLENGE_BYTES] {
    let mut challenge = [0; CHALLENGE_BYTES];
    let [.., a, b, c, d] = now.to_be_bytes();
    let (head, mac) = challenge.split_at_mut(TIME_BYTES + RANDOM_BYTES);
    head.copy_from_slice(&[[a, b, c, d], random].concat());
    let tag = context.seal.mac(&[b"challenge", &context.founding, reference.as_bytes(), head]);
    mac.copy_from_slice(tag.split_at(MAC_BYTES).0);
    challenge
}

/// Whether a challenge is one of ours for this letter and in time.
pub(crate) fn holds(
    context: &IssuanceContext,
    reference: &str,
    challenge: &[u8],
    now: u64,
) -> bool {
    let Ok(shown) = <[u8; CHALLENGE_BYTES]>::try_from(challenge) else { return false };
    let [t0, t1, t2, t3, r0, r1, r2, r3, ..] = shown;
    let made = u64::from(u32::from_be_bytes([t0, t1, t2, t3]));
    let expected = draw(context, reference, [r0, r1, r2, r3], made);
    let ours = bool::from(subtle::ConstantTimeEq::ct_eq(expected.as_slice(), &shown));
    // The time is cut to 32 bits, which is enough until the year 2106.
    ours && now.saturating_sub(made) <= CHALLENGE_SECONDS
}
