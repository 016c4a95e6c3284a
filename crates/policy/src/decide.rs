//! One decision: which route, which record, which rule.

use crate::application::Application;
use crate::conditions::Circumstances;
use crate::delegation::LentRole;
use crate::path::CanonicalPath;
use crate::people::{ACTION, PERSON, People, RECORD, UNIT, uid};
use crate::period::ZONE_SECONDS;
use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Entities, Request, RestrictedExpression,
};
use std::collections::HashSet;

/// A question.
#[derive(Clone, Copy, Debug)]
pub struct AccessRequest<'a> {
    /// Person id.
    pub person: &'a str,
    /// Method.
    pub method: &'a str,
    /// Path.
    pub path: &'a CanonicalPath,
    /// Unix seconds.
    pub now: u64,
    /// Under what it is asked.
    pub under: Circumstances,
}

impl AccessRequest<'_> {
    /// For how many whole minutes the client is authenticated, if that is known.
    pub(crate) fn authenticated_minutes(&self) -> Option<u64> {
        let since = Some(self.under.authenticated).filter(|since| *since > 0);
        since.map(|since| self.now.saturating_sub(since) / 60)
    }
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The snapshot does not hold this person.
    Unknown,
    /// No route of the application fits the request.
    Route,
    /// No rule permits it, or one forbids it.
    Rule,
    /// A rule could not be evaluated.
    Error,
}

/// An answer, with everything that its record names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The request is permitted, or this is why not.
    pub outcome: Result<(), Denial>,
    /// Template of the route; empty if none fits.
    pub route: String,
    /// Its action.
    pub action: String,
    /// The record.
    pub resource: String,
    /// The unit of the record.
    pub unit: String,
    /// Id of the rule that decided; empty if none did.
    pub rule: String,
    /// Whether the route may become a WebSocket.
    pub websocket: bool,
}

impl Application {
    /// Decides with the rules that can matter.
    pub fn decide(&self, people: &People, asked: &AccessRequest<'_>) -> Answer {
        self.answer(people, asked, (true, &people.acting(asked.person, asked.now)))
    }

    /// Decides with every rule; for comparison.
    pub fn decide_whole(&self, people: &People, asked: &AccessRequest<'_>) -> Answer {
        self.answer(people, asked, (false, &people.acting(asked.person, asked.now)))
    }

    /// What a yes rests on that is lent to whoever asks: without anything lent it is a no, and with
    /// this alone a yes. Of two one that counts now comes first; one that does not is why it is a
    /// no now.
    pub fn rests_on<'a>(
        &self,
        people: &'a People,
        asked: &AccessRequest<'_>,
    ) -> Option<&'a LentRole> {
        let lent = people.lent(asked.person);
        let permits =
            |acting: &[&LentRole]| self.answer(people, asked, (true, acting)).outcome.is_ok();
        if !self.reads_delegations || lent.is_empty() || permits(&[]) {
            return None;
        }
        let (counts, others): (Vec<_>, Vec<_>) =
            lent.iter().partition(|one| one.counts_at(asked.now));
        counts.into_iter().chain(others).find(|one| permits(&[*one]))
    }

    /// Decides with the rules that can matter, or with all, while somebody acts in these roles.
    fn answer(
        &self,
        people: &People,
        asked: &AccessRequest<'_>,
        (sliced, acting): (bool, &[&LentRole]),
    ) -> Answer {
        let denied = |denial: Denial| Answer {
            outcome: Err(denial),
            route: String::new(),
            action: String::new(),
            resource: String::new(),
            unit: String::new(),
            rule: String::new(),
            websocket: false,
        };
        if people.unit(asked.person).is_none() {
            return denied(Denial::Unknown);
        }
        let Some(matched) = self.routes.find(asked.method, asked.path) else {
            return denied(Denial::Route);
        };
        let mut answer = Answer {
            outcome: Err(Denial::Error),
            route: matched.route.path.clone(),
            action: matched.route.action.clone(),
            resource: matched.resource,
            unit: matched.unit,
            rule: String::new(),
            websocket: matched.route.websocket,
        };
        // What HEAD has of GET is judged as GET, by rules that read the method as well.
        let asked = &AccessRequest { method: &matched.route.method, ..*asked };
        if let Some((outcome, rule)) = self.evaluate(people, asked, &answer, (sliced, acting)) {
            answer.outcome = outcome;
            answer.rule = rule;
        }
        answer
    }

    fn evaluate(
        &self,
        people: &People,
        asked: &AccessRequest<'_>,
        answer: &Answer,
        (sliced, acting): (bool, &[&LentRole]),
    ) -> Option<(Result<(), Denial>, String)> {
        let principal = uid(PERSON, asked.person)?;
        let action = uid(ACTION, &answer.action)?;
        let resource = uid(RECORD, &answer.resource)?;
        let unit = if answer.unit.is_empty() { people.city() } else { &answer.unit };
        let rules = if sliced {
            let mut groups = people.groups(asked.person, unit)?;
            groups.insert(principal.clone());
            let mut above: HashSet<_> =
                people.above(unit).into_iter().filter_map(|unit| uid(UNIT, unit)).collect();
            above.insert(resource.clone());
            self.sliced.slice(&action, &groups, &above)
        } else {
            self.sliced.whole()
        };
        let entities = people.slice(asked.person, &answer.resource, &answer.unit)?;
        let entities = Entities::from_entities(entities, None).ok()?;
        let mut context = self.context(asked);
        if self.reads_delegations {
            let (acting, acting_for) = people.read_as(acting, unit)?;
            context.extend([("acting", acting), ("acting_for", acting_for)]);
        }
        let context = context.into_iter().map(|(name, value)| (name.to_owned(), value));
        let context = Context::from_pairs(context).ok()?;
        let request = Request::new(principal, action, resource, context, None).ok()?;
        let response = Authorizer::new().is_authorized(&request, &rules, &entities);
        let mut reasons: Vec<String> =
            response.diagnostics().reason().map(ToString::to_string).collect();
        reasons.sort_unstable();
        let rule = reasons.into_iter().next().unwrap_or_default();
        // Cedar passes over a rule that cannot be evaluated; a gate must not: it may have
        // forbidden.
        if let Some(error) = response.diagnostics().errors().next() {
            let AuthorizationError::PolicyEvaluationError(error) = error;
            return Some((Err(Denial::Error), error.policy_id().to_string()));
        }
        match response.decision() {
            Decision::Allow => Some((Ok(()), rule)),
            Decision::Deny => Some((Err(Denial::Rule), rule)),
        }
    }

    /// Hour, minute and weekday (Monday is 1) in China's time, the method, and of the rest what is
    /// known: a rule that reads what is not cannot be evaluated. What is lent comes beside it.
    fn context(&self, asked: &AccessRequest<'_>) -> Vec<(&'static str, RestrictedExpression)> {
        let local = asked.now + ZONE_SECONDS;
        let number = |value: u64| RestrictedExpression::new_long(i64::try_from(value).unwrap_or(0));
        let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
        let weekday = (local / 86_400 + 3) % 7 + 1;
        let mut pairs = vec![
            ("hour", number(local / 3_600 % 24)),
            ("minute", number(local / 60 % 60)),
            ("weekday", number(weekday)),
            ("method", text(asked.method)),
        ];
        if let Some(day) = self.conditions.day(asked.now) {
            pairs.push(("holiday", RestrictedExpression::new_bool(day.is_holiday)));
            pairs.push(("workday", RestrictedExpression::new_bool(day.is_workday)));
        }
        let Circumstances { source, certificate, tls, .. } = asked.under;
        if source.is_some() {
            let names = self.conditions.named(self.conditions.mask(source)).map(text);
            pairs.push(("networks", RestrictedExpression::new_set(names.collect::<Vec<_>>())));
        }
        pairs.extend(certificate.map(|certificate| ("certificate", text(certificate))));
        if tls > 0 {
            pairs.push(("tls", number(tls.into())));
        }
        let minutes = asked.authenticated_minutes();
        pairs.extend(minutes.map(|minutes| ("authenticated_minutes", number(minutes))));
        pairs
    }
}
