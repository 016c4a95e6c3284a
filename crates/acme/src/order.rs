//! Orders (RFC 8555 7.1.3, 7.1.6): their state follows from what happened and from the time.

use crate::authorization::AuthorizationStatus;
use crate::directory::AcmeUrls;
use crate::identifier::AcmeIdentifier;
use serde::Serialize;
use serde_json::{Value, json};

/// The state of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AcmeOrderStatus {
    /// Something is not authorized yet.
    Pending,
    /// It can be finalized.
    Ready,
    /// The CA has its request.
    Processing,
    /// There is a certificate.
    Valid,
    /// It is over without one.
    Invalid,
}

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderCourse {
    /// Last second, unix, at which it may be finalized.
    pub expires: u64,
    /// Whether a request was taken.
    pub is_finalizing: bool,
    /// Whether there is a certificate.
    pub has_certificate: bool,
    /// Whether it ended without one.
    pub has_failed: bool,
}

impl OrderCourse {
    /// The state at a time, unix seconds. What was taken before an order is over goes on behind it.
    pub fn status(&self, authorizations: &[AuthorizationStatus], now: u64) -> AcmeOrderStatus {
        let all = |status| authorizations.iter().all(|one| *one == status);
        let waits = |one: &AuthorizationStatus| {
            matches!(one, AuthorizationStatus::Pending | AuthorizationStatus::Valid)
        };
        if self.has_failed {
            AcmeOrderStatus::Invalid
        } else if self.has_certificate {
            AcmeOrderStatus::Valid
        } else if self.is_finalizing {
            AcmeOrderStatus::Processing
        } else if now > self.expires || !authorizations.iter().all(waits) {
            AcmeOrderStatus::Invalid
        } else if !authorizations.is_empty() && all(AuthorizationStatus::Valid) {
            AcmeOrderStatus::Ready
        } else {
            AcmeOrderStatus::Pending
        }
    }
}

/// An order as a client reads it.
#[derive(Clone, Debug)]
pub struct OrderView<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its state.
    pub status: AcmeOrderStatus,
    /// When it is over, RFC 3339.
    pub expires: &'a str,
    /// What it is for.
    pub identifiers: &'a [AcmeIdentifier],
    /// Ids of its authorizations.
    pub authorizations: &'a [String],
    /// Its profile.
    pub profile: &'a str,
    /// The certificate that it follows.
    pub replaces: Option<&'a str>,
    /// Why it ended, a problem document.
    pub error: Option<&'a Value>,
}

impl OrderView<'_> {
    /// The resource.
    pub fn to_json(&self, urls: &AcmeUrls) -> Value {
        let authorizations: Vec<String> =
            self.authorizations.iter().map(|id| urls.authorization(id)).collect();
        let mut told = json!({
            "status": self.status,
            "expires": self.expires,
            "identifiers": self.identifiers,
            "authorizations": authorizations,
            "finalize": urls.finalize(self.id),
            "profile": self.profile,
        });
        if let Some(members) = told.as_object_mut() {
            if let Some(replaces) = self.replaces {
                members.insert("replaces".into(), json!(replaces));
            }
            if let Some(error) = self.error {
                members.insert("error".into(), error.clone());
            }
            if self.status == AcmeOrderStatus::Valid {
                members.insert("certificate".into(), json!(urls.certificate(self.id)));
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AuthorizationStatus::{Deactivated, Expired, Invalid, Pending, Valid};

    const OPEN: OrderCourse = OrderCourse {
        expires: 100,
        is_finalizing: false,
        has_certificate: false,
        has_failed: false,
    };

    #[test]
    fn an_order_is_ready_when_everything_is_authorized() {
        assert_eq!(OPEN.status(&[Valid, Pending], 50), AcmeOrderStatus::Pending);
        assert_eq!(OPEN.status(&[Valid, Valid], 50), AcmeOrderStatus::Ready);
        assert_eq!(OPEN.status(&[], 50), AcmeOrderStatus::Pending);
        for ended in [Invalid, Expired, Deactivated] {
            assert_eq!(OPEN.status(&[Valid, ended], 50), AcmeOrderStatus::Invalid);
        }
    }

    #[test]
    fn an_order_is_over_behind_its_time_unless_its_request_was_taken() {
        assert_eq!(OPEN.status(&[Valid], 100), AcmeOrderStatus::Ready);
        assert_eq!(OPEN.status(&[Valid], 101), AcmeOrderStatus::Invalid);
        let taken = OrderCourse { is_finalizing: true, ..OPEN };
        assert_eq!(taken.status(&[Expired], 101), AcmeOrderStatus::Processing);
        let done = OrderCourse { has_certificate: true, ..taken };
        assert_eq!(done.status(&[Expired], 101), AcmeOrderStatus::Valid);
        let failed = OrderCourse { has_failed: true, ..taken };
        assert_eq!(failed.status(&[Valid], 50), AcmeOrderStatus::Invalid);
    }

    #[test]
    fn only_a_valid_order_names_a_certificate() {
        let urls = AcmeUrls::new("https://acme.test:1");
        let identifiers = [AcmeIdentifier::name("acme.test").unwrap()];
        let authorizations = ["a1".to_owned()];
        let view = |status| OrderView {
            id: "o1",
            status,
            expires: "2026-12-02T00:00:00Z",
            identifiers: &identifiers,
            authorizations: &authorizations,
            profile: "server",
            replaces: None,
            error: None,
        };
        let told = view(AcmeOrderStatus::Valid).to_json(&urls);
        assert_eq!(told["certificate"], "https://acme.test:1/acme/certificate/o1");
        assert_eq!(told["finalize"], "https://acme.test:1/acme/order/o1/finalize");
        assert_eq!(told["authorizations"][0], "https://acme.test:1/acme/authorization/a1");
        assert_eq!(told["identifiers"][0]["type"], "dns");
        assert!(view(AcmeOrderStatus::Ready).to_json(&urls).get("certificate").is_none());
    }
}
