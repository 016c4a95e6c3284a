//! The answer, protected as its client needs it: by the secret that the message names, or by the
//! registry key, whose certificate the root signed.

use super::heard::{Answer, NONCE_BYTES_MIN, VERSIONS, made};
use super::nonce;
use super::sender::Sender;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use ca_host::random;
use pkixcmp::{MessageHeading, PkiMessage, Protector};

/// What a client is told that says no version of ours.
const USUAL_VERSION: u8 = 2;

/// The whole message in DER.
pub(super) fn sent(
    issuer: &Issuer,
    message: &PkiMessage,
    sender: &Sender,
    answer: Answer,
) -> Result<Vec<u8>, IssuerError> {
    let (context, header) = (&issuer.context, message.header());
    let is_spoken = VERSIONS.contains(&header.version);
    let mut transaction = header.transaction.clone();
    if transaction.is_empty() {
        transaction = random::bytes::<NONCE_BYTES_MIN>()?.to_vec();
    }
    let heading = MessageHeading {
        version: if is_spoken { header.version } else { USUAL_VERSION },
        sender: context.registry_certificate.subject().der().to_vec(),
        recipient: header.sender.clone(),
        time: Some(issuer.now()),
        sender_nonce: nonce::draw(context, &transaction, answer.asks)?,
        transaction,
        recipient_nonce: header.sender_nonce.clone(),
        implicit: answer.implicit,
    };
    let issuing = context.issuing_certificate.der();
    match sender {
        Sender::Secret(named, scheme) => {
            let secret = named.secret();
            let by = Protector::Mac {
                secret: secret.as_bytes(),
                key_id: named.name.kid.as_bytes(),
                salt: random::bytes()?,
                scheme: *scheme,
            };
            made(heading.protected(&answer.body, &by, &[issuing]))
        }
        Sender::Key => {
            let certificate = &context.registry_certificate;
            let key_id = certificate.key_identifier().unwrap_or_default();
            let by = Protector::Key { signer: &context.registry, key_id: &key_id };
            made(heading.protected(&answer.body, &by, &[certificate.der(), issuing]))
        }
    }
}
