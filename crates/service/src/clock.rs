//! The one true clock. Everything else gets its time from here as a parameter.

use std::time::{SystemTime, UNIX_EPOCH};

/// Where time comes from.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    offset_seconds: i64,
}

impl Clock {
    /// The machine's clock. Debug builds add `YINXIN_CLOCK_OFFSET` seconds, so that tests can move
    /// it.
    pub fn system() -> Self {
        let offset = if cfg!(debug_assertions) {
            std::env::var("YINXIN_CLOCK_OFFSET").ok().and_then(|text| text.parse().ok())
        } else {
            None
        };
        Self { offset_seconds: offset.unwrap_or(0) }
    }

    /// Unix microseconds.
    #[expect(clippy::disallowed_methods, reason = "this is the true clock")]
    pub fn micros(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
        u64::try_from(micros.saturating_add(self.offset_seconds * 1_000_000)).unwrap_or(0)
    }

    /// Unix seconds.
    pub fn seconds(&self) -> u64 {
        self.micros() / 1_000_000
    }
}
