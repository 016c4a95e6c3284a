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

/// Unix seconds of a time in a document: an instant has one spelling there, in whole seconds.
pub fn read(text: &str) -> Option<u64> {
    let instant: Timestamp = text.parse().ok()?;
    let unix = u64::try_from(instant.as_second()).ok()?;
    (seconds(unix) == text).then_some(unix)
}

/// Unix seconds of a record's own time, which is in microseconds.
pub fn read_micros(text: &str) -> Option<u64> {
    let instant: Timestamp = text.parse().ok()?;
    let us = u64::try_from(instant.as_microsecond()).ok()?;
    (micros(us) == text).then_some(us / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        assert_eq!(read("2026-11-24T08:00:00Z"), Some(1_795_507_200));
        assert_eq!(seconds(1_795_507_200), "2026-11-24T08:00:00Z");
        assert_eq!(read("2026-11-24T08:00:00.000000Z"), None);
        assert_eq!(read("2026-11-24T08:00:00.000001Z"), None);
        assert_eq!(read_micros("2026-11-24T08:00:00.000001Z"), Some(1_795_507_200));
        for other in
            ["2026-11-24T08:00:00Z", "2026-11-24T08:00:00.1Z", "2026-11-24t08:00:00.000000Z"]
        {
            assert_eq!(read_micros(other), None, "{other}");
        }
        assert_eq!(read("2026-11-24T16:00:00+08:00"), None);
        assert_eq!(read("2026-11-24 08:00:00Z"), None);
    }
}
