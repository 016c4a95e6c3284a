//! What an agent needs to decide: the revocation list, its people snapshot, the rules with their
//! lineage. A long poll: answered when something is newer than what the agent has. Everything here
//! is signed by others and verified before it is handed out; the agent checks all of it again.
//!
//! List, snapshots and rules are read when a record says that there are new ones, not for every
//! agent.

use super::rules::rules;
use super::state::Status;
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::{WorldNumbers, WorldUpdate};
use mtls::TlsConnection;
use pki::Certificate;
use records::{Bytes, Code, Problem};
use service::problem::Refused;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;

const HELD_MAX: Duration = Duration::from_secs(20);
/// Rules that the index does not reach yet are looked for again after this long.
const RULES_AGAIN: Duration = Duration::from_secs(1);
/// A database that says nothing for so long is asked again by the agent.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// What passed by without a notice is looked for this often.
const LOOK: Duration = Duration::from_secs(5);

/// `POST /v1/world`
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
    let agent = status.services.agent(connection, status.clock.seconds())?;
    let mut news = status.news.subscribe();
    loop {
        news.borrow_and_update();
        let looked = timeout(ANSWER_MAX, look(status, &agent, message)).await;
        let (world, again) = looked.map_err(|_| Code::Unavailable)??;
        let left = until.saturating_duration_since(Instant::now());
        if world != WorldUpdate::default() || left.is_zero() {
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

/// What is newer, and whether something is to be looked for again soon.
async fn look(
    status: &Status,
    (certificate, agent): &(Certificate, String),
    message: &WorldNumbers,
) -> Result<(WorldUpdate, bool), Code> {
    let authority = status.follower.fresh().await?;
    let key = Bytes::from(certificate.key().sha256());
    // One that was replaced hears nothing; one that was closed hears that it serves nobody.
    if !authority.agent(agent).is_some_and(|agent| agent.keys.contains(&key)) {
        return Err(Code::NotYourRoute);
    }
    let unavailable = |error: anyhow::Error| {
        tracing::error!(error = format!("{error:#}"), "world");
        Code::Unavailable
    };
    status.lists.refresh(&status.store).await.map_err(unavailable)?;
    let list = status.lists.newest().ok_or(Code::Unavailable)?;
    let revoked = list.contains(certificate.serial())
        || authority.is_revoked(&certificate.serial().to_string());
    if revoked {
        return Err(Code::CertificateRevoked);
    }
    let newest = status.snapshots.newest(&status.store, &authority, agent).await;
    let newest = newest.map_err(unavailable)?;
    let version = authority.bundle().version;
    let named = newest.as_ref().map(|snapshot| snapshot.read.bundle);
    // Rules and the snapshot that names them come together: neither counts without the other.
    let wants = version > message.bundle && named == Some(version);
    let rules = match wants {
        true => {
            let known = (&status.store, &status.trust);
            rules(&status.rules, known, &authority).await.map_err(unavailable)?
        }
        false => None,
    };
    let again = wants && rules.is_none();
    let has = if rules.is_some() { version } else { message.bundle };
    let people = newest.filter(|snapshot| {
        let newer = snapshot.read.number > message.people || rules.is_some();
        snapshot.read.bundle == has && newer
    });
    let people = people.map(|snapshot| snapshot.signed.clone());
    let crl = (list.number() > message.crl).then(|| Bytes::from(list.der()));
    let unlisted = status.unlisted(&authority, &list, &message.unlisted).map_err(unavailable)?;
    Ok((WorldUpdate { crl, people, rules, unlisted }, again))
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
            let listed = self.lists.refresh(&self.store).await.unwrap_or_else(|error| {
                tracing::warn!(error = format!("{error:#}"), "the newest list");
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

    /// Looks for lists that no record told of, and at the file that everybody reads.
    async fn look_at_published(self: &Arc<Self>) {
        self.lists.note_due();
        let own = self.clone();
        let looked = tokio::task::spawn_blocking(move || own.lists.look_at_published()).await;
        match looked {
            Ok(Ok(behind)) => {
                self.metrics.condition("list", behind.as_deref().unwrap_or_default());
            }
            Ok(Err(error)) => self.metrics.condition("list", &format!("{error:#}")),
            Err(_) => self.metrics.condition("list", "it cannot be read"),
        }
    }
}
