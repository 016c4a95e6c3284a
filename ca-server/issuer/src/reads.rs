//! What is read through a portal in an officer's name, in the access log: the first of a kind at
//! once and those after it each minute together, so that nobody fills the log by reading. What is
//! read about people is recorded before the answer leaves: whoever holds a portal reads nothing of
//! it unseen. Orders lead to brakes, which wait for no record: a crash just behind the answer can
//! lose that one.

use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::person_of;
use ca_host::random;
use records::Code;
use records::record::{Event, Record};
use service::{Stop, Tally};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Whether a count is due is looked at this often.
const LOOK: Duration = Duration::from_secs(1);

/// Which process of a portal read, in whose name, what.
type Read = (String, String, &'static str);

/// What was recorded within a minute, and what is counted since. A crash loses the count of a
/// minute at most.
pub(crate) struct Reads {
    counted: Mutex<Tally<Read, ()>>,
    began: Instant,
}

impl Reads {
    /// Counts from now on.
    pub(crate) fn begin() -> Self {
        Self { counted: Mutex::default(), began: Instant::now() }
    }

    fn counting<T>(&self, work: impl FnOnce(&mut Tally<Read, ()>) -> T) -> T {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.at(self.began.elapsed().as_secs());
        work(&mut counted)
    }

    /// Whether the read is the first of its kind; others are counted.
    fn is_first(&self, read: &Read) -> bool {
        self.counting(|counted| {
            let is_told = counted.is_told(read, 1);
            match is_told {
                true => counted.count(read, ()),
                false => counted.told(read.clone()),
            }
            !is_told
        })
    }
}

/// Records a read; without that there is no answer.
pub(crate) async fn record(
    issuer: &Issuer,
    (caller, officer): (&Caller, &Officer),
    act: &'static str,
) -> Result<(), IssuerError> {
    let read = named(issuer, (caller, officer), act)?;
    if !issuer.reads.is_first(&read) {
        return Ok(());
    }
    let kept = keep(issuer, &read, 1).await;
    if kept.is_err() {
        issuer.reads.counting(|counted| counted.not_told(&read));
    }
    kept
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
    if keep(issuer, &read, count).await.is_err() {
        issuer.reads.counting(|counted| counted.again(&read, count, ()));
    }
}

async fn keep(issuer: &Issuer, (by, person, act): &Read, count: u64) -> Result<(), IssuerError> {
    let (by, person, act) = (by.clone(), person.clone(), (*act).to_owned());
    let record = Record {
        v: 1,
        id: random::bytes::<16>()?.into(),
        log: "access".into(),
        maker: "issuer".into(),
        time: records::time::micros(issuer.clock.micros()),
        link: None,
        event: Event::Read { by, person, act, count },
    };
    let mut tx = issuer.store.write().await?;
    ca_store::ledger::insert(&mut tx, &record, record.write()?, random::bytes()?).await?;
    tx.commit().await?;
    Ok(())
}
