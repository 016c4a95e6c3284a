//! Runs the process that systems ask.

use crate::config::{AcmeConfig, PortalConfig, ProcessConfig};
use crate::events::Events;
use crate::listener::{LIMITS, bounded};
use crate::machines::certs_only::EstAnswers;
use crate::machines::looks::{Looks, VALIDATIONS_MAX};
use crate::machines::nonces::{self, Nonces};
use crate::machines::scep::authority::{self, RaPlaces};
use crate::machines::second::SecondValidator;
use crate::machines::state::MachinesState;
use crate::machines::writes::Writes;
use crate::machines::{cmp, jobs, look_settings, route, scep, watched};
use crate::state::client;
use acme::directory::AcmeUrls;
use axum::Router;
use mtls::listen::{Proof, Site};
use mtls::tls::{ClientAuth, Identity, TlsError, server};
use records::time;
use records::trust::Trust;
use service::shown_certificate::ShownCertificate;
use service::{Clock, Metrics, Stop};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use store::Store;

/// Runs it until the stop.
pub(crate) async fn serve(config: PortalConfig, trust: Trust) -> anyhow::Result<()> {
    service::start_logs();
    service::raise_open_files();
    let (stop, clock, metrics) = (Stop::on_signal()?, Clock::system(), Metrics::default());
    let own = config.machines()?.clone();
    let acme = &config.acme;
    let validator = look_settings::validator(&acme.looks(), trust.sample)?;
    let identity = || Identity::from_files(&config.path(&own.chain), &config.path(&own.key));
    let store = Store::open(&config.database_address()).await?;
    store.migrate(crate::MIGRATIONS).await?;
    let events = Events::open(store.clone(), &config.portal, "machines", clock).await?;
    events.keep("start", "done", "").await?;
    let log = ca_api::Log(client(&config.log, &trust, identity()?)?);
    let writes = Writes::open(store.clone());
    let nonces = Nonces::open(&store, writes.clone(), clock).await?;
    let est = EstAnswers::read(&config.path(&own.chain), &trust.root_sha256.0)?;
    // Who renews by EST shows a certificate, and nobody else has to.
    let clients = ClientAuth::Optional { issuers: vec![est.issuing.clone()] };
    let state = Arc::new(MachinesState {
        host: own.host.clone(),
        urls: AcmeUrls::new(&acme.base(&own)),
        caa: acme.caa(&own),
        caa_always: acme.caa_always,
        renew_issued_before: acme.renew_issued_before.as_deref().and_then(time::read),
        est,
        scep: Default::default(),
        issuer: ca_api::Issuer(bounded(client(&config.issuer, &trust, identity()?)?)),
        events: events.clone(),
        metrics: metrics.clone(),
        clock,
        writes,
        nonces: nonces.clone(),
        validator,
        second: second(acme, &trust, identity, &metrics)?,
        looks: Looks::new(VALIDATIONS_MAX),
        carried: Default::default(),
        terms: Default::default(),
        orders: Default::default(),
        open_names: Default::default(),
        strangers: Default::default(),
        troubles: Default::default(),
        stop: stop.clone(),
        store: store.clone(),
    });
    let tls = server(identity()?, &clients, &["h2", "http/1.1"])?;
    let site = site(&state);
    let shown = ShownCertificate::of(&identity()?, "ra-portal renew machines --help");
    watch(config.path(".".as_ref()), shown, (clock, &metrics, &stop));
    tokio::spawn(nonces::forget(nonces, store.clone(), stop.clone()));
    tokio::spawn(jobs::forget(state.clone()));
    let telling = tokio::spawn(watched::run(state.clone()));
    let scep = serve_scep(state.clone(), config.clone());
    let cmp = serve_cmp(state.clone(), config.cmp.http);
    let working = tokio::spawn(jobs::run(state));
    let shipping = tokio::spawn(events.clone().run(log, metrics.clone(), stop.clone()));
    let admin = service::Admin::new(metrics);
    let admin = admin.serve((own.admin, "portal.toml: machines.admin"), stop.clone());
    let listener = service::listen(own.listen, "portal.toml: machines.listen").await?;
    let waiting = stop.clone();
    let ended = async move { waiting.wait().await };
    let answers = mtls::listen::serve(listener, Some(tls), site, ended);
    tokio::try_join!(admin, answers, scep, cmp)?;
    working.await?;
    telling.await?;
    shipping.await?;
    events.keep_rest().await?;
    events.keep("stop", "done", "").await?;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Tells of the disk, and of the certificate that the process shows.
fn watch(folder: PathBuf, shown: ShownCertificate, of: (Clock, &Metrics, &Stop)) {
    let (clock, metrics, stop) = of;
    tokio::spawn(service::disk::watch(folder, metrics.clone(), stop.clone()));
    tokio::spawn(shown.watch(clock, metrics.clone(), stop.clone()));
}

/// A validator elsewhere, where one is configured.
fn second(
    acme: &AcmeConfig,
    trust: &Trust,
    identity: impl Fn() -> Result<Identity, TlsError>,
    metrics: &Metrics,
) -> anyhow::Result<Option<SecondValidator>> {
    let Some(address) = &acme.second else { return Ok(None) };
    let client = client(address, trust, identity()?)?;
    Ok(Some(SecondValidator::of(client, metrics.clone())))
}

/// What systems meet on the host.
fn site(state: &Arc<MachinesState>) -> Site {
    Site {
        proof: Proof::Nothing,
        router: route::router(state.clone()),
        limits: LIMITS,
        is_brake: route::is_brake,
        busy: service::problem::busy,
        refuse: service::problem::refuse,
        full: state.metrics.fullness("listener"),
        nearly_full: state.metrics.near_fullness("listener"),
    }
}

/// SCEP: keeps its key, and listens without TLS for devices that speak nothing else, if that is
/// configured.
async fn serve_scep(state: Arc<MachinesState>, config: PortalConfig) -> std::io::Result<()> {
    let Some(own) = &config.scep else { return Ok(()) };
    let places = RaPlaces::of(own, |path| config.path(path));
    tokio::spawn(authority::keep(state.clone(), places));
    let Some(address) = own.http else { return Ok(()) };
    let router = scep::plain_router(state.clone());
    let is_brake = |_: &str| false;
    let served = (router, "listener-plain", is_brake as fn(&str) -> bool);
    serve_plain(&state, (address, "portal.toml: scep.http"), served).await
}

/// CMP without TLS, if that is configured.
async fn serve_cmp(state: Arc<MachinesState>, http: Option<SocketAddr>) -> std::io::Result<()> {
    let Some(address) = http else { return Ok(()) };
    let router = cmp::plain_router(state.clone());
    let served = (router, "listener-cmp", cmp::may_end as fn(&str) -> bool);
    serve_plain(&state, (address, "portal.toml: cmp.http"), served).await
}

/// What is spoken without TLS, at an address of its own.
async fn serve_plain(
    state: &MachinesState,
    (address, setting): (SocketAddr, &str),
    (router, name, is_brake): (Router, &'static str, fn(&str) -> bool),
) -> std::io::Result<()> {
    let listener = service::listen(address, setting).await?;
    let (metrics, stop) = (&state.metrics, state.stop.clone());
    let site = Site {
        proof: Proof::Nothing,
        router,
        limits: LIMITS,
        is_brake,
        busy: service::problem::busy,
        refuse: service::problem::refuse,
        full: metrics.fullness(name),
        nearly_full: metrics.near_fullness(name),
    };
    mtls::listen::serve(listener, None, site, async move { stop.wait().await }).await
}

impl AcmeConfig {
    /// Where clients find this process.
    pub(crate) fn base(&self, own: &ProcessConfig) -> String {
        match (&self.url, own.listen.port()) {
            (Some(url), _) => url.clone(),
            (None, 443) => format!("https://{}", own.host),
            (None, port) => format!("https://{}:{port}", own.host),
        }
    }

    /// How CAA records name this CA; without a name of its own, by its host.
    fn caa(&self, own: &ProcessConfig) -> Vec<String> {
        match self.caa_identities.is_empty() {
            true => vec![own.host.clone()],
            false => self.caa_identities.clone(),
        }
    }
}
