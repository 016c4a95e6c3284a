//! What clients of CMP send in the sample city, and what the portal's machines' process brings.

use super::Sample;
use crate::command::Command;
use crate::verify::VerifiedCmp;
use authority::OrderDigest;
use keys::SoftwareSigner;
use pki::extension::{Extension, subject_alt_name};
use pki::{Certificate, Signer, wrap};
use pkixcmp::client::{CertificateWish, ShownPossession, asking};
use pkixcmp::mac::MacScheme;
use pkixcmp::{BodyDer, MessageHeading, PkiMessage, Protector};
use records::Code;
use records::machine::SystemFile;

/// ir, cr and kur.
pub(crate) const FIRST: u8 = 0;
pub(crate) const MORE: u8 = 2;
pub(crate) const UPDATE: u8 = 7;

const NOBODY: &[u8] = &[0x30, 0];

/// The extension of these names.
pub(crate) fn named(names: &[&str]) -> Vec<Extension> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    vec![subject_alt_name(&names, &[]).unwrap()]
}

/// A request with these extensions, in place of a certificate if it is one of an update.
pub(crate) fn wish(
    number: u8,
    own: &SoftwareSigner,
    extensions: &[Extension],
    old: Option<&Certificate>,
) -> BodyDer {
    let proof = ShownPossession::Signed;
    let wish = CertificateWish { key: own, subject: NOBODY, extensions, old, proof };
    asking(number, &[&wish.message().unwrap()]).unwrap()
}

/// The header of a message that nobody in particular sends.
pub(crate) fn heading(transaction: u8) -> MessageHeading {
    MessageHeading {
        version: 2,
        sender: NOBODY.to_vec(),
        recipient: wrap(0xa4, NOBODY).unwrap(),
        time: None,
        transaction: vec![transaction; 16],
        sender_nonce: vec![8; 16],
        recipient_nonce: Vec::new(),
        implicit: false,
    }
}

/// A message that a key signed, whose certificate comes along.
pub(crate) fn signed(
    transaction: u8,
    body: &BodyDer,
    (signer, certificate): (&dyn Signer, &Certificate),
) -> PkiMessage {
    let key_id = certificate.key_identifier().unwrap_or_default();
    signed_as(transaction, body, (signer, certificate), (certificate.subject().der(), &key_id))
}

/// The same, by which its sender has this name, and its key this id.
pub(crate) fn signed_as(
    transaction: u8,
    body: &BodyDer,
    (signer, certificate): (&dyn Signer, &Certificate),
    (name, key_id): (&[u8], &[u8]),
) -> PkiMessage {
    let heading = MessageHeading { sender: name.to_vec(), ..heading(transaction) };
    let der = heading.protected(body, &Protector::Key { signer, key_id }, &[certificate.der()]);
    PkiMessage::read(&der.unwrap()).unwrap()
}

/// A message with a MAC by this secret.
pub(crate) fn keyed(transaction: u8, body: &BodyDer, secret: &str) -> PkiMessage {
    let (secret, salt, scheme) = (secret.as_bytes(), [9; 16], MacScheme::Pbm);
    let by = Protector::Mac { secret, key_id: b"kid", salt, scheme };
    PkiMessage::read(&heading(transaction).protected(body, &by, &[]).unwrap()).unwrap()
}

impl Sample {
    /// A message by a system's secret, as the CA verified it.
    pub(crate) fn by_secret(
        &self,
        file: &SystemFile,
        message: &PkiMessage,
    ) -> Result<VerifiedCmp, Code> {
        let state = self.authority().system(&file.system).ok_or(Code::SystemClosed)?;
        let order = OrderDigest(state.order.digest().unwrap());
        let secret = file.cmp_secret.to_string();
        let parameters = message.mac().unwrap().unwrap();
        let of = (file.system.as_str(), order, secret.as_bytes());
        VerifiedCmp::by_secret(message, &parameters, of)
    }

    /// A request by a system's secret.
    pub(crate) fn asked_by_cmp(
        &self,
        file: &SystemFile,
        transaction: u8,
        body: &BodyDer,
    ) -> VerifiedCmp {
        let message = keyed(transaction, body, &file.cmp_secret.to_string());
        self.by_secret(file, &message).unwrap()
    }

    pub(crate) fn enrol_by_cmp(&mut self, asked: &VerifiedCmp) -> Result<String, Code> {
        let (from, asked) = (self.machines(), Box::new(asked.clone()));
        self.decide(|reply| Command::EnrolByCmp(from, asked, reply))
    }

    pub(crate) fn revoke_by_cmp(&mut self, asked: &VerifiedCmp) -> Result<(), Code> {
        let (from, asked) = (self.machines(), Box::new(asked.clone()));
        self.decide(|reply| Command::RevokeByCmp(from, asked, reply))
    }
}
