//! Which CA made an order, and of which city.

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

/// Whether what an order says of its maker is said of a city with this founding digest.
pub(super) fn is_of(maker: &str, founding: &[u8]) -> bool {
    maker.rsplit_once('-').is_some_and(|(_, said)| said == mark(founding))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_names_the_city_that_made_it() {
        let own = maker("issuing-1", &[7; 32]);
        assert_eq!(own, "issuing-1-07070707070707070707070707070707");
        assert!(is_of(&own, &[7; 32]) && !is_of(&own, &[8; 32]));
        for none in ["issuing-1", "", "issuing-1-", "0707070707070707"] {
            assert!(!is_of(none, &[7; 32]), "{none}");
        }
    }
}
