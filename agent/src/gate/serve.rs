//! One request of one connection, from its head to its answer.

use super::Gate;
use super::accept::OneOf;
use super::authorize::{Denial, decide};
use super::forward::{Way, forward};
use super::judged::Agreed;
use super::page;
use super::peer::{Peer, Shown};
use super::request::Checked;
use super::stream::Down;
use super::turned::turn;
use super::upstream::Pool;
use audit::Code;
use http::{HeaderValue, Method, Request, Response, Version, header};
use hyper::body::{Body, Incoming};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

/// A connection as its requests see it.
pub(super) struct Opened {
    pub(super) gate: Arc<Gate>,
    pub(super) source: SocketAddr,
    /// Server name of the handshake.
    pub(super) sni: Option<String>,
    pub(super) shown: Shown,
    /// Id of the connection's record; none if it could not be recorded, and then nothing passes.
    pub(super) recorded: Option<String>,
    pub(super) pool: Arc<Pool>,
    /// What the reader of an HTTP/1 connection calls a refusal.
    pub(super) word: String,
    pub(super) agreed: Option<Agreed>,
    /// Requests under way.
    pub(super) busy: Arc<AtomicUsize>,
    /// Requests so far.
    pub(super) requests: AtomicUsize,
    /// Ends the connection at once.
    pub(super) end: CancellationToken,
    /// Ends it when what is under way is answered.
    pub(super) close: CancellationToken,
    /// Its places among all connections and among those of its certificate.
    pub(super) _places: (OwnedSemaphorePermit, Option<OneOf>),
}

/// Counts a request of its connection until its answer is over.
pub(super) struct Busy(Arc<AtomicUsize>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Answers one request.
pub(super) async fn serve(opened: Arc<Opened>, request: Request<Incoming>) -> Response<Down> {
    opened.busy.fetch_add(1, Ordering::AcqRel);
    opened.requests.fetch_add(1, Ordering::Relaxed);
    let busy = Busy(opened.busy.clone());
    let version = request.version();
    let mut response = answer(&opened, request).await;
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
        passed.keep_busy(busy);
    }
    response
}

async fn answer(opened: &Arc<Opened>, request: Request<Incoming>) -> Response<Down> {
    let gate = &opened.gate;
    let path = request.uri().path();
    if path.strip_prefix('/').is_some_and(|rest| rest.starts_with(&opened.word)) {
        return turned(opened, "head", Code::Malformed, false);
    }
    let checked = match Checked::read(gate, opened.sni.as_deref(), &request) {
        Ok(checked) => checked,
        Err(code) => return turned(opened, "head", code, false),
    };
    let html = checked.html;
    let bodiless = matches!(*request.method(), Method::GET | Method::HEAD);
    if bodiless && !request.body().is_end_stream() {
        return turned(opened, "head", Code::Malformed, html);
    }
    let peer = match &opened.shown {
        Shown::Person(peer) => peer,
        Shown::Nobody => return turned(opened, "certificate", Code::CertificateRequired, html),
        Shown::Refused { code, .. } => return turned(opened, "certificate", *code, html),
    };
    let Some(connection) = &opened.recorded else {
        return turned(opened, "certificate", Code::AuditFailed, html);
    };
    let world = gate.world.load_full();
    let now = gate.clock.seconds();
    let permit = match decide(world, peer, checked, now) {
        Ok(permit) => permit,
        Err(denial) => return denied(opened, &denial, peer, connection).await,
    };
    let recorded = match permit.record(gate, connection).await {
        Ok(recorded) => recorded,
        Err(error) => {
            let code = error.code();
            gate.metrics.count("decision", code.name());
            return page::refusal(gate, code, &page::reference(), html, None);
        }
    };
    gate.counts.permit();
    gate.metrics.count("decision", "permitted");
    let way = Way { gate, pool: &opened.pool, opened };
    forward(&way, permit, &recorded, request).await
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
    let serial = match &opened.shown {
        Shown::Nobody => "",
        Shown::Refused { serial, .. } => serial,
        Shown::Person(peer) => &peer.serial,
    };
    turn(&opened.gate, stage, code, (opened.source, serial), &reference);
    page::refusal(&opened.gate, code, &reference, html, None)
}
