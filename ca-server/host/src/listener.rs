//! What the listeners of a CA host put up with.

use axum::Router;
use mtls::listen::{Judge, Limits, Proof, Site};
use service::Metrics;
use std::time::Duration;

/// Where a listener tells how full it is: the metrics of its process, under its name.
pub type ToldTo<'a> = (&'a Metrics, &'static str);

const SECOND: Duration = Duration::from_secs(1);
/// Time for each part of a request in a place for brakes.
const BRAKE_TIME: Duration = Duration::from_secs(3);

const MEBIBYTE: usize = 1024 * 1024;

/// Connections of a portal's process: what people ask of it, it asks here.
pub const OF_PORTAL: usize = 512;
/// Connections of an agent: for its records, its pulses, what is new, and what a restart leaves
/// behind.
pub const OF_AGENT: usize = 64;
/// An auditor may have so many connections at once.
pub const OF_AUDITOR: usize = 8;

/// Portals, agents and auditors: whoever has no certificate of this city ends in the handshake, and
/// whoever has one that counts for nothing here is told so in one of a few places. Whoever has no
/// place left, or finds all of them taken, may still bring a brake.
pub const BETWEEN_SERVICES: Limits = Limits {
    proven: 8_192,
    proven_per_source: 4_096,
    unproven: 64,
    per_source: 8,
    handshakes: 1_024,
    handshakes_per_source: 256,
    reserved: 64,
    reserved_per_source: 16,
    reserved_for_strangers: false,
    handshake: Duration::from_secs(10),
    header: Duration::from_secs(15),
    body: Duration::from_secs(30),
    reserved_time: BRAKE_TIME,
    idle: Duration::from_secs(75),
    life: Duration::from_secs(24 * 3_600),
    body_bytes: 256 * MEBIBYTE,
    requests_of_one: 2 * OF_PORTAL,
    requests_of_source: 16,
};

/// Everybody, without TLS: lists, certificates, tiles, OCSP. One source gets an eighth of the
/// places.
pub const FOR_EVERYBODY: Limits = Limits {
    proven: 0,
    proven_per_source: 0,
    unproven: 2_048,
    per_source: 256,
    handshakes: 2_048,
    handshakes_per_source: 256,
    reserved: 0,
    reserved_per_source: 0,
    reserved_for_strangers: false,
    handshake: SECOND,
    header: Duration::from_secs(15),
    body: Duration::from_secs(10),
    reserved_time: BRAKE_TIME,
    idle: Duration::from_secs(15),
    life: Duration::from_secs(3_600),
    body_bytes: 16 * MEBIBYTE,
    requests_of_one: 0,
    requests_of_source: 256,
};

/// Agents, who wait long and mostly for nothing, and portals, who bring what people report there,
/// beside people without a certificate who report a loss. Services leave places to people, people
/// leave places to services, and a report that finds none of either takes a reserved one.
pub const WITH_REPORTS: Limits = Limits {
    proven: 4_096,
    proven_per_source: 2_048,
    unproven: 1_024,
    per_source: 128,
    handshakes: 512,
    handshakes_per_source: 128,
    reserved: 128,
    reserved_per_source: 16,
    reserved_for_strangers: true,
    handshake: Duration::from_secs(5),
    header: Duration::from_secs(10),
    body: Duration::from_secs(10),
    reserved_time: BRAKE_TIME,
    idle: Duration::from_secs(75),
    life: Duration::from_secs(24 * 3_600),
    body_bytes: 64 * MEBIBYTE,
    requests_of_one: 2 * OF_PORTAL,
    requests_of_source: 128,
};

/// A listener that requires a certificate of the city, and judges whose it is.
pub fn between_services(
    router: Router,
    judge: Judge,
    is_brake: fn(&str) -> bool,
    told: ToldTo<'_>,
) -> Site {
    Site { is_brake, ..site(router, BETWEEN_SERVICES, Proof::By(judge), told) }
}

/// A listener for whoever comes.
pub fn for_everybody(router: Router, told: ToldTo<'_>) -> Site {
    site(router, FOR_EVERYBODY, Proof::Nothing, told)
}

/// A listener for reports, which are brakes, and for services.
pub fn with_reports(
    router: Router,
    judge: Judge,
    is_brake: fn(&str) -> bool,
    told: ToldTo<'_>,
) -> Site {
    Site { is_brake, ..site(router, WITH_REPORTS, Proof::By(judge), told) }
}

fn site(router: Router, limits: Limits, proof: Proof, (metrics, name): ToldTo<'_>) -> Site {
    Site {
        router: service::problem::known_only(router),
        limits,
        proof,
        is_brake: |_| false,
        busy: service::problem::busy,
        refuse: service::problem::refuse,
        full: metrics.fullness(name),
        nearly_full: metrics.near_fullness(name),
    }
}
