//! Connections of people: who they are, their record, their requests. Places, handshakes and
//! silence are limited by [`mtls::listen`].

use super::connection_context::{ConnectionContext, OfOne, RecordedConnection};
use super::http2;
use super::origins::Origins;
use super::peer::{ClientIdentity, Peer};
use super::reject::reject;
use super::request_rate::RequestRates;
use super::salts::Salts;
use super::serve::serve;
use super::state::Gate;
use super::strict_http1::{EndOfReading, StrictHttp1, UpgradeSwitch};
use super::upstream::{Conversation, Pool};
use crate::fixed::LATE_ANSWER_MAX;
use crate::spool::Place;
use arc_swap::ArcSwapOption;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use mtls::listen::{
    self, Accepted, Activity, ClientBody, ConnectionRefusal, Endpoint, Handshake, KeyedPlaces,
    PeerStanding, drive,
};
use mtls::proof::CertificateVerify;
use mtls::tls::Version;
use policy::Circumstances;
use records::access::{Connection, messages_digest};
use records::body::{DecisionForm, OfConnection};
use records::json::JsonError;
use records::record::Event;
use records::{Bytes, Code, Disclosure};
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
        let shown =
            ClientIdentity::read(&self.gate.clients, &handshake.chain, self.gate.clock.seconds());
        let (shown, counts) = self.gate.judged(shown);
        let most = self.gate.limits.connections_of_one;
        let standing = match &shown {
            ClientIdentity::Person(peer) if counts => {
                PeerStanding::Proven { certificate: peer.sha256, most }
            }
            _ => PeerStanding::Unproven,
        };
        (shown, standing)
    }

    fn reject(&self, source: SocketAddr, peer: Option<&ClientIdentity>, why: ConnectionRefusal) {
        let code = match why {
            ConnectionRefusal::Full | ConnectionRefusal::Slow => Code::TooBusy,
            ConnectionRefusal::Foreign => Code::CertificateForeign,
        };
        reject(
            &self.gate,
            "handshake",
            code,
            (source, peer.map_or("", ClientIdentity::serial)),
            "",
        );
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
        let a_minute = gate.limits.requests_of_one_a_minute;
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
            if !of_one.rate.takes(0, a_minute) {
                reject(&gate, "handshake", Code::TooManyTries, (source, &peer.serial), "");
                return;
            }
            let host = sni.clone().unwrap_or_default();
            recorded = record(&gate, peer, verify, source, (host, http2)).await;
        }
        let word = crate::random::<16>().map(|bytes| Bytes::from(bytes).to_string());
        let Ok(word) = word else { return };
        let context = Arc::new(ConnectionContext {
            source,
            origins: Origins::of(source.ip()),
            sni,
            shown,
            recorded,
            pool: Arc::new(Pool::new(gate.upstream, &gate.limits)),
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

/// Records a connection with what the person's key signed to open it.
async fn record(
    gate: &Gate,
    peer: &Peer,
    verify: CertificateVerify,
    source: SocketAddr,
    (host, http2): (String, bool),
) -> Option<RecordedConnection> {
    let salts = (crate::random().ok()?, crate::random().ok()?, crate::random().ok()?);
    let der = Bytes::from(peer.certificate.der()).to_string();
    let certificate = Disclosure::new("/certificate", salts.0, der.into());
    let address = Disclosure::new("/source", salts.1, source.ip().to_string().into());
    let version = verify.version.name();
    gate.metrics.count("tls", version);
    // Messages of TLS 1.2 show the certificate: they are committed to, and one digest names them.
    let (message, handshake) = match verify.version {
        Version::Tls13 => (Bytes(verify.message), None),
        Version::Tls12 => {
            let messages = Bytes(verify.message);
            let name = messages_digest(&messages.0);
            (name, Some(Disclosure::new("/handshake", salts.2, messages.to_string().into())))
        }
    };
    let committed = handshake.as_ref().map(Disclosure::commitment).transpose().ok()?;
    let seen = Connection {
        person: peer.person.clone(),
        serial: peer.serial.clone(),
        sha256: peer.sha256.into(),
        certificate: certificate.commitment().ok()?,
        host,
        alpn: if http2 { "h2" } else { "http/1.1" }.into(),
        tls: version.into(),
        source: address.commitment().ok()?,
        message,
        handshake: committed,
        scheme: verify.scheme,
        signature: Bytes(verify.signature),
    };
    let under = Circumstances {
        source: Some(source.ip()),
        certificate: Some(peer.profile),
        tls: if verify.version == Version::Tls12 { 12 } else { 13 },
        authenticated: gate.clock.seconds(),
    };
    let event = Event::Connection(Box::new(seen));
    let disclosures = [certificate, address].into_iter().chain(handshake).collect();
    let recorded = gate.spool.record(event, disclosures, Place::Begins).await;
    match recorded.map(|recorded| recorded.request_id()) {
        Ok(name) => {
            let form = form(gate, peer, &name).ok()?;
            let (token, salts) = (ArcSwapOption::empty(), Salts::default());
            Some(RecordedConnection { name, form, under, token, salts })
        }
        Err(error) => {
            tracing::error!(%error, "a connection could not be recorded");
            None
        }
    }
}

/// The form of decisions on a connection, by the name of its record.
fn form(gate: &Gate, peer: &Peer, connection: &str) -> Result<DecisionForm, JsonError> {
    DecisionForm::new(&OfConnection {
        application: &gate.application,
        connection,
        person: &peer.person,
        unit: peer.units.last().map_or("", String::as_str),
        serial: &peer.serial,
    })
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
    builder.max_buf_size(of_gate.head_bytes + 64 * 1024).max_headers(of_gate.fields + 1);
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
