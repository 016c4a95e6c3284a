//! Passkeys: certified by order, bound to a certificate, counted.

use super::Authority;
use pki::Certificate;
use records::approval::{Approval, SignedStatement};
use records::bytes::Bytes;
use records::code::Code;
use records::json;
use records::label::Label;
use records::order::CredentialBody;
use records::passkey::{Passkey, PasskeyStatement, host_of, key};

impl Authority {
    /// Passkeys of a person.
    pub fn passkeys_of(&self, person: &str) -> impl Iterator<Item = &Passkey> {
        self.passkeys.values().filter(move |passkey| passkey.person == person)
    }

    /// A passkey by its credential id.
    pub fn passkey(&self, credential: &Bytes) -> Option<&Passkey> {
        self.passkeys.get(&credential.to_string())
    }

    /// The statement of a credential order, signed by the officer's own certificate key.
    pub(super) fn credential_fits(&self, body: &CredentialBody) -> Result<PasskeyStatement, Code> {
        let certificate =
            Certificate::read(&body.certificate.0).map_err(|_| Code::ApproverUnknown)?;
        let statement: PasskeyStatement =
            json::read(&body.statement.0).map_err(|_| Code::Malformed)?;
        let signed = Label::Passkey.verify(certificate.key(), &body.statement.0, &body.signature.0);
        let own = self.credential(&certificate.key().sha256());
        let serial = certificate.serial().to_string();
        let own =
            own.filter(|own| own.person == body.person && own.serial.as_ref() == Some(&serial));
        if !signed || own.is_none() || !self.is_issued_by_us(&certificate) {
            return Err(Code::ApprovalSignature);
        }
        if self.is_revoked(&serial) || self.has_left(&body.person) {
            return Err(Code::ApproverRevoked);
        }
        let staff = self.portals.values().any(|p| p.open && p.staff_host == statement.rp_id);
        let known = self.passkeys.contains_key(&statement.credential.to_string());
        let fits = statement.v == 1
            && statement.founding == self.founding_digest
            && statement.certificate.0 == certificate.sha256()
            && host_of(&statement.origin) == Some(&statement.rp_id)
            && key(&statement.key.0).is_some()
            && staff;
        match () {
            () if !fits => Err(Code::PasskeyRefused),
            () if known => Err(Code::StateConflict),
            () if statement.may_be_copied() && !self.founding.city.sample => {
                Err(Code::PasskeySoftware)
            }
            () => Ok(statement),
        }
    }

    pub(super) fn enact_credential(
        &mut self,
        body: &CredentialBody,
        order: &Bytes,
    ) -> Result<(), Code> {
        let statement = self.credential_fits(body)?;
        let name = statement.credential.to_string();
        let (person, counter) = (body.person.clone(), statement.counter);
        let passkey = Passkey { person, statement, counter, order: order.clone() };
        self.passkeys.insert(name, passkey);
        Ok(())
    }

    /// Who gave an approval: by certificate key, or by a passkey that was certified for the holder of that
    /// certificate and has not died with it.
    pub fn approver_of(&self, approval: &Approval, now: u64) -> Result<String, Code> {
        match approval.order.0.len() {
            32 => self.said_by(&approval.signed_statement(), now),
            _ => Err(Code::ApprovalSignature),
        }
    }

    /// Who said something.
    pub(super) fn said_by(&self, said: &SignedStatement<'_>, now: u64) -> Result<String, Code> {
        let Some(assertion) = said.assertion else {
            let certificate = said.signer().ok_or(Code::ApprovalSignature)?;
            return self.credential_holder(&certificate, now);
        };
        let certificate = Certificate::read(&said.certificate.0).ok();
        let certificate = certificate.ok_or(Code::ApprovalSignature)?;
        if said.v != 1 || said.method != "passkey" {
            return Err(Code::ApprovalSignature);
        }
        let person = self.credential_holder(&certificate, now)?;
        let passkey = self.passkey(&assertion.credential).ok_or(Code::PasskeyUnknown)?;
        let own =
            passkey.person == person && passkey.statement.certificate.0 == certificate.sha256();
        if !own {
            return Err(Code::PasskeyUnknown);
        }
        passkey
            .statement
            .verify(assertion, &said.challenge(), &said.signature.0)
            .map_err(|_| Code::PasskeyRefused)?;
        Ok(person)
    }

    /// Whether a passkey counts on from what was seen of it, recorded or in the tree.
    pub(super) fn counts_on(&self, said: &SignedStatement<'_>) -> Result<(), Code> {
        let Some((passkey, counter)) = self.counted(said) else { return Ok(()) };
        let name = passkey.statement.credential.to_string();
        let pending = self.pending.counters.get(&name).copied().unwrap_or(0);
        let passes =
            passkey.follows(counter) && (counter > pending || (counter, pending) == (0, 0));
        if passes { Ok(()) } else { Err(Code::PasskeyCounter) }
    }

    /// Remembers a counter that is recorded and not yet in the tree.
    pub(super) fn notice_counter(&mut self, said: &SignedStatement<'_>) {
        let Some((passkey, counter)) = self.counted(said) else { return };
        let name = passkey.statement.credential.to_string();
        let seen = self.pending.counters.entry(name).or_insert(0);
        *seen = counter.max(*seen);
    }

    /// Remembers a counter.
    pub(super) fn count(&mut self, said: &SignedStatement<'_>) {
        let Some((_, counter)) = self.counted(said) else { return };
        let Some(assertion) = said.assertion else { return };
        if let Some(passkey) = self.passkeys.get_mut(&assertion.credential.to_string()) {
            passkey.counter = counter;
        }
    }

    fn counted(&self, said: &SignedStatement<'_>) -> Option<(&Passkey, u32)> {
        let assertion = said.assertion?;
        let passkey = self.passkey(&assertion.credential)?;
        let verified = passkey.statement.verify(assertion, &said.challenge(), &said.signature.0);
        Some((passkey, verified.ok()?))
    }
}
