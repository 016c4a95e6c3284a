//! A router behind a listener: what every service is, and the gate is not.

use super::accept::{Accepted, Endpoint, Handshake, Rejected};
use super::activity::{drive, http2_builder};
use super::budget::Sender;
use super::limits::Limits;
use super::pace::{AnswerBody, PacedBody, PacedStream};
use super::places::{PeerStanding, Slot};
use crate::peer::TlsConnection;
use axum::Router;
use axum::body::Body;
use http::{HeaderValue, Request, Response, header};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use pki::Certificate;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

/// How many connections a certificate may have here now; nothing if it proves nothing. Time, use
/// and what is known of a revocation are judged, not only who signed it.
pub type Judge = Arc<dyn Fn(&Certificate) -> Option<usize> + Send + Sync>;

/// Whose connections count as proven.
#[derive(Clone)]
pub enum Proof {
    /// Nobody's.
    Nothing,
    /// Those whose certificate somebody judges to count here now.
    By(Judge),
}

/// Answers that are larger are counted while their client takes them.
const LARGE: u64 = 64 * 1024;

/// A router with the limits of its listener.
#[derive(Clone)]
pub struct Site {
    /// What is served; every request carries a [`TlsConnection`].
    pub router: Router,
    /// What the listener puts up with.
    pub limits: Limits,
    /// Whose connections count as proven.
    pub proof: Proof,
    /// Whether a path is a brake: they alone are served in reserved places.
    pub is_brake: fn(&str) -> bool,
    /// The answer to everything else there.
    pub busy: fn() -> Response<Body>,
    /// Hears that the listener has no place left, or has one again.
    pub full: Arc<dyn Fn(bool) + Send + Sync>,
    /// Hears that few places are left, or enough again.
    pub nearly_full: Arc<dyn Fn(bool) + Send + Sync>,
}

impl Endpoint for Site {
    /// Whether the peer is proven.
    type Peer = PeerStanding;

    fn limits(&self) -> Limits {
        self.limits.clone()
    }

    fn peer(&self, handshake: &Handshake) -> (PeerStanding, PeerStanding) {
        let leaf = handshake.chain.first().and_then(|der| Certificate::read(der).ok());
        let judged = leaf.and_then(|leaf| match &self.proof {
            Proof::Nothing => None,
            Proof::By(judge) => judge(&leaf).map(|most| (leaf.sha256(), most)),
        });
        let standing = judged.map_or(PeerStanding::Unproven, |(certificate, most)| {
            PeerStanding::Proven { certificate, most }
        });
        (standing, standing)
    }

    fn reject(&self, source: SocketAddr, _: Option<&PeerStanding>, why: Rejected) {
        tracing::debug!(%source, ?why, "connection");
    }

    fn full(&self, is_full: bool) {
        (self.full)(is_full);
    }

    fn nearly_full(&self, is_nearly_full: bool) {
        (self.nearly_full)(is_nearly_full);
    }

    async fn serve(self: Arc<Self>, accepted: Accepted<PeerStanding>) {
        let Accepted { stream, source, handshake, peer, slot, stopping } = accepted;
        let http2 = handshake.http2;
        let certificate = handshake.chain.into_iter().next().map(Arc::new);
        let connection = TlsConnection { sni: handshake.sni, certificate };
        let router = self.router.clone().layer(axum::Extension(connection));
        let sender = match peer {
            PeerStanding::Proven { certificate, .. } => Sender::Certificate(certificate),
            PeerStanding::Unproven => Sender::Source(source.ip().into()),
        };
        let is_proven = peer != PeerStanding::Unproven;
        let limits = self.limits_of(&slot);
        let (activity, body) = (slot.activity(), limits.body);
        // A reserved place is for one question, not for a stay.
        let may_stay = is_proven && !slot.is_reserved();
        let seat = Arc::new(Seat { site: self, router, slot, sender, body });
        let service = service_fn(move |request| seat.clone().answer(request));
        let io = TokioIo::new(PacedStream::new(stream, body));
        if http2 {
            let speaking = http2_builder(is_proven).serve_connection(io, service);
            let close = |c: Pin<&mut _>| http2::Connection::graceful_shutdown(c);
            drive(speaking, close, &activity, &limits, may_stay, &stopping).await;
        } else {
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(limits.header);
            builder.max_buf_size(64 * 1024).max_headers(128).half_close(false);
            let speaking = builder.serve_connection(io, service);
            let close = |c: Pin<&mut _>| http1::Connection::graceful_shutdown(c);
            drive(speaking, close, &activity, &limits, may_stay, &stopping).await;
        }
    }
}

impl Site {
    /// Who sits among the brakes is short.
    fn limits_of(&self, slot: &Slot) -> Limits {
        let mut limits = self.limits.clone();
        if slot.is_reserved() {
            limits.header = limits.header.min(limits.reserved_time);
            limits.body = limits.body.min(limits.reserved_time);
        }
        limits
    }
}

/// An open connection, as its requests see it.
struct Seat {
    site: Arc<Site>,
    router: Router,
    slot: Slot,
    sender: Sender,
    /// Time for a body.
    body: Duration,
}

impl Seat {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, Infallible> {
        let (site, activity) = (&self.site, self.slot.activity());
        let under_way = activity.begin();
        let is_http2 = request.version() == http::Version::HTTP_2;
        let is_brake = (site.is_brake)(request.uri().path());
        let is_reserved = self.slot.is_reserved();
        let portion = self.slot.bodies(is_brake).portion(self.sender);
        let place = self.slot.request(self.sender, is_brake);
        let mut response = if is_reserved && !is_brake {
            (site.busy)()
        } else if place.is_none() {
            // Whoever asks for so much at once waits for themselves, and for no one else.
            later((site.busy)())
        } else {
            let (held, partial) = (portion.clone(), activity.awaits_body());
            let request =
                request.map(|body| Body::new(PacedBody::new(body, self.body, held, partial)));
            let Ok(response) = self.router.clone().oneshot(request).await;
            // Whatever became of a body that was not all read: there was no room for it.
            if portion.was_refused() { (site.busy)() } else { response }
        };
        drop(place);
        let taken = self.slot.answers().portion(self.sender);
        let length = response.body().size_hint().exact().unwrap_or(0);
        if length > LARGE && !taken.take(usize::try_from(length).unwrap_or(usize::MAX)) {
            response = (site.busy)();
        }
        if is_reserved {
            activity.close.cancel();
            if !is_http2 {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
        }
        let answer = under_way.answer(is_http2);
        let held = [portion, taken];
        Ok(response.map(|inner| AnswerBody::new(inner, is_http2, answer, held)))
    }
}

/// A refusal that is another one in a moment.
fn later(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
