//! Many at once: a roster of people is registered, lettered, and their requests are approved and
//! issued, by one handler and two officers who sign once each; the time of the machine for each
//! step. The people's own keys and applications are theirs: they are made and sent beside it.

use super::issue::people::{Applicant, Officer, applicants_with, for_all, officers, trust};
use super::portal::Database;
use crate::found::{Sample, found};
use crate::postgres;
use crate::processes::Running;
use anyhow::{Context, ensure};
use ca_host::CaConfig;
use ca_host::operator::{OperatorRequest, ask};
use mtls::Client;
use portal_api::roster::{
    LETTERS_A_MESSAGE, RosterDraft, asked_numbers, check, read, statement_bytes, template,
    told_numbers, unit_of,
};
use portal_api::{Batch, Pages, Public, Staff};
use records::draft::Draft;
use records::drafted::{DraftContent, LetterBody};
use records::order::{BATCH_ROWS_MAX, RoleAction};
use records::rules::Role;
use records::trust::Trust;
use std::path::Path;
use std::time::{Duration, Instant};
use store::Store;
use system::random;

const UNIT: &str = "sz-office";
const LOOK: Duration = Duration::from_millis(20);
/// What all steps together may take for 500 people.
const SECONDS_MAX: u64 = 20;

/// Runs the bench on each database.
pub(super) async fn run(count: usize, on: Option<Database>) -> anyhow::Result<()> {
    let home = tempfile::tempdir_in(crate::found::workspace()?.join("target"))?;
    if on != Some(Database::Postgres) {
        measure(&home.path().join("sqlite"), None, count).await?;
    }
    if on != Some(Database::Sqlite) {
        let server = tempfile::Builder::new().prefix("pg-").tempdir_in("/tmp")?;
        let address = postgres::start(server.path(), true)?;
        let done = measure(&home.path().join("postgres"), Some(address), count).await;
        postgres::stop(server.path())?;
        done?;
    }
    Ok(())
}

async fn measure(folder: &Path, postgres: Option<String>, count: usize) -> anyhow::Result<()> {
    let database = if postgres.is_some() { "PostgreSQL" } else { "SQLite" };
    eprintln!("{database}: founding a city …");
    found(folder, &Sample { postgres: postgres.clone(), ..Sample::default() })?;
    let mut running = Running::start(folder).await?;
    let address = match &postgres {
        Some(address) => address.replace("{user}", "ca").replace("{name}", "ca"),
        None => format!("sqlite:{}", folder.join("ca/ca.db").display()),
    };
    let office = Office::open(folder, &address).await?;
    let mut took = Vec::new();
    let batch = office.register(count, &mut took).await?;
    let letters = office.letter(folder, &batch, count, &mut took).await?;
    let people = letters.into_iter().map(Applicant::new).collect::<anyhow::Result<Vec<_>>>()?;
    office.apply(&people).await?;
    office.issue(people, &mut took).await?;
    running.stop().await?;
    let all: Duration = took.iter().map(|(_, one)| *one).sum();
    println!("{database}: {count} people");
    for (what, one) in &took {
        println!("  {what:<28} {:>8.2} s", one.as_secs_f64());
    }
    println!("  {:<28} {:>8.2} s", "all of it", all.as_secs_f64());
    let most = Duration::from_secs(SECONDS_MAX).mul_f64(count.max(500) as f64 / 500.0);
    ensure!(all < most, "it took longer than {} s", most.as_secs());
    Ok(())
}

/// Who works: a handler and two officers.
struct Office {
    trust: Trust,
    handler: Officer,
    desk: Staff,
    officers: Vec<(Officer, Staff)>,
}

impl Office {
    async fn open(folder: &Path, database: &str) -> anyhow::Result<Self> {
        let trust = trust(folder)?;
        let staff = |officer: &Officer| -> anyhow::Result<Staff> {
            let root = trust.root_sha256.digest().context("trust file")?;
            let tls = mtls::tls::client(root, Some(officer.identity()?))?;
            Ok(Staff(Client::new(&trust.portal_staff, Some(tls))?))
        };
        let mut all = Vec::new();
        for officer in officers(folder)? {
            let desk = staff(&officer)?;
            all.push((officer, desk));
        }
        let store = Store::open(database).await?;
        let grant = |person: String| OperatorRequest::Role {
            action: RoleAction::Grant,
            person,
            role: Role::UnitHandler,
            scope: UNIT.into(),
        };
        let config = CaConfig::read(&folder.join("ca/ca.toml"))?;
        let made = applicants_with(folder, &store, (1, "staff"), |person| {
            let (config, desks, wanted) = (&config, &all, grant(person));
            async move {
                let made = ask(config, &wanted).await?;
                ensure!(made.refused.is_none(), "no role: {:?}", made.refused);
                for (officer, desk) in desks {
                    let export = desk.fetch(&made.order).await?;
                    desk.approve(&officer.approve(&export)?).await?;
                }
                Ok(())
            }
        });
        let applicant = made.await?.pop().context("a handler")?;
        store.close().await;
        let public = public(&trust)?;
        let order = apply(&public, &applicant).await?;
        for (officer, desk) in &all {
            let export = desk.fetch(&order).await?;
            desk.approve(&officer.approve(&export)?).await?;
        }
        let collected = collect(&public, &applicant).await?;
        let handler = all.first().context("officer")?.0.like(applicant, &collected)?;
        let desk = staff(&handler)?;
        Ok(Self { trust, handler, desk, officers: all })
    }

    /// A roster is read, checked, signed once, approved by two, and everybody is there.
    async fn register(
        &self,
        count: usize,
        took: &mut Vec<(&'static str, Duration)>,
    ) -> anyhow::Result<String> {
        let file = roster(count);
        let began = Instant::now();
        let units = self.desk.people("-", &mut Pages::begin()).await?.units;
        let table = read(&file).map_err(|refusal| anyhow::anyhow!(refusal.en()))?;
        let entries = check(&table, |text| unit_of(&units, text), (2_100, 1, 1));
        let entries = entries.map_err(|refused| anyhow::anyhow!("{refused:?}"))?;
        took.push(("roster read and checked", began.elapsed()));
        let began = Instant::now();
        let draw = || random::bytes().ok();
        let told = self.desk.numbers(&asked_numbers(&entries)).await?;
        let numbers = told_numbers(&entries, told).context("another roster")?;
        let numbers = numbers.map_err(|refused| anyhow::anyhow!("{refused:?}"))?;
        let draft = RosterDraft::of((&entries, &numbers), "录用文件", draw);
        let draft = draft.context("randomness")?;
        let signed = self.signed(&draft, "people")?;
        let mut batch = String::new();
        for message in draft.messages(&signed, BATCH_ROWS_MAX) {
            batch = self.desk.draft_many(&message).await?.batch;
        }
        took.push(("drafted", began.elapsed()));
        let began = Instant::now();
        self.approve(&batch).await?;
        loop {
            let receipt = self.desk.receipt(&batch).await?;
            if receipt.lines.iter().all(|line| line.state == "done") {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        took.push(("approved and registered", began.elapsed()));
        Ok(batch)
    }

    /// Their letters, under one signature.
    async fn letter(
        &self,
        folder: &Path,
        batch: &str,
        count: usize,
        took: &mut Vec<(&'static str, Duration)>,
    ) -> anyhow::Result<Vec<records::letter::Letter>> {
        let began = Instant::now();
        let receipt = self.desk.receipt(batch).await?;
        let mut bodies = Vec::new();
        for line in receipt.lines.into_iter().filter(|line| !line.letter) {
            let body = LetterBody { person: line.person, profile: "official".into() };
            bodies.push((DraftContent::Letter(body).parts()?.1, Vec::new()));
        }
        let draft = RosterDraft::over(bodies)?;
        let signed = self.signed(&draft, "letters")?;
        let mut references = Vec::new();
        for message in draft.messages(&signed, LETTERS_A_MESSAGE) {
            references.extend(self.desk.draft_many(&message).await?.letters);
        }
        took.push(("lettered", began.elapsed()));
        ensure!(references.len() == count, "{} letters", references.len());
        let read = |reference: &String| {
            let file = folder.join(format!("ca/issuer/letters/{reference}.json"));
            Ok(serde_json::from_slice(&std::fs::read(file)?)?)
        };
        references.iter().map(read).collect()
    }

    /// Everybody applies: that is the people's own time.
    async fn apply(&self, people: &[Applicant]) -> anyhow::Result<()> {
        for applicant in people {
            apply(&public(&self.trust)?, applicant).await?;
        }
        Ok(())
    }

    /// What waits is approved as one, and everybody collects.
    async fn issue(
        &self,
        people: Vec<Applicant>,
        took: &mut Vec<(&'static str, Duration)>,
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        let (_, first) = self.officers.first().context("officer")?;
        let (mut rows, mut pages) = (Vec::new(), Pages::begin());
        while pages.next().is_some() {
            let page = first.list(&mut pages).await?;
            let issues = page.lines.iter().filter(|line| line.kind == "issue");
            rows.extend(issues.map(|line| line.digest.clone()));
        }
        ensure!(rows.len() == people.len(), "{} of them wait", rows.len());
        let batch = first.batch(&Batch { rows }).await?.order;
        self.approve(&batch).await?;
        let trust = self.trust.clone();
        for_all("collected", people, 8, move |applicant: Applicant| {
            let trust = trust.clone();
            async move { collect(&public(&trust)?, &applicant).await.map(drop) }
        })
        .await?;
        took.push(("approved, issued, collected", began.elapsed()));
        Ok(())
    }

    async fn approve(&self, batch: &str) -> anyhow::Result<()> {
        for (officer, desk) in &self.officers {
            let export = desk.fetch(batch).await?;
            desk.approve(&officer.approve(&export)?).await?;
        }
        Ok(())
    }

    fn signed(&self, draft: &RosterDraft, kind: &str) -> anyhow::Result<Draft> {
        let of = (&self.trust.founding, self.handler.certificate().sha256());
        let now = service::Clock::system().seconds();
        let said = draft.many.statement(kind, of, random::bytes()?, now)?;
        let (certificate, signer) = (self.handler.certificate(), self.handler.signer());
        Ok(Draft::sign(statement_bytes(&said)?, certificate, signer)?)
    }
}

fn public(trust: &Trust) -> anyhow::Result<Public> {
    let root = trust.root_sha256.digest().context("trust file")?;
    Ok(Public(Client::new(&trust.portal_public, Some(mtls::tls::client(root, None)?))?))
}

async fn apply(public: &Public, applicant: &Applicant) -> anyhow::Result<String> {
    let record = public.look_up(&applicant.look_up()).await?;
    let stage = public.submit(&applicant.submit(&record.challenge)?).await?;
    super::issue::journey::awaiting(stage)
}

async fn collect(
    public: &Public,
    applicant: &Applicant,
) -> anyhow::Result<records::enrolment::CollectedCertificate> {
    loop {
        match public.collect(&applicant.collect()).await {
            Ok(collected) => {
                applicant.check(&collected)?;
                return Ok(collected);
            }
            Err(portal_api::PortalRefusal::Refused(problem)) if problem.code == "not-ready" => {}
            Err(refusal) => return Err(refusal.into()),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A workbook of so many people, each with a number of their own.
fn roster(count: usize) -> Vec<u8> {
    let numbers: Vec<String> = (0..count).map(number).collect();
    let names: Vec<String> = (0..count).map(|at| format!("陈{at:05}")).collect();
    let row = |at: usize| {
        let text = |texts: &'_ [String]| texts.get(at).cloned().unwrap_or_default();
        (text(&names), text(&numbers))
    };
    let rows: Vec<(String, String)> = (0..count).map(row).collect();
    let rows: Vec<[&str; 5]> =
        rows.iter().map(|(name, number)| [name.as_str(), number.as_str(), UNIT, "", ""]).collect();
    template::workbook_with(&rows)
}

/// A number as GB 11643 makes them.
fn number(at: usize) -> String {
    const WEIGHTS: [usize; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits =
        format!("611002199{:01}01{:02}{:03}", at / 27_000 % 10, at / 999 % 27 + 1, at % 999);
    let sum: usize =
        digits.bytes().zip(WEIGHTS).map(|(digit, weight)| usize::from(digit - b'0') * weight).sum();
    let check = b"10X98765432".get(sum % 11).copied().unwrap_or(b'0');
    format!("{digits}{}", char::from(check))
}
