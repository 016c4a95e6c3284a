//! How the application is reached over TLS.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[upstream_tls]`: the application shows a certificate, and is shown the gate's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamTls {
    /// The application's certificate has this name, or this address.
    #[serde(deserialize_with = "pki::host::configured::host")]
    pub name: String,
    /// It leads to one of these roots: a PEM file, by its path in the state directory.
    pub roots: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What no certificate names is told when the file is read, and not with each request.
    #[test]
    fn a_name_that_no_certificate_has_is_refused() {
        let read = |name: &str| {
            let said = serde_json::json!({ "name": name, "roots": "app.pem" });
            serde_json::from_value::<UpstreamTls>(said).map_err(|error| error.to_string())
        };
        for fine in ["app.internal", "localhost", "10.0.0.1", "::1"] {
            assert_eq!(read(fine).unwrap().name, fine);
        }
        for (none, why) in [
            ("https://app.internal", "without port, scheme and path"),
            ("app.internal:8443", "without port, scheme and path"),
            ("应用.cn", "write an international name as xn--"),
            ("App.internal", "in lower case: app.internal"),
            ("", "an empty label"),
        ] {
            let told = read(none).unwrap_err();
            assert!(told.contains(why), "{none}: {told}");
        }
    }
}
