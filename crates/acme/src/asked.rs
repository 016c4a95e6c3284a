//! What clients send (RFC 8555 7, RFC 9773 5): members that nobody knows are passed by.

use crate::identifier::SentIdentifier;
use crate::problem::{AcmeProblem, ProblemKind};
use pki::mail::{Mailbox, MailboxError};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Most identifiers of an order.
pub const IDENTIFIERS_MAX: usize = 100;
/// Most contacts of an account.
const CONTACTS_MAX: usize = 8;

/// Asks for an account (7.3).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAccount {
    /// Addresses of people, optional.
    #[serde(default)]
    pub contact: Vec<String>,
    /// Whether one is only looked for (7.3.1).
    #[serde(default)]
    pub only_return_existing: bool,
}

/// Changes an account (7.3.2, 7.3.6).
#[derive(Clone, Debug, Deserialize)]
pub struct ChangedAccount {
    /// The new contacts, if there are some.
    #[serde(default)]
    pub contact: Option<Vec<String>>,
    /// `deactivated`; whatever else is passed by, as all that a client cannot change (7.3.2).
    #[serde(default)]
    status: serde_json::Value,
}

impl ChangedAccount {
    /// Whether it closes the account.
    pub fn closes(&self) -> bool {
        self.status == "deactivated"
    }
}

/// Asks for an order (7.4).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewOrder {
    /// What for.
    pub identifiers: Vec<SentIdentifier>,
    /// Not supported: a profile says how long a certificate lives.
    #[serde(default)]
    pub not_before: Option<String>,
    /// Not supported either.
    #[serde(default)]
    pub not_after: Option<String>,
    /// The certificate that it follows (RFC 9773 5).
    #[serde(default)]
    pub replaces: Option<String>,
    /// The profile.
    #[serde(default)]
    pub profile: Option<String>,
}

/// Asks for the certificate of an order (7.4).
#[derive(Clone, Debug, Deserialize)]
pub struct Finalization {
    /// PKCS#10 in DER, base64url.
    pub csr: String,
}

/// Changes an authorization (7.5.2).
#[derive(Clone, Debug, Deserialize)]
pub struct ChangedAuthorization {
    /// `deactivated`.
    pub status: String,
}

/// Asks for a revocation (7.6).
#[derive(Clone, Debug, Deserialize)]
pub struct AskedRevocation {
    /// The certificate in DER, base64url.
    pub certificate: String,
    /// CRLReason, whatever number.
    #[serde(default)]
    pub reason: Option<i64>,
}

/// What the new key signs to take the place of the old one (7.3.5).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyChange {
    /// The address of the account.
    pub account: String,
    /// The key that it has.
    pub old_key: serde_json::Value,
}

/// Reads a payload.
pub fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, AcmeProblem> {
    serde_json::from_slice(payload).map_err(|_| {
        let (zh, en) =
            ("载荷不是所要求的 JSON", "the payload is not the JSON that is asked for here");
        AcmeProblem::about(ProblemKind::Malformed, zh, en)
    })
}

/// A challenge is answered with an object, which says nothing (7.5.1).
pub fn read_empty(payload: &[u8]) -> Result<(), AcmeProblem> {
    read::<serde_json::Map<String, serde_json::Value>>(payload).map(|_| ())
}

/// Checks contacts: one mailbox each (7.3), by the one rule for mail.
pub fn check_contacts(contacts: &[String]) -> Result<(), AcmeProblem> {
    if contacts.len() > CONTACTS_MAX {
        let (zh, en) = ("联系方式至多 8 个", "an account has 8 of them at most");
        return Err(AcmeProblem::about(ProblemKind::InvalidContact, zh, en));
    }
    contacts.iter().try_for_each(|contact| {
        let Some(mailbox) = contact.strip_prefix("mailto:") else {
            return Err(ProblemKind::UnsupportedContact.into());
        };
        // In a URL these begin an escape, or fields of a mail (RFC 6068 2).
        let read = match mailbox.chars().find(|c| matches!(c, '?' | '%')) {
            Some(odd) => Err(MailboxError::Character(odd)),
            None => Mailbox::read(mailbox).map(drop),
        };
        read.map_err(|error| AcmeProblem::of(ProblemKind::InvalidContact, &error))
    })
}

impl NewOrder {
    /// What is wrong with the form of an order, before anybody looks at its names.
    pub fn check(&self) -> Result<(), AcmeProblem> {
        let malformed = |zh, en| Err(AcmeProblem::about(ProblemKind::Malformed, zh, en));
        if self.identifiers.is_empty() {
            return malformed("订单没有标识", "the order has no identifiers");
        }
        if self.identifiers.len() > IDENTIFIERS_MAX {
            return malformed("订单的标识至多 100 个", "an order has 100 identifiers at most");
        }
        if self.not_before.is_some() || self.not_after.is_some() {
            return malformed(
                "有效期由证书模板决定，不能指定",
                "the profile says how long a certificate is valid; nothing can be asked for",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn contacts(one: &str) -> Result<(), ProblemKind> {
        check_contacts(&[one.to_owned()]).map_err(|problem| problem.kind())
    }

    #[test]
    fn a_contact_is_one_mailbox() {
        assert_eq!(contacts("mailto:ops@site.test"), Ok(()));
        for bad in [
            "mailto:ops",
            "mailto:@site.test",
            "mailto:a@b.test,c@d.test",
            "mailto:a@b.test?subject=x",
            "mailto:a@b@c.test",
            "mailto:a b@c.test",
            "mailto:a%40b@c.test",
            "mailto:<a@b.test>",
            "mailto:a..b@c.test",
            "mailto:a@b_c.test",
            "mailto:a@10.0.0.1",
            "mailto:",
        ] {
            assert_eq!(contacts(bad), Err(ProblemKind::InvalidContact), "{bad}");
        }
        assert_eq!(contacts("mailto:li.dan+ops@Site.test"), Ok(()));
        let told = check_contacts(&["mailto:a@门户.cn".to_owned()]).unwrap_err();
        assert!(told.en().contains("xn--zoup46i.cn"));
        assert_eq!(contacts("tel:+86"), Err(ProblemKind::UnsupportedContact));
        assert!(check_contacts(&vec!["mailto:a@b.test".to_owned(); 9]).is_err());
    }

    #[test]
    fn an_account_changes_by_what_a_client_may_change() {
        let closes = |text: &str| read::<ChangedAccount>(text.as_bytes()).unwrap().closes();
        assert!(closes(r#"{"status":"deactivated"}"#));
        for passed_by in [
            "{}",
            r#"{"status":"valid","orders":"https://acme.test/x","unknown":1}"#,
            r#"{"status":"revoked","termsOfServiceAgreed":true}"#,
            r#"{"status":7}"#,
        ] {
            assert!(!closes(passed_by), "{passed_by}");
        }
    }

    #[test]
    fn an_order_has_identifiers_and_asks_for_no_time() {
        let order = |value: serde_json::Value| {
            read::<NewOrder>(value.to_string().as_bytes()).and_then(|order| order.check())
        };
        let one = json!({ "type": "dns", "value": "acme.test" });
        assert!(order(json!({ "identifiers": [one], "unknown": 1 })).is_ok());
        assert!(order(json!({ "identifiers": [] })).is_err());
        assert!(order(json!({ "identifiers": vec![one.clone(); IDENTIFIERS_MAX] })).is_ok());
        assert!(order(json!({ "identifiers": vec![one.clone(); IDENTIFIERS_MAX + 1] })).is_err());
        let contacts = vec!["mailto:ops@acme.test".to_owned(); CONTACTS_MAX + 1];
        assert!(check_contacts(&contacts[1..]).is_ok() && check_contacts(&contacts).is_err());
        assert!(order(json!({})).is_err());
        assert!(order(json!({ "identifiers": "acme.test" })).is_err());
        for name in ["notBefore", "notAfter"] {
            assert!(order(json!({ "identifiers": [one], name: "2027-01-01T00:00:00Z" })).is_err());
        }
    }

    #[test]
    fn a_challenge_is_answered_with_an_object() {
        assert!(read_empty(b"{}").is_ok());
        for bad in ["", "[]", "null", "\"\""] {
            assert!(read_empty(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
