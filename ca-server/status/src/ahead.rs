//! What a gate that waits for what is new says that it has, beside the newest that there is here.

use super::state::Status;
use ca_api::WorldNumbers;

/// The newest that rows and what came past them have for a gate; nothing of its snapshot where a
/// newer one is looked for.
#[derive(Clone, Copy)]
pub(super) struct NewestHere {
    pub(super) people: Option<u64>,
    pub(super) bundle: u32,
}

impl Status {
    /// Tells of a gate that has something newer than there is here.
    pub(super) fn hear_of(&self, gate: &str, has: &WorldNumbers, here: NewestHere) {
        // A list that was seen and is missing here is told by itself.
        let list = self.lists.newest().map(|list| list.number());
        self.gates_ahead.hear(gate, &beside(has, list, here), &self.metrics);
    }
}

/// Numbers of a gate beside those here; what is not known here is no less.
fn beside(
    has: &WorldNumbers,
    list: Option<u64>,
    here: NewestHere,
) -> [(&'static str, u64, u64); 3] {
    [
        ("list", has.crl, list.unwrap_or(has.crl)),
        ("people snapshot", has.people, here.people.unwrap_or(has.people)),
        ("rules", u64::from(has.bundle), u64::from(here.bundle)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ca_host::gates_ahead::GatesAhead;
    use service::Metrics;

    /// List, snapshot and rules that a gate has and nobody here knows are told, each by itself.
    #[test]
    fn each_number_that_a_gate_has_is_compared() {
        let has = WorldNumbers { crl: 9, people: 12, bundle: 3, ..WorldNumbers::default() };
        let told = |list, people, bundle| {
            let (gates, metrics) = (GatesAhead::default(), Metrics::default());
            gates.hear("gate-1", &beside(&has, list, NewestHere { people, bundle }), &metrics);
            metrics.told().concat()
        };
        for newest in [(Some(9), Some(12), 3), (None, None, 3), (Some(10), Some(13), 4)] {
            assert_eq!(told(newest.0, newest.1, newest.2), "");
        }
        assert!(told(Some(8), Some(12), 3).contains("gate-1 (list 9, here 8)"));
        assert!(told(Some(9), Some(0), 3).contains("gate-1 (people snapshot 12, here 0)"));
        assert!(told(None, None, 2).contains("gate-1 (rules 3, here 2)"));
    }
}
