//! What every request of a portal passes: the host must be the handshake's and the process's own,
//! the body is bounded in size and time, a refusal is a problem in both languages with a reference.

use crate::events::Events;
use crate::pages::menu::Menus;
use crate::pages::{Frame, answer, problem};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use ca_api::Refusal;
use mtls::{Client, Connection};
use records::trust::Trust;
use records::{Code, Problem};
use serde::de::DeserializeOwned;
use service::Metrics;
use service::problem::Refused;
use std::sync::Arc;
use std::time::Duration;

/// Largest body of a request, in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// A body that takes longer is refused.
const BODY_SECONDS_MAX: u64 = 15;

/// What the routes of a process share.
pub struct Portal {
    /// The host that this process answers for.
    pub host: String,
    /// What everybody may know of the city.
    pub trust: Trust,
    /// The issuer, over mTLS with this process's key.
    pub issuer: ca_api::Issuer,
    /// The status service.
    pub status: ca_api::Status,
    /// The log, for auditors' pages.
    pub log: ca_api::Log,
    /// This process's events.
    pub events: Events,
    /// Counters.
    pub metrics: Metrics,
    /// The root, for judging staff certificates.
    pub root: pki::Certificate,
    /// The issuing CA.
    pub issuing: pki::Certificate,
    /// What the menus of its readers name.
    pub menus: Menus,
}

/// Puts the checks of every request around the routes.
pub fn guarded(routes: Router<Arc<Portal>>, portal: Arc<Portal>) -> Router {
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(portal.clone(), own_host))
        .layer(middleware::from_fn(dressed))
        .with_state(portal)
}

/// People read a page, programs a problem.
async fn not_found(frame: Frame, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let told = refused(Code::NotFound);
    match accept.is_some_and(|accept| accept.contains("text/html")) {
        true => problem::page(&frame, &told.0, "/"),
        false => told.into_response(),
    }
}

/// What every answer passes on its way out, whoever gave it.
async fn dressed(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    answer::dress(response.headers_mut());
    response
}

/// 421 unless Host, SNI and the process's own host are one name (RFC 9110 15.5.20).
async fn own_host(State(portal): State<Arc<Portal>>, request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(|authority| authority.as_str()).or(named);
    let connection = request.extensions().get::<Connection>();
    let ours = connection.is_some_and(|connection| {
        connection.is_for_host(host)
            && connection.sni.as_deref().is_some_and(|sni| sni.eq_ignore_ascii_case(&portal.host))
    });
    let both =
        named.is_some() && request.uri().authority().is_some_and(|a| Some(a.as_str()) != named);
    if !ours || both || request.headers().get_all(header::HOST).iter().count() > 1 {
        portal.metrics.count("request", Code::Misdirected.name());
        return refused(Code::Misdirected).into_response();
    }
    next.run(request).await
}

/// A refusal of the portal itself under a fresh reference.
pub fn refused(code: Code) -> Refused {
    let reference = random::<10>().map(records::letter::reference).unwrap_or_default();
    Refused(Problem::new(code, reference))
}

/// Random bytes of the operating system.
pub fn random<const N: usize>() -> Option<[u8; N]> {
    system::random::bytes().ok()
}

/// What the issuer answered, passed on; its own failure becomes ours.
pub fn passed_on<T>(answer: Result<T, Refusal>) -> Result<T, Refused> {
    answer.map_err(|refusal| match refusal {
        Refusal::Refused(problem) => Refused(problem),
        other => {
            tracing::error!(error = %other, "issuer");
            refused(Code::Unavailable)
        }
    })
}

/// A message in JSON, or a clear refusal.
pub struct Message<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Message<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let json = kind.is_some_and(|kind| kind.split(';').next() == Some("application/json"));
        if !json {
            return Err(refused(Code::Malformed).into_response());
        }
        let limit = Duration::from_secs(BODY_SECONDS_MAX);
        let bytes = tokio::time::timeout(limit, Bytes::from_request(request, state)).await;
        let bytes = bytes.map_err(|_| refused(Code::Malformed).into_response())?;
        let bytes = bytes.map_err(|_| refused(Code::TooLarge).into_response())?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|_| refused(Code::Malformed).into_response())
    }
}

impl Portal {
    /// Keeps the event of a request, durable before its answer; without that there is no answer.
    pub async fn told<T>(
        &self,
        act: &'static str,
        person: &str,
        result: Result<T, Refused>,
    ) -> Result<T, Refused> {
        let outcome = match &result {
            Ok(_) => "done",
            Err(Refused(problem)) => problem.known().map_or("unavailable", Code::name),
        };
        self.metrics.count(act, outcome);
        if self.events.keep(act, outcome, person).await.is_err() {
            return Err(refused(Code::Unavailable));
        }
        result
    }
}

/// A client of one of the CA's services with a process's key.
pub fn client(
    address: &str,
    trust: &Trust,
    identity: mtls::tls::Identity,
) -> anyhow::Result<Client> {
    let root = trust.root_sha256.digest().ok_or_else(|| anyhow::anyhow!("trust file"))?;
    Ok(Client::new(address, Some(mtls::tls::client(root, Some(identity))?))?)
}
