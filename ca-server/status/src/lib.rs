//! Role `status`: publishes revocation lists and CA certificates, answers OCSP, takes loss reports,
//! tells agents what changed. Holds the status key, which signs receipts, and the OCSP key; nothing
//! that could issue.

mod ahead;
mod answers;
mod authority_cache;
mod bring;
mod confirmed;
mod derived;
mod listed;
mod lists;
mod loss;
mod losses;
mod ocsp;
mod ocsp_places;
mod renewal;
mod repeats;
mod responder;
mod rules;
mod snapshots;
mod state;
mod suspend;
mod taken_away;
mod turns;
mod unlisted;
mod walk;
mod world;
mod world_polls;

use authority::Authority;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use ca_api::status::{SUSPEND, SUSPEND_BY_LETTER};
use ca_host::CaConfig;
use ca_host::listener;
use ca_host::published::files;
use ca_host::service_keys::KeyPlace;
use mtls::listen::Judge;
use service::shown_certificate::ShownCertificate;
use service::{Clock, Metrics, Stop};
use state::Status;
use std::sync::Arc;
use std::time::Duration;
use store::{CommitNews, Store};
use tokio::time::timeout;

/// Largest message, in bytes.
const BODY_BYTES_MAX: usize = 4 * 1024;
/// Largest suspension that somebody signed, with certificate and evidence, in bytes.
const SIGNED_BYTES_MAX: usize = 24 * 1024;

/// A database that does not answer at the start is asked again after this long.
const AGAIN: Duration = Duration::from_secs(1);
/// One that does not answer within this time is told as that.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// Runs the role until the stop.
pub async fn serve(config: CaConfig, store: Store, clock: Clock, stop: Stop) -> anyhow::Result<()> {
    let metrics = Metrics::default();
    let admin = service::Admin::new(metrics.clone())
        .serve((config.status.admin, "ca.toml: status.admin"), stop.clone());
    let identity = KeyPlace::tls(&config, "status").identity()?;
    let shown = ShownCertificate::of(&identity, "ca-server renew status");
    tokio::spawn(shown.watch(clock, metrics.clone(), stop.clone()));
    let listen = service::listen(config.status.https, "ca.toml: status.https").await?;
    let listen_plain = service::listen(config.status.http, "ca.toml: status.http").await?;
    let told = metrics.clone();
    let looking = service::disk::watch(config.folder().to_owned(), told.clone(), stop.clone());
    tokio::spawn(looking);
    let lists = files(&config.path("public"), &["crl", "ca"], metrics.clone());
    let hears = CommitNews::CONTROL_GREW.and(CommitNews::CONTROL_WAITS);
    let doorbell = ca_store::doorbell(&store, &config, ("status", hears)).await?;
    let status = Status::open(&config, (store, doorbell), clock, metrics, stop.clone())?;
    let status = Arc::new(status);
    let keeping = renewal::keep(status.clone(), KeyPlace::ocsp(&config), stop.clone());
    let keeping = tokio::spawn(keeping);
    let mut following = tokio::task::JoinSet::new();
    following.spawn(status.follower.clone().keep_up(stop.clone()));
    following.spawn(status.clone().bring_losses());
    following.spawn(status.clone().hand_losses_over());
    following.spawn(status.clone().forget_losses());
    following.spawn(status.clone().follow_world());
    let plain = lists.merge(ocsp::router(status.clone()));
    let waiting = stop.clone();
    let plain = listener::for_everybody(plain, (&told, "listener-plain"));
    let stopped = async move { waiting.wait().await };
    let http = mtls::listen::serve(listen_plain, None, plain, stopped);
    // Loss reports come without a certificate, agents with one: each call judges what it needs.
    let issuers = vec![status.services.issuing().subject().der().to_vec()];
    let clients = mtls::tls::ClientAuth::Optional { issuers };
    let tls = mtls::tls::server(identity, &clients, &["h2", "http/1.1"])?;
    let (router, judge) = (router(status.clone()), judge(status.clone()));
    // A loss or a suspension finds a place when agents and strangers have taken all others.
    let is_brake = ca_api::is_near_brake;
    let site = listener::with_reports(router, judge, is_brake, (&told, "listener"));
    let waiting = stop.clone();
    let stopped = async move { waiting.wait().await };
    let https = mtls::listen::serve(listen, Some(tls), site, stopped);
    let upkeep = async {
        bring_up_to_date(&status).await;
        Ok(())
    };
    tokio::try_join!(admin, http, https, upkeep)?;
    keeping.await?;
    while following.join_next().await.is_some() {}
    Ok(())
}

/// Sees to the schema once the database answers; until then losses go into the journal.
async fn bring_up_to_date(status: &Status) {
    let own = status.config.status.database.as_ref();
    loop {
        let problem = match timeout(ANSWER_WAIT, status.store.read()).await {
            Ok(Ok(tx)) => {
                drop(tx);
                let brought = ca_store::bring_up_to_date(&status.store, &status.config, own).await;
                brought.err().map(|error| error.to_string())
            }
            Ok(Err(error)) => Some(format!("it does not answer: {error}")),
            Err(_) => Some("it does not answer".to_owned()),
        };
        status.metrics.condition("database", problem.as_deref().unwrap_or_default());
        if problem.is_none() || !status.stop.pause(AGAIN).await {
            return;
        }
    }
}

/// Whose connections count: those of services that are in time and were not revoked. A portal
/// brings what many people report there.
fn judge(status: Arc<Status>) -> Judge {
    Arc::new(move |certificate| {
        let name = status.services.judged(certificate, status.time().unix()).ok()?;
        let authority = status.follower.latest();
        let is_revoked = |known: &Authority| known.is_revoked(&certificate.serial().to_string());
        if authority.is_some_and(|known| is_revoked(&known)) {
            return None;
        }
        Some(if name.ends_with("/agent") { listener::OF_AGENT } else { listener::OF_PORTAL })
    })
}

fn router(status: Arc<Status>) -> Router {
    let signed = post(suspend::signed).layer(DefaultBodyLimit::max(SIGNED_BYTES_MAX));
    Router::new()
        .route(ca_api::status::LOSS, post(loss::report_loss))
        .route(SUSPEND_BY_LETTER, post(suspend::by_letter))
        .route(SUSPEND, signed)
        .route(ca_api::status::WORLD, post(world::world))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(status)
}
