//! The CA host's configuration: one file for all roles, unknown keys refused. Paths are relative to
//! the file's folder, which is the state directory that `ca-server init` makes.

mod notices;

pub use notices::{MailConfig, MailTls, NoticesConfig, WebhookConfig, is_this_host};

use crate::prepare::Addresses;
use serde::{Deserialize, Serialize};
use service::config::ConfigError;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The file `ca.toml`: one for all roles of the CA's host.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaConfig {
    /// The database is `sqlite:PATH`, or `postgres://…` for a server.
    pub database: String,
    /// The role `issuer` is configured here.
    pub issuer: IssuerConfig,
    /// The role `status` is configured here.
    pub status: StatusConfig,
    /// The role `log` is configured here.
    pub log: LogConfig,
    /// The role `notices`, which tells people, is configured here.
    pub notices: NoticesConfig,
    #[serde(skip)]
    folder: PathBuf,
}

/// The part of `ca.toml` that is for the role `issuer`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// Portals call ca-api at this address, over mTLS.
    pub listen: SocketAddr,
    /// Health and metrics are served at this address, in clear.
    pub admin: SocketAddr,
    /// A list ends so many hours after it was made: ten days at most, so long may whoever asks
    /// nobody else miss what was revoked.
    #[serde(deserialize_with = "service::config::within::<1, 240, _, _>")]
    pub crl_hours: u32,
    /// Largest step forward of the clock, in days, that needs no confirmation; a year at most.
    #[serde(deserialize_with = "service::config::within::<1, 366, _, _>")]
    pub clock_days_max: u32,
    /// Whom letters name for help: the desk and its telephone, as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desk: Option<String>,
    /// Address of the public portal that letters print, where it has a certificate that browsers
    /// know; without one that of the trust file.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "pki::host::configured::address_if_any"
    )]
    pub portal_web: Option<String>,
    /// Lists of keys that nobody has certified, beside the one that is part of the program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weak_keys: Vec<PathBuf>,
    /// The database as this role's own user, on PostgreSQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Desks of units, by unit id, for letters to whoever is there or below.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub desks: BTreeMap<String, String>,
}

/// The part of `ca.toml` that is for the role `status`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusConfig {
    /// CRLs and CA certificates, plain HTTP.
    pub http: SocketAddr,
    /// Reports of losses are taken at this address, over TLS; agents ask here by mTLS.
    pub https: SocketAddr,
    /// Health and metrics are served at this address, in clear.
    pub admin: SocketAddr,
    /// Public address of the plain HTTP listener; stands in certificates.
    #[serde(deserialize_with = "pki::host::configured::address")]
    pub public_url: String,
    /// The database as this role's own user, on PostgreSQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
}

/// The part of `ca.toml` that is for the role `log`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Tiles and checkpoints are served at this address, in clear.
    pub http: SocketAddr,
    /// Records are handed in at this address, over mTLS.
    pub https: SocketAddr,
    /// Health and metrics are served at this address, in clear.
    pub admin: SocketAddr,
    /// The database as this role's own user, on PostgreSQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
}

impl CaConfig {
    /// Reads the file; an error names the key that is missing, unknown or wrong.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = service::config::read(path)?;
        config.folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(config)
    }

    /// A configuration for a new state directory.
    pub fn new(
        database: &str,
        (issuer, status, log): (IssuerConfig, StatusConfig, LogConfig),
        notices: NoticesConfig,
    ) -> Self {
        let folder = PathBuf::new();
        Self { database: database.to_owned(), issuer, status, log, notices, folder }
    }

    /// A host that listens nowhere: what is kept in its folder is tried without a process.
    pub fn nowhere() -> Self {
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let issuer = IssuerConfig {
            listen: nowhere,
            admin: nowhere,
            crl_hours: 24,
            clock_days_max: 10,
            desk: None,
            portal_web: None,
            weak_keys: Vec::new(),
            database: None,
            desks: BTreeMap::new(),
        };
        let status = StatusConfig {
            http: nowhere,
            https: nowhere,
            admin: nowhere,
            public_url: "http://status.example".into(),
            database: None,
        };
        let log = LogConfig { http: nowhere, https: nowhere, admin: nowhere, database: None };
        Self::new("sqlite:nowhere", (issuer, status, log), NoticesConfig::new(nowhere))
    }

    /// The same configuration for another folder.
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = folder.to_owned();
        self
    }

    /// The state directory is the folder in which the file lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path in the state directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A path that the configuration names.
    pub fn path_of(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The database's address with its path made whole.
    pub fn database_address(&self) -> String {
        match self.database.strip_prefix("sqlite:") {
            Some(path) => format!("sqlite:{}", self.folder.join(path).display()),
            None => self.database.clone(),
        }
    }

    /// Where each role says how it is.
    pub fn admins(&self) -> [(&'static str, SocketAddr); 4] {
        [
            ("issuer", self.issuer.admin),
            ("status", self.status.admin),
            ("log", self.log.admin),
            ("notices", self.notices.admin),
        ]
    }

    /// The same of all but one.
    pub fn admins_beside(&self, role: &str) -> Vec<(&'static str, SocketAddr)> {
        self.admins().into_iter().filter(|(name, _)| *name != role).collect()
    }

    /// Address of the current list of a shard, as it stands in certificates.
    pub fn crl_url(&self, issuer: &str, shard: u32) -> String {
        format!("{}/crl/{issuer}/{shard}.crl", self.status.public_url)
    }

    /// Address of the root's list.
    pub fn root_crl_url(&self) -> String {
        format!("{}/crl/root.crl", self.status.public_url)
    }

    /// What stands in certificates under an issuing CA.
    pub fn addresses(&self, issuer: &str) -> Addresses {
        let ocsp = Some(format!("{}/ocsp", self.status.public_url));
        Addresses { crl: self.crl_url(issuer, 0), issuer: self.ca_url(issuer), ocsp }
    }

    /// What stands in certificates under the root, whose list is all that tells their status.
    pub fn root_addresses(&self) -> Addresses {
        let (crl, issuer) = (self.root_crl_url(), self.ca_url("root"));
        Addresses { crl, issuer, ocsp: None }
    }

    /// Address of an authority's certificate.
    pub fn ca_url(&self, name: &str) -> String {
        format!("{}/ca/{name}.cer", self.status.public_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An address that letters print, or certificates carry, is one that somebody can reach.
    #[test]
    fn an_address_of_the_file_is_one_that_clients_reach() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.toml");
        let read = |web: &str, public: &str, more: &str| {
            let two = "http = \"127.0.0.1:3\"\nhttps = \"127.0.0.1:4\"\nadmin = \"127.0.0.1:5\"";
            let text = format!(
                "database = \"sqlite:d\"\n[issuer]\nlisten = \"127.0.0.1:1\"\n\
                 admin = \"127.0.0.1:2\"\ncrl_hours = 24\nclock_days_max = 30\n\
                 portal_web = \"{web}\"\n[status]\n{two}\npublic_url = \"{public}\"\n\
                 [log]\n{two}\n[notices]\nadmin = \"127.0.0.1:6\"\n{more}"
            );
            std::fs::write(&path, text).unwrap();
            CaConfig::read(&path)
        };
        let (web, public) = ("https://zs.city.gov.cn", "http://ca.city:80");
        assert!(read(web, public, "").is_ok(), "{:?}", read(web, public, "").err());
        let mail = |server| {
            format!(
                "[notices.mail]\nserver = \"{server}\"\nport = 25\ntls = \"none\"\nfrom = \"a@b.cn\"\n"
            )
        };
        let hook = |url| format!("[notices.webhook]\nurl = \"{url}\"\n");
        for more in [mail("mail.city"), mail("127.0.0.1"), hook("https://sms.city/x")] {
            assert!(read(web, public, &more).is_ok(), "{more}");
        }
        for (web, public, more, line, cure) in [
            ("https://门户.cn", public, String::new(), 7, "xn--"),
            ("zs.city.gov.cn", public, String::new(), 7, "https://HOST:PORT"),
            ("https://ZS.city", public, String::new(), 7, "zs.city"),
            (web, "http://CA.city", String::new(), 12, "ca.city"),
            (web, public, mail("mail.city:25"), 20, "不带端口"),
            (web, public, hook("https://短信.cn/x"), 20, "xn--"),
        ] {
            let told = read(web, public, &more).unwrap_err().to_string();
            assert!(told.contains(&format!("ca.toml, line {line}: ")), "{told}");
            assert!(told.contains(cure), "{told}");
        }
    }

    /// No slip keeps everybody out, and none counts for ever: of each number both ends are taken,
    /// and what is beyond them is refused with its line and with what it may be.
    #[test]
    fn every_number_of_the_file_has_two_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.toml");
        let read = |numbers: [i64; 5]| {
            let [list, clock, hour, files, port] = numbers;
            let two = "http = \"127.0.0.1:3\"\nhttps = \"127.0.0.1:4\"\nadmin = \"127.0.0.1:5\"";
            let text = format!(
                "database = \"sqlite:d\"\n[issuer]\nlisten = \"127.0.0.1:1\"\n\
                 admin = \"127.0.0.1:2\"\ncrl_hours = {list}\nclock_days_max = {clock}\n\
                 [status]\n{two}\npublic_url = \"http://ca.city:80\"\n[log]\n{two}\n\
                 [notices]\nadmin = \"127.0.0.1:6\"\ndigest_hour = {hour}\n\
                 spool_files_max = {files}\n[notices.mail]\nserver = \"mail.city\"\n\
                 tls = \"none\"\nfrom = \"a@b.cn\"\nport = {port}\n"
            );
            std::fs::write(&path, text).unwrap();
            CaConfig::read(&path)
        };
        let usual = [24, 30, 8, 10_000, 25];
        let lines = [5, 6, 18, 19, 24];
        let ends = [(1, 240), (1, 366), (0, 23), (1, 1_000_000), (1, 65_535)];
        for (at, (line, (least, most))) in lines.into_iter().zip(ends).enumerate() {
            let with = |value| {
                let mut numbers = usual;
                numbers[at] = value;
                read(numbers)
            };
            assert!(with(least).is_ok(), "{:?}", with(least).err());
            assert!(with(most).is_ok(), "{:?}", with(most).err());
            for value in [i64::MIN, least - 1, most + 1, i64::MAX] {
                let told = with(value).unwrap_err().to_string();
                let cure = format!("ca.toml, line {line}: from {least} to {most}, and not {value}");
                assert!(told.contains(&cure), "{told}");
            }
        }
    }
}
