//! The registration authority's key: made here, certified as that of a system like any other, whose
//! standing authorization names the profile `scep`, and made anew when two thirds of its
//! certificate's life are over: asked for by the certificate before it, since the password of an
//! order is good for one request. What devices encrypted for the key before is read until its
//! certificate ends.
//!
//! Key and certificates stand in one file that only its owner reads, so that no crash leaves one
//! without the other. A key that waits for its certificate stands beside it: whoever is killed
//! meanwhile asks again with the same.

use super::answer::{ScepRefused, certificates};
use crate::config::ScepConfig;
use crate::machines::ra_keys::{RaInUse, read};
use crate::machines::state::{MachinesState, is_not_yet, is_unavailable};
use anyhow::{Context, bail};
use axum::response::Response;
use pki::certificate::pem;
use pki::pem::Kind;
use records::est::{EnrolSystem, RenewSystem};
use records::machine::{CollectMachine, SystemFile};
use records::{Bytes, Code};
use scep::RaKey;
use std::path::{Path, PathBuf};
use std::sync::Arc;
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
        let made = obtained(state, places, kept.as_ref()).await?;
        if kept.is_some() {
            let old = system::file::read_private(&places.keys)?;
            system::file::replace_private(&places.before, &Zeroizing::new(old))?;
        }
        system::file::replace_private(&places.keys, made.as_bytes())?;
        std::fs::remove_file(&places.next)?;
    }
    // What a crash left there is the key that has its certificate by now.
    if !is_due && places.next.exists() {
        std::fs::remove_file(&places.next)?;
    }
    let newest = state.scep.newest();
    let kept = if is_due { read(&places.keys)? } else { kept };
    let Some(kept) = kept else { return Ok(()) };
    if newest.is_some_and(|newest| newest.own.der() == kept.own.der()) {
        return Ok(());
    }
    let still = |before: &RaInUse| now <= before.certificate.not_after();
    let before = read(&places.before)?.filter(still);
    state.scep.set([Some(kept), before].into_iter().flatten().map(Arc::new).collect());
    Ok(())
}

/// A new key with its certificate, as its file says it.
async fn obtained(
    state: &MachinesState,
    places: &RaPlaces,
    before: Option<&RaInUse>,
) -> anyhow::Result<Zeroizing<String>> {
    let key = next_key(&places.next).await?;
    let request: Bytes = key.request(&state.host)?.into();
    let serial = match before {
        Some(before) => renewed(state, before, request.clone()).await?,
        None => None,
    };
    let serial = match serial {
        Some(serial) => serial,
        None => enrolled(state, places, request).await?,
    };
    let asked = CollectMachine { serial };
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

/// The serial number of a certificate that is asked for by the one before it; none where that
/// counts no more, or its system was registered anew for something else.
async fn renewed(
    state: &MachinesState,
    before: &RaInUse,
    request: Bytes,
) -> anyhow::Result<Option<String>> {
    if state.clock.seconds() > before.certificate.not_after() {
        return Ok(None);
    }
    let certificate = before.certificate.der().into();
    let asked = RenewSystem { certificate, request, profile: Some(PROFILE.to_owned()) };
    match state.issuer.renew_system(&asked).await {
        Ok(told) => Ok(Some(told.serial)),
        Err(refusal) if is_unavailable(&refusal) => Err(refusal.into()),
        Err(refusal) => {
            tracing::warn!(error = %refusal, "the certificate for SCEP is not renewed");
            Ok(None)
        }
    }
}

/// The same by the password of the system's file.
async fn enrolled(
    state: &MachinesState,
    places: &RaPlaces,
    request: Bytes,
) -> anyhow::Result<String> {
    let file = system::file::read_private(&places.system);
    let file = Zeroizing::new(file.with_context(|| places.system.display().to_string())?);
    let file: SystemFile = serde_json::from_slice(&file).context("[scep] system")?;
    let message = EnrolSystem {
        user: file.kid,
        password: file.est_password.to_string(),
        request,
        profile: Some(PROFILE.to_owned()),
    };
    Ok(state.issuer.enrol_system(&message).await?.serial)
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
