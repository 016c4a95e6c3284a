//! How something ended, and why it was refused (RFC 9810 5.2.3).

use der::Encode;
use der::asn1::BitString;
use pki::{sequence, wrap};

/// PKIStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PkiStatus {
    /// What was asked for, all of it.
    Accepted = 0,
    /// Something like it.
    GrantedWithMods = 1,
    /// Nothing.
    Rejection = 2,
    /// Not yet.
    Waiting = 3,
}

/// PKIFailureInfo, by the number of its bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailInfo {
    /// badAlg: an algorithm is not supported.
    Algorithm = 0,
    /// badMessageCheck: the protection does not verify.
    MessageCheck = 1,
    /// badRequest: this is not permitted or not supported.
    Request = 2,
    /// badTime: the message's time is too far from ours.
    Time = 3,
    /// badCertId: no such certificate.
    CertificateId = 4,
    /// badDataFormat: not what should stand there.
    DataFormat = 5,
    /// badPOP: possession of the key is not proven.
    Possession = 9,
    /// certRevoked: it was revoked before.
    Revoked = 10,
    /// wrongIntegrity: protected in another way than is needed for this.
    Integrity = 12,
    /// badRecipientNonce: what is answered is none of ours.
    RecipientNonce = 13,
    /// badSenderNonce: none, or too short.
    SenderNonce = 18,
    /// badCertTemplate: the template asks for what is not issued.
    Template = 19,
    /// signerNotTrusted: the certificate of whoever signed does not count.
    Signer = 20,
    /// transactionIdInUse: another request had it.
    TransactionInUse = 21,
    /// unsupportedVersion: of the protocol.
    Version = 22,
    /// notAuthorized: whoever asks may not.
    NotAuthorized = 23,
    /// systemUnavail: later.
    Unavailable = 24,
    /// systemFailure: something is wrong with us.
    Failure = 25,
}

/// PKIStatusInfo in DER: a status, sentences, and the bit of a failure.
pub fn status_info(
    status: PkiStatus,
    sentences: &[&str],
    fail: Option<FailInfo>,
) -> der::Result<Vec<u8>> {
    let mut parts = (status as u8).to_der()?;
    if !sentences.is_empty() {
        parts.extend(free_text(sentences)?);
    }
    if let Some(fail) = fail {
        parts.extend(bits(fail)?);
    }
    sequence(&parts)
}

/// PKIFreeText: sentences in UTF-8.
pub(crate) fn free_text(sentences: &[&str]) -> der::Result<Vec<u8>> {
    let mut texts = Vec::new();
    for text in sentences {
        texts.extend(wrap(0x0c, text.as_bytes())?);
    }
    sequence(&texts)
}

/// A named bit list with one bit set: no zero behind it (X.690 11.2.2).
fn bits(fail: FailInfo) -> der::Result<Vec<u8>> {
    let number = fail as u8;
    let mut octets = vec![0; usize::from(number / 8)];
    octets.push(0x80 >> (number % 8));
    BitString::new(7 - number % 8, octets)?.to_der()
}
