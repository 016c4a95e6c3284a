//! What one walk over all people tells of the units: how many are in office in each, and who has
//! roles. It is walked once for each change that people snapshots would tell of, and not for
//! whoever asks.

use crate::error::IssuerError;
use crate::state::State;
use authority::Authority;
use records::rules::Role;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// People whose roles count in a unit that are shown, at most.
const HOLDERS_MAX: usize = 100;

/// Person, role and scope.
pub(super) type HeldRole = (String, Role, String);

/// A walk that took longer than this, in a city of very many people, counts for a while.
const LONG: Duration = Duration::from_millis(50);
/// For so many times its length: of one processor a tenth is spent on walks, whoever asks.
const COUNTS_FOR: u32 = 9;

/// What the last walk told, behind how many changes, and until when it counts all the same.
#[derive(Default)]
pub(crate) struct LastCensus(Mutex<Option<(u64, Instant, Arc<Census>)>>);

impl LastCensus {
    /// What is told of this state. Whoever comes while another one walks waits for that; a walk
    /// holds up nobody else.
    pub(super) async fn of(&self, state: &State) -> Result<Arc<Census>, IssuerError> {
        let mut last = self.0.lock().await;
        if let Some((change, until, census)) = &*last
            && (*change == state.people_change || Instant::now() < *until)
        {
            return Ok(census.clone());
        }
        let (began, authority) = (Instant::now(), state.authority().clone());
        let walk = tokio::task::spawn_blocking(move || Census::of(&authority));
        let census = Arc::new(walk.await.map_err(anyhow::Error::from)?);
        let took = began.elapsed();
        let counts_for = if took > LONG { took * COUNTS_FOR } else { Duration::ZERO };
        *last = Some((state.people_change, Instant::now() + counts_for, census.clone()));
        Ok(census)
    }
}

/// What one walk tells.
pub(super) struct Census {
    /// People in office by their unit.
    people: HashMap<String, u32>,
    /// Roles that mean more than to be an official.
    roles: Vec<HeldRole>,
}

impl Census {
    fn of(authority: &Authority) -> Self {
        let (mut people, mut roles) = (HashMap::new(), Vec::new());
        for (id, state) in authority.people() {
            if state.left || authority.has_left(id) {
                continue;
            }
            match people.get_mut(state.unit.as_str()) {
                Some(count) => *count += 1,
                None => drop(people.insert(state.unit.clone(), 1_u32)),
            }
            let held = state.roles.iter().filter(|(role, _)| *role != Role::Official);
            roles.extend(held.map(|(role, scope)| (id.to_string(), *role, scope.clone())));
        }
        Self { people, roles }
    }

    /// People in office by the unit directly below this one in which they are.
    pub(super) fn below(&self, authority: &Authority, unit: &str) -> HashMap<String, u32> {
        let mut below = HashMap::new();
        for (id, people) in &self.people {
            let chain = authority.above(id);
            let place = chain.iter().position(|one| *one == unit);
            let child = place.and_then(|place| chain.get(place.checked_sub(1)?));
            if let Some(child) = child {
                *below.entry((*child).to_owned()).or_default() += people;
            }
        }
        below
    }

    /// Those whose roles count in a unit now, the nearest first.
    pub(super) fn holders_in(&self, authority: &Authority, unit: &str) -> Vec<HeldRole> {
        let above = authority.above(unit);
        let counts = |(id, role, scope): &&HeldRole| {
            let within = above.contains(&scope.as_str());
            within && !authority.has_left(id) && authority.holds(id, *role, scope)
        };
        let mut holders: Vec<HeldRole> = self.roles.iter().filter(counts).cloned().collect();
        holders.sort_by_key(|(id, role, scope)| {
            (above.iter().position(|one| *one == scope.as_str()), *role, id.clone())
        });
        holders.truncate(HOLDERS_MAX);
        holders
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    /// Whoever asks again is told what was counted, until something changed.
    #[tokio::test]
    async fn people_are_counted_once_for_each_change() {
        let mut sample = Sample::found();
        let last = LastCensus::default();
        let first = last.of(&sample.state).await.unwrap();
        assert!(Arc::ptr_eq(&first, &last.of(&sample.state).await.unwrap()), "nothing changed");
        assert!(first.people.values().sum::<u32>() > 0 && !first.roles.is_empty());
        sample.state.people_change += 1;
        assert!(!Arc::ptr_eq(&first, &last.of(&sample.state).await.unwrap()));
        let authority = sample.state.authority();
        let city = authority.city_unit();
        let own = first.people.get(city).copied().unwrap_or(0);
        let below: u32 = first.below(authority, city).values().sum();
        assert_eq!(below + own, first.people.values().sum::<u32>());
        assert!(!first.holders_in(authority, city).is_empty());
    }
}
