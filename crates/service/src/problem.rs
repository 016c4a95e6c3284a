//! The HTTP edge of refusals: the one place that knows status codes.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use mtls::listen::RequestFault;
use records::{Code, Problem};

/// The status code of a refusal.
pub fn status(code: Code) -> StatusCode {
    use Code::{
        AnswerTooLarge, ApprovalSignature, ApprovalsMissing, ApproverDrafted, ApproverExpired,
        ApproverRevoked, ApproverRole, ApproverScope, ApproverSelf, ApproverTwice, ApproverUnknown,
        AuditFailed, AuditFull, BindMismatch, CertificateExpired, CertificateForeign,
        CertificateKeyNeeded, CertificateRequired, CertificateRevoked, CertificateSuspended,
        ChallengeUsed, ClockMoved, CodeExpired, CodeUsed, CodingUnknown, CrossSite, DelegationExpired, DrafterSelf, DraftsTooMany, ExpectationUnknown, FieldsTooMany, HandlerScope, HeadTooLarge, KeyForeign, KeyNotAllowed, KeyUnknown, KeyUsed, KeyWeak, LabelNotAllowed, LetterLost, LetterNeeded, LetterOpen, LetterVoided, LintFailed, LogBehind, Malformed, MessageGateway, MethodNotAllowed, Misdirected, NotDrafter, NotFound, NotPermitted, NotReady, NotServed, NotYourRoute, NothingToSuspend, NumberRegistered, OrderAltered, OrderCancelled,
        OrderConsumed, OrderExpired, OrderIncomplete, OrderRejected, OrderReturned, OrderUnknown,
        OrderWithdrawn, OutsideNeeded, PasskeyCounter, PasskeyRefused, PasskeySoftware,
        PasskeyUnknown, PersonChanged, PersonLeft, PersonUnknown, PolicyError, PoolAlone,
        PortalUnknown, ProfileChanged, QuotaUsed, ReceiptForeign, RenewalDone, RenewalEarly,
        RenewalLate, RenewalNever, RenewalRejected, RenewalSignature, RequestLate, RequestMalformed, RequestSignature, RoleConflict, RouteUnknown, RowUnopened, RulesMalformed, SignatureNeeded, SignedTime, SpoolForked, SpoolGap, StateConflict, StatusStale, SuspensionAlone, TargetTooLong, TooBusy, TooLarge, TooManyTries, TrailersTooLarge, Unavailable, UnitUnknown, UnknownKind, UnknownProfile, UnsignedAuthority, UpstreamFailed, UpstreamLate, UseSignature, WishOpen, WishesTooMany, WrongCode,
    };
    match code {
        Malformed | RequestMalformed | RequestSignature | KeyWeak | KeyUnknown | KeyNotAllowed
        | UnknownKind | UnknownProfile | OrderIncomplete | RulesMalformed | ReceiptForeign => {
            StatusCode::BAD_REQUEST
        }
        CertificateRequired | CertificateExpired | CertificateRevoked | CertificateSuspended
        | CertificateForeign | UseSignature | LetterNeeded => StatusCode::UNAUTHORIZED,
        WrongCode | CrossSite | LabelNotAllowed | BindMismatch | ApprovalSignature
        | ApproverUnknown | ApproverExpired | ApproverRevoked | ApproverRole | ApproverScope
        | ApproverSelf | ApproverDrafted | NotDrafter | HandlerScope | DelegationExpired
        | PoolAlone | RowUnopened | ApprovalsMissing | NotYourRoute | PortalUnknown
        | UnsignedAuthority | OrderAltered | PasskeyUnknown | PasskeyRefused | PasskeyCounter
        | PasskeySoftware | CertificateKeyNeeded | QuotaUsed | RenewalSignature | NotPermitted
        | NotServed | SignatureNeeded | PolicyError | DrafterSelf => StatusCode::FORBIDDEN,
        NotFound | RouteUnknown | OrderUnknown | PersonUnknown | UnitUnknown => {
            StatusCode::NOT_FOUND
        }
        CodeUsed | ChallengeUsed | KeyForeign | OrderExpired | OrderConsumed | OrderCancelled
        | OrderReturned | OrderRejected | OrderWithdrawn | LetterOpen | ApproverTwice
        | NumberRegistered | OutsideNeeded | ProfileChanged | PersonChanged | PersonLeft
        | RoleConflict | StateConflict | NotReady | SpoolGap | SignedTime | SpoolForked
        | WishOpen | NothingToSuspend | SuspensionAlone | KeyUsed | RenewalEarly | RenewalDone => {
            StatusCode::CONFLICT
        }
        CodeExpired | LetterLost | LetterVoided | RenewalLate | RenewalNever | RenewalRejected => {
            StatusCode::GONE
        }
        MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
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
        ClockMoved | LintFailed | LogBehind | MessageGateway | Unavailable | StatusStale
        | AuditFull | AuditFailed | TooBusy => StatusCode::SERVICE_UNAVAILABLE,
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
        (code, Json(self.0)).into_response()
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

/// A refusal of a service by itself: nothing of it stands in a log that a reference would find.
pub fn refusal(code: Code) -> Response {
    Refused(Problem::new(code, String::new())).into_response()
}

/// The answer to a request that is refused whatever it asks for.
pub fn refuse(fault: RequestFault) -> Response {
    let code = match fault {
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
