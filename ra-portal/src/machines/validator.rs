//! A second validator: looks at challenges from another place in the net, for the processes that
//! its configuration names, each known by a certificate of the city. It keeps the newest list of
//! the CA, decides nothing and holds no key but that of its TLS; what it looks at, and for how
//! long, is bounded as it is for the process that asks.

use crate::config::ValidatorConfig;
use crate::listener::LIMITS;
use crate::machines::look_question::{LookAnswer, LookQuestion, PATH, QUESTION_BYTES_MAX};
use crate::machines::look_settings;
use crate::machines::second::ASKED_AT_ONCE;
use crate::machines::validate::Validator;
use crate::machines::validator_list::OwnList;
use crate::message::Message;
use acme::{AcmeProblem, ProblemKind};
use anyhow::{Context, ensure};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use mtls::TlsConnection;
use mtls::listen::{Limits, Proof, Site};
use mtls::shown::ShownIdentity;
use mtls::tls::{ClientAuth, Identity, Version, server_from};
use pki::Certificate;
use pki::host::Host;
use pki::pem::{self, Kind};
use records::Code;
use records::trust::Trust;
use service::problem::{known_only, refusal};
use service::{Clock, Metrics, Stop};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Whoever asks has a place for all that they ask at once: one that is refused has found nothing,
/// and an order of ACME ends by it.
const ASKED: Limits = Limits { requests_of_one: ASKED_AT_ONCE, ..LIMITS };

/// Time for a look and for its place, less than whoever asks waits for it.
const LOOK_MAX: Duration = Duration::from_secs(25);
/// Whether its certificate was renewed is looked at this often.
const RENEWAL_LOOK: Duration = Duration::from_secs(60);

/// What the routes share.
struct ValidatorState {
    host: String,
    asked_by: Vec<String>,
    /// Who was revoked, where a file says so.
    list: Option<Arc<OwnList>>,
    validator: Validator,
    /// Looks that are under way at once, for each of those: whoever fills theirs keeps no other
    /// portal's from being answered.
    places: Vec<Semaphore>,
    clock: Clock,
    metrics: Metrics,
}

/// Which of those that may ask asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct AskingProcess(usize);

/// Places for each of so many.
fn places(processes: usize, each: usize) -> Vec<Semaphore> {
    (0..processes).map(|_| Semaphore::new(each)).collect()
}

/// Runs it until the stop.
pub(crate) async fn serve(config: ValidatorConfig, trust: Trust) -> anyhow::Result<()> {
    service::start_logs();
    service::raise_open_files();
    let (stop, clock, metrics) = (Stop::on_signal()?, Clock::system(), Metrics::default());
    let root = root(&config, &trust)?;
    let list = own_list(&config)?;
    let state = Arc::new(ValidatorState {
        host: config.host.clone(),
        asked_by: config.asked_by.clone(),
        list: list.clone(),
        validator: look_settings::validator(&config.looks, trust.sample)?,
        places: places(config.asked_by.len(), ASKED_AT_ONCE),
        clock,
        metrics: metrics.clone(),
    });
    let shown = Arc::new(ShownIdentity::new(identity(&config, &root)?)?);
    let clients = ClientAuth::Required { root: root.der().to_vec(), clock: Arc::new(clock) };
    let tls = server_from(Version::Tls13, shown.clone(), &clients, &["h2", "http/1.1"])?;
    let admin = service::Admin::new(metrics.clone());
    let admin = admin.serve((config.admin, "validator.toml: admin"), stop.clone());
    let listener = service::listen(config.listen, "validator.toml: listen").await?;
    let waiting = stop.clone();
    let ended = async move { waiting.wait().await };
    let answers = mtls::listen::serve(listener, Some(tls), site(state), ended);
    told_of_list(list.as_deref(), &metrics);
    tokio::spawn(async move {
        renewed((&config, &root), (&shown, list.as_deref()), &metrics, &stop).await;
    });
    tokio::try_join!(admin, answers)?;
    tracing::info!("stopped");
    Ok(())
}

/// The root, which is that of the trust file.
fn root(config: &ValidatorConfig, trust: &Trust) -> anyhow::Result<Certificate> {
    let path = config.path(&config.root);
    let told = || path.display().to_string();
    let file = system::file::read_given(&path).with_context(told)?;
    let root = Certificate::read(&pem::read_one(&file, Kind::Certificate).with_context(told)?)?;
    let is_root = root.sha256().as_slice() == trust.root_sha256.0;
    ensure!(
        is_root,
        "{0}：与信任文件不符 / {0}: this is not the root of the trust file",
        path.display()
    );
    Ok(root)
}

/// What it shows: its chain, with the root behind it.
fn identity(config: &ValidatorConfig, root: &Certificate) -> anyhow::Result<Identity> {
    let (chain, key) = (config.path(&config.chain), config.path(&config.key));
    let at_chain = || chain.display().to_string();
    let file = system::file::read_given(&chain).with_context(at_chain)?;
    let mut all = pem::read(&file, Kind::Certificate).with_context(at_chain)?;
    if !all.iter().any(|one| one.as_slice() == root.der()) {
        all.push(root.der().to_vec());
    }
    let at_key = || key.display().to_string();
    let file = system::file::read_private(&key).with_context(at_key)?;
    let pkcs8 = pem::read_one(&file, Kind::Key).with_context(at_key)?;
    Ok(Identity::from_der(all, &pkcs8)?)
}

/// The list that its file names, of the CA which issued its own certificate.
fn own_list(config: &ValidatorConfig) -> anyhow::Result<Option<Arc<OwnList>>> {
    let Some(list) = &config.crl else { return Ok(None) };
    let chain = config.path(&config.chain);
    let told = || chain.display().to_string();
    let file = system::file::read_given(&chain).with_context(told)?;
    let all = pem::read(&file, Kind::Certificate).with_context(told)?;
    let all: Vec<Certificate> =
        all.iter().map(|der| Certificate::read(der)).collect::<Result<_, _>>()?;
    let own = all.first().map(|own| own.issuer().der().to_vec());
    let issuer = all.into_iter().find(|one| Some(one.subject().der()) == own.as_deref());
    let issuer = issuer.with_context(told)?;
    Ok(Some(Arc::new(OwnList::open(config.path(list), issuer)?)))
}

/// Reads the list, if there is one, and tells on `/readyz` why none counts.
fn told_of_list(list: Option<&OwnList>, metrics: &Metrics) {
    let Some(list) = list else { return };
    let read = list.read(Clock::system().seconds());
    let told = read.err().map_or_else(String::new, |error| format!("{error:#}"));
    metrics.condition("list", &told);
}

/// Shows a renewed certificate from the next handshake on; what cannot be shown leaves the old one,
/// and is told. A new list counts from then on.
async fn renewed(
    (config, root): (&ValidatorConfig, &Certificate),
    (shown, list): (&ShownIdentity, Option<&OwnList>),
    metrics: &Metrics,
    stop: &Stop,
) {
    while stop.pause(RENEWAL_LOOK).await {
        let exchanged = identity(config, root).and_then(|next| Ok(shown.exchange(next)?));
        let told = exchanged.err().map_or_else(String::new, |error| format!("{error:#}"));
        metrics.condition("certificate", &told);
        told_of_list(list, metrics);
    }
}

/// What processes meet here.
fn site(state: Arc<ValidatorState>) -> Site {
    let (metrics, judging) = (state.metrics.clone(), state.clone());
    let router = Router::new()
        .route(PATH, post(look))
        .layer(DefaultBodyLimit::max(QUESTION_BYTES_MAX))
        .layer(middleware::from_fn_with_state(state.clone(), known))
        .with_state(state);
    Site {
        proof: Proof::By(Arc::new(move |certificate| {
            judging.judge(certificate).is_ok().then_some(ASKED.requests_of_one)
        })),
        router: known_only(router),
        limits: ASKED,
        is_brake: |_| false,
        busy: service::problem::busy,
        refuse: service::problem::refuse,
        full: metrics.fullness("listener"),
        nearly_full: metrics.near_fullness("listener"),
    }
}

impl ValidatorState {
    fn judge(&self, certificate: &Certificate) -> Result<AskingProcess, Code> {
        let now = self.clock.seconds();
        let process = judged(certificate, &self.asked_by, now)?;
        self.list.as_ref().map_or(Ok(()), |list| list.permits(certificate, now))?;
        Ok(process)
    }
}

/// Of which process that may ask a certificate is that led to the root for a client.
fn judged(certificate: &Certificate, asked_by: &[String], now: u64) -> Result<AskingProcess, Code> {
    if !(certificate.not_before()..=certificate.not_after()).contains(&now) {
        return Err(Code::CertificateExpired);
    }
    let hosts = certificate.hosts();
    let is_named =
        |one: &String| hosts.iter().any(|host| matches!(host, Host::Name(n) if n == one));
    asked_by.iter().position(is_named).map(AskingProcess).ok_or(Code::NotPermitted)
}

/// Who asks is judged before anything of the question is read.
async fn known(
    State(state): State<Arc<ValidatorState>>,
    mut request: Request,
    next: Next,
) -> Response {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(|authority| authority.as_str()).or(named);
    let connection = request.extensions().get::<TlsConnection>();
    let is_own = |sni: &str| sni.eq_ignore_ascii_case(&state.host);
    let is_ours = connection.is_some_and(|connection| {
        connection.is_for_host(host) && connection.sni.as_deref().is_some_and(is_own)
    });
    if !is_ours {
        return refusal(Code::Misdirected);
    }
    let shown = connection.and_then(|connection| connection.certificate.clone());
    let Some(der) = shown else { return refusal(Code::CertificateRequired) };
    let Ok(certificate) = Certificate::read(&der) else { return refusal(Code::CertificateForeign) };
    match state.judge(&certificate) {
        Ok(process) => {
            request.extensions_mut().insert(process);
            next.run(request).await
        }
        Err(code) => refusal(code),
    }
}

async fn look(
    State(state): State<Arc<ValidatorState>>,
    Extension(AskingProcess(process)): Extension<AskingProcess>,
    Message(question): Message<LookQuestion>,
) -> Response {
    let Some(asked) = question.read() else { return refusal(Code::Malformed) };
    let Some(places) = state.places.get(process) else { return refusal(Code::NotPermitted) };
    let looked = async {
        let _place = places.acquire().await;
        state.validator.look(asked.look()).await
    };
    let found = tokio::time::timeout(LOOK_MAX, looked).await;
    let (zh, en) = ("没有按时应答", "there was no answer in time");
    let late = |_| Err(AcmeProblem::about(ProblemKind::Connection, zh, en));
    let found = found.unwrap_or_else(late);
    state.metrics.count("look", if found.is_ok() { "valid" } else { "invalid" });
    Json(LookAnswer::of(&found)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::validate::{Look, Ranges, Resolver};
    use acme::AcmeIdentifier;
    use acme::http01::WebPorts;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use std::net::SocketAddr;

    fn certificate(names: &[&str]) -> Certificate {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Certificate::read(made.der()).unwrap()
    }

    /// A certificate of the city is not enough: its name is one of those that the file has.
    #[test]
    fn a_validator_looks_for_whom_its_file_names() {
        let own = ["acme.city".to_owned(), "acme2.city".to_owned()];
        let asks = |names: &[&str], now| judged(&certificate(names), &own, now);
        // 2026-06-01, and the ends of a life.
        let (now, before, behind) = (1_780_272_000, 1_767_225_599, 1_798_761_601);
        assert_eq!(asks(&["acme.city"], now), Ok(AskingProcess(0)));
        assert_eq!(asks(&["other.city", "acme2.city"], now), Ok(AskingProcess(1)));
        assert_eq!(asks(&["other.city"], now), Err(Code::NotPermitted));
        assert_eq!(asks(&["acme.city.other"], now), Err(Code::NotPermitted));
        assert_eq!(asks(&["*.city"], now), Err(Code::NotPermitted), "a wildcard is no name");
        assert_eq!(asks(&["127.0.0.1"], now), Err(Code::NotPermitted));
        assert_eq!(asks(&["acme.city"], before), Err(Code::CertificateExpired));
        assert_eq!(asks(&["acme.city"], behind), Err(Code::CertificateExpired));
    }

    /// What an answer says.
    async fn found(answer: Response) -> Result<(), AcmeProblem> {
        let answer = axum::body::to_bytes(answer.into_body(), 1024).await.unwrap();
        serde_json::from_slice::<LookAnswer>(&answer).unwrap().read()
    }

    /// A look that finds no place has found nothing: it waits for one, and nobody is refused who
    /// asks no more at once than a process does. What another portal's process asks has places
    /// beside these, however many it asks.
    #[tokio::test]
    async fn whoever_finds_no_place_for_a_look_waits() {
        const { assert!(ASKED.requests_of_one >= ASKED_AT_ONCE) };
        const { assert!(ASKED.proven_per_source >= ASKED_AT_ONCE) };
        let (nobody, web) = (SocketAddr::from(([127, 0, 0, 1], 1)), WebPorts { http: 1, https: 1 });
        let ranges = Ranges::read(&[]).unwrap();
        let state = Arc::new(ValidatorState {
            host: "look.city".into(),
            asked_by: Vec::new(),
            list: None,
            validator: Validator::new(Resolver(nobody), ranges, web, 1),
            places: places(2, 1),
            clock: Clock::system(),
            metrics: Metrics::default(),
        });
        // An address has no zone: there is nothing to ask, and nothing wrong.
        let identifier = &AcmeIdentifier::from(Host::Address([192, 0, 2, 1].into()));
        let (token, thumbprint, account) = ("", "", None);
        let asked = Look { identifier, kind: None, token, thumbprint, account, caa: &[] };
        let asks = |process: usize| {
            let question = Message(LookQuestion::of(asked));
            look(State(state.clone()), Extension(AskingProcess(process)), question)
        };
        let held = state.places[0].acquire().await.unwrap();
        assert_eq!(found(asks(1).await).await, Ok(()), "it has its own");
        let mut waits = std::pin::pin!(asks(0));
        tokio::select! {
            biased;
            answer = &mut waits => panic!("{}", answer.status()),
            () = tokio::task::yield_now() => {}
        }
        drop(held);
        assert_eq!(found(waits.await).await, Ok(()));
    }
}
