//! What an agent needs to decide: the revocation list, its people snapshot, the rules with their
//! lineage. A long poll: answered when something is newer than what the agent has. Everything here
//! is signed by others and verified before it is handed out; the agent checks all of it again.
//!
//! What takes away and what rows add are two things: no row, and no database that is away, keeps a
//! receipt from a gate.
//!
//! List, snapshots and rules are read when a record says that there are new ones, not for every
//! agent.

use super::ahead::NewestHere;
use super::rules::{continuation, rules};
use super::snapshots::NewestSnapshot;
use super::state::Status;
use anyhow::Context;
use authority::Authority;
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::{WorldNumbers, WorldUpdate};
use mtls::TlsConnection;
use pki::Certificate;
use records::lineage::Lineage;
use records::people::SignedPeople;
use records::{Bytes, Code, Problem};
use service::problem::Refused;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::timeout;

const HELD_MAX: Duration = Duration::from_secs(20);
/// Rules that the index does not reach yet are looked for again after this long.
const RULES_AGAIN: Duration = Duration::from_secs(1);
/// A database that says nothing for so long is asked again by the agent.
const ROWS_WAIT: Duration = Duration::from_secs(10);
/// The same while something is to be told that needs no row.
const BESIDE_NEWS_MAX: Duration = Duration::from_millis(200);
/// The condition on `/readyz`.
const CONDITION: &str = "world";
/// What passed by without a notice is looked for this often.
const LOOK: Duration = Duration::from_secs(5);

/// Answers `POST /v1/world`.
pub(super) async fn world(
    State(status): State<Arc<Status>>,
    Extension(connection): Extension<TlsConnection>,
    Json(message): Json<WorldNumbers>,
) -> Result<Json<WorldUpdate>, Refused> {
    let result = watch(&status, &connection, &message).await;
    let outcome = result.as_ref().map_or_else(|code| code.name(), |_| "done");
    status.metrics.count("world", outcome);
    result.map(Json).map_err(|code| Refused(Problem::new(code, String::new())))
}

async fn watch(
    status: &Status,
    connection: &TlsConnection,
    message: &WorldNumbers,
) -> Result<WorldUpdate, Code> {
    let until = Instant::now() + HELD_MAX;
    let agent = status.services.agent(connection, status.time().unix())?;
    let (_place, wait) = status.world_polls.enter(&agent.1)?;
    tokio::time::sleep(wait).await;
    let mut news = status.news.subscribe();
    loop {
        let seen = *news.borrow_and_update();
        let (world, again) = look(status, &agent, message, news.clone()).await?;
        let left = until.saturating_duration_since(Instant::now());
        if world != WorldUpdate::default() || left.is_zero() {
            if world.crl.is_some() || world.people.is_some() || world.rules.is_some() {
                status.world_polls.handed(&agent.1, seen);
            }
            return Ok(world);
        }
        let pause = if again { left.min(RULES_AGAIN) } else { left };
        tokio::select! {
            _ = news.changed() => {}
            () = tokio::time::sleep(pause) => {}
            () = status.stop.wait() => return Ok(WorldUpdate::default()),
        }
    }
}

/// What is newer, and whether something is to be looked for again soon. What only takes away
/// follows from what this role knows already: it waits for no row, and none keeps it back.
async fn look(
    status: &Status,
    (certificate, agent): &(Certificate, String),
    message: &WorldNumbers,
    mut news: watch::Receiver<u64>,
) -> Result<(WorldUpdate, bool), Code> {
    let own = (certificate, agent.as_str());
    let at_once = || {
        let known = status.follower.latest();
        let told = known.map(|known| taken_away(status, &known, own, message)).transpose()?;
        Ok(told.filter(|told| *told != WorldUpdate::default()))
    };
    let mut rows = std::pin::pin!(timeout(ROWS_WAIT, added(status, agent, message)));
    let rows = loop {
        // With something to tell at hand nobody waits long for the rest, which comes with the next.
        if let Ok(Some(told)) = at_once() {
            match timeout(BESIDE_NEWS_MAX, &mut rows).await {
                Ok(rows) => break rows,
                Err(_) => return Ok((told, false)),
            }
        }
        tokio::select! {
            rows = &mut rows => break rows,
            _ = news.changed() => {}
        }
    };
    match rows.unwrap_or(Err(Unread::Late)) {
        Ok((authority, Added { people, rules, continues, again, here })) => {
            status.metrics.condition(CONDITION, "");
            let told = taken_away(status, &authority, own, message)?;
            status.hear_of(agent, message, here);
            Ok((WorldUpdate { people, rules, continues, ..told }, again))
        }
        Err(unread) => {
            status.metrics.condition(CONDITION, &unread.told());
            match at_once() {
                Ok(Some(told)) => Ok((told, false)),
                Err(Code::CertificateRevoked) => Err(Code::CertificateRevoked),
                // Who joined a moment ago may not be known yet.
                Ok(None) | Err(_) => Err(unread.code()),
            }
        }
    }
}

/// What a gate is told without a row: the newest list that was seen, and what stands in none; also
/// where the list that was seen is missing, beside the one that the gate has. Whose key it is, and
/// whether that still counts, is judged by the same.
fn taken_away(
    status: &Status,
    authority: &Arc<Authority>,
    (certificate, agent): (&Certificate, &str),
    message: &WorldNumbers,
) -> Result<WorldUpdate, Code> {
    let key = Bytes::from(certificate.key().sha256());
    // One that was replaced hears nothing; one that was closed hears that it serves nobody.
    if !authority.agent(agent).is_some_and(|agent| agent.keys.contains(&key)) {
        return Err(Code::NotYourRoute);
    }
    let list = status.lists.newest();
    if list.is_none() && message.crl == 0 {
        return Err(Code::Unavailable);
    }
    let revoked = list.as_ref().is_some_and(|list| list.contains(certificate.serial()))
        || authority.is_revoked(&certificate.serial().to_string());
    if revoked {
        return Err(Code::CertificateRevoked);
    }
    let newer = list.as_ref().filter(|list| list.number() > message.crl);
    let crl = newer.map(|list| Bytes::from(list.der()));
    let unlisted = status.unlisted(authority, list.as_deref(), message).map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "what is told beside a list");
        Code::Unavailable
    })?;
    Ok(WorldUpdate { crl, unlisted, ..WorldUpdate::default() })
}

/// What comes from rows.
struct Added {
    people: Option<SignedPeople>,
    rules: Option<Lineage>,
    /// That their log goes on from what the gate knows of it.
    continues: Vec<Bytes>,
    /// Whether it is to be looked for again soon.
    again: bool,
    /// The newest that there is of each.
    here: NewestHere,
}

/// Why rows say nothing.
enum Unread {
    Log(Code),
    Rows(anyhow::Error),
    Late,
}

impl Unread {
    /// What is told on `/readyz`.
    fn told(&self) -> String {
        let why = match self {
            Self::Log(_) => "the log is not followed".to_owned(),
            Self::Rows(error) => format!("{error:#}"),
            Self::Late => "the database does not answer in time".to_owned(),
        };
        format!("gates hear of losses and suspensions only: {why}")
    }

    fn code(&self) -> Code {
        match self {
            Self::Log(code) => *code,
            Self::Rows(_) | Self::Late => Code::Unavailable,
        }
    }
}

/// What is newer among the rows, and authority at the log's head.
async fn added(
    status: &Status,
    agent: &str,
    message: &WorldNumbers,
) -> Result<(Arc<Authority>, Added), Unread> {
    let authority = status.follower.fresh().await.map_err(Unread::Log)?;
    status.lists.refresh(&status.store).await.map_err(Unread::Rows)?;
    let with = (&status.store, &status.config);
    let newest = status.snapshots.newest(with, &authority, agent).await;
    let NewestSnapshot { snapshot: newest, is_whole, problem } = newest.map_err(Unread::Rows)?;
    status.metrics.condition("people", &problem);
    let version = authority.bundle().version;
    let number = newest.as_ref().map_or(0, |snapshot| snapshot.read.number);
    let here = NewestHere { people: is_whole.then_some(number), bundle: version };
    let named = newest.as_ref().map(|snapshot| snapshot.read.bundle);
    // Rules and the snapshot that names them come together: neither counts without the other.
    let wants = version > message.bundle && named == Some(version);
    let rules = match wants {
        true => {
            let known = (&status.store, &status.trust);
            rules(&status.rules, known, &authority).await.map_err(Unread::Rows)?
        }
        false => None,
    };
    let continues = match &rules {
        Some(lineage) => {
            let known = (&status.store, &status.trust);
            continuation(known, lineage, message.control).await.map_err(Unread::Rows)?
        }
        None => Vec::new(),
    };
    let again = (wants && rules.is_none()) || !is_whole;
    let has = if rules.is_some() { version } else { message.bundle };
    let people = newest.filter(|snapshot| {
        let newer = snapshot.read.number > message.people || rules.is_some();
        snapshot.read.bundle == has && newer
    });
    let people = people.map(|snapshot| snapshot.signed.clone());
    Ok((authority, Added { people, rules, continues, again, here }))
}

impl Status {
    /// Takes up what is new and wakes whoever waits for it, until the stop.
    pub(super) async fn follow_world(self: Arc<Self>) {
        let mut changes = self.follower.changes();
        let mut looked = tokio::time::interval(LOOK);
        let mut seen = (0, 0);
        loop {
            tokio::select! {
                _ = changes.changed() => {}
                _ = looked.tick() => self.look_at_published().await,
                () = self.stop.wait() => return,
            }
            // A list that is published is looked at however long the rows take.
            let listed = timeout(LOOK, self.lists.refresh(&self.store)).await;
            let listed = listed.context("it takes long").flatten().unwrap_or_else(|error| {
                tracing::warn!(error = format!("{error:#}"), "the newest list");
                self.lists.note_due();
                false
            });
            let version = self.follower.latest().map_or(0, |known| known.bundle().version);
            let now = (self.snapshots.noted(), version);
            if listed || now != seen {
                seen = now;
                self.news.send_modify(|count| *count += 1);
            }
        }
    }

    /// Looks for lists that no record told of, at the file that everybody reads, and at what comes
    /// past the rows.
    async fn look_at_published(self: &Arc<Self>) {
        self.lists.note_due();
        let own = self.clone();
        let look = move || {
            own.snapshots.look_at_handed(&own.config);
            own.lists.look_at_published()
        };
        let looked = tokio::task::spawn_blocking(look).await;
        let told = looked.unwrap_or_else(|_| "it cannot be read".to_owned());
        self.metrics.condition("list", &told);
    }
}
