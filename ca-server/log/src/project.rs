//! The index: what each sequenced record is found by. Made from the log behind the sequencer, never in
//! its way; thrown away and made again without a loss.

use ca_store::ledger;
use records::record::Record;
use service::{Metrics, Stop};
use std::time::Duration;
use store::{Store, execute, row};

const CHUNK: i64 = 512;
const LOOK: Duration = Duration::from_millis(15);
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Follows a log until the stop.
pub(super) async fn run(log: &'static str, store: Store, metrics: Metrics, stop: Stop) {
    let mut watch = store.watch();
    loop {
        let pause = if watch.changed() {
            match some(&store, log).await {
                Ok(CHUNK) => continue,
                Ok(_) => LOOK,
                Err(error) => {
                    tracing::warn!(log, error = format!("{error:#}"), "index");
                    metrics.count("index", "unavailable");
                    AFTER_FAILURE
                }
            }
        } else {
            LOOK
        };
        if !stop.pause(pause).await {
            return;
        }
    }
}

/// Indexes what comes next; gives how many records that were.
async fn some(store: &Store, log: &str) -> anyhow::Result<i64> {
    let mut tx = store.read().await?;
    let size = projected(&mut tx, log).await?;
    let entries = ledger::entries(&mut tx, log, size, CHUNK).await?;
    drop(tx);
    let Some((last, _, _)) = entries.last() else { return Ok(0) };
    let mut tx = store.write().await?;
    if projected(&mut tx, log).await? != size {
        return Ok(0);
    }
    for (index, bytes, _) in &entries {
        let Ok(record) = Record::read(bytes) else { continue };
        for term in records::term::terms(&record) {
            execute!(
                &mut tx,
                "insert into log_term (log_id, term, idx) values ($1, $2, $3) \
                 on conflict (log_id, term, idx) do nothing",
                log,
                records::term::key(&term),
                i64::try_from(*index)?
            )?;
        }
    }
    execute!(
        &mut tx,
        "insert into log_projected (log_id, size) values ($1, $2) \
         on conflict (log_id) do update set size = $2",
        log,
        i64::try_from(last + 1)?
    )?;
    tx.commit().await?;
    Ok(i64::try_from(entries.len())?)
}

/// How far the index reaches.
pub(crate) async fn projected(tx: &mut store::Tx, log: &str) -> anyhow::Result<u64> {
    let found = row!(tx, (i64,), "select size from log_projected where log_id = $1", log)?;
    Ok(u64::try_from(found.map_or(0, |(size,)| size))?)
}
