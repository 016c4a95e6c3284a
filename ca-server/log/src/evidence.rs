//! Collecting an evidence bundle: the request's records with their proofs, the certificate's way
//! back to the founding statement, the rules, people and revocation list that were in force, the
//! agent's own word.

use anyhow::{Context, ensure};
use ca_host::CaConfig;
use ca_host::ISSUER;
use ca_store::entry;
use ca_store::index::with_term;
use ca_store::ledger;
use ca_store::lineage::{self, Seeds};
use ca_store::proof::Tiles;
use ca_store::{runs, shown};
use records::access::{Decision, SignedHead};
use records::evidence::{AccessPart, Exported, Manifest, Opening, Question, RunPart, Shown, file};
use records::lineage::{Lineage, Proven};
use records::people::SignedPeople;
use records::record::{Event, Record};
use records::{Bytes, term};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use store::Tx;

const README: &str = "\
证据包 / evidence bundle

验证 / verify:  yinxin-verify --trust trust.json evidence.tar

信任文件来自本市的公布，不来自本包。
The trust file comes from the city's own publication, never from this bundle.
文件与格式见 docs/formats.md。 The files are described in docs/formats.md.
";

/// The bundle that answers a question; `None` if the log holds no such thing.
pub(super) async fn export(
    tx: &mut Tx,
    config: &CaConfig,
    city: &str,
    question: &Question,
) -> anyhow::Result<Option<Exported>> {
    let mut files = BTreeMap::new();
    let mut seeds = Seeds::default();
    let mut shown = Vec::new();
    match question {
        Question::Request(name) => {
            let Some(access) = request(tx, name).await? else { return Ok(None) };
            access.parts(tx, &mut files, &mut seeds).await?;
            shown.clone_from(&access.indexes);
        }
        Question::Certificate(serial) => {
            if !certificate(tx, serial, &mut seeds).await? {
                return Ok(None);
            }
        }
    }
    let control = lineage::collect(tx, seeds).await?;
    put(&mut files, file::OPENINGS, &openings(tx, &control).await?)?;
    put(&mut files, file::CONTROL, &control)?;
    files.insert(file::ROOT.to_owned(), std::fs::read(config.path("public/ca/root.cer"))?);
    files.insert(file::README.to_owned(), README.into());
    let digests = files
        .iter()
        .map(|(name, content)| (name.clone(), Bytes::from(Sha256::digest(content).as_slice())));
    let manifest = Manifest {
        v: 1,
        city: city.to_owned(),
        question: question.clone(),
        files: digests.collect(),
        control: control.records.iter().map(|proven| proven.index).collect(),
        access: shown,
    };
    put(&mut files, file::MANIFEST, &manifest)?;
    Ok(Some(Exported { files: files.into_iter().map(|(n, c)| (n, Bytes(c))).collect() }))
}

fn put<T: Serialize>(
    files: &mut BTreeMap<String, Vec<u8>>,
    name: &str,
    value: &T,
) -> anyhow::Result<()> {
    files.insert(name.to_owned(), records::json::write(value)?);
    Ok(())
}

/// A request as the access log has it.
struct Requested {
    agent: String,
    decision: Decision,
    /// The decision's place in its run.
    link: records::access::Link,
    /// Indexes of connection, decision and completions.
    indexes: Vec<u64>,
}

async fn request(tx: &mut Tx, name: &str) -> anyhow::Result<Option<Requested>> {
    let mut indexes = Vec::new();
    let mut decided = None;
    for index in with_term(tx, "access", &format!("request:{name}")).await? {
        let (bytes, _) = entry::at(tx, "access", index).await?.context("record")?;
        let record = Record::read(&bytes)?;
        match (record.event, record.link) {
            (Event::Decision(decision), Some(link)) => {
                decided = Some((record.maker, *decision, link));
            }
            (Event::Completion(_), _) => {}
            _ => continue,
        }
        indexes.push(index);
    }
    let Some((maker, decision, link)) = decided else { return Ok(None) };
    let connection = format!("request:{}", decision.connection);
    let opened = with_term(tx, "access", &connection).await?.first().copied();
    if let Some(index) = opened {
        // Every connection that shows the same signature: there must be one.
        let (bytes, _) = entry::at(tx, "access", index).await?.context("record")?;
        let handshake = Record::read(&bytes)?;
        if let Event::Connection(seen) = &handshake.event {
            indexes.extend(with_term(tx, "access", &term::of_handshake(&seen.message)).await?);
        }
    }
    indexes.sort_unstable();
    indexes.dedup();
    let agent = maker.strip_suffix("/agent").context("maker")?.to_owned();
    Ok(Some(Requested { agent, decision, link, indexes }))
}

impl Requested {
    async fn parts(
        &self,
        tx: &mut Tx,
        files: &mut BTreeMap<String, Vec<u8>>,
        seeds: &mut Seeds,
    ) -> anyhow::Result<()> {
        put(files, file::ACCESS, &self.access(tx).await?)?;
        put(files, file::RUN, &self.run(tx).await?)?;
        let world = &self.decision.world;
        let people = shown::people_snapshot(tx, &self.agent, world.people).await?;
        let (snapshot, signature) = people.context("people snapshot")?;
        let people = SignedPeople { snapshot: Bytes(snapshot), signature: Bytes(signature) };
        put(files, file::PEOPLE, &people)?;
        let list = shown::list(tx, ISSUER, world.crl).await?;
        files.insert(file::LIST.to_owned(), list.context("revocation list")?);
        seeds.people.insert(self.decision.person.clone());
        let wanted = [
            format!("people:{}/{}", self.agent, world.people),
            format!("crl:{ISSUER}/{}", world.crl),
        ];
        for term in wanted {
            seeds.records.extend(with_term(tx, "control", &term).await?);
        }
        certificate(tx, &self.decision.serial, seeds).await?;
        self.agent_seeds(tx, seeds).await?;
        rules(tx, world.bundle, seeds).await
    }

    async fn access(&self, tx: &mut Tx) -> anyhow::Result<AccessPart> {
        let (size, _, checkpoint) = ledger::head(tx, "access").await?.context("head")?;
        let mut tiles = Tiles::default();
        let mut records = Vec::new();
        for index in &self.indexes {
            let (bytes, salt) = entry::at(tx, "access", *index).await?.context("record")?;
            let id = Record::read(&bytes)?.id;
            let hashes = tiles.inclusion(tx, "access", *index, size).await?;
            let proven = Proven {
                record: Bytes(bytes),
                salt: Bytes(salt),
                index: *index,
                hashes: hashes.into_iter().map(Bytes::from).collect(),
            };
            let disclosures = ledger::openings(tx, "access", *index, &id.0).await?;
            records.push(Shown { proven, disclosures });
        }
        Ok(AccessPart { checkpoint, records })
    }

    /// The first head that the agent signed behind the decision, and the entries up to it.
    async fn run(&self, tx: &mut Tx) -> anyhow::Result<RunPart> {
        let (agent, epoch, aseq) = (&self.agent, &self.link.epoch, self.link.aseq);
        let found = runs::head_behind(tx, agent, epoch, aseq).await?.context("spool head")?;
        let mut entries = Vec::new();
        for later in aseq + 1..found.count {
            entries.push(self.entry(tx, later).await?.context("an entry of the run")?);
        }
        ensure!(!found.head.is_empty(), "spool head");
        let head = SignedHead { head: Bytes(found.head), signature: Bytes(found.signature) };
        Ok(RunPart { head, certificate: Bytes(found.certificate), entries })
    }

    /// The entry of a later record of the run.
    async fn entry(&self, tx: &mut Tx, later: u64) -> anyhow::Result<Option<Bytes>> {
        let name = records::access::request_id(&self.agent, &self.link.epoch, later);
        for index in with_term(tx, "access", &format!("request:{name}")).await? {
            let (bytes, salt) = entry::at(tx, "access", index).await?.context("record")?;
            let record = Record::read(&bytes)?;
            let own = record
                .link
                .is_some_and(|link| (link.aseq, &link.epoch) == (later, &self.link.epoch));
            if own {
                let salt = salt.as_slice().try_into()?;
                return Ok(Some(Bytes::from(records::record::entry(salt, &bytes))));
            }
        }
        Ok(None)
    }

    /// The agent's order, its join, and what was issued to it.
    async fn agent_seeds(&self, tx: &mut Tx, seeds: &mut Seeds) -> anyhow::Result<()> {
        for index in with_term(tx, "control", &term::of_agent(&self.agent)).await? {
            let (bytes, _) = entry::at(tx, "control", index).await?.context("record")?;
            match Record::read(&bytes)?.event {
                Event::Order { order, .. } => {
                    seeds.orders.insert(Bytes::from(records::order::digest(&order.0)));
                }
                Event::Joined { serial, .. } => {
                    seeds.records.insert(index);
                    let issued = with_term(tx, "control", &term::of_serial(&serial)).await?;
                    seeds.records.extend(issued);
                }
                _ => {}
            }
        }
        let renewals = format!("authorization:{}", authority::authorization_of(&self.agent));
        for index in with_term(tx, "control", &renewals).await? {
            let (bytes, _) = entry::at(tx, "control", index).await?.context("record")?;
            if let Event::Used { serial, .. } = Record::read(&bytes)?.event {
                seeds.records.insert(index);
                let issued = with_term(tx, "control", &term::of_serial(&serial)).await?;
                seeds.records.extend(issued);
            }
        }
        Ok(())
    }
}

/// The order under which a certificate was issued, with what became of it.
async fn certificate(tx: &mut Tx, serial: &str, seeds: &mut Seeds) -> anyhow::Result<bool> {
    let mut known = false;
    for index in with_term(tx, "control", &term::of_serial(serial)).await? {
        let (bytes, _) = entry::at(tx, "control", index).await?.context("record")?;
        match Record::read(&bytes)?.event {
            Event::Intent { order, .. } => {
                seeds.orders.insert(order);
            }
            Event::Issued { subject, .. } => {
                known = true;
                seeds.people.insert(subject);
                seeds.records.insert(index);
            }
            _ => {}
        }
    }
    Ok(known)
}

/// The order that put a version of the rules in force; the founding's needs none.
async fn rules(tx: &mut Tx, version: u32, seeds: &mut Seeds) -> anyhow::Result<()> {
    let digest = shown::bundle_order(tx, version).await?;
    seeds.orders.extend(digest.filter(|digest| !digest.is_empty()).map(Bytes));
    Ok(())
}

/// What opens the commitments of orders and certificates in a lineage.
async fn openings(tx: &mut Tx, lineage: &Lineage) -> anyhow::Result<Vec<Opening>> {
    let mut openings = Vec::new();
    for proven in &lineage.records {
        let record = Record::read(&proven.record.0)?;
        let disclosures = match &record.event {
            Event::Order { order, .. } => {
                let digest = records::order::digest(&order.0).to_vec();
                shown::order_disclosures(tx, digest).await?
            }
            Event::Issued { .. } => {
                ledger::openings(tx, "control", proven.index, &record.id.0).await?
            }
            _ => Vec::new(),
        };
        if !disclosures.is_empty() {
            openings.push(Opening { index: proven.index, disclosures });
        }
    }
    Ok(openings)
}
