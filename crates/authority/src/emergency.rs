//! Emergencies: an order of two lets named people past what the rules of an application deny them,
//! in one window. Its case stays open until somebody has looked at it; until then there is no other
//! one of the application, so that nobody goes on by one order after the other.

use crate::authority::Authority;
use crate::id::{NamesOrder, OrderDigest};
use crate::judge::Judged;
use crate::state::EmergencyState;
use records::bytes::Bytes;
use records::code::Code;
use records::order::{EmergencyBefore, EmergencyBody, EmergencyReviewBody, is_id};
use records::people::OrderedEmergency;
use records::rules::Role;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Authority {
    /// Emergencies whose cases are open, by the digests of their orders.
    pub fn emergencies(&self) -> impl Iterator<Item = (OrderDigest, &EmergencyState)> {
        self.emergencies.iter().map(|(digest, state)| (*digest, &**state))
    }

    /// Those of an application that are not over at `now`, as gates need them.
    pub(crate) fn emergencies_of(&self, application: &str, now: u64) -> Vec<OrderedEmergency> {
        let open = self.emergencies().filter(|(digest, state)| {
            let is_reviewed = self.pending.reviewed.contains(digest);
            state.application == application && state.until >= now && !is_reviewed
        });
        let told = open.map(|(digest, state)| OrderedEmergency {
            order: digest.into(),
            people: state.people.clone(),
            from: records::time::seconds(state.from),
            until: records::time::seconds(state.until),
        });
        told.collect()
    }

    /// Whether an emergency may be asked for: of an application and people that are known.
    pub fn emergency_is_known(&self, body: &EmergencyBody) -> Result<(), Code> {
        if !self.knows_application(&body.application) {
            return Err(Code::StateConflict);
        }
        let has_left = |person: &String| self.has_left(person);
        match body.people.iter().any(has_left) {
            true => Err(Code::PersonLeft),
            false => Ok(()),
        }
    }

    /// Whoever hears of an emergency: its people, and whoever is in office over their units,
    /// auditors too.
    pub fn hears_of(&self, emergency: &EmergencyBody) -> BTreeSet<String> {
        let units = emergency.people.iter().filter_map(|id| self.person(id));
        let above: BTreeSet<&str> = units.flat_map(|person| self.above(&person.unit)).collect();
        let in_office = self.appointed.iter().filter(|id| {
            let person = self.people.get(*id).filter(|person| !person.left);
            person.is_some_and(|person| {
                person
                    .roles
                    .iter()
                    .any(|(role, scope)| *role != Role::Official && above.contains(scope.as_str()))
            })
        });
        in_office.map(ToString::to_string).chain(emergency.people.iter().cloned()).collect()
    }

    pub(crate) fn emergency_fits(&self, body: &EmergencyBody) -> Result<(), Code> {
        let (_, until) =
            body.window().filter(|_| is_id(&body.application)).ok_or(Code::Malformed)?;
        if until < self.signed_time {
            return Err(Code::OrderExpired);
        }
        let is_open = self.emergencies().any(|(_, state)| state.application == body.application);
        if is_open { Err(Code::EmergencyOpen) } else { Ok(()) }
    }

    pub(crate) fn review_fits(&self, body: &EmergencyReviewBody) -> Result<(), Code> {
        let state = self.emergency_named(&body.order).ok_or(Code::StateConflict)?;
        match state.application == body.application && state.about == body.about {
            true => Ok(()),
            false => Err(Code::StateConflict),
        }
    }

    /// The emergency that a review is about, as it was ordered.
    pub(crate) fn emergency_before(
        &self,
        body: &EmergencyReviewBody,
    ) -> Result<EmergencyBefore, Code> {
        let state = self.emergency_named(&body.order).ok_or(Code::StateConflict)?;
        Ok(EmergencyBefore {
            people: state.people.clone(),
            from: records::time::seconds(state.from),
            until: records::time::seconds(state.until),
        })
    }

    /// The units of those whom an emergency let past the rules: where its case is closed.
    pub(crate) fn places_of_review(&self, body: &EmergencyReviewBody) -> Vec<&str> {
        let people = self
            .emergency_named(&body.order)
            .map_or(&[] as &[String], |state| state.people.as_slice());
        let units = people.iter().filter_map(|id| self.person(id));
        let units: Vec<&str> = units.map(|person| person.unit.as_str()).collect();
        if units.is_empty() { vec![self.city_unit()] } else { units }
    }

    fn emergency_named(&self, order: &Bytes) -> Option<&EmergencyState> {
        self.emergencies.get(&order.order_digest()?).map(|state| &**state)
    }

    pub(crate) fn enact_emergency(
        &mut self,
        body: &EmergencyBody,
        judged: &Judged,
    ) -> Result<(), Code> {
        let (from, until) = body.window().ok_or(Code::Malformed)?;
        let (application, people) = (body.application.clone(), body.people.clone());
        // Whose voice it was had a part in it, whoever spoke.
        let approvers = judged.counted().iter().map(|one| &one.capacity);
        let approvers = approvers.flat_map(|one| std::iter::once(one.person).chain(one.acting_for));
        let approvers = approvers.map(|id| id.to_string());
        let about: BTreeSet<String> = approvers.chain(people.iter().cloned()).collect();
        let about = about.into_iter().collect();
        let state = EmergencyState { application, people, about, from, until };
        self.emergencies.insert(judged.digest(), Arc::new(state));
        Ok(())
    }

    pub(crate) fn enact_review(&mut self, body: &EmergencyReviewBody) {
        if let Some(order) = body.order.order_digest() {
            self.emergencies.remove(&order);
        }
    }
}
