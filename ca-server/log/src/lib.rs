//! Role `log`: sequences records into the logs, signs checkpoints, publishes tiles, takes records
//! from portals. Holds the checkpoint keys and nothing else.

mod auditors;
mod continuation;
mod evidence;
mod handed_in;
mod index;
mod intake;
mod portals;
mod publish;
mod questions;
mod rounds;
mod routes;
mod search;
mod searches;
mod silence;
mod state;
mod summary;
mod verifying;
mod witnesses;

use anyhow::Context;
use ca_host::CaConfig;
use ca_host::LOGS;
use ca_host::listener;
use ca_host::service_keys::KeyPlace;
use ca_host::trust::checkpoint_key;
use ca_store::follower::Follower;
use ca_store::published_head::PublishedHead;
use ca_store::sequence::Sequencer;
use index::{Handed, Indexer};
use publish::Publisher;
use rounds::Rounds;
use service::shown_certificate::ShownCertificate;
use service::{Clock, Gathering, Metrics, Stop};
use state::{LogState, Shared};
use std::collections::HashMap;
use std::sync::Arc;
use store::{CommitNews, Store};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Runs the role until the stop.
pub async fn serve(config: CaConfig, store: Store, clock: Clock, stop: Stop) -> anyhow::Result<()> {
    let metrics = Metrics::default();
    let mut tasks = JoinSet::new();
    let shared = logs(&config, &store, clock, &metrics, &mut tasks, &stop).await?;
    let told = metrics.clone();
    let looking = service::disk::watch(config.folder().to_owned(), told.clone(), stop.clone());
    tokio::spawn(looking);
    let admin = service::Admin::new(metrics.clone())
        .serve((config.log.admin, "ca.toml: log.admin"), stop.clone());
    let tiles = ca_host::published::files(&config.path("public/log"), &LOGS, metrics.clone());
    let waiting = stop.clone();
    let tiles = listener::for_everybody(tiles, (&told, "listener-plain"));
    let listen = service::listen(config.log.http, "ca.toml: log.http").await?;
    let public = mtls::listen::serve(listen, None, tiles, async move { waiting.wait().await });
    let identity = KeyPlace::tls(&config, "log").identity()?;
    let shown = ShownCertificate::of(&identity, "ca-server renew log");
    tokio::spawn(shown.watch(clock, told.clone(), stop.clone()));
    let root = std::fs::read(config.path("public/ca/root.cer"))?;
    let clients = mtls::tls::ClientAuth::Required { root, clock: Arc::new(clock) };
    let tls = mtls::tls::server(identity, &clients, &["http/1.1"])?;
    let state = Arc::new(LogState::new(store, metrics, clock, &config, shared)?);
    tasks.spawn(state.follower().keep_up(stop.clone()));
    tasks.spawn(silence::watch(state.clone(), stop.clone()));
    tasks.spawn(summary::sum_up(state.clone(), stop.clone()));
    let waiting = stop.clone();
    let judge = routes::judge(state.clone());
    let router = routes::router(state);
    let site = listener::between_services(router, judge, |_| false, (&told, "listener"));
    let listen = service::listen(config.log.https, "ca.toml: log.https").await?;
    let private = mtls::listen::serve(listen, Some(tls), site, async move { waiting.wait().await });
    tokio::try_join!(admin, public, private)?;
    while tasks.join_next().await.is_some() {}
    Ok(())
}

/// Starts sequencer, publisher and indexer of each log.
async fn logs(
    config: &CaConfig,
    store: &Store,
    clock: Clock,
    metrics: &Metrics,
    tasks: &mut JoinSet<()>,
    stop: &Stop,
) -> anyhow::Result<Shared> {
    let trust = ca_host::trust(config)?;
    let followed = CommitNews::CONTROL_GREW.and(CommitNews::CONTROL_WAITS);
    let hears = followed.and(CommitNews::ACCESS_WAITS);
    let bell = ca_store::doorbell(store, config, ("log", hears)).await?;
    let told = (&trust, metrics.clone());
    let own = bell.hearing(followed);
    let follower = Follower::open(config, "log", store.clone(), told, own, None)?;
    let (intake, runs) = intake::open();
    let (mut runs, mut reach, mut sequencers) = (Some(runs), HashMap::new(), HashMap::new());
    for log in LOGS {
        let origin = trust.log_key(log).context("trust file")?.name().to_owned();
        let (signer, key) = checkpoint_key(config.folder(), log, &origin)?;
        let (mut floor, _) = follower.own_floor(ca_store::keep::signed(log))?;
        // Should that be one of before: anybody may have read what is published.
        floor.raise(PublishedHead::of(config, log, key.clone()).above(floor.floor()))?;
        let known = follower.known().clone();
        let sequencer = Sequencer::new(log, store.clone(), signer, key, clock)?;
        let sequencer = sequencer.above(floor).with_known(known.clone());
        let arrivals = match log {
            ca_store::run::LOG => runs.take(),
            _ => None,
        };
        let [index, own] = std::array::from_fn(|_| Arc::new(Notify::new()));
        let handed = Arc::new(Handed::default());
        let signed = sequencer.durable();
        let rounds = Rounds {
            sequencer,
            arrivals: arrivals.unwrap_or_else(|| intake::open().1),
            bell: bell.hearing(rounds::waits(log)),
            own: own.clone(),
            index: index.clone(),
            handed: handed.clone(),
            metrics: metrics.clone(),
            gathering: Gathering::of(rounds::MANY),
            kept_out: None,
            counted: None,
        };
        sequencers.insert(log, own);
        tasks.spawn(rounds.run(stop.clone()));
        let publisher = Publisher::new(store.clone(), log, &config.path("public"), signed);
        tasks.spawn(publisher.run(metrics.clone(), stop.clone()));
        let (indexer, reached) = Indexer::new(log, (store.clone(), known), handed);
        tasks.spawn(indexer.run(index, metrics.clone(), stop.clone()));
        reach.insert(log, reached);
    }
    Ok(Shared { intake, reach, follower, bell, sequencers })
}
