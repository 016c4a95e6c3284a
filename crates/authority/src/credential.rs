//! Credentials: whose key a certificate holds, and whether it speaks for them now.

use crate::authority::Authority;
use crate::id::{PersonId, Serial};
use pki::Certificate;
use records::code::Code;

impl Authority {
    /// Who a certificate key speaks for, if it is a credential that holds at `now`.
    pub fn credential_holder(&self, certificate: &Certificate, now: u64) -> Result<String, Code> {
        let key = certificate.key().sha256();
        let (person, serial) = self.named_credential(certificate, &key)?;
        if !self.is_issued_by_us(certificate) {
            return Err(Code::ApproverUnknown);
        }
        self.credential_holds(certificate, person, serial, now)?;
        Ok(person.to_string())
    }

    /// The credential that a certificate names: its key, its person, this very certificate.
    pub(crate) fn named_credential(
        &self,
        certificate: &Certificate,
        key_sha256: &[u8; 32],
    ) -> Result<(PersonId, Serial), Code> {
        let credential = self.credentials.get(key_sha256).ok_or(Code::ApproverUnknown)?;
        let serial = credential.serial.ok_or(Code::ApproverUnknown)?;
        let person = certificate.subject().person();
        let named = person == Some(credential.person.as_str())
            && certificate.serial().bytes() == serial.bytes();
        if named { Ok((credential.person, serial)) } else { Err(Code::ApproverUnknown) }
    }

    pub(crate) fn credential_holds(
        &self,
        certificate: &Certificate,
        person: PersonId,
        serial: Serial,
        now: u64,
    ) -> Result<(), Code> {
        if now > certificate.not_after() || now < certificate.not_before() {
            return Err(Code::ApproverExpired);
        }
        if self.suspended_entry(&serial).is_some() {
            return Err(Code::CertificateSuspended);
        }
        if self.revoked_entry(&serial).is_some() || self.has_left(&person) {
            return Err(Code::ApproverRevoked);
        }
        Ok(())
    }

    /// The person whose certificate this is, if it is ours, in time and not revoked. Whoever they
    /// are, it gives no right by itself.
    pub fn holder(&self, certificate: &Certificate, now: u64) -> Result<String, Code> {
        let person = certificate.subject().person().filter(|_| self.is_issued_by_us(certificate));
        let person = person.filter(|person| self.person(person).is_some());
        let person = person.ok_or(Code::CertificateForeign)?;
        if now > certificate.not_after() || now < certificate.not_before() {
            return Err(Code::CertificateExpired);
        }
        if self.suspended_as(&certificate.serial().to_string()).is_some() {
            return Err(Code::CertificateSuspended);
        }
        if self.is_revoked(&certificate.serial().to_string()) || self.has_left(person) {
            return Err(Code::CertificateRevoked);
        }
        Ok(person.to_owned())
    }

    /// Whether the issuing key signed this certificate.
    pub fn is_issued_by_us(&self, certificate: &Certificate) -> bool {
        self.signatures.is_issued(certificate, &self.fixed.issuing)
    }
}
