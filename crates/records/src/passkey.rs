//! Passkeys (WebAuthn): they approve orders and do nothing else. An order of kind `credential`
//! certifies each; what an authenticator says is checked here, by the CA and by whoever verifies
//! years later.

use crate::bytes::Bytes;
use crate::label::Label;
use pki::PublicKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A COSE_Key for ES256 in the one encoding that CTAP2 allows (RFC 9053; canonical CBOR): before x,
/// before y.
const COSE_BEFORE_X: &[u8] = &[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32];
const COSE_BEFORE_Y: &[u8] = &[0x22, 0x58, 32];
/// SubjectPublicKeyInfo of a P-256 key, before the uncompressed point (RFC 5480).
const SPKI_P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
/// Flags of authenticator data (WebAuthn 6.1).
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;
/// Longest credential id (WebAuthn 4).
const CREDENTIAL_BYTES_MAX: usize = 1_023;
/// Longest client data: type, challenge and origin take some 200 bytes. What is longer would only
/// fill journals and the log.
const CLIENT_DATA_BYTES_MAX: usize = 1_024;

/// What an authenticator answered when it approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// The credential is named by the id that its authenticator gave it (WebAuthn).
    pub credential: Bytes,
    /// The authenticatorData of WebAuthn, as the authenticator signed it.
    pub authenticator_data: Bytes,
    /// The clientDataJSON of WebAuthn, whose SHA-256 the authenticator signed.
    pub client_data: Bytes,
}

/// What an officer's certificate key says about a new passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasskeyStatement {
    /// This is version 1 of the format.
    pub v: u8,
    /// The city is named by its founding digest, 32 bytes.
    pub founding: Bytes,
    /// SHA-256 of the officer's certificate; the passkey dies with it.
    pub certificate: Bytes,
    /// The passkey is for this staff host, which WebAuthn calls the RP ID.
    pub rp_id: String,
    /// The staff pages have this origin.
    pub origin: String,
    /// The passkey's public key is a COSE_Key of ES256 (RFC 9052, RFC 9053).
    pub key: Bytes,
    /// The credential is named by the id that its authenticator gave it (WebAuthn).
    pub credential: Bytes,
    /// The authenticator's counter was this when the passkey was made.
    pub counter: u32,
    /// Whether it may be copied to other devices.
    pub backup_eligible: bool,
    /// It says whether the passkey was copied to other devices when it was made.
    pub backed_up: bool,
    /// Whether it lives in software; only sample cities take such.
    pub software: bool,
}

/// A certified passkey as authority remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// The passkey is that of the person of this id.
    pub person: String,
    /// The statement that was certified by an order.
    pub statement: PasskeyStatement,
    /// The counter that was seen last.
    pub counter: u32,
    /// The order that certified it, or was to do so, is named by its digest.
    pub order: Bytes,
    /// Whether the portal was closed at which it was made: it counts for nothing more.
    pub ended: bool,
}

/// Which check an answer does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAsserted {
    /// It cannot be read.
    #[error("认证器的应答无法读取 / the authenticator's answer cannot be read")]
    Malformed,
    /// Not `webauthn.get`, or not `webauthn.create`.
    #[error("应答的是别的请求 / it is an answer to something else")]
    Type,
    /// Made on another page.
    #[error("在别的网站上作出 / it was made on another origin")]
    Origin,
    /// Made inside a page of somebody else.
    #[error("在别的页面之内作出 / it was made inside another page")]
    CrossOrigin,
    /// For another relying party.
    #[error("属于别的网站 / it is for another relying party")]
    RelyingParty,
    /// It may be copied to other devices, and was certified as one that may not; or the other way
    /// round; or it says that it was copied and may not be.
    #[error("保存方式与认证时不同 / it is kept in another way than was certified")]
    Backup,
    /// For another order.
    #[error("针对的是别的办件 / it is for another order")]
    Challenge,
    /// Nobody touched it.
    #[error("没有人在场操作 / nobody was there")]
    UserPresent,
    /// It did not ask who was there.
    #[error("没有核对操作者 / it did not check who was there")]
    UserVerified,
    /// The key is not ES256, or did not sign.
    #[error("不是经认证的密钥所签 / the certified key did not sign it")]
    Signature,
}

/// What an authenticator says of itself and of whoever used it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthenticatorSaid {
    /// It checked who was there.
    pub user_verified: bool,
    /// Its key may be copied to other devices.
    pub backup_eligible: bool,
    /// The authenticator says that the key was copied to other devices.
    pub backed_up: bool,
}

impl Assertion {
    /// What the authenticator said; whether it was the certified one, its signature says.
    pub fn said(&self) -> Option<AuthenticatorSaid> {
        let flags = AuthenticatorData::read(&self.authenticator_data.0)?.flags;
        Some(AuthenticatorSaid {
            user_verified: flags & USER_VERIFIED != 0,
            backup_eligible: flags & BACKUP_ELIGIBLE != 0,
            backed_up: flags & BACKED_UP != 0,
        })
    }
}

/// Authenticator data, read strictly.
struct AuthenticatorData {
    rp_id_hash: [u8; 32],
    flags: u8,
    counter: u32,
    /// Credential id and COSE_Key of a new passkey.
    attested: Option<(Vec<u8>, Vec<u8>)>,
}

#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
    #[serde(rename = "topOrigin")]
    top_origin: Option<String>,
}

impl AuthenticatorData {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>()?;
        let (flags, rest) = rest.split_first()?;
        let (counter, rest) = rest.split_first_chunk::<4>()?;
        let attested = match (flags & ATTESTED != 0, rest) {
            (false, []) => None,
            (true, rest) => {
                let (_aaguid, rest) = rest.split_first_chunk::<16>()?;
                let (length, rest) = rest.split_first_chunk::<2>()?;
                let length = usize::from(u16::from_be_bytes(*length));
                let (credential, key) = rest.split_at_checked(length)?;
                let sound = (1..=CREDENTIAL_BYTES_MAX).contains(&length);
                Some((credential.to_vec(), key.to_vec())).filter(|_| sound)
            }
            (false, _) => return None,
        };
        // Nobody asked for extensions.
        let fits = flags & EXTENSIONS == 0 && attested.is_some() == (flags & ATTESTED != 0);
        let counter = u32::from_be_bytes(*counter);
        fits.then_some(Self { rp_id_hash: *rp_id_hash, flags: *flags, counter, attested })
    }

    fn checked(&self, rp_id: &str) -> Result<(), NotAsserted> {
        match () {
            () if self.rp_id_hash != Sha256::digest(rp_id.as_bytes()).as_slice() => {
                Err(NotAsserted::RelyingParty)
            }
            () if self.flags & USER_PRESENT == 0 => Err(NotAsserted::UserPresent),
            () if self.flags & USER_VERIFIED == 0 => Err(NotAsserted::UserVerified),
            // WebAuthn section 6.1: what cannot be backed up is not backed up.
            () if self.flags & (BACKUP_ELIGIBLE | BACKED_UP) == BACKED_UP => {
                Err(NotAsserted::Backup)
            }
            () => Ok(()),
        }
    }
}

fn client_data(
    bytes: &[u8],
    (kind, origin): (&str, &str),
    challenge: &[u8; 32],
) -> Result<(), NotAsserted> {
    if bytes.len() > CLIENT_DATA_BYTES_MAX {
        return Err(NotAsserted::Malformed);
    }
    let data: ClientData = serde_json::from_slice(bytes).map_err(|_| NotAsserted::Malformed)?;
    match () {
        () if data.kind != kind => Err(NotAsserted::Type),
        () if data.origin != origin => Err(NotAsserted::Origin),
        () if data.cross_origin || data.top_origin.is_some() => Err(NotAsserted::CrossOrigin),
        () if data.challenge != Bytes::from(*challenge).to_string() => Err(NotAsserted::Challenge),
        () => Ok(()),
    }
}

/// The challenge under which a passkey is made for the officer with this certificate.
pub fn creation_challenge(certificate_sha256: &[u8]) -> [u8; 32] {
    Label::Passkey.digest(certificate_sha256)
}

/// Host of an origin, without its port.
pub fn host_of(origin: &str) -> Option<&str> {
    let host = origin.strip_prefix("https://")?;
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    pki::host::Host::read_name(name).is_ok().then_some(name)
}

/// The key of a COSE_Key; only ES256 in its one encoding.
pub fn key(cose: &[u8]) -> Option<PublicKey> {
    let (x, rest) = cose.strip_prefix(COSE_BEFORE_X)?.split_first_chunk::<32>()?;
    let y: &[u8; 32] = rest.strip_prefix(COSE_BEFORE_Y)?.try_into().ok()?;
    PublicKey::read(&[SPKI_P256, x, y].concat()).ok()
}

impl PasskeyStatement {
    /// Reads what an authenticator said when it made a passkey for the officer with this
    /// certificate.
    pub fn of_new(
        founding: Bytes,
        certificate_sha256: [u8; 32],
        origin: &str,
        (authenticator_data, client): (&[u8], &[u8]),
        software: bool,
    ) -> Result<Self, NotAsserted> {
        let rp_id = host_of(origin).ok_or(NotAsserted::Origin)?;
        let challenge = creation_challenge(&certificate_sha256);
        client_data(client, ("webauthn.create", origin), &challenge)?;
        let data = AuthenticatorData::read(authenticator_data).ok_or(NotAsserted::Malformed)?;
        data.checked(rp_id)?;
        let (credential, cose) = data.attested.ok_or(NotAsserted::Malformed)?;
        key(&cose).ok_or(NotAsserted::Signature)?;
        Ok(Self {
            v: 1,
            founding,
            certificate: certificate_sha256.into(),
            rp_id: rp_id.to_owned(),
            origin: origin.to_owned(),
            key: Bytes(cose),
            credential: Bytes(credential),
            counter: data.counter,
            backup_eligible: data.flags & BACKUP_ELIGIBLE != 0,
            backed_up: data.flags & BACKED_UP != 0,
            software,
        })
    }

    /// Whether its key lives, or may live, outside one piece of hardware.
    pub fn may_be_copied(&self) -> bool {
        self.software || self.backup_eligible || self.backed_up
    }

    /// Checks an answer to a challenge; gives its counter.
    pub fn verify(
        &self,
        assertion: &Assertion,
        challenge: &[u8; 32],
        signature: &[u8],
    ) -> Result<u32, NotAsserted> {
        self.verify_with(assertion, challenge, signature, PublicKey::verify)
    }

    /// [`Self::verify`], where the caller verifies the signature: it may know the answer.
    pub fn verify_with(
        &self,
        assertion: &Assertion,
        challenge: &[u8; 32],
        signature: &[u8],
        verify: impl FnOnce(&PublicKey, &[u8], &[u8]) -> bool,
    ) -> Result<u32, NotAsserted> {
        let expected = ("webauthn.get", self.origin.as_str());
        client_data(&assertion.client_data.0, expected, challenge)?;
        let data = &assertion.authenticator_data.0;
        let read = AuthenticatorData::read(data).ok_or(NotAsserted::Malformed)?;
        read.checked(&self.rp_id)?;
        if (read.flags & BACKUP_ELIGIBLE != 0) != self.backup_eligible {
            return Err(NotAsserted::Backup);
        }
        let hash = Sha256::digest(&assertion.client_data.0);
        let message = [data.as_slice(), hash.as_slice()].concat();
        let key = key(&self.key.0).ok_or(NotAsserted::Signature)?;
        if verify(&key, &message, signature) {
            Ok(read.counter)
        } else {
            Err(NotAsserted::Signature)
        }
    }
}

/// What an authenticator signed, in the one spelling in which statements are accepted:
/// authenticators sign in either, and this is the way from a page to a statement.
pub fn one_spelling(signature: Bytes) -> Bytes {
    match pki::algorithm::by_name("p256") {
        Some(member) => Bytes(member.one_spelling(signature.0)),
        None => signature,
    }
}

impl Passkey {
    /// Whether a counter follows the last one: greater, unless the authenticator does not count.
    pub fn follows(&self, counter: u32) -> bool {
        counter > self.counter || (counter == 0 && self.counter == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A browser may say more than we read, and nobody fills a journal with it.
    #[test]
    fn client_data_has_an_end() {
        let challenge = [7; 32];
        let said = Bytes::from(challenge);
        let with = |more: &str| {
            let known = format!(r#""type":"webauthn.get","challenge":"{said}""#);
            format!(r#"{{{known},"origin":"https://staff","more":"{more}"}}"#)
        };
        let of = |bytes: usize| with(&"x".repeat(bytes - with("").len()));
        let judged = |text: &str| {
            client_data(text.as_bytes(), ("webauthn.get", "https://staff"), &challenge)
        };
        assert_eq!(of(CLIENT_DATA_BYTES_MAX).len(), CLIENT_DATA_BYTES_MAX);
        assert_eq!(judged(&of(CLIENT_DATA_BYTES_MAX)), Ok(()));
        assert_eq!(judged(&of(CLIENT_DATA_BYTES_MAX + 1)), Err(NotAsserted::Malformed));
    }
}
