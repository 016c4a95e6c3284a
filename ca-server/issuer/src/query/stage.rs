//! Where the matter of a letter stands, as the log has it.

use super::look_up::OpenedLetter;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::view::View;
use authority::{ApplicationOutcome, OrderDigest, OrderEnd};
use ca_store::table::order;
use records::Disclosure;
use records::decline::DeclineSubmission;
use records::enrolment::Stage;
use records::order::Body;
use records::record::{Event, Record};
use store::Tx;

/// Says where an application under a letter stands.
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
        ApplicationOutcome::Ended(OrderEnd::Returned) => {
            again(Some(why(issuer, tx, digest).await?))
        }
        ApplicationOutcome::Ended(OrderEnd::Rejected) => {
            Stage::Rejected { reason: why(issuer, tx, digest).await? }
        }
        ApplicationOutcome::Open => awaiting(view, digest, now).unwrap_or_else(|| again(None)),
        // Carried out: the certificate is on its way, unless its intent was given up.
        ApplicationOutcome::Ended(OrderEnd::Consumed)
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
    if let Some((declined, reason)) = opened(&record, salt, &value)
        && (declined == digest || stands_in(tx, digest, declined).await?)
    {
        return Ok(reason);
    }
    issuer.alarm(format!("reason of order {digest}")).await?;
    Ok(String::new())
}

/// What an officer declined, and the reason that opens what they signed.
fn opened(record: &[u8], salt: Vec<u8>, value: &str) -> Option<(OrderDigest, String)> {
    let Event::Declined { decline, .. } = Record::read(record).ok()?.event else { return None };
    let declined = OrderDigest(decline.read().ok()?.order.digest()?);
    let value = serde_json::from_str(value).ok()?;
    let reason = Disclosure::new("/reason", salt.try_into().ok()?, value);
    let declining = DeclineSubmission { decline, reason };
    Some((declined, declining.reason().ok()?.to_owned()))
}

/// Whether an order stands in a batch, whose digest covers that.
async fn stands_in(tx: &mut Tx, row: OrderDigest, batch: OrderDigest) -> Result<bool, IssuerError> {
    let orders = order::read_of(tx, vec![batch]).await?;
    Ok(match orders.get(&batch) {
        Some((_, Body::Batch(body))) => body.rows.iter().any(|one| one.digest() == Some(row.0)),
        _ => false,
    })
}
