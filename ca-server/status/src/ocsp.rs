//! OCSP (RFC 6960, RFC 5019): POST and GET, answered now, by a delegated key. Good is only what has
//! a certificate under the issuing key here; revoked is what the log says, at once.
//!
//! What takes away and what rows add are two things: revoked is told by what is in memory, whatever
//! the database does; good and unknown wait for the log's head and for rows.

use super::answers::Signed;
use super::responder::{CLOCK_SLACK, Responder};
use super::state::Status;
use super::taken_away::Remembered;
use anyhow::Context;
use authority::Authority;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use ca_host::ProvenTime;
use ca_store::table::certificate;
use data_encoding::BASE64;
use pki::ocsp::{CertificateStatus, OcspRefusal, Period, Request};
use pki::{Certificate, SerialNumber};
use records::Code;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::timeout;

/// Largest request, in bytes.
const REQUEST_BYTES_MAX: usize = 8 * 1024;
/// A body that takes longer is refused.
const BODY_SECONDS_MAX: Duration = Duration::from_secs(5);
/// What is known of certificates is known by then, or asked for later.
const KNOWN_MAX: Duration = Duration::from_secs(8);
/// Rows that come later answer nobody: a request does not keep its connection for longer.
const ROWS_SECONDS_MAX: Duration = Duration::from_secs(3);
/// An answer counts this long, in seconds.
const ANSWER_SECONDS: u64 = 600;
/// Caches may keep it this long: what is revoked now is good there for no longer.
const CACHED_SECONDS: u64 = 30;
const CACHED: &str = "public, max-age=30, no-transform, must-revalidate";

/// What is known of certificates, by their serial numbers.
type Known = HashMap<SerialNumber, CertificateStatus>;

/// `POST /ocsp` and `GET /ocsp/BASE64`.
pub(super) fn router(status: Arc<Status>) -> Router {
    Router::new()
        .route("/ocsp", post(by_post).get(by_get))
        .route("/ocsp/", post(by_post).get(by_get))
        .route("/ocsp/{*request}", get(by_get))
        .with_state(status)
}

async fn by_post(State(status): State<Arc<Status>>, request: HttpRequest) -> Response {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    let fits = kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/ocsp-request"));
    let body = to_bytes(request.into_body(), REQUEST_BYTES_MAX);
    match timeout(BODY_SECONDS_MAX, body).await {
        Ok(Ok(body)) if fits => status.answer(&body, false).await,
        _ => status.refuse(OcspRefusal::MalformedRequest),
    }
}

async fn by_get(State(status): State<Arc<Status>>, request: HttpRequest) -> Response {
    // As it came: base64 holds slashes, which some clients escape and some do not.
    let text = request.uri().path().strip_prefix("/ocsp/").unwrap_or_default();
    let text: Vec<u8> = percent_encoding::percent_decode_str(text).collect();
    match BASE64.decode(&text) {
        Ok(der) if der.len() <= REQUEST_BYTES_MAX => status.answer(&der, true).await,
        _ => status.refuse(OcspRefusal::MalformedRequest),
    }
}

impl Status {
    fn refuse(&self, refusal: OcspRefusal) -> Response {
        self.metrics.count("ocsp", refusal.name());
        answered(refusal.answer().into(), "no-store")
    }

    async fn answer(&self, der: &[u8], may_cache: bool) -> Response {
        let read = Request::read(der);
        let answered_here = match &read {
            Ok(request) => self.judged(der, request).await,
            Err(refusal) => Err(*refusal),
        };
        match (answered_here, read) {
            (Ok(signed), Ok(request)) => {
                self.metrics.count("ocsp", "done");
                match may_cache && !request.has_nonce() {
                    true => cached(signed, self.time().answered()),
                    false => answered(signed.bytes, "no-store"),
                }
            }
            (Err(refusal), _) | (_, Err(refusal)) => self.refuse(refusal),
        }
    }

    async fn judged(&self, der: &[u8], request: &Request) -> Result<Signed, OcspRefusal> {
        let Some(responder) = self.responder.load() else { return Err(OcspRefusal::TryLater) };
        let time = self.time();
        let now = time.answered();
        if !responder.is_good_at(now) {
            self.metrics.condition("ocsp", Code::CertificateExpired.en());
            return Err(OcspRefusal::TryLater);
        }
        let serials = request.serials(&responder.issuer)?;
        // That something is revoked is told whatever the database does, and however many wait.
        let known = match self.all_taken_away(&serials, now) {
            Some(known) => known,
            None => self.known_in_time(&responder, serials.clone(), now).await?,
        };
        let revoked = |serial| matches!(known.get(serial), Some(CertificateStatus::Revoked { .. }));
        let all_revoked = serials.iter().all(revoked);
        let knows = (&time, !self.lists.is_missing());
        let period = period(knows, all_revoked, responder.certificate.not_after());
        let period = period.ok_or(OcspRefusal::TryLater)?;
        if let Some(signed) = self.answers.still_true(der, &responder.name, &known, now) {
            return Ok(signed);
        }
        let status = |serial: &SerialNumber| {
            known.get(serial).cloned().unwrap_or(CertificateStatus::Unknown)
        };
        let signer = (&responder.key as &dyn pki::Signer, &responder.certificate);
        let made = request.answer(&responder.issuer, status, period, signer);
        let bytes = made.map_err(|error| {
            tracing::error!(%error, "ocsp");
            OcspRefusal::TryLater
        })?;
        let signed = Signed { bytes: bytes.into(), from: now };
        if !request.has_nonce() {
            self.answers.keep(der, responder.name, known, signed.clone());
        }
        Ok(signed)
    }

    /// What is known where every certificate that is asked about is taken away, by what this role
    /// has in memory.
    fn all_taken_away(&self, serials: &[SerialNumber], now: u64) -> Option<Known> {
        let authority = self.follower.latest();
        let known = self.taken_away(authority.as_ref(), serials, now);
        let is_all = serials.iter().all(|serial| known.contains_key(serial));
        (is_all && !serials.is_empty()).then_some(known)
    }

    /// Which certificates are taken away, by authority and what else is remembered.
    fn taken_away(
        &self,
        authority: Option<&Arc<Authority>>,
        serials: &[SerialNumber],
        now: u64,
    ) -> Known {
        let list = self.lists.newest();
        let remembered = Remembered { authority, losses: &self.losses, list: list.as_deref() };
        let told = |serial: &SerialNumber| Some((serial.clone(), remembered.told(serial, now)?));
        serials.iter().filter_map(told).collect()
    }

    /// What is known of each certificate, for which the log's head and rows are waited for.
    async fn known_in_time(
        &self,
        responder: &Responder,
        serials: Vec<SerialNumber>,
        now: u64,
    ) -> Result<Known, OcspRefusal> {
        // However many wait for a database that hangs: lists, which need none, have their places.
        let needs_rows = !serials.iter().all(|serial| self.issued.contains(serial));
        let Some(_place) = self.ocsp_places.take(needs_rows) else {
            return Err(OcspRefusal::TryLater);
        };
        let known = timeout(KNOWN_MAX, self.known(responder, serials, now)).await;
        let known = known.context("the database does not answer").flatten();
        known.map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "ocsp");
            OcspRefusal::TryLater
        })
    }

    /// What is known of each certificate: what the log revoked first, then what was issued.
    async fn known(
        &self,
        responder: &Responder,
        serials: Vec<SerialNumber>,
        now: u64,
    ) -> anyhow::Result<Known> {
        let authority = self.follower.fresh().await?;
        let mut known = self.taken_away(Some(&authority), &serials, now);
        let mut asked = Vec::new();
        for serial in serials {
            if known.contains_key(&serial) {
                continue;
            }
            if self.issued.contains(&serial) {
                known.insert(serial, CertificateStatus::Good);
            } else {
                asked.push(serial);
            }
        }
        for serial in self.issued(responder, asked).await? {
            known.insert(serial, CertificateStatus::Good);
        }
        Ok(known)
    }

    /// For which of some numbers the issuing key signed a certificate. The rows only say where to
    /// look: who writes rows cannot make anything good. A request is one question to the database,
    /// over connections that strangers have among themselves.
    async fn issued(
        &self,
        responder: &Responder,
        serials: Vec<SerialNumber>,
    ) -> anyhow::Result<Vec<SerialNumber>> {
        if serials.is_empty() {
            return Ok(Vec::new());
        }
        let asked = serials.iter().map(ToString::to_string).collect();
        let rows = async {
            let mut tx = self.store.read_for_strangers().await?;
            certificate::of_serials(&mut tx, asked).await
        };
        let rows =
            timeout(ROWS_SECONDS_MAX, rows).await.context("the database does not answer")??;
        let mut issued = Vec::new();
        for read in rows.iter().filter_map(|der| Certificate::read(der).ok()) {
            let serial = read.serial();
            if serials.contains(serial) && read.is_signed_by(responder.issuing.key()) {
                self.issued.remember(serial);
                issued.push(serial.clone());
            }
        }
        Ok(issued)
    }
}

/// For when an answer is good, if there may be one. While the clock is not believed, or the list
/// that was seen last is missing, nobody is told that something is good: only what takes away is
/// said, by the time that is proven.
fn period(
    (time, has_list): (&ProvenTime, bool),
    all_revoked: bool,
    not_after: u64,
) -> Option<Period> {
    let from = time.answered();
    let until = (from + ANSWER_SECONDS).min(not_after);
    let may_be_good = time.is_believed() && has_list;
    (may_be_good || all_revoked).then_some(Period { from, until })
}

/// An answer that caches may keep (RFC 5019 section 6.2): for less time than it counts.
fn cached(signed: Signed, now: u64) -> Response {
    let tag = data_encoding::HEXLOWER.encode(&Sha256::digest(&signed.bytes));
    let mut response = answered(signed.bytes, CACHED);
    let at =
        |unix: u64| httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(unix));
    for (name, value) in [
        (header::LAST_MODIFIED, at(signed.from)),
        (header::EXPIRES, at(now + CACHED_SECONDS)),
        (header::ETAG, format!("\"{tag}\"")),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn answered(bytes: Bytes, cache: &'static str) -> Response {
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/ocsp-response"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

impl Responder {
    fn is_good_at(&self, now: u64) -> bool {
        self.certificate.not_before() <= now + CLOCK_SLACK && now < self.certificate.not_after()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: u64 = 1_800_000_000;
    const DAY: u64 = 86_400;

    /// A clock that moved signs no good for a time that it names; what is revoked is told, by the
    /// time that is proven.
    #[test]
    fn no_answer_is_good_by_a_clock_that_moved() {
        let by = |now: u64, clock, proven, all_revoked| {
            let time = ProvenTime::new((now * 1_000_000, clock), (proven, LAST), DAY);
            let period = period((&time, true), all_revoked, LAST + DAY);
            period.map(|period| (period.from, period.until))
        };
        assert_eq!(by(LAST, Ok(()), LAST, false), Some((LAST, LAST + ANSWER_SECONDS)));
        for now in [LAST + 2 * DAY, LAST - 3_600] {
            let moved = Err(Code::ClockMoved);
            assert_eq!(by(now, moved, LAST, false), None);
            assert_eq!(by(now, moved, LAST, true), Some((LAST, LAST + ANSWER_SECONDS)));
        }
        let late = LAST + DAY - 5;
        assert_eq!(by(late, Ok(()), late, false), Some((late, LAST + DAY)));
    }

    /// Without the list that was seen last nobody knows what stands in it: revoked is said, and
    /// good is not.
    #[test]
    fn no_answer_is_good_without_the_list_that_was_seen() {
        let time = ProvenTime::new((LAST * 1_000_000, Ok(())), (LAST, LAST), DAY);
        let by =
            |has_list, all_revoked| period((&time, has_list), all_revoked, LAST + DAY).is_some();
        assert!(by(true, false) && by(true, true) && by(false, true));
        assert!(!by(false, false));
    }
}
