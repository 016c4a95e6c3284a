//! The trust bundle: what an application needs that verifies identities itself, without a gate.
//! It is published beside the revocation lists and signed by the registry key, so that whoever
//! serves it, in clear, can neither add an authority nor lead to another list.

use crate::bytes::Bytes;
use crate::export::{NotTrusted, certified_key};
use crate::label::Label;
use crate::trust::Trust;
use crate::{json, time};
use pki::oid::Arc;
use pki::{Certificate, Signer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Path of the bundle below the address where lists are published.
pub const TRUST_BUNDLE_PATH: &str = "/ca/trust-bundle.json";
/// The first authority of a bundle.
pub const ROOT: &str = "root";

/// The authorities of a city, and what each is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustBundle {
    /// This is version 1 of the format.
    pub v: u8,
    /// The city is named by its founding digest, 32 bytes.
    pub founding: Bytes,
    /// The number of this bundle; a later one has a higher one.
    pub version: u64,
    /// The bundle was made at this time, RFC 3339.
    pub made: String,
    /// A later one is there before this time, RFC 3339.
    pub until: String,
    /// The root first, then those that it certified.
    pub authorities: Vec<TrustedAuthority>,
    /// What certificates are issued for, by profile.
    pub purposes: Vec<TrustPurpose>,
}

/// A certificate authority, and where the status of what it issued is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedAuthority {
    /// The authority has this id.
    pub id: String,
    /// The certificate, DER.
    pub certificate: Bytes,
    /// The list of what this authority revoked is fetched from this address.
    pub crl: String,
    /// OCSP, where it is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ocsp: Option<String>,
}

/// What certificates of a profile are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustPurpose {
    /// The profile has this id.
    pub profile: String,
    /// Who holds such certificates: `person`, `staff`, `service` or `system`.
    pub holder: String,
    /// The certificate policy that stands in each of them, and in no other.
    pub policy: String,
    /// The purposes of their keys (extendedKeyUsage), dotted.
    pub usages: Vec<String>,
    /// Ids of the authorities that issue them.
    pub authorities: Vec<String>,
}

/// A bundle as it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedTrustBundle {
    /// The bundle's bytes, canonical JSON.
    pub bundle: Bytes,
    /// The registry key signed the bundle under `yinxin-trust-bundle-v1`.
    pub signature: Bytes,
    /// Certificate of the registry key, then the root.
    pub chain: Vec<Bytes>,
}

impl TrustBundle {
    /// Signs the bundle; `chain` holds the certificate of the key and the root. Fails where the
    /// bundle is no document or the key does not sign.
    pub fn sign(
        &self,
        registry: &dyn Signer,
        chain: Vec<Bytes>,
    ) -> Result<SignedTrustBundle, TrustBundleError> {
        let bytes = json::write(self)?;
        let signature = Label::TrustBundle.sign(registry, &bytes)?;
        Ok(SignedTrustBundle { bundle: Bytes(bytes), signature: Bytes(signature), chain })
    }

    /// Those for certificates of this profile, the root first; none where there is no such profile.
    pub fn authorities_of(&self, profile: &str) -> Vec<&TrustedAuthority> {
        let purpose = self.purposes.iter().find(|purpose| purpose.profile == profile);
        let Some(purpose) = purpose else { return Vec::new() };
        let wanted = |id: &str| id == ROOT || purpose.authorities.iter().any(|one| one == id);
        self.authorities.iter().filter(|authority| wanted(&authority.id)).collect()
    }

    /// Unix seconds of the end; 0 where it cannot be read, so that the bundle is over.
    pub fn until_unix(&self) -> u64 {
        time::read(&self.until).unwrap_or(0)
    }

    /// The pinned root stands first, each other authority is certified by it and in time, none is
    /// there twice, and nothing is issued by one that is not there.
    fn holds_together(&self, trust: &Trust, now: u64) -> Result<(), NotTrusted> {
        let [first, others @ ..] = self.authorities.as_slice() else {
            return Err(NotTrusted::Root);
        };
        let root = Certificate::read(&first.certificate.0).map_err(|_| NotTrusted::Root)?;
        if first.id != ROOT || root.sha256().as_slice() != trust.root_sha256.0 {
            return Err(NotTrusted::Root);
        }
        let mut ids = BTreeSet::from([ROOT]);
        for other in others {
            let read =
                Certificate::read(&other.certificate.0).map_err(|_| NotTrusted::Authority)?;
            let in_time = (read.not_before()..=read.not_after()).contains(&now);
            let certified = read.is_signed_by(root.key()) && read.issuer() == root.subject();
            if !(certified && in_time && ids.insert(&other.id)) {
                return Err(NotTrusted::Authority);
            }
        }
        let mut named = self.purposes.iter().flat_map(|purpose| &purpose.authorities);
        match named.all(|id| ids.contains(id.as_str())) {
            true => Ok(()),
            false => Err(NotTrusted::Authority),
        }
    }
}

impl SignedTrustBundle {
    /// The bundle, if it is this city's, the registry key signed it, and it is not over at `now`,
    /// Unix seconds.
    pub fn open(&self, trust: &Trust, now: u64) -> Result<TrustBundle, NotTrusted> {
        let key = certified_key(&self.chain, trust, Arc::registry_signing, now)?;
        if !Label::TrustBundle.verify(&key, &self.bundle.0, &self.signature.0) {
            return Err(NotTrusted::Purpose);
        }
        let bundle: TrustBundle = json::read(&self.bundle.0).map_err(|_| NotTrusted::Purpose)?;
        if bundle.v != 1 || bundle.founding != trust.founding {
            return Err(NotTrusted::OtherCity);
        }
        if now > bundle.until_unix() {
            return Err(NotTrusted::Over);
        }
        bundle.holds_together(trust, now)?;
        Ok(bundle)
    }
}

/// Why a bundle was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustBundleError {
    /// The bundle is no document.
    #[error(transparent)]
    Document(#[from] json::JsonError),
    /// The registry key does not sign.
    #[error(transparent)]
    Key(#[from] pki::algorithm::SignError),
}
