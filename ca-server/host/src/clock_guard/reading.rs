//! What a clock said once, as a role keeps it and as an operator confirms it.

use anyhow::Context;
use service::Clock;

/// What the clock said, and for how long the machine had run since which start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) unix: u64,
    pub(super) uptime: u64,
    pub(super) boot: String,
}

impl Reading {
    /// What it says now.
    pub(super) fn of(clock: Clock) -> Self {
        Self { unix: clock.seconds(), uptime: clock.uptime_seconds(), boot: clock.boot() }
    }

    pub(super) fn write(&self) -> String {
        format!("{} {} {}", records::time::seconds(self.unix), self.uptime, self.boot)
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let [unix, uptime, boot] = text.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let (unix, uptime) = (records::time::read(unix)?, uptime.parse().ok()?);
        Some(Self { unix, uptime, boot: boot.to_owned() })
    }
}

/// What a role believed: the reading from which the time goes on, and what was seen last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Believed {
    pub(super) base: Reading,
    pub(super) seen: u64,
}

impl Believed {
    pub(super) fn write(&self) -> String {
        format!("{}\n{}\n", self.base.write(), records::time::seconds(self.seen))
    }

    /// What was kept; nothing before the first time.
    pub(super) fn read(text: &str) -> anyhow::Result<Option<Self>> {
        if text.is_empty() {
            return Ok(None);
        }
        let read = || {
            let (base, seen) = text.strip_suffix('\n')?.split_once('\n')?;
            Some(Self { base: Reading::read(base)?, seen: records::time::read(seen)? })
        };
        read().map(Some).context("the time that was kept cannot be read")
    }
}
