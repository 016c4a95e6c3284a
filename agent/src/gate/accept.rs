//! Connections of people: who they are, their record, their requests. Places, handshakes and
//! silence are limited by [`mtls::listen`].

use super::connection_context::{ConnectionContext, OfOne};
use super::connection_record::{kept_bytes, record};
use super::http2;
use super::origins::Origins;
use super::peer::ClientIdentity;
use super::reject::{reject, reject_connection};
use super::request_rate::RequestRates;
use super::serve::serve;
use super::state::Gate;
use super::strict_http1::{EndOfReading, StrictHttp1, UpgradeSwitch};
use super::upstream::{Conversation, Pool};
use crate::fixed::LATE_ANSWER_MAX;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use mtls::listen::{
    self, Accepted, Activity, ClientBody, ConnectionRefusal, Endpoint, Handshake, KeyedPlaces,
    PeerStanding, drive,
};
use records::{Bytes, Code};
use rustls::ServerConfig;
use service::Stop;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The HTTP library takes so many fields of a head unless it is told otherwise, and then makes no
/// room for them anew with each request.
const FIELDS_IN_PLACE: usize = 100;

/// Serves until the stop.
pub async fn listen(
    gate: Arc<Gate>,
    listener: TcpListener,
    config: Arc<ServerConfig>,
    stop: Stop,
) -> std::io::Result<()> {
    let (requests, rates) = (KeyedPlaces::default(), Arc::default());
    let people = People { gate: gate.clone(), requests, rates };
    let until = async move { stop.wait().await };
    listen::serve_in(&gate.lanes, listener, Some(config), people, until).await
}

/// The endpoint that people connect to.
struct People {
    gate: Arc<Gate>,
    /// Requests under way by certificate.
    requests: KeyedPlaces<[u8; 32]>,
    /// Requests and connections within a minute by certificate.
    rates: Arc<RequestRates>,
}

impl Endpoint for People {
    type Peer = ClientIdentity;

    fn limits(&self) -> listen::Limits {
        self.gate.limits.of_listener()
    }

    fn peer(&self, handshake: &Handshake) -> (ClientIdentity, PeerStanding) {
        self.gate.standing(handshake, self.gate.limits.connections_of_one)
    }

    fn reject(&self, source: SocketAddr, peer: Option<&ClientIdentity>, why: ConnectionRefusal) {
        reject_connection(&self.gate, source, peer, why);
    }

    fn full(&self, is_full: bool) {
        self.gate.metrics.full("listener", is_full);
    }

    fn nearly_full(&self, is_nearly_full: bool) {
        self.gate.metrics.nearly_full("listener", is_nearly_full);
    }

    async fn serve(self: Arc<Self>, accepted: Accepted<ClientIdentity>) {
        let Accepted { stream, source, handshake, peer: shown, slot, stopping } = accepted;
        let Handshake { sni, http2, verify, .. } = handshake;
        let gate = self.gate.clone();
        // Before anything is recorded of whom it says that it is.
        let shown = gate.witnessed(shown).await;
        let a_minute = gate.a_minute();
        let of_one = match &shown {
            ClientIdentity::Person(peer) => {
                let rate = self.rates.of(peer.sha256, a_minute);
                Some(OfOne { rate, requests: self.requests.of(peer.sha256) })
            }
            _ => None,
        };
        let mut recorded = None;
        if let (ClientIdentity::Person(peer), Some(of_one), Some(verify)) =
            (&shown, &of_one, verify)
        {
            // It is a record as well, whatever is asked on it.
            if !of_one.rate.takes(kept_bytes(&verify), a_minute) {
                reject(&gate, "handshake", Code::TooManyTries, (source, &peer.serial), "");
                return;
            }
            let host = sni.clone().unwrap_or_default();
            let alpn = if http2 { "h2" } else { "http/1.1" };
            recorded = record(&gate, peer, verify, source, (host, alpn)).await;
        }
        let word = crate::random::<16>().map(|bytes| Bytes::from(bytes).to_string());
        let Ok(word) = word else { return };
        let context = Arc::new(ConnectionContext {
            source,
            origins: Origins::of(source.ip()),
            sni,
            shown,
            recorded,
            pool: Arc::new(Pool::new(&gate.upstreams, &gate.limits)),
            word,
            upgrade: (!http2).then(UpgradeSwitch::default),
            end_of_reading: EndOfReading::default(),
            activity: slot.activity(),
            of_one,
            _slot: slot,
            gate: gate.clone(),
        });
        gate.counts.connections.fetch_add(1, Ordering::Relaxed);
        talk(context, stream, &stopping).await;
        gate.counts.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Speaks HTTP until the connection is over.
async fn talk(
    context: Arc<ConnectionContext>,
    stream: listen::Transport,
    stopping: &CancellationToken,
) {
    let mut limits = context.gate.limits.of_listener();
    let activity: Arc<Activity> = context.activity.clone();
    let is_proven = matches!(context.shown, ClientIdentity::Person(_));
    let Some(upgrade) = context.upgrade.clone() else {
        let (close, pool) = (CancellationToken::new(), context.pool.clone());
        let person = Box::pin(http2::speak(context, stream, close.clone()));
        let speaking = Conversation { person, pool };
        drive(speaking, |_| close.cancel(), &activity, &limits, is_proven, stopping).await;
        return;
    };
    // The judged stream times heads itself, and one that is late is answered.
    limits.header += LATE_ANSWER_MAX;
    let answered = context.clone();
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        // Its room is large, and nothing where nothing is asked.
        let serving = Box::pin(serve(answered.clone(), request.map(ClientBody::Http1)));
        async move { Ok::<_, Infallible>(serving.await) }
    });
    let of_gate = &context.gate.limits;
    let head = (of_gate.of_head(), Duration::from_secs(of_gate.head_seconds));
    let ends = (upgrade, context.end_of_reading.clone());
    let strict = StrictHttp1::new(stream, &context.word, ends, head);
    let mut builder = http1::Builder::new();
    // The judged stream times heads itself, from their first byte on: a kept connection may wait
    // longer.
    builder.timer(TokioTimer::new()).header_read_timeout(None);
    // The judged stream holds heads to their limits: here nothing is refused that passed there.
    builder.max_buf_size(of_gate.head_bytes + 64 * 1024);
    if of_gate.fields > FIELDS_IN_PLACE {
        builder.max_headers(of_gate.fields);
    }
    // One who sends no more still wants its answer (RFC 9112 8); one who is gone does not take it.
    builder.half_close(true);
    let person = builder.serve_connection(TokioIo::new(strict), service).with_upgrades();
    let speaking = Conversation { person, pool: context.pool.clone() };
    drive(
        speaking,
        |c| Pin::new(&mut c.get_mut().person).graceful_shutdown(),
        &activity,
        &limits,
        is_proven,
        stopping,
    )
    .await;
    // A tunnel goes on, and asks for nothing.
    context.pool.clear();
}
