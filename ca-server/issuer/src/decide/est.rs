//! What systems ask for by EST (RFC 7030): a certificate by user and password, which the CA itself
//! knows to be right and takes for one request, and a renewal by the certificate of a handshake,
//! which a portal says it saw.

use super::issue::{record_intent, system_certificate};
use super::system::token;
use crate::command::Caller;
use crate::error::IssuerError;
use crate::issuance::IssuanceGrounds;
use crate::round::Round;
use authority::OrderDigest;
use records::Code;
use records::est::{EST_SECRET, EnrolSystem, EnrolledStatement, RenewSystem};
use records::machine::{kid, secret, system_of};
use records::order::subject_of_system;
use records::record::Event;
use subtle::ConstantTimeEq;

/// Records a use of a system's authorization by its password; gives the serial number of the
/// certificate to come. The same again gives the same certificate.
pub(crate) fn enrol(
    round: &mut Round<'_>,
    caller: &Caller,
    message: &EnrolSystem,
) -> Result<String, IssuerError> {
    round.admit(caller)?;
    round.clock?;
    let (system, order) = known_by_password(round, message)?;
    check_label(round, &system, message.profile.as_deref())?;
    let said = EnrolledStatement {
        v: 1,
        founding: round.context.founding.into(),
        system,
        order: order.into(),
        request: message.request.clone(),
        password: true,
        ..EnrolledStatement::default()
    };
    begin(round, &said)
}

/// The same for a renewal: the certificate that a portal says it was shown names the system.
pub(crate) fn renew(
    round: &mut Round<'_>,
    caller: &Caller,
    message: &RenewSystem,
) -> Result<String, IssuerError> {
    round.admit(caller)?;
    round.clock?;
    let (system, _) = round.authority().system_of_certificate(&message.certificate.0)?;
    check_label(round, &system, message.profile.as_deref())?;
    let state = round.authority().system(&system).ok_or(Code::SystemClosed)?;
    let said = EnrolledStatement {
        v: 1,
        founding: round.context.founding.into(),
        system: system.to_string(),
        order: state.order.clone(),
        request: message.request.clone(),
        certificate: Some(message.certificate.clone()),
        ..EnrolledStatement::default()
    };
    begin(round, &said)
}

/// The system whose password this is, and its order. Whoever does not have it is told nothing of
/// the system.
fn known_by_password(
    round: &Round<'_>,
    message: &EnrolSystem,
) -> Result<(String, OrderDigest), Code> {
    let system = system_of(&message.user).ok_or(Code::SystemSecret)?;
    let state = round.authority().system(system).ok_or(Code::SystemSecret)?;
    let order = OrderDigest(state.order.digest().ok_or(Code::UnsignedAuthority)?);
    if kid(system, &order.0) != message.user {
        return Err(Code::SystemSecret);
    }
    let password = secret(&token(round, system, order)?, EST_SECRET).to_string();
    match bool::from(password.as_bytes().ct_eq(message.password.as_bytes())) {
        true => Ok((system.to_owned(), order)),
        false => Err(Code::SystemSecret),
    }
}

/// A label is the name of the system's own profile: a client that asks for another one gets none.
fn check_label(round: &Round<'_>, system: &str, label: Option<&str>) -> Result<(), Code> {
    let state = round.authority().system(system).ok_or(Code::SystemClosed)?;
    match label.is_none_or(|label| label == state.profile) {
        true => Ok(()),
        false => Err(Code::UnknownProfile),
    }
}

/// The use and the intent, as one record that the registry key signs; of SCEP and CMP too.
pub(super) fn begin(
    round: &mut Round<'_>,
    said: &EnrolledStatement,
) -> Result<String, IssuerError> {
    let now = round.now();
    let authority = round.authority();
    let wish = authority.enrol_wish(said)?;
    if let Some(serial) = authority.enrolled_already(&wish, now)? {
        return Ok(serial.to_string());
    }
    let covered = authority.covers_enrolment(&wish, now)?;
    if authority.is_asked_again(&wish, &covered.key, now) {
        return Err(Code::KeyUsed.into());
    }
    let subject = subject_of_system(&covered.system);
    round.may_certify(&covered.key, &subject)?;
    let (serial, prepared) = system_certificate(round, &covered)?;
    let profile = covered.profile;
    let issuing = IssuanceGrounds { under: wish.under, profile, subject, reference: None };
    let signed = said.sign(&round.context.registry).map_err(anyhow::Error::from)?;
    let (statement, signature) = signed;
    let event =
        |serial, tbs_sha256| Event::MachineEnrolled { statement, signature, serial, tbs_sha256 };
    record_intent(round, (serial, &prepared), issuing, (event, Vec::new()))
}
