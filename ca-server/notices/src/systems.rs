//! What is told of systems, to who is in charge of one and to its technical contact: each new
//! account, the first certificate of an account, and a certificate that nothing replaces while its
//! end comes near, since its client stopped coming. Functions of authority alone; made twice, they
//! are the same.

use crate::due::{DAY, LATE_SECONDS};
use crate::notice::{Facts, Notice, NoticeKind, tail};
use authority::{Authority, Serial, Sha256Value};
use records::machine::AccountStatement;
use records::record::Record;
use std::collections::BTreeMap;

/// Days before the end of a certificate on which it is told, the last first, each with the part of
/// its life that is left then at most: a client has until five sixths of it to come (RFC 9773, as
/// `acme::renewal` suggests), and nobody is told of one that is not late. Of 84 days and more the
/// days alone count.
const LAPSING: [(u32, u64); 3] = [(1, 24), (7, 12), (14, 6)];

/// A key signs for a system from now on.
pub(crate) fn account(record: &Record, statement: &[u8], authority: &Authority) -> Vec<Notice> {
    let Ok(said) = records::json::read::<AccountStatement>(statement) else { return Vec::new() };
    let at = (record.unix(), NoticeKind::SystemAccount);
    told(authority, at, (&said.system, &said.account), &Facts::default())
}

/// An account got something for the first time.
pub(crate) fn first_certificate(
    record: &Record,
    serial: &str,
    authority: &Authority,
) -> Vec<Notice> {
    let Some(own) = authority.system_certificate(serial) else { return Vec::new() };
    let first = own.account.and_then(|id| authority.account(&id)).and_then(|account| account.first);
    if first.is_none() || first != Serial::read(serial) {
        return Vec::new();
    }
    let facts = of_serial(serial, own.ends);
    told(authority, (record.unix(), NoticeKind::SystemIssued), (&own.system, serial), &facts)
}

/// Certificates whose next day of telling came behind `since`, up to `now`, and that are the last
/// of their system's for just these names.
pub(crate) fn lapsing(authority: &Authority, since: u64, now: u64) -> Vec<Notice> {
    let mut last: BTreeMap<(&str, &Sha256Value), (u64, Serial, u64)> = BTreeMap::new();
    for (serial, own) in authority.system_certificates() {
        let counts = own.is_issued && own.ends > now && !authority.is_ended(&serial.to_string());
        if counts {
            let one = (own.ends, *serial, own.asked);
            let kept = last.entry((&*own.system, &own.names_sha256)).or_insert(one);
            *kept = (*kept).max(one);
        }
    }
    let notices = last.into_iter().flat_map(|((system, _), (ends, serial, asked))| {
        let reached = reached((asked, ends), (since, now));
        reached.map(|(stage, from)| {
            let serial = serial.to_string();
            let days = u32::try_from((ends - from).div_ceil(DAY)).unwrap_or(stage);
            let facts = Facts { days: Some(days), ..of_serial(&serial, ends) };
            let about = format!("{serial}/{stage}");
            told(authority, (from, NoticeKind::SystemLapsing), (system, &about), &facts)
        })
    });
    notices.flatten().collect()
}

/// The last day of telling that is reached of a life (unix), and since when it is, if that is news.
fn reached((asked, ends): (u64, u64), (since, now): (u64, u64)) -> Option<(u32, u64)> {
    let left = ends.checked_sub(now)?;
    let life = ends.saturating_sub(asked);
    let before = |(days, part): (u32, u64)| (u64::from(days) * DAY).min(life / part);
    let stage = LAPSING.into_iter().find(|stage| left <= before(*stage))?;
    let from = ends.saturating_sub(before(stage));
    (from > since.max(now.saturating_sub(LATE_SECONDS))).then_some((stage.0, from))
}

fn of_serial(serial: &str, ends: u64) -> Facts {
    let until = Some(records::time::seconds(ends));
    Facts { serial_tail: Some(tail(serial)), until, ..Facts::default() }
}

/// The same to both, each under a name of its own.
fn told(
    authority: &Authority,
    (unix, kind): (u64, NoticeKind),
    (system, about): (&str, &str),
    facts: &Facts,
) -> Vec<Notice> {
    let Some(state) = authority.system(system) else { return Vec::new() };
    let facts = Facts { system: Some(system.to_owned()), ..facts.clone() };
    let leader = Notice::at(unix, kind, (&state.leader, about), facts.clone());
    let facts = Facts { contact: true, ..facts };
    let contact = format!("{about}/contact");
    vec![leader, Notice::at(unix, kind, (&state.leader, &contact), facts)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_technical_contact_has_no_telephone() {
        let told = |contact| {
            let facts = Facts { system: Some("site".into()), contact, ..Facts::default() };
            Notice::at(5, NoticeKind::SystemAccount, ("A", "x"), facts)
        };
        for channel in ["mail", "spool", "webhook"] {
            assert!(told(false).goes_by(channel), "{channel}");
            assert_eq!(told(true).goes_by(channel), channel != "webhook");
        }
    }

    #[test]
    fn a_lapse_is_told_on_its_days_and_once() {
        let ends = 100 * DAY;
        let life = (10 * DAY, ends);
        for days in [14, 7, 1] {
            let at = ends - u64::from(days) * DAY;
            assert_eq!(reached(life, (at - 600, at - 1)), None, "{days}: not before");
            assert_eq!(reached(life, (at - 1, at)), Some((days, at)));
            assert_eq!(reached(life, (at, at + 600)), None, "{days}: not again");
        }
        assert_eq!(reached(life, (0, ends - DAY / 2)), Some((1, ends - DAY)), "the nearest only");
        assert_eq!(reached(life, (0, ends + 1)), None, "it is over");
        assert_eq!(reached(life, (0, ends - 30 * DAY)), None, "clients come then");
    }

    /// A client that comes when it is suggested to is late for nobody, however short the life; one
    /// that does not is told of three times before the end.
    #[test]
    fn nobody_is_told_of_a_client_that_is_not_late() {
        for life in [DAY, 7 * DAY, 30 * DAY, 45 * DAY, 90 * DAY, 397 * DAY] {
            let (asked, ends) = (1_000 * DAY, 1_000 * DAY + life);
            let window_ends = asked + life / 6 * 5;
            assert_eq!(reached((asked, ends), (0, window_ends - 1)), None, "{life}");
            let mut told = Vec::new();
            let mut since = window_ends - 1;
            while since < ends {
                told.extend(reached((asked, ends), (since, since + 60)));
                since += 60;
            }
            let stages: Vec<u32> = told.iter().map(|(stage, _)| *stage).collect();
            assert_eq!(stages, [14, 7, 1], "{life}");
        }
    }
}
