//! What a listener puts up with.

use std::time::Duration;

/// The limits of one listener; there is no default, so that each listener says what it stands.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections, whoever they are from, beside the reserved ones.
    pub connections: usize,
    /// Open connections of one certificate that the endpoint takes for proven.
    pub per_certificate: usize,
    /// Open connections that proved nothing.
    pub unproven: usize,
    /// Of these from one address.
    pub per_source: usize,
    /// Handshakes under way.
    pub handshakes: usize,
    /// Of these from one address.
    pub handshakes_per_source: usize,
    /// Places beside all others for requests that are brakes; a connection without another place is
    /// served here, and may ask for nothing else.
    pub reserved: usize,
    /// Of these for one address.
    pub reserved_per_source: usize,
    /// Time for a handshake.
    pub handshake: Duration,
    /// Time for the head of a request, and for the first request of a connection.
    pub header: Duration,
    /// Time for the whole body of a request, and for a client to take more of an answer.
    pub body: Duration,
    /// Time without a request on an open connection.
    pub idle: Duration,
    /// Time that a connection may live.
    pub life: Duration,
}
