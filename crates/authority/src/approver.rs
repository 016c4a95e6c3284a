//! Approvers: whose signature counts, for which orders, and never for themselves.

use crate::authority::Authority;
use crate::id::{PersonId, Serial};
use crate::state::{GivenApproval, OpenOrder};
use pki::Certificate;
use records::code::Code;
use records::order::{Body, UnitAction};
use records::rules::{ApprovalRule, Role, Scope};

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
    fn named_credential(
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

    fn credential_holds(
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

    /// Whether a person's roles count for an order, and it is not their own; nor did they suspend
    /// what it releases.
    pub fn may_approve(&self, person: &str, body: &Body) -> Result<(), Code> {
        if body.person() == Some(person) || body.suspender() == Some(person) {
            return Err(Code::ApproverSelf);
        }
        if let Body::Batch(batch) = body {
            return self.may_decide_all(person, batch);
        }
        self.rules_for(body)?.iter().try_for_each(|rule| self.satisfies_rule(person, rule, body))
    }

    /// Whether a person holds any role that some rule lets approve.
    pub fn is_approver(&self, person: &str) -> bool {
        let counts =
            |role: &Role| self.rules.approvals.kind.values().any(|r| r.roles.contains(role));
        self.person(person).is_some_and(|state| {
            state.roles.iter().any(|(role, scope)| counts(role) && self.holds(person, *role, scope))
        })
    }

    /// Who gave an approval that was taken, if it counts for the order now.
    pub(crate) fn still_counts(
        &self,
        open: &OpenOrder,
        given: &GivenApproval,
        now: u64,
    ) -> Result<PersonId, Code> {
        let certificate = &given.certificate;
        let (person, serial) = self.named_credential(certificate, &given.key_sha256)?;
        self.credential_holds(certificate, person, serial, now)?;
        self.may_decide(&person, &open.read, &open.body)?;
        Ok(person)
    }

    /// Whether the person holds one of the rule's roles over everything the order concerns.
    fn satisfies_rule(&self, person: &str, rule: &ApprovalRule, body: &Body) -> Result<(), Code> {
        let held: Vec<&(Role, String)> = self
            .person(person)
            .into_iter()
            .flat_map(|p| p.roles.iter())
            .filter(|(role, scope)| rule.roles.contains(role) && self.holds(person, *role, scope))
            .collect();
        if held.is_empty() {
            let had = self.pending.withdrawn.iter().any(|(who, _, _)| **who == *person);
            return Err(if had { Code::ApproverRevoked } else { Code::ApproverRole });
        }
        let places = match rule.scope {
            Scope::City => vec![self.city_unit()],
            Scope::Unit => self.places(body),
        };
        let covered = |place: &&str| {
            let above = self.above(place);
            held.iter().any(|(_, scope)| above.contains(&scope.as_str()))
        };
        if places.iter().all(covered) { Ok(()) } else { Err(Code::ApproverScope) }
    }

    /// Every unit that the order concerns.
    fn places<'a>(&'a self, body: &'a Body) -> Vec<&'a str> {
        let mut places: Vec<&str> = match body {
            Body::Issue(issue) => issue.subject.ou.last().map(String::as_str).into_iter().collect(),
            Body::Unit(unit) => match unit.action {
                UnitAction::Create => vec![&unit.parent],
                UnitAction::Move | UnitAction::Close => vec![&unit.parent, &unit.unit],
            },
            Body::Person(person) => vec![&person.unit],
            Body::Role(role) => vec![&role.scope],
            Body::Revoke(_) | Body::Release(_) | Body::Batch(_) => Vec::new(),
            Body::Profile(_)
            | Body::ApprovalRules(_)
            | Body::Portal(_)
            | Body::Agent(_)
            | Body::Credential(_)
            | Body::Bundle(_) => vec![self.city_unit()],
        };
        let own = body.person().and_then(|person| self.person(person));
        places.extend(own.map(|person| person.unit.as_str()));
        places
    }

    /// The rule of the kind, and the profile's own if it asks for more.
    pub(crate) fn rules_for(&self, body: &Body) -> Result<Vec<ApprovalRule>, Code> {
        if let Body::Batch(batch) = body {
            return self.rules_for_all(batch);
        }
        let rule = self.rules.approvals.rule(body.kind()).ok_or(Code::UnknownKind)?;
        let Body::Issue(issue) = body else { return Ok(vec![rule.clone()]) };
        let asked = self.profile_of(&issue.profile.id)?.profile.approvals();
        let more = asked.map(|asked| ApprovalRule {
            roles: asked.roles.iter().filter_map(|name| Role::from_name(name)).collect(),
            scope: rule.scope,
            count: asked.count,
            outside_browser: asked.outside_browser,
            sample: 0,
        });
        // A profile may ask for more: the rule of the kind holds beside its own.
        Ok([rule.clone()].into_iter().chain(more).collect())
    }
}
