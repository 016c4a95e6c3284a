//! Which hosts lie within the names and addresses that a list permits: one rule for the order of a
//! system, for the CA that issues under it, and for whoever asks its clients for proof.

use super::Host;

/// Whether a host is within these names and addresses. A name is itself alone, `*.` and a name
/// everything below that name, and not the name; addresses are written as RFC 5952 writes them.
pub fn covers(names: &[String], wildcards: bool, addresses: &[String], host: &Host) -> bool {
    let name = match host {
        Host::Address(address) => return addresses.contains(&address.to_string()),
        Host::Name(name) => name,
    };
    let (name, is_wildcard) = match name.strip_prefix("*.") {
        Some(under) => (under, true),
        None => (name.as_str(), false),
    };
    if is_wildcard && !wildcards {
        return false;
    }
    names.iter().any(|entry| match entry.strip_prefix("*.") {
        // What a wildcard stands for is below its name, and so below the entry's.
        Some(base) => name.strip_suffix(base).is_some_and(|rest| match rest {
            "" => is_wildcard,
            rest => rest.ends_with('.'),
        }),
        None => !is_wildcard && entry == name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(names: &[&str], wildcards: bool, host: &str) -> bool {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let host = Host::read_for(host, true).unwrap();
        covers(&names, wildcards, &["127.0.0.1".to_owned(), "2001:db8::1".to_owned()], &host)
    }

    #[test]
    fn a_name_is_itself_and_a_wildcard_is_what_lies_below() {
        assert!(covered(&["acme.test"], true, "acme.test"));
        for other in ["a.acme.test", "*.acme.test", "xacme.test", "acme.test.cn", "test.cn"] {
            assert!(!covered(&["acme.test"], true, other), "{other}");
        }
        for below in ["a.acme.test", "b.a.acme.test", "*.acme.test", "*.a.acme.test"] {
            assert!(covered(&["*.acme.test"], true, below), "{below}");
        }
        for other in ["acme.test", "xacme.test", "*.xacme.test", "a.acme.test.cn", "*.test.cn"] {
            assert!(!covered(&["*.acme.test"], true, other), "{other}");
        }
    }

    #[test]
    fn wildcards_and_addresses_only_where_the_order_says_so() {
        assert!(covered(&["*.acme.test"], false, "a.acme.test"));
        assert!(!covered(&["*.acme.test"], false, "*.acme.test"));
        assert!(!covered(&["*.acme.test"], false, "*.a.acme.test"));
        assert!(covered(&[], false, "127.0.0.1") && covered(&[], false, "2001:db8::1"));
        assert!(!covered(&["*.acme.test"], true, "127.0.0.2"));
    }
}
