//! What is read through a portal in an officer's name, in the access log: the first of a kind at
//! once and those after it each minute together, so that nobody fills the log by reading. What is
//! read about people is recorded before the answer leaves: whoever holds a portal reads nothing of
//! it unseen. No brake waits for a slow log: the answer that leads to one waits for its record for
//! a moment, and to an order, which may be one, for nothing. The record is made all the same, as
//! soon as it can be; only a crash behind such an answer can lose it.

use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::person_of;
use ca_host::random;
use records::Code;
use records::record::{Event, Record};
use service::{Stop, Tally};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Whether a count is due is looked at this often.
const LOOK: Duration = Duration::from_secs(1);
/// How long a read waits for the record of another that came before it.
const TURN: Duration = Duration::from_secs(20);
/// How long what leads to a brake waits for its record: somebody is on the telephone.
const NEAR_BRAKE: Duration = Duration::from_secs(1);

/// Which process of a portal read, in whose name, what.
type Read = (String, String, &'static str);

/// What was recorded within a minute, and what is counted since. A crash loses the count of a
/// minute at most.
pub(crate) struct Reads {
    counted: Mutex<Tally<Read, ()>>,
    /// Whose record of a first is on its way: nobody is only counted before one is durable.
    recording: tokio::sync::Mutex<()>,
    /// Whether a count could not be recorded: until something can, nothing is only counted.
    fails: AtomicBool,
    began: Instant,
}

impl Reads {
    /// Counts from now on.
    pub(crate) fn begin() -> Self {
        Self {
            counted: Mutex::default(),
            recording: Default::default(),
            fails: AtomicBool::new(false),
            began: Instant::now(),
        }
    }

    fn counting<T>(&self, work: impl FnOnce(&mut Tally<Read, ()>) -> T) -> T {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.at(self.began.elapsed().as_secs());
        work(&mut counted)
    }

    /// Counts a read if one of its kind was recorded within the minute; says whether.
    fn is_counted(&self, read: &Read) -> bool {
        !self.fails.load(Ordering::Relaxed) && self.counting(|counted| count(counted, read))
    }

    /// Whether the read is the first of its kind; it counts as recorded from now on.
    fn is_first(&self, read: &Read) -> bool {
        self.counting(|counted| {
            let is_first = !count(counted, read);
            if is_first {
                counted.told(read.clone());
            }
            is_first
        })
    }

    /// Returns when the first of the kind is durable, by `keep` if this is it. Whoever goes away
    /// meanwhile, or fails, leaves it to the next.
    async fn kept(
        &self,
        read: &Read,
        keep: impl AsyncFnOnce() -> Result<(), IssuerError>,
    ) -> Result<(), IssuerError> {
        if self.is_counted(read) {
            return Ok(());
        }
        let turn = tokio::time::timeout(TURN, self.recording.lock()).await;
        let _turn = turn.map_err(|_| Code::Unavailable)?;
        if !self.is_counted(read) {
            keep().await?;
            self.counting(|counted| counted.told(read.clone()));
            self.fails.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    /// What became of a count: one that is not durable is counted again, with what comes.
    fn ended(&self, read: &Read, count: u64, is_kept: bool) {
        if !is_kept {
            self.counting(|counted| counted.again(read, count, ()));
        }
        self.fails.store(!is_kept, Ordering::Relaxed);
    }
}

fn count(counted: &mut Tally<Read, ()>, read: &Read) -> bool {
    let is_told = counted.is_told(read, 1);
    if is_told {
        counted.count(read, ());
    }
    is_told
}

/// Records a read; without that there is no answer.
pub(crate) async fn record(
    issuer: &Issuer,
    (caller, officer): (&Caller, &Officer),
    act: &'static str,
) -> Result<(), IssuerError> {
    let read = named(issuer, (caller, officer), act)?;
    keep_first(issuer, &read).await
}

async fn keep_first(issuer: &Issuer, read: &Read) -> Result<(), IssuerError> {
    issuer.reads.kept(read, async || keep(issuer, read, 1).await).await
}

/// Records a read that leads to a brake; one that takes longer goes on behind the answer.
pub(crate) async fn record_near_brake(
    issuer: &Arc<Issuer>,
    (caller, officer): (&Caller, &Officer),
    act: &'static str,
) -> Result<(), IssuerError> {
    let read = named(issuer, (caller, officer), act)?;
    let issuer = Arc::clone(issuer);
    let keeping = async move {
        if keep_first(&issuer, &read).await.is_err() {
            issuer.reads.ended(&read, 1, false);
        }
    };
    waited_for(NEAR_BRAKE, keeping).await;
    Ok(())
}

/// Waits until a record is kept, for a moment: then that goes on by itself.
async fn waited_for(moment: Duration, keeping: impl Future<Output = ()> + Send + 'static) {
    let _ = tokio::time::timeout(moment, tokio::spawn(keeping)).await;
}

/// Records so many at once, by themselves: what somebody asked about stands there each time.
pub(crate) async fn record_all(
    issuer: &Issuer,
    who: (&Caller, &Officer),
    (act, count): (&'static str, u64),
) -> Result<(), IssuerError> {
    keep(issuer, &named(issuer, who, act)?, count).await
}

/// The same of what leads to a brake.
pub(crate) async fn record_all_near_brake(
    issuer: &Arc<Issuer>,
    who: (&Caller, &Officer),
    (act, count): (&'static str, u64),
) -> Result<(), IssuerError> {
    let (issuer, read) = (Arc::clone(issuer), named(issuer, who, act)?);
    waited_for(NEAR_BRAKE, async move { keep_or_count(&issuer, read, count).await }).await;
    Ok(())
}

/// The same of orders, among which are those to revoke: their answer waits for nothing.
pub(crate) fn record_beside(
    issuer: &Arc<Issuer>,
    (caller, officer): (&Caller, &Officer),
    act: &'static str,
) -> Result<(), IssuerError> {
    let read = named(issuer, (caller, officer), act)?;
    if issuer.reads.is_first(&read) {
        let issuer = Arc::clone(issuer);
        tokio::spawn(async move { keep_or_count(&issuer, read, 1).await });
    }
    Ok(())
}

/// Records each minute what was counted, until the stop.
pub(crate) async fn sum_up(issuer: Arc<Issuer>, stop: Stop) {
    while stop.pause(LOOK).await {
        for (read, count, ()) in issuer.reads.counting(Tally::due) {
            keep_or_count(&issuer, read, count).await;
        }
    }
    for (read, count, ()) in issuer.reads.counting(Tally::rest) {
        keep_or_count(&issuer, read, count).await;
    }
}

/// Who reads, as authority knows the portal by its key and the officer by their certificate.
fn named(
    issuer: &Issuer,
    (caller, officer): (&Caller, &Officer),
    act: &'static str,
) -> Result<Read, Code> {
    let view = issuer.view()?;
    let authority = view.authority();
    let (portal, process) = authority.portal_of(&caller.key_sha256).ok_or(Code::PortalUnknown)?;
    let person = person_of(authority, &officer.0, issuer.now())?;
    Ok((format!("{portal}/{process}"), person, act))
}

async fn keep_or_count(issuer: &Issuer, read: Read, count: u64) {
    let is_kept = keep(issuer, &read, count).await.is_ok();
    issuer.reads.ended(&read, count, is_kept);
}

async fn keep(issuer: &Issuer, (by, person, act): &Read, count: u64) -> Result<(), IssuerError> {
    let (by, person, act) = (by.clone(), person.clone(), (*act).to_owned());
    let record = Record {
        v: 1,
        id: random::bytes::<16>()?.into(),
        log: "access".into(),
        maker: "issuer".into(),
        time: records::time::micros(issuer.time().micros()),
        link: None,
        event: Event::Read { by, person, act, count },
    };
    let mut tx = issuer.store.read().await?;
    if !ca_store::intake::has_room(&mut tx, &record.log).await? {
        // Whoever reads by a portal makes records: a log that stands still takes no more of them.
        return Err(Code::LogBehind.into());
    }
    drop(tx);
    let mut tx = issuer.store.write().await?;
    ca_store::intake::insert(&mut tx, &record, record.write()?, random::bytes()?).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::sync::oneshot;

    async fn refuses() -> Result<(), IssuerError> {
        Err(Code::Unavailable.into())
    }

    fn find() -> Read {
        ("portal-1/portal-staff".into(), "P1".into(), "find")
    }

    /// Whoever asks while the first record is on its way is answered when it is durable, and
    /// records their own read if it never is.
    #[tokio::test]
    async fn no_answer_leaves_before_the_first_record() {
        let (reads, read) = (Reads::begin(), find());
        let (durable, wait) = oneshot::channel::<bool>();
        let first = reads.kept(&read, async || match wait.await {
            Ok(true) => Ok(()),
            _ => Err(Code::Unavailable.into()),
        });
        let second = reads.kept(&read, async || Err(Code::StateConflict.into()));
        let (mut first, mut second) = (std::pin::pin!(first), std::pin::pin!(second));
        tokio::select! {
            biased;
            _ = &mut first => panic!("nothing is durable"),
            _ = &mut second => panic!("answered before the first record"),
            () = tokio::task::yield_now() => {}
        }
        durable.send(true).unwrap();
        let (first, second) = tokio::join!(first, second);
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(reads.counting(Tally::rest), [(find(), 1, ())], "the second is counted");
    }

    #[tokio::test]
    async fn a_reader_who_went_away_leaves_the_record_to_the_next() {
        let (reads, read) = (Reads::begin(), find());
        tokio::select! {
            biased;
            _ = reads.kept(&read, async || pending().await) => panic!("never durable"),
            () = tokio::task::yield_now() => {}
        }
        let refused = reads.kept(&read, refuses).await;
        assert!(refused.is_err(), "without its record there is no answer");
        let mut kept = false;
        let next = reads.kept(&read, async || {
            kept = true;
            Ok(())
        });
        next.await.unwrap();
        assert!(kept, "the first that is answered is recorded");
        reads.kept(&read, refuses).await.unwrap();
        assert_eq!(reads.counting(Tally::rest), [(read, 1, ())]);
    }

    /// While counts cannot be recorded nothing is only counted: whoever asks is not answered.
    #[tokio::test]
    async fn no_answer_leaves_while_counts_are_not_recorded() {
        let (reads, read) = (Reads::begin(), find());
        reads.kept(&read, async || Ok(())).await.unwrap();
        reads.kept(&read, refuses).await.unwrap();
        reads.ended(&read, 3, false);
        assert!(reads.kept(&read, refuses).await.is_err());
        reads.kept(&read, async || Ok(())).await.unwrap();
        reads.kept(&read, refuses).await.unwrap();
        assert_eq!(reads.counting(Tally::rest), [(read, 5, ())], "nothing was forgotten");
    }

    /// Whoever is on the telephone about what is to be stopped waits a moment for a record, however
    /// long the log takes; it is made all the same.
    #[tokio::test]
    async fn what_leads_to_a_brake_waits_a_moment_for_its_record() {
        let (durable, wait) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let keeping = async move {
            let _ = wait.await;
            let _ = tell.send("recorded");
        };
        let waited = waited_for(Duration::from_millis(5), keeping);
        let answered = tokio::time::timeout(Duration::from_secs(10), waited).await;
        assert!(answered.is_ok(), "it waits for the log");
        durable.send(()).unwrap();
        assert_eq!(told.await, Ok("recorded"));
        // What is kept in time is kept before the answer leaves.
        let (tell, mut told) = oneshot::channel();
        let keeping = async move { tell.send("recorded").unwrap() };
        waited_for(Duration::from_secs(10), keeping).await;
        assert_eq!(told.try_recv(), Ok("recorded"));
    }
}
