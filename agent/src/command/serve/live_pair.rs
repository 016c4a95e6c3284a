//! The key and certificate that a running gate shows. Every few seconds it looks what lies in its
//! folder. A pair that may follow is shown from the next handshake on, to people, the application
//! and the services of the city alike, and whatever is open goes on as it is; one that may not
//! leaves what is shown, and is told.

use super::own_pair::OwnPair;
use crate::gate::Gate;
use crate::sessions::{PresentSessions, ServiceSessions};
use anyhow::Context;
use arc_swap::ArcSwap;
use mtls::shown::ShownIdentity;
use mtls::tls::client_by;
use pki::Signer;
use records::join::JoinFile;
use service::{Clock, Stop};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often it looks.
const LOOK: Duration = Duration::from_secs(5);

/// What is shown now, and where others may lie.
pub(super) struct LivePair {
    folder: PathBuf,
    file: JoinFile,
    root: [u8; 32],
    clock: Clock,
    present: ArcSwap<OwnPair>,
    shown: Arc<ShownIdentity>,
    sessions: PresentSessions,
}

impl LivePair {
    /// Takes up what lies in the folder at a start.
    pub(super) fn open(folder: &Path, file: &JoinFile, clock: Clock) -> anyhow::Result<Self> {
        let root = file.trust.root_sha256.digest();
        let root = root.context("信任文件中没有根证书指纹 / the trust file has no root")?;
        let pair = OwnPair::read(folder)?;
        let sessions = sessions(&pair, file, root, clock)?;
        Ok(Self {
            folder: folder.to_owned(),
            file: file.clone(),
            root,
            clock,
            shown: Arc::new(ShownIdentity::new(pair.identity()?)?),
            sessions: Arc::new(ArcSwap::from_pointee(sessions)),
            present: ArcSwap::from_pointee(pair),
        })
    }

    /// The pair that is shown now.
    pub(super) fn present(&self) -> Arc<OwnPair> {
        self.present.load_full()
    }

    /// What handshakes with people and the application show.
    pub(super) fn shown(&self) -> Arc<ShownIdentity> {
        self.shown.clone()
    }

    /// How the services of the city are spoken to.
    pub(super) fn sessions(&self) -> PresentSessions {
        self.sessions.clone()
    }

    /// Looks until the stop.
    pub(super) async fn watch(self: Arc<Self>, gate: Arc<Gate>, stop: Stop) {
        loop {
            let told = match self.look() {
                Ok(is_other) => {
                    if is_other {
                        let key = self.present().signer().public_key().sha256();
                        gate.spool.signed_by(key.into());
                        tracing::info!("another certificate is shown from now on");
                    }
                    String::new()
                }
                Err(error) => OwnPair::refused(&error),
            };
            gate.metrics.notice("certificate", &told);
            let until = i64::try_from(self.present().not_after()).unwrap_or(0);
            gate.metrics.set("certificate_not_after", until);
            if !stop.pause(LOOK).await {
                return;
            }
        }
    }

    /// Shows what lies in the folder, if that is another pair; says whether it was.
    fn look(&self) -> anyhow::Result<bool> {
        let Some(found) = OwnPair::lying(&self.folder)? else { return Ok(false) };
        let present = self.present();
        if found.is_same(&present) {
            return Ok(false);
        }
        found.may_follow(&present, (&self.file.agent, self.root), self.clock.seconds())?;
        // All of it is there before anything is exchanged.
        let sessions = sessions(&found, &self.file, self.root, self.clock)?;
        self.shown.exchange(found.identity()?)?;
        self.sessions.store(Arc::new(sessions));
        self.present.store(Arc::new(found));
        Ok(true)
    }
}

/// Connections that show a pair, none of which is open yet.
fn sessions(
    pair: &OwnPair,
    file: &JoinFile,
    root: [u8; 32],
    clock: Clock,
) -> anyhow::Result<ServiceSessions> {
    let call = |address: &str| -> anyhow::Result<mtls::Client> {
        let tls = client_by(root, Some(pair.identity()?), Arc::new(clock))?;
        Ok(mtls::Client::new(address, Some(tls))?)
    };
    Ok(ServiceSessions {
        signer: pair.signer().clone(),
        status: ca_api::Status(call(&file.trust.status)?),
        log: ca_api::Log(call(&file.trust.log)?),
        pulses: ca_api::Log(call(&file.trust.log)?),
    })
}

#[cfg(test)]
mod tests;
