//! Which rules can matter for a request: those whose scope fits its action and anything that the
//! person is in. Everything without such a scope, and every `forbid`, is always looked at.

use cedar_policy::{
    ActionConstraint, Effect, EntityUid, Policy, PolicySet, PrincipalConstraint, ResourceConstraint,
};
use quick_cache::sync::Cache;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Most slices that are kept ready.
const KEPT_MAX: usize = 4_096;

/// Rules by what their scope asks for.
#[derive(Clone, Debug)]
pub struct RuleSlices {
    /// By the group or person that the principal must be in or be.
    by_principal: HashMap<EntityUid, Vec<usize>>,
    /// By the unit or record that the resource must be in or be, if the principal is free.
    by_resource: HashMap<EntityUid, Vec<usize>>,
    always: Vec<usize>,
    policies: Vec<Policy>,
    ready: Arc<Cache<Vec<usize>, Arc<PolicySet>>>,
}

impl RuleSlices {
    pub(crate) fn new(policies: Vec<Policy>) -> Self {
        let mut sliced = Self {
            by_principal: HashMap::new(),
            by_resource: HashMap::new(),
            always: Vec::new(),
            policies: Vec::new(),
            ready: Arc::new(Cache::new(KEPT_MAX)),
        };
        for (position, policy) in policies.iter().enumerate() {
            match (policy.effect(), scope(policy)) {
                (Effect::Permit, Scope::Principal(group)) => {
                    sliced.by_principal.entry(group).or_default().push(position);
                }
                (Effect::Permit, Scope::Resource(group)) => {
                    sliced.by_resource.entry(group).or_default().push(position);
                }
                _ => sliced.always.push(position),
            }
        }
        sliced.policies = policies;
        sliced
    }

    /// The set of all rules.
    pub(crate) fn whole(&self) -> Arc<PolicySet> {
        set(self.policies.iter())
    }

    /// The rules that can matter.
    pub(crate) fn slice(
        &self,
        action: &EntityUid,
        principal: &HashSet<EntityUid>,
        resource: &HashSet<EntityUid>,
    ) -> Arc<PolicySet> {
        let principal = principal.iter().filter_map(|group| self.by_principal.get(group));
        let resource = resource.iter().filter_map(|group| self.by_resource.get(group));
        let mut chosen: Vec<usize> = self.always.clone();
        chosen.extend(principal.chain(resource).flatten());
        chosen.retain(|position| {
            self.policies.get(*position).is_some_and(|policy| acts(policy, action))
        });
        chosen.sort_unstable();
        if let Some(known) = self.ready.get(&chosen) {
            return known;
        }
        let made = set(chosen.iter().filter_map(|position| self.policies.get(*position)));
        self.ready.insert(chosen, made.clone());
        made
    }
}

enum Scope {
    Principal(EntityUid),
    Resource(EntityUid),
    Free,
}

fn scope(policy: &Policy) -> Scope {
    match policy.principal_constraint() {
        PrincipalConstraint::Eq(group)
        | PrincipalConstraint::In(group)
        | PrincipalConstraint::IsIn(_, group) => return Scope::Principal(group),
        PrincipalConstraint::Any | PrincipalConstraint::Is(_) => {}
    }
    match policy.resource_constraint() {
        ResourceConstraint::Eq(group)
        | ResourceConstraint::In(group)
        | ResourceConstraint::IsIn(_, group) => Scope::Resource(group),
        ResourceConstraint::Any | ResourceConstraint::Is(_) => Scope::Free,
    }
}

/// Whether a rule's action scope can fit; groups of actions are left to Cedar.
fn acts(policy: &Policy, action: &EntityUid) -> bool {
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(only) => only == *action,
        ActionConstraint::In(_) => true,
    }
}

fn set<'a>(policies: impl Iterator<Item = &'a Policy>) -> Arc<PolicySet> {
    let by_id: BTreeMap<String, &Policy> =
        policies.map(|policy| (policy.id().to_string(), policy)).collect();
    Arc::new(PolicySet::from_policies(by_id.into_values().cloned()).unwrap_or_default())
}
