//! A city of many people for benches: orders, approvals and enactments as the issuer writes them,
//! with the city's own keys, many in one transaction. Log service and issuer take them up like any
//! others: every signature is verified. Certificates are rows only, made from one that was issued,
//! or there are none; `grow/certificates.rs` makes them as records too.

mod certificates;

pub(super) use certificates::{OF_ONE, certify};

use crate::city::City;
use anyhow::Context;
use ca_host::random;
use ca_store::intake;
use keys::SoftwareSigner;
use pki::Certificate;
use records::order::{Basis, Body, NamedUnit, Order, PersonAction, PersonBody, SignedOrder, maker};
use records::record::{Event, approval_id};
use records::trust::Trust;
use records::{Approval, Bytes, Disclosure};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;
use store::{Store, Tx, execute, row};

/// People of one transaction.
const BATCH: usize = 100;
/// No more records wait for the sequencer than these.
const WAITING_MAX: i64 = 4_000;
const LOOK: Duration = Duration::from_millis(50);
const SURNAMES: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "马", "朱", "胡", "郭",
    "何", "高", "林", "罗",
];
const GIVEN: [&str; 25] = [
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明",
    "超", "霞", "平", "刚", "英", "华", "文", "玲", "红",
];

/// One who was made.
pub(super) struct Grown {
    pub(super) name: String,
    pub(super) person: String,
    pub(super) serial: String,
}

/// The keys that make people: the registry's, and two officers' with their certificates.
struct Makers {
    founding: Bytes,
    registry: SoftwareSigner,
    officers: Vec<(SoftwareSigner, Certificate, String)>,
}

/// Makes so many people, spread over units, with a certificate each that is like this one, if there
/// is one.
pub(super) async fn grow(
    folder: &Path,
    store: &Store,
    (count, units): (usize, &[&str]),
    certificate: Option<&Certificate>,
) -> anyhow::Result<Vec<Grown>> {
    let makers = Makers::open(folder)?;
    let before = people(store).await?;
    let mut grown = Vec::with_capacity(count);
    while grown.len() < count {
        let mut tx = store.write().await?;
        store::pending::lock(&mut tx, "control").await?;
        for number in grown.len()..(grown.len() + BATCH).min(count) {
            let unit = units.get(number % units.len()).context("unit")?;
            grown.push(makers.person(&mut tx, number, unit, certificate).await?);
        }
        tx.commit().await?;
        while waiting(store).await? > WAITING_MAX {
            tokio::time::sleep(LOOK).await;
        }
        progress("records written", grown.len(), count);
    }
    loop {
        let known = people(store).await? - before;
        progress("taken up by the issuer", usize::try_from(known)?, count);
        if known >= i64::try_from(count)? {
            eprintln!();
            return Ok(grown);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A bar on one line of a terminal.
pub(super) fn progress(what: &str, done: usize, of: usize) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let filled = done * 30 / of.max(1);
    let bar: String = (0..30).map(|at| if at < filled { '█' } else { '░' }).collect();
    eprint!("\r{bar} {done:>7} / {of} {what}   ");
    let _ = std::io::stderr().flush();
}

async fn people(store: &Store) -> anyhow::Result<i64> {
    let mut tx = store.read().await?;
    Ok(row!(&mut tx, (i64,), "select count(*) from person")?.context("count")?.0)
}

async fn waiting(store: &Store) -> anyhow::Result<i64> {
    let mut tx = store.read().await?;
    Ok(row!(&mut tx, (i64,), "select count(*) from log_pending")?.context("count")?.0)
}

impl Makers {
    fn open(folder: &Path) -> anyhow::Result<Self> {
        let issuer = folder.join("ca/issuer");
        let passphrase = keys::passphrase_from_file(&issuer.join("unlock"))?;
        let registry = keys::open(&issuer.join("registry.key"), &passphrase)?;
        let city = City::read(folder)?;
        let trust: Trust = serde_json::from_slice(&std::fs::read(folder.join(&city.trust_file))?)?;
        let mut officers = Vec::new();
        for person in city.holders("registration-officer") {
            let at =
                |place: &Option<String>| anyhow::Ok(folder.join(place.as_deref().context("?")?));
            let text = std::fs::read_to_string(at(&person.cert)?)?;
            let chain = pki::pem::read(text.as_bytes(), pki::pem::Kind::Certificate)?;
            let certificate = Certificate::read(chain.first().context("certificate")?)?;
            let passphrase = keys::passphrase_from_file(&at(&person.passphrase_file)?)?;
            let signer = keys::open(&at(&person.key)?, &passphrase)?;
            officers.push((signer, certificate, person.person.clone()));
        }
        Ok(Self { founding: trust.founding, registry, officers })
    }

    async fn person(
        &self,
        tx: &mut Tx,
        number: usize,
        unit: &str,
        certificate: Option<&Certificate>,
    ) -> anyhow::Result<Grown> {
        let name = name_of(number);
        let person = random::id()?;
        let found = row!(&mut *tx, (String,), "select name from unit where unit_id = $1", unit)?;
        let (unit_name,) = found.context("unit")?;
        let signed = self.order((&person, &name), (unit, &unit_name))?;
        let digest = signed.digest();
        let now = service::Clock::system().micros();
        keep_order(tx, &signed, (&name, &person), now).await?;
        let event = Event::Order {
            order: signed.order.clone(),
            signature: signed.signature.clone(),
            cancels: Vec::new(),
        };
        intake::write(tx, "issuer", now, event, &[]).await?;
        let mut approvals = Vec::new();
        for (signer, certificate, officer) in &self.officers {
            let approval = Approval::sign(digest, certificate, signer)?;
            approvals.push(approval_id(&approval)?);
            let used = "insert into consumed_approval (order_digest, person_id) values ($1, $2)";
            execute!(&mut *tx, used, digest.to_vec(), officer)?;
            let event = Event::Approval { approval, person: officer.clone(), acting_for: None };
            intake::write(tx, "issuer", now, event, &[]).await?;
        }
        let event = Event::Enacted { order: digest.into(), approvals, files: Vec::new() };
        intake::write(tx, "issuer", now, event, &[]).await?;
        let serial = match certificate {
            Some(certificate) => keep_certificate(tx, (&digest, &person), certificate).await?,
            None => String::new(),
        };
        Ok(Grown { name, person, serial })
    }

    fn order(
        &self,
        (person, name): (&str, &str),
        (unit, unit_name): (&str, &str),
    ) -> anyhow::Result<SignedOrder> {
        let commit = |path: &str, value: &str| {
            let disclosure = Disclosure::new(path, random::bytes()?, value.into());
            anyhow::Ok((disclosure.commitment()?, disclosure))
        };
        let (committed, opened) = commit("/name", name)?;
        let (evidence, seen) = commit("/evidence", "bench")?;
        let body = Body::Person(PersonBody {
            action: PersonAction::Create,
            person: person.to_owned(),
            version: 1,
            unit: unit.to_owned(),
            name: committed,
            mail: None,
            number: None,
            evidence,
        });
        let until = service::Clock::system().seconds() + records::order::ORDER_SECONDS;
        let order = Order {
            v: 1,
            kind: body.kind().into(),
            issuer: maker("issuing-1", &self.founding.0),
            order: random::id()?,
            version: 1,
            nonce: random::bytes::<16>()?.into(),
            expires: records::time::seconds(until),
            drafter: "operator:0".into(),
            basis: Basis {
                units: vec![NamedUnit { unit: unit.to_owned(), name: unit_name.to_owned() }],
                ..Basis::default()
            },
            draft: None,
            place: None,
            body: body.value()?,
        };
        Ok(SignedOrder::sign(&order, vec![opened, seen], &self.registry)?)
    }
}

fn name_of(number: usize) -> String {
    let pick = |from: &[&'static str], at: usize| from.get(at % from.len()).copied().unwrap_or("");
    let (a, b, c) = (number, number / SURNAMES.len(), number / SURNAMES.len() / GIVEN.len());
    format!("{}{}{}", pick(&SURNAMES, a), pick(&GIVEN, b), pick(&GIVEN, c))
}

/// Gives the serial number.
async fn keep_certificate(
    tx: &mut Tx,
    (digest, person): (&[u8; 32], &str),
    certificate: &Certificate,
) -> anyhow::Result<String> {
    let serial = pki::SerialNumber::from_random(random::bytes()?).to_string();
    execute!(
        &mut *tx,
        "insert into certificate (serial, under, subject, profile_id, reference, key_sha256, \
         not_after, certificate, record_id) \
         values ($1, $2, $3, 'official', null, $4, $5, $6, $7)",
        &serial,
        digest.to_vec(),
        person,
        random::bytes::<32>()?.to_vec(),
        i64::try_from(certificate.not_after())?,
        certificate.der().to_vec(),
        random::bytes::<16>()?.to_vec()
    )?;
    Ok(serial)
}

async fn keep_order(
    tx: &mut Tx,
    signed: &SignedOrder,
    (name, person): (&str, &str),
    micros: u64,
) -> anyhow::Result<()> {
    let read = Order::read(&signed.order.0)?;
    execute!(
        &mut *tx,
        "insert into ordered (order_digest, order_id, kind, about, person_id, reference, \
         order_bytes, signature, disclosures, files, bind, request, challenge, made, expires, \
         state) \
         values ($1, $2, 'person', $3, $4, null, $5, $6, $7, '[]', null, null, null, $8, $9, \
         'open')",
        signed.digest().to_vec(),
        &read.order,
        format!("create {name}"),
        person,
        &signed.order.0,
        &signed.signature.0,
        serde_json::to_string(&signed.disclosures)?,
        i64::try_from(micros / 1_000_000)?,
        i64::try_from(read.expires_unix())?
    )?;
    Ok(())
}

/// Waits until the index of records holds what the log holds.
pub(super) async fn indexed(store: &Store) -> anyhow::Result<()> {
    loop {
        let mut tx = store.read().await?;
        let size = row!(&mut tx, (i64,), "select size from log_head where log_id = 'control'")?;
        let reached =
            row!(&mut tx, (i64,), "select size from log_projected where log_id = 'control'")?;
        let waits = row!(
            &mut tx,
            (i64,),
            "select position from log_pending where log_id = 'control' limit 1"
        )?;
        drop(tx);
        let (size, reached) = (size.context("head")?.0, reached.map_or(0, |(size,)| size));
        progress("records indexed", usize::try_from(reached)?, usize::try_from(size)?);
        if waits.is_none() && reached >= size {
            eprintln!();
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}
