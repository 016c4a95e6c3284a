//! Standing authorizations: a machine renews its certificate with the key that it has, within a
//! quota.

use crate::authority::Authority;
use crate::id::digest_of;
use crate::id::{Serial, Sha256Value};
use crate::state::{OpenIntent, Standing};
use pki::PublicKey;
use records::bytes::Bytes;
use records::code::Code;
use records::join::{Renew, use_message};
use records::label::Label;
use records::record::{Event, Record};
use sha2::{Digest, Sha256};
use std::sync::Arc;

impl Authority {
    /// A use of a standing authorization; the new key may ask next, and speaks for its service.
    pub(crate) fn add_use(&mut self, record: &Record, now: u64) -> Result<(), Code> {
        let asked = asked_in(&record.event).ok_or(Code::Malformed)?;
        let Event::Used {
            authorization, challenge, request, signature, serial, tbs_sha256, ..
        } = &record.event
        else {
            return Err(Code::Malformed);
        };
        let serial = Serial::read(serial).ok_or(Code::Malformed)?;
        let tbs_sha256 = digest_of(tbs_sha256)?;
        self.is_new(&serial)?;
        let key = self.check_use(&asked, now)?.sha256();
        let Some(standing) = self.standing.get_mut(authorization.as_str()) else {
            return Err(Code::UseSignature);
        };
        let standing = Arc::make_mut(standing);
        standing.used += 1;
        standing.key_sha256 = Bytes::from(key);
        standing.challenges.insert(challenge.clone());
        standing.last = signature.clone();
        let (service, process) = (standing.given.service.clone(), standing.given.process.clone());
        let subject = standing.subject();
        self.promise(serial, request, tbs_sha256, key);
        self.add_machine(serial, subject, key);
        self.add_service_key(&service, &process, key);
        Ok(())
    }

    /// The intent of a service's certificate.
    pub(crate) fn promise(
        &mut self,
        serial: Serial,
        request: &Bytes,
        tbs_sha256: Sha256Value,
        key_sha256: Sha256Value,
    ) {
        let under: Sha256Value = Sha256::digest(&request.0).into();
        self.promised.insert(under, serial);
        self.intents.insert(serial, Arc::new(OpenIntent { under, tbs_sha256, key_sha256 }));
    }

    fn add_service_key(&mut self, service: &str, process: &str, key: Sha256Value) {
        if process == "agent"
            && let Some(agent) = self.agents.get_mut(service)
        {
            Arc::make_mut(agent).keys.insert(key.into());
            self.own_key(key, service, "agent");
        }
        let Some(portal) = self.portals.get_mut(service).map(Arc::make_mut) else { return };
        match process {
            "portal-public" => {
                portal.public_keys.insert(key.into());
                self.own_key(key, service, "portal-public");
            }
            "portal-staff" => {
                portal.staff_keys.insert(key.into());
                self.own_key(key, service, "portal-staff");
            }
            "portal-machines" => {
                portal.machines_keys.insert(key.into());
                self.own_key(key, service, "portal-machines");
            }
            _ => {}
        }
    }

    /// Whether a use of an authorization is recorded and not yet in the tree.
    pub fn is_being_used(&self, authorization: &str) -> bool {
        self.pending.used.contains(authorization)
    }

    /// A use that is on its way: what the key that may ask did not sign keeps it from no other.
    pub(crate) fn notice_use(&mut self, event: &Event, now: u64) {
        let Event::Used { serial, .. } = event else { return };
        let Some(asked) = asked_in(event) else { return };
        if self.check_use(&asked, now).is_err() {
            return;
        }
        let Some(subject) = self.standing(&asked.authorization).map(Standing::subject) else {
            return;
        };
        self.pending.used.insert(asked.authorization.as_str().into());
        self.notice_promise(&subject, &asked.request, serial);
    }

    /// What a service may renew ends with it.
    pub(crate) fn end_standing(&mut self, service: &str) {
        let theirs = |(id, standing): (&Arc<str>, &Arc<Standing>)| {
            (standing.given.service == service).then(|| id.clone())
        };
        let ended: Vec<Arc<str>> = self.standing.iter().filter_map(theirs).collect();
        for id in ended {
            self.standing.remove(&id);
        }
    }

    /// Whether a use is signed by the key that may ask, within quota and time; gives the new key.
    pub fn check_use(&self, asked: &Renew, now: u64) -> Result<PublicKey, Code> {
        let standing = self.standing(&asked.authorization).ok_or(Code::UseSignature)?;
        let key = PublicKey::read(&asked.asked_by.0).map_err(|_| Code::KeyUnknown)?;
        if standing.challenges.contains(&asked.challenge) {
            return Err(Code::ChallengeUsed);
        }
        let wanted = self.signatures.request(&asked.request.0).ok_or(Code::RequestMalformed)?;
        if asked.challenge.0.len() != 16 {
            return Err(Code::Malformed);
        }
        let message = use_message(&standing.under.0, &asked.challenge.0, &asked.request.0);
        let known = key.sha256().as_slice() == standing.key_sha256.0;
        let signed = || self.signatures.verify(Label::Use, &key, &message, &asked.signature.0);
        let service = standing.given.service.as_str();
        let ends = self.pending.portals.contains(service) || self.pending.agents.contains(service);
        if !known || ends || now > standing.expires || !signed() {
            return Err(Code::UseSignature);
        }
        if standing.used >= standing.given.quota {
            return Err(Code::QuotaUsed);
        }
        Ok(wanted.key().clone())
    }
}

/// What was asked for where a record tells of a use.
fn asked_in(event: &Event) -> Option<Renew> {
    let Event::Used { authorization, challenge, request, asked_by, signature, .. } = event else {
        return None;
    };
    Some(Renew {
        authorization: authorization.clone(),
        challenge: challenge.clone(),
        request: request.clone(),
        asked_by: asked_by.clone(),
        signature: signature.clone(),
    })
}
