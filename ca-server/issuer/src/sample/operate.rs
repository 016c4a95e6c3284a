//! What operators ask for in the sample city.

use super::Sample;
use crate::command::Command;
use authority::OrderDigest;
use ca_host::operator::{OperatorAnswer, OperatorRequest};
use keys::SoftwareSigner;
use pki::Signer;
use records::order::{AgentBody, PersonAction, PortalBody, RoleAction, SystemBody, UnitAction};
use records::record::File;
use records::rules::Role;
use records::{Bytes, Code};

pub(crate) const SECURITY: [&str; 2] = ["security-1", "security-2"];
pub(crate) const OFFICERS: [&str; 2] = ["officer-1", "officer-2"];

/// What was looked at.
pub(crate) fn evidence() -> String {
    "任职文件".into()
}

/// A person's record as an operator wants it; empty texts keep what is there.
pub(crate) fn person(action: PersonAction, id: &str, name: &str, unit: &str) -> OperatorRequest {
    OperatorRequest::Person {
        action,
        person: id.into(),
        name: name.into(),
        mail: String::new(),
        unit: unit.into(),
        evidence: evidence(),
    }
}

/// A unit as an operator wants it.
pub(crate) fn unit(action: UnitAction, id: &str, name: &str, parent: &str) -> OperatorRequest {
    let (unit, name, parent) = (id.into(), name.into(), parent.into());
    OperatorRequest::Unit { action, unit, name, county: false, parent }
}

/// A role as an operator wants it given or taken.
pub(crate) fn role(action: RoleAction, person: &str, role: Role, scope: &str) -> OperatorRequest {
    OperatorRequest::Role { action, person: person.into(), role, scope: scope.into() }
}

/// A revocation of everything that a person holds.
pub(crate) fn revoke(person: &str, reason: &str) -> OperatorRequest {
    let (person, reason) = (person.into(), reason.into());
    OperatorRequest::Revoke { person, serials: Vec::new(), reason, evidence: evidence() }
}

/// A gate in front of the document exchange.
pub(crate) fn gate(action: &str, agent: &str) -> AgentBody {
    AgentBody {
        action: action.into(),
        agent: agent.into(),
        unit: "city".into(),
        application: "exchange".into(),
        hosts: vec!["exchange.example".into()],
        units: vec!["shangzhou".into()],
        token_sha256: Bytes::default(),
        renewals: 2,
    }
}

/// The same as an operator asks for it.
pub(crate) fn agent(body: AgentBody) -> OperatorRequest {
    OperatorRequest::Agent { body: Box::new(body) }
}

/// A web site of the district's office: `*.acme.test` and an address, challenges asked for.
pub(crate) fn site(action: &str, system: &str) -> SystemBody {
    SystemBody {
        action: action.into(),
        system: system.into(),
        name: "门户网站".into(),
        unit: "sz-office".into(),
        leader: "000000000000A0D1".into(),
        operator: None,
        contact: None,
        names: vec!["*.acme.test".into(), "acme.test".into()],
        wildcards: true,
        addresses: vec!["127.0.0.1".into()],
        profile: "server".into(),
        per_week: 3,
        live: 2,
        accounts: 2,
        challenges: true,
        until: "2027-11-24T08:00:00Z".into(),
        token_sha256: Bytes::default(),
    }
}

/// The same as an operator asks for it.
pub(crate) fn system(body: SystemBody) -> OperatorRequest {
    let (operator, contact) = ("信息中心".into(), "site@acme.test".into());
    OperatorRequest::System { body: Box::new(body), operator, contact }
}

/// A second portal.
pub(crate) fn portal(
    action: &str,
    id: &str,
    (public, staff): (&SoftwareSigner, &SoftwareSigner),
) -> OperatorRequest {
    let body = PortalBody {
        action: action.into(),
        portal: id.into(),
        unit: "city".into(),
        public_host: "portal-2.example".into(),
        public_key: public.public_key().spki().into(),
        staff_host: "staff-2.example".into(),
        staff_key: staff.public_key().spki().into(),
        machines_host: String::new(),
        machines_key: Bytes::default(),
    };
    OperatorRequest::Portal { body: Box::new(body) }
}

/// A profile of officials that asks for more, or for less.
pub(crate) fn profile(version: u32, more: &str) -> OperatorRequest {
    let File { content, .. } = super::SampleCity::changed_profile("official", version, more);
    OperatorRequest::Profile { content }
}

impl Sample {
    /// An operator asks.
    pub(crate) fn operator(&mut self, request: OperatorRequest) -> Result<OperatorAnswer, Code> {
        self.operator_as("operator:0", request)
    }

    /// Another user of the CA's host asks.
    pub(crate) fn operator_as(
        &mut self,
        drafter: &str,
        request: OperatorRequest,
    ) -> Result<OperatorAnswer, Code> {
        self.decide(|reply| Command::Operator(Box::new(request), drafter.into(), reply))
    }

    /// An operator's order, which the tree holds.
    pub(crate) fn order(&mut self, request: OperatorRequest) -> OrderDigest {
        self.operator(request).unwrap();
        self.sequence();
        self.newest_order()
    }

    /// An operator's order that is approved by these and carried out.
    pub(crate) fn done(&mut self, request: OperatorRequest, officers: &[&str]) -> OrderDigest {
        let order = self.order(request);
        self.approved_by(order, officers);
        assert_eq!(self.execute(), None);
        self.sequence();
        assert_eq!(self.rows.order_states.get(&order), Some(&"done"), "{:?}", self.refusals());
        order
    }

    /// Registers a person of a unit in Shangzhou; gives their id.
    pub(crate) fn register(&mut self, name: &str, unit: &str) -> String {
        let answer = self.operator(person(PersonAction::Create, "", name, unit)).unwrap();
        self.sequence();
        let order = self.newest_order();
        self.approved_by(order, &OFFICERS);
        assert_eq!(self.execute(), None);
        self.sequence();
        answer.person
    }

    /// Gives a role.
    pub(crate) fn grant(&mut self, person: &str, what: Role, scope: &str) {
        self.done(role(RoleAction::Grant, person, what, scope), &SECURITY);
    }

    /// Takes a role.
    pub(crate) fn withdraw(&mut self, person: &str, what: Role, scope: &str) {
        self.done(role(RoleAction::Withdraw, person, what, scope), &SECURITY);
    }
}
