//! What the calls of this role share.

use super::answers::Answers;
use super::lists::Lists;
use super::losses::Losses;
use super::ocsp_places::OcspPlaces;
use super::repeats::Repeats;
use super::responder::{InUse, Issued};
use super::rules::RulesInForce;
use super::snapshots::Snapshots;
use super::turns::Turns;
use super::unlisted::{self, SignedBeside};
use super::world_polls::WorldPolls;
use anyhow::Context;
use ca_host::CaConfig;
use ca_host::ProvenTime;
use ca_host::clock_guard::ClockGuard;
use ca_host::gates_ahead::GatesAhead;
use ca_host::service_keys::KeyPlace;
use ca_host::services::Services;
use ca_store::follower::{Follower, Observer};
use keys::SoftwareSigner;
use records::Bytes;
use records::record::Event;
use records::trust::Trust;
use service::{Clock, Metrics, Stop};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use store::{Doorbell, Store};
use tokio::sync::{Notify, Semaphore, watch};

/// Reports that wait for the log's head at once.
const WAITING_MAX: usize = 16;

/// What the calls need.
pub(super) struct Status {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) clock_guard: ClockGuard,
    pub(super) metrics: Metrics,
    pub(super) key: SoftwareSigner,
    /// Certificate of the status key, then the root.
    pub(super) chain: Vec<Bytes>,
    pub(super) founding: Bytes,
    pub(super) services: Services,
    pub(super) follower: Follower,
    /// Losses that were confirmed here, and a sign that there is a new one.
    pub(super) losses: Losses,
    pub(super) losses_due: Notify,
    /// Places of those who wait for the log's head.
    pub(super) waiting: Semaphore,
    pub(super) lists: Arc<Lists>,
    pub(super) snapshots: Arc<Snapshots>,
    /// One suspension is judged and kept at a time: each sees whom those before it leave to release
    /// it.
    pub(super) suspending: Turns,
    /// What was said again, and is counted.
    pub(super) repeats: Mutex<Repeats>,
    pub(super) rules: RulesInForce,
    /// Counts what agents wait for.
    pub(super) news: watch::Sender<u64>,
    pub(super) trust: Trust,
    pub(super) stop: Stop,
    pub(super) config: CaConfig,
    pub(super) responder: InUse,
    pub(super) issued: Issued,
    pub(super) answers: Answers,
    /// What was handed to the issuer last; unknown after a start.
    pub(super) handed: Mutex<Option<BTreeSet<String>>>,
    /// What agents were told last.
    pub(super) unlisted: Mutex<SignedBeside>,
    /// What gates that wait for what is new were handed.
    pub(super) world_polls: WorldPolls,
    /// Gates that say that they have something newer than there is here.
    pub(super) gates_ahead: GatesAhead,
    /// Places of OCSP questions that are being answered.
    pub(super) ocsp_places: OcspPlaces,
}

impl Status {
    /// Opens what the role kept; nothing is followed yet.
    pub(super) fn open(
        config: &CaConfig,
        (store, doorbell): (Store, Doorbell),
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
        let services = Services::open(config)?;
        let snapshots = Arc::new(Snapshots::default());
        let told = (&trust, metrics.clone());
        let lists_noted = Arc::new(AtomicU64::new(1));
        let observer = observer(snapshots.clone(), lists_noted.clone());
        let follower =
            Follower::open(config, "status", store.clone(), told, doorbell, Some(observer))?;
        let key = services.issuing().key().clone();
        let public = config.path("public");
        let lists = Lists::open(follower.own_floor("list")?, key, &public, lists_noted);
        Ok(Self {
            losses: Losses::open(&follower)?,
            losses_due: Notify::new(),
            suspending: Turns::default(),
            repeats: Mutex::default(),
            waiting: Semaphore::new(WAITING_MAX),
            lists: Arc::new(lists),
            snapshots,
            rules: RulesInForce::default(),
            news: watch::Sender::new(0),
            store,
            clock,
            clock_guard: follower.clock_guard(config, clock)?,
            follower,
            metrics,
            key: keys::open(&folder.join("status.key"), &passphrase)?,
            chain: vec![read("status")?, read("root")?],
            founding: trust.founding.clone(),
            trust,
            services,
            responder: InUse::open(&KeyPlace::ocsp(config)),
            issued: Issued::default(),
            answers: Answers::default(),
            handed: Mutex::default(),
            unlisted: Mutex::new(unlisted::nothing()),
            world_polls: WorldPolls::default(),
            gates_ahead: GatesAhead::default(),
            ocsp_places: OcspPlaces::default(),
            config: config.clone(),
            stop,
        })
    }
}

impl Status {
    /// The time as it is believed now; that it is not is told.
    pub(super) fn time(&self) -> ProvenTime {
        self.clock_guard.time_told(self.clock, self.follower.last_time(), &self.metrics)
    }
}

/// Notes what a record says is new, as soon as it is committed.
fn observer(snapshots: Arc<Snapshots>, lists_noted: Arc<AtomicU64>) -> Observer {
    Arc::new(move |record| match &record.event {
        Event::Crl { .. } => {
            lists_noted.fetch_add(1, Ordering::AcqRel);
        }
        Event::People { agent, number, .. } => snapshots.note_due(agent, *number),
        _ => {}
    })
}
