//! `agent serve`: puts the parts together and runs them until the stop.

mod earlier;
mod listeners;
mod live_pair;
mod own_pair;
mod reload;

use super::heart::Heart;
use super::joined::joined;
use crate::config::{TunnelConfig, UpstreamProtocol};
use crate::gate::call::CallToken;
use crate::gate::tunnel::OpenTunnel;
use crate::gate::{
    self, AllowedFields, ClientTrust, Counts, Gate, HTTP2_PROTOCOL, TlsToUpstream, Upstreams,
};
use crate::self_test::{SelfTested, self_test};
use crate::ship::Shipper;
use crate::spool::{Place, Postbox, Spool, UnreadRuns, recover};
use crate::token::Tokens;
use crate::witness::Witness;
use crate::world::{Anchors, Source, watch};
use crate::{AgentConfig, spool};
use anyhow::Context;
use axum::Router;
use axum::routing::get;
use listeners::Listeners;
use live_pair::LivePair;
use mtls::dial::TUNNEL_PROTOCOL;
use mtls::listen::Lanes;
use mtls::shown::ShownIdentity;
use mtls::tls::{ClientAuth, Version, client_of_application, server_from};
use pki::Signer;
use records::access::RunStart;
use records::join::JoinFile;
use records::record::Event;
use rustls::ServerConfig;
use service::{Admin, Clock, Metrics, Stop};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::sync::Notify;

pub(super) async fn run(folder: &Path) -> anyhow::Result<ExitCode> {
    service::start_logs();
    let tested = self_test()?;
    let config = AgentConfig::read(folder)?;
    let file = joined(folder)?;
    let _alone = alone(folder)?;
    super::renew::finish(folder)?;
    system::file::check_private(&config.path("tls.key"))?;
    let (stop, reload) = (Stop::on_signal()?, reload::heard()?);
    // Before anything is written: one whose place is taken leaves nothing behind.
    let Listeners { people: listener, tunnels, calls } = Listeners::take(&config).await?;
    let calls = calls.map(|it| anyhow::Ok((it, CallToken::open(&config)?))).transpose()?;
    service::raise_open_files();
    let clock = Clock::system();
    let metrics = Metrics::default();
    let live = Arc::new(LivePair::open(folder, &file, clock)?);
    // Whatever keeps a start from going on is found before the spool begins a run.
    Tokens::check(&config)?;
    tls_to_upstream(&config, &live.shown())?;
    let source = Arc::new(Source::open(&config, Anchors::new(&file)?, clock, metrics.clone())?);
    let (spool, unread) = start_spool(&config, &file, live.present().signer(), clock, &metrics)?;
    let are_told = earlier::tell(spool.clone(), unread, metrics.clone())?;
    let gate = Arc::new(open_gate(tested, (&config, &file), &source, spool, &live, &metrics)?);
    let shipper = shipper(&file, &gate, live.present().signer(), &source)?;
    let tls = spoken(&config, (&gate, &live), &["h2", "http/1.1"])?;
    let opened = |(tunnel, listener)| opened(&config, (&gate, &live), tunnel, listener);
    let tunnels: Vec<OpenTunnel> = tunnels.into_iter().map(opened).collect::<Result<_, _>>()?;
    let is_back = Arc::new(Notify::new());
    let heart = Arc::new(Heart { gate: gate.clone(), source: source.clone(), is_back });
    let beside = published(&gate, &live).merge(told(&heart));
    let admin = Admin::new(metrics.clone()).with(beside);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(watch(source.clone(), live.sessions(), stop.clone()));
    tasks.spawn(earlier::ship(shipper, are_told, live.sessions(), stop.clone()));
    tasks.spawn(live.clone().watch(gate.clone(), stop.clone()));
    tasks.spawn(gate::sweep(gate.clone(), source.swapped.clone(), stop.clone()));
    tasks.spawn(gate::tell(gate.clone(), stop.clone()));
    tasks.spawn(gate::look_at_upstreams(gate.clone(), stop.clone()));
    let here = (folder.to_owned(), config.clone());
    tasks.spawn(reload::watch(reload, here, metrics.clone(), stop.clone()));
    tasks.spawn(service::disk::watch(config.path("spool"), metrics.clone(), stop.clone()));
    tasks.spawn(service::open_files::watch(metrics.clone(), stop.clone()));
    tasks.spawn(heart.clone().pulse(live.sessions(), stop.clone()));
    tasks.spawn(heart.clone().record(stop.clone()));
    let admin = admin.serve((config.admin, "agent.toml: admin"), stop.clone());
    let people = gate::accept::listen(gate.clone(), listener, tls, stop.clone());
    let people = source.once_asked(people);
    let tunnels = gate::tunnel::listen(gate.clone(), tunnels, stop.clone());
    let tunnels = source.once_asked(tunnels);
    let calls = gate::call::listen(gate.clone(), calls, stop.clone());
    let calls = source.once_asked(calls);
    tokio::try_join!(admin, people, tunnels, calls)?;
    while tasks.join_next().await.is_some() {}
    // The ends that came last stand before this one.
    let last = Event::Heartbeat(heart.beat("stopped"));
    let _ = gate.spool.record(last, Vec::new(), Place::Ends).await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// What brings records to the log.
fn shipper(
    file: &JoinFile,
    gate: &Gate,
    signer: &Arc<keys::SoftwareSigner>,
    source: &Source,
) -> anyhow::Result<Shipper> {
    let access = file
        .trust
        .log_key("access")
        .context("信任文件中没有访问日志的公钥 / the trust file has no key of the access log")?;
    let (spool, marks) = (gate.spool.clone(), source.marks.clone());
    Shipper::open(&file.agent, spool, signer.clone(), access, marks, gate.metrics.clone())
}

/// What is spoken with people: TLS that asks for their certificates, and within it one of these
/// protocols.
fn spoken(
    config: &AgentConfig,
    (gate, live): (&Gate, &LivePair),
    protocols: &[&str],
) -> anyhow::Result<Arc<ServerConfig>> {
    let issuers =
        gate.clients.issuing.iter().map(|issuing| issuing.subject().der().to_vec()).collect();
    let clients = ClientAuth::Optional { issuers };
    let version = config.tls_min_version;
    if version == Version::Tls12 {
        tracing::info!(?protocols, "TLS 1.2 is spoken with clients that know nothing newer");
    }
    Ok(server_from(version, live.shown(), &clients, protocols)?)
}

/// A tunnel with what is spoken there.
fn opened(
    config: &AgentConfig,
    own: (&Gate, &LivePair),
    tunnel: TunnelConfig,
    listener: TcpListener,
) -> anyhow::Result<OpenTunnel> {
    let mut protocols = vec![TUNNEL_PROTOCOL];
    protocols.extend(tunnel.alpn.as_deref());
    let tls = spoken(config, own, &protocols)?;
    Ok(OpenTunnel { config: tunnel, listener, tls })
}

/// Two agents on one state directory would take each other's records for their own.
fn alone(folder: &Path) -> anyhow::Result<std::fs::File> {
    let lock = system::file::open_lock(&folder.join("lock"))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .ok()
        .with_context(|| {
            let folder = folder.display();
            format!("{folder} 中已有网关在运行 / an agent runs in {folder} already")
        })?;
    Ok(lock)
}

/// Takes up the spool and begins a new run; gives what is still to be read of those before.
fn start_spool(
    config: &AgentConfig,
    file: &JoinFile,
    signer: &keys::SoftwareSigner,
    clock: Clock,
    metrics: &Metrics,
) -> anyhow::Result<(Spool, UnreadRuns)> {
    let found = recover(&config.path("spool"), &file.agent)?;
    if !found.damaged.is_empty() {
        metrics.condition("segments", &format!("cannot be read: {:?}", found.damaged));
    }
    let started = RunStart {
        agent: file.agent.clone(),
        application: file.application.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        key_sha256: signer.public_key().sha256().into(),
        cause: String::new(),
    };
    let maker = format!("{}/agent", file.agent);
    let spool = spool::Spool::start(config, (maker, started), &found, clock, metrics.clone())?;
    Ok((spool, found.unread))
}

fn open_gate(
    tested: SelfTested,
    (config, file): (&AgentConfig, &JoinFile),
    source: &Source,
    spool: Spool,
    live: &LivePair,
    metrics: &Metrics,
) -> anyhow::Result<Gate> {
    let pair = live.present();
    let (issuing, root) = pair.authorities()?;
    let clock = Clock::system();
    let arc = pki::oid::Arc::read(&file.trust.arc).context("arc")?;
    Ok(Gate {
        agent: file.agent.clone(),
        application: file.application.clone(),
        hosts: file.hosts.clone(),
        upstreams: Arc::new(
            Upstreams::new(&config.upstream, tls_to_upstream(config, &live.shown())?)
                .speaking(config.upstream_protocol),
        ),
        limits: config.limits.clone(),
        fields: AllowedFields::of(&config.request_fields),
        clients: ClientTrust::new(root.clone(), issuing.to_vec(), arc),
        witness: config.witness.then(|| {
            let known = (live.sessions(), source.marks.clone());
            Witness::open(config, &file.trust, known, metrics)
        }),
        portal: file.trust.portal_public.clone(),
        world: source.world.clone(),
        spool,
        tokens: Tokens::open(config, &file.agent, &file.application, clock.seconds())?,
        clock,
        metrics: metrics.clone(),
        permitted: metrics.counted("decision", "permitted"),
        forwarded: metrics.counted("forward", "done"),
        lanes: Lanes::start(cores(), Postbox::open)?,
        live: Default::default(),
        rejections: Default::default(),
        began: Instant::now(),
        _tested: tested,
        counts: Counts::default(),
    })
}

/// Whom the gate believes to be the application, and what it shows, where that speaks TLS.
fn tls_to_upstream(
    config: &AgentConfig,
    shown: &Arc<ShownIdentity>,
) -> anyhow::Result<Option<TlsToUpstream>> {
    let Some(set) = &config.upstream_tls else { return Ok(None) };
    let path = config.path(&set.roots.display().to_string());
    let read = || format!("agent.toml: [upstream_tls] {}", path.display());
    let file = std::fs::read(&path).with_context(read)?;
    let roots = pki::pem::read(&file, pki::pem::Kind::Certificate).with_context(read)?;
    let mut tls = client_of_application(&roots, shown.clone(), Arc::new(Clock::system()))?;
    if config.upstream_protocol == UpstreamProtocol::H2 {
        Arc::make_mut(&mut tls).alpn_protocols = vec![HTTP2_PROTOCOL.to_vec()];
    }
    Ok(Some(TlsToUpstream { name: set.name.clone(), config: tls }))
}

/// As many threads as run at once serve people.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// What an owner reads: what a heartbeat would say now.
fn told(heart: &Arc<Heart>) -> Router {
    let heart = heart.clone();
    Router::new().route("/status", get(move || async move { axum::Json(heart.now()) }))
}

/// What applications read: the keys of identity tokens, plain and signed by the agent's own key.
fn published(gate: &Arc<Gate>, live: &Arc<LivePair>) -> Router {
    let (plain, signed, live) = (gate.clone(), gate.clone(), live.clone());
    let signs = move || async move {
        let pair = live.present();
        signed.tokens.signed_jwks(pair.token_key(), pair.chain()).unwrap_or_default()
    };
    Router::new()
        .route("/jwks.json", get(move || async move { axum::Json(plain.tokens.jwks()) }))
        .route("/jwks.jws", get(signs))
}
