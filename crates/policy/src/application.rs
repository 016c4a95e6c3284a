//! One application's rules as a checked bundle holds them: its routes, its policies ready for
//! slicing, and what people are told about each.

use crate::conditions::{Circumstances, Conditions, DayKind};
use crate::decide::AccessRequest;
use crate::people::People;
use crate::period;
use crate::route::Routes;
use crate::slice::RuleSlices;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What people are told about a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its `@id`.
    pub id: String,
    /// Its sentence, Chinese.
    pub zh: String,
    /// Its sentence, English.
    pub en: String,
}

/// One application's rules.
#[derive(Clone, Debug)]
pub struct Application {
    /// Id.
    pub id: String,
    /// Name, Chinese.
    pub zh: String,
    /// Name, English.
    pub en: String,
    /// Who can grant access, Chinese.
    pub grants_zh: String,
    /// Who can grant access, English.
    pub grants_en: String,
    pub(crate) routes: Routes,
    pub(crate) rules: BTreeMap<String, Rule>,
    pub(crate) sliced: RuleSlices,
    /// In which time nothing changes that its rules read, in seconds.
    pub(crate) grain: Option<u64>,
    /// Whether they may read for how long somebody is authenticated.
    pub(crate) reads_authentication: bool,
    /// Whether they may read what is lent to somebody.
    pub(crate) reads_delegations: bool,
    /// What the bundle says of days and networks.
    pub(crate) conditions: Arc<Conditions>,
}

impl Application {
    /// The number of the period that a moment lies in, in unix seconds: within one the same
    /// question has the same answer.
    pub fn period(&self, now: u64) -> u64 {
        period::number(self.grain, now)
    }

    /// All that rules may read of under what somebody asks, and of what is lent to them then, as
    /// one number: two questions that are alike in it, in what they want and in their period have
    /// the same answer of the same people.
    pub fn under(&self, people: &People, asked: &AccessRequest<'_>) -> u64 {
        let Circumstances { source, certificate, tls, .. } = asked.under;
        let networks = u64::from(self.conditions.mask(source)) << 32;
        let minutes = asked.authenticated_minutes().filter(|_| self.reads_authentication);
        let minutes = minutes.map_or(0, |minutes| 1 + minutes.min(0xfffe)) << 16;
        let kind = match certificate {
            None => 0,
            Some("official") => 1,
            Some(_) => 2,
        };
        let acting = match self.reads_delegations {
            true => u64::from(people.acting_mask(asked.person, asked.now)) << 8,
            false => 0,
        };
        let (tls, source) = (u64::from(tls.min(0xf)), u64::from(source.is_some()) << 4);
        networks | minutes | acting | kind << 5 | source | tls
    }

    /// What a moment's day is; nothing where no calendar says it.
    pub fn day(&self, now: u64) -> Option<DayKind> {
        self.conditions.day(now)
    }

    /// Its routes.
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// A rule by its id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.get(id)
    }
}
