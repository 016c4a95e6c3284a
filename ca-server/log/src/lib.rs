//! Role `log`: sequences records into the logs, signs checkpoints, publishes tiles, takes records
//! from portals. Holds the checkpoint keys and nothing else.

mod auditors;
mod evidence;
mod project;
mod publish;
mod routes;
mod search;
mod silence;

use anyhow::Context;
use ca_host::CaConfig;
use ca_host::LOGS;
use ca_host::listener;
use ca_host::service_keys::Place;
use ca_host::trust::checkpoint_key;
use ca_store::sequence::Sequencer;
use service::{Clock, Metrics, Stop};
use std::sync::Arc;
use std::time::Duration;
use store::{Doorbell, Store, Watch};
use tokio::net::TcpListener;

/// How often a sequencer looks for a sign of commits.
const LOOK: Duration = Duration::from_millis(8);

/// Runs the role until the stop.
pub async fn serve(config: CaConfig, store: Store, clock: Clock, stop: Stop) -> anyhow::Result<()> {
    let metrics = Metrics::default();
    let trust = ca_host::trust(&config)?;
    let mut tasks = tokio::task::JoinSet::new();
    let doorbell = ca_store::doorbell(&store, &config, "log").await?;
    for log in LOGS {
        let origin = trust.log_key(log).context("trust file")?.name().to_owned();
        let (signer, key) = checkpoint_key(config.folder(), log, &origin)?;
        let sequencer = Sequencer::new(log, store.clone(), signer, key, clock)?;
        let publisher = publish::Publisher::new(store.clone(), log, &config.path("public"));
        let watch = store.watch();
        let bell = doorbell.clone();
        tasks.spawn(run(sequencer, publisher, (watch, bell), metrics.clone(), stop.clone()));
        tasks.spawn(project::run(log, store.clone(), metrics.clone(), stop.clone()));
    }
    let full = [metrics.fullness("listener"), metrics.fullness("listener-plain")];
    let admin = service::Admin::new(metrics.clone()).serve(config.log.admin, stop.clone());
    let tiles = ca_host::published::files(&config.path("public/log"), &LOGS, metrics.clone());
    let waiting = stop.clone();
    let [full, full_plain] = full;
    let tiles = listener::for_everybody(tiles, full_plain);
    let listen = TcpListener::bind(config.log.http).await?;
    let public = mtls::listen::serve(listen, None, tiles, async move { waiting.wait().await });
    let identity = Place::tls(&config, "log").identity()?;
    let root = std::fs::read(config.path("public/ca/root.cer"))?;
    let tls =
        mtls::tls::server(identity, &mtls::tls::ClientAuth::Required { root }, &["http/1.1"])?;
    let state = Arc::new(routes::LogState::new(store, metrics, clock, &config, doorbell)?);
    tasks.spawn(state.follower().keep_up(stop.clone()));
    tasks.spawn(silence::watch(state.clone(), stop.clone()));
    let waiting = stop.clone();
    let site = listener::between_services(routes::router(state), full);
    let listen = TcpListener::bind(config.log.https).await?;
    let private = mtls::listen::serve(listen, Some(tls), site, async move { waiting.wait().await });
    tokio::try_join!(admin, public, private)?;
    while tasks.join_next().await.is_some() {}
    Ok(())
}

/// The sequencer's loop: commit, then publish. A failure leaves records pending and is told on
/// `/readyz`; the next round tries again.
async fn run(
    mut sequencer: Sequencer,
    publisher: publish::Publisher,
    signs: (Watch, Doorbell),
    metrics: Metrics,
    stop: Stop,
) {
    rounds(&mut sequencer, &publisher, signs, &metrics, &stop).await;
    if let Err(error) = sequencer.release().await {
        tracing::warn!(error = format!("{error:#}"), "the lease is left to its end");
    }
}

async fn rounds(
    sequencer: &mut Sequencer,
    publisher: &publish::Publisher,
    (mut watch, doorbell): (Watch, Doorbell),
    metrics: &Metrics,
    stop: &Stop,
) {
    let name = sequencer.log();
    loop {
        if !watch.changed() {
            if !stop.pause(LOOK).await {
                return;
            }
            continue;
        }
        let result = async {
            let sequenced = sequencer.round().await?;
            if sequenced > 0 {
                doorbell.ring();
            }
            publisher.catch_up().await?;
            anyhow::Ok(sequenced)
        };
        let pause = match result.await {
            Ok(0) => 5,
            Ok(count) => {
                metrics.condition(name, "");
                metrics.count("sequence", "done");
                metrics
                    .set(if name == "control" { "control_batch" } else { "access_batch" }, count);
                1
            }
            Err(error) => {
                metrics.condition(name, &format!("{error:#}"));
                metrics.count("sequence", "unavailable");
                500
            }
        };
        if !stop.pause(Duration::from_millis(pause)).await {
            return;
        }
    }
}
