//! Says how the city stands: lists, logs, gates. Every officer may see lists and logs; a gate, who holds a role
//! over the unit that runs it.

use super::{Message, may_call, officer};
use crate::session::Session;
use crate::{Issuer, IssuerError, beats};
use authority::{Agent, OpenOrder, OrderDigest};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::staff::STATE;
use ca_api::{AsOfficer, CityState, GateState, ListState, LogState};
use ca_store::ledger;
use mtls::Connection;
use records::record::Record;
use service::problem::Refused;
use std::sync::Arc;
use store::{row, rows};

pub(crate) async fn state(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<AsOfficer<()>>,
) -> Result<Json<CityState>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("state", error)))?;
    let result = issuer.city_state(&mut session, &connection, &message).await;
    issuer.finish(session, "state", "", result).await.map(Json).map_err(Refused)
}

impl Issuer {
    async fn city_state(
        &self,
        session: &mut Session<'_>,
        connection: &Connection,
        message: &AsOfficer<()>,
    ) -> Result<CityState, IssuerError> {
        may_call(session, connection, STATE)?;
        let person = officer(session, &message.certificate.0)?;
        let lists = lists(session).await?;
        let mut logs = Vec::new();
        for log in records::record::LOGS {
            logs.push(log_state(session, log).await?);
        }
        let authority = session.authority()?;
        let seen: Vec<(String, Agent, bool)> = authority
            .agents()
            .filter(|(_, agent)| covers(authority, &person, &agent.unit))
            .map(|(id, agent)| (id.to_owned(), agent.clone(), authority.serves(id)))
            .collect();
        let rules = authority.bundle().version;
        let open =
            |(digest, _): &(OrderDigest, &OpenOrder)| authority.open(digest, session.now()).is_ok();
        let waiting_orders = authority.open_orders().filter(open).count() as u64;
        let mut gates = Vec::new();
        for (id, agent, open) in seen {
            gates.push(gate(session, id, agent, open).await?);
        }
        let now = records::time::seconds(session.now());
        Ok(CityState { now, lists, logs, gates, rules, waiting_orders })
    }
}

/// Whether a person holds any role over a unit.
fn covers(authority: &authority::Authority, person: &str, unit: &str) -> bool {
    let above = authority.above(unit);
    authority.person(person).is_some_and(|state| {
        state.roles.iter().any(|(role, scope)| {
            above.contains(&scope.as_str()) && authority.holds(person, *role, scope)
        })
    })
}

async fn lists(session: &mut Session<'_>) -> Result<Vec<ListState>, IssuerError> {
    let found = rows!(
        &mut session.tx,
        (String, i64, i64, i64),
        "select c.issuer, c.number, c.this_update, c.next_update from crl c \
         where c.number = (select max(n.number) from crl n where n.issuer = c.issuer) \
         order by c.issuer"
    )?;
    let time = |unix: i64| records::time::seconds(u64::try_from(unix).unwrap_or(0));
    let line = |(issuer, number, this, next): (String, i64, i64, i64)| ListState {
        issuer,
        number: u64::try_from(number).unwrap_or(0),
        this_update: time(this),
        next_update: time(next),
    };
    Ok(found.into_iter().map(line).collect())
}

async fn log_state(session: &mut Session<'_>, log: &str) -> Result<LogState, IssuerError> {
    let size = ledger::head(&mut session.tx, log).await?.map_or(0, |(size, ..)| size);
    let count =
        row!(&mut session.tx, (i64,), "select count(*) from log_pending where log_id = $1", log)?;
    let oldest = row!(
        &mut session.tx,
        (Vec<u8>,),
        "select record from log_pending where log_id = $1 order by position limit 1",
        log
    )?;
    let oldest = oldest.and_then(|(bytes,)| Record::read(&bytes).ok());
    Ok(LogState {
        log: log.to_owned(),
        size,
        waiting: count.and_then(|(count,)| u64::try_from(count).ok()).unwrap_or(0),
        waits_since: oldest.map(|record| records::time::seconds(record.unix())),
    })
}

async fn gate(
    session: &mut Session<'_>,
    id: String,
    agent: Agent,
    open: bool,
) -> Result<GateState, IssuerError> {
    let beat = beats::last(&mut session.tx, &id).await?;
    let silent = beats::silent_since(&mut session.tx, &id).await?;
    let people = row!(
        &mut session.tx,
        (i64,),
        "select number from people_current where agent_id = $1",
        &id
    )?;
    let authority = session.authority()?;
    let name = |unit: &String| match authority.unit(unit) {
        Some(state) => format!("{} ({unit})", state.name),
        None => unit.clone(),
    };
    Ok(GateState {
        application: agent.application,
        unit: name(&agent.unit),
        hosts: agent.hosts,
        serves: agent.units.iter().map(name).collect(),
        joined: agent.joined,
        open,
        people: people.and_then(|(number,)| u64::try_from(number).ok()).unwrap_or(0),
        seen: beat.as_ref().map(|(at, _)| at.clone()),
        silent,
        beat: beat.map(|(_, beat)| beat),
        agent: id,
    })
}
