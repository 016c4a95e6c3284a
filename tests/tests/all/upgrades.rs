//! A gate is exchanged while people use it, or its certificate alone: the socket is somebody
//! else's, and nobody is refused.

use crate::http1_framing::OWN;
use rustix::process::Signal;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tests::gate::{Application, Gate, get};
use tests::processes::{Office, until};
use tests::{binary, workspace};

/// Whoever holds the socket, with a gate that runs.
struct Handover {
    child: Child,
    orders: Option<ChildStdin>,
    said: BufReader<ChildStdout>,
}

impl Handover {
    fn start(office: &Office) -> Self {
        let mut child = Command::new("python3")
            .arg(workspace().join("tests/clients/handover.py"))
            .arg(office.port(12).to_string())
            .arg(binary("agent"))
            .arg("--state")
            .arg(office.path("gate"))
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is there");
        let said = BufReader::new(child.stdout.take().unwrap());
        let orders = child.stdin.take();
        Self { child, orders, said }
    }

    fn order(&mut self, what: &str) -> String {
        let orders = self.orders.as_mut().unwrap();
        writeln!(orders, "{what}").unwrap();
        orders.flush().unwrap();
        let mut said = String::new();
        self.said.read_line(&mut said).unwrap();
        said.trim().to_owned()
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

/// Says that it is over, also where an assertion failed: whoever exchanges waits for no request
/// that nobody sends any more.
struct Ended(Arc<AtomicBool>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Under load a gate is started again and again with a socket that is held for it: no request
/// fails. A configuration that is wrong ends nothing, and is told with its line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_is_exchanged_under_load() {
    let mut office = Office::open().await;
    office.joined(&["localhost"]).await;
    let application = Application::serve(office.port(14)).await;
    let mut handover = Handover::start(&office);
    let kept = office.path("gate/world/people.json");
    until("the gate keeps what it got", async || kept.exists()).await;
    let person = office.gate_official("王小明", "sz-office").await;
    let gate = Gate { port: office.port(12), application };
    gate.until_status(&office, &person, OWN, 200).await;
    let (over, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = async {
        let _ended = Ended(over.clone());
        while !over.load(Ordering::SeqCst) {
            let (status, page) = gate.get(&office, &person, OWN).await;
            assert_eq!(status, 200, "{page}");
            served.fetch_add(1, Ordering::SeqCst);
        }
    };
    let (done, counted) = (over.clone(), served.clone());
    let exchanged = tokio::task::spawn_blocking(move || {
        for _ in 0..3 {
            assert_eq!(handover.order("reload"), "0", "it ended in order");
            let before = counted.load(Ordering::SeqCst);
            // The next one serves before it is exchanged as well.
            while counted.load(Ordering::SeqCst) < before + 20 && !done.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
        }
        done.store(true, Ordering::SeqCst);
        handover
    });
    let ((), handover) = tokio::join!(load, exchanged);
    let mut handover = handover.unwrap();
    assert!(served.load(Ordering::SeqCst) >= 60);

    let path = office.path("gate/agent.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}upstraem = 1\n")).unwrap();
    assert_eq!(handover.order("try"), "tried");
    let line = format!("agent.toml, line {}", text.lines().count() + 1);
    until("what is wrong is told", async || {
        let answer = office.admin("agent").get("/readyz").await.unwrap();
        let told = String::from_utf8_lossy(answer.body()).into_owned();
        answer.status().is_success()
            && told.contains("configuration: refused")
            && told.contains(&line)
    })
    .await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200, "the old one goes on");
    // Commands of its operator: they say the same, and change nothing.
    std::fs::write(&path, text).unwrap();
    let agent = |words: &[&str]| {
        let mut command = Command::new(binary("agent"));
        command.arg("--state").arg(office.path("gate")).arg("--json").args(words);
        let done = command.output().unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap())
    };
    let (code, told) = agent(&["status"]);
    assert_eq!((code, told.contains("\"ready\":true")), (Some(0), true), "{told}");
    let (code, told) = agent(&["doctor"]);
    assert_eq!(code, Some(0), "{told}");
    let (code, told) = agent(&["logs", "--last", "5"]);
    assert_eq!(code, Some(0));
    assert!(told.lines().count() <= 5 && told.lines().all(|line| line.starts_with('{')), "{told}");
}

/// A gate that runs shows a renewed certificate by itself: whoever connects sees it, whoever is
/// connected goes on, and the log takes what the new key signed. What does not belong together is
/// told and shown to nobody, and ends nothing.
#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    gate.until_status(&office, &person, OWN, 200).await;
    let at = |name: &str| office.path(&format!("gate/{name}"));
    let agent = |words: &[&str]| {
        let mut command = Command::new(binary("agent"));
        command.arg("--state").arg(office.path("gate")).args(words);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    let lying = || {
        let file = std::fs::read(at("tls.pem")).unwrap();
        pki::pem::read(&file, pki::pem::Kind::Certificate).unwrap().remove(0)
    };
    let shown = async || {
        let stream = gate.connect(&office, None, "localhost", "http/1.1").await;
        let (_, session) = stream.get_ref();
        session.peer_certificates().unwrap()[0].to_vec()
    };
    let (before, old_key) = (lying(), std::fs::read(at("tls.key")).unwrap());
    assert_eq!(shown().await, before);
    let mut open = gate.h1(&office, &person).await;
    assert_eq!(get(&mut open, OWN).await.0, 200);

    agent(&["renew"]);
    let next = lying();
    assert_ne!(next, before);
    until("the renewed certificate is shown", async || shown().await == next).await;
    assert_eq!(get(&mut open, OWN).await.0, 200, "what is open goes on");
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    let database = office.database().await;
    until("the log takes what the new key signed", async || {
        let heads: Vec<(Vec<u8>,)> = sqlx::query_as("select certificate from agent_head")
            .fetch_all(&database)
            .await
            .unwrap();
        heads.iter().any(|(certificate,)| *certificate == next)
    })
    .await;

    let new_key = std::fs::read(at("tls.key")).unwrap();
    std::fs::write(at("tls.key"), old_key).unwrap();
    let told = async || {
        let answer = office.admin("agent").get("/readyz").await.unwrap();
        String::from_utf8_lossy(answer.body()).into_owned()
    };
    let refused = "certificate: refused, the one before is kept: ";
    until("what is wrong is told", async || told().await.contains(refused)).await;
    assert!(agent(&["--json", "status"]).contains(refused), "its owner reads it");
    office.signal("agent", Signal::HUP);
    let heard = "the pair that lies there is refused";
    until("a reload ends nothing", async || office.log("agent").contains(heard)).await;
    assert_eq!(shown().await, next);
    std::fs::write(at("tls.key"), new_key).unwrap();
    until("it is told no longer than it is so", async || !told().await.contains(refused)).await;
    assert_eq!(get(&mut open, OWN).await.0, 200, "it never ended");
    tests::invariants::hold(&office).await;
}
