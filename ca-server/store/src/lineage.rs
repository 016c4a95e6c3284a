//! Collecting a lineage: from an order or person back to the founding statement, by the index.
//!
//! What is collected: the constitution (units, profiles, approval rules, portals), every wanted
//! order with the approvals that carried it, and for each person in it everything that made them
//! who they were: their letters, certificates, roles, withdrawals and revocations, and whoever
//! approved those.

use super::entry;
use super::index::with_term;
use super::intake::LedgerError;
use super::proof::Tiles;
use super::sequenced;
use records::Bytes;
use records::lineage::{Lineage, Proven};
use records::order::Body;
use records::record::{Cause, Event, LetterStatement, Record, approval_id};
use records::term;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use store::Tx;

const LOG: &str = "control";
/// Orders that everybody's authority rests on.
const CONSTITUTION: [&str; 4] = ["unit", "profile", "approval-rules", "portal"];

/// A lineage begins with these: what is asked for, before what that rests on.
#[derive(Default)]
pub struct Seeds {
    /// The orders are named by their digests, 32 bytes each.
    pub orders: BTreeSet<Bytes>,
    /// The people are named by their ids.
    pub people: BTreeSet<String>,
    /// Records to show besides, by index.
    pub records: BTreeSet<u64>,
}

/// The lineage of the seeds, under the newest checkpoint.
pub async fn collect(tx: &mut Tx, seeds: Seeds) -> Result<Lineage, LedgerError> {
    let mut walk = Walk { records: BTreeMap::new(), orders: BTreeSet::new(), people: seeds.people };
    walk.take(tx, 0).await?;
    for index in seeds.records {
        walk.take(tx, index).await?;
    }
    let mut waiting: Vec<Bytes> = seeds.orders.into_iter().collect();
    for kind in CONSTITUTION {
        waiting.extend(walk.orders_with(tx, &format!("order-kind:{kind}")).await?);
    }
    let mut seen = BTreeSet::new();
    loop {
        while let Some(order) = waiting.pop() {
            walk.order(tx, &order).await?;
        }
        let Some(person) = walk.people.iter().find(|person| !seen.contains(*person)).cloned()
        else {
            break;
        };
        waiting.extend(walk.person(tx, &person).await?);
        seen.insert(person);
    }
    walk.prove(tx).await
}

/// Who signed the wish in an order to revoke, or the draft of an order: without them it has no
/// effect.
fn drafter_who_signed(order: &Bytes) -> Option<String> {
    let order = records::Order::read(&order.0).ok()?;
    let person = order.drafter.strip_prefix("person:")?;
    let wished = order.kind == "revoke" && !order.is_unsigned_wish();
    (wished || order.draft.is_some()).then(|| person.to_owned())
}

/// The digest of a batch that holds an order, if a record is that batch's.
fn batch_of(record: &Record, row: &Bytes) -> Option<Bytes> {
    let Event::Order { order, .. } = &record.event else { return None };
    let digest = Bytes::from(records::order::digest(&order.0));
    let read = records::Order::read(&order.0).ok().filter(|_| digest != *row)?;
    matches!(read.body(), Ok(Body::Batch(_))).then_some(digest)
}

/// Whose role an order lends, since it is lent only as long as they hold it; or who is in charge of
/// a system.
fn besides_of(order: &Bytes) -> Option<String> {
    match records::Order::read(&order.0).ok()?.body().ok()? {
        records::order::Body::Delegate(body) => Some(body.absent),
        records::order::Body::System(body) => Some(body.leader),
        _ => None,
    }
}

/// Who signed the draft of a letter: without them it has no effect.
fn letter_drafter(letter: &LetterStatement) -> Option<String> {
    let draft = letter.draft.as_ref()?;
    let certificate = pki::Certificate::read(&draft.certificate.0).ok()?;
    certificate.subject().person().map(str::to_owned)
}

struct Walk {
    records: BTreeMap<u64, (Vec<u8>, Vec<u8>)>,
    orders: BTreeSet<Bytes>,
    people: BTreeSet<String>,
}

impl Walk {
    async fn read(&self, tx: &mut Tx, index: u64) -> Result<Record, LedgerError> {
        let (bytes, _) = entry::at(tx, LOG, index).await?.ok_or(LedgerError::Damaged("index"))?;
        Ok(Record::read(&bytes)?)
    }

    async fn take(&mut self, tx: &mut Tx, index: u64) -> Result<(), LedgerError> {
        if let Entry::Vacant(vacant) = self.records.entry(index) {
            let found = entry::at(tx, LOG, index).await?;
            vacant.insert(found.ok_or(LedgerError::Damaged("index"))?);
        }
        Ok(())
    }

    /// Digests of orders with a term.
    async fn orders_with(&self, tx: &mut Tx, wanted: &str) -> Result<Vec<Bytes>, LedgerError> {
        let mut digests = Vec::new();
        for index in with_term(tx, LOG, wanted).await? {
            if let Event::Order { order, .. } = self.read(tx, index).await?.event {
                digests.push(Bytes::from(records::order::digest(&order.0)));
            }
        }
        Ok(digests)
    }

    /// An order that was carried out, with the approvals that counted and who gave them.
    async fn order(&mut self, tx: &mut Tx, digest: &Bytes) -> Result<(), LedgerError> {
        if !self.orders.insert(digest.clone()) {
            return Ok(());
        }
        let mut records = Vec::new();
        for index in with_term(tx, LOG, &term::of_order(digest)).await? {
            records.push((index, self.read(tx, index).await?));
        }
        let counted: BTreeSet<Bytes> = records
            .iter()
            .filter_map(|(_, record)| match &record.event {
                Event::Enacted { approvals, .. }
                | Event::Intent { approvals, .. }
                | Event::Revoked { approvals, .. } => Some(approvals.clone()),
                _ => None,
            })
            .flatten()
            .collect();
        // A renewal that its holder's key signed for is carried by no approval.
        let carried = |record: &Record| {
            let enacted = matches!(record.event, Event::Enacted { .. } | Event::Revoked { .. });
            enacted || matches!(record.event, Event::Intent { .. })
        };
        if !records.iter().any(|(_, record)| carried(record)) {
            return Ok(());
        }
        let batches = records.iter().filter_map(|(_, record)| batch_of(record, digest));
        for batch in batches.collect::<Vec<Bytes>>() {
            self.batch(tx, &batch, &counted).await?;
        }
        for (index, record) in records {
            match &record.event {
                // A batch that holds the order is taken with its approvals, if some counted.
                Event::Order { .. } if batch_of(&record, digest).is_some() => {}
                Event::Approval { approval, person, .. } => {
                    let id = approval_id(approval)?;
                    if counted.contains(&id) {
                        self.people.insert(person.clone());
                        self.take(tx, index).await?;
                    }
                }
                Event::Order { order, .. } => {
                    self.people.extend(drafter_who_signed(order));
                    self.people.extend(besides_of(order));
                    self.take(tx, index).await?;
                }
                Event::Enacted { .. } | Event::Intent { .. } | Event::Revoked { .. } => {
                    self.take(tx, index).await?
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A batch that brought approvals which counted, with those and with who gave them.
    async fn batch(
        &mut self,
        tx: &mut Tx,
        batch: &Bytes,
        counted: &BTreeSet<Bytes>,
    ) -> Result<(), LedgerError> {
        let (mut made, mut given) = (None, Vec::new());
        for index in with_term(tx, LOG, &term::of_order(batch)).await? {
            match &self.read(tx, index).await?.event {
                Event::Order { .. } => made = Some(index),
                Event::Approval { approval, person, .. }
                    if counted.contains(&approval_id(approval)?) =>
                {
                    given.push((index, person.clone()));
                }
                _ => {}
            }
        }
        if given.is_empty() {
            return Ok(());
        }
        for index in made.into_iter().chain(given.iter().map(|(index, _)| *index)) {
            self.take(tx, index).await?;
        }
        self.people.extend(given.into_iter().map(|(_, person)| person));
        Ok(())
    }

    /// What made a person who they were; gives the orders about them.
    async fn person(&mut self, tx: &mut Tx, person: &str) -> Result<Vec<Bytes>, LedgerError> {
        let mut orders = Vec::new();
        for index in with_term(tx, LOG, &term::person(person)).await? {
            let record = self.read(tx, index).await?;
            match &record.event {
                Event::Letter { statement, .. } => {
                    self.take(tx, index).await?;
                    let letter: Result<LetterStatement, _> = records::json::read(&statement.0);
                    self.people.extend(letter.as_ref().ok().and_then(letter_drafter));
                    let reference = letter.map(|letter| letter.reference).unwrap_or_default();
                    self.losses(tx, &reference).await?;
                }
                Event::Order { order, .. } => {
                    orders.push(Bytes::from(records::order::digest(&order.0)));
                }
                Event::Issued { serial, .. } => {
                    self.take(tx, index).await?;
                    self.without_order(tx, serial).await?;
                }
                Event::Revoked { .. } | Event::Suspended { .. } => self.take(tx, index).await?,
                _ => {}
            }
        }
        Ok(orders)
    }

    /// Suspensions of a certificate with those who made them, and how it ended where no order says
    /// so: what came of a suspension, and that it was superseded.
    async fn without_order(&mut self, tx: &mut Tx, serial: &str) -> Result<(), LedgerError> {
        for index in with_term(tx, LOG, &term::of_serial(serial)).await? {
            match &self.read(tx, index).await?.event {
                Event::Suspended { cause, .. } => {
                    self.people.extend(cause.person());
                    self.take(tx, index).await?;
                }
                Event::Revoked {
                    cause: Cause::Lapsed { .. } | Cause::Superseded { .. }, ..
                } => self.take(tx, index).await?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Loss reports of a letter.
    async fn losses(&mut self, tx: &mut Tx, reference: &str) -> Result<(), LedgerError> {
        for index in with_term(tx, LOG, &format!("reference:{reference}")).await? {
            if matches!(self.read(tx, index).await?.event, Event::Revoked { .. }) {
                self.take(tx, index).await?;
            }
        }
        Ok(())
    }

    /// Leaves out what has no effect: hands put it there, and it would make the whole prove
    /// nothing.
    fn effective(&mut self) -> Result<(), LedgerError> {
        let mut authority: Option<authority::Authority> = None;
        let mut without = Vec::new();
        for (index, (bytes, _)) in &self.records {
            let record = Record::read(bytes)?;
            match &mut authority {
                None => {
                    let Event::Founding { statement, .. } = &record.event else {
                        return Err(LedgerError::Damaged("leaf 0"));
                    };
                    let digest = records::founding::digest(&statement.0);
                    let found = authority::Authority::found(&record, &digest);
                    authority = Some(found.map_err(|_| LedgerError::Damaged("leaf 0"))?);
                }
                Some(authority) => {
                    if authority.apply(&record).is_err() {
                        without.push(*index);
                    }
                }
            }
        }
        for index in without {
            self.records.remove(&index);
        }
        Ok(())
    }

    async fn prove(mut self, tx: &mut Tx) -> Result<Lineage, LedgerError> {
        self.effective()?;
        let (size, _, checkpoint) =
            sequenced::head(tx, LOG).await?.ok_or(LedgerError::Damaged("head"))?;
        let mut tiles = Tiles::default();
        let mut records = Vec::with_capacity(self.records.len());
        for (index, (record, salt)) in self.records {
            let hashes = tiles.inclusion(tx, LOG, index, size).await?;
            records.push(Proven {
                record: Bytes(record),
                salt: Bytes(salt),
                index,
                hashes: hashes.into_iter().map(Bytes::from).collect(),
            });
        }
        Ok(Lineage { checkpoint, records })
    }
}
