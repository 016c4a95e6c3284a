//! The agent's configuration: `agent.toml` in its state directory, unknown keys refused. What the
//! agent is stands in its join file and its certificate; here stands only how this machine runs it.

use serde::{Deserialize, Serialize};
use service::config::ConfigError;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

const MEBIBYTE: u64 = 1024 * 1024;

/// `agent.toml`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    /// Where people connect.
    pub listen: SocketAddr,
    /// Health, metrics, public keys of identity tokens: loopback or an inner network.
    pub admin: SocketAddr,
    /// The application: address and port, plain HTTP, reachable by this agent only.
    pub upstream: SocketAddr,
    /// GateLimits.
    #[serde(default)]
    pub limits: GateLimits,
    /// The spool.
    #[serde(default)]
    pub spool: SpoolConfig,
    #[serde(skip)]
    folder: PathBuf,
}

/// What a gate puts up with; every value stands here with its default.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateLimits {
    /// Open connections.
    pub connections: usize,
    /// Open connections of one certificate.
    pub connections_of_one: usize,
    /// Requests under way of one certificate.
    pub requests_of_one: usize,
    /// Open connections that proved nothing: without a certificate, or with one that does not
    /// count.
    pub connections_unproven: usize,
    /// Of these from one address.
    pub unproven_of_source: usize,
    /// Handshakes under way.
    pub handshakes: usize,
    /// Handshakes under way from one address.
    pub handshakes_of_source: usize,
    /// Seconds for a handshake.
    pub handshake_seconds: u64,
    /// Seconds for the head of a request, from its first byte or from the handshake on.
    pub head_seconds: u64,
    /// Seconds without a request on an open connection.
    pub idle_seconds: u64,
    /// Hours that a connection may live.
    pub connection_hours: u64,
    /// Seconds without a byte of a body, either way.
    pub body_idle_seconds: u64,
    /// Seconds for the application to begin an answer.
    pub answer_seconds: u64,
    /// Largest body of a request, in bytes.
    pub body_bytes: u64,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            connections_of_one: 64,
            requests_of_one: 256,
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
            body_bytes: 16 * 1024 * MEBIBYTE,
        }
    }
}

impl GateLimits {
    /// What the listener for people puts up with. It has no brakes, so no place is reserved; the
    /// time of a body is kept by the gate, which knows what moves.
    pub fn of_listener(&self) -> mtls::listen::Limits {
        let seconds = Duration::from_secs;
        mtls::listen::Limits {
            connections: self.connections,
            per_certificate: self.connections_of_one,
            unproven: self.connections_unproven,
            per_source: self.unproven_of_source,
            handshakes: self.handshakes,
            handshakes_per_source: self.handshakes_of_source,
            reserved: 0,
            reserved_per_source: 0,
            handshake: seconds(self.handshake_seconds),
            header: seconds(self.head_seconds),
            body: seconds(self.body_idle_seconds),
            idle: seconds(self.idle_seconds),
            life: seconds(self.connection_hours.saturating_mul(3_600)),
        }
    }
}

/// The spool's sizes, in bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpoolConfig {
    /// Everything that the log has not acknowledged; requests are refused at 95 %.
    pub bytes: u64,
    /// One segment, filled with zeros ahead.
    pub segment_bytes: u64,
}

impl Default for SpoolConfig {
    fn default() -> Self {
        Self { bytes: 4 * 1024 * MEBIBYTE, segment_bytes: 16 * MEBIBYTE }
    }
}

impl AgentConfig {
    /// Reads `agent.toml` of a state directory.
    pub fn read(folder: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = service::config::read(&folder.join("agent.toml"))?;
        config.folder = folder.to_owned();
        Ok(config)
    }

    /// A configuration for a new state directory.
    pub fn new(folder: &Path, listen: SocketAddr, admin: SocketAddr, upstream: SocketAddr) -> Self {
        Self {
            listen,
            admin,
            upstream,
            limits: GateLimits::default(),
            spool: SpoolConfig::default(),
            folder: folder.to_owned(),
        }
    }

    /// A path in the state directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}
