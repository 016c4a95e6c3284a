//! What a listener puts up with.

use std::time::Duration;

/// Connections get this long to end after a stop.
pub(super) const STOP_MAX: Duration = Duration::from_secs(10);
/// A network around several sources has as many places as so many of them.
pub(super) const SOURCES_OF_NETWORK: usize = 4;

/// The limits of one listener; there is no default, so that each listener says what it stands.
///
/// A source is an address of IPv4 or a /64 of IPv6; the network around it (a /24, a /48) has four
/// times the places of one.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections that proved who they are from. How many of them one certificate has, says
    /// whoever judges it.
    pub proven: usize,
    /// So many of these may come from one source.
    pub proven_per_source: usize,
    /// So many connections that proved nothing may be open.
    pub unproven: usize,
    /// So many of these may come from one source.
    pub per_source: usize,
    /// So many handshakes may be under way at once.
    pub handshakes: usize,
    /// So many of these may come from one source.
    pub handshakes_per_source: usize,
    /// Places beside all others for requests that are brakes; a connection without another place is
    /// served here, and may ask for nothing else.
    pub reserved: usize,
    /// So many of these may come from one source.
    pub reserved_per_source: usize,
    /// Whether these are for whoever proves nothing, too.
    pub reserved_for_strangers: bool,
    /// A handshake has to be done within this time.
    pub handshake: Duration,
    /// Time for the head of a request, and for the first request of a connection.
    pub header: Duration,
    /// Time for the whole body of a request, and for a client to take more of an answer.
    pub body: Duration,
    /// Time for each of these in a place for brakes.
    pub reserved_time: Duration,
    /// Time without a request on an open connection.
    pub idle: Duration,
    /// Time that a connection may live.
    pub life: Duration,
    /// Bytes of bodies of requests that are held at once; brakes have as many beside them.
    pub body_bytes: usize,
    /// Requests of one certificate that are answered at once, whatever connections they come over;
    /// brakes have as many beside them, and what waits for its client to send more counts for
    /// nobody.
    pub requests_of_one: usize,
    /// The same of one source that proved nothing.
    pub requests_of_source: usize,
}
