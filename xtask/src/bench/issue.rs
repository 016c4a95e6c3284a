//! Issuance, end to end and at the issuer alone, on SQLite and on PostgreSQL, beside what the
//! machine gives at most and `cfssl serve`, all in one run: rates wobble on a shared machine,
//! ratios and CPU per certificate do less.
//!
//! People, letters and keys are made before anything is measured. The load generator shares the
//! machine; what it used is a line of its own.

mod cfssl;
pub(super) mod journey;
mod meter;
pub(super) mod people;
mod report;

use super::floor;
use super::grow::{OF_ONE, certify, grow};
use super::portal::Database;
use crate::found::{Sample, found};
use crate::postgres;
use crate::processes::Running;
use journey::{Bare, Portal, Took};
use meter::Meter;
use people::{Applicant, UNITS, applicants, for_all};
use report::{Floors, Load, OnDatabase, Report};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::Store;

/// People who come one after the other.
const ALONE: usize = 60;
/// What comes before a measurement, of the same kind.
const WARM: usize = 200;
/// Certificates that cfssl signs.
const CFSSL: usize = 4_000;
/// What the growth began is over after this long.
const SETTLE: Duration = Duration::from_secs(10);

/// What is measured.
pub(super) struct IssueLoad {
    /// Certificates a measurement.
    pub(super) count: usize,
    /// People at once.
    pub(super) at_once: usize,
    /// Certificates in flight at the issuer alone.
    pub(super) in_flight: usize,
    /// Certificates that the city is grown to, one after the other.
    pub(super) grown: Vec<usize>,
    pub(super) on: Option<Database>,
    pub(super) json: bool,
}

/// Runs the bench and prints its tables.
pub(super) async fn run(wanted: IssueLoad) -> anyhow::Result<()> {
    let home = tempfile::tempdir_in(crate::found::workspace()?.join("target"))?;
    eprintln!("measuring the machine …");
    let floors = Floors {
        processors: std::thread::available_parallelism()?.get(),
        signatures: floor::signatures()?,
        verifications: floor::verifications()?,
        durable_writes: floor::durable(home.path())?,
        commits: floor::commits(home.path()).await?,
        cfssl: cfssl::measure(home.path(), (CFSSL, wanted.in_flight)).await?,
    };
    let mut report = Report { floors, databases: Vec::new() };
    if !wanted.json {
        report.floors.print();
    }
    if wanted.on != Some(Database::Postgres) {
        let stage = Stage { folder: home.path().join("sqlite"), server: None, wanted: &wanted };
        report.add(stage.run(None).await?, wanted.json);
    }
    if wanted.on != Some(Database::Sqlite) {
        let server = tempfile::Builder::new().prefix("pg-").tempdir_in("/tmp")?;
        let address = postgres::start(server.path(), true)?;
        let folder = home.path().join("postgres");
        let stage = Stage { folder, server: Some(server.path().to_owned()), wanted: &wanted };
        let done = stage.run(Some(address)).await;
        postgres::stop(server.path())?;
        report.add(done?, wanted.json);
    }
    if wanted.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    }
    Ok(())
}

/// One city on one database.
struct Stage<'a> {
    folder: PathBuf,
    /// The folder of its PostgreSQL server.
    server: Option<PathBuf>,
    wanted: &'a IssueLoad,
}

/// Whom a city was grown by, and how many certificates they have.
#[derive(Default)]
struct Crowd {
    people: Vec<String>,
    certificates: usize,
}

impl Stage<'_> {
    async fn run(&self, postgres: Option<String>) -> anyhow::Result<Vec<OnDatabase>> {
        let database = if postgres.is_some() { "PostgreSQL" } else { "SQLite" };
        eprintln!("{database}: founding a city …");
        found(&self.folder, &Sample { postgres: postgres.clone(), ..Sample::default() })?;
        let mut running = Running::start(&self.folder).await?;
        let address = match &postgres {
            Some(address) => address.replace("{user}", "ca").replace("{name}", "ca"),
            None => format!("sqlite:{}", self.folder.join("ca/ca.db").display()),
        };
        let (mut crowd, mut measured) = (Crowd::default(), Vec::new());
        let unchanged = [0];
        let sizes = match self.wanted.grown.as_slice() {
            [] => unchanged.as_slice(),
            some => some,
        };
        for size in sizes {
            let store = Store::open(&address).await?;
            if *size > crowd.certificates {
                eprintln!("{database}: growing to {size} certificates …");
                self.grow(&store, &mut running, (&mut crowd, *size)).await?;
            }
            eprintln!("{database}: making people and letters …");
            let made = ALONE + 2 * (WARM + self.wanted.count);
            let people = applicants(&self.folder, &store, made).await?;
            store.close().await;
            measured.push(self.measure((database, *size), &running, people).await?);
        }
        running.stop().await?;
        Ok(measured)
    }

    async fn grow(
        &self,
        store: &Store,
        running: &mut Running,
        (crowd, size): (&mut Crowd, usize),
    ) -> anyhow::Result<()> {
        let more = size.div_ceil(OF_ONE).saturating_sub(crowd.people.len());
        if more > 0 {
            let grown = grow(&self.folder, store, (more, &UNITS), None).await?;
            crowd.people.extend(grown.into_iter().map(|one| one.person));
        }
        let numbers = crowd.certificates..size;
        certify(&self.folder, store, running, (&crowd.people, numbers)).await?;
        crowd.certificates = size;
        tokio::time::sleep(SETTLE).await;
        Ok(())
    }

    async fn measure(
        &self,
        (database, grown): (&'static str, usize),
        running: &Running,
        mut people: Vec<Applicant>,
    ) -> anyhow::Result<OnDatabase> {
        let &IssueLoad { count, at_once, in_flight, .. } = self.wanted;
        let meter = Meter::open(&self.folder, running, self.server.as_deref())?;
        eprintln!("{database}: everybody hears of their letter …");
        meter.everybody_told().await?;
        eprintln!("{database}: one person after the other …");
        let portal = Arc::new(Portal::open(&self.folder)?);
        let alone = journeys(&portal, &meter, people.split_off(people.len() - ALONE), 1, 0).await?;
        eprintln!("{database}: {at_once} people at once …");
        let some = people.split_off(people.len() - WARM - count);
        let journeys = journeys(&portal, &meter, some, at_once, WARM).await?;
        eprintln!("{database}: the issuer alone, {in_flight} in flight …");
        let issuer = at_issuer(&self.folder, &meter, people, in_flight).await?;
        Ok(OnDatabase { database, grown, alone, journeys, issuer })
    }
}

/// Whole journeys through the portal; some of them before the measurement.
async fn journeys(
    portal: &Arc<Portal>,
    meter: &Meter,
    mut people: Vec<Applicant>,
    at_once: usize,
    warm: usize,
) -> anyhow::Result<Load> {
    let portal = portal.clone();
    let act = move |applicant: Applicant| {
        let portal = portal.clone();
        async move { portal.journey(&applicant).await }
    };
    for_all("before", people.split_off(people.len() - warm), at_once, act.clone()).await?;
    measured(meter, people, at_once, act).await
}

/// The same at the issuer; every record was opened before.
async fn at_issuer(
    folder: &Path,
    meter: &Meter,
    people: Vec<Applicant>,
    at_once: usize,
) -> anyhow::Result<Load> {
    let bare = Arc::new(Bare::open(folder)?);
    let opening = bare.clone();
    let mut opened = for_all("records opened", people, at_once, move |applicant: Applicant| {
        let bare = opening.clone();
        async move { Ok((bare.look_up(&applicant).await?, applicant)) }
    })
    .await?;
    let act = move |(challenge, applicant): (records::Bytes, Applicant)| {
        let bare = bare.clone();
        async move { bare.issue(&applicant, &challenge).await }
    };
    for_all("before", opened.split_off(opened.len() - WARM), at_once, act.clone()).await?;
    measured(meter, opened, at_once, act).await
}

async fn measured<I, F, R>(
    meter: &Meter,
    items: Vec<I>,
    at_once: usize,
    act: F,
) -> anyhow::Result<Load>
where
    I: Send + 'static,
    F: Fn(I) -> R + Clone + Send + 'static,
    R: Future<Output = anyhow::Result<Took>> + Send + 'static,
{
    let count = items.len();
    let (before, began) = (meter.read().await?, Instant::now());
    let took = for_all("certificates", items, at_once, act).await?;
    let elapsed: Duration = began.elapsed();
    Ok(Load::new((at_once, count), elapsed, &took, &meter.since(&before).await?))
}
