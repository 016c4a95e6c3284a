//! Keys of what ties a request to the token of its connection: HMAC-SHA-256 (RFC 2104), known to a
//! gate and to the one application behind it.

use aws_lc_rs::hmac;

/// Such a key in this process's memory.
pub struct ProofKey(hmac::Key);

impl ProofKey {
    /// A key of 32 bytes that somebody drew.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The HMAC of a message.
    pub fn prove(&self, message: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&self.0, message);
        let mut proof = [0; 32];
        proof.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        proof
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231 4.2: the key is of 20 bytes there, which HMAC fills up with zeros.
    #[test]
    fn a_proof_is_the_one_of_the_standard() {
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let proof = ProofKey::new(&key).prove(b"Hi There");
        let hex: String = proof.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }
}
