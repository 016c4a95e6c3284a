//! Finds certificates for officers: people first, only those whose certificates they could have revoked; how
//! many fit elsewhere is told, not whose.

use super::{Message, may_call, officer};
use crate::session::Session;
use crate::{Issuer, IssuerError, opened};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::staff::{CERTIFICATE, FIND};
use ca_api::{AsOfficer, CertificateFacts, CertificateLine, Certificates, Named, Sought};
use mtls::Connection;
use pki::SerialNumber;
use records::order::{Body, RevokeBody};
use records::{Bytes, Code};
use service::problem::Refused;
use std::sync::Arc;
use store::{Tx, row, rows};

/// Certificates after which a page ends, people who are looked at at once for it, and most that are.
const PAGE: usize = 50;
const CHUNK: i64 = 100;
const LOOKED_MAX: usize = 5_000;
/// Longest text that is looked for.
const TEXT_CHARS_MAX: usize = 80;

pub(crate) async fn find(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<AsOfficer<Sought>>,
) -> Result<Json<Certificates>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("find", error)))?;
    let result = issuer.found(&mut session, &connection, &message).await;
    issuer.finish(session, "find", "", result).await.map(Json).map_err(Refused)
}

pub(crate) async fn certificate(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<AsOfficer<Named>>,
) -> Result<Json<CertificateFacts>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("certificate", error)))?;
    let result = issuer.shown(&mut session, &connection, &message).await;
    issuer.finish(session, "certificate", "", result).await.map(Json).map_err(Refused)
}

/// Name, person and unit, with the serial number, profile and last second of one certificate, or without any.
type Row = (String, String, String, Option<String>, Option<String>, Option<i64>);

impl Issuer {
    async fn found(
        &self,
        session: &mut Session<'_>,
        connection: &Connection,
        message: &AsOfficer<Sought>,
    ) -> Result<Certificates, IssuerError> {
        may_call(session, connection, FIND)?;
        let person = approver(session, &message.certificate.0)?;
        let text = message.message.text.trim();
        let long = text.chars().count() > TEXT_CHARS_MAX;
        if text.is_empty() || long || text.chars().any(char::is_control) {
            return Err(Code::Malformed.into());
        }
        let mut answer = Certificates { lines: Vec::new(), elsewhere: 0, more: String::new() };
        let by = by(session, text)?;
        let mut behind = behind(&mut session.tx, &message.message.after).await?;
        let mut looked = 0;
        while looked < LOOKED_MAX {
            let people = matching(&mut session.tx, (&by, text), &behind).await?;
            if people.is_empty() {
                return Ok(answer);
            }
            for one in people.chunk_by(|a, b| a.1 == b.1) {
                if answer.lines.len() >= PAGE {
                    answer.more = behind.1;
                    return Ok(answer);
                }
                list(session, (&person, one), &mut answer)?;
                behind = one.first().map(|row| (row.0.clone(), row.1.clone())).unwrap_or_default();
                looked += 1;
            }
        }
        answer.more = behind.1;
        Ok(answer)
    }

    async fn shown(
        &self,
        session: &mut Session<'_>,
        connection: &Connection,
        message: &AsOfficer<Named>,
    ) -> Result<CertificateFacts, IssuerError> {
        may_call(session, connection, CERTIFICATE)?;
        let person = approver(session, &message.certificate.0)?;
        let serial = &message.message.serial;
        SerialNumber::from_hex(serial).ok_or(Code::NotFound)?;
        let found = row!(
            &mut session.tx,
            Row,
            "select p.name, p.person_id, p.unit_id, c.serial, c.profile_id, c.not_after \
             from certificate c join person p on p.person_id = c.subject where c.serial = $1",
            serial
        )?;
        let row = found.ok_or(Code::NotFound)?;
        if !is_within(session, &person, &row.1)? {
            return Err(Code::ApproverScope.into());
        }
        let line = line(session, row)?;
        let found = row!(
            &mut session.tx,
            (Vec<u8>, Vec<u8>),
            "select certificate, under from certificate where serial = $1",
            serial
        )?;
        let (certificate, under) = found.ok_or(Code::NotFound)?;
        let approvers = rows!(
            &mut session.tx,
            (String, String),
            "select p.name, p.person_id from consumed_approval a \
             join person p on p.person_id = a.person_id where a.order_digest = $1 \
             order by p.person_id",
            under
        )?;
        let agents = match line.revoked {
            Some(_) => self.in_force(session, serial).await?,
            None => Vec::new(),
        };
        let opened = opened::lately(&mut session.tx, serial).await?;
        Ok(CertificateFacts { line, certificate: Bytes(certificate), approvers, agents, opened })
    }
}

/// Lists somebody's certificates, or counts them only.
fn list(
    session: &Session<'_>,
    (officer, one): (&str, &[Row]),
    answer: &mut Certificates,
) -> Result<(), Code> {
    for row in one.iter().filter(|row| row.3.is_some()) {
        match is_within(session, officer, &row.1)? {
            true => answer.lines.push(line(session, row.clone())?),
            false => answer.elsewhere += 1,
        }
    }
    Ok(())
}

/// What a text asks for: it is looked up in one way, by one index.
enum By {
    Serial,
    Person,
    Unit,
    Name,
}

fn by(session: &Session<'_>, text: &str) -> Result<By, Code> {
    let (upper, lower) = (text.to_ascii_uppercase(), text.to_ascii_lowercase());
    Ok(match text {
        _ if records::letter::read_reference(text).as_ref() == Some(&upper) => By::Person,
        _ if text.len() > 16 && SerialNumber::from_hex(&lower).is_some() => By::Serial,
        _ if session.authority()?.unit(text).is_some() => By::Unit,
        _ => By::Name,
    })
}

/// Where a page begins: behind the person of this name and id.
type Behind = (String, String);

/// The person whom the page before looked at last.
async fn behind(tx: &mut Tx, person: &str) -> Result<Behind, IssuerError> {
    if person.is_empty() {
        return Ok(Behind::default());
    }
    let found =
        row!(tx, Behind, "select name, person_id from person where person_id = $1", person)?;
    Ok(found.ok_or(Code::Malformed)?)
}

/// The next people in the order of names whom a text fits, with their certificates. They are picked first and by
/// one index, so that no plan reads more than is listed.
async fn matching(
    tx: &mut Tx,
    (by, text): (&By, &str),
    behind: &Behind,
) -> Result<Vec<Row>, IssuerError> {
    let (name, person) = behind;
    Ok(match by {
        By::Serial => rows!(
            tx,
            Row,
            "select p.name, p.person_id, p.unit_id, c.serial, c.profile_id, c.not_after \
             from certificate c join person p on p.person_id = c.subject \
             where c.serial = $1 and (p.name, p.person_id) > ($2, $3)",
            text.to_ascii_lowercase(),
            name,
            person
        )?,
        By::Person => rows!(
            tx,
            Row,
            "select p.name, p.person_id, p.unit_id, c.serial, c.profile_id, c.not_after \
             from person p left join certificate c on c.subject = p.person_id \
             where p.person_id = $1 and (p.name, p.person_id) > ($2, $3) order by c.serial",
            text.to_ascii_uppercase(),
            name,
            person
        )?,
        By::Unit => rows!(
            tx,
            Row,
            "select p.name, p.person_id, p.unit_id, c.serial, c.profile_id, c.not_after \
             from (select person_id, name, unit_id from person \
                   where unit_id = $1 and (name, person_id) > ($2, $3) \
                   order by name, person_id limit $4) p \
             left join certificate c on c.subject = p.person_id \
             order by p.name, p.person_id, c.serial",
            text,
            name,
            person,
            CHUNK
        )?,
        // Every text that begins so stands behind the beginning itself, and before the beginning with the last
        // of all characters.
        By::Name => rows!(
            tx,
            Row,
            "select p.name, p.person_id, p.unit_id, c.serial, c.profile_id, c.not_after \
             from (select person_id, name, unit_id from person \
                   where (name, person_id) > ($2, $3) and name < $1 \
                   order by name, person_id limit $4) p \
             left join certificate c on c.subject = p.person_id \
             order by p.name, p.person_id, c.serial",
            format!("{text}{}", char::MAX),
            text.max(name),
            person,
            CHUNK
        )?,
    })
}

/// The officer, if they approve anything.
pub(super) fn approver(session: &Session<'_>, certificate: &[u8]) -> Result<String, Code> {
    let person = officer(session, certificate)?;
    match session.authority()?.is_approver(&person) {
        true => Ok(person),
        false => Err(Code::NotYourRoute),
    }
}

/// Whether a person's certificates are this officer's business: they could approve their revocation, or it is
/// themselves.
pub(super) fn is_within(session: &Session<'_>, officer: &str, person: &str) -> Result<bool, Code> {
    let revoke = RevokeBody {
        person: person.to_owned(),
        serials: Vec::new(),
        reason: String::new(),
        evidence: Bytes::default(),
    };
    let may = session.authority()?.may_approve(officer, &Body::Revoke(revoke));
    Ok(may.is_ok() || officer == person)
}

fn line(session: &Session<'_>, row: Row) -> Result<CertificateLine, Code> {
    let (name, person, unit, serial, profile, not_after) = row;
    let (serial, profile) = (serial.unwrap_or_default(), profile.unwrap_or_default());
    let revoked = session.authority()?.revoked_as(&serial);
    let revoked =
        revoked.map(|revoked| (records::time::seconds(revoked.at), revoked.reason.clone()));
    let not_after = records::time::seconds(u64::try_from(not_after.unwrap_or(0)).unwrap_or(0));
    Ok(CertificateLine { serial, person, name, unit, profile, not_after, revoked })
}
