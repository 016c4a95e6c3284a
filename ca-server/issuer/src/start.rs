//! What a start takes up: the log followed to its head, and what a former process left.

use crate::adopt::adopted;
use crate::answered_brakes::AnsweredBrakes;
use crate::catch_up::{CaughtUp, catch_up};
use crate::context::IssuanceContext;
use crate::effects::Unwritten;
use crate::error::IssuerError;
use crate::issuance::{IntentEntry, PendingIssuance, RecordedIntent};
use crate::marks::Marks;
use crate::rows::RowChange;
use crate::state::State;
use crate::uncopied;
use authority::{OrderDigest, Serial};
use ca_store::keep::Keep;
use ca_store::proof;
use ca_store::record::NewRecord;
use ca_store::replay::{Followed, LOG, Replay, ReplayError};
use ca_store::table::intent;
use records::Code;
use service::Metrics;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use store::{Store, StoreError};

/// A log that cannot be followed at the start is looked at again after this long.
const AGAIN: Duration = Duration::from_secs(1);

/// What a start takes up.
pub(crate) struct Start {
    pub(crate) state: State,
    /// Intents that the tree holds and that nobody began to sign.
    pub(crate) confirmed: Vec<RecordedIntent>,
    /// Intents whose signatures may exist, or whose bytes are gone: they are given up.
    pub(crate) left_behind: Vec<Serial>,
    /// What had no effect and was met on the way: a record, or a row that we did not write.
    pub(crate) unsigned: Vec<(String, Code)>,
    pub(crate) unwritten: Unwritten,
    /// What a former process committed of what only takes away, and did not come to keep in its
    /// journal.
    pub(crate) adopted: Vec<NewRecord>,
    /// Copies of what the log says that a table did not take, and whether others are remembered by
    /// nobody.
    pub(crate) uncopied: Vec<RowChange>,
    pub(crate) is_uncopied: bool,
}

impl Start {
    /// The start from a log that can be followed: one that cannot is told on `/readyz`, and looked
    /// at until it can be. A table that is spoiled and decides nothing keeps no start, and so no
    /// brake, from going on.
    pub(crate) async fn once_followed(
        (store, context): (&Store, &IssuanceContext),
        (replay, keep): (&Replay, &Keep),
        (marks, told): (&Marks, &AnsweredBrakes),
        metrics: &Metrics,
    ) -> Self {
        let mut reads = true;
        loop {
            let start = Self::of((store, reads), (context, metrics), (replay, keep), (marks, told));
            match start.await {
                Ok(start) => return start,
                Err(error) => {
                    let known = error.downcast_ref::<IssuerError>();
                    reads = !(reads && known.is_some_and(IssuerError::is_about_rows));
                    metrics.condition("start", &format!("{error:#}"));
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Follows the log to its head and looks which intents have no result.
    async fn of(
        (store, reads): (&Store, bool),
        (context, metrics): (&IssuanceContext, &Metrics),
        (replay, keep): (&Replay, &Keep),
        (marks, told): (&Marks, &AnsweredBrakes),
    ) -> anyhow::Result<Self> {
        let floor = replay.above(keep.floor());
        let mut tx = store.read().await?;
        let with = |followed: Followed| {
            let authority = followed.authority.with_signatures(replay.signatures().clone());
            State::at(Followed { authority, ..followed })
        };
        let head = replay.head(&mut tx, &floor).await.map_err(stopped)?;
        let followed = match keep.load(&context.founding) {
            Some(followed) => followed,
            None => {
                let first = replay.step(&mut tx, None, (&head, &floor), 1).await;
                first.map_err(IssuerError::from)?.0
            }
        };
        let mut told = told.clone();
        let revoked: Vec<_> = told.revocations().cloned().collect();
        let ended: Vec<_> = told.ended().collect();
        for (id, standing) in proof::sequenced(&mut tx, LOG, told.entries(), &head).await? {
            told.proven(&id, standing);
        }
        let mut state = with(followed);
        state.told = told;
        let caught = catch_up(&mut tx, (replay, &floor), (Some(state), reads)).await?;
        let CaughtUp { mut state, rows, effects, mut unsigned, is_uncopied, .. } = caught;
        let adopted = adopted(&mut tx, replay, &mut state).await?;
        drop(tx);
        // A former process may not have seen that the tree gave it no effect.
        let named = revoked.iter().flat_map(|one| state.authority().taken_away(&one.record.event));
        let counts = |one: &(Serial, String)| !state.authority().is_ended(&one.0.to_string());
        let undone: Vec<_> = named.filter(counts).collect();
        state.undone.extend(undone);
        let open = |order: &OrderDigest| state.authority().open(*order, 0).is_ok();
        let ended: Vec<_> = ended.into_iter().filter(open).collect();
        ended.into_iter().for_each(|order| state.end_undone(order));
        // What a former process did not come to: it follows from the log and can be written again.
        let mut uncopied = Vec::new();
        if !rows.is_empty() {
            let tx = store.write().await?;
            if let Err(error) = uncopied::write(tx, rows.clone(), state.authority()).await {
                tracing::warn!(error = format!("{error:#}"), "copies of the log wait");
                uncopied = rows;
            }
        }
        let mut unwritten = Unwritten::default();
        unwritten.carry_out((context, metrics), effects);
        unsigned.extend(waiting(store, context, &mut state).await?);
        let marked: BTreeSet<Serial> = marks.marked().collect();
        let unfinished: Vec<Serial> =
            state.authority().unfinished_intents().map(|(serial, _)| *serial).collect();
        // Without its bytes an intent can never be signed.
        let is_left =
            |serial: &Serial| marked.contains(serial) || !state.issuances.contains_key(serial);
        let (left_behind, to_sign): (Vec<Serial>, Vec<Serial>) =
            unfinished.into_iter().partition(is_left);
        let confirmed = to_sign.into_iter().filter_map(|serial| {
            let entry = IntentEntry::unfinished(state.authority(), serial)?;
            let pending = state.issuances.get(&serial)?;
            RecordedIntent::confirmed(&entry, pending)
        });
        let confirmed = confirmed.collect();
        Ok(Self {
            state,
            confirmed,
            left_behind,
            unsigned,
            unwritten,
            adopted,
            uncopied,
            is_uncopied,
        })
    }
}

/// Why a start waits, as it is told: of a database of before in its own words, since whoever reads
/// a code alone knows of no newer one.
fn stopped(error: ReplayError) -> anyhow::Error {
    match error {
        error @ ReplayError::WentBack { .. } => {
            anyhow::Error::from(error).context(Code::UnsignedAuthority.name())
        }
        error => IssuerError::from(error).into(),
    }
}

/// Takes up the intents whose bytes wait for their signature; gives what nobody can read, which
/// nobody signs.
async fn waiting(
    store: &Store,
    context: &IssuanceContext,
    state: &mut State,
) -> Result<Vec<(String, Code)>, StoreError> {
    let mut tx = store.read().await?;
    let mut unsigned = Vec::new();
    let rows = match intent::waiting(&mut tx).await {
        Err(error) if error.is_about_rows() => {
            unsigned.push((format!("table intent: {error}"), Code::UnsignedAuthority));
            Vec::new()
        }
        rows => rows?,
    };
    for row in rows {
        let serial = row.serial.clone();
        match PendingIssuance::read(row, &context.seal) {
            Some(pending) => {
                state.issuances.insert(pending.serial(), Arc::new(pending));
            }
            None => unsigned.push((format!("intent {serial}"), Code::UnsignedAuthority)),
        }
    }
    Ok(unsigned)
}
