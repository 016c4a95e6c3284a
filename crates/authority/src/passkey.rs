//! Passkeys: certified by order, bound to a certificate, counted.

use crate::authority::Authority;
use crate::state::{Contents, PasskeyContents};
use pki::Certificate;
use records::approval::{Approval, SignedStatement};
use records::bytes::Bytes;
use records::code::Code;
use records::order::{Body, CredentialBody};
use records::passkey::{Passkey, host_of};
use std::sync::Arc;

impl Authority {
    /// The passkeys that are certified for this person and did not end with their portal.
    pub fn passkeys_of(&self, person: &str) -> impl Iterator<Item = &Passkey> {
        let own = self.passkeys.values().map(|passkey| &**passkey);
        own.filter(move |passkey| passkey.person == person && self.is_served(passkey))
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
        let staff = self.portals.values().any(|p| p.open && p.staff_host == statement.rp_id)
            && !self.is_host_closing(&statement.rp_id);
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
        let passkey = Passkey { person, statement, counter, order: order.clone(), ended: false };
        self.passkeys.insert(name, Arc::new(passkey));
        Ok(())
    }

    /// Whether the portal stands at which a passkey was made, pending closings counted. Whoever
    /// holds a portal chooses which key an officer asks for there: it ends with the portal, for
    /// good, also where another one has the same host later.
    fn is_served(&self, passkey: &Passkey) -> bool {
        !passkey.ended && !self.is_host_closing(&passkey.statement.rp_id)
    }

    /// Whether a portal with this staff host is being closed.
    fn is_host_closing(&self, host: &str) -> bool {
        let mut closing = self.pending.portals.iter().filter_map(|id| self.portal(id));
        closing.any(|portal| portal.staff_host == host)
    }

    /// Ends every passkey that was made under a staff host, those counted whose orders are open:
    /// such an order certifies nothing more.
    pub(crate) fn end_passkeys(&mut self, host: &str) {
        let certified = self.passkeys.iter().filter(|(_, one)| one.statement.rp_id == host);
        let certified: Vec<Arc<[u8]>> = certified.map(|(name, _)| name.clone()).collect();
        for name in certified {
            if let Some(passkey) = self.passkeys.get_mut(&*name) {
                Arc::make_mut(passkey).ended = true;
            }
        }
        let asked = self.orders.iter().filter_map(|(digest, open)| {
            let Body::Credential(body) = &*open.body else { return None };
            let Contents::Passkey(Ok(read)) = &open.contents else { return None };
            let statement = Some(&read.statement).filter(|made| made.rp_id == host)?.clone();
            let (person, counter) = (body.person.clone(), statement.counter);
            Some(Passkey { person, statement, counter, order: (*digest).into(), ended: true })
        });
        for passkey in asked.collect::<Vec<_>>() {
            let name: Arc<[u8]> = passkey.statement.credential.0.as_slice().into();
            self.passkeys.entry(name).or_insert_with(|| Arc::new(passkey));
        }
    }

    /// Whether the passkey by which something was said, if it was one, did not end meanwhile.
    pub(crate) fn passkey_stands(&self, said: &SignedStatement<'_>) -> Result<(), Code> {
        let Some(assertion) = said.assertion else { return Ok(()) };
        let passkey = self.passkey(&assertion.credential).ok_or(Code::PasskeyUnknown)?;
        if self.is_served(passkey) { Ok(()) } else { Err(Code::PasskeyUnknown) }
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
        self.passkey_stands(said)?;
        Ok(person)
    }

    /// Whether a passkey that was certified beside this certificate, for its holder, was touched
    /// for what is said; whether it ended since, is another question.
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
