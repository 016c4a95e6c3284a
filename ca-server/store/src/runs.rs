//! Runs of agents' spools as far as the log has them: the heads that agents signed, in
//! `agent_head`. What a row says of a run is believed as far as a signature of its agent says it.

use crate::run::{LOG, VerifiedRun};
use crate::{entry, sequenced};
use pki::Certificate;
use records::Bytes;
use records::access::{CHAIN_START, Link, SignedHead};
use records::record::{self, Record};
use records::run::RunPiece;
use std::collections::{BTreeMap, BTreeSet};
use store::many::{Value, insert_many};
use store::{StoreError, Tx, row, rows};

/// Records that are read at once to be compared with others.
const TOGETHER: u64 = 64;

/// How far the log has a run: how many records, and the chain value behind them.
pub(crate) type Reached = (u64, [u8; 32]);

/// An agent signs a head behind fewer records: a row that says otherwise is a hand's.
const HEAD_RECORDS_MAX: u64 = 4_096;

/// A head as it was kept: how many records, its bytes, their signature, the agent's certificate.
type HeadRow = (i64, Vec<u8>, Vec<u8>, Vec<u8>);

/// A head of a run that the key of its certificate signed for just its place. Whether that key is
/// the agent's, authority says.
struct KeptHead {
    reached: Reached,
    /// SHA-256 of the key.
    signer: Bytes,
}

impl KeptHead {
    /// The head of a row, if a key signed it.
    fn open(row: HeadRow, agent: &str, epoch: &Bytes) -> Option<Self> {
        let (count, head, signature, certificate) = row;
        let certificate = Certificate::read(&certificate).ok()?;
        let signed = SignedHead { head: Bytes(head), signature: Bytes(signature) };
        let head = signed.open(certificate.key())?;
        let is_its_own = head.agent == agent && head.epoch == *epoch;
        if !is_its_own || i64::try_from(head.count) != Ok(count) {
            return None;
        }
        let signer = certificate.key().sha256().into();
        Some(Self { reached: (head.count, head.chain.digest()?), signer })
    }
}

/// How far the log has a run: as far as its newest signed head. None where there are heads, and
/// nobody signed the newest of them.
pub(crate) async fn reached(
    tx: &mut Tx,
    agent: &str,
    epoch: &Bytes,
) -> Result<Option<Reached>, StoreError> {
    let found = rows!(
        tx,
        (i64, Vec<u8>, Vec<u8>, Vec<u8>),
        "select count, head, signature, certificate from agent_head \
         where agent_id = $1 and epoch = $2 order by count desc limit 16",
        agent,
        &epoch.0
    )?;
    if found.is_empty() {
        return Ok(Some((0, CHAIN_START)));
    }
    let mut opened = found.into_iter().filter_map(|row| KeptHead::open(row, agent, epoch));
    Ok(opened.next().map(|head| head.reached))
}

/// SHA-256 of the key that signed that a run reaches just so far.
pub(crate) async fn signer(
    tx: &mut Tx,
    agent: &str,
    epoch: &Bytes,
    reached: Reached,
) -> Result<Option<Bytes>, StoreError> {
    let Ok(count) = i64::try_from(reached.0) else { return Ok(None) };
    let found = row!(
        tx,
        (i64, Vec<u8>, Vec<u8>, Vec<u8>),
        "select count, head, signature, certificate from agent_head \
         where agent_id = $1 and epoch = $2 and count = $3",
        agent,
        &epoch.0,
        count
    )?;
    let head = found.and_then(|row| KeptHead::open(row, agent, epoch));
    Ok(head.filter(|head| head.reached == reached).map(|head| head.signer))
}

/// An entry of a run that leads to a head that was signed.
pub(crate) struct SignedEntry {
    pub(crate) index: u64,
    pub(crate) entry: [u8; 32],
    /// SHA-256 of the key that signed the head.
    pub(crate) signer: Bytes,
}

/// What was signed under a number of a run, and where it is said to stand.
pub(crate) async fn signed_entry(
    tx: &mut Tx,
    agent: &str,
    epoch: &Bytes,
    aseq: u64,
) -> anyhow::Result<Option<SignedEntry>> {
    let Some(index) = place(tx, agent, epoch, aseq).await? else { return Ok(None) };
    let Some((record, salt)) = entry::at(tx, LOG, index).await? else { return Ok(None) };
    let Ok(salt) = <[u8; 32]>::try_from(salt.as_slice()) else { return Ok(None) };
    let link = Record::read(&record).ok().and_then(|record| record.link);
    let Some(link) = link.filter(|link| link.epoch == *epoch && link.aseq == aseq) else {
        return Ok(None);
    };
    let Some(piece) = piece(tx, agent, &link).await? else { return Ok(None) };
    let Ok(opened) = piece.open(&BTreeSet::from([aseq])) else { return Ok(None) };
    let entry = record::entry(&salt, &record);
    let signer = opened.certificate().key().sha256().into();
    Ok(opened.holds(agent, &link, &entry).then_some(SignedEntry { index, entry, signer }))
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
    Ok(beyond.and_then(|beyond| u64::try_from(index.checked_add(beyond)?).ok()))
}

/// Where entries of a run stand, and the entries, by their numbers.
pub(crate) type Known = BTreeMap<u64, (u64, Vec<u8>)>;

/// The entries that the log has under numbers of a run; up to the first that it has not. Each is
/// read once, however many rows say where it stands.
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
         and count > $3 and count < $4 and first >= 0 and first < $5 and idx >= 0 order by count",
        agent,
        &epoch.0,
        i64::try_from(first)?,
        i64::try_from(end.saturating_add(HEAD_RECORDS_MAX)).unwrap_or(i64::MAX),
        i64::try_from(end)?
    )?;
    let (mut known, mut from) = (Known::new(), first);
    for (begin, index, count) in heads {
        let (begin, index) = (u64::try_from(begin)?, u64::try_from(index)?);
        let to = u64::try_from(count)?.min(end);
        from = from.max(begin);
        while from < to {
            let many = (to - from).min(TOGETHER);
            let place = index.saturating_add(from - begin);
            let read = sequenced::entries(tx, LOG, place, i64::try_from(many)?).await?;
            let whole = read.len() as u64 == many;
            for (beyond, (at, record, salt)) in (0..).zip(read) {
                let salt = salt.as_slice().try_into().ok().filter(|_| at == place + beyond);
                let Some(salt) = salt else { return Ok(known) };
                known.insert(from + beyond, (at, record::entry(salt, &record).to_vec()));
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
    if end.saturating_sub(link.aseq) > HEAD_RECORDS_MAX {
        return Ok(None);
    }
    let known = entries(tx, agent, &link.epoch, (link.aseq, end)).await?;
    let entries: Vec<Bytes> = known.into_values().map(|(_, entry)| Bytes(entry)).collect();
    if end.checked_sub(link.aseq) != Some(entries.len() as u64) {
        return Ok(None);
    }
    let head = SignedHead { head: Bytes(head), signature: Bytes(signature) };
    let (certificate, before) = (Bytes(certificate), link.prev.clone());
    Ok(Some(RunPiece { head, certificate, before, entries }))
}

/// Writes the heads to which runs reach now, each once, in place of what a hand put there: of a
/// run, number and index of the first record that is new.
pub(crate) async fn write(tx: &mut Tx, runs: &[(&VerifiedRun, u64, u64)]) -> anyhow::Result<()> {
    let mut heads = Vec::new();
    for (run, first, index) in runs {
        heads.push(vec![
            Value::from(run.agent.as_str()),
            run.epoch().0.clone().into(),
            i64::try_from(run.end())?.into(),
            run.signed.head.0.clone().into(),
            run.signed.signature.0.clone().into(),
            run.certificate.clone().into(),
            i64::try_from(*first)?.into(),
            i64::try_from(*index)?.into(),
        ]);
    }
    insert_many(
        tx,
        "insert into agent_head \
         (agent_id, epoch, count, head, signature, certificate, first, idx)",
        heads,
        "on conflict (agent_id, epoch, count) do update set head = excluded.head, \
         signature = excluded.signature, certificate = excluded.certificate, \
         first = excluded.first, idx = excluded.idx",
    )
    .await?;
    Ok(())
}
