//! Rosters that were checked and wait for their handlers' signatures: in memory, one a handler, for
//! minutes. A refused file is never here.

use portal_api::roster::RosterDraft;
use records::Bytes;
use service::Clock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long one waits, in seconds: as long as its draft counts.
const SECONDS: u64 = records::draft::DRAFT_SECONDS;
/// Most that wait; of more the oldest is forgotten, and its file is sent again.
const KEPT_MAX: usize = 16;

/// A roster with the statement that is to be signed.
pub(crate) struct Waiting {
    pub(crate) statement: Bytes,
    pub(crate) draft: RosterDraft,
    since: u64,
}

/// The rosters of a process, by person id.
#[derive(Default)]
pub struct Rosters(Mutex<HashMap<String, Arc<Waiting>>>);

impl Rosters {
    /// Keeps a handler's roster; the one before is forgotten.
    pub(crate) fn keep(&self, person: &str, statement: Bytes, draft: RosterDraft) {
        let since = Clock::system().seconds();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, waiting| since.saturating_sub(waiting.since) <= SECONDS);
        if kept.len() >= KEPT_MAX {
            let oldest = kept.iter().min_by_key(|(_, waiting)| waiting.since);
            let oldest = oldest.map(|(person, _)| person.clone());
            oldest.map(|person| kept.remove(&person));
        }
        kept.insert(person.to_owned(), Arc::new(Waiting { statement, draft, since }));
    }

    /// The roster under a statement, if it still waits.
    pub(crate) fn waiting(&self, person: &str, statement: &Bytes) -> Option<Arc<Waiting>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(person).filter(|waiting| waiting.statement == *statement).cloned()
    }
}
