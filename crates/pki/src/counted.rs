//! How often this process did what costs, for `/metrics` and benches. Nothing ever follows from
//! these numbers.

use std::sync::atomic::{AtomicU64, Ordering};

static VERIFICATIONS: AtomicU64 = AtomicU64::new(0);
static PROFILES: AtomicU64 = AtomicU64::new(0);

/// Signatures that were verified with a [`crate::PublicKey`], true or not. Those of TLS handshakes
/// are not among them: rustls verifies them itself.
pub fn verifications() -> u64 {
    VERIFICATIONS.load(Ordering::Relaxed)
}

/// Profile files that were parsed.
pub fn profiles() -> u64 {
    PROFILES.load(Ordering::Relaxed)
}

pub(crate) fn verified() {
    VERIFICATIONS.fetch_add(1, Ordering::Relaxed);
}

pub(crate) fn profile_read() {
    PROFILES.fetch_add(1, Ordering::Relaxed);
}
