//! What gates say that they have and this CA has not. A CA that was put back from before, database
//! and all directories together, knows that by nothing of its own; a gate that went on meanwhile
//! has a newer list, snapshot or checkpoint. It is the word of that gate, which may be captured: it
//! is told with its name, and nothing is decided by it.

use service::Metrics;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Under which name it is told on `/readyz`, as a notice: no gate makes a role unready.
const NOTICE: &str = "gates-ahead";
/// So many gates are named.
const NAMED: usize = 8;
/// What is told before their names.
const AHEAD: &str = "these gates say that they have something newer than there is here; unless \
                     they lie, rows or this CA were put back from before:";

/// Gates that have something newer, with what it is; in memory alone, one of each gate.
#[derive(Default)]
pub struct GatesAhead(Mutex<BTreeMap<String, String>>);

impl GatesAhead {
    /// Hears what a gate has: what each is called, its number there, and the newest here. Which
    /// gates are ahead is told until they are not.
    pub fn hear(&self, gate: &str, has: &[(&str, u64, u64)], metrics: &Metrics) {
        let ahead = has.iter().filter(|(_, there, here)| there > here);
        let ahead: Vec<String> =
            ahead.map(|(what, there, here)| format!("{what} {there}, here {here}")).collect();
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = gates.remove(gate);
        let now = Some(ahead.join("; ")).filter(|now| !now.is_empty());
        let is_new = before != now;
        if let Some(now) = now {
            gates.insert(gate.to_owned(), now);
        }
        if is_new {
            metrics.notice(NOTICE, &told(&gates));
        }
    }
}

fn told(gates: &BTreeMap<String, String>) -> String {
    if gates.is_empty() {
        return String::new();
    }
    let named = gates.iter().take(NAMED).map(|(gate, has)| format!("{gate} ({has})"));
    let named: Vec<String> = named.collect();
    let more = match gates.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{AHEAD} {}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A CA that was put back hears it from whoever went on, by name and as their word, until it
    /// has caught up; a gate that has as much, or less, says nothing.
    #[test]
    fn a_gate_that_has_more_than_the_ca_is_told_by_name() {
        let (gates, metrics) = (GatesAhead::default(), Metrics::default());
        gates.hear("gate-1", &[("list", 7, 7), ("people snapshot", 3, 9)], &metrics);
        assert!(metrics.told().is_empty());
        gates.hear("gate-1", &[("list", 8, 7), ("people snapshot", 12, 9)], &metrics);
        gates.hear("gate-2", &[("list", 8, 7)], &metrics);
        let said = "gate-1 (list 8, here 7; people snapshot 12, here 9), gate-2 (list 8, here 7)";
        assert_eq!(metrics.told(), [format!("{NOTICE}: {AHEAD} {said}")]);
        assert!(metrics.readiness().is_ready, "no gate makes a role unready");
        gates.hear("gate-1", &[("list", 8, 9), ("people snapshot", 12, 12)], &metrics);
        assert_eq!(metrics.told(), [format!("{NOTICE}: {AHEAD} gate-2 (list 8, here 7)")]);
        gates.hear("gate-2", &[("list", 8, 9)], &metrics);
        assert!(metrics.told().is_empty());
        for gate in 0..NAMED + 2 {
            gates.hear(&format!("gate-{gate}"), &[("list", u64::MAX, 9)], &metrics);
        }
        assert!(metrics.told().iter().all(|line| line.ends_with(" and 2 more")));
        assert_eq!(metrics.told().len(), 1);
    }
}
