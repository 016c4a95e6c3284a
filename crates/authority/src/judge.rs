//! Judging: may this order be carried out now, with these approvals?

use super::{Authority, key};
use pki::PublicKey;
use pki::crl::RevocationReason;
use pki::profile::{CertificateProfile, Holder};
use records::approval::Approval;
use records::bytes::Bytes;
use records::code::Code;
use records::order::{
    Body, IssueBody, Order, PersonAction, PersonBody, PortalBody, RevokeBody, RoleAction, RoleBody,
    UnitAction, UnitBody,
};
use records::record::approval_id;
use records::rules::{ApprovalRule, Role, Scope};
use std::collections::{BTreeMap, BTreeSet};

/// An order that may be carried out; only [`Authority::judge`] makes it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The order.
    pub order: Order,
    /// Its body.
    pub body: Body,
    /// The approvals that count.
    pub approvals: Vec<Bytes>,
    /// Who gave them.
    pub approvers: Vec<String>,
}

impl Authority {
    /// Judges an open order at `now` (unix). With `approvals` only these count, and all of them
    /// must; without, every stored approval that still holds counts.
    pub fn judge(
        &self,
        digest: &str,
        approvals: Option<&[Bytes]>,
        now: u64,
    ) -> Result<Judged, Code> {
        let (order, body) = self.open(digest, now)?;
        self.fits(&body)?;
        let stored = self.stored(digest);
        let rules = self.rules_for(&body)?;
        let mut approvers = BTreeSet::new();
        let mut counted = Vec::new();
        for (id, approval) in stored {
            if approvals.is_some_and(|named| !named.contains(id)) {
                continue;
            }
            match self.approver(&body, approval, now) {
                Ok(person) if approvers.insert(person.clone()) => {
                    counted.push((id.clone(), approval))
                }
                Ok(_) if approvals.is_some() => return Err(Code::ApproverTwice),
                Err(code) if approvals.is_some() => return Err(code),
                _ => {}
            }
        }
        if approvals.is_some_and(|named| named.len() != counted.len()) {
            return Err(Code::ApprovalsMissing);
        }
        let outside = counted.iter().filter(|(_, approval)| approval.outside_browser()).count();
        for rule in &rules {
            let enough = counted.len() >= usize::from(rule.count);
            if !enough || outside < usize::from(rule.outside_browser) {
                return Err(Code::ApprovalsMissing);
            }
        }
        Ok(Judged {
            order,
            body,
            approvals: counted.into_iter().map(|(id, _)| id).collect(),
            approvers: approvers.into_iter().collect(),
        })
    }

    /// The order and its body, if it can still be approved or carried out.
    pub fn open(&self, digest: &str, now: u64) -> Result<(Order, Body), Code> {
        if let Some(code) = self.pending.orders.get(digest) {
            return Err(*code);
        }
        let Some(open) = self.entry(digest) else {
            let closed = self.closed_orders.get(digest);
            return Err(closed.map_or(Code::OrderUnknown, |(_, code)| *code));
        };
        if now > open.expires {
            return Err(Code::OrderExpired);
        }
        let order = Order::read(&open.order.0).map_err(|_| Code::Malformed)?;
        let body = order.body().map_err(|_| Code::UnknownKind)?;
        Ok((order, body))
    }

    /// Checks one approval against its order: signature, credential, role, scope, not for oneself,
    /// not twice. Gives the approver's person id.
    pub fn check_approval(&self, approval: &Approval, now: u64) -> Result<String, Code> {
        let digest = key(&approval.order);
        let (_, body) = self.open(&digest, now)?;
        let person = self.approver(&body, approval, now)?;
        self.fits(&body)?;
        let given = self.given(&digest, &body, now);
        if given.contains_key(&person) {
            return Err(Code::ApproverTwice);
        }
        if !approval.outside_browser() && !self.has_room(&body, &given)? {
            return Err(Code::OutsideNeeded);
        }
        self.counts_on(&approval.signed_statement())?;
        Ok(person)
    }

    /// Whose approvals of an open order hold, and whether each came from outside a browser.
    pub fn given(&self, digest: &str, body: &Body, now: u64) -> BTreeMap<String, bool> {
        let stored = self.stored(digest).iter().map(|(_, approval)| approval);
        let mut given = BTreeMap::new();
        for approval in stored.chain(self.pending.given_to(digest)) {
            if let Ok(person) = self.approver(body, approval, now) {
                *given.entry(person).or_default() |= approval.outside_browser();
            }
        }
        given
    }

    /// Whether one more approval from a browser still leaves those that must come from outside it.
    pub fn has_room(&self, body: &Body, given: &BTreeMap<String, bool>) -> Result<bool, Code> {
        let browser = given.values().filter(|outside| !**outside).count();
        let most = |rule: &ApprovalRule| rule.count.saturating_sub(rule.outside_browser);
        Ok(self.rules_for(body)?.iter().all(|rule| browser < usize::from(most(rule))))
    }

    /// An order that is open in the tree, or a brake that is only recorded.
    pub(super) fn entry(&self, digest: &str) -> Option<&super::OpenOrder> {
        self.pending.open.get(digest).or_else(|| self.orders.get(digest))
    }

    fn stored(&self, digest: &str) -> &[(Bytes, Approval)] {
        self.entry(digest).map_or(&[], |open| open.approvals.as_slice())
    }

    /// Approvals of an open order that count no longer, each with the reason.
    pub fn lapsed(&self, digest: &str, now: u64) -> Vec<(String, Code)> {
        let Ok((_, body)) = self.open(digest, now) else { return Vec::new() };
        let who = |approval: &Approval| {
            approval.certificate().and_then(|c| c.subject().person()).unwrap_or_default()
        };
        self.stored(digest)
            .iter()
            .filter_map(|(_, approval)| {
                self.approver(&body, approval, now).err().map(|code| (who(approval), code))
            })
            .collect()
    }

    pub(super) fn add_approval(&mut self, approval: &Approval, now: u64) -> Result<(), Code> {
        self.approver_of(approval, now)?;
        self.counts_on(&approval.signed_statement())?;
        self.count(&approval.signed_statement());
        let id = approval_id(approval).map_err(|_| Code::Malformed)?;
        let open = self.orders.get_mut(&key(&approval.order)).ok_or(Code::OrderUnknown)?;
        if open.approvals.iter().all(|(known, _)| *known != id) {
            open.approvals.push((id, approval.clone()));
        }
        Ok(())
    }

    /// Who a certificate key speaks for, if it is a credential that holds at `now`.
    pub fn credential_holder(
        &self,
        certificate: &pki::Certificate,
        now: u64,
    ) -> Result<String, Code> {
        let issuing =
            PublicKey::read(&self.founding.keys.issuing.0).map_err(|_| Code::UnsignedAuthority)?;
        let key = certificate.key().sha256();
        let credential = self.credential(&key).ok_or(Code::ApproverUnknown)?;
        let person = credential.person.as_str();
        let serial = certificate.serial().to_string();
        let named = certificate.subject().person().as_deref() == Some(person)
            && credential.serial.as_ref() == Some(&serial);
        if !named || !certificate.is_signed_by(&issuing) {
            return Err(Code::ApproverUnknown);
        }
        if now > certificate.not_after() || now < certificate.not_before() {
            return Err(Code::ApproverExpired);
        }
        if self.is_revoked(&serial) || self.has_left(person) {
            return Err(Code::ApproverRevoked);
        }
        Ok(person.to_owned())
    }

    /// The person whose certificate this is, if it is ours, in time and not revoked. Whoever they are, it
    /// gives no right by itself.
    pub fn holder(&self, certificate: &pki::Certificate, now: u64) -> Result<String, Code> {
        let person = certificate.subject().person().filter(|_| self.is_issued_by_us(certificate));
        let person = person.filter(|person| self.people.contains_key(person));
        let person = person.ok_or(Code::CertificateForeign)?;
        if now > certificate.not_after() || now < certificate.not_before() {
            return Err(Code::CertificateExpired);
        }
        if self.is_revoked(&certificate.serial().to_string()) || self.has_left(&person) {
            return Err(Code::CertificateRevoked);
        }
        Ok(person)
    }

    /// Whether the issuing key signed this certificate.
    pub fn is_issued_by_us(&self, certificate: &pki::Certificate) -> bool {
        PublicKey::read(&self.founding.keys.issuing.0)
            .is_ok_and(|issuing| certificate.is_signed_by(&issuing))
    }

    /// Whether a person's roles count for an order, and it is not their own.
    pub fn may_approve(&self, person: &str, body: &Body) -> Result<(), Code> {
        if body.person() == Some(person) {
            return Err(Code::ApproverSelf);
        }
        self.rules_for(body)?.iter().try_for_each(|rule| self.counts(person, rule, body))
    }

    /// Whether a person holds any role that some rule lets approve.
    pub fn is_approver(&self, person: &str) -> bool {
        let counts =
            |role: &Role| self.approval_rules.kind.values().any(|r| r.roles.contains(role));
        self.people.get(person).is_some_and(|state| {
            state.roles.iter().any(|(role, scope)| counts(role) && self.holds(person, *role, scope))
        })
    }

    /// How many approvals an order needs.
    pub fn needed(&self, body: &Body) -> u32 {
        let rules = self.rules_for(body).unwrap_or_default();
        rules.iter().map(|rule| u32::from(rule.count)).max().unwrap_or(u32::MAX)
    }

    fn approver(&self, body: &Body, approval: &Approval, now: u64) -> Result<String, Code> {
        let person = self.approver_of(approval, now)?;
        self.may_approve(&person, body)?;
        Ok(person)
    }

    /// Whether the person holds one of the rule's roles over everything the order concerns.
    fn counts(&self, person: &str, rule: &ApprovalRule, body: &Body) -> Result<(), Code> {
        let held: Vec<&(Role, String)> = self
            .people
            .get(person)
            .into_iter()
            .flat_map(|p| p.roles.iter())
            .filter(|(role, scope)| rule.roles.contains(role) && self.holds(person, *role, scope))
            .collect();
        if held.is_empty() {
            let had = self.pending.withdrawn.iter().any(|(who, _, _)| who == person);
            return Err(if had { Code::ApproverRevoked } else { Code::ApproverRole });
        }
        let places = match rule.scope {
            Scope::City => vec![self.city_unit().to_owned()],
            Scope::Unit => self.places(body),
        };
        let covered = |place: &String| {
            let above = self.above(place);
            held.iter().any(|(_, scope)| above.contains(&scope.as_str()))
        };
        if places.iter().all(covered) { Ok(()) } else { Err(Code::ApproverScope) }
    }

    /// Every unit that the order concerns.
    fn places(&self, body: &Body) -> Vec<String> {
        let unit_of = |person: &str| self.people.get(person).map(|p| p.unit.clone());
        let mut places: Vec<String> = match body {
            Body::Issue(issue) => issue.subject.ou.last().cloned().into_iter().collect(),
            Body::Unit(unit) => match unit.action {
                UnitAction::Create => vec![unit.parent.clone()],
                UnitAction::Move | UnitAction::Close => {
                    vec![unit.parent.clone(), unit.unit.clone()]
                }
            },
            Body::Person(person) => vec![person.unit.clone()],
            Body::Role(role) => vec![role.scope.clone()],
            Body::Revoke(_) => Vec::new(),
            Body::Profile(_)
            | Body::ApprovalRules(_)
            | Body::Portal(_)
            | Body::Agent(_)
            | Body::Credential(_)
            | Body::Bundle(_) => {
                vec![self.city_unit().to_owned()]
            }
        };
        places.extend(body.person().and_then(unit_of));
        places
    }

    /// The rule of the kind, and the profile's own if it asks for more.
    fn rules_for(&self, body: &Body) -> Result<Vec<ApprovalRule>, Code> {
        let rule = self.approval_rules.rule(body.kind()).ok_or(Code::UnknownKind)?;
        let Body::Issue(issue) = body else { return Ok(vec![rule.clone()]) };
        let more = self.profile_of(&issue.profile.id)?.approvals().map(|asked| ApprovalRule {
            roles: asked.roles.iter().filter_map(|name| Role::from_name(name)).collect(),
            scope: rule.scope,
            count: asked.count,
            outside_browser: asked.outside_browser,
        });
        // A profile may ask for more: the rule of the kind holds beside its own.
        Ok([rule.clone()].into_iter().chain(more).collect())
    }

    pub(super) fn profile_of(&self, id: &str) -> Result<CertificateProfile, Code> {
        let state = self.profiles.get(id).ok_or(Code::UnknownProfile)?;
        CertificateProfile::read(&state.content).map_err(|_| Code::UnknownProfile)
    }

    /// Whether the order still fits the state that it was made for.
    pub fn fits(&self, body: &Body) -> Result<(), Code> {
        match body {
            Body::Issue(issue) => self.issue_fits(issue),
            Body::Unit(unit) => self.unit_fits(unit),
            Body::Person(person) => self.person_fits(person),
            Body::Role(role) => self.role_fits(role),
            Body::Profile(profile) => {
                let version = self.profiles.get(&profile.profile.id).map_or(0, |p| p.version);
                later(profile.profile.version, version)
            }
            Body::ApprovalRules(rules) => later(rules.version, self.approval_rules.version),
            Body::Portal(portal) => self.portal_fits(portal),
            Body::Agent(agent) => self.agent_fits(agent),
            Body::Bundle(bundle) => later(bundle.version, self.bundle.version),
            Body::Revoke(revoke) => self.revoke_fits(revoke),
            Body::Credential(body) => self.credential_fits(body).map(drop),
        }
    }

    fn issue_fits(&self, issue: &IssueBody) -> Result<(), Code> {
        let person = self.people.get(&issue.person).ok_or(Code::PersonUnknown)?;
        if self.has_left(&issue.person) {
            return Err(Code::PersonLeft);
        }
        let letter = self.letters.get(&issue.reference).ok_or(Code::UnsignedAuthority)?;
        if self.is_lost(&issue.reference) {
            return Err(Code::LetterLost);
        }
        if self.is_rejected(&issue.reference) {
            return Err(Code::OrderRejected);
        }
        if letter.person != issue.person || letter.profile != issue.profile.id {
            return Err(Code::UnsignedAuthority);
        }
        if !letter.serials.is_empty() {
            return Err(Code::CodeUsed);
        }
        let same_units = issue.subject.ou == self.organizational_units(&person.unit);
        if person.version != issue.person_version || !same_units || issue.subject.sn != issue.person
        {
            return Err(Code::PersonChanged);
        }
        let profile = self.profiles.get(&issue.profile.id).ok_or(Code::UnknownProfile)?;
        if profile.version != issue.profile.version || profile.digest != issue.profile.digest {
            return Err(Code::ProfileChanged);
        }
        self.profile_fits(issue)
    }

    /// The order asks for nothing that its profile does not give.
    fn profile_fits(&self, issue: &IssueBody) -> Result<(), Code> {
        let profile = self.profile_of(&issue.profile.id)?;
        let key = PublicKey::read(&issue.key.0).map_err(|_| Code::KeyUnknown)?;
        let label = match profile.holder() {
            Holder::Person => issue.label == "cli" || issue.label == "page",
            Holder::Staff => issue.label == "cli",
            Holder::Service | Holder::Authority | Holder::Signer => {
                return Err(Code::UnknownProfile);
            }
        };
        let other = self.credential(&key.sha256()).is_some_and(|c| c.person != issue.person);
        let mail = issue.names.iter().all(|name| name.kind == "mail" && profile.mail());
        match () {
            () if !label => Err(Code::LabelNotAllowed),
            () if !profile.allows(&key) => Err(Code::KeyNotAllowed),
            () if other => Err(Code::KeyForeign),
            () if !mail || issue.validity_days != profile.validity_days() => {
                Err(Code::ProfileChanged)
            }
            () => Ok(()),
        }
    }

    /// The serial numbers are this person's own.
    fn revoke_fits(&self, revoke: &RevokeBody) -> Result<(), Code> {
        self.people.get(&revoke.person).ok_or(Code::PersonUnknown)?;
        let own = |serial: &String| {
            self.held.get(serial).is_some_and(|held| held.person == revoke.person)
        };
        let reason = RevocationReason::from_name(&revoke.reason).is_some();
        if !reason || revoke.serials.is_empty() || !revoke.serials.iter().all(own) {
            return Err(Code::StateConflict);
        }
        Ok(())
    }

    fn unit_fits(&self, body: &UnitBody) -> Result<(), Code> {
        let parent = self.units.get(&body.parent).is_some_and(|unit| unit.open);
        let known = self.units.contains_key(&body.unit);
        let below = self.above(&body.parent).contains(&body.unit.as_str());
        match body.action {
            UnitAction::Create if known => Err(Code::StateConflict),
            UnitAction::Create | UnitAction::Move if !parent => Err(Code::UnitUnknown),
            UnitAction::Move | UnitAction::Close if !known => Err(Code::UnitUnknown),
            UnitAction::Move if below => Err(Code::StateConflict),
            UnitAction::Close if body.unit == self.city_unit() => Err(Code::StateConflict),
            _ => Ok(()),
        }
    }

    fn person_fits(&self, body: &PersonBody) -> Result<(), Code> {
        let open = self.units.get(&body.unit).is_some_and(|unit| unit.open)
            && !self.pending.units.contains(&body.unit);
        let known = self.people.get(&body.person);
        match (body.action, known) {
            (PersonAction::Create, Some(_)) => Err(Code::StateConflict),
            (PersonAction::Create | PersonAction::Move, _) if !open => Err(Code::UnitUnknown),
            (PersonAction::Create, None) => Ok(()),
            (_, None) => Err(Code::PersonUnknown),
            (_, Some(_)) if self.has_left(&body.person) => Err(Code::PersonLeft),
            (_, Some(person)) if body.version == person.version + 1 => Ok(()),
            (_, Some(_)) => Err(Code::PersonChanged),
        }
    }

    fn role_fits(&self, body: &RoleBody) -> Result<(), Code> {
        let person = self.people.get(&body.person).ok_or(Code::PersonUnknown)?;
        if self.has_left(&body.person) {
            return Err(Code::PersonLeft);
        }
        self.units.get(&body.scope).ok_or(Code::UnitUnknown)?;
        let holds = person.holds(body.role, &body.scope);
        let rule = self.role_rules.role.get(&body.role).ok_or(Code::Malformed)?;
        let clash = |(held, _): &(Role, String)| {
            let other = self.role_rules.role.get(held);
            rule.never_with.contains(held)
                || other.is_some_and(|other| other.never_with.contains(&body.role))
        };
        match body.action {
            RoleAction::Grant if holds => Err(Code::StateConflict),
            RoleAction::Grant if person.roles.iter().any(clash) => Err(Code::RoleConflict),
            RoleAction::Withdraw if !holds => Err(Code::StateConflict),
            _ => Ok(()),
        }
    }

    fn portal_fits(&self, body: &PortalBody) -> Result<(), Code> {
        let known = self.portals.contains_key(&body.portal);
        let keys = [&body.public_key, &body.staff_key];
        let readable = keys.iter().all(|key| PublicKey::read(&key.0).is_ok());
        match body.action.as_str() {
            "register" if !readable => Err(Code::KeyUnknown),
            "register" if !known && self.units.contains_key(&body.unit) => Ok(()),
            "close" if known => Ok(()),
            _ => Err(Code::StateConflict),
        }
    }
}

fn later(version: u32, in_force: u32) -> Result<(), Code> {
    if version > in_force { Ok(()) } else { Err(Code::StateConflict) }
}
