//! Passkeys: certified by order, bound to a certificate, counted.

use crate::authority::Authority;
use crate::state::PasskeyContents;
use pki::Certificate;
use records::approval::{Approval, SignedStatement};
use records::bytes::Bytes;
use records::code::Code;
use records::order::CredentialBody;
use records::passkey::{Passkey, host_of};
use std::sync::Arc;

impl Authority {
    /// The passkeys that are certified for this person.
    pub fn passkeys_of(&self, person: &str) -> impl Iterator<Item = &Passkey> {
        self.passkeys.values().map(|passkey| &**passkey).filter(move |p| p.person == person)
    }

    /// A passkey by its credential id.
    pub fn passkey(&self, credential: &Bytes) -> Option<&Passkey> {
        self.passkeys.get(credential.0.as_slice()).map(|passkey| &**passkey)
    }

    /// The statement of a credential order, signed by the officer's own certificate key.
    pub(crate) fn credential_fits(
        &self,
        body: &CredentialBody,
        read: &PasskeyContents,
    ) -> Result<(), Code> {
        let PasskeyContents { certificate, statement, signed, readable } = read;
        let own = self.credential(&certificate.key().sha256()).filter(|own| {
            let serial = own.serial.is_some_and(|s| s.bytes() == certificate.serial().bytes());
            own.person == body.person && serial
        });
        if !signed || own.is_none() {
            return Err(Code::ApprovalSignature);
        }
        if self.is_revoked(&certificate.serial().to_string()) || self.has_left(&body.person) {
            return Err(Code::ApproverRevoked);
        }
        let staff = self.portals.values().any(|p| p.open && p.staff_host == statement.rp_id);
        let known = self.passkey(&statement.credential).is_some();
        let fits = statement.v == 1
            && statement.founding.0 == self.fixed.digest
            && statement.certificate.0 == certificate.sha256()
            && host_of(&statement.origin) == Some(&statement.rp_id)
            && *readable
            && staff;
        match () {
            () if !fits => Err(Code::PasskeyRefused),
            () if known => Err(Code::StateConflict),
            () if statement.may_be_copied() && !self.fixed.founding.city.sample => {
                Err(Code::PasskeySoftware)
            }
            () => Ok(()),
        }
    }

    pub(crate) fn enact_credential(
        &mut self,
        body: &CredentialBody,
        read: &PasskeyContents,
        order: &Bytes,
    ) -> Result<(), Code> {
        self.credential_fits(body, read)?;
        let statement = read.statement.clone();
        let name: Arc<[u8]> = statement.credential.0.as_slice().into();
        let (person, counter) = (body.person.clone(), statement.counter);
        let passkey = Passkey { person, statement, counter, order: order.clone() };
        self.passkeys.insert(name, Arc::new(passkey));
        Ok(())
    }

    /// Who gave an approval: by certificate key, or by a passkey that was certified for the holder
    /// of that certificate and has not died with it.
    pub fn approver_of(&self, approval: &Approval, now: u64) -> Result<String, Code> {
        match approval.is_sound() {
            true => self.said_by(&approval.signed_statement(), now),
            false => Err(Code::ApprovalSignature),
        }
    }

    /// Who said something.
    pub(crate) fn said_by(&self, said: &SignedStatement<'_>, now: u64) -> Result<String, Code> {
        let Some(_) = said.assertion else {
            let certificate = self.signatures.signer(said).ok_or(Code::ApprovalSignature)?;
            return self.credential_holder(&certificate, now);
        };
        let certificate = self.signatures.certificate(&said.certificate.0);
        let certificate = certificate.ok_or(Code::ApprovalSignature)?;
        let person = self.credential_holder(&certificate, now)?;
        self.check_assertion(said, &certificate)?;
        Ok(person)
    }

    /// Whether a passkey that was certified beside this certificate, for its holder, was touched
    /// for what is said.
    pub(crate) fn check_assertion(
        &self,
        said: &SignedStatement<'_>,
        certificate: &Certificate,
    ) -> Result<(), Code> {
        if said.v != 1 || said.method != "passkey" {
            return Err(Code::ApprovalSignature);
        }
        let name = said.assertion.map(|assertion| &assertion.credential);
        let passkey = name.and_then(|name| self.passkey(name)).ok_or(Code::PasskeyUnknown)?;
        let person = certificate.subject().person();
        let own = person == Some(passkey.person.as_str())
            && passkey.statement.certificate.0 == certificate.sha256();
        match own {
            true => self.counter_of(passkey, said).map(|_| ()).ok_or(Code::PasskeyRefused),
            false => Err(Code::PasskeyUnknown),
        }
    }

    /// The counter in what a passkey's authenticator said, if it said that.
    fn counter_of(&self, passkey: &Passkey, said: &SignedStatement<'_>) -> Option<u32> {
        let verify = |key: &pki::PublicKey, message: &[u8], signature: &[u8]| {
            self.signatures.verify_plain(key, message, signature)
        };
        let (assertion, challenge) = (said.assertion?, said.challenge());
        passkey.statement.verify_with(assertion, &challenge, &said.signature.0, verify).ok()
    }

    /// Whether a passkey counts on from what was seen of it, recorded or in the tree.
    pub(crate) fn counts_on(&self, said: &SignedStatement<'_>) -> Result<(), Code> {
        let Some((passkey, counter)) = self.counted(said) else { return Ok(()) };
        let name = passkey.statement.credential.0.as_slice();
        let pending = self.pending.counters.get(name).copied().unwrap_or(0);
        let passes =
            passkey.follows(counter) && (counter > pending || (counter, pending) == (0, 0));
        if passes { Ok(()) } else { Err(Code::PasskeyCounter) }
    }

    /// Remembers a counter that is recorded and not yet in the tree.
    pub(crate) fn notice_counter(&mut self, said: &SignedStatement<'_>) {
        let Some((passkey, counter)) = self.counted(said) else { return };
        let name: Arc<[u8]> = passkey.statement.credential.0.as_slice().into();
        let seen = self.pending.counters.entry(name).or_insert(0);
        *seen = counter.max(*seen);
    }

    /// Remembers a counter.
    pub(crate) fn count(&mut self, said: &SignedStatement<'_>) {
        let Some((_, counter)) = self.counted(said) else { return };
        let Some(assertion) = said.assertion else { return };
        if let Some(passkey) = self.passkeys.get_mut(assertion.credential.0.as_slice()) {
            let passkey = Arc::make_mut(passkey);
            // What was said earlier may be recorded later.
            passkey.counter = passkey.counter.max(counter);
        }
    }

    fn counted(&self, said: &SignedStatement<'_>) -> Option<(&Passkey, u32)> {
        let passkey = self.passkey(&said.assertion?.credential)?;
        Some((passkey, self.counter_of(passkey, said)?))
    }
}
