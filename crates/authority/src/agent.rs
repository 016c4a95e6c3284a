//! Agents and the rule bundle: whom the log lets stand in front of an application, and by which
//! rules.

use crate::authority::Authority;
use crate::id::{Serial, digest_of};
use crate::state::{Agent, BundleState, Standing};
use aws_lc_rs::hmac;
use pki::PublicKey;
use records::bytes::Bytes;
use records::code::Code;
use records::founding::{Founding, StandingAuthorization};
use records::join::use_message;
use records::label::Label;
use records::order::{AgentBody, BundleBody, bundle_digest, is_host, is_id};
use records::people::{PeopleSnapshot, SNAPSHOT_SECONDS, SnapshotPerson, SnapshotUnit};
use records::record::{Event, File, Record};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Where the files of a rule bundle stand.
pub(crate) const BUNDLE_FOLDER: &str = "access/";
/// Renewals of an agent's certificate end this long after it joined, in seconds: ten years.
const RENEWALS_SECONDS: u64 = 3_650 * 86_400;

/// A wish to join, as it is checked.
#[derive(Clone, Copy, Debug)]
pub struct JoinClaim<'a> {
    /// The agent is named by its id: lower-case letters, digits and hyphens.
    pub agent: &'a str,
    /// The challenge is 16 bytes that the agent drew.
    pub challenge: &'a Bytes,
    /// The request is PKCS#10 in DER, for the agent's first key.
    pub request: &'a Bytes,
    /// The token stands in the join file; the order says its SHA-256.
    pub token: &'a Bytes,
    /// The value is an HMAC under the token of the join file.
    pub value: &'a Bytes,
}

/// HMAC-SHA-256(token, `yinxin-use-v1` ‖ 0x00 ‖ digest of the order ‖ challenge ‖
/// SHA-256(PKCS#10)).
pub fn join_value(token: &[u8], order: &[u8], challenge: &[u8], request: &[u8]) -> Vec<u8> {
    let message = Label::Use.message(&use_message(order, challenge, request));
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, token), &message).as_ref().to_vec()
}

pub(crate) fn first_bundle(founding: &Founding, files: &[File]) -> Option<BundleState> {
    let rule = founding.rules.iter().find(|rule| rule.name == "bundle")?;
    let files = files.iter().filter(|file| file.name.starts_with(BUNDLE_FOLDER));
    let files: Vec<File> = files.cloned().collect();
    let digest = bundle_of(&files);
    let state = BundleState { version: rule.version, digest, files };
    let is_named = rule.digest.digest().is_some();
    (is_named && state.digest == rule.digest).then_some(state)
}

fn bundle_of(files: &[File]) -> Bytes {
    bundle_digest(files.iter().map(|file| (file.name.as_str(), file.content.as_str())))
}

impl Authority {
    /// The rule bundle in force.
    pub fn bundle(&self) -> &BundleState {
        &self.bundle
    }

    /// Every agent that was registered, by id, also those that are closed.
    pub fn agents(&self) -> impl Iterator<Item = (&str, &Agent)> {
        self.agents.iter().map(|(id, agent)| (&**id, &**agent))
    }

    /// The agent of this id, if one was registered.
    pub fn agent(&self, id: &str) -> Option<&Agent> {
        self.agents.get(id).map(|agent| &**agent)
    }

    /// How often the certificate of an agent that is served may be renewed in all, by its order.
    pub(crate) fn renewals_of_agent(&self, id: &str) -> Option<u32> {
        self.standing.get(authorization_of(id).as_str()).map(|standing| standing.given.quota)
    }

    /// Whether an agent is served, pending orders counted.
    pub fn serves(&self, agent: &str) -> bool {
        !self.pending.agents.contains(agent) && self.agent(agent).is_some_and(|state| state.open)
    }

    pub(crate) fn agent_fits(&self, body: &AgentBody) -> Result<(), Code> {
        let known = self.agent(&body.agent);
        let units = body.units.iter().chain([&body.unit]);
        let sound = is_id(&body.agent)
            && is_id(&body.application)
            && !body.hosts.is_empty()
            && body.hosts.iter().all(|host| is_host(host))
            && !body.units.is_empty();
        match body.action.as_str() {
            "close" if known.is_some_and(|agent| agent.open) => Ok(()),
            "close" => Err(Code::StateConflict),
            "register" if !sound || body.token_sha256.digest().is_none() => Err(Code::Malformed),
            "register" if units.into_iter().any(|unit| self.unit(unit).is_none()) => {
                Err(Code::UnitUnknown)
            }
            "register" => Ok(()),
            _ => Err(Code::Malformed),
        }
    }

    pub(crate) fn enact_agent(&mut self, body: &AgentBody, order: &Bytes, join_until: u64) {
        if body.action == "close" {
            if let Some(agent) = self.agents.get_mut(body.agent.as_str()) {
                Arc::make_mut(agent).open = false;
            }
            self.standing.remove(authorization_of(&body.agent).as_str());
            return;
        }
        let before = self.agents.remove(body.agent.as_str());
        let past = before.map(|agent| agent.past.union(&agent.keys).cloned().collect());
        let agent = Agent {
            past: past.unwrap_or_default(),
            unit: body.unit.clone(),
            application: body.application.clone(),
            hosts: body.hosts.clone(),
            units: body.units.clone(),
            order: order.clone(),
            token_sha256: body.token_sha256.clone(),
            join_until,
            joined: false,
            keys: BTreeSet::new(),
            open: true,
        };
        self.agents.insert(body.agent.as_str().into(), Arc::new(agent));
        let id = authorization_of(&body.agent);
        let given = StandingAuthorization {
            authorization: id.clone(),
            service: body.agent.clone(),
            process: "agent".into(),
            profile: "service".into(),
            quota: body.renewals,
            expires: records::time::seconds(join_until + RENEWALS_SECONDS),
            key_sha256: Bytes::default(),
        };
        let standing = Standing {
            given,
            under: order.clone(),
            hosts: body.hosts.clone(),
            unit: body.unit.clone(),
            key_sha256: Bytes::default(),
            expires: join_until + RENEWALS_SECONDS,
            used: 0,
            challenges: BTreeSet::new(),
            last: Bytes::default(),
        };
        self.standing.insert(id.as_str().into(), Arc::new(standing));
    }

    pub(crate) fn enact_bundle(&mut self, body: &BundleBody, files: &[File]) -> Result<(), Code> {
        let placed = files.iter().all(|file| file.name.starts_with(BUNDLE_FOLDER));
        let is_named = body.digest.digest().is_some();
        if !placed || !is_named || bundle_of(files) != body.digest {
            return Err(Code::OrderIncomplete);
        }
        let digest = body.digest.clone();
        let files = files.to_vec();
        self.bundle = Arc::new(BundleState { version: body.version, digest, files });
        Ok(())
    }

    /// Whether an agent may join with this claim; gives its key.
    pub fn check_join(&self, claim: &JoinClaim<'_>, now: u64) -> Result<PublicKey, Code> {
        let agent = self.agent(claim.agent).filter(|_| self.serves(claim.agent));
        let agent = agent.ok_or(Code::UseSignature)?;
        if agent.joined || self.pending.joined.contains(claim.agent) {
            return Err(Code::QuotaUsed);
        }
        let request = self.signatures.request(&claim.request.0).ok_or(Code::RequestMalformed)?;
        let token = Sha256::digest(&claim.token.0).as_slice() == agent.token_sha256.0;
        let expected =
            join_value(&claim.token.0, &agent.order.0, &claim.challenge.0, &claim.request.0);
        let same: bool = subtle::ConstantTimeEq::ct_eq(expected.as_slice(), &claim.value.0).into();
        if !token || !same || claim.challenge.0.len() != 16 {
            return Err(Code::UseSignature);
        }
        // Only who holds the token is told that it came too late.
        if now > agent.join_until {
            return Err(Code::CodeExpired);
        }
        Ok(request.key().clone())
    }

    pub(crate) fn add_join(&mut self, record: &Record, now: u64) -> Result<(), Code> {
        let Event::Joined { agent, order, challenge, request, token, value, serial, tbs_sha256 } =
            &record.event
        else {
            return Err(Code::Malformed);
        };
        let claim = JoinClaim { agent, challenge, request, token, value };
        let serial = Serial::read(serial).ok_or(Code::Malformed)?;
        let tbs_sha256 = digest_of(tbs_sha256)?;
        self.is_new(&serial)?;
        let key = self.check_join(&claim, now)?.sha256();
        let state = self.agents.get_mut(agent.as_str()).filter(|state| state.order == *order);
        let state = Arc::make_mut(state.ok_or(Code::UseSignature)?);
        state.joined = true;
        state.keys.insert(key.into());
        if let Some(standing) = self.standing.get_mut(authorization_of(agent).as_str()) {
            Arc::make_mut(standing).key_sha256 = Bytes::from(key);
        }
        self.promise(serial, request, tbs_sha256, key);
        self.add_machine(serial, format!("{agent}/agent"), key);
        self.own_key(key, agent, "agent");
        Ok(())
    }

    /// A join that is on its way: what no token of the agent's order made keeps nobody from
    /// joining.
    pub(crate) fn notice_join(&mut self, event: &Event, now: u64) {
        let Event::Joined { agent, order, challenge, request, token, value, serial, .. } = event
        else {
            return;
        };
        let claim = JoinClaim { agent, challenge, request, token, value };
        let is_of_order = self.agent(agent).is_some_and(|state| state.order == *order);
        if !is_of_order || self.check_join(&claim, now).is_err() {
            return;
        }
        self.pending.joined.insert(agent.as_str().into());
        self.notice_promise(&format!("{agent}/agent"), request, serial);
    }

    /// What an agent's next snapshot says: its units with their people, and what stands above them.
    /// One that is closed is told of nobody.
    pub fn snapshot(&self, id: &str, number: u64, now: u64) -> Option<PeopleSnapshot> {
        let agent = self.agent(id)?;
        let open = self.serves(id);
        let served = |unit: &str| {
            self.above(unit).iter().any(|above| agent.units.iter().any(|own| own == above))
        };
        let mut above = BTreeSet::new();
        for unit in &agent.units {
            above.extend(self.above(unit));
        }
        let units = self.units().filter_map(|(unit, state)| {
            let is_served = served(unit);
            (is_served || above.contains(unit)).then(|| SnapshotUnit {
                unit: unit.to_owned(),
                name: state.name.clone(),
                parent: state.parent.clone(),
                served: is_served,
            })
        });
        let people =
            self.people().filter(|(id, person)| open && !self.has_left(id) && served(&person.unit));
        let people = people.map(|(id, person)| SnapshotPerson {
            person: id.to_string(),
            unit: person.unit.clone(),
            roles: person
                .roles
                .iter()
                .filter(|(role, scope)| self.holds(id, *role, scope))
                .map(|(role, scope)| records::founding::Holding {
                    role: *role,
                    scope: scope.clone(),
                })
                .collect(),
            lent: self.lent_at_gates(id, now),
        });
        Some(PeopleSnapshot {
            v: 1,
            founding: self.fixed.digest.into(),
            agent: id.to_owned(),
            order: agent.order.clone(),
            application: agent.application.clone(),
            hosts: agent.hosts.clone(),
            number,
            bundle: self.bundle().version,
            policy: self.bundle().digest.clone(),
            mode: self.mode_of(&agent.application),
            emergencies: self.emergencies_of(&agent.application, now),
            this_update: records::time::seconds(now),
            next_update: records::time::seconds(now + SNAPSHOT_SECONDS),
            units: units.collect(),
            people: people.collect(),
        })
    }
}

/// The standing authorization under which an agent renews.
pub fn authorization_of(agent: &str) -> String {
    format!("agent/{agent}")
}
