//! What exists in the name of whoever shows a certificate: as authority has it, and what they were
//! told as the log has it. Rows only name the notices; what waits to be sent was not told.

use super::drafts::letter_state;
use super::place::place;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use authority::{Authority, LetterState, Reference, Serial, SystemState};
use ca_store::proven_log::ProvenLog;
use ca_store::table::notice;
use pki::Certificate;
use records::Code;
use records::mine::{OwnCertificate, OwnLetter, OwnNotice, OwnOrder, OwnSystem, PersonHoldings};
use records::record::Event;
use std::cmp::Reverse;
use store::Tx;

/// Lines of each list.
const LINES: usize = 50;
/// Notices that are looked for, and records of one: there is one for each channel.
const NOTICES: i64 = 20;
const OUTCOMES: usize = 8;

/// Asks for everything that is in the name of whoever shows this certificate.
pub(crate) async fn mine(
    issuer: &Issuer,
    certificate: &Certificate,
) -> Result<PersonHoldings, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let (authority, now) = (view.authority(), issuer.now());
    let person = authority.holder(certificate, now)?;
    let notices = notices(issuer, &mut tx, &person).await?;
    let state = authority.person(&person).ok_or(Code::PersonUnknown)?;
    let unit = |id: &String| {
        let name = authority.unit(id).map(|unit| unit.name.clone());
        name.unwrap_or_else(|| id.clone())
    };
    let roles = state.roles.iter().map(|(role, scope)| (role.name().to_owned(), unit(scope)));
    let certificates = state.serials.iter().filter_map(|one| own_certificate(authority, one, now));
    let mut certificates: Vec<OwnCertificate> = certificates.collect();
    certificates.sort_by(|a, b| b.not_after.cmp(&a.not_after));
    certificates.truncate(LINES);
    let mut letters: Vec<_> = authority.letters_of(&person).collect();
    letters.sort_by_key(|(_, letter)| Reverse(letter.expires));
    letters.truncate(LINES);
    let letters = letters.into_iter().map(|one| own_letter(authority, one, now)).collect();
    let orders = orders(authority, &person, now);
    let place = format!("{} ({})", place(authority, &state.unit), state.unit);
    let (systems, roles) = (systems(authority, &person, now), roles.collect());
    Ok(PersonHoldings { certificates, letters, orders, roles, systems, notices, place, person })
}

/// Systems of which somebody is in charge, those that may be used first.
fn systems(authority: &Authority, person: &str, now: u64) -> Vec<OwnSystem> {
    let own = authority.systems().filter(|(_, system)| system.leader == person);
    let line = |(id, system): (&str, &SystemState)| OwnSystem {
        system: id.to_owned(),
        name: system.name.clone(),
        state: super::system::state(authority, (id, system), now).into(),
        until: records::time::seconds(system.until),
        accounts: authority.account_count(id),
        certificates: authority.living_count(id, now),
    };
    let mut lines: Vec<OwnSystem> = own.map(line).collect();
    lines.sort_by_key(|one| one.state != "in-force");
    lines.truncate(LINES);
    lines
}

fn own_certificate(authority: &Authority, serial: &Serial, now: u64) -> Option<OwnCertificate> {
    let text = serial.to_string();
    let held = authority.held(&text).filter(|held| held.sha256.is_some())?;
    let revoked = authority.revoked_as(&text).map(|one| (one.reason.clone(), one.at));
    let suspended = authority.suspended_as(&text).map(|one| (one.reason.clone(), one.revoked.at));
    let (state, why) = match (suspended, revoked) {
        (Some(why), _) => ("suspended", Some(why)),
        (None, Some(why)) => ("revoked", Some(why)),
        _ if now > held.not_after => ("expired", None),
        _ if authority.renewed_by(serial).is_some() => ("renewed", None),
        _ => ("valid", None),
    };
    let (reason, since) = why.unwrap_or_default();
    Some(OwnCertificate {
        profile: authority.profile_called(&held.profile),
        not_after: records::time::seconds(held.not_after),
        state: state.into(),
        since: if since == 0 { String::new() } else { records::time::seconds(since) },
        reason,
        serial: text,
    })
}

fn own_letter(
    authority: &Authority,
    (reference, letter): (&Reference, &LetterState),
    now: u64,
) -> OwnLetter {
    OwnLetter {
        reference: reference.to_string(),
        profile: authority.profile_called(&letter.profile),
        expires: records::time::seconds(letter.expires),
        state: letter_state(authority, (reference, letter), now).into(),
    }
}

/// Orders that the tree holds open and that are about this person.
fn orders(authority: &Authority, person: &str, now: u64) -> Vec<OwnOrder> {
    let own = authority.open_orders().filter(|(_, open)| open.body.person() == Some(person));
    let line = |(digest, _)| {
        let (order, body) = authority.open(digest, now).ok()?;
        let given = u32::try_from(authority.given(digest, now).len()).unwrap_or(u32::MAX);
        Some(OwnOrder {
            order: order.order.clone(),
            kind: order.kind.clone(),
            action: body.action().to_owned(),
            expires: order.expires.clone(),
            approvals: (given, authority.needed(&body)),
        })
    };
    own.filter_map(line).take(LINES).collect()
}

/// What the log says became of notices to a person, the newest first.
async fn notices(
    issuer: &Issuer,
    tx: &mut Tx,
    person: &str,
) -> Result<Vec<OwnNotice>, IssuerError> {
    let mut log = ProvenLog::open(tx, &issuer.context.trust, "access").await?;
    let mut notices = Vec::new();
    for id in notice::ids_to(tx, person, NOTICES).await? {
        let name: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let term = format!("notice:{name}");
        for index in log.places(tx, &term, OUTCOMES).await? {
            let Some(record) = log.record(tx, index, &term).await? else { continue };
            let time = records::time::seconds(record.unix());
            notices.extend(own_notice(record.event, person, time));
        }
    }
    notices.sort_by(|a, b| b.time.cmp(&a.time));
    Ok(notices)
}

fn own_notice(event: Event, person: &str, time: String) -> Option<OwnNotice> {
    let Event::Notified { about: kind, person: whom, channel, outcome, .. } = event else {
        return None;
    };
    let state = if outcome == "done" { "sent" } else { "failed" };
    (whom == person).then(|| OwnNotice { time, kind, channel, state: state.to_owned() })
}
