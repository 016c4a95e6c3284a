//! The one true clock. Everything else gets its time from here as a parameter.

use mtls::tls::{TimeProvider, UnixTime};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The clock of a process, from which all its time comes.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    offset_seconds: i64,
    /// Whether the machine seems to have run for longer, by so many seconds; without that a clock
    /// that is moved is the clock of a machine that started anew.
    uptime_offset: Option<u64>,
}

/// Which start of the machine this is; the same for all its processes, and another after the next.
static BOOT: LazyLock<String> = LazyLock::new(|| {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    match text.trim() {
        "" => format!("process-{}", std::process::id()),
        boot => boot.to_owned(),
    }
});

impl Clock {
    /// The machine's clock. Debug builds add `YINXIN_CLOCK_OFFSET` seconds, so that tests can move
    /// it, and `YINXIN_UPTIME_OFFSET` to how long the machine ran.
    pub fn system() -> Self {
        fn moved<T: std::str::FromStr>(name: &str) -> Option<T> {
            if !cfg!(debug_assertions) {
                return None;
            }
            std::env::var(name).ok().and_then(|text| text.parse().ok())
        }
        let offset_seconds = moved("YINXIN_CLOCK_OFFSET").unwrap_or(0);
        Self { offset_seconds, uptime_offset: moved("YINXIN_UPTIME_OFFSET") }
    }

    /// The present time in unix microseconds.
    #[expect(clippy::disallowed_methods, reason = "this is the true clock")]
    pub fn micros(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
        u64::try_from(micros.saturating_add(self.offset_seconds * 1_000_000)).unwrap_or(0)
    }

    /// Seconds since the machine started, asleep or not: nobody sets these.
    pub fn uptime_seconds(&self) -> u64 {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let clock = rustix::time::ClockId::Boottime;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let clock = rustix::time::ClockId::Monotonic;
        let ran = u64::try_from(rustix::time::clock_gettime(clock).tv_sec).unwrap_or(0);
        ran + self.uptime_offset.unwrap_or(0)
    }

    /// Which start of the machine it is since which [`Self::uptime_seconds`] count.
    pub fn boot(&self) -> String {
        match (self.offset_seconds, self.uptime_offset) {
            (0, _) | (_, Some(_)) => BOOT.clone(),
            (offset, None) => format!("{}/{offset}", *BOOT),
        }
    }

    /// The present time in unix seconds.
    pub fn seconds(&self) -> u64 {
        self.micros() / 1_000_000
    }
}

/// Handshakes are judged by the same clock as everything else.
impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.seconds())))
    }
}
