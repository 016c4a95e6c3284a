//! One certificate that is asked for: by CRMF (RFC 4211), whose key signed it.

use crate::error::CmpError;
use crate::fields::{Fields, around, decode, members, plain, value, whole};
use crate::message::{BodyKind, PkiMessage};
use crate::oid;
use der::asn1::{Any, BitString, ObjectIdentifier};
use der::{Tag, Tagged};
use pki::extension::Extension;
use pki::host::Host;
use pki::name::DistinguishedName;
use pki::possession::Possession;
use pki::request::{REQUEST_BYTES_MAX, WantedError, wanted_hosts};
use pki::{Certificate, PublicKey, SerialNumber, sequence};

/// Version 3 of certificates, as templates write it.
const VERSION_3: &[u8] = &[2];

/// A certificate by its issuer and its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerAndSerial {
    /// The issuer's name, in DER.
    pub issuer: Vec<u8>,
    /// The serial number.
    pub serial: SerialNumber,
}

impl IssuerAndSerial {
    /// Whether it is this certificate.
    pub fn is_of(&self, certificate: &Certificate) -> bool {
        self.issuer == certificate.issuer().der() && self.serial == *certificate.serial()
    }

    /// CertId (RFC 4211 6.5): a GeneralName and a number.
    fn read(der: &[u8]) -> Result<Self, CmpError> {
        let mut fields = Fields::read(der)?;
        let name = fields.tagged(around(4)).ok_or(CmpError::Malformed)?;
        let serial = fields.tagged(Tag::Integer).ok_or(CmpError::Malformed)?;
        fields.end()?;
        let serial = SerialNumber::from_der_content(serial.value()).ok_or(CmpError::Malformed)?;
        Ok(Self { issuer: name.value().to_vec(), serial })
    }
}

/// A CertReqMsg whose signature proves possession of its key.
#[derive(Clone, Debug)]
pub struct CrmfRequest {
    id: i64,
    subject: DistinguishedName,
    key: PublicKey,
    extensions: Vec<Extension>,
    issuer: Option<Vec<u8>>,
    says_validity: bool,
    old: Option<IssuerAndSerial>,
}

/// What a template has, of which a CA takes something (RFC 4211 5).
struct Template {
    issuer: Option<Vec<u8>>,
    says_validity: bool,
    subject: Option<Vec<u8>>,
    key: PublicKey,
    extensions: Vec<Extension>,
}

impl CrmfRequest {
    /// Reads a CertReqMsg of DER; whoever calls verifies the signature, whose answer it may know.
    /// That somebody else saw the proof is not taken, and nor is any proof but a signature.
    pub fn read_with(
        der: &[u8],
        verify: impl FnOnce(&Possession<'_>) -> bool,
    ) -> Result<Self, CmpError> {
        if der.len() > REQUEST_BYTES_MAX {
            return Err(CmpError::TooLarge);
        }
        let mut fields = Fields::read(der)?;
        let signed = whole(&fields.take()?)?;
        let proof = fields.tagged(around(1)).ok_or(CmpError::Possession)?;
        fields.tagged(Tag::Sequence);
        fields.end()?;
        let mut fields = Fields::read(&signed)?;
        let id = value(&fields.take()?)?;
        let template = Template::read(&whole(&fields.take()?)?)?;
        let controls =
            fields.tagged(Tag::Sequence).map(|all| members(&whole(&all)?)).transpose()?;
        fields.end()?;
        let old = old_certificate(&controls.unwrap_or_default())?;
        let (algorithm, signature) = signature(&proof)?;
        let claimed = Possession::read(&template.key, &algorithm, &signed, &signature);
        if !verify(&claimed.map_err(|_| CmpError::Algorithm)?) {
            return Err(CmpError::Possession);
        }
        let subject = template.subject.unwrap_or_else(|| vec![0x30, 0]);
        let subject = DistinguishedName::from_der(&subject)?;
        let Template { issuer, says_validity, key, extensions, .. } = template;
        Ok(Self { id, subject, key, extensions, issuer, says_validity, old })
    }

    /// Its number within the message.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The key whose possession was proven.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The subject that it asks for.
    pub fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// The issuer that it asks for, if it names one; in DER.
    pub fn issuer(&self) -> Option<&[u8]> {
        self.issuer.as_deref()
    }

    /// Whether it says how long the certificate is to count, which its profile says.
    pub fn says_validity(&self) -> bool {
        self.says_validity
    }

    /// The certificate that it says it replaces.
    pub fn replaces(&self) -> Option<&IssuerAndSerial> {
        self.old.as_ref()
    }

    /// The hosts that it names, as [`wanted_hosts`] reads them.
    pub fn wanted(&self) -> Result<Vec<Host>, WantedError> {
        wanted_hosts(&self.subject, &self.extensions)
    }
}

impl Template {
    fn read(der: &[u8]) -> Result<Self, CmpError> {
        let mut fields = Fields::read(der)?;
        let version = fields.tagged(plain(0));
        let is_3 = version.is_none_or(|version| version.value() == VERSION_3);
        // The number, the algorithm and unique ids are the CA's own.
        let own = [plain(1), around(2)].map(|tag| fields.tagged(tag));
        let issuer = fields.tagged(around(3)).map(|name| name.value().to_vec());
        let says_validity = fields.tagged(around(4)).is_some();
        let subject = fields.tagged(around(5)).map(|name| name.value().to_vec());
        let key = fields.tagged(around(6)).ok_or(CmpError::Template)?;
        let unique = [plain(7), plain(8)].map(|tag| fields.tagged(tag));
        let extensions = fields.tagged(around(9));
        fields.end()?;
        if !is_3 || own.iter().chain(&unique).any(Option::is_some) {
            return Err(CmpError::Template);
        }
        let key = sequence(key.value()).map_err(crate::fields::malformed)?;
        let extensions = match extensions {
            Some(all) => decode(&sequence(all.value()).map_err(crate::fields::malformed)?)?,
            None => Vec::new(),
        };
        Ok(Self { issuer, says_validity, subject, key: PublicKey::read(&key)?, extensions })
    }
}

/// Algorithm and signature of a POPOSigningKey over the request itself (RFC 4211 4.1). One over
/// another input binds less than the whole request.
fn signature(proof: &Any) -> Result<(Vec<u8>, Vec<u8>), CmpError> {
    let mut fields = Fields::within(proof)?;
    if fields.tagged(around(0)).is_some() {
        return Err(CmpError::Possession);
    }
    let algorithm = whole(&fields.take()?)?;
    let bits: BitString = value(&fields.take()?)?;
    fields.end()?;
    match bits.unused_bits() {
        0 => Ok((algorithm, bits.raw_bytes().to_vec())),
        _ => Err(CmpError::Malformed),
    }
}

/// The certificate that controls say is replaced (RFC 4211 6.5). Private keys are archived nowhere,
/// and made by nobody here (6.4, 6.6).
fn old_certificate(controls: &[Any]) -> Result<Option<IssuerAndSerial>, CmpError> {
    let mut old = None;
    for control in controls {
        let mut fields = Fields::read(&whole(control)?)?;
        let id: ObjectIdentifier = value(&fields.take()?)?;
        if [oid::ARCHIVE_OPTIONS, oid::ENCRYPTION_KEY].contains(&id) {
            return Err(CmpError::Template);
        }
        if id != oid::OLD_CERTIFICATE {
            continue;
        }
        let read = IssuerAndSerial::read(&whole(&fields.take()?)?)?;
        if old.replace(read).is_some() {
            return Err(CmpError::Malformed);
        }
    }
    Ok(old)
}

/// The only CertReqMsg of a body, in DER.
pub fn only(content: &[u8]) -> Result<Vec<u8>, CmpError> {
    match members(content)?.as_slice() {
        [one] if one.tag() == Tag::Sequence => whole(one),
        [_] => Err(CmpError::Malformed),
        _ => Err(CmpError::Count),
    }
}

/// The number of the request in a message, for whoever refuses it: that of PKCS#10 is none (RFC
/// 9483 4.1.4), and where nothing can be read it is the first.
pub fn number_of(message: &PkiMessage) -> i64 {
    if message.kind() == BodyKind::Pkcs10 {
        return -1;
    }
    let number = || {
        let mut fields = Fields::read(&only(message.content())?)?;
        let request = whole(&fields.take()?)?;
        value(&Fields::read(&request)?.take()?)
    };
    number().unwrap_or_default()
}
