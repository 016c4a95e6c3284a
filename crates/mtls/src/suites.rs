//! The cipher suites of every listener and client, and of visits.

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self as provider, cipher_suite as suite};
use std::sync::Arc;

/// The suites of TLS 1.2 are those with ephemeral keys and AEAD, for our keys, which are of EC.
pub(crate) fn crypto() -> Arc<CryptoProvider> {
    let cipher_suites = vec![
        suite::TLS13_AES_256_GCM_SHA384,
        suite::TLS13_AES_128_GCM_SHA256,
        suite::TLS13_CHACHA20_POLY1305_SHA256,
        suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    Arc::new(CryptoProvider { cipher_suites, ..provider::default_provider() })
}

/// Those of a visit to somebody else's machine, whose keys may be of RSA: with ephemeral keys and
/// AEAD as well.
pub(crate) fn of_visits() -> Arc<CryptoProvider> {
    Arc::new(provider::default_provider())
}
