//! What the calls of the role work with.

use crate::answers::Answers;
use crate::responder::{InUse, Issued};
use anyhow::Context;
use ca_host::CaConfig;
use ca_host::service_keys::Place;
use ca_host::services::Services;
use ca_store::follower::Follower;
use keys::SoftwareSigner;
use records::Bytes;
use records::trust::Trust;
use service::{Clock, Metrics, Stop};
use store::Store;

/// What the calls need.
pub(crate) struct Status {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) key: SoftwareSigner,
    /// Certificate of the status key, then the root.
    pub(crate) chain: Vec<Bytes>,
    pub(crate) founding: Bytes,
    pub(crate) services: Services,
    pub(crate) follower: Follower,
    pub(crate) trust: Trust,
    pub(crate) stop: Stop,
    pub(crate) config: CaConfig,
    pub(crate) responder: InUse,
    pub(crate) issued: Issued,
    pub(crate) answers: Answers,
}

impl Status {
    pub(crate) fn open(
        config: &CaConfig,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        stop: Stop,
    ) -> anyhow::Result<Self> {
        let folder = config.path("status");
        let passphrase = keys::passphrase_from_file(&folder.join("unlock"))?;
        let read = |name: &str| -> anyhow::Result<Bytes> {
            let path = config.path(&format!("public/ca/{name}.cer"));
            Ok(Bytes(std::fs::read(&path).with_context(|| path.display().to_string())?))
        };
        let trust = ca_host::trust(config)?;
        Ok(Self {
            follower: Follower::new(store.clone(), trust.clone()),
            store,
            clock,
            metrics,
            key: keys::open(&folder.join("status.key"), &passphrase)?,
            chain: vec![read("status")?, read("root")?],
            founding: trust.founding.clone(),
            trust,
            services: Services::open(config)?,
            responder: InUse::open(&Place::ocsp(config)),
            issued: Issued::default(),
            answers: Answers::default(),
            config: config.clone(),
            stop,
        })
    }
}
