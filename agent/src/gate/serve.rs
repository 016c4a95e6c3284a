//! One request of one connection, from its head to its answer.

use super::authorize::{Denial, Permit, decide};
use super::connection_context::{ConnectionContext, RecordedConnection, RequestGuard};
use super::forward::{ForwardContext, forward};
use super::head::HeadError;
use super::page;
use super::peer::ClientIdentity;
use super::reject::reject;
use super::request::Checked;
use super::response_body::ResponseBody;
use super::swallow::swallow;
use crate::spool::Recorded;
use http::{HeaderValue, Method, Request, Response, Version, header};
use hyper::body::Body;
use mtls::listen::ClientBody;
use mtls::listen::head::waits_for_more;
use records::Code;
use std::sync::Arc;
use std::time::Duration;

/// Answers one request.
pub(super) async fn serve(
    context: Arc<ConnectionContext>,
    request: Request<ClientBody>,
) -> Response<ResponseBody> {
    let version = request.version();
    let is_head = request.method() == Method::HEAD;
    let target_bytes = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let guard = RequestGuard::with(&context, target_bytes);
    let mut response = match guard {
        Ok(_) => answer(&context, request).await,
        Err(code) => rejected(&context, "head", code, false),
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
    match response.body_mut() {
        ResponseBody::Forwarded(passed) => passed.guard = guard.ok(),
        // The length of what GET would have brought stays; the body does not.
        own @ ResponseBody::Own(_) if is_head => *own = ResponseBody::Own(Default::default()),
        ResponseBody::Own(_) => {}
    }
    response
}

async fn answer(
    context: &Arc<ConnectionContext>,
    mut request: Request<ClientBody>,
) -> Response<ResponseBody> {
    match admitted(context, &mut request).await {
        Ok((permit, recorded)) => {
            let forwarding = ForwardContext { gate: &context.gate, pool: &context.pool, context };
            forward(&forwarding, permit, &recorded, request).await
        }
        Err(refusal) => {
            // One that waits for our word sends nothing before it. Its stream stays open for its
            // own end: some clients take an early one for no answer.
            let is_waiting = waits_for_more(request.headers());
            match request.into_body() {
                body if !is_waiting => swallow(body).await,
                body @ ClientBody::Http2(_) => {
                    tokio::spawn(swallow(body.without_waiting()));
                }
                _ => {}
            }
            *refusal
        }
    }
}

/// What is permitted and recorded; or what its sender reads instead.
async fn admitted(
    context: &Arc<ConnectionContext>,
    request: &mut Request<ClientBody>,
) -> Result<(Permit, Recorded), Box<Response<ResponseBody>>> {
    let gate = &context.gate;
    let refused = |stage, code, html| Err(Box::new(rejected(context, stage, code, html)));
    let path = request.uri().path();
    let named = path.strip_prefix('/').and_then(|rest| rest.strip_prefix(&context.word));
    if let Some(error) = named.and_then(|rest| rest.strip_prefix('/')) {
        return refused("head", HeadError::code_of(error), false);
    }
    let from = (context.sni.as_deref(), &context.origins);
    let checked = match Checked::read(gate, from, request) {
        Ok(checked) => checked,
        Err(code) => return refused("head", code, false),
    };
    let html = checked.html;
    if request.body().size_hint().lower() > gate.limits.body_bytes {
        return refused("head", Code::TooLarge, html);
    }
    let bodiless = matches!(*request.method(), Method::GET | Method::HEAD);
    if bodiless && !request.body().is_end_stream() {
        let limit = Duration::from_secs(gate.limits.head_seconds);
        match tokio::time::timeout(limit, request.body_mut().ends_empty()).await {
            Ok(true) => {}
            Ok(false) => return refused("head", Code::Malformed, html),
            Err(_) => return refused("head", Code::RequestLate, html),
        }
    }
    let peer = match &context.shown {
        ClientIdentity::Person(peer) => peer,
        ClientIdentity::Nobody => return refused("certificate", Code::CertificateRequired, html),
        ClientIdentity::Refused { code, .. } => return refused("certificate", *code, html),
    };
    let Some(connection) = &context.recorded else {
        return refused("certificate", Code::AuditFailed, html);
    };
    let world = gate.world.load_full();
    let now = gate.clock.seconds();
    let permit = match decide(world, peer, checked, (now, connection.under)) {
        Ok(permit) => permit,
        Err(denial) => return Err(Box::new(denied(context, &denial, connection).await)),
    };
    // While the disk has the record, there is time to sign.
    let prepared = async { connection.prepare(gate, peer, now) };
    let (recorded, ()) = tokio::join!(biased; permit.record(gate, connection), prepared);
    let recorded = match recorded {
        Ok(recorded) => recorded,
        Err(error) => {
            let code = error.code();
            gate.metrics.count("decision", code.name());
            return Err(Box::new(page::refusal(gate, code, &page::reference(), html, None)));
        }
    };
    gate.counts.passed(permit.exception.as_ref(), (&gate.permitted, &gate.metrics));
    Ok((permit, recorded))
}

async fn denied(
    context: &ConnectionContext,
    denial: &Denial,
    connection: &RecordedConnection,
) -> Response<ResponseBody> {
    let gate = &context.gate;
    let reference = page::reference();
    gate.counts.denied(denial.code, denial.answer.as_deref(), &gate.metrics);
    denial.record(gate, connection, &reference).await;
    if counts_no_more(denial.code) {
        // It keeps no place among those that count; who comes again with it is a stranger.
        context.activity.close.cancel();
    }
    let answer = denial.answer.as_deref().map(|answer| (answer, denial.lapsed.as_ref()));
    page::refusal(gate, denial.code, &reference, denial.request.html, answer)
}

/// Whether the certificate of a connection counts no more, whatever is asked on it.
fn counts_no_more(code: Code) -> bool {
    matches!(code, Code::CertificateRevoked | Code::CertificateSuspended | Code::CertificateExpired)
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
