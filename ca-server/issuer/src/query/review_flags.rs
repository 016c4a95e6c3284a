//! What of an order needs a look, before anybody consents to it.

use authority::{Authority, OpenOrder, OrderDigest};
use records::export::ReviewFlag;
use records::order::{BatchBody, Body, Order};
use std::collections::HashMap;

/// What authority says first: that the order can only be declined, or that nobody signed the wish
/// for it. Then what a row remembers of when it was made, by which nothing is decided.
pub(crate) fn look(
    authority: &Authority,
    (order, body): (&Order, &Body),
    row: &str,
) -> Option<ReviewFlag> {
    if authority.still_rests(order, body).is_err() {
        return Some(ReviewFlag::Moved);
    }
    if order.is_unsigned_wish() {
        return Some(ReviewFlag::Unsigned);
    }
    ReviewFlag::from_name(row)
        .filter(|look| matches!(look, ReviewFlag::Differs | ReviewFlag::SameName))
}

/// The same of an order of a batch, as long as it is open.
pub(crate) fn look_of(
    authority: &Authority,
    digest: OrderDigest,
    row: &str,
    now: u64,
) -> Option<ReviewFlag> {
    let (order, body) = authority.open(digest, now).ok()?;
    look(authority, (&order, &body), row)
}

/// The gravest look of the open orders of a batch, by what their rows say.
pub(crate) fn gravest(
    authority: &Authority,
    batch: &BatchBody,
    rows: &HashMap<OrderDigest, String>,
) -> Option<ReviewFlag> {
    let one = |(digest, open): (OrderDigest, &OpenOrder)| {
        let row = rows.get(&digest).map_or("", String::as_str);
        look(authority, (&open.read, &open.body), row)
    };
    authority.open_rows(batch, 0).filter_map(one).max()
}
