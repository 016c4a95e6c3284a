//! Times in documents: RFC 3339 in UTC, seconds in orders and statements, microseconds in records.

use jiff::Timestamp;
use pki::number::Day;

/// Seconds by which Beijing, and with it all of China all the year, is ahead of UTC.
pub const BEIJING_SECONDS: u64 = 8 * 3_600;

/// By so much clocks of two machines may differ, in seconds: what is dated further ahead is taken
/// by no gate and no verifier.
pub const SKEW_SECONDS_MAX: u64 = 300;

/// Spells unix seconds in RFC 3339, `2026-11-24T08:00:00Z`.
pub fn seconds(unix: u64) -> String {
    let instant = i64::try_from(unix).ok().and_then(|s| Timestamp::from_second(s).ok());
    format!("{:.0}", instant.unwrap_or(Timestamp::MAX))
}

/// Spells unix microseconds in RFC 3339, `2026-11-24T08:00:00.123456Z`.
pub fn micros(unix_us: u64) -> String {
    let instant = i64::try_from(unix_us).ok().and_then(|us| Timestamp::from_microsecond(us).ok());
    format!("{:.6}", instant.unwrap_or(Timestamp::MAX))
}

/// Unix seconds of a time in a document: an instant has one spelling there, in whole seconds.
pub fn read(text: &str) -> Option<u64> {
    let instant: Timestamp = text.parse().ok()?;
    let unix = u64::try_from(instant.as_second()).ok()?;
    (seconds(unix) == text).then_some(unix)
}

/// An instant on the clocks of Beijing, which are those of all of China.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beijing {
    /// The time in Beijing, `2026-12-02 00:00:00`.
    there: String,
}

/// What the clocks of Beijing show at a time of a document or a record; nothing where it is none.
pub fn beijing(text: &str) -> Option<Beijing> {
    let unix = read(text).or_else(|| read_micros(text))?;
    let there = seconds(unix.checked_add(BEIJING_SECONDS)?);
    Some(Beijing { there: there.trim_end_matches('Z').replace('T', " ") })
}

impl Beijing {
    /// The minute in Beijing, `2026-12-02 00:00`.
    pub fn minute(&self) -> &str {
        self.there.get(..16).unwrap_or(&self.there)
    }

    /// To the minute where it is a whole one, or to the second.
    fn exact(&self) -> &str {
        if self.there.ends_with(":00") { self.minute() } else { &self.there }
    }

    /// The minute in Chinese, `2026年12月2日 00:00（北京时间）`; the second where it is no whole one.
    pub fn zh(&self) -> String {
        Self::chinese(self.exact())
    }

    /// The minute in English, `2026-12-02 00:00 (UTC+8)`; the second where it is no whole one.
    pub fn en(&self) -> String {
        format!("{} (UTC+8)", self.exact())
    }

    /// Never more than the minute, in Chinese: as lists have it.
    pub fn minute_zh(&self) -> String {
        Self::chinese(self.minute())
    }

    /// The same in English.
    pub fn minute_en(&self) -> String {
        format!("{} (UTC+8)", self.minute())
    }

    fn chinese(there: &str) -> String {
        let (day, clock) = there.split_once(' ').unwrap_or((there, ""));
        let numbers: Vec<&str> = day.split('-').map(|part| part.trim_start_matches('0')).collect();
        match numbers.as_slice() {
            [year, month, day] => format!("{year}年{month}月{day}日 {clock}（北京时间）"),
            _ => format!("{day} {clock}（北京时间）"),
        }
    }
}

/// What somebody typed as the beginning of a time, as a document has it: the clock of Beijing as
/// forms of a browser write it, a day there, or the time of a document itself. What is none of them
/// stays what it is, for whoever is asked to refuse.
pub fn typed_from(text: &str) -> String {
    typed(text, "00:00:00").unwrap_or_else(|| text.trim().to_owned())
}

/// The same of an end: a day is meant with its last second.
pub fn typed_until(text: &str) -> String {
    typed(text, "23:59:59").unwrap_or_else(|| text.trim().to_owned())
}

/// A time of a document as the field of a form has it, `2026-12-02T00:00` in Beijing.
pub fn in_a_form(text: &str) -> String {
    beijing(text).map_or_else(String::new, |there| there.exact().replace(' ', "T"))
}

fn typed(text: &str, of_a_day: &str) -> Option<String> {
    let text = text.trim();
    if read(text).is_some() {
        return Some(text.to_owned());
    }
    let there = text.replacen(' ', "T", 1);
    let there = match there.len() {
        10 => format!("{there}T{of_a_day}Z"),
        16 => format!("{there}:00Z"),
        _ => format!("{there}Z"),
    };
    read(&there)?.checked_sub(BEIJING_SECONDS).map(seconds)
}

/// Unix seconds of a record's own time, which is in microseconds.
pub fn read_micros(text: &str) -> Option<u64> {
    let instant: Timestamp = text.parse().ok()?;
    let us = u64::try_from(instant.as_microsecond()).ok()?;
    (micros(us) == text).then_some(us / 1_000_000)
}

/// The day in Beijing at a time in unix seconds: year, month and day.
pub fn day_in_beijing(unix: u64) -> Day {
    let text = seconds(unix + BEIJING_SECONDS);
    let part = |range: core::ops::Range<usize>| text.get(range).and_then(|part| part.parse().ok());
    let (month, day): (Option<u16>, Option<u16>) = (part(5..7), part(8..10));
    (part(0..4).unwrap_or(0), month.unwrap_or(0) as u8, day.unwrap_or(0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight hours ahead, all the year.
    #[test]
    fn a_day_begins_in_beijing() {
        let at = |text: &str| day_in_beijing(read(text).unwrap());
        assert_eq!(at("2026-11-24T15:59:59Z"), (2026, 11, 24));
        assert_eq!(at("2026-11-24T16:00:00Z"), (2026, 11, 25));
        assert_eq!(at("2026-12-31T16:00:00Z"), (2027, 1, 1));
    }

    #[test]
    fn the_clock_of_beijing_is_eight_hours_ahead() {
        let there = |text: &str| beijing(text).map(|there| (there.zh(), there.en()));
        let said = |zh: &str, en: &str| Some((zh.to_owned(), en.to_owned()));
        let midnight = said("2026年12月2日 00:00（北京时间）", "2026-12-02 00:00 (UTC+8)");
        assert_eq!(there("2026-12-01T16:00:00Z"), midnight);
        let last = said("2026年12月10日 23:59:59（北京时间）", "2026-12-10 23:59:59 (UTC+8)");
        assert_eq!(there("2026-12-10T15:59:59Z"), last, "no second of what is signed is left out");
        let record = said("2026年12月2日 00:00:07（北京时间）", "2026-12-02 00:00:07 (UTC+8)");
        assert_eq!(there("2026-12-01T16:00:07.123456Z"), record, "a record's own time");
        assert_eq!(there("2026-12-01"), None);
        assert_eq!(there("2026-12-01T16:00:07.123Z"), None);
    }

    #[test]
    fn what_is_typed_is_the_clock_of_beijing() {
        for text in ["2026-12-02", "2026-12-02T00:00", "2026-12-02 00:00", "2026-12-01T16:00:00Z"] {
            assert_eq!(typed_from(text), "2026-12-01T16:00:00Z", "{text}");
        }
        assert_eq!(typed_from("2026-12-02T00:00:30"), "2026-12-01T16:00:30Z");
        assert_eq!(typed_until("2026-12-02"), "2026-12-02T15:59:59Z", "a day with its end");
        assert_eq!(typed_until("2026-12-02T00:00"), "2026-12-01T16:00:00Z");
        for text in ["", "yesterday", "2026-13-01", "2026-12-02T25:00"] {
            assert_eq!((typed_from(text), typed_until(text)), (text.into(), text.into()));
        }
        assert_eq!(typed_from("1970-01-01"), "1970-01-01", "it begins before time does");
        assert_eq!(in_a_form("2026-12-01T16:00:00Z"), "2026-12-02T00:00");
    }

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
