//! How the city stands: lists, logs, gates. Every officer may see lists and logs; a gate, who holds
//! a role over the unit that runs it.

use super::heartbeat;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::person_of;
use authority::{Agent, Authority};
use ca_api::{CityState, GateState, ListState, LogState, OpenEmergency, ProcessState};
use ca_host::lists::{self, ListOf};
use ca_store::proven_log::ProvenLog;
use ca_store::table::unsigned;
use pki::Certificate;
use records::record::Record;
use service::Neighbour;
use store::{Tx, pending};

/// How the city stands, for an officer.
pub(crate) async fn state(
    issuer: &Issuer,
    certificate: &Certificate,
) -> Result<CityState, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let now = issuer.now();
    let authority = view.authority();
    let person = person_of(authority, certificate, now)?;
    let lists = lists(issuer);
    let trust = &issuer.context.trust;
    let mut logs = Vec::new();
    for log in records::record::LOGS {
        let size = ProvenLog::open(&mut tx, trust, log).await?.size();
        logs.push(log_state(&mut tx, (log, size)).await?);
    }
    let mut access = ProvenLog::open(&mut tx, trust, "access").await?;
    let open = authority.open_orders().filter(|(digest, _)| authority.open(digest, now).is_ok());
    let waiting_orders = open.count() as u64;
    let mut gates = Vec::new();
    let seen = authority.agents().filter(|(_, agent)| covers(authority, &person, &agent.unit));
    let seen: Vec<(String, Agent)> =
        seen.map(|(id, agent)| (id.to_owned(), agent.clone())).collect();
    for (id, agent) in seen {
        let people = issuer.numbers().last(&id);
        gates.push(gate(authority, (&mut access, &mut tx), (id, agent), people).await?);
    }
    let rules = authority.bundle().version;
    let processes = processes(issuer);
    let now = records::time::seconds(now);
    let emergencies = authority.emergencies().map(|(order, state)| OpenEmergency {
        order: order.to_string(),
        application: state.application.clone(),
        people: state.people.len() as u64,
        from: records::time::seconds(state.from),
        until: records::time::seconds(state.until),
    });
    let emergencies = emergencies.collect();
    Ok(CityState { now, lists, logs, gates, rules, waiting_orders, emergencies, processes })
}

/// What the roles of the CA say of themselves: this one now, the others when they answered last.
fn processes(issuer: &Issuer) -> Vec<ProcessState> {
    let own = Neighbour {
        process: "issuer",
        last: Some((issuer.clock.seconds(), issuer.metrics.readiness())),
        silent_since: None,
    };
    let all = [own].into_iter().chain(issuer.neighbours.known());
    let told = all.map(|one| {
        let last = one.last.map(|(at, said)| (at, said.is_ready, said.told));
        ProcessState::of(one.process, last, one.silent_since)
    });
    told.collect()
}

/// Whether a person holds any role over a unit.
fn covers(authority: &Authority, person: &str, unit: &str) -> bool {
    let above = authority.above(unit);
    authority.person(person).is_some_and(|state| {
        state.roles.iter().any(|(role, scope)| {
            above.contains(&scope.as_str()) && authority.holds(person, *role, scope)
        })
    })
}

/// The lists that are published, as far as their issuers signed them.
fn lists(issuer: &Issuer) -> Vec<ListState> {
    let context = &issuer.context;
    let all = [
        (ListOf::Issuing, &context.issuing_certificate),
        (ListOf::Root, &context.root_certificate),
    ];
    let published = |(of, certificate): (ListOf, &Certificate)| {
        let list = lists::published(&context.config.path("public"), of, certificate.key())?;
        Some(ListState {
            issuer: of.name().to_owned(),
            number: list.number(),
            this_update: records::time::seconds(list.this_update()),
            next_update: records::time::seconds(list.next_update()),
        })
    };
    all.into_iter().filter_map(published).collect()
}

async fn log_state(tx: &mut Tx, (log, size): (&str, u64)) -> Result<LogState, IssuerError> {
    let waiting = pending::count(tx, log).await?;
    let oldest = pending::waiting(tx, log, 0, 1).await?;
    let oldest = oldest.first().and_then(|(_, waiting)| Record::read(&waiting.record).ok());
    Ok(LogState {
        log: log.to_owned(),
        size,
        waiting: unsigned(waiting)?,
        waits_since: oldest.map(|record| records::time::seconds(record.unix())),
    })
}

async fn gate(
    authority: &Authority,
    (log, tx): (&mut ProvenLog, &mut Tx),
    (id, agent): (String, Agent),
    people: u64,
) -> Result<GateState, IssuerError> {
    let beat = heartbeat::last((&mut *log, &mut *tx), &id).await?;
    let silent = heartbeat::silent_since((&mut *log, &mut *tx), &id).await?;
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
        open: authority.serves(&id),
        people,
        seen: beat.as_ref().map(|(at, _)| at.clone()),
        silent,
        beat: beat.map(|(_, beat)| beat),
        agent: id,
    })
}
