//! The signature of a message: over its attributes, as they came, by SHA-256 or above.

use crate::error::ScepError;
use crate::oid;
use crate::parts::{FIRST, OCTETS, Parts, SET, algorithm, algorithm_of, context};
use crate::signer::MessageSigner;
use crate::signing::{NULL, about};
use der::asn1::{Any, ObjectIdentifier};
use der::{Encode, Tag};
use pki::{PublicKey, wrap};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// What the signer's information says beside the attributes.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    digest: ObjectIdentifier,
    algorithm: ObjectIdentifier,
    /// The attributes as what is signed: a SET (RFC 5652 5.4).
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// The DER of an issuer's Name, and the contents of a serial number.
pub(super) type SignerName = (Vec<u8>, Vec<u8>);

impl Signed {
    /// Reads a SignerInfo (RFC 5652 5.3); beside it the name of the signer's certificate, and the
    /// contents of the attributes.
    pub(super) fn read(one: &Any) -> Result<(Self, SignerName, Vec<u8>), ScepError> {
        let mut info = Parts::of(one)?;
        info.take_tagged(Tag::Integer)?;
        let mut name = Parts::of(&info.take()?)?;
        let issuer = name.take_tagged(Tag::Sequence)?.to_der()?;
        let serial = name.take_tagged(Tag::Integer)?.value().to_vec();
        name.end()?;
        let (digest, _) = algorithm_of(&info.take()?)?;
        let attributes = info.take_tagged(context(0))?;
        let (algorithm, _) = algorithm_of(&info.take()?)?;
        let signature = info.take_tagged(Tag::OctetString)?.value().to_vec();
        info.take_if(context(1));
        info.end()?;
        let message = wrap(SET, attributes.value())?;
        let attributes = attributes.value().to_vec();
        Ok((Self { digest, algorithm, message, signature }, (issuer, serial), attributes))
    }

    /// The digest of what is signed about.
    pub(super) fn digest_of(&self, content: &[u8]) -> Result<Vec<u8>, ScepError> {
        match self.digest {
            oid::SHA256 => Ok(Sha256::digest(content).to_vec()),
            oid::SHA384 => Ok(Sha384::digest(content).to_vec()),
            oid::SHA512 => Ok(Sha512::digest(content).to_vec()),
            _ => Err(ScepError::Algorithm),
        }
    }

    /// Whether this key made the signature.
    pub(super) fn is_by(&self, key: &PublicKey) -> Result<bool, ScepError> {
        let scheme = self.scheme(key)?;
        Ok(key.verify_tls12(scheme, &self.message, &self.signature))
    }

    /// A message of this signature over its attributes, about its content, and of nothing besides.
    pub(super) fn alone(&self, content: &[u8], own: &MessageSigner) -> Result<Vec<u8>, ScepError> {
        let is_rsa = own.key().algorithm().name.starts_with("rsa");
        let parameters: &[u8] = if is_rsa { &NULL } else { &[] };
        let digest = algorithm(self.digest, &[])?;
        // IMPLICIT: the tag stands in place of that of a SET.
        let attributes = core::iter::once(FIRST).chain(self.message.iter().skip(1).copied());
        let info = [
            1u8.to_der()?,
            own.name()?,
            digest.clone(),
            attributes.collect(),
            algorithm(self.algorithm, parameters)?,
            wrap(OCTETS, &self.signature)?,
        ];
        about(content, &digest, own, &info.concat())
    }

    /// The same as TLS 1.2 names it (RFC 8446 4.2.3): the digest of the attributes and the kind of
    /// key are said twice, and have to be the same.
    fn scheme(&self, key: &PublicKey) -> Result<u16, ScepError> {
        let is_rsa = key.algorithm().name.starts_with("rsa");
        let scheme = match (is_rsa, self.digest, self.algorithm) {
            (true, oid::SHA256, oid::RSA | oid::RSA_SHA256) => 0x0401,
            (true, oid::SHA384, oid::RSA | oid::RSA_SHA384) => 0x0501,
            (true, oid::SHA512, oid::RSA | oid::RSA_SHA512) => 0x0601,
            (false, oid::SHA256, oid::ECDSA_SHA256) => 0x0403,
            (false, oid::SHA384, oid::ECDSA_SHA384) => 0x0503,
            (false, oid::SHA512, oid::ECDSA_SHA512) => 0x0603,
            _ => return Err(ScepError::Algorithm),
        };
        Ok(scheme)
    }
}
