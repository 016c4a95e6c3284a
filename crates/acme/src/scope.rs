//! What a system may have certificates for. The CA judges it again from the order itself, by the
//! same function; here a client hears it before it proves anything.

use crate::identifier::AcmeIdentifier;
use pki::host::covers;

/// Names and addresses of a standing authorization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameScope {
    /// A-labels: `acme.test` is that name alone, `*.acme.test` any number of labels below it.
    pub names: Vec<String>,
    /// Whether a certificate may have a wildcard, below a name that begins with one here.
    pub wildcards: bool,
    /// Addresses as RFC 5952 writes them.
    pub addresses: Vec<String>,
}

impl NameScope {
    /// Whether a certificate may name this.
    pub fn permits(&self, identifier: &AcmeIdentifier) -> bool {
        identifier
            .to_host()
            .is_some_and(|host| covers(&self.names, self.wildcards, &self.addresses, &host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(wildcards: bool) -> NameScope {
        let names = ["site.test", "*.acme.test"].map(str::to_owned).to_vec();
        NameScope { names, wildcards, addresses: vec!["127.0.0.1".into(), "2001:db8::1".into()] }
    }

    fn named(text: &str) -> AcmeIdentifier {
        AcmeIdentifier::name(text).unwrap()
    }

    #[test]
    fn a_name_is_itself_or_below_a_wildcard() {
        let scope = scope(false);
        for name in ["site.test", "www.acme.test", "a.b.acme.test"] {
            assert!(scope.permits(&named(name)), "{name}");
        }
        for name in [
            "www.site.test",
            "acme.test",
            "xacme.test",
            "test",
            "other.test",
            "acme.test.evil.test",
            "*.acme.test",
        ] {
            assert!(!scope.permits(&named(name)), "{name}");
        }
    }

    #[test]
    fn wildcards_are_a_permission_of_their_own() {
        let with = scope(true);
        for name in ["*.acme.test", "*.a.acme.test"] {
            assert!(with.permits(&named(name)), "{name}");
            assert!(!scope(false).permits(&named(name)), "{name}");
        }
        for name in ["*.site.test", "*.xacme.test", "*.other.test"] {
            assert!(!with.permits(&named(name)), "{name}");
        }
    }

    #[test]
    fn an_address_is_one_of_those_that_are_named() {
        let scope = scope(true);
        for (address, permitted) in
            [("127.0.0.1", true), ("2001:db8::1", true), ("127.0.0.2", false), ("::1", false)]
        {
            let identifier = AcmeIdentifier::address(address.parse().unwrap());
            assert_eq!(scope.permits(&identifier), permitted, "{address}");
        }
    }
}
