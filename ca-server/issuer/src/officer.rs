//! Whose certificate a portal saw, and whose certificates are an officer's business: asked of
//! authority alone.

use authority::Authority;
use pki::Certificate;
use records::order::{Body, RevokeBody};
use records::{Bytes, Code};

/// The officer to whom a certificate belongs; judged anew at every call.
pub(crate) fn person_of(
    authority: &Authority,
    certificate: &Certificate,
    now: u64,
) -> Result<String, Code> {
    authority.credential_holder(certificate, now).map_err(|code| match code {
        Code::ApproverExpired => Code::CertificateExpired,
        Code::ApproverRevoked => Code::CertificateRevoked,
        Code::CertificateSuspended => Code::CertificateSuspended,
        Code::ApproverUnknown if authority.is_issued_by_us(certificate) => Code::NotYourRoute,
        _ => Code::CertificateForeign,
    })
}

/// Whether somebody may read a person's page: it is their own, they handle papers for that unit, or
/// they could approve a revocation there.
pub(crate) fn readable(
    authority: &Authority,
    reader: &str,
    person: &str,
    now: u64,
) -> Result<(), Code> {
    let unit = authority.person(person).map(|state| state.unit.as_str());
    let handles = unit.is_some_and(|unit| authority.handles(reader, unit));
    match () {
        () if handles || unit.is_some() && is_within(authority, reader, person, now) => Ok(()),
        () if !authority.is_handler(reader) && !authority.is_approver(reader) => {
            Err(Code::NotYourRoute)
        }
        () if unit.is_none() => Err(Code::PersonUnknown),
        () if authority.is_approver(reader) => Err(Code::ApproverScope),
        () => Err(Code::HandlerScope),
    }
}

/// Whether a person's certificates are this officer's business: they could approve their
/// revocation, or it is themselves.
pub(crate) fn is_within(authority: &Authority, officer: &str, person: &str, now: u64) -> bool {
    let revoke = RevokeBody {
        person: person.to_owned(),
        serials: Vec::new(),
        reason: String::new(),
        evidence: Bytes::default(),
        wish: None,
    };
    officer == person || authority.may_approve(officer, &Body::Revoke(revoke), now).is_ok()
}
