//! A tunnel of the gate, as `agent.toml` has it: one port for one application that speaks no HTTP.

use super::bounds::{self, HOURS_MAX, PLACES_MAX, SECONDS_MAX, SettingFault};
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
    /// What its clients may name beside our own protocol (ALPN, RFC 7301), if they name any.
    #[serde(default)]
    pub alpn: Option<String>,
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

/// A protocol of browsers would lead them to what speaks none of it.
fn is_sound_alpn(alpn: &str) -> bool {
    let is_visible = alpn.bytes().all(|byte| byte.is_ascii_graphic());
    let is_http = alpn.starts_with("http/") || ["h2", "h2c", "h3"].contains(&alpn);
    (1..=64).contains(&alpn.len()) && is_visible && !is_http
}

/// Most tunnels of a gate: each is a port of its own.
const TUNNELS_MAX: usize = 64;

impl TunnelConfig {
    /// What is wrong with one, and which of them it is, from 0.
    pub(super) fn check(all: &[Self]) -> Result<(), (SettingFault, usize)> {
        if all.len() > TUNNELS_MAX {
            let told = format!("隧道至多 {TUNNELS_MAX} 个 / {TUNNELS_MAX} tunnels at most");
            return Err(((told, "name"), TUNNELS_MAX));
        }
        for (place, tunnel) in all.iter().enumerate() {
            let before = all.get(..place).unwrap_or_default();
            tunnel.check_behind(before).map_err(|fault| (fault, place))?;
        }
        Ok(())
    }

    /// Refuses what could not be kept to, or is another one's already.
    fn check_behind(&self, before: &[Self]) -> Result<(), SettingFault> {
        let name = &self.name;
        if !is_tunnel_name(name) {
            let told = format!(
                "隧道名称“{name}”只能由小写字母、数字和 - 组成，最长 32 个 / \
                 a tunnel's name is made of small letters, digits and -, 32 at most: `{name}`"
            );
            return Err((told, "name"));
        }
        if self.alpn.as_deref().is_some_and(|alpn| !is_sound_alpn(alpn)) {
            let told = "alpn 是 1 至 64 个可见字符，不能是 HTTP 的协议名 / \
                        alpn is 1 to 64 visible characters, and no protocol of HTTP";
            return Err((told.to_owned(), "alpn"));
        }
        if before.iter().any(|other| other.name == *name) {
            let told = format!("隧道“{name}”出现两次 / two tunnels are called `{name}`");
            return Err((told, "name"));
        }
        bounds::check(&[
            bounds::of("connections", self.connections as u64, 1, PLACES_MAX),
            bounds::of("connections_of_one", self.connections_of_one as u64, 1, PLACES_MAX),
            bounds::of("idle_seconds", self.idle_seconds, 1, SECONDS_MAX),
            bounds::of("connection_hours", self.connection_hours, 1, HOURS_MAX),
        ])
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

#[cfg(test)]
mod tests {
    use super::*;

    /// No browser is led to a database by what it offers anywhere.
    #[test]
    fn a_tunnel_speaks_no_protocol_of_browsers() {
        let all = |alpn: &str| {
            let tunnel = serde_json::json!({
                "name": "database", "listen": "127.0.0.1:1", "upstream": "unix:/a", "alpn": alpn,
            });
            [serde_json::from_value::<TunnelConfig>(tunnel).unwrap()]
        };
        for alpn in ["postgresql", "tds/8.0"] {
            assert!(TunnelConfig::check(&all(alpn)).is_ok(), "{alpn}");
        }
        for alpn in ["h2", "http/1.1", "http/1.0", "h3", "", "a b", "\u{4e2d}"] {
            assert!(TunnelConfig::check(&all(alpn)).is_err(), "{alpn}");
        }
    }
}
