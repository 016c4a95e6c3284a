//! What the owner of an application types, and an auditor about what happened there.

use super::printed::FILLED;
use super::scene::Scene;
use super::typed::{Left, behind, filled, holds, says};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use records::access::request_id;
use records::record::Event;
use std::path::Path;
use tests::gate::{Application, Gate};
use tests::processes::until;

/// The host of the gate that is used, as the texts have it.
const HOST: &str = "exchange.example";
/// Its name; texts that speak of any gate mean this one.
const FIRST: &str = "gate-1";
const PATH: &str = "/documents/sz-office/2026-001";

/// On the host of the CA; two security administrators approve, and the join file is carried away.
pub(super) async fn register(scene: &Scene, left: &mut Left, text: &str) -> Result<(), String> {
    let names = [("--unit", "sz-office"), ("--application", "exchange"), ("--serves", "sz-office")];
    let said = says(scene.operates(&filled(text, &names)), "agent join ")?;
    let (order, file) = (behind(&said, "order: ")?, behind(&said, "join file: ")?);
    let agent = text.split(' ').nth(3).ok_or("no name")?.to_owned();
    keep(scene, left, (agent, order), &scene.office.folder().join(file)).await;
    Ok(())
}

async fn keep(scene: &Scene, left: &mut Left, (agent, order): (String, String), file: &Path) {
    let carried = scene.home().join(format!("{agent}.join.json"));
    std::fs::copy(file, &carried).unwrap();
    scene.office.approve_by_security(&order).await;
    left.join_files.push((agent, carried));
}

/// In an empty folder that the join file was carried to.
pub(super) async fn join(scene: &Scene, left: &mut Left, text: &str) -> Result<(), String> {
    let named = |agent: &str| text.contains(agent) || agent == FIRST;
    if !left.join_files.iter().any(|(agent, _)| named(agent)) {
        let name = format!("gate-{}", left.gates.len() + 10);
        let words = ["agent", "register", &name, "--unit", "sz-office", "--application"];
        let more = ["exchange", "--host", "more.example", "--serves", "sz-office"];
        let made = scene.office.ca_json(&[&words[..], &more].concat());
        let text = |key: &str| made[key].as_str().unwrap().to_owned();
        keep(scene, left, (name, text("order")), Path::new(&text("letter"))).await;
    }
    let place = left.join_files.iter().position(|(agent, _)| named(agent));
    let (agent, file) = left.join_files.remove(place.unwrap_or(left.join_files.len() - 1));
    let home = scene.home();
    std::fs::copy(&file, home.join(format!("{agent}.join.json"))).unwrap();
    let file = file.display().to_string();
    let names = [("FILE", file.as_str()), ("JOINFILE", &file), (FILLED, &file)];
    says(scene.runs(&home, &filled(text, &names)), "0.0.0.0:443")?;
    left.gates.insert(agent, home.clone());
    holds(home.join("agent/tls.pem").exists(), "a certificate of the gate")
}

/// With addresses of this test in its `agent.toml`; where one is taken, the error names it and the
/// setting.
pub(super) async fn serve(scene: &Scene, left: &mut Left, text: &str) -> Result<(), String> {
    let plain = text == "agent serve";
    let agent = if plain { FIRST } else { "gate-2" };
    let home = left.gates.get(agent).ok_or("no gate joined")?.clone();
    let state = home.join("agent");
    let at = |offset| format!("127.0.0.1:{}", scene.office.port(offset));
    let told = state.display().to_string();
    let words = filled(text, &[("--state", &told)]);
    let taken = std::net::TcpListener::bind(at(14)).unwrap();
    configure(&state, (&at(14), &at(13), &at(23)));
    let refused = scene.runs(&home, &words).err().ok_or("it takes an address that is taken")?;
    holds(refused.contains(&at(14)) && refused.contains("agent.toml: listen"), &refused)?;
    drop(taken);
    configure(&state, (&at(12), &at(13), &at(23)));
    let running = scene.start(&home, &words);
    let admin = mtls::Client::new(&format!("http://localhost:{}", scene.office.port(13)), None);
    scene.until_ready(admin.unwrap(), text).await;
    if plain {
        use_gate(scene, left, &state).await;
    }
    let (status, _) = running.interrupt();
    holds(status.success(), "a gate that ends well")
}

/// Changes the addresses of a gate where its owner does.
fn configure(state: &Path, (listen, admin, upstream): (&str, &str, &str)) {
    let file = state.join("agent.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let changed: Vec<String> = text
        .lines()
        .map(|line| match line.split(" = ").next() {
            Some("listen") => format!("listen = \"{listen}\""),
            Some("admin") => format!("admin = \"{admin}\""),
            Some("upstream") => format!("upstream = \"{upstream}\""),
            _ => line.to_owned(),
        })
        .collect();
    std::fs::write(file, changed.join("\n") + "\n").unwrap();
}

/// Somebody whom the gate knows asks for something, which is in the log afterwards.
async fn use_gate(scene: &Scene, left: &mut Left, state: &Path) {
    let office = &scene.office;
    let (official, collected) = office.official("吴访问", "sz-office").await;
    let officer = office.officer(official, &collected);
    let kept = state.join("world/people.json");
    until("the gate knows the person", async || {
        std::fs::read(&kept).is_ok_and(|bytes| {
            let signed: records::people::SignedPeople = serde_json::from_slice(&bytes).unwrap();
            String::from_utf8_lossy(&signed.snapshot.0).contains(&officer.person)
        })
    })
    .await;
    let gate = Gate { port: office.port(12), application: Application::default() };
    let mut sender = gate.h2_of(office, &officer, HOST).await;
    let request = Request::get(format!("https://{HOST}{PATH}")).body(Empty::<Bytes>::new());
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    // No application stands behind it; it was permitted all the same.
    let status = answer.status();
    let page = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(status.is_server_error(), "{status}: {}", String::from_utf8_lossy(&page));
    let mut name = None;
    until("the decision is in the log", async || {
        name = office.of_log("access").await.into_iter().find_map(|record| {
            let link = record.link.clone()?;
            matches!(record.event, Event::Decision(_))
                .then(|| request_id(FIRST, &link.epoch, link.aseq))
        });
        name.is_some()
    })
    .await;
    left.passed = name.map(|name| (officer.person.clone(), name));
}

/// Beside the state of the gate.
pub(super) fn explain(scene: &Scene, left: &Left, text: &str) -> Result<(), String> {
    let (person, _) = left.passed.as_ref().ok_or("nobody passed")?;
    let text = text.replace("/UNIT/", "/sz-office/");
    let home = left.gates.get(FIRST).ok_or("no gate joined")?;
    let mut names = ["PERSON", "ID", "编号"].map(|open| (open, person.as_str())).to_vec();
    names.extend(["PATH", "路径"].map(|open| (open, PATH)));
    says(scene.runs(home, &filled(&text, &names)), "✓").map(drop)
}

/// Beside the state of the gate, while it runs and its application answers.
pub(super) async fn look(scene: &Scene, left: &mut Left, text: &str) -> Result<(), String> {
    if left.application.is_none() {
        left.application = Some(Application::serve(scene.office.port(23)).await);
    }
    let home = left.gates.get(FIRST).ok_or("no gate joined")?;
    let running = scene.start(home, &filled("agent serve", &[]));
    let admin = mtls::Client::new(&format!("http://localhost:{}", scene.office.port(13)), None);
    scene.until_ready(admin.unwrap(), text).await;
    let wanted = match text {
        renews if renews.ends_with(" renew") => "renewed until",
        // Those that the log has are freed: what is there is one line of JSON each.
        "agent logs" => "",
        _ => "✓",
    };
    let state = home.join("agent").display().to_string();
    let said = says(scene.runs(home, &filled(text, &[("--state", &state)])), wanted);
    let (status, _) = running.interrupt();
    let said = said?;
    let is_json = |line: &str| serde_json::from_str::<serde_json::Value>(line).is_ok();
    holds(text != "agent logs" || said.lines().all(is_json), "records and nothing else")?;
    holds(status.success(), "a gate that ends well")
}

/// Of the rules that are in force, in a folder beside the gate's state.
pub(super) fn ask_rules(scene: &Scene, left: &Left, text: &str) -> Result<(), String> {
    let home = left.gates.get(FIRST).ok_or("no gate joined")?;
    let rules = scene.office.path("policies/access").display().to_string();
    let words = filled(text, &[("FOLDER", rules.as_str()), ("文件夹", &rules)]);
    let wanted = match words.get(2).map(String::as_str) {
        Some("test") => "failed: 0",
        Some("replay") => "would newly be denied",
        _ => "the rules can be put in force",
    };
    says(scene.runs(home, &words), wanted).map(drop)
}

/// The index follows the log; until it has the request, there is nothing to export.
pub(super) async fn export_evidence(
    scene: &Scene,
    left: &mut Left,
    text: &str,
) -> Result<(), String> {
    let (_, request) = left.passed.clone().ok_or("nobody passed")?;
    let (home, names) = (scene.home(), [("NAME", request.as_str()), ("gate-1/AAAA/5", &request)]);
    let words = filled(text, &names);
    let mut done = Err(String::new());
    until("the evidence is there", async || {
        done = scene.types(&home, "sample-auditor", &words);
        done.is_ok()
    })
    .await;
    std::fs::copy(scene.office.path("ca/trust.json"), home.join("trust.json")).unwrap();
    left.evidence = Some(home.clone());
    holds(says(done, "yinxin-verify")?.contains('✓') && home.join("evidence.tar").exists(), "proof")
}

/// Beside the bundle and the trust file.
pub(super) fn verify(scene: &Scene, left: &Left, text: &str) -> Result<(), String> {
    let home = left.evidence.as_ref().ok_or("there is no evidence")?;
    let names = [("--trust", "trust.json"), (FILLED, "evidence.tar")];
    says(scene.runs(home, &filled(text, &names)), "✓").map(drop)
}
