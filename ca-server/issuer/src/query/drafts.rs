//! A handler's own drafts and what became of each: orders from rows, newest first, as authority
//! says where they stand; letters from authority alone.

use super::stage::why;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::person_of;
use crate::view::View;
use authority::{Authority, LetterState, OrderDigest, Reference};
use ca_api::handler::{DraftLine, Drafts};
use ca_store::names::names;
use ca_store::table::order::{DraftedRow, drafted_by};
use ca_store::table::unsigned;
use pki::Certificate;
use records::letter::LETTER_SECONDS;
use records::order::{OrderSubject, about_body};
use records::{Bytes, Code, Order};
use store::Tx;

/// Orders of one page, and letters that are shown.
const PAGE: usize = 50;

/// One page of them.
pub(crate) async fn drafts(
    issuer: &Issuer,
    certificate: &Certificate,
    after: &str,
) -> Result<Drafts, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let now = issuer.now();
    let handler = person_of(view.authority(), certificate, now)?;
    let rows = drafted_by(&mut tx, (&handler, cursor(after)?), PAGE as i64 + 1).await?;
    let mut answer = Drafts { orders: Vec::new(), letters: Vec::new(), more: String::new() };
    for row in rows {
        if answer.orders.len() == PAGE {
            let last = answer.orders.last();
            let at = last.and_then(|line| records::time::read(&line.made)).unwrap_or(0);
            answer.more = last.map(|line| format!("{at}.{}", line.name)).unwrap_or_default();
            break;
        }
        answer.orders.push(order(issuer, &view, &mut tx, (row, now)).await?);
    }
    if after.is_empty() {
        answer.letters = letters(view.authority(), &mut tx, (&handler, now)).await?;
    }
    Ok(answer)
}

pub(super) async fn order(
    issuer: &Issuer,
    view: &View,
    tx: &mut Tx,
    (row, now): (DraftedRow, u64),
) -> Result<DraftLine, IssuerError> {
    let authority = view.authority();
    let read = Order::read(&row.bytes).ok().filter(|_| OrderDigest::of(&row.bytes) == row.digest);
    let read = read.ok_or(Code::UnsignedAuthority)?;
    let body = read.body().map_err(|_| Code::UnsignedAuthority)?;
    let (state, approvals) = match authority.open(row.digest, now) {
        Ok(_) => {
            let given = u32::try_from(authority.given(row.digest, now).len());
            ("open", (given.unwrap_or(u32::MAX), authority.needed(&body)))
        }
        Err(code) => (ended(code, &row.state), (0, 0)),
    };
    let reason = match state {
        "returned" | "rejected" => why(issuer, tx, row.digest).await?,
        _ => String::new(),
    };
    Ok(DraftLine {
        name: read.order.clone(),
        kind: read.kind.clone(),
        action: body.action().to_owned(),
        about: about_body((&read, &body), &row.disclosures),
        made: records::time::seconds(unsigned(row.made)?),
        state: state.to_owned(),
        approvals,
        reason,
        digest: row.digest.into(),
    })
}

/// What became of an order: authority says it for as long as it remembers, the row after that.
pub(super) fn ended(code: Code, row: &str) -> &'static str {
    let states = ["done", "returned", "rejected", "withdrawn", "cancelled"];
    match code {
        Code::OrderExpired => "expired",
        Code::OrderConsumed => "done",
        Code::OrderReturned => "returned",
        Code::OrderRejected => "rejected",
        Code::OrderWithdrawn => "withdrawn",
        Code::OrderCancelled => "cancelled",
        _ => states.into_iter().find(|state| *state == row).unwrap_or("expired"),
    }
}

async fn letters(
    authority: &Authority,
    tx: &mut Tx,
    (handler, now): (&str, u64),
) -> Result<Vec<DraftLine>, IssuerError> {
    let mut own: Vec<_> = authority.letters_by(handler).collect();
    own.sort_by_key(|(_, letter)| std::cmp::Reverse(letter.expires));
    own.truncate(PAGE);
    let people = own.iter().map(|(_, letter)| letter.person.to_string()).collect();
    let names = names(tx, authority, people).await?;
    let line = |(reference, letter): (&Reference, &LetterState)| {
        let about = OrderSubject::person(&*letter.person, names.get(&*letter.person).cloned());
        letter_line(authority, (reference, letter), (about, now))
    };
    Ok(own.into_iter().map(line).collect())
}

/// A letter in a list, with the name of whom it is for.
pub(super) fn letter_line(
    authority: &Authority,
    (reference, letter): (&Reference, &LetterState),
    (about, now): (OrderSubject, u64),
) -> DraftLine {
    DraftLine {
        name: reference.to_string(),
        kind: "letter".into(),
        action: String::new(),
        about,
        made: records::time::seconds(letter.expires.saturating_sub(LETTER_SECONDS)),
        state: letter_state(authority, (reference, letter), now).into(),
        approvals: (0, 0),
        reason: String::new(),
        digest: Bytes::default(),
    }
}

/// What became of a letter.
pub(super) fn letter_state(
    authority: &Authority,
    (reference, letter): (&str, &LetterState),
    now: u64,
) -> &'static str {
    match () {
        () if authority.is_lost(reference) => "lost",
        () if authority.is_voided(reference) => "voided",
        () if !letter.serials.is_empty() => "used",
        () if authority.is_rejected(reference) => "rejected",
        () if now > letter.expires => "expired",
        () => "open",
    }
}

/// Where a page begins: before a time and the order id of then.
pub(super) fn cursor(after: &str) -> Result<(i64, String), Code> {
    if after.is_empty() {
        return Ok((i64::MAX, String::new()));
    }
    let (made, order) = after.split_once('.').ok_or(Code::Malformed)?;
    let order = records::letter::read_reference(order).ok_or(Code::Malformed)?;
    Ok((made.parse().map_err(|_| Code::Malformed)?, order))
}
