//! Where questions come in: `POST /call`, on a socket of this machine or on loopback.

use super::super::request_rate::{RateOfOne, RequestRates};
use super::super::state::Gate;
use super::answer::answer;
use super::question::CallQuestion;
use super::socket::{self, CallFullness};
use super::token::CallToken;
use crate::AgentConfig;
use crate::config::UpstreamAddress;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use mtls::listen::{Limits, Proof, ProvenAsker, Site};
use records::Code;
use service::{Stop, problem};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};

/// Largest question, in bytes: a message that was signed, in base64url.
const QUESTION_BYTES_MAX: usize = 1024 * 1024;
/// A question has come by then.
const QUESTION_WAIT: Duration = Duration::from_secs(10);
/// An application keeps its connections for so long without a question.
const IDLE: Duration = Duration::from_secs(75);
/// Most connections at once.
pub(super) const CONNECTIONS_MAX: usize = 64;
/// Whoever may ask is one application, in the place of a certificate.
const APPLICATION: [u8; 32] = [0; 32];

/// What the listener on loopback puts up with; on the socket the times are the same. There a
/// connection waits for another question once the token was shown on it.
pub(super) const LIMITS: Limits = Limits {
    proven: 0,
    proven_per_source: 0,
    unproven: CONNECTIONS_MAX,
    per_source: CONNECTIONS_MAX,
    handshakes: CONNECTIONS_MAX,
    handshakes_per_source: CONNECTIONS_MAX,
    reserved: 0,
    reserved_per_source: 0,
    reserved_for_strangers: false,
    handshake: QUESTION_WAIT,
    header: QUESTION_WAIT,
    body: QUESTION_WAIT,
    reserved_time: QUESTION_WAIT,
    idle: IDLE,
    life: Duration::from_secs(3_600),
    body_bytes: CONNECTIONS_MAX * QUESTION_BYTES_MAX,
    requests_of_one: 0,
    requests_of_source: CONNECTIONS_MAX,
};

/// Where applications connect.
pub enum CallListener {
    /// Whoever may open its file asks.
    Unix(UnixListener),
    /// Whoever shows the token asks.
    Tcp(TcpListener),
}

impl CallListener {
    /// Takes the place that the configuration names, if it names one.
    pub async fn take(config: &AgentConfig) -> std::io::Result<Option<Self>> {
        Ok(match &config.calls {
            None => None,
            Some(UpstreamAddress::Unix(path)) => Some(Self::Unix(socket::take(path)?)),
            Some(UpstreamAddress::Tcp(address)) => {
                Some(Self::Tcp(service::listen(*address, "agent.toml: calls").await?))
            }
        })
    }

    /// Whether a socket that it names could be taken; nothing is.
    pub fn can_take(config: &AgentConfig) -> std::io::Result<()> {
        match &config.calls {
            Some(UpstreamAddress::Unix(path)) => socket::can_take(path),
            _ => Ok(()),
        }
    }
}

/// Who is asked, and what has to be shown for that.
struct Desk {
    gate: Arc<Gate>,
    token: Option<CallToken>,
    /// Questions within a minute: each is a record, as a request is.
    rate: RateOfOne,
}

/// Answers until the stop.
pub async fn listen(
    gate: Arc<Gate>,
    taken: Option<(CallListener, CallToken)>,
    stop: Stop,
) -> std::io::Result<()> {
    let Some((listener, token)) = taken else { return Ok(()) };
    let fullness = CallFullness::of(gate.metrics.clone());
    let router = |token| {
        let rate = RequestRates::default().of(APPLICATION, gate.limits.requests_of_one_a_minute);
        let router = Router::new().route("/call", post(ask));
        problem::known_only(router.with_state(Arc::new(Desk { gate, token, rate })))
    };
    match listener {
        CallListener::Unix(listener) => {
            socket::serve(listener, router(None), fullness, stop).await;
            Ok(())
        }
        CallListener::Tcp(listener) => {
            let site = Site {
                router: router(Some(token)),
                limits: LIMITS,
                proof: Proof::Asked,
                is_brake: |_| false,
                busy: problem::busy,
                refuse: problem::refuse,
                full: {
                    let fullness = fullness.clone();
                    Arc::new(move |is_full| fullness.full(is_full))
                },
                nearly_full: Arc::new(move |is| fullness.nearly_full(is)),
            };
            let until = async move { stop.wait().await };
            mtls::listen::serve(listener, None, site, until).await
        }
    }
}

async fn ask(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if desk.token.is_some_and(|token| !token.is_in(&head.headers)) {
        return problem::refusal(Code::NotYourRoute);
    }
    let mut answer = answered(&desk, body).await;
    answer.extensions_mut().insert(ProvenAsker);
    answer
}

async fn answered(desk: &Desk, body: Body) -> Response {
    let read = tokio::time::timeout(QUESTION_WAIT, to_bytes(body, QUESTION_BYTES_MAX)).await;
    let question = match read {
        Err(_) => return problem::refusal(Code::RequestLate),
        Ok(Err(_)) => return problem::refusal(Code::TooLarge),
        Ok(Ok(bytes)) => serde_json::from_slice(&bytes).map_err(|_| Code::Malformed),
    };
    let answered = match question {
        Ok(question) => match taken(desk.gate.a_minute(), &desk.rate, &question) {
            Ok(()) => answer(&desk.gate, question).await,
            Err(code) => Err(code),
        },
        Err(code) => Err(code),
    };
    match answered {
        Ok(told) => Json(told).into_response(),
        Err(code) => problem::refusal(code),
    }
}

/// Counts a question, unless there were as many as may be a minute: whoever asks without a pause
/// fills no spool by that, and shuts nobody out.
fn taken(a_minute: u32, rate: &RateOfOne, question: &CallQuestion) -> Result<(), Code> {
    let is_taken = rate.takes(question.target_bytes(), a_minute);
    is_taken.then_some(()).ok_or(Code::TooManyTries)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An application asks as often as somebody may, and a question about a long path counts as
    /// several.
    #[test]
    fn an_application_asks_so_often_and_no_more() {
        let rate = || RequestRates::default().of(APPLICATION, 3);
        let ask = |target: &str| CallQuestion::Permission {
            certificate: None,
            person: None,
            method: "GET".into(),
            target: target.into(),
        };
        let short = rate();
        let told: Vec<bool> = (0..4).map(|_| taken(3, &short, &ask("/")).is_ok()).collect();
        assert_eq!(told, [true, true, true, false]);
        let long = rate();
        assert_eq!(taken(3, &long, &ask(&"/a".repeat(512))), Ok(()));
        assert_eq!(taken(3, &long, &ask("/")), Err(Code::TooManyTries));
    }
}
