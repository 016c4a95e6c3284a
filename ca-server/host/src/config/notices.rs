//! `[notices]` of `ca.toml`: by which channels people are told. Without a channel each notice is a
//! file in `notices/spool`, which something else on the host may take from there.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Files after which the oldest leaves the spool folder, unless the configuration says otherwise.
const SPOOL_FILES_MAX: u32 = 10_000;
/// Hour in Beijing from which the day's digests are sent.
const DIGEST_HOUR: u8 = 8;

/// The part of `ca.toml` that is for the role `notices`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticesConfig {
    /// Health and metrics are served at this address, in clear.
    pub admin: SocketAddr,
    /// Hour in Beijing from which handlers and officers are told what waits for them.
    #[serde(default = "digest_hour", deserialize_with = "service::config::within::<0, 23, _, _>")]
    pub digest_hour: u8,
    /// Files in the spool folder, after which the oldest is removed.
    #[serde(
        default = "spool_files_max",
        deserialize_with = "service::config::within::<1, 1_000_000, _, _>"
    )]
    pub spool_files_max: u32,
    /// The database as this role's own user, on PostgreSQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// People are told by mail where this is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailConfig>,
    /// By a gateway for short messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookConfig>,
}

/// The mail server takes notices by SMTP.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// Its host name, which its certificate names.
    #[serde(deserialize_with = "pki::host::configured::host")]
    pub server: String,
    /// Its port: 587 for `starttls`, 465 for `tls`.
    #[serde(deserialize_with = "service::config::within::<1, 65_535, _, _>")]
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// Certificates of authorities that its certificate comes from, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roots: Option<PathBuf>,
    /// The address that notices come from.
    pub from: String,
    /// The user as whom the CA logs in, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// File of that user's password, for its owner alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// TLS from the first byte.
    Tls,
    /// In clear until STARTTLS, without which nothing is sent.
    Starttls,
    /// In clear: to a server on this host only.
    None,
}

/// The gateway for short messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where notices are posted: `https://`, or `http://` on this host.
    #[serde(deserialize_with = "pki::host::configured::address")]
    pub url: String,
    /// Certificates of authorities that its certificate comes from, PEM; for `https`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roots: Option<PathBuf>,
}

impl NoticesConfig {
    /// Notices in the spool folder, and the admin address.
    pub fn new(admin: SocketAddr) -> Self {
        Self {
            admin,
            digest_hour: DIGEST_HOUR,
            spool_files_max: SPOOL_FILES_MAX,
            database: None,
            mail: None,
            webhook: None,
        }
    }
}

/// Whether a host is this one, by a name or address that leads nowhere else.
pub fn is_this_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    loopback || bare == "localhost"
}

fn digest_hour() -> u8 {
    DIGEST_HOUR
}

fn spool_files_max() -> u32 {
    SPOOL_FILES_MAX
}
