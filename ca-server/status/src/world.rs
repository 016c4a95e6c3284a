//! What an agent needs to decide: the revocation list, its people snapshot, the rules with their
//! lineage. A long poll: answered when something is newer than what the agent has. Everything here is
//! signed by others; the agent checks all of it.

use super::Status;
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::{Watch, World};
use ca_host::ISSUER;
use ca_store::lineage::{self, Seeds};
use mtls::Connection;
use pki::crl::RevocationList;
use records::people::{PeopleSnapshot, SignedPeople};
use records::{Bytes, Code, Problem};
use service::problem::Refused;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Tx, row};

const LOOK: Duration = Duration::from_millis(100);
const HELD_MAX: Duration = Duration::from_secs(20);

/// `POST /v1/world`
pub(super) async fn world(
    State(status): State<Arc<Status>>,
    Extension(connection): Extension<Connection>,
    Json(message): Json<Watch>,
) -> Result<Json<World>, Refused> {
    let result = watch(&status, &connection, &message).await;
    let outcome = result.as_ref().map_or_else(|code| code.name(), |_| "done");
    status.metrics.count("world", outcome);
    result.map(Json).map_err(|code| Refused(Problem::new(code, String::new())))
}

async fn watch(status: &Status, connection: &Connection, message: &Watch) -> Result<World, Code> {
    let started = Instant::now();
    let mut watch = status.store.watch();
    loop {
        if watch.changed() {
            let world = look(status, connection, message).await?;
            if world != World::default() {
                return Ok(world);
            }
        }
        if started.elapsed() > HELD_MAX || status.stop.now() {
            return Ok(World::default());
        }
        if !status.stop.pause(LOOK).await {
            return Ok(World::default());
        }
    }
}

async fn look(status: &Status, connection: &Connection, message: &Watch) -> Result<World, Code> {
    let (certificate, agent) = status.services.agent(connection, status.clock.seconds())?;
    let (key, own) = (Bytes::from(certificate.key().sha256()), agent.clone());
    let asked = status.follower.ask(move |authority| {
        let known = authority.agent(&own).is_some_and(|agent| agent.keys.contains(&key));
        let bundle = authority.bundle();
        (known, bundle.version, bundle.digest.clone())
    });
    // One that was replaced hears nothing; one that was closed hears that it serves nobody.
    let (known, version, digest) = asked.await?;
    if !known {
        return Err(Code::NotYourRoute);
    }
    let unavailable = |error: anyhow::Error| {
        tracing::error!(error = format!("{error:#}"), "world");
        Code::Unavailable
    };
    let mut tx = status.store.read().await.map_err(|e| unavailable(e.into()))?;
    let list = newest_list(&mut tx).await.map_err(unavailable)?;
    if list.contains(certificate.serial()) {
        return Err(Code::CertificateRevoked);
    }
    let newest = people(&mut tx, &agent).await.map_err(unavailable)?;
    let named = newest.as_ref().map(|(snapshot, _)| snapshot.bundle);
    // Rules and the snapshot that names them come together: neither counts without the other.
    let rules = match version > message.bundle && named == Some(version) {
        true => rules(&mut tx, status, (version, &digest)).await.map_err(unavailable)?,
        false => None,
    };
    let has = if rules.is_some() { version } else { message.bundle };
    let newer = |snapshot: &PeopleSnapshot| snapshot.number > message.people || rules.is_some();
    let people = newest.filter(|(snapshot, _)| snapshot.bundle == has && newer(snapshot));
    let people = people.map(|(_, signed)| signed);
    let crl = (list.number() > message.crl).then(|| Bytes::from(list.der()));
    Ok(World { crl, people, rules })
}

async fn newest_list(tx: &mut Tx) -> anyhow::Result<RevocationList> {
    use anyhow::Context;
    let newest = row!(
        tx,
        (Vec<u8>,),
        "select list from crl where issuer = $1 order by number desc limit 1",
        ISSUER
    )?;
    let (der,) = newest.context("no revocation list")?;
    Ok(RevocationList::read(&der)?)
}

/// The newest snapshot of an agent, read and as it was signed; its agent verifies it.
async fn people(
    tx: &mut Tx,
    agent: &str,
) -> anyhow::Result<Option<(PeopleSnapshot, SignedPeople)>> {
    let newest = row!(
        tx,
        (Vec<u8>, Vec<u8>),
        "select s.snapshot, s.signature from people_current c join people_snapshot s \
         on s.agent_id = c.agent_id and s.number = c.number \
         where c.agent_id = $1",
        agent
    )?;
    let Some((snapshot, signature)) = newest else { return Ok(None) };
    let read = records::json::read(&snapshot)?;
    let signed = SignedPeople { snapshot: Bytes(snapshot), signature: Bytes(signature) };
    Ok(Some((read, signed)))
}

/// The rules in force, once the index reaches the record that put them in force: what the rows lead to
/// must be what this process itself has followed.
async fn rules(
    tx: &mut Tx,
    status: &Status,
    (version, digest): (u32, &Bytes),
) -> anyhow::Result<Option<records::lineage::Lineage>> {
    use anyhow::Context;
    let found = row!(
        &mut *tx,
        (Vec<u8>,),
        "select order_digest from bundle where version = $1",
        i64::from(version)
    )?;
    let (order,) = found.context("the row of the rules in force")?;
    let mut seeds = Seeds::default();
    if !order.is_empty() {
        seeds.orders.insert(Bytes(order));
    }
    let lineage = lineage::collect(tx, seeds).await?;
    let key = status.trust.log_key("control").context("trust file")?;
    let founding = status.trust.founding.digest().context("trust file")?;
    let (_, authority) = authority::lineage::replay_lineage(&lineage, &key, &founding)?;
    let bundle = authority.bundle();
    let same = bundle.version == version && bundle.digest == *digest;
    Ok(same.then_some(lineage))
}
