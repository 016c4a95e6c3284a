//! What the listeners of a CA host put up with.

use axum::Router;
use mtls::listen::{Limits, Proof, Site};
use service::Metrics;
use std::time::Duration;

/// Where a listener tells how full it is: the metrics of its process, under its name.
pub type ToldTo<'a> = (&'a Metrics, &'static str);

const SECOND: Duration = Duration::from_secs(1);

/// Portals and agents: whoever has no certificate of this city's services ends in the handshake. An
/// agent keeps a connection for its records and one for its pulses. Whoever has no place left, or
/// finds all of them taken, may still bring a brake.
pub const BETWEEN_SERVICES: Limits = Limits {
    connections: 8_192,
    per_certificate: 512,
    unproven: 0,
    per_source: 0,
    handshakes: 1_024,
    handshakes_per_source: 256,
    reserved: 64,
    reserved_per_source: 16,
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
pub fn between_services(router: Router, is_brake: fn(&str) -> bool, told: ToldTo<'_>) -> Site {
    Site { is_brake, ..site(router, BETWEEN_SERVICES, Proof::Handshake, told) }
}

/// A listener for whoever comes.
pub fn for_everybody(router: Router, told: ToldTo<'_>) -> Site {
    site(router, FOR_EVERYBODY, Proof::Nothing, told)
}

/// A listener for reports, which are brakes, and for those whose certificate `issuing` signed.
pub fn with_reports(
    router: Router,
    issuing: pki::Certificate,
    is_brake: fn(&str) -> bool,
    told: ToldTo<'_>,
) -> Site {
    let site = site(router, WITH_REPORTS, Proof::SignedBy(vec![issuing]), told);
    Site { is_brake, ..site }
}

fn site(router: Router, limits: Limits, proof: Proof, (metrics, name): ToldTo<'_>) -> Site {
    Site {
        router,
        limits,
        proof,
        is_brake: |_| false,
        busy: service::problem::busy,
        full: metrics.fullness(name),
        nearly_full: metrics.near_fullness(name),
    }
}
