//! What only takes away ends the open orders that would give just that back. They were approved
//! before it, and wait since they were not carried out then: nobody who approved one reads that it
//! was taken away since. Whoever wants it back asks anew.

use crate::authority::Authority;
use crate::id::OrderDigest;
use crate::state::{OpenOrder, OrderEnd};
use records::order::{AccessMode, Body, DelegateBody, RoleAction};
use records::rules::Role;
use std::ops::RangeInclusive;
use std::sync::Arc;

impl Authority {
    /// Open orders that are over once one of this body is carried out, since they give what it
    /// takes away.
    pub(crate) fn overtaken_by(&self, body: &Body) -> Vec<OrderDigest> {
        let Some(taken) = taken_by(body) else { return Vec::new() };
        self.giving.range(all_of(&taken)).map(|(_, digest)| *digest).collect()
    }

    /// Ends them: an order took away what they give.
    pub(crate) fn end_overtaken(&mut self, body: &Body) {
        for digest in self.overtaken_by(body) {
            self.close(digest, OrderEnd::Cancelled);
        }
    }

    /// The same before the tree has that order. What was carried out before it stays so.
    pub(crate) fn notice_overtaken(&mut self, body: &Body) {
        for digest in self.overtaken_by(body) {
            self.pending.ended.entry(digest).or_insert(OrderEnd::Cancelled);
        }
    }

    pub(crate) fn remember_giving(&mut self, digest: OrderDigest, open: &OpenOrder) {
        self.giving.extend(given_by(&open.body).into_iter().map(|given| (given, digest)));
    }

    pub(crate) fn no_longer_giving(&mut self, digest: OrderDigest, open: &OpenOrder) {
        for given in given_by(&open.body) {
            self.giving.remove(&(given, digest));
        }
    }
}

/// Every order that gives this.
fn all_of(what: &Arc<str>) -> RangeInclusive<(Arc<str>, OrderDigest)> {
    (what.clone(), OrderDigest([0; 32]))..=(what.clone(), OrderDigest([255; 32]))
}

/// Names what an order gives that another one may take away; a role that is lent goes with the role
/// itself as well.
fn given_by(body: &Body) -> Vec<Arc<str>> {
    match body {
        Body::Role(one) if one.action == RoleAction::Grant => {
            vec![role(&one.person, one.role, &one.scope)]
        }
        Body::Delegate(one) if one.action == RoleAction::Grant => {
            vec![role(&one.absent, one.role, &one.scope), lent(one)]
        }
        Body::Mode(one) if one.mode != AccessMode::Suspended => {
            vec![named("mode", &one.application)]
        }
        Body::Agent(one) if one.action == "register" => vec![named("agent", &one.agent)],
        Body::System(one) if one.action == "register" => vec![named("system", &one.system)],
        Body::Emergency(one) => vec![named("emergency", &one.application)],
        _ => Vec::new(),
    }
}

/// Names what an order takes away, likewise. Whoever left comes back by no order, nor does what has
/// an id that is given once.
fn taken_by(body: &Body) -> Option<Arc<str>> {
    match body {
        Body::Role(one) if one.action == RoleAction::Withdraw => {
            Some(role(&one.person, one.role, &one.scope))
        }
        Body::Delegate(one) if one.action == RoleAction::Withdraw => Some(lent(one)),
        Body::Mode(one) if one.mode == AccessMode::Suspended => {
            Some(named("mode", &one.application))
        }
        Body::Agent(one) if one.action == "close" => Some(named("agent", &one.agent)),
        Body::System(one) if one.action == "close" => Some(named("system", &one.system)),
        Body::EmergencyReview(one) => Some(named("emergency", &one.application)),
        _ => None,
    }
}

fn named(what: &str, id: &str) -> Arc<str> {
    format!("{what} {id}").into()
}

fn role(person: &str, role: Role, scope: &str) -> Arc<str> {
    format!("role {person} {} {scope}", role.name()).into()
}

fn lent(one: &DelegateBody) -> Arc<str> {
    let DelegateBody { person, absent, role, scope, from, until, .. } = one;
    format!("lent {person} {absent} {} {scope} {from} {until}", role.name()).into()
}
