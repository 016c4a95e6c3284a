//! The configuration of a second validator, and what it shares with that of the process that has
//! validators look: paths are relative to the file's folder, unknown keys refused.

use pki::host::Host;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use service::config::ConfigError;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// By whom names are asked for, and what of the net is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookConfig {
    /// The resolver that is asked for names; without one, the first of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolver: Option<SocketAddr>,
    /// Ranges of the inner net that may be spoken to, as `10.0.0.0/8`.
    #[serde(default)]
    pub private_ranges: Vec<String>,
    /// In place of port 80; in a sample city only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http01_port: Option<u16>,
    /// In place of port 443; in a sample city only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlsalpn01_port: Option<u16>,
}

/// `validator.toml`: a validator that stands elsewhere in the net than who asks it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidatorConfig {
    /// The trust file.
    pub trust: PathBuf,
    /// The root certificate in PEM, which the trust file names.
    pub root: PathBuf,
    /// The host name that it answers for, and no other.
    #[serde(deserialize_with = "pki::host::configured::name")]
    pub host: String,
    /// TLS listener; whoever speaks to it shows a certificate of the city.
    pub listen: SocketAddr,
    /// Health and metrics.
    pub admin: SocketAddr,
    /// Certificate chain in PEM, leaf first; the root may be left out. Read again when it changes.
    pub chain: PathBuf,
    /// Private key in PEM.
    pub key: PathBuf,
    /// The list of the issuing CA, DER, which a timer of this host fetches; read again each minute.
    /// With it whoever was revoked is not heard, and nobody is while no list counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl: Option<PathBuf>,
    /// Host names of the processes that may ask.
    #[serde(deserialize_with = "names")]
    pub asked_by: Vec<String>,
    /// How it looks.
    #[serde(default)]
    pub looks: LookConfig,
    #[serde(skip)]
    folder: PathBuf,
}

impl ValidatorConfig {
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
}

/// Host names, at least one.
fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    if texts.is_empty() {
        return Err(D::Error::custom("至少一个主机名 / at least one host name"));
    }
    texts.iter().map(|text| Host::read_name(text).map_err(D::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "trust = \"trust.json\"\nroot = \"root.pem\"\nhost = \"look.city\"\n\
        listen = \"127.0.0.1:1\"\nadmin = \"127.0.0.1:2\"\nchain = \"c\"\nkey = \"k\"\n";

    /// Who may ask is named, and nobody is left out by a name that no certificate has.
    #[test]
    fn a_validator_is_asked_by_whom_its_file_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("validator.toml");
        let read = |more: &str| {
            std::fs::write(&path, format!("{WHOLE}{more}\n")).unwrap();
            ValidatorConfig::read(&path)
        };
        let config = read("asked_by = [\"acme.city\"]").unwrap();
        assert_eq!(config.asked_by, ["acme.city"]);
        assert_eq!((config.looks.clone(), &config.crl), (LookConfig::default(), &None));
        assert_eq!(config.path(&config.root), folder.path().join("root.pem"));
        let looks = "[looks]\nresolver = \"10.0.0.53:53\"\nprivate_ranges = [\"10.0.0.0/8\"]";
        assert!(read(&format!("asked_by = [\"acme.city\"]\n{looks}")).is_ok());
        for wrong in [
            "",
            "asked_by = []",
            "asked_by = [\"ACME.city\"]",
            "asked_by = [\"acme.city:443\"]",
            "asked_by = [\"10.0.0.1\"]",
            "asked_by = [\"acme.city\"]\nurl = \"https://acme.city\"",
            "asked_by = [\"acme.city\"]\n[looks]\ncaa_identities = [\"ca.city\"]",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
