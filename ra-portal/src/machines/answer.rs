//! Answers of ACME: resources and problems, each with the headers that clients need.

use crate::machines::told::ToldRefusal;
use acme::{AcmeProblem, ProblemKind};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ca_api::Refusal;
use jose::{JoseError, SignatureAlg};
use records::Code;
use serde_json::Value;
use store::StoreError;

/// When a client had better come again after it was turned away, in seconds.
const LATER_SECONDS: u64 = 5;
/// The same where something has to end first, as a certificate that counts.
const MUCH_LATER_SECONDS: u64 = 3_600;
/// A week begins on Monday at 0 o'clock UTC; the epoch was a Thursday.
const WEEK_SECONDS: u64 = 7 * 86_400;
const MONDAY_SECONDS: u64 = 3 * 86_400;

/// A refusal on its way out.
#[derive(Debug)]
pub(crate) struct AcmeRefused(pub(crate) AcmeProblem);

/// What a route gives.
pub(crate) type Answer<T> = Result<T, AcmeRefused>;

impl AcmeRefused {
    /// What the CA said at a time, unix seconds: who used up a week comes again in the next one.
    pub(crate) fn said_at(refusal: Refusal, now: u64) -> Self {
        let later = later(refusal.code(), now);
        let refused = Self::from(refusal);
        match later {
            Some(seconds) => Self(refused.0.after(seconds)),
            None => refused,
        }
    }

    /// What the CA says of a key, where it is that of an account and not of a certificate.
    pub(crate) fn of_account_key(self, kind: ProblemKind) -> Self {
        match self.0.kind() {
            ProblemKind::BadCsr => Self(self.0.told_as(kind)),
            _ => self,
        }
    }
}

impl From<AcmeProblem> for AcmeRefused {
    fn from(problem: AcmeProblem) -> Self {
        Self(problem)
    }
}

impl From<ProblemKind> for AcmeRefused {
    fn from(kind: ProblemKind) -> Self {
        Self(kind.into())
    }
}

impl From<StoreError> for AcmeRefused {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "rows of machines");
        ProblemKind::Unavailable.into()
    }
}

impl From<system::random::NoRandomness> for AcmeRefused {
    fn from(error: system::random::NoRandomness) -> Self {
        tracing::error!(%error, "machines");
        ProblemKind::Unavailable.into()
    }
}

impl From<JoseError> for AcmeRefused {
    fn from(error: JoseError) -> Self {
        let of = |kind| AcmeProblem::of(kind, &error);
        Self(match error {
            JoseError::Algorithm => {
                of(ProblemKind::BadSignatureAlgorithm).taking(&SignatureAlg::NAMES)
            }
            JoseError::KeyKind | JoseError::Key(_) => of(ProblemKind::BadPublicKey),
            JoseError::TooLarge => ProblemKind::TooLarge.into(),
            JoseError::Unbound => ProblemKind::ExternalAccountRequired.into(),
            JoseError::Binding(_) => of(ProblemKind::Unauthorized),
            _ => of(ProblemKind::Malformed),
        })
    }
}

impl From<Refusal> for AcmeRefused {
    /// What the CA said, in its words, under the type that a client knows.
    fn from(refusal: Refusal) -> Self {
        let problem = match refusal {
            Refusal::Refused(problem) => problem,
            Refusal::Call(error) => {
                tracing::error!(%error, "issuer");
                return ProblemKind::Unavailable.into();
            }
            other => {
                tracing::error!(error = %other, "issuer");
                return ProblemKind::Unavailable.into();
            }
        };
        let (zh, en) = (problem.zh.trim_end_matches('。'), problem.en.trim_end_matches('.'));
        Self(AcmeProblem::from(kind_of(&problem.code)).in_words(zh, en))
    }
}

/// When what the CA refused for a number may be otherwise, in seconds.
fn later(code: Code, now: u64) -> Option<u64> {
    match code {
        Code::SystemQuota => Some(WEEK_SECONDS - (now + MONDAY_SECONDS) % WEEK_SECONDS),
        Code::SystemLive | Code::SystemAccounts => Some(MUCH_LATER_SECONDS),
        _ => None,
    }
}

/// The type of a code of the CA.
fn kind_of(code: &str) -> ProblemKind {
    match code {
        "account-unknown" => ProblemKind::AccountDoesNotExist,
        "account-closed" => ProblemKind::AccountClosed,
        "system-names" => ProblemKind::RejectedIdentifier,
        "system-quota" | "system-live" | "system-accounts" | "quota-used" | "too-many-tries" => {
            ProblemKind::RateLimited
        }
        "revocation-reason" => ProblemKind::BadRevocationReason,
        "jws-malformed" | "jws-signature" | "malformed" => ProblemKind::Malformed,
        "request-malformed" | "request-signature" | "request-exceeds" | "key-weak"
        | "key-published" | "key-unknown" | "key-not-allowed" | "key-foreign" | "key-used" => {
            ProblemKind::BadCsr
        }
        "certificate-revoked" => ProblemKind::AlreadyRevoked,
        "unavailable" | "too-busy" | "clock-moved" | "log-behind" | "not-ready" => {
            ProblemKind::Unavailable
        }
        // It would fail again: nobody is told to wait for it.
        "lint-failed" => ProblemKind::ServerInternal,
        _ => ProblemKind::Unauthorized,
    }
}

impl IntoResponse for AcmeRefused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, self.0.to_json().to_string()).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response.extensions_mut().insert(ToldRefusal::of(&self.0));
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            let later = self.0.retry_after().unwrap_or(LATER_SECONDS);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(later));
        }
        response
    }
}

/// A resource.
pub(crate) struct Resource {
    status: StatusCode,
    body: Value,
    headers: HeaderMap,
}

impl Resource {
    /// With status 200.
    pub(crate) fn new(body: Value) -> Self {
        Self { status: StatusCode::OK, body, headers: HeaderMap::new() }
    }

    /// That was made just now.
    pub(crate) fn made(self) -> Self {
        Self { status: StatusCode::CREATED, ..self }
    }

    /// The same with one member more.
    pub(crate) fn saying(mut self, name: &str, value: Value) -> Self {
        if let Some(members) = self.body.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
        self
    }

    /// Where it is.
    pub(crate) fn at(self, url: &str) -> Self {
        self.with(header::LOCATION, url)
    }

    /// A link to another one (RFC 8288).
    pub(crate) fn linked(self, url: &str, relation: &str) -> Self {
        self.with(header::LINK, &format!("<{url}>;rel=\"{relation}\""))
    }

    /// When to come again, in seconds.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        self.with(header::RETRY_AFTER, &seconds.to_string())
    }

    fn with(mut self, name: HeaderName, value: &str) -> Self {
        // Every part of it is ours: ids, and addresses below our own.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.append(name, value);
        }
        self
    }
}

impl IntoResponse for Resource {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body.to_string()).into_response();
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response.headers_mut().extend(self.headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_problem_document() {
        let response = AcmeRefused::from(ProblemKind::BadNonce).into_response();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let busy = AcmeRefused::from(ProblemKind::Unavailable).into_response();
        assert!(busy.headers().contains_key(header::RETRY_AFTER));
    }

    /// RFC 8555 6.6.
    #[test]
    fn who_asks_too_often_hears_when_to_come_again() {
        let field = |problem: AcmeProblem| {
            let response = AcmeRefused(problem).into_response();
            response.headers()[header::RETRY_AFTER].to_str().unwrap().to_owned()
        };
        assert_eq!(field(ProblemKind::RateLimited.into()), "5");
        assert_eq!(field(AcmeProblem::from(ProblemKind::RateLimited).after(77)), "77");
        // 2026-11-30T00:00:00Z.
        let monday = 1_795_996_800;
        assert_eq!(later(Code::SystemQuota, monday), Some(WEEK_SECONDS));
        assert_eq!(later(Code::SystemQuota, monday - 1), Some(1));
        assert_eq!(later(Code::SystemLive, monday), Some(MUCH_LATER_SECONDS));
        assert_eq!(later(Code::SystemNames, monday), None);
    }

    /// Nothing that a client did wrong is told as our failure, and the other way round.
    #[test]
    fn refusals_of_keys_say_whose_fault_they_are() {
        let kind = |error: JoseError| AcmeRefused::from(error).0.kind();
        assert_eq!(kind(JoseError::Algorithm), ProblemKind::BadSignatureAlgorithm);
        assert_eq!(kind(JoseError::KeyKind), ProblemKind::BadPublicKey);
        assert_eq!(kind(JoseError::Unbound), ProblemKind::ExternalAccountRequired);
        assert_eq!(kind(JoseError::Binding("MAC")), ProblemKind::Unauthorized);
        assert_eq!(kind(JoseError::Signature), ProblemKind::Malformed);
        assert_eq!(kind_of("system-quota"), ProblemKind::RateLimited);
        assert_eq!(kind_of("unavailable"), ProblemKind::Unavailable);
        assert_eq!(kind_of("whatever comes"), ProblemKind::Unauthorized);
    }
}
