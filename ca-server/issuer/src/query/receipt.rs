//! What became of each order of a batch, for whoever drafted it and for those who may approve its
//! orders: each sees what concerns them, and nothing of it decides.

use super::certificate::approvers_of;
use super::drafts::ended;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::person_of;
use authority::{Authority, OrderDigest, Serial};
use ca_api::handler::{BatchReceipt, ReceiptLine};
use ca_store::table::order::{self, SignedRow};
use pki::Certificate;
use records::order::{Body, PersonAction, about_body};
use records::{Code, Disclosure, Order, SignedOrder};
use sha2::{Digest, Sha256};

/// Asks what became of each order of a batch.
pub(crate) async fn receipt(
    issuer: &Issuer,
    certificate: &Certificate,
    wanted: &str,
) -> Result<BatchReceipt, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let (authority, now) = (view.authority(), issuer.now());
    let person = person_of(authority, certificate, now)?;
    if !authority.is_approver(&person) && !authority.is_handler(&person) {
        return Err(Code::NotYourRoute.into());
    }
    let id = records::letter::read_reference(wanted).ok_or(Code::OrderUnknown)?;
    let digest = order::digest_of(&mut tx, &id).await?.ok_or(Code::OrderUnknown)?;
    let mut found = order::signed(&mut tx, vec![digest]).await?;
    let row = found.remove(&digest);
    let ours = row.filter(|row| row.signed.is_signed_by(authority.registry_key()));
    let SignedRow { signed, state, .. } = ours.ok_or(Code::OrderUnknown)?;
    let batch = Order::read(&signed.order.0).map_err(|_| Code::OrderUnknown)?;
    let Ok(Body::Batch(body)) = batch.body() else { return Err(Code::OrderUnknown.into()) };
    let own = batch.drafter == format!("person:{person}");
    let digests: Vec<OrderDigest> =
        body.rows.iter().filter_map(|row| row.digest().map(OrderDigest)).collect();
    let found = order::signed(&mut tx, digests.clone()).await?;
    let (mut lines, mut first) = (Vec::with_capacity(digests.len()), None);
    for row in digests {
        let SignedRow { signed, state, .. } = found.get(&row).ok_or(Code::OrderUnknown)?;
        let Some((order, read)) = read(signed) else { continue };
        if own || authority.may_approve(&person, &read, now).is_ok() {
            let line = line(authority, (row, &order, &read), (&signed.disclosures, state), now);
            if line.state == "done" {
                first.get_or_insert(row);
            }
            lines.push(line);
        }
    }
    if lines.is_empty() {
        return Err(Code::ApproverScope.into());
    }
    // Whose approvals carried the batch: of the first order of it that was carried out.
    let approvers = match first {
        Some(row) => approvers_of(issuer, &mut tx, (authority, row)).await?,
        None => Vec::new(),
    };
    let approvals = u32::try_from(authority.given(digest, now).len()).unwrap_or(u32::MAX);
    let became = authority.open(digest, now).map_or_else(|code| ended(code, &state), |_| "open");
    let needed = authority.needed(&Body::Batch(body.clone()));
    Ok(BatchReceipt {
        order: batch.order,
        digest: digest.0.into(),
        of: body.of,
        action: body.action,
        state: became.to_owned(),
        approvals: (approvals, if became == "open" { needed } else { 0 }),
        own,
        approvers,
        lines,
    })
}

/// What an order issued, or revoked.
fn serials(authority: &Authority, body: &Body) -> Vec<String> {
    match body {
        Body::Revoke(revoke) => revoke.serials.clone(),
        Body::Issue(issue) => {
            let key = Sha256::digest(&issue.key.0);
            let of_key = |serial: &String| {
                authority.held(serial).is_some_and(|held| {
                    held.key_sha256.as_slice() == key.as_slice() && held.sha256.is_some()
                })
            };
            let all = authority.serials_of(&issue.person).into_iter();
            all.map(|serial| serial.to_string()).filter(of_key).collect()
        }
        _ => Vec::new(),
    }
}

fn read(signed: &SignedOrder) -> Option<(Order, Body)> {
    let order = Order::read(&signed.order.0).ok()?;
    let body = order.body().ok()?;
    Some((order, body))
}

fn line(
    authority: &Authority,
    (digest, order, body): (OrderDigest, &Order, &Body),
    (opened, row): (&[Disclosure], &str),
    now: u64,
) -> ReceiptLine {
    let (state, code) = match authority.open(digest, now) {
        // Why it could not be carried out, where that is known already.
        Ok(_) => {
            let fits = authority.fits(body);
            ("open", fits.and_then(|()| authority.still_rests(order, body)).err())
        }
        Err(code) => (ended(code, row), None),
    };
    let person = body.person().unwrap_or_default().to_owned();
    ReceiptLine {
        order: order.order.clone(),
        about: about_body((order, body), opened),
        state: state.to_owned(),
        problem: code,
        letter: state == "done" && authority.has_open_letter(&person, now),
        wants_letter: state == "done" && registers(body) && wants_letter(authority, &person, now),
        serials: if state == "done" { serials(authority, body) } else { Vec::new() },
        person,
    }
}

fn registers(body: &Body) -> bool {
    matches!(body, Body::Person(person) if person.action == PersonAction::Create)
}

/// Whether somebody who is registered needs a letter: many are made for whoever does, and one that
/// is refused would keep those of the others back.
pub(crate) fn wants_letter(authority: &Authority, person: &str, now: u64) -> bool {
    let counts = |serial: &Serial| authority.may_count(serial, now);
    authority.person(person).is_some()
        && !authority.has_left(person)
        && !authority.serials_of(person).iter().any(counts)
        && !authority.has_open_letter(person, now)
}
