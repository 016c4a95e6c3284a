//! Forwarding a permitted and recorded request in the one form that the rules saw, with an identity
//! that the application can verify.

use super::authorize::Permit;
use super::completion::CompletionGuard;
use super::connection_context::ConnectionContext;
use super::failed::Failed;
use super::fields::{self, Origin};
use super::in_flight::InFlight;
use super::page;
use super::request_body::RequestBody;
use super::response_body::{ForwardedBody, ResponseBody};
use super::state::Gate;
use super::sweep::judge_anew;
use super::trailers;
use super::upstream::{NotSent, Pool, Upstream, UpstreamBody, UpstreamTrouble};
use crate::spool::Recorded;
use crate::token::{Claims, HEADER, PROOF_HEADER, ProvenRequest};
use anyhow::Context;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Body;
use hyper_util::rt::TokioIo;
use mtls::listen::ClientBody;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio_util::io::InspectReader;

/// The fields that say who asks.
static IDENTITY: HeaderName = HeaderName::from_static(HEADER);
static PROOF: HeaderName = HeaderName::from_static(PROOF_HEADER);

/// What forwarding needs from the connection.
pub(super) struct ForwardContext<'a> {
    pub(super) gate: &'a Arc<Gate>,
    pub(super) pool: &'a Arc<Pool>,
    /// The connection; a tunnel keeps its places.
    pub(super) context: &'a Arc<ConnectionContext>,
}

impl ForwardContext<'_> {
    /// Whether another protocol may be agreed on: over HTTP/2 none is (RFC 9113 8.6).
    fn upgrades(&self, permit: &Permit) -> bool {
        permit.request.upgrade && permit.answer.websocket && !self.pool.speaks_http2()
    }

    /// What only an application of HTTP/2 is told, and its client let do; says whether the fields
    /// behind its answer pass.
    fn meet_http2(&self, asked: &Parts, head: &mut Request<()>, in_flight: &InFlight) -> bool {
        if !self.pool.speaks_http2() {
            return false;
        }
        in_flight.is_conversation.store(trailers::is_grpc(&asked.headers), Ordering::Relaxed);
        trailers::meet(asked, head)
    }
}

/// Forwards; nothing goes upstream without the record.
pub(super) async fn forward(
    forwarding: &ForwardContext<'_>,
    mut permit: Permit,
    recorded: &Recorded,
    incoming: Request<ClientBody>,
) -> Response<ResponseBody> {
    let gate = forwarding.gate;
    let id = recorded.request_id();
    let in_flight = InFlight::new(
        permit.peer.clone(),
        (permit.request.method.clone(), permit.request.path.clone(), permit.under),
        (permit.world.generation, permit.exception.is_some()),
        forwarding.context.activity.clone(),
    );
    let end = CompletionGuard::new(gate, id.clone(), in_flight);
    judge_anew(gate, &end.in_flight);
    let html = permit.request.html;
    let failed = |end: Arc<CompletionGuard>, error: Failed| {
        let code = end.failed(&error, forwarding.context.end_of_reading.get().copied());
        tracing::warn!(request = id, code = code.name(), %error, "upstream");
        gate.metrics.count("forward", code.name());
        let reference = page::reference();
        let answer = page::refusal(gate, code, &reference, html, None);
        end.told(answer.status().as_u16(), reference);
        answer
    };
    let upgrading = forwarding.upgrades(&permit);
    let Some(said) = permit.request.origin.take() else {
        return failed(end, Failed::Head(anyhow::anyhow!("it comes from nowhere")));
    };
    let passing = std::mem::take(&mut permit.request.fields);
    let mut head = match outgoing(forwarding, &permit, passing, (&id, upgrading)) {
        Ok(head) => head,
        Err(error) => return failed(end, Failed::Head(error)),
    };
    let (parts, body) = incoming.into_parts();
    let with_trailers = forwarding.meet_http2(&parts, &mut head, &end.in_flight);
    let up = RequestBody::new(body, &end, gate.limits.body_bytes);
    let on_upgrade = parts.extensions.get::<hyper::upgrade::OnUpgrade>().cloned();
    match send(forwarding, head.map(|()| up), &said.1, (&end, upgrading)).await {
        Ok((response, upstream)) => {
            end.status(response.status().as_u16());
            end.in_flight.answer();
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                let is_agreed = upgrading && fields::agrees_on_websocket(response.headers());
                let Some(on_upgrade) = on_upgrade.filter(|_| is_agreed) else {
                    return failed(end, Failed::Upgrade);
                };
                gate.forwarded.count();
                return tunnel(forwarding, response, on_upgrade, end);
            }
            let (mut head, body) = response.into_parts();
            let method = &permit.request.method;
            head.headers = match fields::to_person(method, head.status, &head.headers) {
                Ok(headers) => headers,
                Err(error) => return failed(end, Failed::Coding(error)),
            };
            gate.forwarded.count();
            if permit.request.upgrade {
                head.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            head.extensions.clear();
            head.version = http::Version::HTTP_11;
            let body = (body, with_trailers);
            let passed = ForwardedBody::new(body, end, upstream, forwarding.pool.clone());
            Response::from_parts(head, ResponseBody::Forwarded(Box::new(passed)))
        }
        Err(error) => failed(end, error),
    }
}

type Sent = (Response<UpstreamBody>, Upstream);

/// Sends on a kept connection; one that turns out to be closed before a byte of the request left is
/// replaced by a new one, once.
async fn send(
    forwarding: &ForwardContext<'_>,
    mut request: Request<RequestBody>,
    origin: &Origin,
    (end, upgrading): (&Arc<CompletionGuard>, bool),
) -> Result<Sent, Failed> {
    let limit = Duration::from_secs(forwarding.gate.limits.answer_seconds);
    let is_head_alone = !upgrading && request.body().is_end_stream();
    if is_head_alone && fields::says_that_it_is_empty(request.method()) {
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    for fresh in [false, true] {
        let now = if fresh { Instant::now() } else { end.in_flight.began };
        let taking = forwarding.pool.take((fresh, is_head_alone), now);
        let taken = end.in_flight.unless_cut(taking).await;
        let mut upstream = taken.ok_or(Failed::Cut)??;
        if upgrading {
            upstream.detach();
        }
        let sent = tokio::select! {
            biased;
            () = end.in_flight.until_cut() => return Err(Failed::Cut),
            sent = upstream.send(request, Some(origin)) => sent,
            () = end.in_flight.overdue(limit) => {
                upstream.retire();
                blame(forwarding.gate, &upstream, UpstreamTrouble::Slow);
                return Err(Failed::Late);
            }
        };
        match sent {
            Ok(response) => {
                forwarding.gate.upstreams.answered(upstream.place);
                if end.in_flight.uploading.load(Ordering::Relaxed) {
                    // Its client may read nothing before it has sent everything.
                    upstream.detach();
                }
                return Ok((response, upstream));
            }
            Err(failed) => {
                let NotSent { unsent, error } = *failed;
                match unsent {
                    Some(unsent) if !fresh => request = unsent,
                    _ => {
                        if error.is_none() {
                            blame(forwarding.gate, &upstream, UpstreamTrouble::Lying);
                        } else if error.is_broken_off() {
                            blame(forwarding.gate, &upstream, UpstreamTrouble::Dead);
                        }
                        return Err(error.into());
                    }
                }
            }
        }
    }
    Err(Failed::Unreachable(std::io::ErrorKind::NotConnected.into()))
}

/// An answer that did not come is held against the place that did not give it.
fn blame(gate: &Gate, upstream: &Upstream, what: UpstreamTrouble) {
    gate.metrics.count("upstream", what.name());
    if gate.upstreams.failed(upstream.place, what, Instant::now()) {
        tracing::warn!(place = upstream.place, trouble = what.name(), "upstream");
    }
}

/// The head that the application gets.
fn outgoing(
    forwarding: &ForwardContext<'_>,
    permit: &Permit,
    passing: HeaderMap,
    (id, upgrading): (&str, bool),
) -> anyhow::Result<Request<()>> {
    let mut request = Request::builder()
        .method(permit.request.method.clone())
        .uri(permit.request.target.as_str())
        .body(())?;
    let headers = request.headers_mut();
    *headers = passing;
    identify(forwarding, permit, id, headers)?;
    if upgrading {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    Ok(request)
}

/// Says who asks: by a token for this request, or by the one of its connection and what ties the
/// request to that.
fn identify(
    forwarding: &ForwardContext<'_>,
    permit: &Permit,
    id: &str,
    headers: &mut HeaderMap,
) -> anyhow::Result<()> {
    let (gate, peer) = (forwarding.gate, &permit.peer);
    let now = gate.clock.seconds();
    if gate.tokens.are_of_connections() {
        let connection = forwarding.context.recorded.as_ref();
        let token = connection.and_then(|connection| connection.token.load_full());
        let token = token.context("the connection has no token")?;
        let method = permit.request.method.as_str();
        let of = ProvenRequest { request: id, method, target: &permit.request.target };
        headers.insert(&IDENTITY, token.value());
        headers.insert(&PROOF, gate.tokens.proof(&token, &of, now)?);
        return Ok(());
    }
    let claims = Claims {
        person: &peer.person,
        name: &peer.name,
        org: &peer.units,
        certificate: &peer.sha256,
        acr: peer.acr,
        request: id,
        method: permit.request.method.as_str(),
        target: &permit.request.target,
        policy: permit.world.policy(),
        rule: permit.rule(),
    };
    headers.insert(&IDENTITY, HeaderValue::try_from(gate.tokens.token(&claims, now)?)?);
    Ok(())
}

/// Joins the two sides after the application agreed; not before, and never to a pool.
fn tunnel(
    forwarding: &ForwardContext<'_>,
    response: Response<UpstreamBody>,
    person: hyper::upgrade::OnUpgrade,
    end: Arc<CompletionGuard>,
) -> Response<ResponseBody> {
    let mut headers = fields::to_tunnel(response.headers());
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let mut answer = Response::new(ResponseBody::Own(Default::default()));
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *answer.headers_mut() = headers;
    end.in_flight.tunnel.store(true, Ordering::Relaxed);
    let context = forwarding.context.clone();
    let under_way = context.activity.begin();
    let life = Duration::from_secs(forwarding.gate.limits.connection_hours * 3_600);
    tokio::spawn(async move {
        let application = hyper::upgrade::on(response);
        let (Ok(person), Ok(application)) = tokio::join!(person, application) else {
            end.outcome("upstream-error");
            return;
        };
        if let Some(upgrade) = &context.upgrade {
            upgrade.tunnel();
        }
        // Counted as they come: however it ends, the completion knows how much there was.
        let in_flight = &end.in_flight;
        let up = |bytes: &[u8]| in_flight.move_on(&in_flight.up, bytes.len());
        let down = |bytes: &[u8]| in_flight.move_on(&in_flight.down, bytes.len());
        let mut person = InspectReader::new(TokioIo::new(person), up);
        let mut application = InspectReader::new(TokioIo::new(application), down);
        tokio::select! {
            copied = tokio::io::copy_bidirectional(&mut person, &mut application) => {
                // One that breaks is no regular end; mostly its person is gone.
                end.outcome(if copied.is_ok() { "done" } else { "client-gone" });
            }
            () = end.in_flight.until_cut() => {}
            () = tokio::time::sleep(life) => {}
        }
        // Only now its places are free for others.
        drop((context, under_way));
    });
    answer
}
