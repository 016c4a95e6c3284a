//! Connections: accepted within limits, handshaken in time, recorded, served, ended in time.

use super::Gate;
use super::judged::{Agreed, Judged};
use super::opened::{OneOf, Opened, Places, Seat};
use super::peer::{Peer, Shown};
use super::serve::serve;
use super::turned::turn;
use super::upstream::Pool;
use crate::config::Limits;
use crate::spool::Place;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use mtls::proof::{CertificateVerify, kept};
use records::access::Connection;
use records::record::Event;
use records::{Bytes, Code, Disclosure};
use rustls::ServerConfig;
use service::Stop;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

/// How often a connection looks whether it is over.
const LOOK: Duration = Duration::from_secs(2);
/// Connections get this long to end after a stop.
const STOP_MAX: Duration = Duration::from_secs(10);

struct Limited {
    open: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    /// Handshakes under way by source address.
    sources: Places<IpAddr>,
    /// Open connections by certificate.
    of_one: Places<[u8; 32]>,
    /// Requests under way by certificate.
    requests: Places<[u8; 32]>,
    unproven: Arc<Semaphore>,
    unproven_sources: Places<IpAddr>,
}

impl Limited {
    fn new(limits: &Limits) -> Self {
        Self {
            open: Arc::new(Semaphore::new(limits.connections)),
            handshakes: Arc::new(Semaphore::new(limits.handshakes)),
            sources: Arc::default(),
            of_one: Arc::default(),
            requests: Arc::default(),
            unproven: Arc::new(Semaphore::new(limits.connections_unproven)),
            unproven_sources: Arc::default(),
        }
    }

    /// A place for a connection that is open: nobody takes those of people by proving nothing.
    fn seat(&self, limits: &Limits, shown: &Shown, source: IpAddr) -> Option<Seat> {
        match shown {
            Shown::Person(peer) => {
                let place = OneOf::enter(&self.of_one, peer.sha256, limits.connections_of_one)?;
                Some(Seat::OfOne { _place: place })
            }
            Shown::Nobody | Shown::Refused { .. } => {
                let place = self.unproven.clone().try_acquire_owned().ok()?;
                let most = limits.unproven_of_source;
                let own = OneOf::enter(&self.unproven_sources, source, most)?;
                Some(Seat::Unproven { _place: (place, own) })
            }
        }
    }
}

/// Serves until the stop.
pub async fn listen(
    gate: Arc<Gate>,
    listener: TcpListener,
    config: Arc<ServerConfig>,
    stop: Stop,
) -> std::io::Result<()> {
    tracing::info!(address = %listener.local_addr()?, "listening");
    let acceptor = TlsAcceptor::from(config);
    let limited = Arc::new(Limited::new(&gate.limits));
    let tasks = tokio_util::task::TaskTracker::new();
    loop {
        let (stream, source) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "accept");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = stop.wait() => break,
        };
        let (gate, acceptor) = (gate.clone(), acceptor.clone());
        let (limited, stop) = (limited.clone(), stop.clone());
        tasks.spawn(async move {
            let Ok(place) = limited.open.clone().try_acquire_owned() else {
                turn(&gate, "handshake", Code::TooBusy, (source, ""), "");
                return;
            };
            connection(gate, (stream, source, place), acceptor, &limited, stop).await;
        });
    }
    drop(listener);
    tasks.close();
    let _ = tokio::time::timeout(STOP_MAX, tasks.wait()).await;
    Ok(())
}

async fn connection(
    gate: Arc<Gate>,
    (stream, source, open): (TcpStream, SocketAddr, OwnedSemaphorePermit),
    acceptor: TlsAcceptor,
    limited: &Limited,
    stop: Stop,
) {
    let _ = stream.set_nodelay(true);
    let Some((stream, verify)) = handshake(&gate, stream, source, acceptor, limited).await else {
        return;
    };
    let (_, session) = stream.get_ref();
    let chain: Vec<Vec<u8>> = session
        .peer_certificates()
        .unwrap_or_default()
        .iter()
        .map(|certificate| certificate.to_vec())
        .collect();
    let sni = session.server_name().map(str::to_owned);
    let http2 = session.alpn_protocol() == Some(b"h2");
    let shown = Shown::read(&gate, &chain, gate.clock.seconds());
    let Some(seat) = limited.seat(&gate.limits, &shown, source.ip()) else {
        turn(&gate, "handshake", Code::TooBusy, (source, shown.serial()), "");
        return;
    };
    let mut recorded = None;
    if let (Shown::Person(peer), Some(verify)) = (&shown, verify) {
        let host = sni.clone().unwrap_or_default();
        recorded = record(&gate, peer, verify, source, (host, http2)).await;
    }
    let word = crate::random::<16>().map(|bytes| Bytes::from(bytes).to_string());
    let Ok(word) = word else { return };
    let agreed = (!http2).then(Agreed::default);
    let opened = Arc::new(Opened {
        source,
        sni,
        shown,
        recorded,
        pool: Arc::new(Pool::new(gate.upstream)),
        word,
        agreed,
        busy: Arc::new(AtomicUsize::new(0)),
        requests: AtomicUsize::new(0),
        end: CancellationToken::new(),
        close: CancellationToken::new(),
        of_one: limited.requests.clone(),
        _places: (open, seat),
        gate: gate.clone(),
    });
    gate.counts.connections.fetch_add(1, Ordering::Relaxed);
    talk(opened, stream, http2, stop).await;
    gate.counts.connections.fetch_sub(1, Ordering::Relaxed);
}

async fn handshake(
    gate: &Gate,
    stream: TcpStream,
    source: SocketAddr,
    acceptor: TlsAcceptor,
    limited: &Limited,
) -> Option<(TlsStream<TcpStream>, Option<CertificateVerify>)> {
    let of_source = gate.limits.handshakes_of_source;
    let place = limited.handshakes.try_acquire().ok();
    let own = OneOf::enter(&limited.sources, source.ip(), of_source);
    let (Some(_place), Some(_own)) = (place, own) else {
        turn(gate, "handshake", Code::TooBusy, (source, ""), "");
        return None;
    };
    let limit = Duration::from_secs(gate.limits.handshake_seconds);
    let shaken = tokio::time::timeout(limit, kept(acceptor.accept(stream))).await;
    match shaken {
        Ok((Ok(stream), verify)) => Some((stream, verify)),
        Ok((Err(error), _)) => {
            tracing::debug!(%source, %error, "handshake");
            turn(gate, "handshake", Code::CertificateForeign, (source, ""), "");
            None
        }
        Err(_) => {
            turn(gate, "handshake", Code::TooBusy, (source, ""), "");
            None
        }
    }
}

/// Records a connection with what the person's key signed to open it; gives the record's id.
async fn record(
    gate: &Gate,
    peer: &Peer,
    verify: CertificateVerify,
    source: SocketAddr,
    (host, http2): (String, bool),
) -> Option<String> {
    let salts = (crate::random().ok()?, crate::random().ok()?);
    let der = Bytes::from(peer.certificate.der()).to_string();
    let certificate = Disclosure::new("/certificate", salts.0, der.into());
    let address = Disclosure::new("/source", salts.1, source.ip().to_string().into());
    let seen = Connection {
        person: peer.person.clone(),
        serial: peer.serial.clone(),
        sha256: peer.sha256.into(),
        certificate: certificate.commitment().ok()?,
        host,
        alpn: if http2 { "h2" } else { "http/1.1" }.into(),
        source: address.commitment().ok()?,
        message: Bytes(verify.message),
        scheme: verify.scheme,
        signature: Bytes(verify.signature),
    };
    let event = Event::Connection(Box::new(seen));
    match gate.spool.record(event, vec![certificate, address], Place::Begins).await {
        Ok(recorded) => Some(recorded.request_id(&gate.agent)),
        Err(error) => {
            tracing::error!(%error, "a connection could not be recorded");
            None
        }
    }
}

/// Speaks HTTP until the connection ends, is idle too long, too old, or the stop comes.
async fn talk(opened: Arc<Opened>, stream: TlsStream<TcpStream>, is_http2: bool, stop: Stop) {
    let limits = &opened.gate.limits;
    let head = Duration::from_secs(limits.head_seconds);
    let answered = opened.clone();
    let service = service_fn(move |request| {
        let opened = answered.clone();
        async move { Ok::<_, Infallible>(serve(opened, request).await) }
    });
    if is_http2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(100)
            .max_header_list_size(16 * 1024)
            .max_pending_accept_reset_streams(20)
            .max_local_error_reset_streams(100)
            .max_send_buf_size(64 * 1024)
            .header_table_size(4 * 1024)
            .initial_stream_window_size(64 * 1024)
            .initial_connection_window_size(1024 * 1024)
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(20));
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        if let Over::Gently = until_over(&opened, &stop, connection.as_mut()).await {
            connection.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(STOP_MAX, connection).await;
        }
        return;
    }
    let agreed = opened.agreed.clone().unwrap_or_default();
    let judged = Judged::new(stream, &opened.word, agreed, head);
    let mut builder = http1::Builder::new();
    // The judged stream times heads itself, from their first byte on: a kept connection may wait longer.
    builder.timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(64 * 1024);
    // Whoever closes its side while it waits is gone, and what it asked for ends.
    builder.max_headers(128).half_close(false);
    let connection = builder.serve_connection(TokioIo::new(judged), service).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    if let Over::Gently = until_over(&opened, &stop, connection.as_mut()).await {
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(STOP_MAX, connection).await;
    }
}

/// How a connection is over.
enum Over {
    /// It ended, or has to be dropped as it is.
    Now,
    /// What is under way may be answered first.
    Gently,
}

/// Drives a connection until it ends or has to be ended from here.
async fn until_over<F: Future<Output = hyper::Result<()>>>(
    opened: &Opened,
    stop: &Stop,
    mut connection: std::pin::Pin<&mut F>,
) -> Over {
    let limits = &opened.gate.limits;
    let life = Duration::from_secs(limits.connection_hours * 3_600);
    let proven = matches!(opened.shown, Shown::Person(_));
    let began = Instant::now();
    let (mut quiet, mut seen) = (Instant::now(), 0);
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    let source = std::error::Error::source(&error);
                    tracing::debug!(%error, ?source, "connection");
                }
                return Over::Now;
            }
            () = opened.end.cancelled() => return Over::Now,
            () = opened.close.cancelled() => return Over::Gently,
            go = stop.pause(LOOK) => if !go { return Over::Gently },
        }
        let requests = opened.requests.load(Ordering::Relaxed);
        if opened.busy.load(Ordering::Acquire) > 0 || requests != seen {
            (quiet, seen) = (Instant::now(), requests);
        }
        let idle = if proven && seen > 0 { limits.idle_seconds } else { limits.head_seconds };
        if began.elapsed() > life || quiet.elapsed() > Duration::from_secs(idle) {
            // One that never asked anything has nothing under way, not even a handshake of HTTP/2.
            return if seen > 0 { Over::Gently } else { Over::Now };
        }
    }
}
