//! What a route is asked: who speaks, checked before a message is read, and the message. Without a
//! [`PortalCall`] or an [`OfficerCall`] nothing can be asked.

use crate::command::{Caller, Command, Officer};
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::person_of;
use crate::reads;
use authority::Authority;
use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use ca_api::AsOfficer;
use mtls::TlsConnection;
use pki::Certificate;
use records::{Bytes, Code, Problem};
use serde::de::DeserializeOwned;
use service::problem::Refused;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Which process of a portal a route is for.
pub(crate) trait Process {
    /// Its name; empty if any is.
    const NAME: &'static str;
}

/// The public process.
pub(crate) struct PublicProcess;
/// The staff process.
pub(crate) struct StaffProcess;
/// The process that speaks the protocols of machines.
pub(crate) struct MachinesProcess;
/// Any of them.
pub(crate) struct AnyProcess;

impl Process for PublicProcess {
    const NAME: &'static str = "portal-public";
}

impl Process for StaffProcess {
    const NAME: &'static str = "portal-staff";
}

impl Process for MachinesProcess {
    const NAME: &'static str = "portal-machines";
}

impl Process for AnyProcess {
    const NAME: &'static str = "";
}

/// A message of the process that its route is for.
pub(crate) struct PortalCall<P, T> {
    pub(crate) caller: Caller,
    pub(crate) message: T,
    process: std::marker::PhantomData<P>,
}

/// A message of the staff process with the certificate of the officer, or of anybody, whom it saw.
/// Who that is, is judged when it is answered.
pub(crate) struct OfficerCall<T> {
    pub(crate) caller: Caller,
    pub(crate) officer: Officer,
    pub(crate) message: T,
}

impl<P: Process, T: DeserializeOwned> FromRequest<Arc<Issuer>> for PortalCall<P, T> {
    type Rejection = Response;

    async fn from_request(request: Request, issuer: &Arc<Issuer>) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let caller = caller(issuer, &parts, P::NAME).await.map_err(refused)?;
        let message = message(Request::from_parts(parts, body), issuer).await?;
        Ok(Self { caller, message, process: std::marker::PhantomData })
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<Issuer>> for OfficerCall<T> {
    type Rejection = Response;

    async fn from_request(request: Request, issuer: &Arc<Issuer>) -> Result<Self, Response> {
        let call = PortalCall::<StaffProcess, AsOfficer<T>>::from_request(request, issuer).await?;
        let AsOfficer { certificate, message } = call.message;
        let shown = issuer.signatures.certificate(&certificate.0);
        let shown = shown.ok_or_else(|| refused(Code::CertificateForeign))?;
        Ok(Self { caller: call.caller, officer: Officer(shown), message })
    }
}

/// The process of a portal whose connection it is, if it may call: the public one keeps no turn
/// from the staff's.
pub(super) async fn portal(issuer: &Issuer, parts: &Parts) -> Result<String, Code> {
    let caller = caller(issuer, parts, AnyProcess::NAME).await?;
    portal_of(issuer, &caller).await
}

/// The same where it is known that it may call.
pub(super) async fn portal_of(issuer: &Issuer, caller: &Caller) -> Result<String, Code> {
    let view = issuer.opened().await?;
    let known = view.authority().portal_of(&caller.key_sha256);
    let (portal, process) = known.ok_or(Code::PortalUnknown)?;
    Ok(format!("{portal}/{process}"))
}

/// For whom a portal asks, as it says: the digest of the certificate that it saw. It decides only
/// behind whom of the same portal a question waits.
pub(super) fn shown_certificate(message: &[u8]) -> Option<[u8; 32]> {
    #[derive(serde::Deserialize)]
    struct ShownCertificate {
        certificate: Bytes,
    }
    let shown: ShownCertificate = serde_json::from_slice(message).ok()?;
    Some(Sha256::digest(&shown.certificate.0).into())
}

/// Whether the connection belongs to a process that may call.
async fn caller(issuer: &Issuer, parts: &Parts, process: &'static str) -> Result<Caller, Code> {
    let connection = parts.extensions.get::<TlsConnection>().ok_or(Code::CertificateRequired)?;
    let der = connection.certificate.as_ref().ok_or(Code::CertificateRequired)?;
    let certificate: Arc<Certificate> =
        issuer.signatures.certificate(der).ok_or(Code::CertificateForeign)?;
    let view = issuer.opened().await?;
    let authority = view.authority();
    if authority.is_revoked(&certificate.serial().to_string()) {
        return Err(Code::CertificateRevoked);
    }
    if !is_in_time(issuer, &certificate) {
        return Err(Code::CertificateExpired);
    }
    let key_sha256 = certificate.key().sha256();
    let (_, known) = authority.portal_of(&key_sha256).ok_or(Code::PortalUnknown)?;
    if !process.is_empty() && known != process {
        return Err(Code::NotYourRoute);
    }
    Ok(Caller { key_sha256, process })
}

/// Whether a portal's certificate counts now. It is not the handshake that says so, by the clock as
/// it is: one that moved stops no brake.
pub(super) fn is_in_time(issuer: &Issuer, certificate: &Certificate) -> bool {
    (certificate.not_before()..=certificate.not_after()).contains(&issuer.now())
}

/// Whether an officer may approve anything, as far as is known: who may not makes us verify
/// nothing. The writer judges it again.
pub(super) fn approver(issuer: &Issuer, officer: &Officer) -> Result<(), Code> {
    let view = issuer.view()?;
    let person = person_of(view.authority(), &officer.0, issuer.now())?;
    if view.authority().is_approver(&person) { Ok(()) } else { Err(Code::NotYourRoute) }
}

/// Whether the certificate is somebody's whose signature may count: who has none makes us verify
/// nothing.
pub(super) fn credential(issuer: &Issuer, officer: &Officer) -> Result<(), Code> {
    let view = issuer.view()?;
    person_of(view.authority(), &officer.0, issuer.now()).map(drop)
}

/// A message in JSON, or a clear refusal.
async fn message<T: DeserializeOwned>(
    request: Request,
    issuer: &Arc<Issuer>,
) -> Result<T, Response> {
    let bytes = axum::body::Bytes::from_request(request, issuer).await;
    let bytes = bytes.map_err(|_| refused(Code::TooLarge))?;
    serde_json::from_slice(&bytes).map_err(|_| refused(Code::Malformed))
}

pub(super) fn refused(code: Code) -> Response {
    Refused(Problem::new(code, String::new())).into_response()
}

/// The answer to whoever shows the key of a letter. A wrong key for a letter that exists counts as
/// a try, and is recorded.
pub(super) async fn answered_to_key<T>(
    issuer: &Issuer,
    act: &'static str,
    (caller, reference): (Caller, &str),
    result: Result<T, IssuerError>,
) -> Result<Json<T>, Refused> {
    let wrong = result.as_ref().is_err_and(|error| error.code() == Code::WrongCode);
    let known = records::letter::read_reference(reference).filter(|reference| {
        issuer.view_now().is_some_and(|view| view.authority().letter(reference).is_some())
    });
    match known {
        Some(reference) if wrong => {
            let asked = issuer.ask(|reply| Command::WrongKey(caller, reference, reply)).await;
            let refused = asked.err().unwrap_or_else(|| Code::WrongCode.into());
            Err(Refused(refused.problem()))
        }
        _ => answered(issuer, act, result),
    }
}

/// The answer to a question, counted.
pub(super) fn answered<T>(
    issuer: &Issuer,
    act: &'static str,
    result: Result<T, IssuerError>,
) -> Result<Json<T>, Refused> {
    let outcome = result.as_ref().map_or_else(|error| error.code().name(), |_| "done");
    issuer.metrics.count(act, outcome);
    told(result)
}

/// The answer to a question about people or orders, which leaves once it is recorded who read.
pub(super) async fn answered_and_recorded<T>(
    issuer: &Issuer,
    read: (&Caller, &Officer),
    act: &'static str,
    result: Result<T, IssuerError>,
) -> Result<Json<T>, Refused> {
    let result = match result {
        Ok(answer) => reads::record(issuer, read, act).await.map(|()| answer),
        Err(error) => Err(error),
    };
    answered(issuer, act, result)
}

/// The same of what leads to a brake: however slow the log is, it waits for that record a moment.
pub(super) async fn answered_near_brake<T>(
    issuer: &Arc<Issuer>,
    read: (&Caller, &Officer),
    act: &'static str,
    result: Result<T, IssuerError>,
) -> Result<Json<T>, Refused> {
    let result = match result {
        Ok(answer) => reads::record_near_brake(issuer, read, act).await.map(|()| answer),
        Err(error) => Err(error),
    };
    answered(issuer, act, result)
}

/// The answer about what is somebody's own, or their staff's business: who asks as staff is
/// recorded, as whoever reads about others is.
pub(super) async fn answered_to_owner<T>(
    issuer: &Arc<Issuer>,
    read: (&Caller, &Officer),
    act: &'static str,
    result: Result<T, IssuerError>,
) -> Result<Json<T>, Refused> {
    match credential(issuer, read.1) {
        Ok(()) => answered_near_brake(issuer, read, act, result).await,
        Err(_) => answered(issuer, act, result),
    }
}

/// The answer to a question about orders, which waits for nothing: one to revoke may be among them.
/// That it was read is recorded beside it.
pub(super) fn answered_and_recorded_beside<T>(
    issuer: &Arc<Issuer>,
    read: (&Caller, &Officer),
    act: &'static str,
    result: Result<T, IssuerError>,
) -> Result<Json<T>, Refused> {
    let recorded = |answer| reads::record_beside(issuer, read, act).map(|()| answer);
    answered(issuer, act, result.and_then(recorded))
}

/// What follows from authority as a view has it: who proves nothing has no turn of the writer's.
pub(super) fn viewed<T>(
    issuer: &Issuer,
    read: impl FnOnce(&Authority) -> Result<T, Code>,
) -> Result<T, Code> {
    let view = issuer.view()?;
    read(view.authority())
}

/// The answer to a command, which the writer counted.
pub(super) fn told<T>(result: Result<T, IssuerError>) -> Result<Json<T>, Refused> {
    result.map(Json).map_err(|error| Refused(error.problem()))
}
