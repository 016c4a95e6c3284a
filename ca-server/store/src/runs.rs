//! Runs of agents' spools as far as the log has them: `agent_run` and `agent_head`.

use crate::entry;
use crate::run::VerifiedRun;
use records::Bytes;
use records::access::{CHAIN_START, Link, SignedHead};
use records::run::RunPiece;
use store::many::{Value, insert_many};
use store::{StoreError, Tx, row};

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

/// The entry that the log has under a number of a run.
pub(crate) async fn entry(
    tx: &mut Tx,
    agent: &str,
    epoch: &Bytes,
    aseq: u64,
) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
    let Some(index) = place(tx, agent, epoch, aseq).await? else { return Ok(None) };
    let found = entry::at(tx, crate::run::LOG, index).await?;
    Ok(found.and_then(|(record, salt)| {
        let salt = salt.as_slice().try_into().ok()?;
        Some((index, records::record::entry(salt, &record).to_vec()))
    }))
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
    let mut entries = Vec::new();
    for number in link.aseq..u64::try_from(count)? {
        let Some((_, bytes)) = entry(tx, agent, &link.epoch, number).await? else {
            return Ok(None);
        };
        entries.push(Bytes(bytes));
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
