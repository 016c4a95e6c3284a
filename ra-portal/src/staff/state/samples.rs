//! States of a city in which everything is well, and in which everything is late.

use super::filled;
use crate::notes::RefusedTotal;
use crate::pages::{Frame, Language};
use askama::Template;
use ca_api::{CityState, GateState, ListState, LogState, OpenEmergency, ProcessState};
use records::access::{GateResource, Heartbeat};

/// A state with everything in it that can be late.
pub(crate) fn sample_state(late: bool) -> CityState {
    use records::access::InForce;
    let now = if late { "2026-11-26T10:00:00Z" } else { "2026-11-25T08:00:05Z" };
    let beat = Heartbeat {
        application: "exchange".into(),
        permitted: 1204,
        denied: 3,
        excepted: if late { 14 } else { 0 },
        mode: late.then_some(records::order::AccessMode::Observe),
        connections: 7,
        world: InForce { bundle: 2, policy: records::Bytes::default(), people: 9, crl: 4 },
        checkpoint: 90,
        spooled: 0,
        state: "ready".into(),
        full: Vec::new(),
        nearly_full: if late { vec![GateResource::Spool] } else { Vec::new() },
    };
    let gate = |agent: &str, joined| GateState {
        agent: agent.into(),
        application: "exchange".into(),
        unit: "市政府办公室 (city-office)".into(),
        hosts: vec!["exchange.example".into()],
        serves: vec!["商州区 (shangzhou)".into(), "<b>\u{202e} (x)".into()],
        joined,
        open: true,
        people: if late { 10 } else { 9 },
        seen: joined.then(|| "2026-11-25T08:00:00Z".to_owned()),
        silent: (joined && late).then(|| "2026-11-25T08:00:00Z".to_owned()),
        beat: joined.then(|| beat.clone()),
    };
    let list = |issuer: &str, number| ListState {
        issuer: issuer.into(),
        number,
        this_update: "2026-11-25T06:00:00Z".into(),
        next_update: "2026-11-26T06:00:00Z".into(),
    };
    let log = |log: &str, waits: bool| LogState {
        log: log.into(),
        size: 120,
        waiting: waits.into(),
        waits_since: waits.then(|| "2026-11-26T09:00:00Z".to_owned()),
    };
    CityState {
        now: now.into(),
        lists: vec![list("issuing-1", 4), list("root", 1)],
        logs: vec![log("control", late), log("access", false)],
        gates: vec![gate("gate-1", true), gate("gate-2", false)],
        rules: if late { 3 } else { 2 },
        waiting_orders: 5,
        emergencies: late.then(|| sample_emergency(now)).into_iter().collect(),
        processes: sample_processes(late),
    }
}

fn sample_emergency(now: &str) -> OpenEmergency {
    OpenEmergency {
        order: "ZGlnZXN0IG9mIGFuIG9yZGVyIG9mIGtpbmQgZW1lcmc".into(),
        application: "exchange".into(),
        people: 2,
        from: "2026-11-26T08:00:00Z".into(),
        until: now.into(),
    }
}

fn sample_processes(late: bool) -> Vec<ProcessState> {
    let well = |process: &str| ProcessState {
        process: process.into(),
        ready: true,
        told: Vec::new(),
        answered: Some("2026-11-25T08:00:00Z".into()),
        silent_since: None,
    };
    let of_ca = ["issuer", "status", "log", "notices"];
    let names = of_ca.into_iter().chain(["portal-staff", "portal-public", "portal-machines"]);
    let mut all: Vec<ProcessState> = names.map(well).collect();
    if late {
        all[1].told = vec!["listener: nearly full <b>".into()];
        (all[2].ready, all[2].told) =
            (false, vec!["disk: full: less than 128 MiB are left".into()]);
        all[3].silent_since = Some("2026-11-25T08:00:05Z".into());
        all[5] = ProcessState { answered: None, ready: false, ..well("portal-public") };
    }
    all
}

pub(crate) fn samples(language: Language) -> Vec<(&'static str, String)> {
    let refused = [RefusedTotal {
        act: "new-account".into(),
        code: "unauthorized".into(),
        times: 12,
        subjects: 2,
        seen: 1_795_507_200,
    }];
    let render = |late| {
        let refused = if late { refused.as_slice() } else { &[] };
        filled(Frame::sample(language, "/state"), sample_state(late), refused)
    };
    vec![("state", render(false).render().unwrap()), ("state-late", render(true).render().unwrap())]
}
