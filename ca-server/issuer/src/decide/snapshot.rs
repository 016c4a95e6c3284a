//! People snapshots for agents: what they say follows from the log alone.

use crate::command::{NewSnapshot, Snapshots};
use crate::error::IssuerError;
use crate::round::Round;
use crate::rows::RowChange;
use records::Bytes;
use records::people::PeopleSnapshot;
use records::record::Event;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// SHA-256 of what a snapshot says, number and times left out.
pub(crate) fn said(snapshot: &PeopleSnapshot) -> Result<Vec<u8>, IssuerError> {
    let plain = PeopleSnapshot {
        number: 0,
        this_update: String::new(),
        next_update: String::new(),
        ..snapshot.clone()
    };
    Ok(Sha256::digest(records::json::write(&plain)?).to_vec())
}

/// Records what the publisher made, all of it or nothing.
pub(crate) fn snapshots(round: &mut Round<'_>, told: &Snapshots) -> Result<(), IssuerError> {
    told.new.iter().try_for_each(|new| snapshot(round, new))
}

/// Records one snapshot.
fn snapshot(round: &mut Round<'_>, new: &Arc<NewSnapshot>) -> Result<(), IssuerError> {
    let event = Event::People {
        agent: new.snapshot.agent.clone(),
        number: new.snapshot.number,
        sha256: Bytes::from(Sha256::digest(&new.signed.snapshot.0).as_slice()),
        this_update: new.snapshot.this_update.clone(),
        next_update: new.snapshot.next_update.clone(),
        people: new.snapshot.people.len() as u64,
    };
    round.record(event, Vec::new())?;
    round.change(RowChange::Snapshot(new.clone()));
    Ok(())
}
