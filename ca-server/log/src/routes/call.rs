//! Who speaks to the log, judged before a byte of a message is read: bodies of strangers are held
//! by nobody. Without one of these calls nothing can be asked.

use crate::state::LogState;
use authority::{Agent, Authority};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use ca_host::listener::{OF_AGENT, OF_AUDITOR, OF_PORTAL};
use mtls::TlsConnection;
use mtls::listen::Judge;
use pki::Certificate;
use records::rules::Role;
use records::{Code, Problem};
use serde::de::DeserializeOwned;
use service::problem::Refused;
use std::sync::Arc;

/// A message of a portal's process.
pub(super) struct PortalCall<T> {
    /// The process is named `PORTAL/PROCESS`, as in its certificate.
    pub(super) name: String,
    pub(super) message: T,
}

/// A message of an agent.
pub(super) struct AgentCall<T> {
    pub(super) certificate: Certificate,
    pub(super) agent: String,
    pub(super) message: T,
}

/// Bytes of an agent that are no message in JSON.
pub(super) struct AgentBytes {
    pub(super) certificate: Certificate,
    pub(super) agent: String,
    /// The application that it stands in front of; unknown of one whose key was replaced, since
    /// that may have been another then.
    pub(super) application: Option<String>,
    pub(super) bytes: Bytes,
}

/// A message over the connection of an auditor, whose question it is to be.
pub(super) struct AuditorCall<T> {
    pub(super) connection: TlsConnection,
    pub(super) message: T,
}

impl<T: DeserializeOwned> FromRequest<Arc<LogState>> for PortalCall<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &Arc<LogState>) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let name = portal(state, &parts).await.map_err(|code| refused(state, code))?;
        let message = message(Request::from_parts(parts, body), state).await?;
        Ok(Self { name, message })
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<LogState>> for AgentCall<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &Arc<LogState>) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let speaks = agent(state, &parts).await.map_err(|code| refused(state, code));
        let (certificate, agent, _) = speaks?;
        let message = message(Request::from_parts(parts, body), state).await?;
        Ok(Self { certificate, agent, message })
    }
}

impl FromRequest<Arc<LogState>> for AgentBytes {
    type Rejection = Response;

    async fn from_request(request: Request, state: &Arc<LogState>) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let speaks = agent(state, &parts).await.map_err(|code| refused(state, code));
        let (certificate, agent, application) = speaks?;
        let bytes = bytes(Request::from_parts(parts, body), state).await?;
        Ok(Self { certificate, agent, application, bytes })
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<LogState>> for AuditorCall<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &Arc<LogState>) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let connection = connection(&parts).map_err(|code| refused(state, code))?.clone();
        let asks = auditor(state, &connection).await;
        asks.map_err(|code| refused(state, code))?;
        let message = message(Request::from_parts(parts, body), state).await?;
        Ok(Self { connection, message })
    }
}

/// Whose connections count: those of portals and agents, and of auditors, who bring their own
/// questions.
pub(crate) fn judge(state: Arc<LogState>) -> Judge {
    Arc::new(move |certificate| {
        let (now, authority) = (state.time().unix(), state.follower.latest()?);
        if authority.is_revoked(&certificate.serial().to_string()) {
            return None;
        }
        match state.services.judged(certificate, now) {
            Ok(name) => of_service(&authority, certificate, &name),
            Err(_) => is_auditor(&authority, certificate, now).then_some(OF_AUDITOR),
        }
    })
}

fn of_service(authority: &Authority, certificate: &Certificate, name: &str) -> Option<usize> {
    if authority.portal_of(&certificate.key().sha256()).is_some() {
        return Some(OF_PORTAL);
    }
    let agent = authority.agent(name.strip_suffix("/agent")?)?;
    had(agent, certificate).then_some(OF_AGENT)
}

/// Whether it is, or was, the key of an agent: one that was closed or replaced still hands in what
/// it had.
fn had(agent: &Agent, certificate: &Certificate) -> bool {
    let key = records::Bytes::from(certificate.key().sha256());
    agent.keys.contains(&key) || agent.past.contains(&key)
}

fn is_auditor(authority: &Authority, certificate: &Certificate, now: u64) -> bool {
    let Ok(person) = authority.credential_holder(certificate, now) else { return false };
    let roles = authority.person(&person).map(|held| held.roles.clone()).unwrap_or_default();
    let is_held = |(role, scope): (Role, String)| authority.holds(&person, role, &scope);
    roles.into_iter().filter(|(role, _)| *role == Role::Auditor).any(is_held)
}

fn connection(parts: &Parts) -> Result<&TlsConnection, Code> {
    parts.extensions.get::<TlsConnection>().ok_or(Code::CertificateRequired)
}

async fn portal(state: &LogState, parts: &Parts) -> Result<String, Code> {
    let (certificate, name) = state.services.name(connection(parts)?, state.time().unix())?;
    let (key, own) = (certificate.key().sha256(), name.clone());
    let speaks = state.follower.ask(move |authority| {
        let portal = authority.portal_of(&key);
        portal.is_some_and(|(portal, process)| format!("{portal}/{process}") == own)
    });
    if speaks.await? { Ok(name) } else { Err(Code::NotYourRoute) }
}

/// An agent with its certificate, its id, and its application, as far as that is known.
type KnownAgent = (Certificate, String, Option<String>);

async fn agent(state: &LogState, parts: &Parts) -> Result<KnownAgent, Code> {
    let (certificate, name) = state.services.agent(connection(parts)?, state.time().unix())?;
    let (shown, own) = (certificate.clone(), name.clone());
    let known = state.follower.ask(move |authority| {
        let agent = authority.agent(&own).filter(|agent| had(agent, &shown))?;
        let key = records::Bytes::from(shown.key().sha256());
        Some(agent.keys.contains(&key).then(|| agent.application.clone()))
    });
    let application = known.await?.ok_or(Code::NotYourRoute)?;
    Ok((certificate, name, application))
}

async fn auditor(state: &LogState, connection: &TlsConnection) -> Result<(), Code> {
    let der = connection.certificate.as_ref().ok_or(Code::CertificateRequired)?;
    let certificate = Certificate::read(der).map_err(|_| Code::CertificateForeign)?;
    state.auditors.known(&certificate, state.time().unix()).await.map(drop)
}

/// A message in JSON, or a clear refusal.
async fn message<T: DeserializeOwned>(
    request: Request,
    state: &Arc<LogState>,
) -> Result<T, Response> {
    let bytes = bytes(request, state).await?;
    serde_json::from_slice(&bytes).map_err(|_| refused(state, Code::Malformed))
}

async fn bytes(request: Request, state: &Arc<LogState>) -> Result<Bytes, Response> {
    let bytes = Bytes::from_request(request, state).await;
    bytes.map_err(|_| refused(state, Code::TooLarge))
}

fn refused(state: &LogState, code: Code) -> Response {
    state.metrics.count("call", code.name());
    // Without randomness there is no number, and the refusal stands all the same.
    let reference = ca_host::random::id().unwrap_or_default();
    Refused(Problem::new(code, reference)).into_response()
}
