//! What of an order needs a look, before anybody consents to it.

use authority::Authority;
use records::export::Look;
use records::order::{Body, Order};

/// What authority says first: that the order can only be declined, or that nobody signed the wish
/// for it. Then what a row remembers of when it was made, by which nothing is decided.
pub(crate) fn look(
    authority: &Authority,
    (order, body): (&Order, &Body),
    row: &str,
) -> Option<Look> {
    if authority.still_rests(order, body).is_err() {
        return Some(Look::Moved);
    }
    if order.is_unsigned_wish() {
        return Some(Look::Unsigned);
    }
    Look::from_name(row).filter(|look| matches!(look, Look::Differs | Look::SameName))
}
