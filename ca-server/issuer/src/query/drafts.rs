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

/// Orders of one page, and letters.
const PAGE: usize = 50;
/// Behind the last order of anybody.
const NO_ORDER: &str = "0.0000000000000000";

/// One page of them.
pub(crate) async fn drafts(
    issuer: &Issuer,
    certificate: &Certificate,
    after: &str,
) -> Result<Drafts, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let now = issuer.now();
    let handler = person_of(view.authority(), certificate, now)?;
    let (before, behind) = place(after)?;
    let mut rows = drafted_by(&mut tx, (&handler, before), PAGE as i64 + 1).await?;
    let more_orders = rows.len() > PAGE;
    rows.truncate(PAGE);
    let mut orders = Vec::with_capacity(rows.len());
    for row in rows {
        orders.push(order(issuer, &view, &mut tx, (row, now)).await?);
    }
    let (letters, more_letters) =
        letters(view.authority(), &mut tx, (&handler, behind, now)).await?;
    let last = orders.last().filter(|_| more_orders);
    let more = goes_on(last, (behind.saturating_add(letters.len()), more_letters));
    Ok(Drafts { orders, letters, more })
}

/// Where a page begins: before an order, and behind so many letters.
fn place(after: &str) -> Result<((i64, String), usize), Code> {
    let Some((order, letters)) = after.split_once('~') else { return Ok((cursor(after)?, 0)) };
    Ok((cursor(order)?, letters.parse().map_err(|_| Code::Malformed)?))
}

/// Where the next page begins: behind the last order of this one, if there are more, and so many
/// letters; nowhere, if neither is left.
fn goes_on(last: Option<&DraftLine>, (letters, more_letters): (usize, bool)) -> String {
    let order = match last {
        Some(line) => {
            format!("{}.{}", records::time::read(&line.made).unwrap_or(0), line.name)
        }
        None if more_letters => NO_ORDER.to_owned(),
        None => return String::new(),
    };
    format!("{order}~{letters}")
}

/// As many as a page has, behind those that were shown, and whether there are more.
fn page_of<T>(all: Vec<T>, behind: usize) -> (Vec<T>, bool) {
    let more = all.len() > behind.saturating_add(PAGE);
    (all.into_iter().skip(behind).take(PAGE).collect(), more)
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
    (handler, behind, now): (&str, usize, u64),
) -> Result<(Vec<DraftLine>, bool), IssuerError> {
    let mut own: Vec<_> = authority.letters_by(handler).collect();
    own.sort_by_key(|(_, letter)| std::cmp::Reverse(letter.expires));
    let (own, more) = page_of(own, behind);
    let people = own.iter().map(|(_, letter)| letter.person.to_string()).collect();
    let names = names(tx, authority, people).await?;
    let line = |(reference, letter): (&Reference, &LetterState)| {
        let about = OrderSubject::person(&*letter.person, names.get(&*letter.person).cloned());
        letter_line(authority, (reference, letter), (about, now))
    };
    Ok((own.into_iter().map(line).collect(), more))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// However many letters somebody had made, and however many orders there are beside them, page
    /// after page has all of them: whoever lost one of hundreds has it taken back.
    #[test]
    fn every_letter_is_on_some_page() {
        let line = |made: u64| DraftLine {
            name: "5GPJWBSG64S36D1N".into(),
            kind: "person".into(),
            action: "create".into(),
            about: OrderSubject::Unknown,
            made: records::time::seconds(made),
            state: "open".into(),
            approvals: (0, 2),
            reason: String::new(),
            digest: Bytes::default(),
        };
        let all: Vec<usize> = (0..2 * PAGE + 20).collect();
        for pages_of_orders in 0..5_u64 {
            let (mut after, mut seen, mut pages) = (String::new(), Vec::new(), 0);
            loop {
                let ((made, _), behind) = place(&after).unwrap();
                assert_eq!(made == 0, pages > pages_of_orders, "no order is read twice");
                let (letters, more) = page_of(all.clone(), behind);
                let last = (pages < pages_of_orders).then(|| line(1_795_507_200 - pages));
                let shown = behind + letters.len();
                seen.extend(letters);
                after = goes_on(last.as_ref(), (shown, more));
                pages += 1;
                if after.is_empty() {
                    break;
                }
            }
            assert_eq!(seen, all, "{pages_of_orders}");
            assert_eq!(pages, 3_u64.max(pages_of_orders + 1));
        }
        for broken in ["~", "1", "1.5GPJWBSG64S36D1N~x", "x~1", "1.5GPJWBSG64S36D1N~-1"] {
            assert_eq!(place(broken), Err(Code::Malformed), "{broken}");
        }
        assert_eq!(place("1.5GPJWBSG64S36D1N"), Ok(((1, "5GPJWBSG64S36D1N".into()), 0)));
    }
}
