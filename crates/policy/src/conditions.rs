//! What rules may ask about besides who wants what: the calendar and the networks of a bundle, and
//! under what somebody asks. What is not known is not in a rule's context: a rule that reads it
//! cannot be evaluated, and that is a no.

use crate::fault::{BundleError, Cure, line_with};
use crate::period::ZONE_SECONDS;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Most networks of a bundle: which of them a source is in is one number.
pub const NETWORKS_MAX: usize = 32;
const DAY_SECONDS: u64 = 86_400;

/// Under what somebody asks: alike in all that is asked on one connection. What is not known has
/// its default, and is in no rule's context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// The client's address.
    pub source: Option<IpAddr>,
    /// The profile of the certificate, `official` or `staff`.
    pub certificate: Option<&'static str>,
    /// Version of TLS: 12 or 13; 0 if unknown.
    pub tls: u8,
    /// When the client's key proved who it is, unix seconds; 0 if unknown.
    pub authenticated: u64,
}

/// Days off and days on which people work, by China's clocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Calendar {
    /// Days since 1970-01-01 on which nobody works though it may be a weekday.
    days_off: BTreeSet<u64>,
    /// Days of weekends on which people work.
    workdays: BTreeSet<u64>,
    /// First and last day that it says anything about.
    span: (u64, u64),
}

/// A network that rules may name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Network {
    /// Its name in rules.
    name: String,
    ranges: Vec<(IpAddr, u32)>,
}

/// What a bundle says of days and networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    calendar: Option<Calendar>,
    networks: Vec<Network>,
}

/// What a day is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayKind {
    /// It is one of the days off that are listed.
    pub is_holiday: bool,
    /// People work: a weekday that is no day off, or a day of a weekend that is listed.
    pub is_workday: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarFile {
    from: String,
    until: String,
    #[serde(default)]
    days_off: Vec<String>,
    #[serde(default)]
    workdays: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworksFile {
    #[serde(default)]
    network: Vec<NetworkFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkFile {
    name: String,
    /// What people call it.
    zh: String,
    en: String,
    ranges: Vec<String>,
}

impl Conditions {
    /// Reads what of a bundle says it: each with the name of its file, if it is there.
    pub(crate) fn read(
        calendar: Option<(&str, &str)>,
        networks: Option<(&str, &str)>,
    ) -> Result<Self, BundleError> {
        let calendar = calendar.map(|(name, text)| read_calendar(name, text)).transpose()?;
        let networks = networks.map(|(name, text)| read_networks(name, text)).transpose()?;
        Ok(Self { calendar, networks: networks.unwrap_or_default() })
    }

    /// What a moment's day is; nothing where no calendar says it.
    pub fn day(&self, now: u64) -> Option<DayKind> {
        let calendar = self.calendar.as_ref()?;
        let day = (now + ZONE_SECONDS) / DAY_SECONDS;
        let (first, last) = calendar.span;
        if !(first..=last).contains(&day) {
            return None;
        }
        // 1970-01-01 was a Thursday.
        let is_weekend = matches!((day + 3) % 7, 5 | 6);
        let is_holiday = calendar.days_off.contains(&day);
        let is_workday = !is_holiday && (!is_weekend || calendar.workdays.contains(&day));
        Some(DayKind { is_holiday, is_workday })
    }

    /// Which networks an address is in, a bit each, in their order.
    pub(crate) fn mask(&self, source: Option<IpAddr>) -> u32 {
        let Some(source) = source.map(|source| source.to_canonical()) else { return 0 };
        let holds = |network: &Network| {
            network.ranges.iter().any(|(base, bits)| is_within(source, *base, *bits))
        };
        let all = self.networks.iter().enumerate().filter(|(_, network)| holds(network));
        all.fold(0, |mask, (place, _)| mask | 1 << place)
    }

    /// The names of networks of a mask.
    pub(crate) fn named(&self, mask: u32) -> impl Iterator<Item = &str> {
        let all = self.networks.iter().enumerate();
        all.filter(move |(place, _)| mask >> place & 1 == 1).map(|(_, one)| one.name.as_str())
    }
}

fn read_calendar(file: &str, text: &str) -> Result<Calendar, BundleError> {
    let read: CalendarFile =
        toml::from_str(text).map_err(|error| BundleError::toml(file, text, &error))?;
    let day = |written: &String| {
        let wrong = || {
            let line = line_with(text, &format!("\"{written}\""));
            BundleError::at(file, line, format!("`{written}` is no day"), Cure::Day)
        };
        day_of(written).ok_or_else(wrong)
    };
    let days = |list: &[String]| list.iter().map(day).collect::<Result<BTreeSet<u64>, _>>();
    let (first, last) = (day(&read.from)?, day(&read.until)?);
    let (days_off, workdays) = (days(&read.days_off)?, days(&read.workdays)?);
    let mut all = days_off.iter().chain(&workdays);
    let is_within = all.all(|day| (first..=last).contains(day));
    if !is_within || days_off.intersection(&workdays).next().is_some() {
        let what = "a day is outside of its span, or a day off and a workday";
        return Err(BundleError::at(file, 0, what, Cure::Day));
    }
    Ok(Calendar { days_off, workdays, span: (first, last) })
}

fn read_networks(file: &str, text: &str) -> Result<Vec<Network>, BundleError> {
    let read: NetworksFile =
        toml::from_str(text).map_err(|error| BundleError::toml(file, text, &error))?;
    let mut names = BTreeSet::new();
    let mut networks = Vec::new();
    for one in read.network {
        let wrong = |what: String, at: &str| {
            BundleError::at(file, line_with(text, &format!("\"{at}\"")), what, Cure::Network)
        };
        if one.zh.is_empty() || one.en.is_empty() || !names.insert(one.name.clone()) {
            let what = format!("`{}` stands twice, or nobody is told what it is", one.name);
            return Err(wrong(what, &one.name));
        }
        let range = |written: &String| {
            range_of(written).ok_or_else(|| wrong(format!("`{written}` is no range"), written))
        };
        let ranges = one.ranges.iter().map(range).collect::<Result<_, _>>()?;
        networks.push(Network { name: one.name, ranges });
    }
    if networks.len() > NETWORKS_MAX {
        let what = format!("more than {NETWORKS_MAX} networks");
        return Err(BundleError::at(file, 0, what, Cure::Network));
    }
    Ok(networks)
}

/// An address and how many of its bits count; those behind them are zero.
fn range_of(written: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = written.split_once('/')?;
    let (address, bits): (IpAddr, u32) = (address.parse().ok()?, bits.parse().ok()?);
    let width = if address.is_ipv4() { 32 } else { 128 };
    let is_base = bits <= width && number(address) == prefix(number(address), width, bits);
    is_base.then_some((address, bits))
}

fn is_within(address: IpAddr, base: IpAddr, bits: u32) -> bool {
    let width = if base.is_ipv4() { 32 } else { 128 };
    address.is_ipv4() == base.is_ipv4() && prefix(number(address), width, bits) == number(base)
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The first bits of an address of a width, and zeros behind them.
fn prefix(address: u128, width: u32, bits: u32) -> u128 {
    let behind = width.saturating_sub(bits);
    address.checked_shr(behind).and_then(|kept| kept.checked_shl(behind)).unwrap_or(0)
}

/// A day, `YYYY-MM-DD`, since 1970-01-01: each year has as many days as it has.
pub(crate) fn day_of(written: &str) -> Option<u64> {
    let mut parts = written.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let (year, month, day): (u64, u64, u64) =
        (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let leaps = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let long = |month: u64| match month {
        2 => 28 + u64::from(leaps(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let is_day = (1970..=2200).contains(&year)
        && (1..=12).contains(&month)
        && (1..=long(month)).contains(&day);
    let of_years = || (1970..year).map(|year| 365 + u64::from(leaps(year))).sum::<u64>();
    is_day.then(|| of_years() + (1..month).map(long).sum::<u64>() + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALENDAR: &str = "from = \"2026-11-01\"\nuntil = \"2026-11-30\"\n\
                            days_off = [\"2026-11-24\"]\nworkdays = [\"2026-11-28\"]\n";

    /// Noon of a day in November 2026, in China.
    fn noon(day: u64) -> u64 {
        (day_of("2026-11-01").unwrap() + day - 1) * DAY_SECONDS + 12 * 3_600 - ZONE_SECONDS
    }

    #[test]
    fn a_day_is_what_the_calendar_says_and_outside_of_it_nothing() {
        let conditions = Conditions::read(Some(("c", CALENDAR)), None).unwrap();
        let day = |day| conditions.day(noon(day)).map(|is| (is.is_holiday, is.is_workday));
        assert_eq!(day(23), Some((false, true)), "a Monday");
        assert_eq!(day(24), Some((true, false)), "a day off");
        assert_eq!(day(28), Some((false, true)), "a Saturday on which people work");
        assert_eq!(day(29), Some((false, false)), "a Sunday");
        assert_eq!((day(31), Conditions::default().day(noon(23))), (None, None));
        // By China's clocks: an hour before midnight is still the day before.
        assert!(conditions.day(noon(24) + 11 * 3_600).unwrap().is_holiday);
        assert!(!conditions.day(noon(24) + 13 * 3_600).unwrap().is_holiday);
        for (from, to) in [("11-24\"]", "11-31\"]"), ("11-24\"]", "12-24\"]"), ("11-24", "11-28")] {
            let wrong = CALENDAR.replacen(from, to, 1);
            assert!(Conditions::read(Some(("c", &wrong)), None).is_err(), "{to}");
        }
    }

    #[test]
    fn days_are_counted_as_they_are() {
        let days = |text| day_of(text).unwrap();
        assert_eq!(
            (days("1970-01-01"), days("2000-03-01"), days("2026-11-23")),
            (0, 11_017, 20_780)
        );
        for none in ["2026-02-29", "2026-13-01", "2026-1-1", "1969-12-31", "2026-00-10", "x"] {
            assert_eq!(day_of(none), None, "{none}");
        }
        assert!(day_of("2028-02-29").is_some());
    }

    #[test]
    fn an_address_is_in_the_networks_that_hold_it() {
        let text = |ranges: &str| {
            format!(
                "[[network]]\nname = \"office\"\nzh = \"办公\"\nen = \"office\"\nranges = [{ranges}]\n"
            )
        };
        let read = |text: &str| Conditions::read(None, Some(("n", text)));
        let conditions = read(&text("\"10.1.0.0/16\", \"fd00::/8\", \"192.0.2.7/32\"")).unwrap();
        let names = |address: &str| {
            let mask = conditions.mask(Some(address.parse().unwrap()));
            conditions.named(mask).map(str::to_owned).collect::<Vec<_>>()
        };
        for within in ["10.1.2.3", "fd12::1", "192.0.2.7", "::ffff:10.1.2.3"] {
            assert_eq!(names(within), ["office"], "{within}");
        }
        for outside in ["10.2.0.1", "fe00::1", "192.0.2.8"] {
            assert!(names(outside).is_empty(), "{outside}");
        }
        for wrong in ["\"10.1.2.3/16\"", "\"10.0.0.0/33\"", "\"10.0.0.0\"", "\"x/8\""] {
            let error = read(&text(wrong)).unwrap_err();
            assert_eq!((error.line, error.cure), (5, Some(Cure::Network)), "{wrong}");
        }
        assert_eq!(read(&text("\"0.0.0.0/0\"")).unwrap().mask(Some([9, 9, 9, 9].into())), 1);
        let twice = format!("{}{}", text("\"10.0.0.0/8\""), text("\"11.0.0.0/8\""));
        assert!(read(&twice).is_err());
    }
}
