//! Role `status`: publishes revocation lists and CA certificates, answers OCSP, takes loss reports, tells
//! agents what changed. Holds the status key, which signs receipts, and the OCSP key; nothing that could
//! issue.

mod answers;
mod lists;
mod loss;
mod losses;
mod ocsp;
mod responder;
mod snapshots;
mod world;

use answers::Answers;
use anyhow::Context;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use ca_host::CaConfig;
use ca_host::listener;
use ca_host::published::files;
use ca_host::service_keys::Place;
use ca_host::services::Services;
use ca_store::follower::{Follower, Observer};
use keys::SoftwareSigner;
use lists::Lists;
use losses::Losses;
use records::record::Event;
use records::trust::Trust;
use records::{Bytes, Code, Problem};
use responder::{InUse, Issued};
use service::problem::Refused;
use service::{Clock, Metrics, Stop};
use snapshots::Snapshots;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{Doorbell, Store};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use world::RulesInForce;

/// Largest loss report, in bytes.
const BODY_BYTES_MAX: usize = 4 * 1024;

/// What the calls need.
struct Status {
    store: Store,
    clock: Clock,
    metrics: Metrics,
    key: SoftwareSigner,
    /// Certificate of the status key, then the root.
    chain: Vec<Bytes>,
    founding: Bytes,
    services: Services,
    follower: Follower,
    /// Losses that were confirmed here, and a sign that there is a new one.
    losses: Losses,
    losses_due: Notify,
    lists: Arc<Lists>,
    snapshots: Arc<Snapshots>,
    rules: RulesInForce,
    /// Counts what agents wait for.
    news: watch::Sender<u64>,
    trust: Trust,
    stop: Stop,
    config: CaConfig,
    responder: InUse,
    issued: Issued,
    answers: Answers,
}

/// Runs the role until the stop.
pub async fn serve(config: CaConfig, store: Store, clock: Clock, stop: Stop) -> anyhow::Result<()> {
    let metrics = Metrics::default();
    let admin = service::Admin::new(metrics.clone()).serve(config.status.admin, stop.clone());
    let identity = Place::tls(&config, "status").identity()?;
    let listen = TcpListener::bind(config.status.https).await?;
    let listen_plain = TcpListener::bind(config.status.http).await?;
    let full = [metrics.fullness("listener"), metrics.fullness("listener-plain")];
    let lists = files(&config.path("public"), &["crl", "ca"], metrics.clone());
    let doorbell = ca_store::doorbell(&store, &config, "status").await?;
    let status = Status::open(&config, (store, doorbell), clock, metrics, stop.clone())?;
    let status = Arc::new(status);
    let keeping = responder::keep(status.clone(), Place::ocsp(&config), stop.clone());
    let keeping = tokio::spawn(keeping);
    let mut following = tokio::task::JoinSet::new();
    following.spawn(status.follower.clone().keep_up(stop.clone()));
    following.spawn(status.clone().bring_losses());
    following.spawn(status.clone().follow_world());
    let plain = lists.merge(ocsp::router(status.clone()));
    let waiting = stop.clone();
    let [full, full_plain] = full;
    let plain = listener::for_everybody(plain, full_plain);
    let stopped = async move { waiting.wait().await };
    let http = mtls::listen::serve(listen_plain, None, plain, stopped);
    // Loss reports come without a certificate, agents with one: each call judges what it needs.
    let issuers = vec![status.services.issuing().subject().der().to_vec()];
    let clients = mtls::tls::ClientAuth::Optional { issuers };
    let tls = mtls::tls::server(identity, &clients, &["h2", "http/1.1"])?;
    let issuing = status.services.issuing().clone();
    let site = listener::with_reports(router(status), issuing, is_brake, full);
    let waiting = stop.clone();
    let stopped = async move { waiting.wait().await };
    let https = mtls::listen::serve(listen, Some(tls), site, stopped);
    tokio::try_join!(admin, http, https)?;
    keeping.await?;
    while following.join_next().await.is_some() {}
    Ok(())
}

/// A report of a loss finds a place when agents and strangers have taken all others.
fn is_brake(path: &str) -> bool {
    path == ca_api::status::LOSS
}

fn router(status: Arc<Status>) -> Router {
    Router::new()
        .route(ca_api::status::LOSS, post(loss::report_loss))
        .route(ca_api::status::WORLD, post(world::world))
        .fallback(|| async { Refused(Problem::new(Code::NotFound, String::new())) })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(status)
}

impl Status {
    fn open(
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
        let list_due = Arc::new(AtomicBool::new(true));
        let observer = observer(snapshots.clone(), list_due.clone());
        let follower =
            Follower::open(config, "status", store.clone(), told, doorbell, Some(observer))?;
        let key = services.issuing().key().clone();
        let lists = Lists::open(&follower, key, &config.path("public"), list_due)?;
        Ok(Self {
            losses: Losses::open(&follower)?,
            losses_due: Notify::new(),
            lists: Arc::new(lists),
            snapshots,
            rules: RulesInForce::default(),
            news: watch::Sender::new(0),
            follower,
            store,
            clock,
            metrics,
            key: keys::open(&folder.join("status.key"), &passphrase)?,
            chain: vec![read("status")?, read("root")?],
            founding: trust.founding.clone(),
            trust,
            services,
            responder: InUse::open(&Place::ocsp(config)),
            issued: Issued::default(),
            answers: Answers::default(),
            config: config.clone(),
            stop,
        })
    }
}

/// Notes what a record says is new, as soon as it is committed.
fn observer(snapshots: Arc<Snapshots>, list_due: Arc<AtomicBool>) -> Observer {
    Arc::new(move |record| match &record.event {
        Event::Crl { .. } => list_due.store(true, Ordering::Release),
        Event::People { agent, .. } => snapshots.note_due(agent),
        _ => {}
    })
}
