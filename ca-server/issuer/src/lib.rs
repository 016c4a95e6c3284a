//! Role `issuer`: makes orders, verifies approvals, issues, revokes, builds revocation lists.
//!
//! Everything is decided under one lock and in one write transaction (`session`) that first follows
//! the log (`following`) and compares the rows with it (`guard`). In reading order: `session`,
//! `following`, `effect`, `guard`, `socket`, `drafts`, `orders`, `letters`, `routes` (one file a call),
//! `approve`, `agents`, `people`, `execute`, `certify`, `crl`, `work` (the loop).

mod agents;
mod approve;
mod beats;
mod certify;
mod crl;
mod drafts;
mod effect;
mod execute;
mod export;
mod following;
mod guard;
mod in_force;
mod kept;
mod letters;
mod look;
mod opened;
mod orders;
mod people;
mod renew;
mod routes;
mod seal;
mod session;
mod socket;
mod work;

use anyhow::Context;
use ca_host::CaConfig;
use ca_host::ISSUER;
use ca_host::listener;
use ca_host::service_keys::Place;
use ca_store::ledger::LedgerError;
use following::Following;
use keys::SoftwareSigner;
use pki::Certificate;
use records::trust::Trust;
use records::{Bytes, Code};
use seal::SealKey;
use service::{Clock, Metrics, Stop};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use store::{Store, StoreError};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

/// The issuer of one process.
pub struct Issuer {
    config: CaConfig,
    store: Store,
    clock: Clock,
    metrics: Metrics,
    trust: Trust,
    issuing: SoftwareSigner,
    registry: SoftwareSigner,
    seal: SealKey,
    root_certificate: Certificate,
    issuing_certificate: Certificate,
    registry_certificate: Certificate,
    /// What decides; whoever holds the lock may write.
    following: Mutex<Following>,
    /// Whether a list was made that is not published yet.
    unpublished: AtomicBool,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// It is refused; the caller learns the code.
    #[error("refused: {0}")]
    Refused(#[from] Code),
    /// We cannot; the caller learns `unavailable`, the diagnostic log why.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
}

impl From<StoreError> for IssuerError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<LedgerError> for IssuerError {
    fn from(error: LedgerError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ca_host::random::NoRandomness> for IssuerError {
    fn from(error: ca_host::random::NoRandomness) -> Self {
        Self::Failed(error.into())
    }
}

impl From<records::json::JsonError> for IssuerError {
    fn from(error: records::json::JsonError) -> Self {
        Self::Failed(error.into())
    }
}

impl IssuerError {
    /// The code that the caller learns.
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(code) => *code,
            Self::Failed(error) => {
                tracing::error!(error = format!("{error:#}"), "failed");
                Code::Unavailable
            }
        }
    }
}

impl Issuer {
    /// Opens the keys of the role and takes up the kept authority.
    pub fn open(
        config: CaConfig,
        store: Store,
        clock: Clock,
        metrics: Metrics,
    ) -> anyhow::Result<Self> {
        let folder = config.path("issuer");
        let passphrase = keys::passphrase_from_file(&folder.join("unlock"))?;
        let certificate = |name: &str| -> anyhow::Result<Certificate> {
            let path = config.path(&format!("public/ca/{name}.cer"));
            let der = std::fs::read(&path).with_context(|| path.display().to_string())?;
            Certificate::read(&der).with_context(|| path.display().to_string())
        };
        let issuer = Self {
            issuing: keys::open(&folder.join("issuing.key"), &passphrase)?,
            registry: keys::open(&folder.join("registry.key"), &passphrase)?,
            seal: SealKey::read(&folder.join("seal.key"))?,
            root_certificate: certificate("root")?,
            issuing_certificate: certificate(ISSUER)?,
            registry_certificate: certificate("registry")?,
            trust: ca_host::trust(&config)?,
            following: Mutex::new(kept::load(&config)?),
            unpublished: AtomicBool::new(false),
            config,
            store,
            clock,
            metrics,
        };
        let issuing = pki::Signer::public_key(&issuer.issuing).sha256();
        anyhow::ensure!(
            issuing == issuer.issuing_certificate.key().sha256(),
            "the issuing key does not belong to the issuing certificate"
        );
        Ok(issuer)
    }

    /// The founding digest.
    fn founding(&self) -> [u8; 32] {
        self.trust.founding.digest().unwrap_or_default()
    }

    /// A leaf with its issuers up to the root.
    fn chain(&self, leaf: &[u8]) -> Vec<Bytes> {
        let issuers = [self.issuing_certificate.der(), self.root_certificate.der()];
        [leaf].into_iter().chain(issuers).map(Bytes::from).collect()
    }
}

/// The code of a request that is not accepted.
fn request_code(error: pki::request::RequestError) -> Code {
    use pki::algorithm::KeyError;
    use pki::request::RequestError;
    match error {
        RequestError::TooLarge => Code::TooLarge,
        RequestError::Key(KeyError::Weak(_)) => Code::KeyWeak,
        RequestError::Key(KeyError::UnknownAlgorithm(_)) => Code::KeyUnknown,
        RequestError::Possession => Code::RequestSignature,
        _ => Code::RequestMalformed,
    }
}

/// Runs the role until the stop.
pub async fn serve(config: CaConfig, store: Store, clock: Clock, stop: Stop) -> anyhow::Result<()> {
    ca_store::founding::finish(&store).await?;
    let metrics = Metrics::default();
    let admin = service::Admin::new(metrics.clone()).serve(config.issuer.admin, stop.clone());
    let identity = Place::tls(&config, "issuer").identity()?;
    let root = std::fs::read(config.path("public/ca/root.cer"))?;
    let tls =
        mtls::tls::server(identity, &mtls::tls::ClientAuth::Required { root }, &["http/1.1"])?;
    let listen = TcpListener::bind(config.issuer.listen).await?;
    let full = metrics.fullness("listener");
    let issuer = Arc::new(Issuer::open(config, store, clock, metrics)?);
    let waiting = stop.clone();
    let site = listener::between_services(routes::router(issuer.clone()), full);
    let api = mtls::listen::serve(listen, Some(tls), site, async move { waiting.wait().await });
    let operators = socket::serve(issuer.clone(), stop.clone())?;
    let work = work::run(issuer.clone(), stop.clone());
    tokio::try_join!(admin, api, async {
        tokio::join!(work, operators);
        Ok(())
    })?;
    let following = issuer.following.lock().await;
    if !following.stale {
        kept::save(&issuer.config, &following)?;
    }
    Ok(())
}
