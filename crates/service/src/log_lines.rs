//! Lines of the diagnostic log: so many a minute of each place in the code that writes one. Whoever
//! has a process write again and again, by being refused or by what fails meanwhile, fills no disk;
//! what was left out is told with the next line.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// Most lines of one place within a minute: twice what refusals of listeners have, which count
/// themselves.
const OF_PLACE_MAX: u32 = 120;
const MINUTE: Duration = Duration::from_secs(60);

/// The lines of a minute.
pub(crate) struct MinuteLines {
    most: u32,
    since: Instant,
    written: u32,
    left_out: u64,
}

impl MinuteLines {
    /// So many within a minute.
    pub(crate) fn of(most: u32, since: Instant) -> Self {
        Self { most, since, written: 0, left_out: 0 }
    }

    /// Whether there is room for another line, which tells how many were left out before it.
    pub(crate) fn take(&mut self, now: Instant) -> Option<u64> {
        if now.saturating_duration_since(self.since) >= MINUTE {
            (self.since, self.written) = (now, 0);
        }
        if self.written == self.most {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.written += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

/// The lines of each place, by its name, of which there are as many as in the code.
#[derive(Default)]
pub(crate) struct LogLimit(Mutex<HashMap<&'static str, MinuteLines>>);

impl LogLimit {
    fn take(&self, place: &'static Metadata<'static>) -> Option<u64> {
        let now = Instant::now();
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = places.entry(place.name());
        lines.or_insert_with(|| MinuteLines::of(OF_PLACE_MAX, now)).take(now)
    }
}

impl<S: Subscriber> Layer<S> for LogLimit {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let place = event.metadata();
        if *place.level() > Level::INFO {
            // Whoever asks for these wants all of them.
            return true;
        }
        match self.take(place) {
            None => false,
            Some(0) => true,
            Some(left_out) => {
                tracing::warn!(left_out, of = place.target(), line = place.line(), "left out");
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::Arc;
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// However often one place writes, so many lines of it are written; another one has its own,
    /// and what somebody looks for closely is written whole.
    #[test]
    fn no_place_fills_the_diagnostic_log() {
        let written = Written::default();
        let own = written.clone();
        let lines = tracing_subscriber::fmt()
            .with_max_level(Level::DEBUG)
            .with_ansi(false)
            .with_writer(move || own.clone())
            .finish()
            .with(LogLimit::default());
        tracing::subscriber::with_default(lines, || {
            for _ in 0..1_000 {
                tracing::error!("of one place");
                tracing::debug!("closely");
            }
            tracing::info!("of another");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let count = |of: &str| text.lines().filter(|line| line.ends_with(of)).count();
        assert_eq!(count("of one place"), usize::try_from(OF_PLACE_MAX).unwrap());
        assert_eq!((count("closely"), count("of another")), (1_000, 1));
    }

    /// The first line of the next minute tells how many had none.
    #[test]
    fn what_is_left_out_is_told() {
        let begin = Instant::now();
        let mut lines = MinuteLines::of(60, begin);
        let mut written = |second: u64, count: u64| -> Vec<u64> {
            let now = begin + Duration::from_secs(second);
            (0..count).filter_map(|_| lines.take(now)).collect()
        };
        assert_eq!(written(0, 10_000).len(), 60);
        assert!(written(59, 10).is_empty());
        assert_eq!(written(60, 2), [9_950, 0]);
    }
}
