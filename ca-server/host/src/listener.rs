//! What the listeners of a CA host put up with.

use axum::Router;
use mtls::listen::{Limits, Proof, Site};
use std::sync::Arc;
use std::time::Duration;

/// Hears that a listener has no place left, or has one again.
pub type Fullness = Arc<dyn Fn(bool) + Send + Sync>;

const SECOND: Duration = Duration::from_secs(1);

/// Portals and agents: whoever has no certificate of this city's services ends in the handshake. An
/// agent keeps a connection for its records and one for its pulses.
pub const BETWEEN_SERVICES: Limits = Limits {
    connections: 8_192,
    per_certificate: 512,
    unproven: 0,
    per_source: 0,
    handshakes: 1_024,
    handshakes_per_source: 256,
    reserved: 0,
    reserved_per_source: 0,
    handshake: Duration::from_secs(10),
    header: Duration::from_secs(15),
    body: Duration::from_secs(30),
    idle: Duration::from_secs(75),
    life: Duration::from_secs(24 * 3_600),
};

/// Everybody, without TLS: lists, certificates, tiles, OCSP. One address gets an eighth of the
/// places.
pub const FOR_EVERYBODY: Limits = Limits {
    connections: 2_048,
    per_certificate: 0,
    unproven: 2_048,
    per_source: 256,
    handshakes: 2_048,
    handshakes_per_source: 256,
    reserved: 0,
    reserved_per_source: 0,
    handshake: SECOND,
    header: Duration::from_secs(15),
    body: Duration::from_secs(10),
    idle: Duration::from_secs(15),
    life: Duration::from_secs(3_600),
};

/// Agents, who wait long and mostly for nothing, beside people without a certificate who report a
/// loss. Agents leave places to people, people leave places to agents, and a report that finds none
/// of either takes a reserved one.
pub const WITH_REPORTS: Limits = Limits {
    connections: 4_096,
    per_certificate: 16,
    unproven: 1_024,
    per_source: 128,
    handshakes: 512,
    handshakes_per_source: 128,
    reserved: 128,
    reserved_per_source: 16,
    handshake: Duration::from_secs(5),
    header: Duration::from_secs(10),
    body: Duration::from_secs(10),
    idle: Duration::from_secs(75),
    life: Duration::from_secs(24 * 3_600),
};

/// A listener that requires a certificate of the city.
pub fn between_services(router: Router, full: Fullness) -> Site {
    site(router, BETWEEN_SERVICES, Proof::Handshake, full)
}

/// A listener for whoever comes.
pub fn for_everybody(router: Router, full: Fullness) -> Site {
    site(router, FOR_EVERYBODY, Proof::Nothing, full)
}

/// A listener for reports, which are brakes, and for those whose certificate `issuing` signed.
pub fn with_reports(
    router: Router,
    issuing: pki::Certificate,
    is_brake: fn(&str) -> bool,
    full: Fullness,
) -> Site {
    let site = site(router, WITH_REPORTS, Proof::SignedBy(vec![issuing]), full);
    Site { is_brake, ..site }
}

fn site(router: Router, limits: Limits, proof: Proof, full: Fullness) -> Site {
    let busy = service::problem::busy;
    Site { router, limits, proof, is_brake: |_| false, busy, full }
}
