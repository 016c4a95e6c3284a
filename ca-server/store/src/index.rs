//! The index of the logs: `log_segment`, `log_posting` and `log_projected`. What each record is
//! found by follows from the log; the index can be thrown away and made again.
//!
//! A segment covers the records of one piece of a log. New pieces come as small segments, which are
//! merged into larger ones; each posting is written a few times, in order, however long the log
//! becomes.

mod merge;
#[cfg(test)]
mod tests;

pub use merge::{merge, sweep};

use crate::intake::LedgerError;
use crate::known::KnownRecords;
use crate::runs;
use crate::segment::{Blocks, Posting, decode, low, rank};
use records::term::{self, Key};
use std::collections::BTreeSet;
use store::many::{Value, insert_many};
use store::{StoreError, Tx, execute, row, rows};

/// A segment is a sorted piece of the index over records that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The segment is named by its number.
    pub segment: i64,
    /// The first record has this index.
    pub first: u64,
    /// The segment covers so many records.
    pub size: u64,
}

/// How far the index reaches.
pub async fn projected(tx: &mut Tx, log: &str) -> Result<u64, StoreError> {
    let found = row!(tx, (i64,), "select size from log_projected where log_id = $1", log)?;
    let (size,) = found.unwrap_or((0,));
    u64::try_from(size).map_err(|_| StoreError::Inconsistent("index"))
}

/// The segments of a log, oldest first.
pub async fn segments(tx: &mut Tx, log: &str) -> Result<Vec<Segment>, StoreError> {
    let found = rows!(
        tx,
        (i64, i64, i64),
        "select segment, first, size from log_segment where log_id = $1 order by first",
        log
    )?;
    let broken = |_| StoreError::Inconsistent("segment");
    let read = |(segment, first, size): (i64, i64, i64)| {
        let (first, size) =
            (u64::try_from(first).map_err(broken)?, u64::try_from(size).map_err(broken)?);
        Ok(Segment { segment, first, size })
    };
    found.into_iter().map(read).collect()
}

/// Whether the segments hang together from the first record to where the index reaches; what does
/// not is thrown away and made again.
pub async fn is_whole(tx: &mut Tx, log: &str) -> Result<bool, StoreError> {
    let mut end = 0;
    for one in segments(tx, log).await? {
        if one.first != end {
            return Ok(false);
        }
        end += one.size;
    }
    Ok(end == projected(tx, log).await?)
}

/// Sorted blocks over records that follow each other.
pub struct Piece {
    first: u64,
    size: u64,
    blocks: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Piece {
    /// The piece from `first` on, with the keys of each record.
    pub fn new(first: u64, keys: Vec<Vec<Key>>) -> Self {
        let size = keys.len() as u64;
        let mut postings: Vec<Posting> = Vec::with_capacity(keys.len() * 8);
        for (place, keys) in (first..).zip(keys) {
            postings.extend(keys.into_iter().map(|key| (key, place)));
        }
        postings.sort_unstable_by_key(|posting| rank(*posting));
        postings.dedup();
        let mut blocks = Blocks::default();
        postings.into_iter().for_each(|posting| blocks.push(posting));
        Self { first, size, blocks: blocks.finish() }
    }

    /// The index behind its last record.
    pub fn end(&self) -> u64 {
        self.first + self.size
    }
}

/// Adds a piece, if it is the next one; says whether it was.
pub async fn add(tx: &mut Tx, log: &str, piece: Piece) -> anyhow::Result<bool> {
    if projected(tx, log).await? != piece.first {
        return Ok(false);
    }
    let number = next_segment(tx, log).await?;
    write_blocks(tx, log, number, piece.blocks).await?;
    write_segment(tx, log, &Segment { segment: number, first: piece.first, size: piece.size })
        .await?;
    execute!(
        tx,
        "insert into log_projected (log_id, size) values ($1, $2) \
         on conflict (log_id) do update set size = $2",
        log,
        i64::try_from(piece.first + piece.size)?
    )?;
    Ok(true)
}

/// Throws the index of a log away; it is made again from the records.
pub async fn forget(tx: &mut Tx, log: &str) -> Result<(), StoreError> {
    execute!(&mut *tx, "delete from log_segment where log_id = $1", log)?;
    execute!(&mut *tx, "delete from log_posting where log_id = $1", log)?;
    execute!(tx, "delete from log_projected where log_id = $1", log)?;
    Ok(())
}

/// A number that no segment has, not even one that a crash left unfinished.
async fn next_segment(tx: &mut Tx, log: &str) -> Result<i64, StoreError> {
    let found = row!(
        tx,
        (Option<i64>, Option<i64>),
        "select (select max(segment) from log_segment where log_id = $1), \
         (select max(segment) from log_posting where log_id = $1)",
        log
    )?;
    let (one, other) = found.unwrap_or_default();
    let last = one.max(other).unwrap_or(0);
    last.checked_add(1).ok_or(StoreError::Inconsistent("the number of a segment"))
}

async fn write_segment(tx: &mut Tx, log: &str, segment: &Segment) -> anyhow::Result<()> {
    execute!(
        tx,
        "insert into log_segment (log_id, segment, first, size) values ($1, $2, $3, $4)",
        log,
        segment.segment,
        i64::try_from(segment.first)?,
        i64::try_from(segment.size)?
    )?;
    Ok(())
}

/// Removes a segment; how many there were. Its blocks stay until they are removed.
async fn remove_segment(tx: &mut Tx, log: &str, segment: i64) -> Result<u64, StoreError> {
    execute!(tx, "delete from log_segment where log_id = $1 and segment = $2", log, segment)
}

/// Most blocks that are removed with one statement.
const BLOCKS_REMOVED: u64 = 256;

/// Removes some blocks of a segment; gives how many.
async fn remove_blocks(tx: &mut Tx, log: &str, segment: i64) -> Result<u64, StoreError> {
    execute!(
        tx,
        "delete from log_posting where log_id = $1 and segment = $2 and low in \
         (select low from log_posting where log_id = $1 and segment = $2 limit $3)",
        log,
        segment,
        i64::try_from(BLOCKS_REMOVED).unwrap_or(i64::MAX)
    )
}

async fn write_blocks(
    tx: &mut Tx,
    log: &str,
    segment: i64,
    blocks: Vec<(Vec<u8>, Vec<u8>)>,
) -> Result<(), StoreError> {
    let row = |(low, block): (Vec<u8>, Vec<u8>)| {
        vec![Value::from(log), segment.into(), low.into(), block.into()]
    };
    let rows = blocks.into_iter().map(row).collect();
    insert_many(tx, "insert into log_posting (log_id, segment, low, block)", rows, "").await?;
    Ok(())
}

/// Indexes of records with a term, oldest first.
pub async fn with_term(tx: &mut Tx, log: &str, term: &str) -> Result<Vec<u64>, LedgerError> {
    let mut found: BTreeSet<u64> = named(tx, log, term).await?.into_iter().collect();
    let key = term::key(term);
    for ends in last_blocks(tx, log, &key, u64::MAX).await? {
        found.extend(in_segment(tx, log, &key, ends, usize::MAX).await?);
    }
    Ok(found.into_iter().collect())
}

/// Indexes of the newest records with a term before an index, newest first, at most `limit`.
pub async fn newest(
    tx: &mut Tx,
    log: &str,
    term: &str,
    (before, limit): (u64, usize),
) -> Result<Vec<u64>, LedgerError> {
    let mut found: BTreeSet<u64> =
        named(tx, log, term).await?.into_iter().filter(|index| *index < before).collect();
    let key = term::key(term);
    for ends in last_blocks(tx, log, &key, before).await?.into_iter().rev() {
        if found.len() >= limit {
            break;
        }
        found.extend(in_segment(tx, log, &key, ends, limit).await?);
    }
    Ok(found.into_iter().rev().take(limit).collect())
}

/// Where the record of a run stands whose name the term is, as far as the index reaches: search
/// says that it is complete up to there, and not further.
async fn named(tx: &mut Tx, log: &str, term: &str) -> Result<Option<u64>, LedgerError> {
    let Some((agent, epoch, aseq)) = term::named(term) else { return Ok(None) };
    if log != crate::run::LOG {
        return Ok(None);
    }
    let place = runs::place(tx, agent, &epoch, aseq).await?;
    let reach = projected(tx, log).await?;
    Ok(place.filter(|place| *place < reach))
}

/// Of a segment: the last block that may hold a key before a place.
struct LastBlock {
    segment: i64,
    low: Vec<u8>,
    block: Vec<u8>,
    before: u64,
}

async fn last_blocks(
    tx: &mut Tx,
    log: &str,
    key: &Key,
    before: u64,
) -> Result<Vec<LastBlock>, StoreError> {
    let found = rows!(
        tx,
        (i64, Vec<u8>, Vec<u8>),
        "select s.segment, p.low, p.block from log_segment s \
         join log_posting p on p.log_id = s.log_id and p.segment = s.segment \
         and p.low = (select q.low from log_posting q \
         where q.log_id = s.log_id and q.segment = s.segment and q.low < $2 \
         order by q.low desc limit 1) \
         where s.log_id = $1 and s.first < $3 order by s.first",
        log,
        low(key, before),
        i64::try_from(before).unwrap_or(i64::MAX)
    )?;
    let last = |(segment, low, block)| LastBlock { segment, low, block, before };
    Ok(found.into_iter().map(last).collect())
}

/// Places of a key in one segment, newest first, at most about `limit`.
async fn in_segment(
    tx: &mut Tx,
    log: &str,
    key: &Key,
    last: LastBlock,
    limit: usize,
) -> Result<Vec<u64>, LedgerError> {
    let (mut begins, mut block) = (last.low, last.block);
    let mut found = Vec::new();
    loop {
        let postings = decode(&block).ok_or(LedgerError::Damaged("index"))?;
        let here = postings.iter().rev().filter(|(has, at)| has == key && *at < last.before);
        found.extend(here.map(|(_, place)| *place));
        if begins <= low(key, 0) || found.len() >= limit {
            return Ok(found);
        }
        let earlier = row!(
            &mut *tx,
            (Vec<u8>, Vec<u8>),
            "select low, block from log_posting where log_id = $1 and segment = $2 and low < $3 \
             order by low desc limit 1",
            log,
            last.segment,
            &begins
        )?;
        match earlier {
            Some(earlier) => (begins, block) = earlier,
            None => return Ok(found),
        }
    }
}

/// What the index has to know of records from `first` on, at most `limit` of them: their bytes, and
/// whether an older version numbered them, which did not write down where runs stand.
pub async fn unread(
    tx: &mut Tx,
    log: &str,
    first: u64,
    limit: i64,
) -> Result<Vec<(Vec<u8>, bool)>, StoreError> {
    let found = rows!(
        tx,
        (i64, Vec<u8>, i64),
        "select idx, record, cast(case when record_id is null then 0 else 1 end as bigint) \
         from log_entry where log_id = $1 and idx >= $2 order by idx limit $3",
        log,
        i64::try_from(first).unwrap_or(i64::MAX),
        limit
    )?;
    let expected = (first..).zip(&found).all(|(at, (index, ..))| u64::try_from(*index) == Ok(at));
    if !expected {
        return Err(StoreError::Inconsistent("entries are missing"));
    }
    Ok(found.into_iter().map(|(_, record, has_id)| (record, has_id == 1)).collect())
}

/// The keys of a record; what cannot be read is found by nothing.
pub fn keys(bytes: &[u8], has_id: bool, known: &KnownRecords) -> Vec<Key> {
    let Ok(record) = known.find(bytes) else { return Vec::new() };
    if has_id && record.link.is_some() {
        return term::terms(&record).iter().map(|term| term::key(term)).collect();
    }
    term::keys(&record)
}
