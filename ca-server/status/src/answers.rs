//! Answers that are still true: signed once and given to whoever asks the same while nothing of it
//! has changed. What is revoked is asked of the log each time, before an answer is looked for here.

use axum::body::Bytes;
use pki::SerialNumber;
use pki::ocsp::CertificateStatus;
use quick_cache::sync::Cache;
use std::collections::HashMap;
use std::sync::Arc;

/// Longest request whose answer is kept, in bytes: one about a certificate or two.
const REQUEST_BYTES_MAX: usize = 256;
/// Most answers that are kept.
const KEPT_MAX: usize = 20_000;
/// An answer is given again this long, in seconds; then thisUpdate is too far behind.
const AGAIN_SECONDS: u64 = 30;

/// An answer of OCSP that was signed, kept for whoever asks the same.
#[derive(Clone)]
pub(super) struct Signed {
    /// The answer is DER.
    pub(super) bytes: Bytes,
    /// The answer was made at its thisUpdate, unix seconds.
    pub(super) from: u64,
}

/// What an answer rests on.
struct Kept {
    signed: Signed,
    /// SHA-256 of the responder's certificate.
    by: [u8; 32],
    known: HashMap<SerialNumber, CertificateStatus>,
}

/// Answers by the bytes of their requests.
pub(super) struct Answers(Cache<Vec<u8>, Arc<Kept>>);

impl Default for Answers {
    fn default() -> Self {
        Self(Cache::new(KEPT_MAX))
    }
}

impl Answers {
    /// An answer to the same request by the same key which says what is known now.
    pub(super) fn still_true(
        &self,
        request: &[u8],
        by: &[u8; 32],
        known: &HashMap<SerialNumber, CertificateStatus>,
        now: u64,
    ) -> Option<Signed> {
        let kept = self.0.get(request)?;
        let from = kept.signed.from;
        let fresh = (from..from + AGAIN_SECONDS).contains(&now);
        let same = kept.by == *by && kept.known == *known;
        (fresh && same).then(|| kept.signed.clone())
    }

    /// Keeps an answer to a request without a nonce.
    pub(super) fn keep(
        &self,
        request: &[u8],
        by: [u8; 32],
        known: HashMap<SerialNumber, CertificateStatus>,
        signed: Signed,
    ) {
        if request.len() > REQUEST_BYTES_MAX {
            return;
        }
        self.0.insert(request.to_vec(), Arc::new(Kept { signed, by, known }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(status: CertificateStatus) -> HashMap<SerialNumber, CertificateStatus> {
        [(SerialNumber::from_hex("0A").unwrap(), status)].into()
    }

    /// Given again: the same question, key and status, for half a minute. Anything else is signed
    /// anew.
    #[test]
    fn an_answer_is_given_again_while_nothing_of_it_changed() {
        let answers = Answers::default();
        let (good, key) = (known(CertificateStatus::Good), [1; 32]);
        let signed = Signed { bytes: Bytes::from_static(b"signed"), from: 100 };
        answers.keep(b"request", key, good.clone(), signed);
        let again = |request: &[u8], key: [u8; 32], known: &HashMap<_, _>, now| {
            answers.still_true(request, &key, known, now).map(|signed| signed.from)
        };
        assert_eq!(again(b"request", key, &good, 100), Some(100));
        assert_eq!(again(b"request", key, &good, 129), Some(100));
        assert_eq!(again(b"request", key, &good, 130), None, "too old");
        assert_eq!(again(b"request", key, &good, 99), None, "the clock went back");
        assert_eq!(again(b"other", key, &good, 100), None);
        assert_eq!(again(b"request", [2; 32], &good, 100), None, "another key answers now");
        let revoked = known(CertificateStatus::Revoked { at: 100, reason: 1 });
        assert_eq!(again(b"request", key, &revoked, 100), None);
        assert_eq!(again(b"request", key, &HashMap::new(), 100), None);
    }

    /// What is kept is bounded: long requests are not, and of too many the least asked are
    /// forgotten.
    #[test]
    fn what_is_kept_is_bounded() {
        let answers = Answers::default();
        let keep = |request: &[u8]| {
            let signed = Signed { bytes: Bytes::new(), from: 0 };
            answers.keep(request, [1; 32], HashMap::new(), signed);
            answers.still_true(request, &[1; 32], &HashMap::new(), 0).is_some()
        };
        assert!(keep(&[7; REQUEST_BYTES_MAX]));
        assert!(!keep(&[7; REQUEST_BYTES_MAX + 1]));
        for number in 0..2 * KEPT_MAX {
            assert!(keep(&number.to_be_bytes()));
            assert!(answers.0.len() <= KEPT_MAX);
        }
    }
}
