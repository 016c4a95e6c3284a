//! When the client of a system came last, and what it was refused, each kind once: the process for
//! machines writes it, and its owner reads it on the staff host as this portal's word. A subject is
//! a system, or the certificate that was shown where no more is known of whoever came.

use std::collections::BTreeMap;
use std::time::Duration;
use store::{Store, StoreError, execute, rows, rows_of};

/// Kinds that are kept of those who proved who they are, and of all others: the oldest are
/// forgotten first.
pub(crate) const PROVEN_MAX: i64 = 100_000;
pub(crate) const CLAIMED_MAX: i64 = 2_000;
/// Kinds that an owner is shown.
const SHOWN_MAX: usize = 20;
/// How long a page waits for what is kept here.
pub(crate) const READ_WAIT: Duration = Duration::from_secs(1);

/// What was refused, of whom, and for what: each of them is one row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TroubleKind {
    /// `system:` and its id, or `certificate:` and its serial number.
    pub(crate) subject: String,
    /// What was asked for, as the address names it.
    pub(crate) act: &'static str,
    /// The name of the refusal.
    pub(crate) code: &'static str,
}

/// How often it was refused, and in which words last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CountedTrouble {
    /// The words that the client was told, Chinese and English.
    pub(crate) words: (String, String),
    /// First and last time, unix.
    pub(crate) between: (u64, u64),
    /// How often.
    pub(crate) times: u64,
    /// Whether whoever came had shown who they are.
    pub(crate) is_proven: bool,
}

/// What is to be kept at once.
#[derive(Debug, Default)]
pub(crate) struct NewTroubles {
    /// When subjects came last.
    pub(crate) seen: BTreeMap<String, u64>,
    /// What was refused.
    pub(crate) refused: BTreeMap<TroubleKind, CountedTrouble>,
}

/// Keeps what came since the last time, beside what other processes of the portal keep.
pub(crate) async fn keep(store: &Store, new: &NewTroubles) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    for (subject, seen) in &new.seen {
        execute!(
            &mut tx,
            "insert into machine_contact (subject, seen) values ($1, $2) on conflict (subject) \
             do update set seen = excluded.seen where machine_contact.seen < excluded.seen",
            subject.as_str(),
            number(*seen)
        )?;
    }
    for (kind, counted) in &new.refused {
        execute!(
            &mut tx,
            "insert into machine_trouble (subject, act, code, zh, en, began, seen, times, \
             is_proven) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             on conflict (subject, act, code) do update set zh = excluded.zh, en = excluded.en, \
             seen = excluded.seen, times = machine_trouble.times + excluded.times, \
             is_proven = excluded.is_proven \
             where machine_trouble.is_proven <= excluded.is_proven",
            kind.subject.as_str(),
            kind.act,
            kind.code,
            counted.words.0.as_str(),
            counted.words.1.as_str(),
            number(counted.between.0),
            number(counted.between.1),
            number(counted.times),
            i64::from(counted.is_proven)
        )?;
    }
    for (is_proven, most) in [(1_i64, PROVEN_MAX), (0, CLAIMED_MAX)] {
        execute!(
            &mut tx,
            "delete from machine_trouble where is_proven = $1 and seen < (select min(seen) from \
             (select seen from machine_trouble where is_proven = $1 order by seen desc limit $2) \
             newest)",
            is_proven,
            most
        )?;
    }
    tx.commit().await
}

/// The systems of accounts, by account.
pub(crate) async fn systems_of(
    store: &Store,
    accounts: Vec<String>,
) -> Result<BTreeMap<String, String>, StoreError> {
    let mut tx = store.read().await?;
    let found = rows_of!(
        &mut tx,
        (String, String),
        "select account, system from machine_account where account in (",
        accounts,
        ")"
    );
    Ok(found.into_iter().collect())
}

/// Forgets what was seen last before a time.
pub(crate) async fn forget(store: &Store, before: u64) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    execute!(&mut tx, "delete from machine_trouble where seen < $1", number(before))?;
    execute!(&mut tx, "delete from machine_contact where seen < $1", number(before))?;
    tx.commit().await
}

/// What an owner reads of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptTrouble {
    /// What was asked for.
    pub(crate) act: String,
    /// The name of the refusal.
    pub(crate) code: String,
    /// Its words, Chinese and English.
    pub(crate) words: (String, String),
    /// First and last time, unix.
    pub(crate) between: (u64, u64),
    /// How often.
    pub(crate) times: u64,
    /// Whether whoever came had shown who they are.
    pub(crate) is_proven: bool,
}

/// What this portal knows of a system and its certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KnownOfSystem {
    /// When its clients came last, unix.
    pub(crate) seen: Option<u64>,
    /// What they were refused, the newest first.
    pub(crate) troubles: Vec<KeptTrouble>,
}

/// What is read of it, if that comes in time: it is a help, and the certificates of the same page
/// are to be found, and revoked, without it.
pub(crate) async fn within<T>(
    wait: Duration,
    reading: impl Future<Output = Result<T, StoreError>>,
) -> Option<T> {
    match tokio::time::timeout(wait, reading).await {
        Ok(Ok(read)) => Some(read),
        Ok(Err(error)) => {
            tracing::error!(%error, "what is known of systems");
            None
        }
        Err(_) => {
            tracing::error!("what is known of systems does not come in time");
            None
        }
    }
}

/// The subject of a system.
pub(crate) fn of_system(system: &str) -> String {
    format!("system:{system}")
}

/// The subject of a certificate.
pub(crate) fn of_certificate(serial: &str) -> String {
    format!("certificate:{serial}")
}

type Row = (String, String, String, String, i64, i64, i64, i64);

/// Reads what is known of these subjects together.
pub(crate) async fn known(
    store: &Store,
    subjects: Vec<String>,
) -> Result<KnownOfSystem, StoreError> {
    let mut tx = store.read().await?;
    let seen = rows_of!(
        &mut tx,
        (i64,),
        "select seen from machine_contact where subject in (",
        subjects.clone(),
        ")"
    );
    let rows = rows_of!(
        &mut tx,
        Row,
        "select act, code, zh, en, began, seen, times, is_proven from machine_trouble \
         where subject in (",
        subjects,
        ")"
    );
    let mut troubles = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    troubles.sort_by_key(|one| std::cmp::Reverse(one.between.1));
    troubles.truncate(SHOWN_MAX);
    let seen = seen.into_iter().map(|(seen,)| seen).max().map(seconds).transpose()?;
    Ok(KnownOfSystem { seen, troubles })
}

fn read(row: Row) -> Result<KeptTrouble, StoreError> {
    let (act, code, zh, en, began, seen, times, is_proven) = row;
    Ok(KeptTrouble {
        act,
        code,
        words: (zh, en),
        between: (seconds(began)?, seconds(seen)?),
        times: seconds(times)?,
        is_proven: is_proven != 0,
    })
}

/// When the clients of these subjects came last, by subject.
pub(crate) async fn seen_of(
    store: &Store,
    subjects: Vec<String>,
) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut tx = store.read().await?;
    let found = rows_of!(
        &mut tx,
        (String, i64),
        "select subject, seen from machine_contact where subject in (",
        subjects,
        ")"
    );
    found.into_iter().map(|(subject, seen)| Ok((subject, seconds(seen)?))).collect()
}

/// How often all clients together were refused something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefusedTotal {
    /// What was asked for.
    pub(crate) act: String,
    /// The name of the refusal.
    pub(crate) code: String,
    /// How often.
    pub(crate) times: u64,
    /// Of how many systems and certificates.
    pub(crate) subjects: u64,
    /// Last time, unix.
    pub(crate) seen: u64,
}

/// What was refused most often of all that is kept.
pub(crate) async fn totals(store: &Store) -> Result<Vec<RefusedTotal>, StoreError> {
    let mut tx = store.read().await?;
    let found = rows!(
        &mut tx,
        (String, String, i64, i64, i64),
        "select act, code, cast(sum(times) as bigint) as total, count(*), max(seen) \
         from machine_trouble group by act, code order by total desc, act, code limit 20"
    )?;
    let total = |(act, code, times, subjects, seen): (String, String, i64, i64, i64)| {
        let (times, subjects, seen) = (seconds(times)?, seconds(subjects)?, seconds(seen)?);
        Ok(RefusedTotal { act, code, times, subjects, seen })
    };
    found.into_iter().map(total).collect()
}

/// A number of a row; what is none is a row that contradicts itself.
fn seconds(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Inconsistent("time"))
}

/// A number on its way into a row.
fn number(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database that is away, or says nothing, keeps nobody from the page.
    #[tokio::test]
    async fn what_is_known_of_systems_keeps_no_page_waiting() {
        let wait = Duration::from_millis(1);
        assert_eq!(within(wait, std::future::pending::<Result<u8, StoreError>>()).await, None);
        let away = async { Err::<u8, _>(StoreError::Inconsistent("time")) };
        assert_eq!(within(wait, away).await, None);
        assert_eq!(within(READ_WAIT, async { Ok(7) }).await, Some(7));
    }
}
