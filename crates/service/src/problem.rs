//! The HTTP edge of refusals: the one place that knows status codes.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use mtls::listen::HeadFault;
use records::{Code, Problem};

/// The status code of a refusal.
pub fn status(code: Code) -> StatusCode {
    use Code::{
        AnswerTooLarge, ApprovalSignature, ApprovalsMissing, ApproverDrafted, ApproverExpired,
        ApproverRevoked, ApproverRole, ApproverScope, ApproverSelf, ApproverTwice, ApproverUnknown,
        AuditFailed, AuditFull, BindMismatch, CertificateExpired, CertificateForeign,
        CertificateKeyNeeded, CertificateRequired, CertificateRevoked, CertificateSuspended,
        ChallengeUsed, ClockMoved, CodeExpired, CodeUsed, CrossSite, DelegationExpired,
        DraftsTooMany, ExpectationUnknown, FieldsTooMany, HandlerScope, HeadTooLarge, KeyForeign,
        KeyNotAllowed, KeyUnknown, KeyUsed, KeyWeak, LabelNotAllowed, LetterLost, LetterNeeded,
        LetterOpen, LetterVoided, LintFailed, LogBehind, Malformed, Misdirected, NotDrafter,
        NotFound, NotPermitted, NotReady, NotServed, NotYourRoute, NothingToSuspend,
        NumberRegistered, OrderAltered, OrderCancelled, OrderConsumed, OrderExpired,
        OrderIncomplete, OrderRejected, OrderReturned, OrderUnknown, OrderWithdrawn, OutsideNeeded,
        PasskeyCounter, PasskeyRefused, PasskeySoftware, PasskeyUnknown, PersonChanged, PersonLeft,
        PersonUnknown, PolicyError, PoolAlone, PortalUnknown, ProfileChanged, QuotaUsed,
        ReceiptForeign, RenewalDone, RenewalEarly, RenewalLate, RenewalNever, RenewalRejected,
        RenewalSignature, RequestLate, RequestMalformed, RequestSignature, RoleConflict,
        RouteUnknown, RowUnopened, RulesMalformed, SignatureNeeded, SignedTime, SpoolForked,
        SpoolGap, StateConflict, StatusStale, SuspensionAlone, TargetTooLong, TooBusy, TooLarge,
        TooManyTries, Unavailable, UnitUnknown, UnknownKind, UnknownProfile, UnsignedAuthority,
        UpstreamFailed, UpstreamLate, UseSignature, WishOpen, WishesTooMany, WrongCode,
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
        | NotServed | SignatureNeeded | PolicyError => StatusCode::FORBIDDEN,
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
        TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        TargetTooLong => StatusCode::URI_TOO_LONG,
        HeadTooLarge | FieldsTooMany => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        ExpectationUnknown => StatusCode::EXPECTATION_FAILED,
        RequestLate => StatusCode::REQUEST_TIMEOUT,
        TooManyTries | WishesTooMany | DraftsTooMany => StatusCode::TOO_MANY_REQUESTS,
        Misdirected => StatusCode::MISDIRECTED_REQUEST,
        ClockMoved | LintFailed | LogBehind | Unavailable | StatusStale | AuditFull
        | AuditFailed | TooBusy => StatusCode::SERVICE_UNAVAILABLE,
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

/// The answer to a head that is refused before anybody looks at its request.
pub fn refuse(fault: HeadFault) -> Response {
    let code = match fault {
        HeadFault::Target => Code::TargetTooLong,
        HeadFault::Fields => Code::FieldsTooMany,
        HeadFault::Size => Code::HeadTooLarge,
        HeadFault::Expectation => Code::ExpectationUnknown,
    };
    Refused(Problem::new(code, String::new())).into_response()
}

/// The answer where there is no place for a request.
pub fn busy() -> Response {
    Refused(Problem::new(Code::TooBusy, String::new())).into_response()
}
