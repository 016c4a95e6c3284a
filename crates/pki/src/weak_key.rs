//! Keys that are well-formed and worth nothing: whoever looks finds their private halves. What the
//! form of a key shows (size, exponent, small factors, a point that is on its curve)
//! [`PublicKey::read`] refuses already; what stands here takes arithmetic, or a list.

mod listed;
mod modulus;
#[cfg(test)]
mod tests;

pub use listed::{KEY_LIST_BYTES_MAX, KeyList, KeyListError};

use crate::PublicKey;
use num_bigint::BigUint;

/// Why nobody has a key certified, in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyWeakness {
    /// It stands in a list: a test key of a standard, a key of a broken generator.
    #[error("此密钥的私钥已经公开 / the private half of this key is public")]
    Published,
    /// One prime twice.
    #[error("RSA 的模数是平方数 / the RSA modulus is a square")]
    Square,
    /// Two primes so close to each other that Fermat's method finds them.
    #[error("RSA 的两个素数过于接近 / the two primes of the RSA modulus are too close")]
    ClosePrimes,
    /// Primes as a library of smart cards made them (ROCA, CVE-2017-15361).
    #[error("RSA 密钥有 ROCA 特征 / the RSA key has the fingerprint of ROCA")]
    Roca,
}

/// Judges a key by itself and by the list of this build; an error says what is wrong with it.
pub fn judge(key: &PublicKey) -> Result<(), KeyWeakness> {
    if KeyList::of_this_build().names(key) {
        return Err(KeyWeakness::Published);
    }
    match key.modulus() {
        Some(modulus) => modulus::judge(&BigUint::from_bytes_be(&modulus)),
        None => Ok(()),
    }
}
