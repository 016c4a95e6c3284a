//! Known answers: before a gate lets anybody in it tries each algorithm that it rests on, and does
//! not begin where one gives another answer (GM/T 0026). Each is asked as it is in earnest.

mod known;

use data_encoding::HEXLOWER;
use keys::{ProofKey, SoftwareSigner};
use known::{
    AES_256_GCM, CHACHA20_POLY1305, HMAC_SHA256, KEY, KnownSignature, NONCE, SAMPLE, SHA256,
    SIGNATURES,
};
use pki::{PublicKey, Signer};
use records::Code;
use rustls::crypto::aws_lc_rs::cipher_suite;
use rustls::crypto::cipher::{
    AeadKey, Iv, OutboundChunks, OutboundOpaqueMessage, OutboundPlainMessage,
};
use rustls::{ContentType, ProtocolVersion, SupportedCipherSuite};
use sha2::{Digest, Sha256};

/// Every algorithm gave its known answer; only [`self_test`] makes it, and no gate is without one.
pub(crate) struct SelfTested {
    _only_here: (),
}

/// An algorithm gave another answer than the known one.
#[derive(Debug, thiserror::Error)]
#[error(
    "{zh}（{what}）[{code}] / {en} ({what}) [{code}]",
    zh = CODE.zh(),
    en = CODE.en(),
    code = CODE
)]
pub(crate) struct SelfTestFailed {
    what: &'static str,
}

const CODE: Code = Code::SelfTestFailed;

/// Tries every algorithm.
pub(crate) fn self_test() -> Result<SelfTested, SelfTestFailed> {
    let known = SIGNATURES.iter().map(|known| (known.algorithm, known.holds()));
    let others = [
        ("sha-256", is(Sha256::digest(SAMPLE), SHA256)),
        ("hmac-sha-256", is(ProofKey::new(&KEY).prove(SAMPLE), HMAC_SHA256)),
        ("aes-256-gcm", is_record(cipher_suite::TLS13_AES_256_GCM_SHA384, AES_256_GCM)),
        (
            "chacha20-poly1305",
            is_record(cipher_suite::TLS13_CHACHA20_POLY1305_SHA256, CHACHA20_POLY1305),
        ),
        ("ecdsa", signs()),
        ("random", draws()),
    ];
    judged(known.chain(others))
}

fn judged(
    answers: impl IntoIterator<Item = (&'static str, bool)>,
) -> Result<SelfTested, SelfTestFailed> {
    match answers.into_iter().find(|(_, holds)| !holds) {
        Some((what, _)) => Err(SelfTestFailed { what }),
        None => Ok(SelfTested { _only_here: () }),
    }
}

impl KnownSignature {
    /// Whether it is taken, and for no other message.
    fn holds(&self) -> bool {
        let read = |hex: &str| HEXLOWER.decode(hex.as_bytes()).ok();
        let (Some(key), Some(signature)) = (read(self.key), read(self.signature)) else {
            return false;
        };
        PublicKey::read(&key).is_ok_and(|key| {
            key.algorithm().name == self.algorithm
                && key.verify_any_spelling(SAMPLE, &signature)
                && !key.verify_any_spelling(b"another", &signature)
        })
    }
}

fn is(answer: impl AsRef<[u8]>, known: &str) -> bool {
    HEXLOWER.encode(answer.as_ref()) == known
}

/// Whether a suite protects what people send as it must.
fn is_record(suite: SupportedCipherSuite, known: &str) -> bool {
    let Some(suite) = suite.tls13() else { return false };
    let mut encrypter = suite.aead_alg.encrypter(AeadKey::from(KEY), Iv::new(NONCE));
    let message = OutboundPlainMessage {
        typ: ContentType::ApplicationData,
        version: ProtocolVersion::TLSv1_3,
        payload: OutboundChunks::Single(SAMPLE),
    };
    let record = encrypter.encrypt(message, 1).map(OutboundOpaqueMessage::encode);
    record.is_ok_and(|record| is(record, known))
}

/// Signatures are drawn at random: a new key's own is taken, and for no other message.
fn signs() -> bool {
    let Ok(signer) = SoftwareSigner::generate_p256() else { return false };
    signer.sign(SAMPLE).is_ok_and(|signature| {
        let key = signer.public_key();
        key.verify(SAMPLE, &signature) && !key.verify(b"another", &signature)
    })
}

/// What is drawn differs each time.
fn draws() -> bool {
    let drawn = (crate::random::<32>(), crate::random::<32>());
    matches!(drawn, (Ok(one), Ok(other)) if one != other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each algorithm gives its known answer here; where one does not, no gate begins, and its name
    /// is told with the code.
    #[test]
    fn a_gate_with_a_wrong_answer_does_not_begin() {
        assert!(self_test().is_ok());
        let told = judged([("p256", true), ("sha-256", false)]).err().unwrap().to_string();
        assert!(told.contains("(sha-256) [self-test-failed]"), "{told}");
    }

    /// Nothing passes for the known answer but that.
    #[test]
    fn another_answer_is_found() {
        for known in &SIGNATURES {
            let zeros = "00".repeat(64);
            let other = KnownSignature { signature: Box::leak(zeros.into_boxed_str()), ..*known };
            assert!(known.holds() && !other.holds(), "{}", known.algorithm);
            let other = KnownSignature { algorithm: "sm2", ..*known };
            assert!(!other.holds(), "{}", known.algorithm);
        }
        let suite = cipher_suite::TLS13_AES_256_GCM_SHA384;
        assert!(is_record(suite, AES_256_GCM) && !is_record(suite, CHACHA20_POLY1305));
        assert!(!is(Sha256::digest(b"another"), SHA256));
    }
}
