//! What a client sends, and how it reads what it is answered: for tests that play clients, and for
//! whatever asks by CMP.

use crate::answer::{BodyDer, SendError, explicit};
use crate::error::CmpError;
use crate::fields::{Fields, around, members, value, whole};
use crate::message::{BodyKind, PkiMessage};
use crate::oid;
use der::asn1::BitString;
use der::{Encode, Tag};
use pki::certificate::Certificate;
use pki::extension::Extension;
use pki::{SerialNumber, Signer, sequence, wrap};

/// rp, as a body's number.
const REVOKED: u32 = 12;

/// How possession is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownPossession {
    /// By a signature over the request.
    Signed,
    /// By the word that somebody else saw it.
    Vouched,
    /// Not at all.
    Nothing,
}

/// What a CertReqMsg asks for.
pub struct CertificateWish<'a> {
    /// The key to be certified.
    pub key: &'a dyn Signer,
    /// The subject, in DER.
    pub subject: &'a [u8],
    /// Extensions.
    pub extensions: &'a [Extension],
    /// The certificate that it replaces.
    pub old: Option<&'a Certificate>,
    /// How possession is shown.
    pub proof: ShownPossession,
}

impl CertificateWish<'_> {
    /// A CertReqMsg in DER.
    pub fn message(&self) -> Result<Vec<u8>, SendError> {
        let mut template = explicit(5, self.subject)?;
        // IMPLICIT: the tag stands in place of that of a SEQUENCE.
        template.extend(retagged(6, self.key.public_key().spki()));
        if !self.extensions.is_empty() {
            template.extend(retagged(9, &self.extensions.to_vec().to_der()?));
        }
        let mut request = 0u8.to_der()?;
        request.extend(sequence(&template)?);
        if let Some(old) = self.old {
            let issuer = explicit(4, old.issuer().der())?;
            let serial = wrap(0x02, old.serial().bytes())?;
            let id = sequence(&[issuer, serial].concat())?;
            let control = sequence(&[oid::OLD_CERTIFICATE.to_der()?, id].concat())?;
            request.extend(sequence(&control)?);
        }
        let request = sequence(&request)?;
        let proof = match self.proof {
            ShownPossession::Signed => {
                let signature = self.key.sign(&request)?;
                let algorithm = self.key.public_key().algorithm().signature_identifier()?;
                let bits = BitString::from_bytes(&signature)?.to_der()?;
                wrap(0xa1, &[algorithm, bits].concat())?
            }
            ShownPossession::Vouched => vec![0x80, 0],
            ShownPossession::Nothing => Vec::new(),
        };
        Ok(sequence(&[request, proof].concat())?)
    }
}

/// The same value with `[number]` in place of its own tag of members.
fn retagged(number: u8, der: &[u8]) -> Vec<u8> {
    let rest = der.iter().skip(1).copied();
    core::iter::once(0xa0 | number).chain(rest).collect()
}

/// A body that asks for certificates, each a CertReqMsg.
pub fn asking(number: u8, messages: &[&[u8]]) -> der::Result<BodyDer> {
    BodyDer::of(number, &sequence(&messages.concat())?)
}

/// A p10cr.
pub fn asking_by_pkcs10(request: &[u8]) -> der::Result<BodyDer> {
    BodyDer::of(4, request)
}

/// An rr for a certificate, with the number of a reason.
pub fn revoking(issuer: &[u8], serial: &SerialNumber, reason: u8) -> der::Result<BodyDer> {
    let template = [wrap(0x81, serial.bytes())?, explicit(3, issuer)?].concat();
    let code = wrap(0x04, &[0x0a, 1, reason])?;
    let extension = sequence(&[pki::oid::CRL_REASON.to_der()?, code].concat())?;
    let details = [sequence(&template)?, sequence(&extension)?].concat();
    BodyDer::of(11, &sequence(&sequence(&details)?)?)
}

/// A certConf by a hash of the certificate: whether it was taken.
pub fn confirming(hash: &[u8], id: i64, is_taken: bool) -> der::Result<BodyDer> {
    let status = sequence(&(if is_taken { 0u8 } else { 2 }).to_der()?)?;
    let one = sequence(&[wrap(0x04, hash)?, id.to_der()?, status].concat())?;
    BodyDer::of(24, &sequence(&one)?)
}

/// The certificate in an ip, cp or kup, in DER, if there is one.
pub fn issued(message: &PkiMessage) -> Result<Option<Vec<u8>>, CmpError> {
    let mut fields = Fields::read(&response(message)?)?;
    fields.take()?;
    fields.take()?;
    let Some(pair) = fields.tagged(Tag::Sequence) else { return Ok(None) };
    let certificate = Fields::read(&whole(&pair)?)?.tagged(around(0));
    Ok(certificate.map(|certificate| certificate.value().to_vec()))
}

/// The bit of the refusal in an answer (RFC 9810 5.2.3), if it is one that says why.
pub fn failure(message: &PkiMessage) -> Result<Option<u32>, CmpError> {
    let status = match message.kind() {
        BodyKind::Error => Fields::read(message.content())?.take()?,
        BodyKind::Other(REVOKED) => {
            let all = Fields::read(message.content())?.take()?;
            Fields::read(&whole(&all)?)?.take()?
        }
        _ => {
            let mut fields = Fields::read(&response(message)?)?;
            fields.take()?;
            fields.take()?
        }
    };
    let mut fields = Fields::read(&whole(&status)?)?;
    fields.take()?;
    fields.tagged(Tag::Sequence);
    let Some(bits) = fields.tagged(Tag::BitString) else { return Ok(None) };
    let bits: BitString = value(&bits)?;
    Ok((0u32..).zip(bits.bits()).find(|(_, is_set)| *is_set).map(|(number, _)| number))
}

/// The only CertResponse of an ip, cp or kup, in DER.
fn response(message: &PkiMessage) -> Result<Vec<u8>, CmpError> {
    let BodyKind::Other(1 | 3 | 8) = message.kind() else { return Err(CmpError::Malformed) };
    let mut fields = Fields::read(message.content())?;
    fields.tagged(around(1));
    match members(&whole(&fields.take()?)?)?.as_slice() {
        [one] => whole(one),
        _ => Err(CmpError::Count),
    }
}
