//! Notices on their way, as rows: what each says is under a MAC of the role `notices`, so that no
//! hand in the database makes the CA write to people. Whether one was sent is bookkeeping; a notice
//! that is sent again keeps its id.

use super::number;
use std::collections::HashMap;
use store::many::{insert_many, update_returning};
use store::{StoreError, Tx, execute, row, rows};

/// A notice for one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    /// 16 bytes that follow from what it is about.
    pub id: Vec<u8>,
    /// The notice goes by this channel: `mail`, `webhook` or `spool`.
    pub channel: &'static str,
    /// Whom it tells, a person id.
    pub person: String,
    /// What it says, canonical JSON.
    pub notice: Vec<u8>,
    /// The role's MAC over all of that.
    pub mac: Vec<u8>,
    /// It was made at this time, unix seconds.
    pub made: u64,
}

/// A notice whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueRow {
    /// The notice is named by 16 bytes.
    pub id: Vec<u8>,
    /// Whom it tells, as the row says.
    pub person: String,
    /// The notice is these bytes; nothing of it counts before the MAC fits.
    pub notice: Vec<u8>,
    /// The role's key made this MAC over the row.
    pub mac: Vec<u8>,
    /// It was made at this time, unix seconds.
    pub made: u64,
    /// It was tried so often.
    pub tries: u64,
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeState {
    /// It is tried again at this time, unix.
    Waiting(u64),
    /// A channel took it.
    Sent,
    /// Nobody takes it, or not in time.
    Failed,
}

impl NoticeState {
    fn name(self) -> &'static str {
        match self {
            Self::Waiting(_) => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// Keeps notices; what is kept already stays as it is. Gives how many are new.
pub async fn insert(tx: &mut Tx, new: Vec<NoticeRow>) -> Result<u64, StoreError> {
    let values = new.into_iter().map(|new| {
        vec![
            new.id.into(),
            new.channel.into(),
            new.person.into(),
            new.notice.into(),
            new.mac.into(),
            number(new.made).into(),
            "waiting".into(),
            number(0).into(),
            number(0).into(),
        ]
    });
    insert_many(
        tx,
        "insert into notice (notice_id, channel, person_id, notice, mac, made, state, tries, \
         next_try)",
        values.collect(),
        "on conflict (notice_id, channel) do nothing",
    )
    .await
}

type Columns = (Vec<u8>, String, Vec<u8>, Vec<u8>, i64, i64);

fn read((id, person, notice, mac, made, tries): Columns) -> Result<DueRow, StoreError> {
    let (made, tries) = (super::unsigned(made)?, super::unsigned(tries)?);
    Ok(DueRow { id, person, notice, mac, made, tries })
}

/// Notices of a channel whose time has come, those that wait longest first.
pub async fn due(
    tx: &mut Tx,
    (channel, now): (&str, u64),
    limit: i64,
) -> Result<Vec<DueRow>, StoreError> {
    let found = rows!(
        tx,
        Columns,
        "select notice_id, person_id, notice, mac, made, tries from notice \
         where channel = $1 and state = 'waiting' and next_try <= $2 \
         order by next_try, made, notice_id limit $3",
        channel,
        number(now),
        limit
    )?;
    found.into_iter().map(read).collect()
}

/// Notices of a channel that wait since before a time, due or not.
pub async fn late(
    tx: &mut Tx,
    (channel, before): (&str, u64),
    limit: i64,
) -> Result<Vec<DueRow>, StoreError> {
    let found = rows!(
        tx,
        Columns,
        "select notice_id, person_id, notice, mac, made, tries from notice \
         where channel = $1 and state = 'waiting' and made < $2 limit $3",
        channel,
        number(before),
        limit
    )?;
    found.into_iter().map(read).collect()
}

/// When the next notice of a channel is due, unix, if one waits.
pub async fn next_due(tx: &mut Tx, channel: &str) -> Result<Option<u64>, StoreError> {
    let found = row!(
        tx,
        (i64,),
        "select next_try from notice where channel = $1 and state = 'waiting' \
         order by next_try limit 1",
        channel
    )?;
    found.map(|(next,)| super::unsigned(next)).transpose()
}

/// Keeps what became of notices of a channel, the same of all; gives the ids of those that were
/// waiting until now.
pub async fn settle(
    tx: &mut Tx,
    channel: &str,
    (state, ids): (NoticeState, Vec<Vec<u8>>),
) -> Result<Vec<Vec<u8>>, StoreError> {
    let next = if let NoticeState::Waiting(next) = state { next } else { 0 };
    let set = "update notice set state = $1, tries = tries + 1, next_try = $2 \
               where channel = $3 and state = 'waiting' and notice_id in (";
    let values = vec![state.name().into(), number(next).into(), channel.into()];
    update_returning(tx, (set, values), ids, ") returning notice_id").await
}

/// How many notices wait, by channel. Each channel is asked for by itself: what was sent long ago
/// is not looked through.
pub async fn count_waiting(
    tx: &mut Tx,
    channels: &[&str],
) -> Result<HashMap<String, u64>, StoreError> {
    let mut waiting = HashMap::with_capacity(channels.len());
    for channel in channels {
        let found = row!(
            &mut *tx,
            (i64,),
            "select count(*) from notice where channel = $1 and state = 'waiting'",
            *channel
        )?;
        let (count,) = found.unwrap_or((0,));
        waiting.insert((*channel).to_owned(), super::unsigned(count)?);
    }
    Ok(waiting)
}

/// Forgets notices that were made before a time, sent or not: nobody is told so late.
pub async fn forget(tx: &mut Tx, before: u64) -> Result<u64, StoreError> {
    execute!(tx, "delete from notice where made < $1", number(before))
}

/// The newest notices to a person by their ids, whatever became of them.
pub async fn ids_to(tx: &mut Tx, person: &str, limit: i64) -> Result<Vec<Vec<u8>>, StoreError> {
    let found = rows!(
        tx,
        (Vec<u8>,),
        "select notice_id from notice where person_id = $1 group by notice_id \
         order by max(made) desc, notice_id limit $2",
        person,
        limit
    )?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// A notice as a list of them shows it: channel, what it says, when it was made, what became of it.
pub type ListedRow = (String, Vec<u8>, i64, String);

/// The newest notices to a person; rows, which prove nothing.
pub async fn newest_to(
    tx: &mut Tx,
    person: &str,
    limit: i64,
) -> Result<Vec<ListedRow>, StoreError> {
    rows!(
        tx,
        ListedRow,
        "select channel, notice, made, state from notice where person_id = $1 \
         order by made desc, notice_id limit $2",
        person,
        limit
    )
}
