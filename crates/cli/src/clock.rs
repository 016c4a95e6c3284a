//! The time of the person's machine.

/// The one true clock of this program.
pub(crate) fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "people's clock, read in one place")]
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    now.saturating_add(ahead_seconds())
}

/// How far tests have moved it: debug builds read that at each reading from the file that
/// `YINXIN_CLOCK_FILE` names, so that time passes for a program that runs.
fn ahead_seconds() -> u64 {
    if !cfg!(debug_assertions) {
        return 0;
    }
    let file =
        std::env::var_os("YINXIN_CLOCK_FILE").and_then(|at| std::fs::read_to_string(at).ok());
    file.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}
