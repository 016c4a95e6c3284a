//! The registration authority's key: made here, certified as that of a system like any other, whose
//! standing authorization names the profile `scep`, and made anew when two thirds of its
//! certificate's life are over. What devices encrypted for the one before is read until that ends.
//!
//! Key and certificates stand in one file that only its owner reads, so that no crash leaves one
//! without the other. A key that waits for its certificate stands beside it: whoever is killed
//! meanwhile asks again with the same.

use super::answer::{ScepRefused, certificates};
use crate::config::ScepConfig;
use crate::machines::state::{MachinesState, is_not_yet};
use anyhow::{Context, bail, ensure};
use axum::response::Response;
use pki::Certificate;
use pki::certificate::pem;
use pki::pem::Kind;
use records::Code;
use records::est::EnrolSystem;
use records::machine::{CollectMachine, SystemFile};
use scep::{Envelope, MessageSigner, RaKey, ScepError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use zeroize::Zeroizing;

/// The profile of its certificate.
const PROFILE: &str = "scep";
/// How often it is looked whether a certificate is due, and whether the CA has one that was asked
/// for.
const LOOK: Duration = Duration::from_secs(5);
const COLLECT_PAUSE: Duration = Duration::from_millis(100);
/// How often the CA is asked for it in one look.
const COLLECTS_MAX: usize = 100;

/// A key that is in use.
pub(crate) struct RaInUse {
    /// The key.
    pub(crate) key: RaKey,
    /// Its certificate, as messages name it.
    pub(crate) own: MessageSigner,
    /// The same.
    pub(crate) certificate: Certificate,
    /// Whoever issued it.
    pub(crate) issuing: Certificate,
    /// What GetCACert answers.
    told: Vec<u8>,
}

/// The keys in use, the newest first.
#[derive(Default)]
pub(crate) struct RaKeys(RwLock<Vec<Arc<RaInUse>>>);

impl RaKeys {
    /// The newest.
    pub(crate) fn newest(&self) -> Option<Arc<RaInUse>> {
        self.all().first().cloned()
    }

    fn all(&self) -> Vec<Arc<RaInUse>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, all: Vec<Arc<RaInUse>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = all;
    }

    /// The key of an envelope's content, by the one for which it is.
    pub(crate) fn content_key(
        &self,
        envelope: &Envelope,
    ) -> Result<(Arc<RaInUse>, Zeroizing<Vec<u8>>), ScepError> {
        let mut told = ScepError::Integrity;
        for one in self.all() {
            match one.key.content_key(envelope, &one.own) {
                Ok(key) => return Ok((one, key)),
                Err(error) => told = error,
            }
        }
        Err(told)
    }
}

/// GetCACert: the registration authority's certificate with those of the CA.
pub(super) fn show(state: &MachinesState) -> Result<Response, ScepRefused> {
    let newest = state.scep.newest().ok_or(Code::Unavailable)?;
    Ok(certificates(newest.told.clone()))
}

/// Where its files are.
pub(crate) struct RaPlaces {
    /// The file of the system's secrets.
    system: PathBuf,
    /// Key and certificates.
    keys: PathBuf,
    /// The same before, and the next key.
    before: PathBuf,
    next: PathBuf,
}

impl RaPlaces {
    /// The places of a configuration, made whole.
    pub(crate) fn of(config: &ScepConfig, whole: impl Fn(&Path) -> PathBuf) -> Self {
        let keys = whole(&config.keys);
        let with = |end: &str| {
            let mut name = keys.clone().into_os_string();
            name.push(end);
            PathBuf::from(name)
        };
        Self { system: whole(&config.system), before: with(".before"), next: with(".next"), keys }
    }
}

/// Keeps a key with a certificate that counts, until the stop.
pub(crate) async fn keep(state: Arc<MachinesState>, places: RaPlaces) {
    loop {
        match look(&state, &places).await {
            Ok(()) => state.metrics.notice("scep", ""),
            Err(error) => state.metrics.notice("scep", &format!("{error:#}")),
        }
        if !state.stop.pause(LOOK).await {
            return;
        }
    }
}

async fn look(state: &MachinesState, places: &RaPlaces) -> anyhow::Result<()> {
    let now = state.clock.seconds();
    let kept = read(&places.keys)?;
    let is_due = kept.as_ref().is_none_or(|kept| kept.is_due(now));
    // Before its system is registered there is none.
    if is_due && places.system.exists() {
        let made = obtained(state, places).await?;
        if kept.is_some() {
            let old = system::file::read_private(&places.keys)?;
            system::file::replace_private(&places.before, &Zeroizing::new(old))?;
        }
        system::file::replace_private(&places.keys, made.as_bytes())?;
        std::fs::remove_file(&places.next)?;
    }
    let newest = state.scep.newest();
    let kept = if is_due { read(&places.keys)? } else { kept };
    let Some(kept) = kept else { return Ok(()) };
    if newest.is_some_and(|newest| newest.own.der() == kept.own.der()) {
        return Ok(());
    }
    let before = read(&places.before)?.filter(|before| now <= before.certificate.not_after());
    state.scep.set([Some(kept), before].into_iter().flatten().map(Arc::new).collect());
    Ok(())
}

/// A new key with its certificate, as its file says it.
async fn obtained(state: &MachinesState, places: &RaPlaces) -> anyhow::Result<Zeroizing<String>> {
    let file = system::file::read_private(&places.system);
    let file = Zeroizing::new(file.with_context(|| places.system.display().to_string())?);
    let file: SystemFile = serde_json::from_slice(&file).context("[scep] system")?;
    let key = next_key(&places.next).await?;
    let message = EnrolSystem {
        user: file.kid,
        password: file.est_password.to_string(),
        request: key.request(&state.host)?.into(),
        profile: Some(PROFILE.to_owned()),
    };
    let asked = CollectMachine { serial: state.issuer.enrol_system(&message).await?.serial };
    for _ in 0..COLLECTS_MAX {
        match state.issuer.collect_machine(&asked).await {
            Ok(told) => {
                let chain: Vec<&[u8]> = told.chain.iter().map(|one| one.0.as_slice()).collect();
                let chain: String = chain.iter().map(|one| pem("CERTIFICATE", one)).collect();
                return Ok(Zeroizing::new(pem("PRIVATE KEY", key.pkcs8()) + &chain));
            }
            Err(refusal) if is_not_yet(&refusal) => tokio::time::sleep(COLLECT_PAUSE).await,
            Err(refusal) => return Err(refusal.into()),
        }
    }
    bail!("证书尚未签出 / the certificate is not there yet")
}

/// The key that waits for a certificate; a new one, if there is none.
async fn next_key(place: &Path) -> anyhow::Result<RaKey> {
    if place.exists() {
        let file = Zeroizing::new(system::file::read_private(place)?);
        return Ok(RaKey::from_pkcs8(&pki::pem::read_one(&file, Kind::Key)?)?);
    }
    let key = tokio::task::spawn_blocking(RaKey::generate).await??;
    let text = Zeroizing::new(pem("PRIVATE KEY", key.pkcs8()));
    system::file::replace_private(place, text.as_bytes())?;
    Ok(key)
}

/// Key and certificates of a file, if it is there.
fn read(place: &Path) -> anyhow::Result<Option<RaInUse>> {
    if !place.exists() {
        return Ok(None);
    }
    let about = || place.display().to_string();
    let file = Zeroizing::new(system::file::read_private(place).with_context(about)?);
    let key = Zeroizing::new(pki::pem::read_one(&file, Kind::Key).with_context(about)?);
    let chain = pki::pem::read(&file, Kind::Certificate).with_context(about)?;
    Ok(Some(RaInUse::of(&key, &chain).with_context(about)?))
}

impl RaInUse {
    fn of(key: &[u8], chain: &[Vec<u8>]) -> anyhow::Result<Self> {
        let [own, issuing, root] = chain else {
            bail!("应为本证书、签发机构和根证书 / leaf, issuing CA and root are expected")
        };
        let key = RaKey::from_pkcs8(key)?;
        let certificate = Certificate::read(own)?;
        ensure!(
            certificate.key().spki() == key.public_key().spki(),
            "证书与密钥不符 / the certificate is not that of the key"
        );
        Ok(Self {
            own: MessageSigner::read(own)?,
            issuing: Certificate::read(issuing)?,
            told: pki::est::certs_only(&[own, issuing, root])?,
            key,
            certificate,
        })
    }

    /// Whether two thirds of the life of its certificate are over.
    fn is_due(&self, now: u64) -> bool {
        let (from, until) = (self.certificate.not_before(), self.certificate.not_after());
        now >= from.saturating_add(until.saturating_sub(from) / 3 * 2)
    }
}
