//! Times in documents: RFC 3339 in UTC, seconds in orders and statements, microseconds in records.

use jiff::Timestamp;

/// `2026-11-24T08:00:00Z` for unix seconds.
pub fn seconds(unix: u64) -> String {
    let instant = i64::try_from(unix).ok().and_then(|s| Timestamp::from_second(s).ok());
    instant.unwrap_or(Timestamp::MAX).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-11-24T08:00:00.123456Z` for unix microseconds.
pub fn micros(unix_us: u64) -> String {
    let instant = i64::try_from(unix_us).ok().and_then(|us| Timestamp::from_microsecond(us).ok());
    instant.unwrap_or(Timestamp::MAX).strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Unix seconds of either form; nothing else is read.
pub fn read(text: &str) -> Option<u64> {
    let instant: Timestamp = text.parse().ok()?;
    let unix = u64::try_from(instant.as_second()).ok()?;
    let us = u64::try_from(instant.as_microsecond()).ok()?;
    (seconds(unix) == text || micros(us) == text).then_some(unix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        assert_eq!(read("2026-11-24T08:00:00Z"), Some(1_795_507_200));
        assert_eq!(seconds(1_795_507_200), "2026-11-24T08:00:00Z");
        assert_eq!(read("2026-11-24T08:00:00.000001Z"), Some(1_795_507_200));
        assert_eq!(read("2026-11-24T16:00:00+08:00"), None);
        assert_eq!(read("2026-11-24 08:00:00Z"), None);
    }
}
