//! The time of the person's machine.

/// The one true clock of this program.
pub(crate) fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "people's clock, read in one place")]
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}
