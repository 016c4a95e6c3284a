//! A tunnel of the gate, as `agent.toml` has it: one port for one application that speaks no HTTP.

use super::{GateLimits, UpstreamAddress};
use policy::is_tunnel_name;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::Duration;

fn connections() -> usize {
    256
}

fn connections_of_one() -> usize {
    16
}

fn idle_seconds() -> u64 {
    3_600
}

fn connection_hours() -> u64 {
    8
}

/// One `[[tunnel]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TunnelConfig {
    /// Rules know it by this name: `CONNECT /NAME`.
    pub name: String,
    /// Where people connect.
    pub listen: SocketAddr,
    /// What stands behind it.
    pub upstream: UpstreamAddress,
    /// Open connections of people whose certificates count.
    #[serde(default = "connections")]
    pub connections: usize,
    /// One certificate may have so many of them.
    #[serde(default = "connections_of_one")]
    pub connections_of_one: usize,
    /// Seconds without a byte either way.
    #[serde(default = "idle_seconds")]
    pub idle_seconds: u64,
    /// Hours that a connection may live.
    #[serde(default = "connection_hours")]
    pub connection_hours: u64,
}

impl TunnelConfig {
    /// What is wrong with one, in both languages, and the setting that it stands in.
    pub(super) fn check(all: &[Self]) -> Result<(), (String, &'static str)> {
        for (place, tunnel) in all.iter().enumerate() {
            let name = &tunnel.name;
            if !is_tunnel_name(name) {
                let told = format!(
                    "隧道名称“{name}”只能由小写字母、数字和 - 组成，最长 32 个 / \
                     a tunnel's name is made of small letters, digits and -, 32 at most: `{name}`"
                );
                return Err((told, "name"));
            }
            let before = all.get(..place).unwrap_or_default();
            if before.iter().any(|other| other.name == *name) {
                let told = format!("隧道“{name}”出现两次 / two tunnels are called `{name}`");
                return Err((told, "name"));
            }
        }
        Ok(())
    }

    /// What its listener puts up with; what is not said here is as for people who speak HTTP.
    pub fn of_listener(&self, limits: &GateLimits) -> mtls::listen::Limits {
        mtls::listen::Limits {
            proven: self.connections,
            proven_per_source: self.connections,
            ..limits.of_listener()
        }
    }

    /// The time without a byte after which it ends.
    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }

    /// The time that a connection may live.
    pub fn life(&self) -> Duration {
        Duration::from_secs(self.connection_hours.saturating_mul(3_600))
    }
}
