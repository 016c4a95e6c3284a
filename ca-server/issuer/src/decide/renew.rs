//! Renewing a machine's certificate under a standing authorization: the old key asks, authority
//! checks, the use is recorded as an intent like any other.

use super::issue::{ServiceName, record_intent, service_certificate};
use crate::error::IssuerError;
use crate::issuance::IssuanceGrounds;
use crate::round::Round;
use records::Code;
use records::join::Renew;
use records::record::Event;
use sha2::{Digest, Sha256};

/// Records the use of an authorization; gives the serial number of the certificate to come. The
/// same message again, from a machine that did not hear the answer, gives the same certificate.
pub(crate) fn renew(round: &mut Round<'_>, message: &Renew) -> Result<String, IssuerError> {
    round.clock?;
    let authority = round.authority();
    let standing = authority.standing(&message.authorization).ok_or(Code::UseSignature)?.clone();
    let checked = authority.check_use(message, round.now());
    let under: [u8; 32] = Sha256::digest(&message.request.0).into();
    let again =
        standing.challenges.contains(&message.challenge) && standing.last == message.signature;
    if (again || checked.is_ok())
        && let Some(serial) = authority.promised(&under)
    {
        return Ok(serial.to_string());
    }
    let key = checked?;
    // A second use would be signed by a key that may ask no more when the tree holds the first.
    if authority.is_being_used(&message.authorization) {
        return Err(Code::NotReady.into());
    }
    let name = standing.subject();
    round.may_certify(&key, &name)?;
    let profile = standing.given.profile.clone();
    let of = ServiceName {
        name: &name,
        unit: &standing.unit,
        hosts: &standing.hosts,
        profile: &profile,
    };
    let (serial, prepared) = service_certificate(round, &of, &key)?;
    let issuing =
        IssuanceGrounds { under, profile: profile.clone(), subject: name.clone(), reference: None };
    let event = |serial, tbs_sha256| Event::Used {
        authorization: message.authorization.clone(),
        challenge: message.challenge.clone(),
        request: message.request.clone(),
        asked_by: message.asked_by.clone(),
        signature: message.signature.clone(),
        serial,
        tbs_sha256,
    };
    record_intent(round, (serial, &prepared), issuing, (event, Vec::new()))
}
