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

/// Days before the end of a certificate on which it is told, the last first. Clients come a month
/// before it.
const LAPSING_DAYS: [u32; 3] = [1, 7, 14];

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
    let mut last: BTreeMap<(&str, &Sha256Value), (u64, Serial)> = BTreeMap::new();
    for (serial, own) in authority.system_certificates() {
        let counts = own.is_issued && own.ends > now && !authority.is_ended(&serial.to_string());
        if counts {
            let kept = last.entry((&*own.system, &own.names_sha256)).or_insert((own.ends, *serial));
            *kept = (*kept).max((own.ends, *serial));
        }
    }
    let notices = last.into_iter().flat_map(|((system, _), (ends, serial))| {
        let reached = reached(ends, (since, now));
        reached.map(|(days, from)| {
            let serial = serial.to_string();
            let facts = Facts { days: Some(days), ..of_serial(&serial, ends) };
            let about = format!("{serial}/{days}");
            told(authority, (from, NoticeKind::SystemLapsing), (system, &about), &facts)
        })
    });
    notices.flatten().collect()
}

/// The last day of telling that is reached, and since when it is, if that is news.
fn reached(ends: u64, (since, now): (u64, u64)) -> Option<(u32, u64)> {
    let left = ends.checked_sub(now)?;
    let days = LAPSING_DAYS.into_iter().find(|days| left <= u64::from(*days) * DAY)?;
    let from = ends.saturating_sub(u64::from(days) * DAY);
    (from > since.max(now.saturating_sub(LATE_SECONDS))).then_some((days, from))
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
        for days in [14, 7, 1] {
            let at = ends - u64::from(days) * DAY;
            assert_eq!(reached(ends, (at - 600, at - 1)), None, "{days}: not before");
            assert_eq!(reached(ends, (at - 1, at)), Some((days, at)));
            assert_eq!(reached(ends, (at, at + 600)), None, "{days}: not again");
        }
        assert_eq!(reached(ends, (0, ends - DAY / 2)), Some((1, ends - DAY)), "the nearest only");
        assert_eq!(reached(ends, (0, ends + 1)), None, "it is over");
        assert_eq!(reached(ends, (0, ends - 30 * DAY)), None, "clients come then");
    }
}
