//! Authorizations and their challenges (RFC 8555 7.1.4, 7.1.6, 8).

use crate::challenge::{ChallengeKind, ChallengeStatus};
use crate::directory::AcmeUrls;
use crate::identifier::AcmeIdentifier;
use serde::Serialize;
use serde_json::{Value, json};

/// The state of an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthorizationStatus {
    /// No challenge was answered yet.
    Pending,
    /// One was, or none has to be.
    Valid,
    /// One was answered wrongly, or none in time.
    Invalid,
    /// The client gave it up.
    Deactivated,
    /// It was valid, for so long.
    Expired,
}

/// What happened to an authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCourse {
    /// Last second, unix, at which it counts.
    pub expires: u64,
    /// Whether the client gave it up.
    pub is_deactivated: bool,
    /// Whether the standing authorization says that no challenge has to be answered.
    pub is_preauthorized: bool,
    /// Its challenges.
    pub challenges: Vec<ChallengeStatus>,
}

impl AuthorizationCourse {
    /// The state at a time, unix seconds.
    pub fn status(&self, now: u64) -> AuthorizationStatus {
        let any = |status| self.challenges.contains(&status);
        let is_late = now > self.expires;
        if self.is_deactivated {
            AuthorizationStatus::Deactivated
        } else if self.is_preauthorized || any(ChallengeStatus::Valid) {
            if is_late { AuthorizationStatus::Expired } else { AuthorizationStatus::Valid }
        } else if is_late || any(ChallengeStatus::Invalid) {
            AuthorizationStatus::Invalid
        } else {
            AuthorizationStatus::Pending
        }
    }
}

/// A challenge as a client reads it.
#[derive(Clone, Debug)]
pub struct ChallengeView<'a> {
    /// Its type.
    pub kind: ChallengeKind,
    /// Its state.
    pub status: ChallengeStatus,
    /// The token of its authorization.
    pub token: &'a str,
    /// When it was found answered, RFC 3339.
    pub validated: Option<&'a str>,
    /// Why it was not, a problem document.
    pub error: Option<&'a Value>,
}

impl ChallengeView<'_> {
    /// The resource.
    pub fn to_json(&self, authorization: &str, urls: &AcmeUrls) -> Value {
        let mut told = json!({
            "type": self.kind.name(),
            "url": urls.challenge(authorization, self.kind.name()),
            "status": self.status,
            "token": self.token,
        });
        if let Some(members) = told.as_object_mut() {
            if let Some(validated) = self.validated {
                members.insert("validated".into(), json!(validated));
            }
            if let Some(error) = self.error {
                members.insert("error".into(), error.clone());
            }
        }
        told
    }
}

/// An authorization as a client reads it.
#[derive(Clone, Debug)]
pub struct AuthorizationView<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its state.
    pub status: AuthorizationStatus,
    /// When it is over, RFC 3339.
    pub expires: &'a str,
    /// What was asked for, with its wildcard.
    pub identifier: &'a AcmeIdentifier,
    /// Its challenges; of one that ended, only what ended it.
    pub challenges: &'a [ChallengeView<'a>],
}

impl AuthorizationView<'_> {
    /// The resource.
    pub fn to_json(&self, urls: &AcmeUrls) -> Value {
        let decides = |one: &&ChallengeView<'_>| match self.status {
            AuthorizationStatus::Valid => one.status == ChallengeStatus::Valid,
            AuthorizationStatus::Invalid => one.status == ChallengeStatus::Invalid,
            _ => true,
        };
        let challenges: Vec<Value> =
            self.challenges.iter().filter(decides).map(|c| c.to_json(self.id, urls)).collect();
        let mut told = json!({
            "status": self.status,
            "expires": self.expires,
            "identifier": self.identifier.base(),
            "challenges": challenges,
        });
        if let (Some(members), true) = (told.as_object_mut(), self.identifier.is_wildcard()) {
            members.insert("wildcard".into(), json!(true));
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(challenges: &[ChallengeStatus]) -> AuthorizationCourse {
        AuthorizationCourse {
            expires: 100,
            is_deactivated: false,
            is_preauthorized: false,
            challenges: challenges.to_vec(),
        }
    }

    #[test]
    fn one_challenge_that_is_answered_is_enough_and_one_that_fails_ends_it() {
        use ChallengeStatus::{Invalid, Pending, Processing, Valid};
        assert_eq!(course(&[Pending, Pending]).status(1), AuthorizationStatus::Pending);
        assert_eq!(course(&[Pending, Processing]).status(1), AuthorizationStatus::Pending);
        assert_eq!(course(&[Pending, Valid]).status(1), AuthorizationStatus::Valid);
        assert_eq!(course(&[Pending, Invalid]).status(1), AuthorizationStatus::Invalid);
        assert_eq!(course(&[Pending]).status(101), AuthorizationStatus::Invalid);
        assert_eq!(course(&[Valid]).status(101), AuthorizationStatus::Expired);
        let given_up = AuthorizationCourse { is_deactivated: true, ..course(&[Valid]) };
        assert_eq!(given_up.status(1), AuthorizationStatus::Deactivated);
        let inner = AuthorizationCourse { is_preauthorized: true, ..course(&[]) };
        assert_eq!(inner.status(100), AuthorizationStatus::Valid);
        assert_eq!(inner.status(101), AuthorizationStatus::Expired);
    }

    #[test]
    fn a_wildcard_is_told_beside_its_name() {
        let identifier = AcmeIdentifier::name("*.acme.test").unwrap();
        let challenge = ChallengeView {
            kind: ChallengeKind::Dns01,
            status: ChallengeStatus::Pending,
            token: "t",
            validated: None,
            error: None,
        };
        let view = AuthorizationView {
            id: "a1",
            status: AuthorizationStatus::Pending,
            expires: "2026-12-02T00:00:00Z",
            identifier: &identifier,
            challenges: &[challenge],
        };
        let told = view.to_json(&AcmeUrls::new("https://acme.test"));
        assert_eq!(told["identifier"]["value"], "acme.test");
        assert_eq!(told["wildcard"], true);
        assert_eq!(told["challenges"][0]["url"], "https://acme.test/acme/challenge/a1/dns-01");
    }
}
