//! What a client signed to open a connection (RFC 8446 4.4.3, RFC 5246 7.4.8), kept for the record.

use crate::tls::Version;
use std::cell::RefCell;
use std::future::Future;

/// A CertificateVerify that was found valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateVerify {
    /// The version of TLS that was spoken.
    pub version: Version,
    /// The message that was signed: padding, context and transcript hash; with TLS 1.2 all messages
    /// of the handshake so far.
    pub message: Vec<u8>,
    /// The scheme is the number that TLS gives it (RFC 8446 4.2.3).
    pub scheme: u16,
    /// The signature is as the client made it, of whole octets.
    pub signature: Vec<u8>,
}

tokio::task_local! {
    static SEEN: RefCell<Option<CertificateVerify>>;
}

/// Runs a handshake and gives what the client signed in it, if it did.
pub async fn kept<F: Future>(handshake: F) -> (F::Output, Option<CertificateVerify>) {
    SEEN.scope(RefCell::new(None), async {
        let output = handshake.await;
        let seen = SEEN.try_with(RefCell::take).ok().flatten();
        (output, seen)
    })
    .await
}

/// Keeps a signature that was verified, if somebody wants it.
pub(crate) fn keep(version: Version, message: &[u8], signed: &rustls::DigitallySignedStruct) {
    // Outside `kept` nobody wants it.
    let _ = SEEN.try_with(|seen| {
        seen.replace(Some(CertificateVerify {
            version,
            message: message.to_vec(),
            scheme: signed.scheme.into(),
            signature: signed.signature().to_vec(),
        }))
    });
}
