//! Collecting an evidence bundle: the request's records with their proofs, the certificate's way
//! back to the founding statement, the rules, people and revocation list that were in force, the
//! agent's own word.

mod request;

use anyhow::Context;
use ca_host::CaConfig;
use ca_host::ISSUER;
use ca_host::lists::ListOf;
use ca_store::entry;
use ca_store::evidence_rows;
use ca_store::follower::Follower;
use ca_store::index::with_term;
use ca_store::lineage::{self, Seeds};
use ca_store::rows;
use ca_store::sequenced;
use records::est::EnrolledStatement;
use records::evidence::{ExportedBundle, Manifest, Opening, Question, file};
use records::lineage::Lineage;
use records::machine::AccountStatement;
use records::people::SignedPeople;
use records::record::{Cause, Event, Record};
use records::{Bytes, Disclosure, term};
use request::Requested;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
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
    (config, follower): (&CaConfig, &Follower),
    question: &Question,
) -> anyhow::Result<Option<ExportedBundle>> {
    let mut files = BTreeMap::new();
    let mut seeds = Seeds::default();
    match question {
        Question::Request(name) => {
            let Some(found) = request::find(tx, follower, name).await? else { return Ok(None) };
            let public = config.path("public");
            found.parts((&mut *tx, public.as_path()), &mut files, &mut seeds).await?;
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
    put(&mut files, file::MANIFEST, &Manifest { v: 1, question: question.clone() })?;
    let files = files.into_iter().map(|(n, c)| (n, Bytes(c))).collect();
    Ok(Some(ExportedBundle { files, consistency: BTreeMap::new() }))
}

fn put<T: Serialize>(
    files: &mut BTreeMap<String, Vec<u8>>,
    name: &str,
    value: &T,
) -> anyhow::Result<()> {
    files.insert(name.to_owned(), records::json::write(value)?);
    Ok(())
}

impl Requested {
    async fn parts(
        &self,
        (tx, public): (&mut Tx, &Path),
        files: &mut BTreeMap<String, Vec<u8>>,
        seeds: &mut Seeds,
    ) -> anyhow::Result<()> {
        put(files, file::ACCESS, &self.access(tx).await?)?;
        put(files, file::RUN, &self.pieces())?;
        let world = &self.decision.world;
        let people = evidence_rows::people_snapshot(tx, &self.agent, world.people).await?;
        let (snapshot, signature) = people.context("people snapshot")?;
        let people = SignedPeople { snapshot: Bytes(snapshot), signature: Bytes(signature) };
        put(files, file::PEOPLE, &people)?;
        let list = evidence_rows::list(tx, ISSUER, world.crl).await?;
        // A list whose row is not there was published all the same.
        let numbered = public.join(ListOf::Issuing.numbered(world.crl));
        let list = list.or_else(|| std::fs::read(numbered).ok());
        files.insert(file::LIST.to_owned(), list.context("revocation list")?);
        seeds.people.insert(self.decision.person.clone());
        seeds.orders.extend(self.decision.exception.iter().map(|passed| passed.order.clone()));
        let wanted = [
            format!("people:{}/{}", self.agent, world.people),
            format!("crl:{ISSUER}/{}", world.crl),
        ];
        for term in wanted {
            seeds.records.extend(with_term(tx, "control", &term).await?);
        }
        certificate(tx, &self.decision.serial, seeds).await?;
        for agent in self.agents() {
            agent_seeds(tx, agent, seeds).await?;
        }
        rules(tx, world.bundle, seeds).await
    }
}

/// The agent's order, its join, and what was issued to it.
async fn agent_seeds(tx: &mut Tx, agent: &str, seeds: &mut Seeds) -> anyhow::Result<()> {
    for index in with_term(tx, "control", &term::of_agent(agent)).await? {
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
    let renewals = format!("authorization:{}", authority::authorization_of(agent));
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
                if !subject.starts_with("system:") {
                    seeds.people.insert(subject);
                }
                seeds.records.insert(index);
            }
            Event::MachineUse { account, .. } => {
                seeds.records.insert(index);
                account_seeds(tx, &account, seeds).await?;
            }
            Event::MachineEnrolled { .. } => {
                // A renewal rests on what it renews, and that on what it was had by.
                let mut rests_on = Some(serial.to_owned());
                while let Some(serial) = rests_on {
                    rests_on = use_seeds(tx, &serial, seeds).await?;
                }
            }
            Event::Revoked { cause: Cause::Machine { account, .. }, .. } => {
                seeds.records.insert(index);
                if let Some(account) = account {
                    account_seeds(tx, &account, seeds).await?;
                }
            }
            Event::Revoked {
                cause: Cause::Cmp { system, .. } | Cause::Closed { system }, ..
            } => {
                seeds.records.insert(index);
                seeds.orders.extend(system_orders(tx, &system).await?);
            }
            _ => {}
        }
    }
    Ok(known)
}

/// By what a system got a certificate; gives the one that it renewed by EST, if it did.
async fn use_seeds(tx: &mut Tx, serial: &str, seeds: &mut Seeds) -> anyhow::Result<Option<String>> {
    let mut renewed = None;
    for index in with_term(tx, "control", &term::of_serial(serial)).await? {
        let (bytes, _) = entry::at(tx, "control", index).await?.context("record")?;
        match Record::read(&bytes)?.event {
            Event::MachineUse { account, .. } => {
                seeds.records.insert(index);
                account_seeds(tx, &account, seeds).await?;
            }
            Event::MachineEnrolled { statement, .. } => {
                seeds.records.insert(index);
                let said = EnrolledStatement::read(&statement.0).context("statement")?;
                seeds.orders.insert(said.order);
                if let Some(shown) = said.certificate {
                    renewed = Some(pki::Certificate::read(&shown.0)?.serial().to_string());
                }
            }
            _ => {}
        }
    }
    Ok(renewed)
}

/// What an account of a system is: its opening, its keys, and the order under which.
async fn account_seeds(tx: &mut Tx, account: &str, seeds: &mut Seeds) -> anyhow::Result<()> {
    for index in with_term(tx, "control", &term::of_account(account)).await? {
        let (bytes, _) = entry::at(tx, "control", index).await?.context("record")?;
        match Record::read(&bytes)?.event {
            Event::MachineAccount { statement, .. } => {
                let said: AccountStatement = records::json::read(&statement.0)?;
                seeds.orders.insert(said.order);
                seeds.records.insert(index);
            }
            Event::MachineKey { .. } => {
                seeds.records.insert(index);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Digests of every order about a system.
async fn system_orders(tx: &mut Tx, system: &str) -> anyhow::Result<Vec<Bytes>> {
    let mut orders = Vec::new();
    for index in with_term(tx, "control", &term::of_system(system)).await? {
        let (bytes, _) = entry::at(tx, "control", index).await?.context("record")?;
        if let Event::Order { order, .. } = Record::read(&bytes)?.event {
            orders.push(Bytes::from(records::order::digest(&order.0)));
        }
    }
    Ok(orders)
}

/// The order that put a version of the rules in force; the founding's needs none.
async fn rules(tx: &mut Tx, version: u32, seeds: &mut Seeds) -> anyhow::Result<()> {
    let digest = rows::order_of_bundle(tx, version).await?;
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
                evidence_rows::order_disclosures(tx, digest).await?
            }
            Event::Issued { certificate, .. } => {
                // What a hand laid beside it opens nothing, and would spoil the bundle.
                let found = sequenced::openings(tx, "control", proven.index, &record.id.0).await?;
                let opens = |one: &Disclosure| one.commitment().is_ok_and(|is| is == *certificate);
                found.into_iter().filter(opens).take(1).collect()
            }
            _ => Vec::new(),
        };
        if !disclosures.is_empty() {
            openings.push(Opening { index: proven.index, disclosures });
        }
    }
    Ok(openings)
}
