//! Following the `control` log: every entry by its hash up to a signed head, then its effect on
//! authority. Rows that cache authority are written here and nowhere else.

use super::{Issuer, IssuerError, kept};
use crate::store::{ledger, rows};
use anyhow::{Context, ensure};
use audit::decline::DeclineStatement;
use audit::order::Body;
use audit::record::{Cause, Event, Record};
use audit::{Authority, Bytes, Code, Disclosure};
use std::collections::BTreeSet;
use store::{Tx, execute, pending, row};
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
    fn hurry(&mut self, record: &Record) {
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
        let signed = Checkpoint::open(&note, &key, audit::label::verify_ed25519);
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
            edge.append(leaf_hash(&audit::record::entry(salt, bytes)));
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

    /// Gives effect to one record and writes the rows that cache it.
    async fn take(
        &self,
        following: &mut Following,
        tx: &mut Tx,
        record: &Record,
    ) -> Result<(), IssuerError> {
        if record.proves_time() {
            following.last_time = following.last_time.max(record.unix());
        }
        let Some(authority) = &mut following.authority else {
            let authority = Authority::found(record, &self.founding());
            following.authority = Some(authority.map_err(|_| Code::UnsignedAuthority)?);
            return Ok(());
        };
        let order = match &record.event {
            Event::Enacted { order, .. } => authority
                .open(&order.to_string(), record.unix())
                .ok()
                .map(|(_, body)| (order.clone(), body)),
            _ => None,
        };
        if let Err(unsigned) = authority.apply(record) {
            self.report(following, tx, &format!("record {}", record.id), unsigned.code).await?;
            return Ok(());
        }
        following.hurry(record);
        match &record.event {
            Event::Enacted { .. } => {
                following.withdrew = true;
                following.people_due = true;
                if let Some((digest, body)) = order {
                    self.write_rows(following, tx, &digest.0, &body).await?;
                    over(following, tx, &digest, "done").await?;
                }
            }
            Event::Intent { order, .. } => over(following, tx, order, "done").await?,
            Event::Declined { decline, .. } => {
                if let Ok(read) = decline.read() {
                    following.ready.remove(&read.order.to_string());
                    mark_declined(tx, &read, &record.id).await?;
                }
            }
            Event::Revoked { cause, .. } => {
                following.withdrew = true;
                if let Cause::Order { order } = cause {
                    over(following, tx, order, "done").await?;
                }
            }
            Event::Order { cancels, .. } => {
                for cancelled in cancels {
                    over(following, tx, cancelled, "cancelled").await?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn write_rows(
        &self,
        following: &mut Following,
        tx: &mut Tx,
        digest: &[u8],
        body: &Body,
    ) -> Result<(), IssuerError> {
        let authority = following.authority()?;
        match body {
            Body::Unit(unit) => {
                let state = authority.unit(&unit.unit).context("unit")?;
                rows::write_unit(tx, &unit.unit, state).await?;
            }
            Body::Person(person) => {
                let state = authority.person(&person.person).context("person")?;
                let opened = disclosures_of(tx, digest).await?;
                rows::write_person(tx, &person.person, state, &opened).await?;
            }
            Body::Role(role) => {
                let state = authority.person(&role.person).context("person")?;
                rows::write_roles(tx, &role.person, state).await?;
            }
            Body::Profile(profile) => {
                let state = authority.profile(&profile.profile.id).context("profile")?;
                rows::write_profile(tx, &profile.profile.id, state).await?;
                let path =
                    self.config.path(&format!("policies/profiles/{}.toml", profile.profile.id));
                crate::log::write_file(&path, state.content.as_bytes())?;
            }
            Body::ApprovalRules(rules) => {
                let content = files_of(tx, digest).await?;
                let file = content.first().context("file")?;
                debug_assert_eq!(rules.version, authority.approval_rules().0.version);
                crate::log::write_file(
                    &self.config.path("policies/approvals.toml"),
                    file.content.as_bytes(),
                )?;
            }
            Body::Portal(portal) => {
                let state = authority.portals().get(&portal.portal).context("portal")?;
                rows::write_portal(tx, &portal.portal, state).await?;
            }
            Body::Agent(agent) => {
                let state = authority.agents().get(&agent.agent).context("agent")?;
                rows::write_agent(tx, &agent.agent, state).await?;
            }
            Body::Bundle(bundle) => {
                rows::write_bundle(tx, bundle.version, digest).await?;
                for file in &authority.bundle().files {
                    let path = self.config.path(&format!("policies/{}", file.name));
                    crate::log::write_file(&path, file.content.as_bytes())?;
                }
            }
            Body::Issue(_) | Body::Revoke(_) | Body::Credential(_) => {}
        }
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
            reference: crate::random::id()?,
        };
        ledger::write(tx, "issuer", self.clock.micros(), event, &[]).await?;
        self.metrics.count("follow", Code::UnsignedAuthority.name());
        Ok(())
    }
}

/// What opens the commitments of an order.
pub(super) async fn disclosures_of(
    tx: &mut Tx,
    digest: &[u8],
) -> Result<Vec<Disclosure>, IssuerError> {
    let found =
        row!(tx, (String,), "select disclosures from ordered where order_digest = $1", digest)?;
    let (json,) = found.ok_or(Code::OrderUnknown)?;
    Ok(serde_json::from_str(&json).context("disclosures")?)
}

/// The files that an order puts in force.
pub(super) async fn files_of(
    tx: &mut Tx,
    digest: &[u8],
) -> Result<Vec<audit::record::File>, IssuerError> {
    let found = row!(tx, (String,), "select files from ordered where order_digest = $1", digest)?;
    let (json,) = found.ok_or(Code::OrderUnknown)?;
    Ok(serde_json::from_str(&json).context("files")?)
}

/// An order of which the log says what became of it is looked at no more.
async fn over(
    following: &mut Following,
    tx: &mut Tx,
    order: &Bytes,
    state: &str,
) -> Result<(), IssuerError> {
    following.ready.remove(&order.to_string());
    mark_order(tx, &order.0, state).await
}

/// Marks an order in its row; the log decides what it is.
pub(super) async fn mark_order(tx: &mut Tx, digest: &[u8], state: &str) -> Result<(), IssuerError> {
    execute!(tx, "update ordered set state = $2 where order_digest = $1", digest, state)?;
    Ok(())
}

/// Marks an order as declined, with the record that says why.
pub(super) async fn mark_declined(
    tx: &mut Tx,
    read: &DeclineStatement,
    record: &Bytes,
) -> Result<(), IssuerError> {
    mark_order(tx, &read.order.0, read.outcome.name()).await?;
    execute!(
        tx,
        "insert into declined (order_digest, record_id) values ($1, $2) \
         on conflict (order_digest) do nothing",
        &read.order.0,
        &record.0
    )?;
    Ok(())
}

/// Remembers a head as the floor; see [`super::kept`].
pub(super) fn raise_floor(following: &mut Following) -> anyhow::Result<(u64, Hash)> {
    let head = (following.edge.size(), following.edge.root());
    ensure!(head.0 >= following.floor.0, "the log went back");
    following.floor = head;
    Ok(head)
}
