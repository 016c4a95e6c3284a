//! The time of the person's machine.

use clap::builder::RangedU64ValueParser;

/// No command waits longer for a certificate, in seconds: a week, as long as an order is open.
const WAIT_SECONDS_MAX: u64 = 7 * 86_400;

/// Seconds for which a command waits.
pub(crate) fn wait() -> RangedU64ValueParser {
    clap::value_parser!(u64).range(0..=WAIT_SECONDS_MAX)
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, Command};

    /// What somebody waits for is over after a week, and no number of seconds is beyond all time.
    #[test]
    fn nobody_waits_longer_than_a_week() {
        let takes = |seconds: &str| {
            let command = Command::new("wait").arg(Arg::new("wait").value_parser(wait()));
            command.try_get_matches_from(["wait", seconds]).is_ok()
        };
        assert!(takes("0") && takes("604800"));
        for seconds in ["604801", "18446744073709551615", "18446744073709551616", "1e9"] {
            assert!(!takes(seconds), "{seconds}");
        }
    }
}
