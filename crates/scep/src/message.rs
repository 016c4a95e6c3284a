//! What a device sends: SignedData (RFC 5652 5) around what it encrypted, with the attributes of
//! RFC 8894 3.2.1. Who read one knows what it claims; only who verified it has what it says.

mod attributes;
mod signature;

use crate::envelope::Envelope;
use crate::error::ScepError;
use crate::oid;
use crate::parts::{Parts, content_of, context};
use crate::signer::MessageSigner;
use attributes::Attributes;
use der::asn1::Any;
use der::{Tag, Tagged};
use signature::Signed;

/// Longest message that is read, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 32 * 1024;

/// How far from now a message may say that it was signed, in seconds: clocks of devices are wrong
/// by a zone, and one that waits sends the same again.
const SIGNING_SECONDS_MAX: u64 = 86_400;

/// What a message asks for (RFC 8894 3.2.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// 3: an answer.
    CertRep,
    /// 17: a certificate by the one that is renewed.
    RenewalReq,
    /// 19: a certificate.
    PkcsReq,
    /// 20: one that is on its way.
    CertPoll,
    /// 21: a certificate that exists.
    GetCert,
    /// 22: a revocation list.
    GetCrl,
    /// Another one.
    Unknown,
}

impl MessageKind {
    fn read(text: &str) -> Self {
        match text {
            "3" => Self::CertRep,
            "17" => Self::RenewalReq,
            "19" => Self::PkcsReq,
            "20" => Self::CertPoll,
            "21" => Self::GetCert,
            "22" => Self::GetCrl,
            _ => Self::Unknown,
        }
    }
}

/// What an answer has to say again; nothing in it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageHead {
    /// What is asked for.
    pub kind: MessageKind,
    /// The transaction, as the client named it.
    pub transaction: String,
    /// The client's nonce.
    pub nonce: Vec<u8>,
}

/// A message as it came: its form is right, and nobody has verified it.
#[derive(Clone, Debug)]
pub struct SentMessage {
    head: MessageHead,
    attributes: Attributes,
    signer: Result<MessageSigner, ScepError>,
    signed: Signed,
    content: Vec<u8>,
}

/// A message that the key of the certificate in it signed. Only [`SentMessage::verify`] makes one.
///
/// ```compile_fail,E0451
/// let forged = scep::ScepMessage {
///     head: todo!(), signer: todo!(), content: Vec::new(), signing_time: Ok(None),
/// };
/// ```
#[derive(Clone, Debug)]
pub struct ScepMessage {
    head: MessageHead,
    signer: MessageSigner,
    content: Vec<u8>,
    signing_time: Result<Option<u64>, ScepError>,
}

impl SentMessage {
    /// Reads a message.
    pub fn read(der: &[u8]) -> Result<Self, ScepError> {
        if der.len() > MESSAGE_BYTES_MAX {
            return Err(ScepError::TooLarge);
        }
        let mut data = Parts::of(&content_of(der, oid::SIGNED_DATA)?)?;
        data.take_tagged(Tag::Integer)?;
        data.take_tagged(Tag::Set)?;
        let content = signed_content(&data.take()?)?;
        let certificates = data.take_if(context(0));
        data.take_if(context(1));
        let mut infos = Parts::tagged(&data.take()?, Tag::Set)?;
        data.end()?;
        let info = infos.take()?;
        infos.end()?;
        let (signed, (issuer, serial), attributes) = Signed::read(&info)?;
        let signer = signer_of(certificates.as_ref(), (&issuer, &serial))?;
        let attributes = Attributes::read(&attributes)?;
        let head = attributes.head()?;
        Ok(Self { head, attributes, signer, signed, content })
    }

    /// What an answer has to say again.
    pub fn head(&self) -> &MessageHead {
        &self.head
    }

    /// What an answer says of itself: status and why not, for programs that play devices.
    pub fn told(&self) -> (Option<&str>, Option<&str>) {
        (self.attributes.status(), self.attributes.fail_info())
    }

    /// The message without what no signature covers: other certificates, lists, attributes beside
    /// those that are signed, and words about algorithms. It is verified as before.
    pub fn signed_alone(&self) -> Result<Vec<u8>, ScepError> {
        let signer = self.signer.as_ref().map_err(|error| *error)?;
        self.signed.alone(&self.content, signer)
    }

    /// Gives the message if the key of its certificate signed it, over what it holds.
    pub fn verify(self) -> Result<ScepMessage, ScepError> {
        let signer = self.signer?;
        let digest = self.signed.digest_of(&self.content)?;
        if !self.attributes.is_about(&digest) || !self.signed.is_by(signer.key())? {
            return Err(ScepError::Integrity);
        }
        let signing_time = self.attributes.signing_time();
        Ok(ScepMessage { head: self.head, signer, content: self.content, signing_time })
    }
}

impl ScepMessage {
    /// What it asks for, under which names.
    pub fn head(&self) -> &MessageHead {
        &self.head
    }

    /// Who signed it.
    pub fn signer(&self) -> &MessageSigner {
        &self.signer
    }

    /// That it does not say that it was signed more than a day from `now` (unix): what was recorded
    /// on the way is of no use for ever (RFC 8894 3.2.1.4.2, badTime).
    pub fn check_time(&self, now: u64) -> Result<(), ScepError> {
        match self.signing_time? {
            Some(signed) if signed.abs_diff(now) > SIGNING_SECONDS_MAX => Err(ScepError::Time),
            _ => Ok(()),
        }
    }

    /// What it hides.
    pub fn envelope(&self) -> Result<Envelope, ScepError> {
        Envelope::read(&self.content)
    }
}

/// What is signed: the octets of an EncapsulatedContentInfo, none where an answer has none.
fn signed_content(one: &Any) -> Result<Vec<u8>, ScepError> {
    let mut info = Parts::of(one)?;
    if info.take_oid()? != oid::DATA {
        return Err(ScepError::Malformed);
    }
    let Some(content) = info.take_if(context(0)) else { return Ok(Vec::new()) };
    info.end()?;
    let mut content = Parts::within(content.value())?;
    let octets = content.take_tagged(Tag::OctetString)?;
    content.end()?;
    Ok(octets.value().to_vec())
}

/// The certificate that the signer's name names, among those of the message.
fn signer_of(
    certificates: Option<&Any>,
    (issuer, serial): (&[u8], &[u8]),
) -> Result<Result<MessageSigner, ScepError>, ScepError> {
    let set = certificates.ok_or(ScepError::Malformed)?;
    let mut unread = None;
    for one in Parts::within(set.value())?.rest().filter(|one| one.tag() == Tag::Sequence) {
        match MessageSigner::of(&one) {
            Ok(read) if read.is_named(issuer, serial) => return Ok(Ok(read)),
            Ok(_) => {}
            Err(error) => unread = Some(error),
        }
    }
    // A key that is not taken is told as such, under the message's own names.
    Ok(Err(unread.unwrap_or(ScepError::Integrity)))
}
