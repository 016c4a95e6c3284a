//! Forwarding a permitted and recorded request in the one form that the rules saw, with an identity that
//! the application can verify.

use super::Gate;
use super::authorize::{Permit, policy_of};
use super::fields;
use super::live::Underway;
use super::opened::Opened;
use super::page;
use super::stream::{Down, End, Passed, Up};
use super::upstream::Pool;
use crate::spool::Recorded;
use crate::token::{Claims, HEADER};
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use records::Code;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio_util::io::InspectReader;

/// What forwarding needs from the connection.
pub(super) struct Way<'a> {
    pub(super) gate: &'a Arc<Gate>,
    pub(super) pool: &'a Arc<Pool>,
    /// The connection; a tunnel keeps its places.
    pub(super) opened: &'a Arc<Opened>,
}

/// Forwards; nothing goes upstream without the record.
pub(super) async fn forward(
    way: &Way<'_>,
    permit: Permit,
    recorded: &Recorded,
    incoming: Request<Incoming>,
) -> Response<Down> {
    let gate = way.gate;
    let id = recorded.request_id(&gate.agent);
    let underway = Underway::new(
        permit.peer.clone(),
        (permit.request.method.clone(), permit.request.path.clone()),
        permit.world.generation,
        way.opened.end.clone(),
    );
    let end = End::new(gate, id.clone(), underway);
    let failed = |end: Arc<End>, why: &dyn std::fmt::Display| {
        let code = match end.outcome("upstream-error") {
            "too-large" => Code::TooLarge,
            _ => Code::UpstreamFailed,
        };
        tracing::warn!(request = id, code = code.name(), error = %why, "upstream");
        gate.metrics.count("forward", code.name());
        end.status(service::problem::status(code).as_u16());
        page::refusal(gate, code, &page::reference(), permit.request.html, None)
    };
    let upgrading = permit.request.upgrade && permit.answer.websocket;
    let head = match outgoing(gate, &permit, &id, upgrading) {
        Ok(head) => head,
        Err(error) => return failed(end, &error),
    };
    let (parts, body) = incoming.into_parts();
    let up = Up::new(body, &end, gate.limits.body_bytes);
    let on_upgrade = parts.extensions.get::<hyper::upgrade::OnUpgrade>().cloned();
    match send(way, head.map(|()| up), &end).await {
        Ok((response, sender)) => {
            end.status(response.status().as_u16());
            end.underway.answer();
            gate.metrics.count("forward", "done");
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                let Some(on_upgrade) = on_upgrade.filter(|_| upgrading) else {
                    return failed(end, &"an upgrade that nobody asked for");
                };
                return tunnel(way, response, on_upgrade, end);
            }
            let (mut head, body) = response.into_parts();
            head.headers = fields::to_person(&head.headers);
            if permit.request.upgrade {
                head.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            head.extensions.clear();
            head.version = http::Version::HTTP_11;
            let passed = Passed::new(body, end, sender, way.pool.clone());
            Response::from_parts(head, Down::Passed(Box::new(passed)))
        }
        Err(error) => failed(end, &error),
    }
}

type Sent = (Response<Incoming>, super::upstream::Sender);

/// Sends on a kept connection; one that turns out to be closed before a byte of the request left is
/// replaced by a new one, once.
async fn send(
    way: &Way<'_>,
    mut request: Request<Up>,
    end: &Arc<End>,
) -> Result<Sent, Box<dyn std::error::Error + Send + Sync>> {
    let limit = Duration::from_secs(way.gate.limits.answer_seconds);
    for fresh in [false, true] {
        let mut sender = way.pool.take(fresh).await?;
        let sent = tokio::select! {
            sent = sender.try_send_request(request) => sent,
            () = end.underway.cut.cancelled() => return Err("cut".into()),
            () = end.underway.overdue(limit) => return Err("no answer in time".into()),
        };
        match sent {
            Ok(response) => return Ok((response, sender)),
            Err(mut error) => match error.take_message() {
                Some(unsent) if !fresh => request = unsent,
                _ => return Err(error.into_error().into()),
            },
        }
    }
    Err("no connection".into())
}

/// The head that the application gets.
fn outgoing(
    gate: &Gate,
    permit: &Permit,
    id: &str,
    upgrading: bool,
) -> anyhow::Result<Request<()>> {
    let peer = &permit.peer;
    let claims = Claims {
        person: &peer.person,
        name: &peer.name,
        org: &peer.units,
        certificate: &peer.sha256,
        acr: peer.acr,
        request: id,
        method: permit.request.method.as_str(),
        target: &permit.request.target,
        policy: &policy_of(&permit.world),
        rule: &permit.answer.rule,
    };
    let token = gate.tokens.token(&claims, gate.clock.seconds())?;
    let mut request = Request::builder()
        .method(permit.request.method.clone())
        .uri(permit.request.target.as_str())
        .body(())?;
    let headers = request.headers_mut();
    *headers = permit.request.fields.clone();
    headers.insert(header::HOST, HeaderValue::from_str(&permit.request.host)?);
    headers.insert(HEADER, HeaderValue::from_str(&token)?);
    if upgrading {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    Ok(request)
}

/// Joins the two sides after the application agreed; not before, and never to a pool.
fn tunnel(
    way: &Way<'_>,
    response: Response<Incoming>,
    person: hyper::upgrade::OnUpgrade,
    end: Arc<End>,
) -> Response<Down> {
    let mut headers = fields::to_person(response.headers());
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let mut answer = Response::new(Down::Own(http_body_util::Full::default()));
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *answer.headers_mut() = headers;
    end.underway.tunnel.store(true, Ordering::Relaxed);
    let opened = way.opened.clone();
    let life = Duration::from_secs(way.gate.limits.connection_hours * 3_600);
    tokio::spawn(async move {
        let application = hyper::upgrade::on(response);
        let (Ok(person), Ok(application)) = tokio::join!(person, application) else {
            end.outcome("upstream-error");
            return;
        };
        if let Some(agreed) = &opened.agreed {
            agreed.tunnel();
        }
        // Counted as they come: however it ends, the completion knows how much there was.
        let underway = &end.underway;
        let up = |bytes: &[u8]| underway.move_on(&underway.up, bytes.len());
        let down = |bytes: &[u8]| underway.move_on(&underway.down, bytes.len());
        let mut person = InspectReader::new(TokioIo::new(person), up);
        let mut application = InspectReader::new(TokioIo::new(application), down);
        tokio::select! {
            copied = tokio::io::copy_bidirectional(&mut person, &mut application) => {
                // One that breaks is no regular end; mostly its person is gone.
                end.outcome(if copied.is_ok() { "done" } else { "client-gone" });
            }
            () = end.underway.cut.cancelled() => {}
            () = tokio::time::sleep(life) => {}
        }
        // Only now its places are free for others.
        drop(opened);
    });
    answer
}
