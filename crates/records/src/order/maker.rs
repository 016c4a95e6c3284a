//! Which CA made an order, and of which city.

use super::Order;
use data_encoding::HEXLOWER;

/// So much of a founding digest tells a city, and its lineage, from all others.
const MARK_BYTES: usize = 16;

/// How an order names the CA that made it: the id of the issuing CA, a hyphen, and the first 16
/// bytes of the founding digest in lower-case hexadecimal. Whoever approves an order signs its
/// bytes, so that what was approved of one city is no order of another, whoever signs the same
/// bytes there.
pub fn maker(issuer: &str, founding: &[u8]) -> String {
    format!("{issuer}-{}", mark(founding))
}

fn mark(founding: &[u8]) -> String {
    HEXLOWER.encode(founding.get(..MARK_BYTES).unwrap_or(founding))
}

impl Order {
    /// Whether it says that a CA of this city made it.
    pub fn is_of(&self, founding: &[u8]) -> bool {
        self.issuer.rsplit_once('-').is_some_and(|(_, said)| said == mark(founding))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Basis;

    #[test]
    fn an_order_names_the_city_that_made_it() {
        let order = |issuer: String| Order {
            v: 1,
            kind: "unit".into(),
            issuer,
            order: "5GPJWBSG64S36D1N".into(),
            version: 1,
            nonce: [0; 16].into(),
            expires: "2026-12-01T08:00:00Z".into(),
            drafter: "operator:0".into(),
            basis: Basis::default(),
            draft: None,
            place: None,
            body: serde_json::Value::Null,
        };
        let own = order(maker("issuing-1", &[7; 32]));
        assert_eq!(own.issuer, "issuing-1-07070707070707070707070707070707");
        assert!(own.is_of(&[7; 32]) && !own.is_of(&[8; 32]));
        for none in ["issuing-1", "", "issuing-1-", "0707070707070707"] {
            assert!(!order(none.into()).is_of(&[7; 32]), "{none}");
        }
    }
}
