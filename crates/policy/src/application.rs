//! One application's rules as a checked bundle holds them: its routes, its policies ready for
//! slicing, and what people are told about each.

use crate::period;
use crate::route::Routes;
use crate::slice::RuleSlices;
use std::collections::BTreeMap;

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
}

impl Application {
    /// The number of the period that a moment lies in, in unix seconds: within one the same
    /// question has the same answer.
    pub fn period(&self, now: u64) -> u64 {
        period::number(self.grain, now)
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
