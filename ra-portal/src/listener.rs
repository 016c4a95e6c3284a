//! What a process of the portal puts up with, and how much it asks of the CA at once.

use mtls::listen::Limits;
use std::time::Duration;

/// A household or an office stands behind one address, so one source gets an eighth of the places
/// of people, and some that only brakes may use.
pub(crate) const LIMITS: Limits = Limits {
    proven: 2_048,
    proven_per_source: 1_024,
    unproven: 1_536,
    per_source: 192,
    handshakes: 400,
    handshakes_per_source: 64,
    reserved: 64,
    reserved_per_source: 8,
    reserved_for_strangers: true,
    handshake: Duration::from_secs(5),
    header: Duration::from_secs(15),
    body: Duration::from_secs(20),
    reserved_time: Duration::from_secs(3),
    idle: Duration::from_secs(75),
    life: Duration::from_secs(8 * 3_600),
    body_bytes: 128 * 1024 * 1024,
    requests_of_one: OF_CERTIFICATE,
    requests_of_source: 128,
};

/// Connections of one certificate.
pub(crate) const OF_CERTIFICATE: usize = 64;

/// Calls of one service that are under way at once, and beside them those that are near a brake: an
/// eighth of what the service has for this process is left for what a restart leaves behind.
pub(crate) const CALLS_MAX: usize = 384;
pub(crate) const BRAKES_MAX: usize = 64;

/// Fewer calls at once than a service has places for this process; a brake finds one when people
/// have taken all others.
pub(crate) fn bounded(client: mtls::Client) -> mtls::Client {
    client.with_places(CALLS_MAX, BRAKES_MAX, ca_api::is_near_brake)
}
