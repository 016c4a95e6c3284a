//! What is read back of a gate's own records.

use super::*;
use crate::AgentConfig;
use crate::spool::{Place, Spool, recover};
use records::access::{Decision, InForce, RunStart};
use service::{Clock, Metrics};

fn decision(outcome: &str, target: &records::Bytes) -> Event {
    Event::Decision(Box::new(Decision {
        application: "exchange".into(),
        connection: "gate-1/A/0".into(),
        person: "0123456789ABCDEF".into(),
        unit: "office".into(),
        serial: "01".repeat(18),
        exception: None,
        method: "GET".into(),
        target: target.clone(),
        route: "/documents/{unit}".into(),
        action: "list".into(),
        resource: "exchange/office".into(),
        outcome: outcome.into(),
        rule: String::new(),
        world: InForce::default(),
        reference: String::new(),
    }))
}

/// Decisions of rules come back with their path, whether the log has them or not; what nothing
/// opens is counted, and what no rule decided is none of it.
#[tokio::test]
async fn what_rules_decided_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let here = "127.0.0.1:1".parse().unwrap();
    let mut config = AgentConfig::new(folder.path(), here, here, here);
    config.spool.segment_bytes = 2 * 1024;
    let found = recover(&config.path("spool"), "gate-1").unwrap();
    let started = RunStart {
        agent: "gate-1".into(),
        application: "exchange".into(),
        version: "1".into(),
        key_sha256: records::Bytes(vec![7; 32]),
        cause: String::new(),
    };
    let from = ("gate-1/agent".to_owned(), started);
    let spool = Spool::start(&config, from, &found, Clock::system(), Metrics::default()).unwrap();
    let opened = Disclosure::new("/target", [8; 32], "/documents/office?page=2".into());
    let target = opened.commitment().unwrap();
    let first = spool.durable().segment;
    let mut asked = 0;
    while spool.durable().segment < first + 2 {
        let event = decision("not-permitted", &target);
        spool.record(event, vec![opened.clone()], Place::Ends).await.unwrap();
        asked += 1;
    }
    let revoked = decision("certificate-revoked", &target);
    spool.record(revoked, vec![opened.clone()], Place::Ends).await.unwrap();
    spool.record(decision("not-permitted", &target), Vec::new(), Place::Ends).await.unwrap();
    // The log has the first segment: it is kept for the owner all the same.
    spool.give_up(first).unwrap();
    let (mut seen, mut told) = (0, Vec::new());
    let each = |one: PastRequest| {
        assert_eq!((one.path.text(), one.permitted), ("/documents/office", false));
        seen += 1;
    };
    let coverage =
        past((spool.folder.as_path(), None), 0, each, |done, all| told.push((done, all))).unwrap();
    assert_eq!((seen, coverage.unreadable), (asked, 1));
    assert!(told.last().is_some_and(|(done, all)| done == all) && coverage.since.is_some());
    let later = Clock::system().seconds() + 60;
    past((spool.folder.as_path(), None), later, |one| panic!("{one:?}"), |_, _| {}).unwrap();
}
