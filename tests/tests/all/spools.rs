//! The spool: nothing goes upstream that is not durable first; nothing acknowledged is lost or
//! doubled, whatever dies.

use records::record::Event;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tests::Officer;
use tests::gate::{AGENT, Application, Gate, get};
use tests::processes::{Office, until};

const OWN: &str = "/documents/sz-office/2026-001";
const SMALL: &str = "[spool]\nbytes = 2097152\nsegment_bytes = 131072\n";
/// Kills under load; `cargo xtask crash --gate` says by `YINXIN_KILLS` how many others.
const KILLS: usize = 200;

async fn small(office: &mut Office) -> Gate {
    office.joined(&["localhost"]).await;
    office.configure_gate(SMALL);
    let application = Application::serve(office.port(14)).await;
    office.start("agent", &[]).await;
    Gate { port: office.port(12), application }
}

/// Every record of the log has its place once, in runs without holes; gives decisions by request.
async fn runs_are_whole(office: &Office) -> BTreeMap<String, String> {
    let mut runs: BTreeMap<records::Bytes, Vec<u64>> = BTreeMap::new();
    let mut decided = BTreeMap::new();
    for record in office.access().await {
        let link = record.link.clone().unwrap();
        runs.entry(link.epoch.clone()).or_default().push(link.aseq);
        if let Event::Decision(decision) = record.event {
            let name = records::access::request_id(AGENT, &link.epoch, link.aseq);
            assert!(decided.insert(name, decision.outcome.clone()).is_none(), "twice in the log");
        }
    }
    for (epoch, places) in runs {
        let wanted: Vec<u64> = (0..places.len() as u64).collect();
        assert_eq!(places, wanted, "the run {epoch} has holes or doubles");
    }
    decided
}

/// The record that a request which reached the application names.
fn name_of(request: &str) -> String {
    let token = request.lines().find_map(|l| l.strip_prefix("yinxin-identity: ")).unwrap();
    let claims = token.split('.').nth(1).unwrap();
    let claims = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    claims["jti"].as_str().unwrap().to_owned()
}

/// Waits until the log has the record of every request that the application got.
async fn shipped(office: &Office, gate: &Gate) {
    let names: BTreeSet<String> =
        gate.application.got.lock().unwrap().iter().map(|request| name_of(request)).collect();
    until("every request that passed has its record", async || {
        let decided = |record: records::Record| {
            let link = record.link?;
            let decision = matches!(record.event, Event::Decision(_));
            decision.then(|| records::access::request_id(AGENT, &link.epoch, link.aseq))
        };
        let known: BTreeSet<String> =
            office.access().await.into_iter().filter_map(decided).collect();
        names.is_subset(&known)
    })
    .await;
}

/// What `/readyz` of the gate says, and whether it is ready.
async fn ready(office: &Office) -> (bool, String) {
    let answer = office.admin("agent").get("/readyz").await.unwrap();
    (answer.status() == 200, String::from_utf8_lossy(answer.body()).into_owned())
}

/// With the log away the spool fills, which is told before it matters; before it is full the gate
/// says no instead of letting something pass unrecorded; with the log back everything arrives,
/// once.
#[tokio::test]
async fn a_full_spool_says_no_and_loses_nothing() {
    let mut office = Office::open().await;
    let gate = small(&mut office).await;
    let person = office.gate_official("王小明", "sz-office").await;
    office.kill("log");
    let mut open = gate.h1(&office, &person).await;
    let (mut passed, mut is_told) = (0, false);
    loop {
        // The eleventh segment is the last before seven eighths of what requests may take.
        if !is_told && segments(&office, "seg").len() > 12 {
            let (_, said) = ready(&office).await;
            assert!(said.contains("spool: nearly full"), "{said}");
            is_told = true;
        }
        let (status, body) = get(&mut open, OWN).await;
        if status == 503 {
            assert!(body.contains("audit-full"), "{body}");
            break;
        }
        assert_eq!(status, 200);
        passed += 1;
        assert!(passed < 20_000, "the spool never fills");
    }
    let reached = gate.application.count();
    assert_eq!(reached, passed);
    let (is_ready, said) = ready(&office).await;
    assert!(is_told && !is_ready && said.contains("spool: the spool is full"), "{said}");
    assert!(said.contains("share: the spool fills"), "{said}");
    assert!(!said.contains("nearly"), "{said}");
    for _ in 0..20 {
        assert_eq!(gate.get(&office, &person, OWN).await.0, 503);
    }
    assert_eq!(gate.application.count(), reached, "something passed unrecorded");
    office.start("log", &[]).await;
    gate.until_status(&office, &person, OWN, 200).await;
    shipped(&office, &gate).await;
    until("nobody is told of it any more", async || !ready(&office).await.1.contains("spool"))
        .await;
    // Nothing waits, and yet a segment lies on the disk, filled ahead.
    until("what waits is told as nothing", async || {
        let metrics = office.admin("agent").get("/metrics").await.unwrap();
        let text = String::from_utf8_lossy(metrics.body()).into_owned();
        text.lines().any(|line| line.ends_with("\"spool_waiting_bytes\"} 0"))
    })
    .await;
    assert!(!segments(&office, "seg").is_empty());
    let decided = runs_are_whole(&office).await;
    for request in gate.application.got.lock().unwrap().iter() {
        assert_eq!(decided.get(&name_of(request)).map(String::as_str), Some("permitted"));
    }
}

/// With the place of its spool away the gate says no; with it back it goes on by itself, in a new
/// run.
#[tokio::test]
async fn a_disk_that_fails_says_no_and_heals() {
    let mut office = Office::open().await;
    let gate = small(&mut office).await;
    let person = office.gate_official("王小明", "sz-office").await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    let (spool, away) = (office.path("gate/spool"), office.path("gate/away"));
    std::fs::rename(&spool, &away).unwrap();
    let mut open = gate.h1(&office, &person).await;
    let mut failed = false;
    for _ in 0..2_000 {
        let (status, body) = get(&mut open, OWN).await;
        if status == 503 {
            assert!(body.contains("audit-failed"), "{body}");
            failed = true;
            break;
        }
    }
    assert!(failed, "records went nowhere and requests passed");
    let reached = gate.application.count();
    assert_eq!(gate.get(&office, &person, OWN).await.0, 503);
    assert_eq!(gate.application.count(), reached, "something passed unrecorded");
    std::fs::rename(&away, &spool).unwrap();
    gate.until_status(&office, &person, OWN, 200).await;
    shipped(&office, &gate).await;
    let decided = runs_are_whole(&office).await;
    for request in gate.application.got.lock().unwrap().iter() {
        assert!(decided.contains_key(&name_of(request)), "passed without its record");
    }
    office.stop("agent");
    std::fs::rename(&spool, &away).unwrap();
    std::fs::write(&spool, "no folder").unwrap();
    office.spawn("agent", &[]);
    assert!(!office.ended("agent").await.success(), "it runs without a spool");
}

/// A torn tail is no record; what was whole before it arrives, and a request without an end is told
/// as unknown.
#[tokio::test]
async fn a_torn_tail_is_no_record() {
    let mut office = Office::open().await;
    let gate = small(&mut office).await;
    let person = office.gate_official("王小明", "sz-office").await;
    office.kill("log");
    let mut open = gate.h1(&office, &person).await;
    for _ in 0..5 {
        assert_eq!(get(&mut open, OWN).await.0, 200);
    }
    let mut download = gate.h1(&office, &person).await;
    let request = http::Request::builder().uri(format!("{OWN}/attachment"));
    let request = request.header("host", "localhost").body(http_body_util::Empty::new()).unwrap();
    let _body = download.send_request(request).await.unwrap();
    office.kill("agent");
    tear(&office);
    office.start("log", &[]).await;
    office.start("agent", &[]).await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    let unknown = |record: &records::Record| match &record.event {
        Event::Completion(ended) => ended.outcome == "unknown",
        _ => false,
    };
    until("the request without an end is told as unknown", async || {
        office.access().await.iter().any(unknown)
    })
    .await;
    shipped(&office, &gate).await;
    let decided = runs_are_whole(&office).await;
    assert!(decided.len() >= 6, "{decided:?}");
}

/// A segment that rots before it is shipped takes the rest of its run along, aside and with an
/// alarm; what other runs say arrives.
#[tokio::test]
async fn a_rotten_segment_holds_up_no_other_run() {
    let mut office = Office::open().await;
    let gate = small(&mut office).await;
    let person = office.gate_official("王小明", "sz-office").await;
    office.kill("log");
    let mut open = gate.h1(&office, &person).await;
    while segments(&office, "seg").len() < 6 {
        assert_eq!(get(&mut open, OWN).await.0, 200);
    }
    office.kill("agent");
    let rotten = &segments(&office, "seg")[2];
    let mut bytes = std::fs::read(rotten).unwrap();
    bytes[60_000] ^= 1;
    std::fs::write(rotten, bytes).unwrap();
    let before = gate.application.count();
    office.start("log", &[]).await;
    office.start("agent", &[]).await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    let last = name_of(&gate.application.last());
    until("the newest run arrives", async || runs_are_whole(&office).await.contains_key(&last))
        .await;
    assert!(segments(&office, "damaged").len() >= 3, "what cannot be shipped is kept");
    let alarm = office.admin("agent").get("/readyz").await.unwrap();
    assert!(String::from_utf8_lossy(alarm.body()).contains("set aside"));
    assert!(runs_are_whole(&office).await.len() < before, "rotten records were taken");
}

/// Files of the spool with this ending, oldest first.
fn segments(office: &Office, ending: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(office.path("gate/spool")).unwrap();
    let mut found: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == ending))
        .collect();
    found.sort();
    found
}

/// Writes half a frame behind the last whole one.
fn tear(office: &Office) {
    let newest = segments(office, "seg").pop().unwrap();
    let mut bytes = std::fs::read(&newest).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let half = [&[0u8, 0, 1, 44, 0, 0, 0, 2][..], &[7; 90]].concat();
    bytes[end..end + half.len()].copy_from_slice(&half);
    std::fs::write(newest, bytes).unwrap();
}

/// The agent is killed two hundred times under load: every request that the application got has its
/// record in the log, and no record is there twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_kills_lose_and_double_nothing() {
    let mut office = Office::open().await;
    let gate = Arc::new(small(&mut office).await);
    let person = Arc::new(office.gate_official("王小明", "sz-office").await);
    let trust = office.trust.root_sha256.digest().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..6)
        .map(|_| tokio::spawn(load(gate.clone(), person.clone(), trust, stop.clone())))
        .collect();
    let kills = std::env::var("YINXIN_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let mut answered = 0;
    for round in 0..kills {
        // Kills fall on different moments of a run: after some requests, or right at a start.
        let wanted = gate.application.count() + round % 7;
        until("some requests pass", async || gate.application.count() >= wanted).await;
        office.kill("agent");
        office.spawn("agent", &[]);
    }
    office.until_ready("agent").await;
    stop.store(true, Ordering::SeqCst);
    for client in clients {
        answered += client.await.unwrap();
    }
    shipped(&office, &gate).await;
    let decided = runs_are_whole(&office).await;
    let mut reached = BTreeSet::new();
    for request in gate.application.got.lock().unwrap().iter() {
        let name = name_of(request);
        assert_eq!(decided.get(&name).map(String::as_str), Some("permitted"), "{name}");
        assert!(reached.insert(name), "one record let two requests pass");
    }
    assert!(answered > kills, "{answered} answers under load are too few");
    assert!(reached.len() >= answered);
    tests::invariants::hold(&office).await;
}

/// One client that goes on whatever happens to its connection; gives how many answers it had.
async fn load(
    gate: Arc<Gate>,
    person: Arc<Officer>,
    root: [u8; 32],
    stop: Arc<AtomicBool>,
) -> usize {
    use http_body_util::BodyExt;
    let mut answered = 0;
    while !stop.load(Ordering::SeqCst) {
        let Some(mut sender) = gate.try_h1(&person, root).await else {
            tokio::task::yield_now().await;
            continue;
        };
        while !stop.load(Ordering::SeqCst) {
            let request = http::Request::builder().uri(OWN).header("host", "localhost");
            let request = request.body(http_body_util::Empty::new()).unwrap();
            if sender.ready().await.is_err() {
                break;
            }
            let Ok(answer) = sender.send_request(request).await else { break };
            let whole = answer.status() == 200;
            if answer.into_body().collect().await.is_err() {
                break;
            }
            answered += usize::from(whole);
        }
    }
    answered
}
