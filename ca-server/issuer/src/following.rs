//! Following the `control` log: every entry by its hash up to a signed head, then its effect.

use super::{Issuer, IssuerError, kept};
use anyhow::{Context, ensure};
use authority::Authority;
use ca_store::ledger;
use records::record::{Event, Record};
use records::{Bytes, Code};
use std::collections::BTreeSet;
use store::{Tx, pending};
use tlog::merkle::{Hash, leaf_hash};
use tlog::{Checkpoint, Edge};

pub(super) const LOG: &str = "control";
const CHUNK: i64 = 2_000;
const PENDING_MAX: i64 = 10_000;

/// Authority at a head of the log.
pub(super) struct Following {
    /// `None` until leaf 0 was read.
    pub(super) authority: Option<Authority>,
    /// The tree up to the head.
    pub(super) edge: Edge,
    /// Time of the newest record that proves time, unix.
    pub(super) last_time: u64,
    /// The head that the state directory remembers; the log never goes below it.
    pub(super) floor: (u64, Hash),
    /// Orders that got an approval since they were last looked at.
    pub(super) ready: BTreeSet<String>,
    /// Whether a revocation waits for its list.
    pub(super) crl_due: bool,
    /// Whether people snapshots may say something old.
    pub(super) people_due: bool,
    /// Whether something was taken away since the floor was last kept.
    pub(super) withdrew: bool,
    /// Records without effect and rows that differ, reported once each.
    pub(super) reported: BTreeSet<String>,
    /// Differences that are to be recorded.
    pub(super) alarms: BTreeSet<String>,
    /// Number and SHA-256 of the last revocation list.
    pub(super) list: (u64, Bytes),
    /// Whether rows agreed with the log when `touched` changes had been counted.
    pub(super) agreed: bool,
    /// Changes of cached rows that were counted when this state was committed.
    pub(super) touched: i64,
    /// Size at which the state was last kept.
    pub(super) kept_size: u64,
    /// The newest pending record that was noticed.
    pub(super) noticed: i64,
    /// Rows and records that belong to this state are not committed: unless they are, the kept state is taken up
    /// again first.
    pub(super) stale: bool,
}

impl Following {
    /// Before leaf 0.
    pub(super) fn nothing(floor: (u64, Hash), list: (u64, Bytes)) -> Self {
        Self {
            authority: None,
            edge: Edge::default(),
            last_time: 0,
            floor,
            ready: BTreeSet::new(),
            crl_due: true,
            people_due: true,
            withdrew: false,
            reported: BTreeSet::new(),
            alarms: BTreeSet::new(),
            list,
            agreed: false,
            touched: 0,
            kept_size: 0,
            noticed: 0,
            stale: false,
        }
    }

    /// What cannot wait for the tree: a revocation wants its list, an approved brake its order.
    pub(super) fn hurry(&mut self, record: &Record) {
        match &record.event {
            Event::Revoked { .. } => self.crl_due = true,
            Event::Approval { approval, .. } => {
                self.ready.insert(approval.order.to_string());
            }
            _ => {}
        }
    }

    /// Authority, once leaf 0 was read.
    pub(super) fn authority(&self) -> Result<&Authority, Code> {
        self.authority.as_ref().ok_or(Code::LogBehind)
    }
}

impl Issuer {
    /// Follows the log to its head in a write transaction; afterwards `following` is what decides.
    pub(super) async fn follow(
        &self,
        following: &mut Following,
        tx: &mut Tx,
    ) -> Result<(), IssuerError> {
        let head = ledger::head(tx, LOG).await?;
        let (size, root, note) = head.ok_or(Code::LogBehind)?;
        if (size, root) == (following.edge.size(), following.edge.root()) {
            return self.notice_pending(following, tx).await;
        }
        let key = self.trust.log_key(LOG).context("trust file")?;
        let signed = Checkpoint::open(&note, &key, records::label::verify_ed25519);
        let signed = signed.map_err(|_| Code::UnsignedAuthority)?;
        if (signed.size, signed.root) != (size, root) || size < following.floor.0 {
            return Err(Code::UnsignedAuthority.into());
        }
        if let Some(authority) = &mut following.authority {
            authority.forget_pending();
        }
        while following.edge.size() < size {
            self.follow_chunk(following, tx, size, root).await?;
        }
        if following.edge.size() != size || following.edge.root() != root {
            return Err(Code::UnsignedAuthority.into());
        }
        following.noticed = 0;
        if following.withdrew {
            raise_floor(following)?;
            kept::save_head(&self.config, following)?;
            following.withdrew = false;
        }
        self.notice_pending(following, tx).await
    }

    /// Takes notice of pending records that were not noticed yet: only what they take away counts.
    /// A long queue is noticed piece by piece, one a decision, so that each costs the same.
    pub(super) async fn notice_pending(
        &self,
        following: &mut Following,
        tx: &mut Tx,
    ) -> Result<(), IssuerError> {
        let waiting = pending::waiting(tx, LOG, following.noticed, PENDING_MAX).await?;
        let Some((last, _)) = waiting.last() else { return Ok(()) };
        following.noticed = *last;
        // Some may be this decision's own, which only its commit makes true.
        following.stale = true;
        let records: Vec<Record> =
            waiting.iter().filter_map(|(_, p)| Record::read(&p.record).ok()).collect();
        for record in &records {
            following.hurry(record);
        }
        if let Some(authority) = &mut following.authority {
            authority.notice_pending(&records);
        }
        Ok(())
    }

    /// Forgets what a decision noticed of its own records, which were rolled back.
    pub(super) async fn notice_again(
        &self,
        following: &mut Following,
        tx: &mut Tx,
    ) -> Result<(), IssuerError> {
        if let Some(authority) = &mut following.authority {
            authority.forget_pending();
        }
        following.noticed = 0;
        self.notice_pending(following, tx).await
    }

    async fn follow_chunk(
        &self,
        following: &mut Following,
        tx: &mut Tx,
        size: u64,
        root: Hash,
    ) -> Result<(), IssuerError> {
        let from = following.edge.size();
        let mut entries = ledger::entries(tx, LOG, from, CHUNK).await?;
        // What stands behind the head is followed the next time.
        entries.retain(|(index, ..)| *index < size);
        let mut edge = following.edge.clone();
        let mut records = Vec::with_capacity(entries.len());
        for (index, bytes, salt) in &entries {
            let salt = salt.as_slice().try_into().map_err(|_| Code::UnsignedAuthority)?;
            if *index != edge.size() {
                return Err(Code::UnsignedAuthority.into());
            }
            edge.append(leaf_hash(&records::record::entry(salt, bytes)));
            if edge.size() == following.floor.0 && edge.root() != following.floor.1 {
                return Err(Code::UnsignedAuthority.into());
            }
            records.push(Record::read(bytes).map_err(|_| Code::UnsignedAuthority)?);
        }
        let reached = edge.size() == size;
        if entries.is_empty() || (reached && edge.root() != root) {
            return Err(Code::UnsignedAuthority.into());
        }
        for record in &records {
            self.take(following, tx, record).await?;
        }
        following.edge = edge;
        Ok(())
    }

    /// Reports something that nobody signed: once in the log, on `/readyz` until it is mended.
    pub(super) async fn report(
        &self,
        following: &mut Following,
        tx: &mut Tx,
        about: &str,
        code: Code,
    ) -> Result<(), IssuerError> {
        if !following.reported.insert(about.to_owned()) {
            return Ok(());
        }
        let event = Event::Refusal {
            code: Code::UnsignedAuthority,
            act: "follow".into(),
            about: format!("{about} ({code})"),
            reference: ca_host::random::id()?,
        };
        ledger::write(tx, "issuer", self.clock.micros(), event, &[]).await?;
        self.metrics.count("follow", Code::UnsignedAuthority.name());
        Ok(())
    }
}

/// Remembers a head as the floor; see [`super::kept`].
pub(super) fn raise_floor(following: &mut Following) -> anyhow::Result<(u64, Hash)> {
    let head = (following.edge.size(), following.edge.root());
    ensure!(head.0 >= following.floor.0, "the log went back");
    following.floor = head;
    Ok(head)
}
