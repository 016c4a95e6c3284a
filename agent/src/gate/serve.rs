//! One request of one connection, from its head to its answer.

use super::authorize::{Denial, Permit, decide};
use super::connection_context::{ConnectionContext, RequestGuard};
use super::forward::{ForwardContext, forward};
use super::page;
use super::peer::{Peer, Shown};
use super::reject::reject;
use super::request::Checked;
use super::response_body::ResponseBody;
use crate::spool::Recorded;
use http::{HeaderValue, Method, Request, Response, Version, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use records::Code;
use std::sync::Arc;
use std::time::Duration;

/// Most bytes, and the longest time, that a refused request still gets to end what it sends.
const SWALLOWED_BYTES_MAX: usize = 64 * 1024 * 1024;
const SWALLOW_MAX: Duration = Duration::from_secs(10);

/// Answers one request.
pub(super) async fn serve(
    context: Arc<ConnectionContext>,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    let version = request.version();
    let guard = RequestGuard::with(&context);
    let mut response = match guard {
        Some(_) => answer(&context, request).await,
        None => rejected(&context, "head", Code::TooBusy, false),
    };
    let over = response.status().is_client_error() || response.status().is_server_error();
    if over && version != Version::HTTP_2 && matches!(response.body(), ResponseBody::Own(_)) {
        // Whatever follows a refused head is not looked at.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if over && context.recorded.is_none() {
        // Who is nobody here, or could not be recorded, does not keep a place.
        context.activity.close.cancel();
    }
    if let ResponseBody::Forwarded(passed) = response.body_mut() {
        passed.guard = guard;
    }
    response
}

async fn answer(
    context: &Arc<ConnectionContext>,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    match admitted(context, &request).await {
        Ok((permit, recorded)) => {
            let forwarding = ForwardContext { gate: &context.gate, pool: &context.pool, context };
            forward(&forwarding, permit, &recorded, request).await
        }
        Err(refusal) => {
            swallow(request).await;
            *refusal
        }
    }
}

/// What is permitted and recorded; or what its sender reads instead.
async fn admitted(
    context: &Arc<ConnectionContext>,
    request: &Request<Incoming>,
) -> Result<(Permit, Recorded), Box<Response<ResponseBody>>> {
    let gate = &context.gate;
    let refused = |stage, code, html| Err(Box::new(rejected(context, stage, code, html)));
    let path = request.uri().path();
    if path.strip_prefix('/').is_some_and(|rest| rest.starts_with(&context.word)) {
        return refused("head", Code::Malformed, false);
    }
    let checked = match Checked::read(gate, context.sni.as_deref(), request) {
        Ok(checked) => checked,
        Err(code) => return refused("head", code, false),
    };
    let html = checked.html;
    if request.body().size_hint().lower() > gate.limits.body_bytes {
        return refused("head", Code::TooLarge, html);
    }
    let bodiless = matches!(*request.method(), Method::GET | Method::HEAD);
    if bodiless && !request.body().is_end_stream() {
        return refused("head", Code::Malformed, html);
    }
    let peer = match &context.shown {
        Shown::Person(peer) => peer,
        Shown::Nobody => return refused("certificate", Code::CertificateRequired, html),
        Shown::Refused { code, .. } => return refused("certificate", *code, html),
    };
    let Some(connection) = &context.recorded else {
        return refused("certificate", Code::AuditFailed, html);
    };
    let world = gate.world.load_full();
    let now = gate.clock.seconds();
    let permit = match decide(world, peer, checked, now) {
        Ok(permit) => permit,
        Err(denial) => return Err(Box::new(denied(context, &denial, peer, connection).await)),
    };
    let recorded = match permit.record(gate, connection).await {
        Ok(recorded) => recorded,
        Err(error) => {
            let code = error.code();
            gate.metrics.count("decision", code.name());
            return Err(Box::new(page::refusal(gate, code, &page::reference(), html, None)));
        }
    };
    gate.counts.permit();
    gate.metrics.count("decision", "permitted");
    Ok((permit, recorded))
}

/// Reads on what a refused request still sends, within limits: who is busy sending an upload reads
/// the refusal only afterwards, and a connection that is closed before that takes it along.
async fn swallow(request: Request<Incoming>) {
    if request.headers().contains_key(header::EXPECT) {
        // It waits for our word before it sends anything.
        return;
    }
    let mut body = request.into_body();
    let all = async {
        let mut left = SWALLOWED_BYTES_MAX;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, bytes::Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(SWALLOW_MAX, all).await;
}

async fn denied(
    context: &ConnectionContext,
    denial: &Denial,
    peer: &Peer,
    connection: &str,
) -> Response<ResponseBody> {
    let gate = &context.gate;
    let reference = page::reference();
    gate.counts.deny();
    gate.metrics.count("decision", denial.code.name());
    denial.record(gate, connection, peer, reference.clone()).await;
    let answer = denial.answer.as_deref();
    page::refusal(gate, denial.code, &reference, denial.request.html, answer)
}

fn rejected(
    context: &ConnectionContext,
    stage: &'static str,
    code: Code,
    html: bool,
) -> Response<ResponseBody> {
    let reference = page::reference();
    reject(&context.gate, stage, code, (context.source, context.shown.serial()), &reference);
    page::refusal(&context.gate, code, &reference, html, None)
}
