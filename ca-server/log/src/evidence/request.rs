//! What the access log holds about one request. A record counts as its agent's only where it stands
//! in a run whose head that agent signed; whatever else claims to be about the request is left out.

use anyhow::Context;
use ca_store::follower::Follower;
use ca_store::index::with_term;
use ca_store::proof::Tiles;
use ca_store::{entry, runs, sequenced};
use records::access::{Connection, Decision, Link};
use records::evidence::{AccessPart, DisclosedRecord};
use records::lineage::Proven;
use records::record::{Event, Record};
use records::run::RunPiece;
use records::{Bytes, term};
use std::collections::{BTreeMap, BTreeSet};
use store::Tx;

const LOG: &str = "access";

/// Ends of one request that are shown: the second says already that its agent contradicts itself.
const ENDS_MAX: usize = 2;

/// A record that its agent signed.
struct Signed {
    agent: String,
    link: Link,
    record: Record,
    bytes: Vec<u8>,
    salt: Vec<u8>,
    piece: RunPiece,
}

/// A request as its agent recorded it.
pub(super) struct Requested {
    /// The agent that decided, by its id.
    pub(super) agent: String,
    /// The decision as its agent recorded it.
    pub(super) decision: Decision,
    /// Connection, decision, end, and what contradicts them, by index.
    records: BTreeMap<u64, Signed>,
}

/// Reads what agents signed.
struct Reader<'a> {
    tx: &'a mut Tx,
    follower: &'a Follower,
}

/// The request of this name, if an agent signed that it decided it.
pub(super) async fn find(
    tx: &mut Tx,
    follower: &Follower,
    name: &str,
) -> anyhow::Result<Option<Requested>> {
    let mut reader = Reader { tx, follower };
    let (mut records, mut decided, mut ends) = (BTreeMap::new(), None, 0);
    for index in with_term(reader.tx, LOG, &term::of_request(name)).await? {
        let Some(signed) = reader.signed(index).await? else { continue };
        match &signed.record.event {
            Event::Decision(decision) if signed.is_named(name) => {
                decided = Some((signed.agent.clone(), (**decision).clone()));
            }
            Event::Completion(ended)
                if ended.request == name && signed.owns(name) && ends < ENDS_MAX =>
            {
                ends += 1;
            }
            _ => continue,
        }
        records.insert(index, signed);
    }
    let Some((agent, decision)) = decided else { return Ok(None) };
    let Some(opened) = reader.connection(&decision.connection, &mut records).await? else {
        return Ok(None);
    };
    reader.again(&opened, &mut records).await?;
    Ok(Some(Requested { agent, decision, records }))
}

impl Signed {
    fn is_named(&self, name: &str) -> bool {
        records::access::request_id(&self.agent, &self.link.epoch, self.link.aseq) == name
    }

    /// Whether a request of this name is its agent's.
    fn owns(&self, name: &str) -> bool {
        name.strip_prefix(&self.agent).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl Reader<'_> {
    /// The record at a place, if it stands in a run that its agent signed.
    async fn signed(&mut self, index: u64) -> anyhow::Result<Option<Signed>> {
        let (bytes, salt) = entry::at(self.tx, LOG, index).await?.context("record")?;
        let Ok(record) = Record::read(&bytes) else { return Ok(None) };
        let (Some(agent), Some(link)) = (record.agent().map(str::to_owned), record.link.clone())
        else {
            return Ok(None);
        };
        let Some(piece) = runs::piece(self.tx, &agent, &link).await? else { return Ok(None) };
        let Ok(opened) = piece.open(&BTreeSet::from([link.aseq])) else { return Ok(None) };
        let own = salt.as_slice().try_into().ok().map(|salt| records::record::entry(salt, &bytes));
        if !own.is_some_and(|own| opened.holds(&agent, &link, &own)) {
            return Ok(None);
        }
        let (name, key) = (agent.clone(), Bytes::from(opened.certificate().key().sha256()));
        let known = self.follower.ask(move |authority| {
            let state = authority.agent(&name);
            state.is_some_and(|state| state.keys.contains(&key) || state.past.contains(&key))
        });
        if !known.await? {
            return Ok(None);
        }
        Ok(Some(Signed { agent, link, record, bytes, salt, piece }))
    }

    /// The connection of the decision.
    async fn connection(
        &mut self,
        name: &str,
        records: &mut BTreeMap<u64, Signed>,
    ) -> anyhow::Result<Option<Connection>> {
        for index in with_term(self.tx, LOG, &term::of_request(name)).await? {
            let Some(signed) = self.signed(index).await? else { continue };
            if let Event::Connection(seen) = &signed.record.event
                && signed.is_named(name)
            {
                let seen = (**seen).clone();
                records.insert(index, signed);
                return Ok(Some(seen));
            }
        }
        Ok(None)
    }

    /// One more connection that shows the same signature: there must be none, and one says enough.
    async fn again(
        &mut self,
        opened: &Connection,
        records: &mut BTreeMap<u64, Signed>,
    ) -> anyhow::Result<()> {
        for index in with_term(self.tx, LOG, &term::of_handshake(&opened.message)).await? {
            if records.contains_key(&index) {
                continue;
            }
            let Some(signed) = self.signed(index).await? else { continue };
            let same = match &signed.record.event {
                Event::Connection(seen) => seen.message == opened.message,
                _ => false,
            };
            if same {
                records.insert(index, signed);
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Requested {
    /// Agents whose word is in it.
    pub(super) fn agents(&self) -> BTreeSet<&str> {
        self.records.values().map(|signed| signed.agent.as_str()).collect()
    }

    /// The records with their proofs and what opens them.
    pub(super) async fn access(&self, tx: &mut Tx) -> anyhow::Result<AccessPart> {
        let (size, _, checkpoint) = sequenced::head(tx, LOG).await?.context("head")?;
        let mut tiles = Tiles::default();
        let mut records = Vec::new();
        for (index, signed) in &self.records {
            let hashes = tiles.inclusion(tx, LOG, *index, size).await?;
            let proven = Proven {
                record: Bytes(signed.bytes.clone()),
                salt: Bytes(signed.salt.clone()),
                index: *index,
                hashes: hashes.into_iter().map(Bytes::from).collect(),
            };
            let disclosures = sequenced::openings(tx, LOG, *index, &signed.record.id.0).await?;
            records.push(DisclosedRecord { proven, disclosures });
        }
        Ok(AccessPart { checkpoint, records })
    }

    /// The pieces of runs in which the records stand: of those that end at the same head only the
    /// longest, which holds the others.
    pub(super) fn pieces(&self) -> Vec<&RunPiece> {
        let mut longest: BTreeMap<&Bytes, &RunPiece> = BTreeMap::new();
        for Signed { piece, .. } in self.records.values() {
            let kept = longest.entry(&piece.head.head).or_insert(piece);
            if kept.entries.len() < piece.entries.len() {
                *kept = piece;
            }
        }
        longest.into_values().collect()
    }
}
