//! How the application is reached over TLS.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[upstream_tls]`: the application shows a certificate, and is shown the gate's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamTls {
    /// The application's certificate has this name.
    pub name: String,
    /// It leads to one of these roots: a PEM file, by its path in the state directory.
    pub roots: PathBuf,
}
