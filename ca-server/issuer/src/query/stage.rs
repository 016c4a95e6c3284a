//! Where the matter of a letter stands, as the log has it.

use super::look_up::OpenedLetter;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::view::View;
use authority::{ApplicationOutcome, Ended, OrderDigest};
use ca_store::table::order;
use records::Disclosure;
use records::decline::Declining;
use records::enrolment::Stage;
use records::record::{Event, Record};
use store::Tx;

/// Where it stands.
pub(crate) async fn stage(
    issuer: &Issuer,
    view: &View,
    tx: &mut Tx,
    letter: &OpenedLetter,
    now: u64,
) -> Result<Stage, IssuerError> {
    let authority = view.authority();
    if let Some(serial) = authority.issued_under(&letter.reference) {
        return Ok(Stage::Issued { serial: serial.to_string() });
    }
    let until = records::time::seconds(letter.state.expires);
    let again = |returned| Stage::Letter { expires: until.clone(), returned };
    let Some((digest, outcome)) = authority.application_under(&letter.reference, now) else {
        return Ok(again(None));
    };
    Ok(match outcome {
        ApplicationOutcome::Ended(Ended::Returned) => again(Some(why(issuer, tx, digest).await?)),
        ApplicationOutcome::Ended(Ended::Rejected) => {
            Stage::Rejected { reason: why(issuer, tx, digest).await? }
        }
        ApplicationOutcome::Open => awaiting(view, digest, now).unwrap_or_else(|| again(None)),
        // Carried out: the certificate is on its way, unless its intent was given up.
        ApplicationOutcome::Ended(Ended::Consumed)
            if authority.intended_under(&letter.reference).is_some()
                || !letter.state.serials.is_empty() =>
        {
            let row = order::header(tx, &digest).await?;
            match row {
                Some((order, body, expires)) => {
                    let needed = authority.needed(&body);
                    Stage::Awaiting { order, approvals: needed, needed, expires }
                }
                None => again(None),
            }
        }
        _ => again(None),
    })
}

pub(super) fn awaiting(view: &View, digest: OrderDigest, now: u64) -> Option<Stage> {
    let authority = view.authority();
    let (order, body) = authority.open(digest, now).ok()?;
    let given = authority.given(digest, now).len();
    Some(Stage::Awaiting {
        order: order.order.clone(),
        approvals: u32::try_from(given).ok()?,
        needed: authority.needed(&body),
        expires: order.expires.clone(),
    })
}

/// Why an order was declined, as its officer signed it; empty once that was erased, or if rows say
/// what nobody signed.
pub(super) async fn why(
    issuer: &Issuer,
    tx: &mut Tx,
    digest: OrderDigest,
) -> Result<String, IssuerError> {
    let Some((record, salt, value)) = order::reason_of(tx, &digest).await? else {
        return Ok(String::new());
    };
    let reason = opened(digest, &record, salt, &value);
    if reason.is_none() {
        issuer.alarm(format!("reason of order {digest}")).await?;
    }
    Ok(reason.unwrap_or_default())
}

/// The reason that opens what the officer signed.
fn opened(digest: OrderDigest, record: &[u8], salt: Vec<u8>, value: &str) -> Option<String> {
    let Event::Declined { decline, .. } = Record::read(record).ok()?.event else { return None };
    let signed = decline.read().ok()?.order.digest() == Some(digest.0);
    let value = serde_json::from_str(value).ok()?;
    let reason = Disclosure::new("/reason", salt.try_into().ok()?, value);
    Declining { decline, reason }.reason().ok().filter(|_| signed).map(str::to_owned)
}
