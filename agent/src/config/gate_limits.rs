//! What a gate puts up with: the table `[limits]` of `agent.toml`.

use super::bounds::{self, HOURS_MAX, PLACES_MAX, SECONDS_MAX, SettingFault};
use mtls::listen::HeadLimits;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const MEBIBYTE: u64 = 1024 * 1024;

/// What a gate puts up with; every value stands here with its default.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateLimits {
    /// Open connections of people whose certificates count.
    pub connections: usize,
    /// One certificate may have so many open connections.
    pub connections_of_one: usize,
    /// Requests under way of one certificate.
    pub requests_of_one: usize,
    /// Requests of one certificate within a minute.
    pub requests_of_one_a_minute: u32,
    /// Open connections that proved nothing: without a certificate, or with one that does not
    /// count.
    pub connections_unproven: usize,
    /// Of these from one address, or from one /64 of IPv6.
    pub unproven_of_source: usize,
    /// Handshakes under way.
    pub handshakes: usize,
    /// Handshakes under way from one address.
    pub handshakes_of_source: usize,
    /// A handshake has to be done within so many seconds.
    pub handshake_seconds: u64,
    /// Seconds for the head of a request, from its first byte or from the handshake on.
    pub head_seconds: u64,
    /// Seconds without a request on an open connection.
    pub idle_seconds: u64,
    /// Hours that a connection may live.
    pub connection_hours: u64,
    /// Seconds without a byte of a request's body, or without a client taking more of an answer.
    pub body_idle_seconds: u64,
    /// Seconds for the application to begin an answer.
    pub answer_seconds: u64,
    /// Seconds without a byte from an application that has begun its answer: how long a stream of
    /// events may be silent.
    pub answer_idle_seconds: u64,
    /// Seconds without a message of either side of a call of gRPC, where both may be silent.
    pub conversation_idle_seconds: u64,
    /// Largest body of a request, in bytes.
    pub body_bytes: u64,
    /// Longest target (path and query) of a request, in bytes.
    pub target_bytes: usize,
    /// Largest head of a request, in bytes.
    pub head_bytes: usize,
    /// Most fields in the head of a request.
    pub fields: usize,
    /// Largest head of an answer, in bytes.
    pub answer_head_bytes: usize,
    /// Most fields in the head of an answer.
    pub answer_fields: usize,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            connections_of_one: 64,
            requests_of_one: 256,
            requests_of_one_a_minute: 600_000,
            connections_unproven: 512,
            unproven_of_source: 32,
            handshakes: 400,
            handshakes_of_source: 64,
            handshake_seconds: 5,
            head_seconds: 10,
            idle_seconds: 75,
            connection_hours: 8,
            body_idle_seconds: 30,
            answer_seconds: 60,
            answer_idle_seconds: 3_600,
            conversation_idle_seconds: 3_600,
            body_bytes: 16 * 1024 * MEBIBYTE,
            target_bytes: 8 * 1024,
            head_bytes: 16 * 1024,
            fields: 100,
            answer_head_bytes: 128 * 1024,
            answer_fields: 512,
        }
    }
}

impl GateLimits {
    /// What the head of a request may be.
    pub fn of_head(&self) -> HeadLimits {
        let Self { target_bytes, head_bytes, fields, .. } = *self;
        HeadLimits { target_bytes, head_bytes, fields }
    }

    /// Refuses what could not be kept to, or would keep everybody out: a record must hold the
    /// target, escaped, and the HTTP library a whole head.
    pub(super) fn check(&self) -> Result<(), SettingFault> {
        let places = |name, value: usize| bounds::of(name, value as u64, 1, PLACES_MAX);
        let seconds = |name, value| bounds::of(name, value, 1, SECONDS_MAX);
        let size = |name, value: usize, least, most| bounds::of(name, value as u64, least, most);
        let a_minute = u64::from(self.requests_of_one_a_minute);
        bounds::check(&[
            places("connections", self.connections),
            places("connections_of_one", self.connections_of_one),
            places("requests_of_one", self.requests_of_one),
            bounds::of("requests_of_one_a_minute", a_minute, 1, u64::from(u32::MAX)),
            places("connections_unproven", self.connections_unproven),
            places("unproven_of_source", self.unproven_of_source),
            places("handshakes", self.handshakes),
            places("handshakes_of_source", self.handshakes_of_source),
            seconds("handshake_seconds", self.handshake_seconds),
            seconds("head_seconds", self.head_seconds),
            seconds("idle_seconds", self.idle_seconds),
            bounds::of("connection_hours", self.connection_hours, 1, HOURS_MAX),
            seconds("body_idle_seconds", self.body_idle_seconds),
            seconds("answer_seconds", self.answer_seconds),
            seconds("answer_idle_seconds", self.answer_idle_seconds),
            seconds("conversation_idle_seconds", self.conversation_idle_seconds),
            size("target_bytes", self.target_bytes, 64, 16 * 1024),
            size("head_bytes", self.head_bytes, 1024, MEBIBYTE),
            size("fields", self.fields, 8, 2_000),
            size("answer_head_bytes", self.answer_head_bytes, 8 * 1024, 16 * MEBIBYTE),
            size("answer_fields", self.answer_fields, 8, 10_000),
        ])
    }

    /// What the listener for people puts up with. It has no brakes, so no place is reserved; the
    /// time of a body is kept by the gate, which knows what moves.
    pub fn of_listener(&self) -> mtls::listen::Limits {
        let seconds = Duration::from_secs;
        mtls::listen::Limits {
            proven: self.connections,
            // Everybody may stand behind one address, a balancer's for one.
            proven_per_source: self.connections,
            unproven: self.connections_unproven,
            per_source: self.unproven_of_source,
            handshakes: self.handshakes,
            handshakes_per_source: self.handshakes_of_source,
            reserved: 0,
            reserved_per_source: 0,
            reserved_for_strangers: false,
            handshake: seconds(self.handshake_seconds),
            header: seconds(self.head_seconds),
            body: seconds(self.body_idle_seconds),
            reserved_time: seconds(self.head_seconds),
            idle: seconds(self.idle_seconds),
            life: seconds(self.connection_hours.saturating_mul(3_600)),
            // The gate passes bodies on as they come, and counts requests itself.
            body_bytes: 0,
            requests_of_one: 0,
            requests_of_source: 0,
        }
    }
}
