//! A router behind a listener: what every service is, and the gate is not.

use super::accept::{Accepted, ConnectionRefusal, Endpoint, Handshake};
use super::activity::{ActiveRequest, Activity, PING, drive, http2_builder};
use super::bare_refusal;
use super::brake_place::BrakePlace;
use super::budget::{EndsConnection, Portion, Sender};
use super::client_body::ClientBody;
use super::head::{OF_SERVICES, RequestFault};
use super::http2::{Answers, speak};
use super::limits::Limits;
use super::pace::{AnswerBody, PacedBody, RequestCharge, begun};
use super::paced_stream::PacedStream;
use super::places::{PeerStanding, Slot};
use super::queued;
use super::request_place::RequestPlace;
use super::source::Source;
use super::worded_stream::WordedStream;
use crate::peer::TlsConnection;
use axum::Router;
use axum::body::Body;
use http::{HeaderValue, Request, Response, header};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use pki::Certificate;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How many connections a certificate may have here now; nothing if it proves nothing. Time, use
/// and what is known of a revocation are judged, not only who signed it.
pub type Judge = Arc<dyn Fn(&Certificate) -> Option<usize> + Send + Sync>;

/// Whose connections count as proven.
#[derive(Clone)]
pub enum Proof {
    /// Nobody proved anything.
    Nothing,
    /// Nobody by a handshake; whoever asks proves it by that, and the answer bears
    /// [`ProvenAsker`].
    Asked,
    /// Those whose certificate somebody judges to count here now.
    By(Judge),
}

/// What the answer to somebody bears who proved who they are by what they asked: their connection
/// may wait for the next request.
#[derive(Clone, Copy, Debug)]
pub struct ProvenAsker;

/// Answers that are larger are counted while their client takes them, and those of strangers that
/// are no receipt or refusal. What was stopped is told whatever else waits for the same source: a
/// page with a receipt has 9 KiB.
const LARGE: u64 = 64 * 1024;
const LARGE_OF_STRANGERS: u64 = 4 * 1024;
const LARGE_OF_BRAKES: u64 = 16 * 1024;
/// Most bytes of a head of HTTP/1 that the HTTP library reads, and most fields: what is beyond them
/// it refuses itself.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const FIELDS_MAX: usize = 1_000;

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
    /// The answer to a head that is refused.
    pub refuse: fn(RequestFault) -> Response<Body>,
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
            Proof::Nothing | Proof::Asked => None,
            Proof::By(judge) => judge(&leaf).map(|most| (leaf.sha256(), most)),
        });
        let standing = judged.map_or(PeerStanding::Unproven, |(certificate, most)| {
            PeerStanding::Proven { certificate, most }
        });
        (standing, standing)
    }

    fn reject(&self, source: SocketAddr, _: Option<&PeerStanding>, why: ConnectionRefusal) {
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
        let subscriber = Some(Source::from(source.ip()).bits());
        let connection = TlsConnection { sni: handshake.sni, certificate, subscriber };
        let sender = match peer {
            PeerStanding::Proven { certificate, .. } => Sender::Certificate(certificate),
            PeerStanding::Unproven => Sender::Source(source.ip().into()),
        };
        let is_proven = peer != PeerStanding::Unproven;
        let limits = self.limits_of(&slot);
        let (activity, body) = (slot.activity(), limits.body);
        // A reserved place is for one question, not for a stay.
        let may_stay = is_proven && !slot.is_reserved();
        let refuse = self.refuse;
        // The library times the wait for a head as well.
        let head = match self.proof {
            Proof::Asked => limits.header.max(limits.idle),
            Proof::Nothing | Proof::By(_) => limits.header,
        };
        let seat = Arc::new(ConnectionSeat { site: self, connection, slot, sender, body });
        if http2 {
            let stream = WordedStream::new(stream, bare_refusal::fields(refuse));
            let stream = PacedStream::new(stream, body, activity.clone(), http2);
            let close = CancellationToken::new();
            let speaking = speak(http2_builder(is_proven), stream, seat, close.clone(), PING);
            drive(speaking, |_| close.cancel(), &activity, &limits, may_stay, &stopping).await;
        } else {
            let service = service_fn(move |request: Request<Incoming>| {
                let (seat, under_way) = (seat.clone(), seat.activity().begin());
                let request = request.map(ClientBody::Http1);
                async move { Ok::<_, Infallible>(seat.answered(request, Some(under_way)).await) }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(head);
            // The stream itself holds back an end until all is answered.
            builder.max_buf_size(HEAD_BYTES_MAX).max_headers(FIELDS_MAX).half_close(false);
            let stream = PacedStream::new(stream, body, activity.clone(), http2);
            let stream = TokioIo::new(stream.refusing(refuse));
            let speaking = builder.serve_connection(stream, service);
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
struct ConnectionSeat {
    site: Arc<Site>,
    /// Told with each request, so that all connections share one router.
    connection: TlsConnection,
    slot: Slot,
    sender: Sender,
    /// Time for a body.
    body: Duration,
}

impl Answers for ConnectionSeat {
    type Body = AnswerBody;

    fn activity(&self) -> Arc<Activity> {
        self.slot.activity()
    }

    #[expect(clippy::disallowed_methods, reason = "RFC 9110 6.6.1; nothing is decided by it")]
    fn date(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&httpdate::fmt_http_date(SystemTime::now())).ok()
    }

    fn answer_limit(&self) -> Duration {
        self.body
    }

    fn allows_taking_back(&self) -> bool {
        self.slot.allows_taking_back_of(self.sender)
    }

    async fn answer(self: Arc<Self>, request: Request<ClientBody>) -> Response<AnswerBody> {
        self.answered(request, None).await
    }
}

impl ConnectionSeat {
    /// Answers one request; over HTTP/1 the answer keeps what counts it.
    async fn answered(
        self: Arc<Self>,
        request: Request<ClientBody>,
        under_way: Option<ActiveRequest>,
    ) -> Response<AnswerBody> {
        let (site, activity) = (&self.site, self.slot.activity());
        let is_http2 = request.version() == http::Version::HTTP_2;
        let is_brake = (site.is_brake)(request.uri().path());
        let is_reserved = self.slot.is_reserved();
        let portion = self.slot.bodies(is_brake).portion(self.sender);
        let charge = RequestCharge::new(portion, self.slot.request(self.sender, is_brake));
        let brake = is_brake.then(|| self.brake_place(&charge));
        let (active, counted) = (activity.clone(), charge.clone());
        let request = request.map(|body| PacedBody::new(body, self.body, active, counted));
        let mut response = if is_reserved && !is_brake {
            (site.busy)()
        } else if let Some(fault) = OF_SERVICES.fault(&request) {
            (site.refuse)(fault)
        } else {
            let routed = self.routed(request, &charge.place, brake.as_ref()).await;
            // Whatever its route made of a body that was not all read: there was no room for it, or
            // it did not come.
            match (charge.portion.was_refused(), charge.was_late.load(Ordering::Relaxed)) {
                (true, _) => (site.busy)(),
                (false, true) => (site.refuse)(RequestFault::Late),
                // Whoever asks for so much at once waits for themselves, and for no one else.
                (false, false) => {
                    let counted = routed.filter(|_| !charge.place.was_refused());
                    counted.unwrap_or_else(|| later((site.busy)()))
                }
            }
        };
        let taken = self.slot.answers(self.sender).portion(self.sender);
        let length = response.body().size_hint().exact().unwrap_or(0);
        let is_brake = brake.is_some_and(|place| !place.was_left());
        if !self.counts(&taken, (length, is_brake)) {
            response = (site.busy)();
        }
        if is_reserved {
            activity.close.cancel();
            if !is_http2 {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
        }
        response.map(|inner| AnswerBody::new(inner, is_http2, under_way, taken))
    }

    /// Where a request stands that came to an address of brakes.
    fn brake_place(&self, charge: &RequestCharge) -> BrakePlace {
        let others = || (self.slot.request(self.sender, false), self.slot.bodies(false).clone());
        BrakePlace::of(charge, (!self.slot.is_reserved()).then(others))
    }

    /// Whether an answer of so many bytes may wait for its client.
    fn counts(&self, taken: &Portion, (length, is_brake): (u64, bool)) -> bool {
        if matches!(self.sender, Sender::Source(_)) {
            let ends = Arc::new(EndsConnection(self.slot.activity()));
            taken.wait(Some(&Waker::from(ends)));
        }
        length <= uncounted(self.sender, is_brake)
            || taken.take(usize::try_from(length).unwrap_or(usize::MAX / 2))
    }

    /// What the routes answer; nothing where too many requests of the sender are answered now. A
    /// brake counts once it is here: whoever sends halves of brakes would keep those of everybody
    /// else behind the same address out. So would halves of anything else: what is under way counts
    /// for nobody while it waits for its client.
    async fn routed(
        &self,
        request: Request<PacedBody>,
        place: &RequestPlace,
        brake: Option<&BrakePlace>,
    ) -> Option<Response<Body>> {
        let mut request = match brake.is_some() {
            true => begun(request).await,
            false => request.map(Body::new),
        };
        if !place.take() {
            return None;
        }
        request.extensions_mut().insert(self.connection.clone());
        if let Some(brake) = brake {
            request.extensions_mut().insert(brake.clone());
        }
        let answer = self.site.router.clone().oneshot(request);
        let Ok(response) = queued::within(self.slot.activity(), answer).await;
        place.leave();
        if response.extensions().get::<ProvenAsker>().is_some() {
            self.slot.activity().stay();
        }
        Some(response)
    }
}

/// Most bytes of an answer that waits for its client without being counted.
fn uncounted(sender: Sender, is_brake: bool) -> u64 {
    match sender {
        Sender::Certificate(_) => LARGE,
        Sender::Source(_) if is_brake => LARGE_OF_BRAKES,
        Sender::Source(_) => LARGE_OF_STRANGERS,
    }
}

/// A refusal that is another one in a moment.
fn later(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    /// Whatever others behind the same address take none of, whoever stopped something is told so.
    #[test]
    fn a_receipt_waits_beside_what_nobody_takes() {
        let stranger = Sender::Source(IpAddr::from([192, 0, 2, 1]).into());
        let receipt = 9 * 1024;
        assert!(uncounted(stranger, true) >= receipt);
        assert!(uncounted(stranger, false) < receipt, "any other page of that size counts");
        assert!(uncounted(Sender::Certificate([7; 32]), false) >= receipt);
    }
}
