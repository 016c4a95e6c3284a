//! Runs the process that systems ask.

use crate::config::{AcmeConfig, PortalConfig, ProcessConfig};
use crate::events::Events;
use crate::listener::{LIMITS, bounded};
use crate::machines::certs_only::EstAnswers;
use crate::machines::looks::Looks;
use crate::machines::nonces::{self, Nonces};
use crate::machines::scep::authority::{self, RaPlaces};
use crate::machines::state::{MachinesState, VALIDATIONS_MAX};
use crate::machines::validate::{Ranges, Resolver, Validator};
use crate::machines::writes::Writes;
use crate::machines::{cmp, jobs, route, scep, watched};
use crate::state::client;
use acme::directory::AcmeUrls;
use acme::http01::WebPorts;
use anyhow::{Context, ensure};
use axum::Router;
use mtls::listen::{Proof, Site};
use mtls::tls::{ClientAuth, Identity, server};
use records::trust::Trust;
use service::{Clock, Metrics, Stop};
use std::net::SocketAddr;
use std::sync::Arc;
use store::Store;

/// What of a sample city is said by the environment, and of no other one.
const SAMPLE_ONLY: [&str; 3] = ["YINXIN_DNS", "YINXIN_HTTP01_PORT", "YINXIN_TLSALPN01_PORT"];

/// Ports of web servers, and of tls-alpn-01 (RFC 8737 3).
const USUAL: WebPorts = WebPorts { http: 80, https: 443 };
const TLS_ALPN_PORT: u16 = 443;

/// Runs it until the stop.
pub(crate) async fn serve(config: PortalConfig, trust: Trust) -> anyhow::Result<()> {
    service::start_logs();
    service::raise_open_files();
    let (stop, clock, metrics) = (Stop::on_signal()?, Clock::system(), Metrics::default());
    let own = config.machines()?.clone();
    let acme = settings(&config.acme, trust.sample, |name| std::env::var(name).ok())?;
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
        est,
        scep: Default::default(),
        issuer: ca_api::Issuer(bounded(client(&config.issuer, &trust, identity()?)?)),
        events: events.clone(),
        metrics: metrics.clone(),
        clock,
        writes,
        nonces: nonces.clone(),
        validator: validator(&acme)?,
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
    tokio::spawn(service::disk::watch(config.path(".".as_ref()), metrics.clone(), stop.clone()));
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

/// The configuration, and what the environment says of a sample city: where names are asked for and
/// which ports stand for those of web servers. Of another city nobody says that so.
fn settings(
    configured: &AcmeConfig,
    is_sample: bool,
    said: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<AcmeConfig> {
    let [dns, http, tls] = SAMPLE_ONLY.map(|name| said(name).map(|text| (name, text)));
    let is_told = [&dns, &http, &tls].iter().any(|one| one.is_some());
    let is_set = configured.http01_port.is_some() || configured.tlsalpn01_port.is_some();
    ensure!(
        is_sample || !(is_told || is_set),
        "只有示例城市可以另设验证用的端口和解析服务（{0}） / only a sample city validates at \
         other ports, or by a resolver of the environment ({0})",
        SAMPLE_ONLY.join(", ")
    );
    let mut acme = configured.clone();
    if let Some((name, text)) = dns {
        acme.resolver = Some(text.parse().with_context(|| format!("{name}={text}"))?);
    }
    let port = |one: Option<(&str, String)>| -> anyhow::Result<Option<u16>> {
        one.map(|(name, text)| text.parse().with_context(|| format!("{name}={text}"))).transpose()
    };
    acme.http01_port = port(http)?.or(acme.http01_port);
    acme.tlsalpn01_port = port(tls)?.or(acme.tlsalpn01_port);
    Ok(acme)
}

fn validator(acme: &AcmeConfig) -> anyhow::Result<Validator> {
    let web = WebPorts {
        http: acme.http01_port.unwrap_or(USUAL.http),
        https: acme.tlsalpn01_port.unwrap_or(USUAL.https),
    };
    let resolver = match acme.resolver {
        Some(resolver) => resolver,
        None => system_resolver(&std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default())?,
    };
    let ranges = Ranges::read(&acme.private_ranges)?;
    let tls_alpn = acme.tlsalpn01_port.unwrap_or(TLS_ALPN_PORT);
    Ok(Validator::new(Resolver(resolver), ranges, web, tls_alpn))
}

/// The first resolver of this machine.
fn system_resolver(text: &str) -> anyhow::Result<SocketAddr> {
    let first = text.lines().find_map(|line| line.trim().strip_prefix("nameserver"));
    let address = first.and_then(|address| address.trim().parse().ok());
    let address = address.context(
        "请在 portal.toml 的 [acme] 中设置 resolver / set resolver in [acme] of portal.toml",
    )?;
    Ok(SocketAddr::new(address, 53))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever sets the environment of a real city's process changes nothing: it does not start.
    #[test]
    fn only_a_sample_city_listens_to_its_environment() {
        let plain = AcmeConfig::default();
        let nothing = |_: &str| None;
        for name in SAMPLE_ONLY {
            let value = if name == "YINXIN_DNS" { "127.0.0.1:53" } else { "5002" };
            let said = |asked: &str| (asked == name).then(|| value.to_owned());
            assert!(settings(&plain, true, said).is_ok(), "{name}");
            assert!(settings(&plain, false, said).is_err(), "{name}");
            let odd = |asked: &str| (asked == name).then(|| "odd".to_owned());
            assert!(settings(&plain, true, odd).is_err(), "{name}");
        }
        assert!(settings(&plain, false, nothing).is_ok());
        let ports = AcmeConfig { http01_port: Some(5002), ..AcmeConfig::default() };
        assert!(settings(&ports, true, nothing).is_ok());
        assert!(settings(&ports, false, nothing).is_err());
        let told = settings(&plain, true, |name| {
            (name == "YINXIN_HTTP01_PORT").then(|| "5002".to_owned())
        });
        assert_eq!(told.unwrap().http01_port, Some(5002));
    }

    #[test]
    fn the_resolver_is_this_machines_unless_it_is_set() {
        let text = "# comment\nsearch city\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n";
        assert_eq!(system_resolver(text).unwrap().to_string(), "10.0.0.2:53");
        assert!(system_resolver("search city\n").is_err());
    }
}
