//! The portal's configuration: one file for both processes, unknown keys refused. Paths are
//! relative to the file's folder. A second validator elsewhere has a file of its own.

mod validator;

pub use validator::{LookConfig, ValidatorConfig};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use service::config::ConfigError;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// `portal.toml`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalConfig {
    /// The portal's id in the founding statement or its order.
    pub portal: String,
    /// `sqlite:PATH` or `postgres://…`.
    pub database: String,
    /// The trust file.
    pub trust: PathBuf,
    /// Address of the issuer.
    #[serde(deserialize_with = "pki::host::configured::address")]
    pub issuer: String,
    /// Address of the log service.
    #[serde(deserialize_with = "pki::host::configured::address")]
    pub log: String,
    /// The public process.
    pub public: ProcessConfig,
    /// The staff process.
    pub staff: ProcessConfig,
    /// The process that systems ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machines: Option<ProcessConfig>,
    /// How that process speaks ACME.
    #[serde(default)]
    pub acme: AcmeConfig,
    /// How that process speaks SCEP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scep: Option<ScepConfig>,
    /// How that process speaks CMP.
    #[serde(default)]
    pub cmp: CmpConfig,
    /// Another name of the public host, with a certificate that browsers know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web: Option<WebConfig>,
    #[serde(skip)]
    folder: PathBuf,
}

/// One process with its own key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessConfig {
    /// The host name that it answers for, and no other.
    #[serde(deserialize_with = "pki::host::configured::name")]
    pub host: String,
    /// TLS listener.
    pub listen: SocketAddr,
    /// Health and metrics.
    pub admin: SocketAddr,
    /// Certificate chain in PEM, leaf first, root last.
    pub chain: PathBuf,
    /// Private key in PEM.
    pub key: PathBuf,
}

/// How the process that systems ask speaks ACME, and looks whether challenges are answered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcmeConfig {
    /// Where clients find it, if that is not its host and port.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "pki::host::configured::address_if_any"
    )]
    pub url: Option<String>,
    /// The resolver that is asked for names; without one, the first of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolver: Option<SocketAddr>,
    /// Ranges of the inner net that may be spoken to, as `10.0.0.0/8`.
    #[serde(default)]
    pub private_ranges: Vec<String>,
    /// How CAA records name this CA.
    #[serde(default)]
    pub caa_identities: Vec<String>,
    /// Whether CAA records are asked for, by every protocol, of names, too, for which an order
    /// vouches: where such names stand in a DNS.
    #[serde(default)]
    pub caa_always: bool,
    /// Certificates that were issued before this time had better be renewed at once (RFC 3339):
    /// before their CA is replaced, or after something went wrong with many.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "time_if_any")]
    pub renew_issued_before: Option<String>,
    /// Where a second validator is, which has to find each challenge answered as well.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "pki::host::configured::address_if_any"
    )]
    pub second: Option<String>,
    /// In place of port 80; in a sample city only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http01_port: Option<u16>,
    /// In place of port 443; in a sample city only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlsalpn01_port: Option<u16>,
}

/// How the process that systems ask speaks SCEP: as a system itself, whose certificate devices
/// encrypt for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScepConfig {
    /// The file of that system's secrets, as its order gave it.
    pub system: PathBuf,
    /// Where its key and certificates are kept; made by the process, in a folder of its own.
    pub keys: PathBuf,
    /// Another listener, without TLS, for devices that speak nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<SocketAddr>,
}

/// How the process that systems ask speaks CMP, beside what it does under its own host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CmpConfig {
    /// Another listener, without TLS: messages of CMP are protected themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<SocketAddr>,
}

/// A name of the public host for browsers: command lines and gates know the city's root, and go on
/// asking for the host of the public process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebConfig {
    /// The host name.
    #[serde(deserialize_with = "pki::host::configured::name")]
    pub host: String,
    /// Certificate chain in PEM, leaf first, as an ACME client leaves it. Read again when it
    /// changes.
    pub chain: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
}

/// A time as records write it.
fn time_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let (zh, en) = ("时间应写作 2026-12-24T08:00:00Z", "a time is written 2026-12-24T08:00:00Z");
    match records::time::read(&text) {
        Some(_) => Ok(Some(text)),
        None => Err(D::Error::custom(format!("{zh} / {en}"))),
    }
}

impl PortalConfig {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = service::config::read(path)?;
        config.folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(config)
    }

    /// A path of the configuration made whole.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The process that systems ask, where there is one.
    pub fn machines(&self) -> anyhow::Result<&ProcessConfig> {
        let none = "portal.toml 中没有 [machines] / portal.toml has no [machines]";
        self.machines.as_ref().ok_or_else(|| anyhow::anyhow!(none))
    }

    /// Where clients of ACME find that process, where there is one.
    pub fn acme_directory(&self) -> Option<String> {
        let own = self.machines.as_ref()?;
        Some(acme::directory::AcmeUrls::new(&self.acme.base(own)).directory())
    }

    /// Where browsers find the public pages: under their name for browsers, if they have one, which
    /// a phone that scans a code knows; else under the one of the trust file.
    pub fn public_address(&self, portal_public: &str) -> String {
        let (Some(web), Some((scheme, rest))) = (&self.web, portal_public.split_once("://")) else {
            return portal_public.to_owned();
        };
        match rest.rsplit_once(':') {
            Some((_, port)) => format!("{scheme}://{}:{port}", web.host),
            None => format!("{scheme}://{}", web.host),
        }
    }

    /// The database's address with its path made whole.
    pub fn database_address(&self) -> String {
        match self.database.strip_prefix("sqlite:") {
            Some(path) => format!("sqlite:{}", self.folder.join(path).display()),
            None => self.database.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands on paper leads phones to the name that they know, from either process.
    #[test]
    fn codes_lead_to_the_name_for_browsers() {
        let process = |name: &str| {
            serde_json::json!({
                "host": format!("{name}.city"), "listen": "127.0.0.1:1", "admin": "127.0.0.1:2",
                "chain": "c", "key": "k",
            })
        };
        let config = |web: serde_json::Value| -> PortalConfig {
            let whole = serde_json::json!({
                "portal": "p", "database": "sqlite:d", "trust": "t",
                "issuer": "https://ca.city:1", "log": "https://ca.city:2",
                "public": process("public"), "staff": process("staff"), "web": web,
            });
            serde_json::from_value(whole).unwrap()
        };
        let name = serde_json::json!({ "host": "zs.city.gov.cn", "chain": "c", "key": "k" });
        let with = config(name);
        let address = |public: &str| with.public_address(public);
        assert_eq!(address("https://public.city:8443"), "https://zs.city.gov.cn:8443");
        assert_eq!(address("https://public.city"), "https://zs.city.gov.cn");
        assert_eq!(
            config(serde_json::Value::Null).public_address("https://public.city"),
            "https://public.city"
        );
    }

    /// A host that no certificate can name is refused with its line, and how it is written.
    #[test]
    fn a_host_of_the_file_is_one_that_certificates_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("portal.toml");
        let read = |lines: [&str; 5]| {
            let [issuer, log, public, staff, web] = lines;
            let rest =
                "listen = \"127.0.0.1:1\"\nadmin = \"127.0.0.1:2\"\nchain = \"c\"\nkey = \"k\"";
            let text = format!(
                "portal = \"p\"\ndatabase = \"sqlite:d\"\ntrust = \"t\"\nissuer = \"{issuer}\"\n\
                 log = \"{log}\"\n[public]\nhost = \"{public}\"\n{rest}\n[staff]\n\
                 host = \"{staff}\"\n{rest}\n[web]\nhost = \"{web}\"\nchain = \"c\"\nkey = \"k\"\n"
            );
            std::fs::write(&path, text).unwrap();
            PortalConfig::read(&path)
        };
        let good = ["https://ca.city:1", "https://ca.city:2", "p.city", "s.city", "zs.city.gov.cn"];
        assert!(read(good).is_ok(), "{:?}", read(good).err());
        for (at, value, line, cure) in [
            (0, "https://CA.city:1", 4, "ca.city"),
            (1, "ca.city:2", 5, "https://HOST:PORT"),
            (2, "P.city", 7, "p.city"),
            (3, "s.city:8443", 13, "不带端口"),
            (3, "10.0.0.1", 13, "a host name is needed"),
            (4, "门户.cn", 19, "xn--"),
            (4, "https://zs.city", 19, "without port, scheme and path"),
        ] {
            let mut lines = good;
            lines[at] = value;
            let told = read(lines).unwrap_err().to_string();
            assert!(told.contains(&format!("portal.toml, line {line}: ")), "{value}: {told}");
            assert!(told.contains(&format!("portal.toml 第 {line} 行：")), "{value}: {told}");
            assert!(told.contains(cure), "{value}: {told}");
        }
    }
}
