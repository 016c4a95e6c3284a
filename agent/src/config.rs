//! The agent's configuration: `agent.toml` in its state directory, unknown keys refused. What the
//! agent is stands in its join file and its certificate; here stands only how this machine runs it.

pub(crate) mod addresses;
mod bounds;
mod gate_limits;
mod spool_sizes;
mod tunnel;
mod upstream_address;
mod upstream_protocol;
mod upstream_tls;

pub use gate_limits::GateLimits;
pub use spool_sizes::SpoolConfig;
pub use tunnel::TunnelConfig;
pub use upstream_address::{NoUpstream, UpstreamAddress, UpstreamAddresses};
pub use upstream_protocol::UpstreamProtocol;
pub use upstream_tls::UpstreamTls;

use mtls::tls::Version;
use serde::{Deserialize, Serialize};
use service::config::ConfigError;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// TLS 1.2 is for clients that know nothing newer, and asked for by name.
fn tls_min_version() -> Version {
    Version::Tls13
}

/// Whatever never passes does not pass; all else does.
fn request_fields() -> Vec<String> {
    vec!["*".into()]
}

/// What the token that an application gets is good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityMode {
    /// One request.
    #[default]
    Request,
    /// A connection; each of its requests has a proof beside it.
    Connection,
}

/// `agent.toml`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    /// Where people connect.
    pub listen: SocketAddr,
    /// Health, metrics, public keys of identity tokens: loopback or an inner network.
    pub admin: SocketAddr,
    /// The application: an address or a socket, reachable by this agent only; or several of them.
    pub upstream: UpstreamAddresses,
    /// The oldest version of TLS that is spoken.
    #[serde(default = "tls_min_version")]
    pub tls_min_version: Version,
    /// Fields of requests that pass beside the standard ones; `*` at an end stands for any text.
    #[serde(default = "request_fields")]
    pub request_fields: Vec<String>,
    /// What an identity token is good for.
    #[serde(default)]
    pub identity: IdentityMode,
    /// Whether the log has to have each certificate that comes in.
    #[serde(default)]
    pub witness: bool,
    /// Where the application asks: a socket of this machine, or an address of loopback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<UpstreamAddress>,
    /// Ports for what speaks no HTTP.
    #[serde(default, rename = "tunnel", skip_serializing_if = "Vec::is_empty")]
    pub tunnels: Vec<TunnelConfig>,
    /// What the application speaks.
    #[serde(default)]
    pub upstream_protocol: UpstreamProtocol,
    /// TLS to the application, which is plain HTTP otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_tls: Option<UpstreamTls>,
    /// GateLimits.
    #[serde(default)]
    pub limits: GateLimits,
    /// The spool.
    #[serde(default)]
    pub spool: SpoolConfig,
    #[serde(skip)]
    folder: PathBuf,
}

impl AgentConfig {
    /// Reads `agent.toml` of a state directory.
    pub fn read(folder: &Path) -> Result<Self, ConfigError> {
        let path = folder.join("agent.toml");
        let mut config: Self = service::config::read(&path)?;
        let kept = config.limits.check();
        kept.map_err(|(told, setting)| {
            refused(&path, SettingPlace::of("[limits]", setting), told)
        })?;
        let kept = config.spool.check();
        kept.map_err(|(told, setting)| refused(&path, SettingPlace::of("[spool]", setting), told))?;
        if let Some(UpstreamAddress::Tcp(address)) = &config.calls
            && !address.ip().is_loopback()
        {
            let message = "询问接口只能在本机：unix:/路径 或 127.0.0.1:端口 / \
                           calls are taken on this machine only: unix:/PATH or 127.0.0.1:PORT";
            return Err(refused(&path, SettingPlace::of("", "calls"), message.to_owned()));
        }
        let sockets =
            config.upstream.all().iter().any(|one| matches!(one, UpstreamAddress::Unix(_)));
        if config.upstream_tls.is_some() && sockets {
            let message = "unix: 套接字不用 TLS / TLS is for addresses, not for unix: sockets";
            let place = SettingPlace::of("[upstream_tls]", "[upstream_tls]");
            return Err(refused(&path, place, message.to_owned()));
        }
        let has_tls = config.upstream_tls.is_some();
        let fits = config.upstream_protocol.check(has_tls);
        let place = SettingPlace::of("", "upstream_protocol");
        fits.map_err(|message| refused(&path, place, message.to_owned()))?;
        TunnelConfig::check(&config.tunnels).map_err(|((told, setting), number)| {
            refused(&path, SettingPlace { number, ..SettingPlace::of("[[tunnel]]", setting) }, told)
        })?;
        config.check_addresses(&path)?;
        config.folder = folder.to_owned();
        Ok(config)
    }

    /// A configuration for a new state directory.
    pub fn new(
        folder: &Path,
        listen: SocketAddr,
        admin: SocketAddr,
        upstream: impl Into<UpstreamAddress>,
    ) -> Self {
        Self {
            listen,
            admin,
            upstream: UpstreamAddresses::from(Into::<UpstreamAddress>::into(upstream)),
            tls_min_version: tls_min_version(),
            request_fields: request_fields(),
            identity: IdentityMode::default(),
            witness: false,
            calls: None,
            tunnels: Vec::new(),
            upstream_protocol: UpstreamProtocol::default(),
            upstream_tls: None,
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

/// Where a setting stands: some have their name in more than one table.
#[derive(Clone, Copy)]
struct SettingPlace<'a> {
    /// The head of its table; above the first one it is empty.
    table: &'a str,
    /// Which of the tables with this head it is, from 0.
    number: usize,
    setting: &'a str,
}

impl<'a> SettingPlace<'a> {
    fn of(table: &'a str, setting: &'a str) -> Self {
        Self { table, number: 0, setting }
    }

    /// Its line, from 1; 0 where it is written in another form.
    fn line(self, text: &str) -> usize {
        let (mut table, mut seen) = ("", 0);
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.starts_with('[') {
                table = line;
                seen += usize::from(table == self.table);
            }
            let name = line.split('=').next().unwrap_or_default().trim();
            let is_here = seen == self.number + 1 || self.table.is_empty();
            if table == self.table && is_here && name == self.setting {
                return number;
            }
        }
        0
    }
}

/// A value that cannot be kept to, with the line where its setting stands.
fn refused(path: &Path, place: SettingPlace<'_>, message: String) -> ConfigError {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    ConfigError::Value { path: path.to_owned(), line: place.line(&text), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Owners of applications find every setting, with its default, on their page.
    #[test]
    fn every_setting_is_on_the_page_of_the_gate() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gate.md");
        let page = std::fs::read_to_string(page).unwrap();
        let here = "127.0.0.1:1".parse().unwrap();
        let config = AgentConfig::new(Path::new("/"), here, here, here);
        let config = serde_json::to_value(config).unwrap();
        for (name, value) in config.as_object().unwrap() {
            let Some(table) = value.as_object() else {
                let text = value.as_str().filter(|text| *text == here.to_string());
                let row = match text {
                    Some(_) => format!("`{name}`"),
                    None => format!("| `{name}` | {value} | "),
                };
                assert!(page.contains(&row), "{row}");
                continue;
            };
            assert!(page.contains(&format!("`[{name}]`")), "{name}");
            for (name, value) in table {
                let row = format!("| `{name}` | {value} | ");
                assert!(page.contains(&row), "{row}");
            }
        }
    }

    /// So are those of a tunnel.
    #[test]
    fn every_setting_of_a_tunnel_is_on_the_page_of_the_gate() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gate.md");
        let page = std::fs::read_to_string(page).unwrap();
        let table = page.split("\nIn `[[tunnel]]`").nth(1).unwrap().split("\n## ").next().unwrap();
        let said = serde_json::json!({
            "name": "n", "listen": "127.0.0.1:1", "upstream": "unix:/a",
        });
        let tunnel: TunnelConfig = serde_json::from_value(said).unwrap();
        let tunnel = serde_json::to_value(tunnel).unwrap();
        for (name, value) in tunnel.as_object().unwrap() {
            let row = match value.is_number() {
                true => format!("| `{name}` | {value} | "),
                false => format!("| `{name}` | – | "),
            };
            assert!(table.contains(&row), "{row}");
        }
    }

    /// Whoever stands elsewhere in the network asks a gate nothing.
    #[test]
    fn calls_are_taken_on_this_machine_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.toml");
        let read = |calls: &str| {
            let here = "listen = \"127.0.0.1:1\"\nadmin = \"127.0.0.1:2\"\n";
            let text = format!("{here}upstream = \"127.0.0.1:3\"\ncalls = \"{calls}\"\n");
            std::fs::write(&path, text).unwrap();
            AgentConfig::read(folder.path())
        };
        for calls in ["unix:/run/yinxin/call.sock", "127.0.0.1:9444", "[::1]:9444"] {
            assert!(read(calls).is_ok(), "{calls}");
        }
        for calls in ["192.0.2.1:9444", "[2001:db8::1]:9444", "0.0.0.0:9444", "call.sock"] {
            let error = read(calls).unwrap_err().to_string();
            assert!(error.contains("agent.toml, line 4: "), "{error}");
        }
    }

    #[test]
    fn a_tunnel_has_a_name_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.toml");
        let read = |names: &[&str]| {
            let mut text = "listen = \"127.0.0.1:1\"\nadmin = \"127.0.0.1:2\"\n".to_owned();
            text += "upstream = \"127.0.0.1:3\"\n";
            for (port, name) in (4..).zip(names) {
                text += &format!("[[tunnel]]\nname = \"{name}\"\nlisten = \"127.0.0.1:{port}\"\n");
                text += "upstream = \"127.0.0.1:5\"\n";
            }
            std::fs::write(&path, text).unwrap();
            AgentConfig::read(folder.path())
        };
        assert_eq!(read(&["database", "oa-2"]).unwrap().tunnels.len(), 2);
        for names in [&[""][..], &["A"], &["a/b"], &["a_b"], &["\u{4e2d}"]] {
            let error = read(names).unwrap_err().to_string();
            assert!(error.contains("agent.toml, line 5: "), "{error}");
        }
        let names: Vec<String> = (0..65).map(|number| format!("t{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(read(&names[..64]).unwrap().tunnels.len(), 64);
        let error = read(&names).unwrap_err().to_string();
        // Three lines, and four of each before it.
        assert!(error.contains(&format!("agent.toml, line {}: ", 3 + 64 * 4 + 2)), "{error}");
        let error = read(&["a", "a"]).unwrap_err().to_string();
        assert!(error.contains("agent.toml, line 9: "), "the second one: {error}");
    }

    /// Reads a configuration that says this below its first three lines.
    fn read_with(more: &str) -> Result<AgentConfig, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let here = "listen = \"127.0.0.1:1\"\nadmin = \"127.0.0.1:2\"\n";
        let text = format!("{here}upstream = \"127.0.0.1:3\"\n{more}");
        std::fs::write(folder.path().join("agent.toml"), text).unwrap();
        AgentConfig::read(folder.path())
    }

    #[test]
    fn a_limit_that_cannot_be_kept_is_refused_with_its_line() {
        let read = |limits: &str| read_with(&format!("[limits]\n{limits}\n"));
        assert!(read("target_bytes = 16384\nhead_bytes = 32768").is_ok());
        for limits in [
            "fields = 9\ntarget_bytes = 16385",
            "fields = 9\nhead_bytes = 0",
            "connections_of_one = 9\nconnections = 0",
            "# connections = 1\nconnections = 0 # none",
        ] {
            let error = read(limits).unwrap_err().to_string();
            assert!(error.contains("agent.toml, line 6: "), "{error}");
        }
    }

    /// No slip keeps everybody out, and none counts for ever: of each limit nothing at all is
    /// refused, and more than any machine or week has, with its line.
    #[test]
    fn every_limit_has_two_ends() {
        let refused = |table: &str, line: usize, setting: &str| {
            let error = read_with(&format!("{table}\n{setting}\n")).unwrap_err().to_string();
            assert!(error.contains(&format!("agent.toml, line {line}: ")), "{setting}: {error}");
        };
        let limits = serde_json::to_value(GateLimits::default()).unwrap();
        let names = limits.as_object().unwrap().keys();
        // To take no body at all is a choice, and an answer names whatever its bound is.
        for name in names.filter(|name| *name != "body_bytes") {
            refused("[limits]", 5, &format!("{name} = 0"));
            refused("[limits]", 5, &format!("{name} = 1000000000000"));
        }
        assert!(read_with("[limits]\nbody_bytes = 0\n").is_ok());
        let tunnel = "[limits]\nidle_seconds = 9\n[[tunnel]]\nname = \"a\"\n\
                      listen = \"127.0.0.1:4\"\nupstream = \"127.0.0.1:5\"";
        for name in ["connections", "connections_of_one", "idle_seconds", "connection_hours"] {
            refused(tunnel, 10, &format!("{name} = 0"));
            refused(tunnel, 10, &format!("{name} = 1000000000000"));
        }
        for (line, sizes) in [
            (5, "segment_bytes = 0"),
            (5, "segment_bytes = 1073741825"),
            (5, "bytes = 67108863"),
            (6, "segment_bytes = 131072\nbytes = 524287"),
            (5, "bytes = 1125899906842625"),
            (5, "kept_bytes = 1125899906842625"),
            (5, "kept_days = 3661"),
        ] {
            refused("[spool]", line, sizes);
        }
        let kept = "[spool]\nkept_bytes = 1125899906842624\nkept_days = 3660\n";
        assert!(read_with(kept).is_ok());
        assert!(read_with("[spool]\nkept_bytes = 0\nkept_days = 0\n").is_ok());
        assert!(read_with("[spool]\nsegment_bytes = 131072\nbytes = 524288\n").is_ok());
    }
}
