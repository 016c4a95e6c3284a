//! Whose certificate a portal saw, and whose certificates are an officer's business: asked of
//! authority alone.

use authority::Authority;
use pki::Certificate;
use records::order::{Body, RevokeBody, RevokedSystem};
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

/// Whoever reads what is their own, or is staff's business.
pub(crate) struct Reader {
    /// Person id.
    pub(crate) person: String,
    /// Whether the certificate is one by which officers and handlers act.
    pub(crate) is_staff: bool,
}

impl Reader {
    /// Whose certificate it is; judged anew at every call.
    pub(crate) fn of(authority: &Authority, shown: &Certificate, now: u64) -> Result<Self, Code> {
        let person = authority.holder(shown, now)?;
        Ok(Self { person, is_staff: person_of(authority, shown, now).is_ok() })
    }
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
    let person = CertificateHolder { person: person.to_owned(), system: None };
    person.is_within(authority, officer, now)
}

/// Whose certificates a revocation is about.
#[derive(Debug)]
pub(crate) struct CertificateHolder {
    /// The person who holds them, or is in charge of the system.
    pub(crate) person: String,
    /// The system that has them.
    pub(crate) system: Option<RevokedSystem>,
}

impl CertificateHolder {
    /// A system as authority holds it.
    pub(crate) fn system(authority: &Authority, id: &str) -> Option<Self> {
        let known = authority.system(id)?;
        let (name, unit) = (known.name.clone(), known.unit.clone());
        let system = RevokedSystem { system: id.to_owned(), name, unit };
        Some(Self { person: known.leader.clone(), system: Some(system) })
    }

    /// Whose a certificate is.
    pub(crate) fn of(authority: &Authority, serial: &str) -> Option<Self> {
        if let Some(own) = authority.system_certificate(serial) {
            return Self::system(authority, &own.system);
        }
        let person = authority.held(serial)?.person.to_string();
        Some(Self { person, system: None })
    }

    /// Whether somebody may read what a system has: they are in charge of it, or, as staff, handle
    /// papers for its unit or could approve a revocation there.
    pub(crate) fn is_readable_by(&self, authority: &Authority, reader: &Reader, now: u64) -> bool {
        let Some(system) = &self.system else { return false };
        let handles = || authority.handles(&reader.person, &system.unit);
        let as_staff = || handles() || self.is_within(authority, &reader.person, now);
        reader.person == self.person || reader.is_staff && as_staff()
    }

    /// Whether these certificates are this officer's business: they could approve their revocation,
    /// or answer for them.
    pub(crate) fn is_within(&self, authority: &Authority, officer: &str, now: u64) -> bool {
        let revoke = RevokeBody {
            person: self.person.clone(),
            system: self.system.clone(),
            serials: Vec::new(),
            reason: String::new(),
            evidence: Bytes::default(),
            wish: None,
        };
        officer == self.person || authority.may_approve(officer, &Body::Revoke(revoke), now).is_ok()
    }
}
