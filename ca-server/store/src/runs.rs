//! Runs of agents' spools as far as the log has them: `agent_run` and `agent_head`.

use crate::run::{LOG, VerifiedRun};
use crate::sequenced;
use records::Bytes;
use records::access::{CHAIN_START, Link, SignedHead};
use records::record::entry;
use records::run::RunPiece;
use std::collections::BTreeMap;
use store::many::{Value, insert_many};
use store::{StoreError, Tx, row, rows};

/// Records that are read at once to be compared with others.
const TOGETHER: u64 = 64;

/// How far the log has a run: how many records, and the chain value behind them.
pub(crate) type Reached = (u64, [u8; 32]);

/// How far the log has a run.
pub(crate) async fn reached(tx: &mut Tx, agent: &str, epoch: &Bytes) -> anyhow::Result<Reached> {
    let found = row!(
        tx,
        (i64, Vec<u8>),
        "select count, chain from agent_run where agent_id = $1 and epoch = $2",
        agent,
        &epoch.0
    )?;
    let Some((count, chain)) = found else { return Ok((0, CHAIN_START)) };
    let chain = chain.try_into().map_err(|_| StoreError::Inconsistent("chain"))?;
    Ok((u64::try_from(count)?, chain))
}

/// Where a record of a run stands.
pub async fn place(
    tx: &mut Tx,
    agent: &str,
    epoch: &Bytes,
    aseq: u64,
) -> Result<Option<u64>, StoreError> {
    let Ok(number) = i64::try_from(aseq) else { return Ok(None) };
    let found = row!(
        tx,
        (Option<i64>, Option<i64>),
        "select first, idx from agent_head where agent_id = $1 and epoch = $2 and count > $3 \
         order by count limit 1",
        agent,
        &epoch.0,
        number
    )?;
    let Some((Some(first), Some(index))) = found else { return Ok(None) };
    let beyond = number.checked_sub(first).filter(|beyond| *beyond >= 0);
    Ok(beyond.and_then(|beyond| u64::try_from(index + beyond).ok()))
}

/// Where entries of a run stand, and the entries, by their numbers.
pub(crate) type Known = BTreeMap<u64, (u64, Vec<u8>)>;

/// The entries that the log has under numbers of a run; up to the first that it has not.
pub(crate) async fn entries(
    tx: &mut Tx,
    agent: &str,
    epoch: &Bytes,
    (first, end): (u64, u64),
) -> anyhow::Result<Known> {
    let heads = rows!(
        &mut *tx,
        (i64, i64, i64),
        "select first, idx, count from agent_head where agent_id = $1 and epoch = $2 \
         and count > $3 and first < $4 and idx is not null order by count",
        agent,
        &epoch.0,
        i64::try_from(first)?,
        i64::try_from(end)?
    )?;
    let mut known = Known::new();
    for (begin, index, count) in heads {
        let (begin, index) = (u64::try_from(begin)?, u64::try_from(index)?);
        let (mut from, to) = (begin.max(first), u64::try_from(count)?.min(end));
        while from < to {
            let many = (to - from).min(TOGETHER);
            let place = index.saturating_add(from - begin);
            let read = sequenced::entries(tx, LOG, place, i64::try_from(many)?).await?;
            let whole = read.len() as u64 == many;
            for (beyond, (at, record, salt)) in (0..).zip(read) {
                let salt = salt.as_slice().try_into().ok().filter(|_| at == place + beyond);
                let Some(salt) = salt else { return Ok(known) };
                let found = (at, entry(salt, &record).to_vec());
                known.entry(from + beyond).or_insert(found);
            }
            if !whole {
                return Ok(known);
            }
            from += many;
        }
    }
    Ok(known)
}

/// The piece of a run from a record, whose place is its link, to the first head that its agent
/// signed behind it. What the rows say is checked by whoever opens the piece.
pub async fn piece(tx: &mut Tx, agent: &str, link: &Link) -> anyhow::Result<Option<RunPiece>> {
    let found = row!(
        &mut *tx,
        (i64, Vec<u8>, Vec<u8>, Vec<u8>),
        "select count, head, signature, certificate from agent_head \
         where agent_id = $1 and epoch = $2 and count > $3 order by count limit 1",
        agent,
        &link.epoch.0,
        i64::try_from(link.aseq)?
    )?;
    let Some((count, head, signature, certificate)) = found else { return Ok(None) };
    let end = u64::try_from(count)?;
    let known = entries(tx, agent, &link.epoch, (link.aseq, end)).await?;
    let entries: Vec<Bytes> = known.into_values().map(|(_, entry)| Bytes(entry)).collect();
    if end.checked_sub(link.aseq) != Some(entries.len() as u64) {
        return Ok(None);
    }
    let head = SignedHead { head: Bytes(head), signature: Bytes(signature) };
    let (certificate, before) = (Bytes(certificate), link.prev.clone());
    Ok(Some(RunPiece { head, certificate, before, entries }))
}

/// Writes how far runs reach now, each once, and the heads that lead there: of a run, number and
/// index of the first record that is new.
pub(crate) async fn write(tx: &mut Tx, runs: &[(&VerifiedRun, u64, u64)]) -> anyhow::Result<()> {
    let (mut reached, mut heads) = (Vec::new(), Vec::new());
    for (run, first, index) in runs {
        let count = i64::try_from(run.end())?;
        let (agent, epoch) = (Value::from(run.agent.as_str()), Value::from(run.epoch().0.clone()));
        let chain = Value::from(run.head.chain.0.clone());
        reached.push(vec![agent.clone(), epoch.clone(), count.into(), chain]);
        heads.push(vec![
            agent,
            epoch,
            count.into(),
            run.signed.head.0.clone().into(),
            run.signed.signature.0.clone().into(),
            run.certificate.clone().into(),
            i64::try_from(*first)?.into(),
            i64::try_from(*index)?.into(),
        ]);
    }
    insert_many(
        tx,
        "insert into agent_run (agent_id, epoch, count, chain)",
        reached,
        "on conflict (agent_id, epoch) do update set count = excluded.count, \
         chain = excluded.chain",
    )
    .await?;
    insert_many(
        tx,
        "insert into agent_head \
         (agent_id, epoch, count, head, signature, certificate, first, idx)",
        heads,
        "on conflict (agent_id, epoch, count) do nothing",
    )
    .await?;
    Ok(())
}
