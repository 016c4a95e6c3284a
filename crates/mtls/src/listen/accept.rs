//! The accept loop: a place, a handshake in time, who it is from, a slot; then the endpoint serves.

use super::lanes::Lanes;
use super::limits::{Limits, STOP_MAX};
use super::places::{Fullness, PeerStanding, Places, Slot};
use super::source::Source;
use super::transport::Transport;
use crate::peer::without_dot;
use crate::proof::{CertificateVerify, kept};
use rustls::ServerConfig;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A pause after an accept that failed, mostly for want of files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a handshake brought; empty on a plain listener.
#[derive(Clone, Debug, Default)]
pub struct Handshake {
    /// The client's chain, DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// The server name that the client asked for.
    pub sni: Option<String>,
    /// It says whether the client chose HTTP/2 (ALPN).
    pub http2: bool,
    /// What the client signed to open the connection.
    pub verify: Option<CertificateVerify>,
}

/// Why a connection is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionRefusal {
    /// There is no place for it.
    Full,
    /// Its handshake took too long.
    Slow,
    /// The handshake failed.
    Foreign,
}

/// A connection with its place; whoever serves it keeps the slot until its end.
pub struct Accepted<P> {
    /// The connection behind its handshake.
    pub stream: Transport,
    /// The connection comes from this address and port.
    pub source: SocketAddr,
    /// The handshake brought this of its client.
    pub handshake: Handshake,
    /// The client is whoever the handshake showed, as its listener reads it.
    pub peer: P,
    /// The connection holds this place until it ends.
    pub slot: Slot,
    /// The token is cancelled when the listener stops.
    pub stopping: CancellationToken,
}

/// What stands behind a listener.
pub trait Endpoint: Send + Sync + 'static {
    /// Who a connection is from.
    type Peer: Send;

    /// The limits of the listener.
    fn limits(&self) -> Limits;

    /// Judges what a handshake brought.
    fn peer(&self, handshake: &Handshake) -> (Self::Peer, PeerStanding);

    /// Hears of a connection that is not served.
    fn reject(&self, source: SocketAddr, peer: Option<&Self::Peer>, why: ConnectionRefusal);

    /// Hears that the listener has no place left, or has one again.
    fn full(&self, is_full: bool);

    /// Hears that few places are left, or enough again.
    fn nearly_full(&self, is_nearly_full: bool);

    /// Serves a connection until its end.
    fn serve(self: Arc<Self>, accepted: Accepted<Self::Peer>) -> impl Future<Output = ()> + Send;
}

/// Serves until `stop` ends; over TLS if there is a configuration for it, else plain.
pub async fn serve<E: Endpoint>(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    endpoint: E,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    serve_in(&Lanes::none(), listener, tls, endpoint, stop).await
}

/// The same, each connection in one of these lanes.
pub async fn serve_in<E: Endpoint>(
    lanes: &Lanes,
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    endpoint: E,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    tracing::info!(address = %listener.local_addr()?, "listening");
    let endpoint = Arc::new(endpoint);
    let limits = Arc::new(endpoint.limits());
    let teller = endpoint.clone();
    let tell = move |fullness| {
        teller.full(fullness == Fullness::Full);
        teller.nearly_full(fullness == Fullness::Nearly);
    };
    let places = Places::new(limits.clone(), Box::new(tell));
    let door = Arc::new(Door { endpoint, acceptor: tls.map(TlsAcceptor::from), limits, places });
    let (tasks, stopping) = (TaskTracker::new(), CancellationToken::new());
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, source) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        // A listener on `[::]` gives addresses of IPv4 in the spelling of IPv6.
        let source = SocketAddr::new(source.ip().to_canonical(), source.port());
        let (door, until) = (door.clone(), stopping.clone());
        let open = move |stream| door.open(stream, source, until);
        match lanes.least() {
            None => drop(tasks.spawn(open(stream))),
            Some(lane) => {
                if let Err(error) = lane.serve(&tasks, stream, open) {
                    tracing::warn!(%error, "a connection goes to no lane");
                }
            }
        }
    }
    drop(listener);
    stopping.cancel();
    tasks.close();
    let _ = tokio::time::timeout(STOP_MAX, tasks.wait()).await;
    Ok(())
}

/// What every connection of a listener shares.
struct Door<E> {
    endpoint: Arc<E>,
    acceptor: Option<TlsAcceptor>,
    limits: Arc<Limits>,
    places: Places,
}

impl<E: Endpoint> Door<E> {
    async fn open(
        self: Arc<Self>,
        stream: TcpStream,
        source: SocketAddr,
        stopping: CancellationToken,
    ) {
        let Some(entry) = self.places.enter(source.ip().into()) else {
            self.endpoint.reject(source, None, ConnectionRefusal::Full);
            return;
        };
        let _ = stream.set_nodelay(true);
        let limit = match entry.is_reserved() {
            true => self.limits.handshake.min(self.limits.reserved_time),
            false => self.limits.handshake,
        };
        let activity = entry.activity();
        let shaken = tokio::select! {
            shaken = self.shake(stream, source, limit) => shaken,
            // Somebody who has fewer places took this one.
            () = activity.end.cancelled() => Err(ConnectionRefusal::Full),
        };
        let (stream, handshake) = match shaken {
            Ok(shaken) => shaken,
            Err(why) => {
                // The place is free before anybody hears of it.
                drop(entry);
                self.endpoint.reject(source, None, why);
                return;
            }
        };
        let Some((peer, slot)) = self.seat(entry, &handshake, source) else { return };
        let accepted = Accepted { stream, source, handshake, peer, slot, stopping };
        self.endpoint.clone().serve(accepted).await;
    }

    fn seat(
        &self,
        entry: Slot,
        handshake: &Handshake,
        source: SocketAddr,
    ) -> Option<(E::Peer, Slot)> {
        let (peer, standing) = self.endpoint.peer(handshake);
        let slot = self.places.seat(entry, standing, Source::from(source.ip()));
        if slot.is_none() {
            self.endpoint.reject(source, Some(&peer), ConnectionRefusal::Full);
        }
        slot.map(|slot| (peer, slot))
    }

    async fn shake(
        &self,
        stream: TcpStream,
        source: SocketAddr,
        limit: Duration,
    ) -> Result<(Transport, Handshake), ConnectionRefusal> {
        let Some(acceptor) = &self.acceptor else {
            return Ok((Transport::Plain(stream), Handshake::default()));
        };
        let accepting = kept(acceptor.accept(stream));
        let (stream, verify) =
            tokio::time::timeout(limit, accepting).await.map_err(|_| ConnectionRefusal::Slow)?;
        let stream = stream.map_err(|error| {
            tracing::debug!(%source, %error, "handshake");
            ConnectionRefusal::Foreign
        })?;
        let (_, session) = stream.get_ref();
        let chain = session.peer_certificates().unwrap_or_default();
        let handshake = Handshake {
            chain: chain.iter().map(|certificate| certificate.to_vec()).collect(),
            sni: session.server_name().map(|name| without_dot(name).to_owned()),
            http2: session.alpn_protocol() == Some(b"h2"),
            verify,
        };
        Ok((Transport::Tls(Box::new(stream)), handshake))
    }
}
