//! Sealing bind keys for rows: AES-256-GCM under a key file of the issuer. The associated data
//! names the city, the purpose, the reference, the person and the profile, so that a row cannot be
//! pointed at someone else.

use anyhow::anyhow;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use std::path::Path;
use zeroize::Zeroizing;

/// Length of a nonce, in bytes.
const NONCE_BYTES: usize = 12;

/// The key that seals rows.
pub(crate) struct SealKey {
    aead: LessSafeKey,
    mac: hmac::Key,
}

/// What a sealed value belongs to.
pub(crate) struct SealContext<'a> {
    /// The founding digest names the city.
    pub(crate) founding: &'a [u8; 32],
    /// The sealed key is `bind-page` or `bind-cli`.
    pub(crate) purpose: &'a str,
    /// Reference of the letter.
    pub(crate) reference: &'a str,
    /// The sealed key belongs to a letter of the person of this id.
    pub(crate) person: &'a str,
    /// The letter is for a certificate of the profile of this id.
    pub(crate) profile: &'a str,
}

impl SealContext<'_> {
    fn associated(&self) -> Aad<Vec<u8>> {
        let parts = [self.purpose, self.reference, self.person, self.profile];
        let mut bytes = self.founding.to_vec();
        for part in parts {
            bytes.extend(part.as_bytes());
            bytes.push(0);
        }
        Aad::from(bytes)
    }
}

impl SealKey {
    /// Reads the key file: 32 bytes.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = Zeroizing::new(ca_host::durable::read_private(path)?);
        Self::new(&bytes)
    }

    /// A key of 32 bytes.
    pub(crate) fn new(bytes: &[u8]) -> anyhow::Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| anyhow!("seal key"))?;
        let label = Zeroizing::new([b"yinxin-intent-v1\0".as_slice(), bytes].concat());
        Ok(Self { aead: LessSafeKey::new(key), mac: hmac::Key::new(hmac::HMAC_SHA256, &label) })
    }

    /// A MAC over parts, each with its length: a row that the issuer wrote itself.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> Vec<u8> {
        hmac::sign(&self.mac, &joined(parts)).as_ref().to_vec()
    }

    /// Whether this key made the MAC over these parts.
    pub(crate) fn is_ours(&self, mac: &[u8], parts: &[&[u8]]) -> bool {
        hmac::verify(&self.mac, &joined(parts), mac).is_ok()
    }

    /// Nonce ‖ ciphertext ‖ tag; the nonce is drawn for this value.
    pub(crate) fn seal(
        &self,
        value: &[u8],
        belongs: &SealContext<'_>,
        nonce: [u8; NONCE_BYTES],
    ) -> anyhow::Result<Vec<u8>> {
        let mut sealed = value.to_vec();
        self.aead
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                belongs.associated(),
                &mut sealed,
            )
            .map_err(|_| anyhow!("sealing failed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// The value, if it belongs there.
    pub(crate) fn open(
        &self,
        sealed: &[u8],
        belongs: &SealContext<'_>,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_BYTES)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut value = Zeroizing::new(rest.to_vec());
        let length = self.aead.open_in_place(nonce, belongs.associated(), &mut value).ok()?.len();
        value.truncate(length);
        Some(value)
    }
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}
