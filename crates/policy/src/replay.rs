//! What other rules would have said of what was asked: counted, and grouped by what changes.

use crate::application::Application;
use crate::conditions::Circumstances;
use crate::decide::{AccessRequest, Answer, Denial};
use crate::people::People;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most changes that are told apart, and most requests of each that are told whole.
const CHANGES_MAX: usize = 500;
const TOLD_MAX: usize = 5;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleChangeKind {
    /// It was permitted and would be denied.
    NewlyDenied,
    /// It was denied and would be permitted.
    NewlyAllowed,
}

/// Requests for which other rules say something else, alike in method, route and rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleChange {
    /// What becomes of them.
    pub kind: RuleChangeKind,
    /// Method.
    pub method: String,
    /// Template of the route; empty where the rules that would be in force have none.
    pub route: String,
    /// The rule that decided; empty if none did.
    pub was: String,
    /// The rule that would decide; empty if none would.
    pub is: String,
    /// So many requests.
    pub requests: u64,
    /// By so many people.
    pub people: u64,
}

/// What a replay found, without anybody's name or path: it can be shown to whoever approves rules.
/// Nobody signs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplaySummary {
    /// Application id.
    pub application: String,
    /// The rules that would be in force, by the digest of their files.
    pub rules: String,
    /// The first second of what was asked, RFC 3339.
    pub from: String,
    /// The last one.
    pub until: String,
    /// So many requests that rules were asked about.
    pub requests: u64,
    /// Of these, not asked about again: by people who are not known there any more, or on
    /// connections of which nothing is known any more, where a rule reads that.
    pub left_out: u64,
    /// So many would newly be denied.
    pub newly_denied: u64,
    /// So many would newly be permitted.
    pub newly_allowed: u64,
    /// What changes, most requests first.
    #[serde(default)]
    pub change: Vec<RuleChange>,
}

/// A summary as a file of a bundle has it.
pub fn written(summary: &ReplaySummary) -> Result<String, toml::ser::Error> {
    toml::to_string(summary)
}

/// What is alike in requests of one change.
type ChangeKey = (RuleChangeKind, String, String, String, String);

/// Requests of one change.
#[derive(Debug, Default)]
struct Counted {
    requests: u64,
    people: BTreeSet<String>,
    told: Vec<(String, String)>,
}

/// Whether a rule could not be evaluated of what was asked on a connection of which nothing is
/// known any more: what it would have said then, nobody can tell.
fn lacks_connection<'a>(
    asked: &AccessRequest<'_>,
    mut answers: impl Iterator<Item = &'a Answer>,
) -> bool {
    asked.under == Circumstances::default()
        && answers.any(|answer| answer.outcome == Err(Denial::Error))
}

/// What was asked, against the rules that are in force and others.
pub struct RulesReplay<'a> {
    before: Option<&'a Application>,
    after: &'a Application,
    people: &'a People,
    requests: u64,
    left_out: u64,
    changes: BTreeMap<ChangeKey, Counted>,
}

impl<'a> RulesReplay<'a> {
    /// With the rules in force, if there are some, those that would be, and people as they are now:
    /// both are asked about the same people, so that what differs follows from the rules.
    pub fn new(
        before: Option<&'a Application>,
        after: &'a Application,
        people: &'a People,
    ) -> Self {
        let changes = BTreeMap::new();
        Self { before, after, people, requests: 0, left_out: 0, changes }
    }

    /// Asks once more; `permitted` is what was decided then, for where no rules are in force.
    pub fn ask(&mut self, asked: &AccessRequest<'_>, permitted: bool) -> Option<RuleChangeKind> {
        self.requests += 1;
        let is = self.after.decide(self.people, asked);
        let was = self.before.map(|before| before.decide(self.people, asked));
        if is.outcome == Err(Denial::Unknown) || lacks_connection(asked, was.iter().chain([&is])) {
            self.left_out += 1;
            return None;
        }
        let was_permitted = was.as_ref().map_or(permitted, |was| was.outcome.is_ok());
        let kind = match (was_permitted, is.outcome.is_ok()) {
            (true, false) => RuleChangeKind::NewlyDenied,
            (false, true) => RuleChangeKind::NewlyAllowed,
            _ => return None,
        };
        let was_rule = was.map(|was| was.rule).unwrap_or_default();
        let key = (kind, asked.method.to_owned(), is.route, was_rule, is.rule);
        // Beyond so many they are counted together.
        let is_full = self.changes.len() >= CHANGES_MAX && !self.changes.contains_key(&key);
        let other = || (kind, String::new(), String::new(), String::new(), String::new());
        let counted = self.changes.entry(if is_full { other() } else { key }).or_default();
        counted.requests += 1;
        counted.people.insert(asked.person.to_owned());
        if counted.told.len() < TOLD_MAX {
            counted.told.push((asked.person.to_owned(), asked.path.text().to_owned()));
        }
        Some(kind)
    }

    /// What it found, of the time between two seconds as they are written.
    pub fn summary(&self, rules: &str, from: String, until: String) -> ReplaySummary {
        let count = |wanted: RuleChangeKind| {
            let alike = self.changes.iter().filter(|((kind, ..), _)| *kind == wanted);
            alike.map(|(_, counted)| counted.requests).sum::<u64>()
        };
        ReplaySummary {
            application: self.after.id.clone(),
            rules: rules.to_owned(),
            from,
            until,
            requests: self.requests,
            left_out: self.left_out,
            newly_denied: count(RuleChangeKind::NewlyDenied),
            newly_allowed: count(RuleChangeKind::NewlyAllowed),
            change: self.changes().map(|(change, _)| change).collect(),
        }
    }

    /// What changes, most requests first, each with some requests of it: person and path.
    pub fn changes(&self) -> impl Iterator<Item = (RuleChange, &[(String, String)])> {
        let mut all: Vec<_> = self.changes.iter().collect();
        all.sort_by_key(|(_, counted)| std::cmp::Reverse(counted.requests));
        all.into_iter().map(|((kind, method, route, was, is), counted)| {
            let change = RuleChange {
                kind: *kind,
                method: method.clone(),
                route: route.clone(),
                was: was.clone(),
                is: is.clone(),
                requests: counted.requests,
                people: counted.people.len() as u64,
            };
            (change, counted.told.as_slice())
        })
    }
}
