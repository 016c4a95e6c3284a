//! SignedData as both sides write it: one signer, whose certificate stands in it, SHA-256.

use crate::error::ScepError;
use crate::oid;
use crate::parts::{FIRST, OCTETS, PRINTABLE, SET, algorithm, content_info, set_of};
use crate::signer::MessageSigner;
use der::Encode;
use der::asn1::ObjectIdentifier;
use pki::{sequence, wrap};
use sha2::{Digest, Sha256};

pub(crate) const NULL: [u8; 2] = [5, 0];

/// A message about this content, with these attributes beside those that CMS asks for.
pub(crate) fn signed(
    content: &[u8],
    mut attributes: Vec<Vec<u8>>,
    own: &MessageSigner,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, ScepError>,
) -> Result<Vec<u8>, ScepError> {
    let digest = Sha256::digest(content);
    attributes.push(attribute(oid::CONTENT_TYPE, &oid::DATA.to_der()?)?);
    attributes.push(attribute(oid::MESSAGE_DIGEST, &wrap(OCTETS, digest.as_slice())?)?);
    let signature = sign(&set_of(attributes.clone(), SET)?)?;
    let digest = algorithm(oid::SHA256, &[])?;
    let by = match own.key().algorithm().name {
        name if name.starts_with("rsa") => algorithm(oid::RSA, &NULL)?,
        "p256" => algorithm(oid::ECDSA_SHA256, &[])?,
        _ => return Err(ScepError::Algorithm),
    };
    let info = [
        1u8.to_der()?,
        own.name()?,
        digest.clone(),
        set_of(attributes, FIRST)?,
        by,
        wrap(OCTETS, &signature)?,
    ];
    about(content, &digest, own, &info.concat())
}

/// The same with what is known of the signature: the algorithm of its digest, and the members of
/// the SignerInfo, in DER.
pub(crate) fn about(
    content: &[u8],
    digest: &[u8],
    own: &MessageSigner,
    info: &[u8],
) -> Result<Vec<u8>, ScepError> {
    let inner = [oid::DATA.to_der()?, wrap(FIRST, &wrap(OCTETS, content)?)?];
    let data = [
        1u8.to_der()?,
        wrap(SET, digest)?,
        sequence(&inner.concat())?,
        wrap(FIRST, own.der())?,
        wrap(SET, &sequence(info)?)?,
    ];
    content_info(oid::SIGNED_DATA, &sequence(&data.concat())?)
}

/// An attribute that is a text.
pub(crate) fn text(kind: ObjectIdentifier, value: &str) -> Result<Vec<u8>, ScepError> {
    attribute(kind, &wrap(PRINTABLE, value.as_bytes())?)
}

/// An attribute with one value.
pub(crate) fn attribute(kind: ObjectIdentifier, value: &[u8]) -> Result<Vec<u8>, ScepError> {
    Ok(sequence(&[kind.to_der()?, wrap(SET, value)?].concat())?)
}
