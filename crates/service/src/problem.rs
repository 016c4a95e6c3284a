//! The HTTP edge of refusals: the one place that knows status codes.

use crate::log_lines::MinuteLines;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use mtls::listen::RequestFault;
use records::{Code, Problem};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Field of a refusal with its code, for whoever gets no body: an answer to HEAD has none.
pub const CODE: &str = "yinxin-refusal";
/// Field of a refusal with its reference number.
pub const REFERENCE: &str = "yinxin-reference";

use Code::{
    AccountClosed, AccountUnknown, AnswerTooLarge, ApplicationSuspended, ApprovalSignature,
    ApprovalsMissing, ApproverDrafted, ApproverExpired, ApproverRevoked, ApproverRole,
    ApproverScope, ApproverSelf, ApproverTwice, ApproverUnknown, AuditFailed, AuditFull,
    BindMismatch, BindingInvalid, CertificateExpired, CertificateForeign, CertificateKeyNeeded,
    CertificateRequired, CertificateRevoked, CertificateSuspended, CertificateUnlogged,
    CertificateUnproven, ChallengeUsed, ClockMoved, CodeExpired, CodeUsed, CodingUnknown,
    CrossSite, DelegationExpired, DrafterSelf, DraftsTooMany, EmergencyOpen, ExpectationUnknown,
    FieldsTooMany, HandlerScope, HeadTooLarge, JwsMalformed, JwsSignature, KeyForeign,
    KeyNotAllowed, KeyPublished, KeyUnknown, KeyUsed, KeyWeak, LabelNotAllowed, LetterLost,
    LetterNeeded, LetterOpen, LetterVoided, LintFailed, LogBehind, Malformed, MediaType,
    MessageAlgorithm, MessageGateway, MessageNonce, MessageProtection, MessageVersion,
    MethodNotAllowed, Misdirected, NotDrafter, NotFound, NotPermitted, NotReady, NotServed,
    NotYourRoute, NothingToSuspend, NumberRegistered, OrderAltered, OrderCancelled, OrderConsumed,
    OrderExpired, OrderIncomplete, OrderRejected, OrderReturned, OrderUnknown, OrderWithdrawn,
    OutsideNeeded, PasskeyCounter, PasskeyRefused, PasskeySoftware, PasskeyUnknown, PersonChanged,
    PersonLeft, PersonUnknown, PolicyError, PoolAlone, PortalUnknown, ProfileChanged, QuotaUsed,
    ReceiptForeign, RenewalDone, RenewalEarly, RenewalLate, RenewalNever, RenewalRejected,
    RenewalSignature, RequestExceeds, RequestLate, RequestMalformed, RequestSignature,
    RevocationReason, RoleConflict, RouteUnknown, RowUnopened, RulesMalformed, SelfTestFailed,
    SignatureForeign, SignatureNeeded, SignedTime, SpoolForked, SpoolGap, StateConflict,
    StatusStale, SuspensionAlone, SystemAccounts, SystemCaa, SystemChallenge, SystemClosed,
    SystemLive, SystemNames, SystemQuota, SystemRenewal, SystemSecret, TargetTooLong, TooBusy,
    TooLarge, TooManyTries, TrailersTooLarge, TransactionUsed, Unavailable, UnitUnknown,
    UnknownKind, UnknownProfile, UnsignedAuthority, UpstreamFailed, UpstreamLate, UseSignature,
    WishOpen, WishesTooMany, WrongCode,
};

/// The status code of a refusal.
pub fn status(code: Code) -> StatusCode {
    match code {
        Malformed | RequestMalformed | RequestSignature | KeyWeak | KeyPublished | KeyUnknown
        | KeyNotAllowed | UnknownKind | UnknownProfile | OrderIncomplete | RulesMalformed
        | ReceiptForeign | JwsMalformed | RequestExceeds | RevocationReason | MessageAlgorithm
        | MessageVersion | MessageNonce => StatusCode::BAD_REQUEST,
        CertificateRequired | CertificateExpired | CertificateRevoked | CertificateSuspended
        | CertificateForeign | CertificateUnlogged | UseSignature | LetterNeeded | JwsSignature
        | BindingInvalid | SystemSecret | SignatureForeign | MessageProtection => {
            StatusCode::UNAUTHORIZED
        }
        WrongCode | CrossSite | LabelNotAllowed | BindMismatch | ApprovalSignature
        | ApproverUnknown | ApproverExpired | ApproverRevoked | ApproverRole | ApproverScope
        | ApproverSelf | ApproverDrafted | NotDrafter | HandlerScope | DelegationExpired
        | PoolAlone | RowUnopened | ApprovalsMissing | NotYourRoute | PortalUnknown
        | UnsignedAuthority | OrderAltered | PasskeyUnknown | PasskeyRefused | PasskeyCounter
        | PasskeySoftware | CertificateKeyNeeded | QuotaUsed | RenewalSignature | NotPermitted
        | NotServed | SignatureNeeded | PolicyError | DrafterSelf | SystemClosed | SystemNames
        | SystemChallenge | SystemCaa | SystemQuota | SystemLive | SystemAccounts
        | SystemRenewal | AccountClosed | ApplicationSuspended => StatusCode::FORBIDDEN,
        NotFound | RouteUnknown | OrderUnknown | PersonUnknown | UnitUnknown | AccountUnknown => {
            StatusCode::NOT_FOUND
        }
        CodeUsed | ChallengeUsed | KeyForeign | OrderExpired | OrderConsumed | OrderCancelled
        | OrderReturned | OrderRejected | OrderWithdrawn | LetterOpen | ApproverTwice
        | NumberRegistered | OutsideNeeded | ProfileChanged | PersonChanged | PersonLeft
        | RoleConflict | StateConflict | NotReady | SpoolGap | SignedTime | SpoolForked
        | WishOpen | NothingToSuspend | SuspensionAlone | KeyUsed | RenewalEarly | RenewalDone
        | TransactionUsed | EmergencyOpen => StatusCode::CONFLICT,
        CodeExpired | LetterLost | LetterVoided | RenewalLate | RenewalNever | RenewalRejected => {
            StatusCode::GONE
        }
        MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        TargetTooLong => StatusCode::URI_TOO_LONG,
        HeadTooLarge | FieldsTooMany | TrailersTooLarge => {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        }
        CodingUnknown => StatusCode::NOT_IMPLEMENTED,
        ExpectationUnknown => StatusCode::EXPECTATION_FAILED,
        RequestLate => StatusCode::REQUEST_TIMEOUT,
        TooManyTries | WishesTooMany | DraftsTooMany => StatusCode::TOO_MANY_REQUESTS,
        Misdirected => StatusCode::MISDIRECTED_REQUEST,
        CertificateUnproven | ClockMoved | LintFailed | LogBehind | MessageGateway
        | SelfTestFailed | Unavailable | StatusStale | AuditFull | AuditFailed | TooBusy => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        UpstreamFailed | AnswerTooLarge => StatusCode::BAD_GATEWAY,
        UpstreamLate => StatusCode::GATEWAY_TIMEOUT,
    }
}

/// A refusal on its way out.
#[derive(Debug)]
pub struct Refused(pub Problem);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let code = self.0.known().map_or(StatusCode::INTERNAL_SERVER_ERROR, status);
        let fields = [(CODE, self.0.code.clone()), (REFERENCE, self.0.reference.clone())];
        let mut response = (code, Json(self.0)).into_response();
        for (name, value) in fields {
            if let Some(value) =
                HeaderValue::from_str(&value).ok().filter(|value| !value.is_empty())
            {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// Routes beside which nothing is known: another path is refused, and so is another method of a
/// path, whose answer names in `Allow` those that it takes (RFC 9110 15.5.5, 15.5.6).
pub fn known_only<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    let refused = |code| move || async move { refusal(code) };
    routes
        .fallback(refused(Code::NotFound))
        .method_not_allowed_fallback(refused(Code::MethodNotAllowed))
}

/// A refusal of a service by itself, under a fresh reference that a line of its diagnostic log has.
pub fn refusal(code: Code) -> Response {
    let reference =
        system::random::bytes::<10>().map(records::letter::reference).unwrap_or_default();
    tell(code, &reference);
    Refused(Problem::new(code, reference)).into_response()
}

/// Most refusals of a minute that have a line: whoever asks for ever fills no disk.
const LINES_MAX: u32 = 60;

fn tell(code: Code, reference: &str) {
    static LINES: Mutex<Option<MinuteLines>> = Mutex::new(None);
    let now = Instant::now();
    let left_out = {
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get_or_insert_with(|| MinuteLines::of(LINES_MAX, now)).take(now)
    };
    if let Some(left_out) = left_out {
        tracing::info!(code = code.name(), reference, left_out, "refused");
    }
}

/// The answer to a request that is refused whatever it asks for.
pub fn refuse(fault: RequestFault) -> Response {
    let code = match fault {
        RequestFault::Form => Code::Malformed,
        RequestFault::Target => Code::TargetTooLong,
        RequestFault::Fields => Code::FieldsTooMany,
        RequestFault::Size => Code::HeadTooLarge,
        RequestFault::Expectation => Code::ExpectationUnknown,
        RequestFault::Late => Code::RequestLate,
    };
    refusal(code)
}

/// The answer where there is no place for a request.
pub fn busy() -> Response {
    refusal(Code::TooBusy)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever is refused has something to quote, and nobody else has the same.
    #[tokio::test]
    async fn each_refusal_of_a_listener_has_a_reference() {
        let mut seen = std::collections::BTreeSet::new();
        for response in [busy(), refuse(RequestFault::Form), refusal(Code::NotFound)] {
            let told = response.headers().get(REFERENCE).cloned().unwrap();
            assert!(response.headers().contains_key(CODE));
            let body = axum::body::to_bytes(response.into_body(), 4_096).await.unwrap();
            let text = String::from_utf8(body.to_vec()).unwrap();
            let (_, rest) = text.split_once("\"reference\":\"").unwrap();
            let reference = rest.split('"').next().unwrap().to_owned();
            assert_eq!(told, reference.as_str(), "whoever gets no body has it too");
            assert!(!reference.is_empty() && seen.insert(reference), "{text}");
        }
        assert_eq!(refuse(RequestFault::Form).status(), StatusCode::BAD_REQUEST);
    }
}
