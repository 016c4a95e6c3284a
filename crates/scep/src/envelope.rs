//! What a message hides: EnvelopedData (RFC 5652 6) for keys of RSA, with AES in CBC. Who has the
//! content's key opens it: the registration authority by its own, and whoever is shown that key.

use crate::error::ScepError;
use crate::oid;
use crate::parts::{
    OCTETS, Parts, SET, algorithm, algorithm_of, content_info, content_of, context,
    context_primitive,
};
use crate::signer::MessageSigner;
use crate::signing::NULL;
use aws_lc_rs::cipher::{
    AES_128, AES_256, Algorithm, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use der::asn1::{Any, ObjectIdentifier};
use der::{Encode, Tag, Tagged};
use pki::{sequence, wrap};
use zeroize::Zeroizing;

/// Bytes of a block, and of what the first one is mixed with.
const BLOCK: usize = 16;
/// Most recipients that are looked at.
const RECIPIENTS_MAX: usize = 16;

/// How content is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentCipher {
    /// With a key of 16 bytes.
    Aes128,
    /// With a key of 32 bytes.
    Aes256,
}

impl ContentCipher {
    fn of(id: ObjectIdentifier) -> Result<Self, ScepError> {
        match id {
            oid::AES128_CBC => Ok(Self::Aes128),
            oid::AES256_CBC => Ok(Self::Aes256),
            _ => Err(ScepError::Algorithm),
        }
    }

    fn id(self) -> ObjectIdentifier {
        match self {
            Self::Aes128 => oid::AES128_CBC,
            Self::Aes256 => oid::AES256_CBC,
        }
    }

    /// Bytes of a key.
    pub fn key_len(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes256 => 32,
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Aes128 => &AES_128,
            Self::Aes256 => &AES_256,
        }
    }
}

/// Encrypted content, and the key of it for each recipient.
#[derive(Clone, Debug)]
pub struct Envelope {
    recipients: Vec<EnvelopeRecipient>,
    cipher: ContentCipher,
    iv: [u8; BLOCK],
    content: Vec<u8>,
}

/// For whom a key is, by the name of a certificate.
#[derive(Clone, Debug)]
struct EnvelopeRecipient {
    issuer: Vec<u8>,
    serial: Vec<u8>,
    algorithm: ObjectIdentifier,
    key: Vec<u8>,
}

impl Envelope {
    /// Reads a ContentInfo of EnvelopedData.
    pub fn read(der: &[u8]) -> Result<Self, ScepError> {
        let mut data = Parts::of(&content_of(der, oid::ENVELOPED_DATA)?)?;
        data.take_tagged(Tag::Integer)?;
        data.take_if(context(0));
        let mut recipients = Vec::new();
        for one in Parts::tagged(&data.take()?, Tag::Set)?.rest().take(RECIPIENTS_MAX) {
            recipients.extend(recipient(&one)?);
        }
        let mut inner = Parts::of(&data.take()?)?;
        if inner.take_oid()? != oid::DATA {
            return Err(ScepError::Malformed);
        }
        let (id, parameters) = algorithm_of(&inner.take()?)?;
        let cipher = ContentCipher::of(id)?;
        let iv = parameters.filter(|iv| iv.tag() == Tag::OctetString);
        let iv = iv.and_then(|iv| iv.value().try_into().ok()).ok_or(ScepError::Malformed)?;
        let content = octets(&inner.take()?)?;
        inner.end()?;
        Ok(Self { recipients, cipher, iv, content })
    }

    /// How its content is encrypted.
    pub fn cipher(&self) -> ContentCipher {
        self.cipher
    }

    /// The content's key as it is encrypted for this certificate.
    pub(crate) fn key_for(&self, own: &MessageSigner) -> Result<&[u8], ScepError> {
        let is_for = |one: &&EnvelopeRecipient| own.is_named(&one.issuer, &one.serial);
        let one = self.recipients.iter().find(is_for).ok_or(ScepError::Integrity)?;
        if one.algorithm == oid::RSA { Ok(&one.key) } else { Err(ScepError::Algorithm) }
    }

    /// The content, by its key.
    pub fn open(&self, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, ScepError> {
        let mut content = Zeroizing::new(self.content.clone());
        let read = self.decrypted(key, &mut content).map_err(|_| ScepError::Integrity)?;
        content.truncate(read);
        Ok(content)
    }

    fn decrypted(&self, key: &[u8], content: &mut [u8]) -> Result<usize, Unspecified> {
        let key = UnboundCipherKey::new(self.cipher.algorithm(), key)?;
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(key)?;
        let context = DecryptionContext::Iv128(self.iv.into());
        Ok(key.decrypt(content, context)?.len())
    }
}

/// The recipient of a KeyTransRecipientInfo by issuer and serial number; others are none of ours.
fn recipient(one: &Any) -> Result<Option<EnvelopeRecipient>, ScepError> {
    if one.tag() != Tag::Sequence {
        return Ok(None);
    }
    let mut info = Parts::of(one)?;
    info.take_tagged(Tag::Integer)?;
    let name = info.take()?;
    if name.tag() != Tag::Sequence {
        return Ok(None);
    }
    let mut name = Parts::of(&name)?;
    let issuer = name.take_tagged(Tag::Sequence)?.to_der()?;
    let serial = name.take_tagged(Tag::Integer)?.value().to_vec();
    name.end()?;
    let (algorithm, _) = algorithm_of(&info.take()?)?;
    let key = info.take_tagged(Tag::OctetString)?.value().to_vec();
    info.end()?;
    Ok(Some(EnvelopeRecipient { issuer, serial, algorithm, key }))
}

/// Octets in place of which `[0]` stands: as they are, or in pieces as some write them.
fn octets(one: &Any) -> Result<Vec<u8>, ScepError> {
    if one.tag() == context_primitive(0) {
        return Ok(one.value().to_vec());
    }
    let mut all = Vec::new();
    for piece in Parts::tagged(one, context(0))?.rest() {
        if piece.tag() != Tag::OctetString {
            return Err(ScepError::Malformed);
        }
        all.extend_from_slice(piece.value());
    }
    Ok(all)
}

/// Encrypts content for the certificate of who is told it; key and first block are drawn.
pub(crate) fn seal(
    content: &[u8],
    to: &MessageSigner,
    cipher: ContentCipher,
    (key, iv): (&[u8], &[u8; BLOCK]),
) -> Result<Vec<u8>, ScepError> {
    let for_rsa = PublicEncryptingKey::from_der(to.key().spki());
    let for_rsa = for_rsa.map_err(|_| ScepError::Algorithm)?;
    let for_rsa = Pkcs1PublicEncryptingKey::new(for_rsa).map_err(|_| ScepError::Algorithm)?;
    let mut wrapped = vec![0; for_rsa.ciphertext_size()];
    let wrapped = for_rsa.encrypt(key, &mut wrapped).map_err(|_| ScepError::Algorithm)?;
    let recipient =
        [0u8.to_der()?, to.name()?, algorithm(oid::RSA, &NULL)?, wrap(OCTETS, wrapped)?];
    let encrypted = encrypted(content, cipher, (key, iv)).map_err(|_| ScepError::Key)?;
    let inner = [
        oid::DATA.to_der()?,
        algorithm(cipher.id(), &wrap(OCTETS, iv)?)?,
        wrap(FIRST_PRIMITIVE, &encrypted)?,
    ];
    let data =
        [0u8.to_der()?, wrap(SET, &sequence(&recipient.concat())?)?, sequence(&inner.concat())?];
    content_info(oid::ENVELOPED_DATA, &sequence(&data.concat())?)
}

/// `[0]`, primitive.
const FIRST_PRIMITIVE: u8 = 0x80;

fn encrypted(
    content: &[u8],
    cipher: ContentCipher,
    (key, iv): (&[u8], &[u8; BLOCK]),
) -> Result<Vec<u8>, Unspecified> {
    let key = UnboundCipherKey::new(cipher.algorithm(), key)?;
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key)?;
    let mut sealed = content.to_vec();
    key.less_safe_encrypt(&mut sealed, EncryptionContext::Iv128((*iv).into()))?;
    Ok(sealed)
}
