//! Which notices follow from time alone: certificates that end soon, and what waits for handlers
//! and officers today. Both are functions of authority and a time; made twice, they are the same.

use crate::notice::{Facts, Notice, NoticeKind, tail};
use authority::{Authority, PersonCertificate, PersonId, Serial};
use ca_host::ProvenTime;
use records::time::BEIJING_SECONDS;
use std::collections::BTreeMap;

/// Days before the end of a certificate on which its holder is told, the last first.
const EXPIRING_DAYS: [u32; 4] = [1, 7, 14, 30];
pub(crate) const DAY: u64 = 86_400;
/// Orders are counted up to here; more are told as so many.
const COUNT_MAX: u32 = 999;
/// What happened longer ago tells nobody: a role that was away for weeks writes no old mail.
pub(crate) const LATE_SECONDS: u64 = 7 * DAY;

/// Whether it is too late to tell of something that happened then, unix.
pub(crate) fn is_late(happened: u64, now: ProvenTime) -> bool {
    now.is_past(happened, LATE_SECONDS)
}

/// Certificates whose next day of telling came behind `since`, up to `now`.
pub(crate) fn expiring(authority: &Authority, since: u64, now: u64) -> Vec<Notice> {
    let people = authority.people().filter(|(_, person)| !person.left);
    let serials = people.flat_map(|(_, person)| person.serials.iter());
    let notice = |serial: &Serial| expires(authority, serial, (since, now));
    serials.filter_map(notice).collect()
}

fn expires(authority: &Authority, serial: &Serial, (since, now): (u64, u64)) -> Option<Notice> {
    let text = serial.to_string();
    let held = authority.held(&text)?;
    let (days, from) = reached(held, now)?;
    let is_new = from > since.max(now.saturating_sub(LATE_SECONDS));
    let is_over = held.sha256.is_none()
        || authority.is_ended(&text)
        || authority.renewed_by(serial).is_some();
    if is_over || !is_new {
        return None;
    }
    let facts = Facts {
        serial_tail: Some(tail(&text)),
        until: Some(records::time::seconds(held.not_after)),
        days: Some(days),
        ..Facts::default()
    };
    let about = format!("{text}/{days}");
    Some(Notice::at(from, NoticeKind::Expiring, (held.person.as_str(), &about), facts))
}

/// The last day of telling that is reached, and since when it is.
fn reached(held: &PersonCertificate, now: u64) -> Option<(u32, u64)> {
    let left = held.not_after.checked_sub(now)?;
    let days = EXPIRING_DAYS.into_iter().find(|days| left <= u64::from(*days) * DAY)?;
    Some((days, held.not_after.saturating_sub(u64::from(days) * DAY)))
}

/// The day in Beijing, once its hour has come.
pub(crate) fn digest_day(now: u64, hour: u8) -> Option<String> {
    let there = records::time::seconds(now + BEIJING_SECONDS);
    let has_come = there.get(11..13)?.parse::<u8>().is_ok_and(|at| at >= hour);
    there.get(..10).filter(|_| has_come).map(str::to_owned)
}

/// What waits for each handler and officer on a day; whoever has nothing to do is left alone.
pub(crate) fn digests(authority: &Authority, day: &str, now: u64) -> Vec<Notice> {
    let all = to_decide(authority, now);
    let digest = |person: &PersonId| {
        let to_decide = all.get(person).copied().filter(|_| authority.is_approver(person));
        let drafted = authority.is_handler(person).then(|| {
            let count = authority.open_drafts_of(person, now).count();
            u32::try_from(count).unwrap_or(COUNT_MAX).min(COUNT_MAX)
        });
        let (to_decide, drafted) = (to_decide.filter(|n| *n > 0), drafted.filter(|n| *n > 0));
        let facts = Facts { to_decide, drafted, ..Facts::default() };
        let has_work = to_decide.is_some() || drafted.is_some();
        has_work.then(|| Notice::at(now, NoticeKind::Digest, (person.as_str(), day), facts))
    };
    let people = authority.people().filter(|(id, person)| {
        let has_say = !person.roles.is_empty() || authority.delegations_to(id).next().is_some();
        !person.left && has_say
    });
    people.filter_map(|(id, _)| digest(id)).collect()
}

/// Open orders that somebody may decide and has not approved yet, for everybody. Of all officers
/// few are looked at for each order: those whose roles reach it, until they have as many as are
/// told. However many of both there are, that is far less than all of one for each of the other.
fn to_decide(authority: &Authority, now: u64) -> BTreeMap<PersonId, u32> {
    let officers = authority.officers();
    let mut counts = BTreeMap::new();
    for (digest, _) in authority.open_orders() {
        let Ok((order, body)) = authority.open(digest, now) else { continue };
        if authority.carries_itself(&body) {
            continue;
        }
        let given = authority.given(digest, now);
        for person in authority.reached_by(&officers, &body) {
            let count = counts.entry(person).or_insert(0);
            let waits = *count < COUNT_MAX
                && !given.contains_key(person.as_str())
                && authority.may_decide(&person, &order, &body, now).is_ok();
            *count += u32::from(waits);
        }
    }
    counts
}
