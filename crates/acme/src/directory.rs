//! Where everything is (RFC 8555 7.1.1).

use serde_json::{Value, json};

/// Addresses of a server's resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcmeUrls {
    base: String,
}

impl AcmeUrls {
    /// Below this scheme and host, without a path.
    pub fn new(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned() }
    }

    /// The address of a path.
    pub fn of(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The directory.
    pub fn directory(&self) -> String {
        self.of("/acme/directory")
    }

    /// An account.
    pub fn account(&self, id: &str) -> String {
        self.of(&format!("/acme/account/{id}"))
    }

    /// The id in the address of an account.
    pub fn account_of<'a>(&self, url: &'a str) -> Option<&'a str> {
        let id = url.strip_prefix(self.base.as_str())?.strip_prefix("/acme/account/")?;
        (!id.is_empty() && !id.contains('/')).then_some(id)
    }

    /// The orders of an account.
    pub fn orders(&self, account: &str) -> String {
        self.of(&format!("/acme/account/{account}/orders"))
    }

    /// An order.
    pub fn order(&self, id: &str) -> String {
        self.of(&format!("/acme/order/{id}"))
    }

    /// Where an order is finalized.
    pub fn finalize(&self, id: &str) -> String {
        self.of(&format!("/acme/order/{id}/finalize"))
    }

    /// An authorization.
    pub fn authorization(&self, id: &str) -> String {
        self.of(&format!("/acme/authorization/{id}"))
    }

    /// A challenge of an authorization, by its type.
    pub fn challenge(&self, authorization: &str, kind: &str) -> String {
        self.of(&format!("/acme/challenge/{authorization}/{kind}"))
    }

    /// The certificate of an order.
    pub fn certificate(&self, order: &str) -> String {
        self.of(&format!("/acme/certificate/{order}"))
    }

    /// Where certificates are revoked.
    pub fn revocation(&self) -> String {
        self.of("/acme/revoke-certificate")
    }

    /// The directory's document. `profiles` are those that there are, each with its sentence.
    pub fn to_json(&self, profiles: &[(&str, &str)], caa: &[String]) -> Value {
        let described: serde_json::Map<String, Value> =
            profiles.iter().map(|(id, text)| ((*id).to_owned(), json!(text))).collect();
        json!({
            "newNonce": self.of("/acme/new-nonce"),
            "newAccount": self.of("/acme/new-account"),
            "newOrder": self.of("/acme/new-order"),
            "revokeCert": self.revocation(),
            "keyChange": self.of("/acme/key-change"),
            "renewalInfo": self.of("/acme/renewal-info"),
            "meta": {
                "externalAccountRequired": true,
                "caaIdentities": caa,
                "profiles": described,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_named_by_an_address_of_this_server() {
        let urls = AcmeUrls::new("https://acme.test:8443/");
        let url = urls.account("abc");
        assert_eq!(urls.account_of(&url), Some("abc"));
        for foreign in [
            "https://acme.test/acme/account/abc",
            "http://acme.test:8443/acme/account/abc",
            "https://acme.test:8443/acme/account/",
            "https://acme.test:8443/acme/account/abc/orders",
            "https://acme.test:8443/acme/order/abc",
            "abc",
        ] {
            assert_eq!(urls.account_of(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn the_directory_says_that_accounts_are_bound() {
        let urls = AcmeUrls::new("https://acme.test");
        let told = urls.to_json(&[("server", "TLS servers")], &["ca.test".into()]);
        assert_eq!(told["meta"]["externalAccountRequired"], true);
        assert_eq!(told["meta"]["profiles"]["server"], "TLS servers");
        assert_eq!(told["newNonce"], "https://acme.test/acme/new-nonce");
    }
}
