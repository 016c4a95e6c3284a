//! The portal's configuration: one file for both processes, unknown keys refused. Paths are
//! relative to the file's folder.

use serde::{Deserialize, Serialize};
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
    pub issuer: String,
    /// Address of the log service.
    pub log: String,
    /// The public process.
    pub public: ProcessConfig,
    /// The staff process.
    pub staff: ProcessConfig,
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

/// A name of the public host for browsers: command lines and gates know the city's root, and go on
/// asking for the host of the public process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebConfig {
    /// The host name.
    pub host: String,
    /// Certificate chain in PEM, leaf first, as an ACME client leaves it. Read again when it
    /// changes.
    pub chain: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
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

    /// The database's address with its path made whole.
    pub fn database_address(&self) -> String {
        match self.database.strip_prefix("sqlite:") {
            Some(path) => format!("sqlite:{}", self.folder.join(path).display()),
            None => self.database.clone(),
        }
    }
}
