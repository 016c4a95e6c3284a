//! One request of one connection, from its head to its answer.

use super::authorize::{Denial, Permit, decide};
use super::forward::{Way, forward};
use super::opened::{Busy, Opened};
use super::page;
use super::peer::{Peer, Shown};
use super::request::Checked;
use super::stream::Down;
use super::turned::turn;
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
pub(super) async fn serve(opened: Arc<Opened>, request: Request<Incoming>) -> Response<Down> {
    let version = request.version();
    let busy = Busy::with(&opened);
    let mut response = match busy {
        Some(_) => answer(&opened, request).await,
        None => turned(&opened, "head", Code::TooBusy, false),
    };
    let over = response.status().is_client_error() || response.status().is_server_error();
    if over && version != Version::HTTP_2 && matches!(response.body(), Down::Own(_)) {
        // Whatever follows a refused head is not looked at.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if over && opened.recorded.is_none() {
        // Who is nobody here, or could not be recorded, does not keep a place.
        opened.close.cancel();
    }
    if let Down::Passed(passed) = response.body_mut() {
        passed.busy = busy;
    }
    response
}

async fn answer(opened: &Arc<Opened>, request: Request<Incoming>) -> Response<Down> {
    match admitted(opened, &request).await {
        Ok((permit, recorded)) => {
            let way = Way { gate: &opened.gate, pool: &opened.pool, opened };
            forward(&way, permit, &recorded, request).await
        }
        Err(refusal) => {
            swallow(request).await;
            *refusal
        }
    }
}

/// What is permitted and recorded; or what its sender reads instead.
async fn admitted(
    opened: &Arc<Opened>,
    request: &Request<Incoming>,
) -> Result<(Permit, Recorded), Box<Response<Down>>> {
    let gate = &opened.gate;
    let refused = |stage, code, html| Err(Box::new(turned(opened, stage, code, html)));
    let path = request.uri().path();
    if path.strip_prefix('/').is_some_and(|rest| rest.starts_with(&opened.word)) {
        return refused("head", Code::Malformed, false);
    }
    let checked = match Checked::read(gate, opened.sni.as_deref(), request) {
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
    let peer = match &opened.shown {
        Shown::Person(peer) => peer,
        Shown::Nobody => return refused("certificate", Code::CertificateRequired, html),
        Shown::Refused { code, .. } => return refused("certificate", *code, html),
    };
    let Some(connection) = &opened.recorded else {
        return refused("certificate", Code::AuditFailed, html);
    };
    let world = gate.world.load_full();
    let now = gate.clock.seconds();
    let permit = match decide(world, peer, checked, now) {
        Ok(permit) => permit,
        Err(denial) => return Err(Box::new(denied(opened, &denial, peer, connection).await)),
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

/// Reads on what a refused request still sends, within limits: who is busy sending an upload reads the
/// refusal only afterwards, and a connection that is closed before that takes it along.
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

async fn denied(opened: &Opened, denial: &Denial, peer: &Peer, connection: &str) -> Response<Down> {
    let gate = &opened.gate;
    let reference = page::reference();
    gate.counts.deny();
    gate.metrics.count("decision", denial.code.name());
    denial.record(gate, connection, peer, reference.clone()).await;
    let answer = denial.answer.as_deref();
    page::refusal(gate, denial.code, &reference, denial.request.html, answer)
}

fn turned(opened: &Opened, stage: &'static str, code: Code, html: bool) -> Response<Down> {
    let reference = page::reference();
    turn(&opened.gate, stage, code, (opened.source, opened.shown.serial()), &reference);
    page::refusal(&opened.gate, code, &reference, html, None)
}
