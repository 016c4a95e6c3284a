//! A gate that asks the log about each certificate: what a stolen issuing key signs opens nothing
//! there, however much it looks like somebody's.

use crate::calls::{ask, der};
use crate::http1_framing::OWN;
use crate::tunnels::{Tunnelled, echo, socket};
use keys::SoftwareSigner;
use pki::certificate::{CertificateContent, TbsCertificate};
use pki::{SerialNumber, Signer};
use records::record::Event;
use serde_json::{Value, json};
use tests::gate::Gate;
use tests::processes::{Office, until};
use tests::{Officer, now, random};

/// What lets somebody in by each way.
const IN: (&str, bool, &str) = ("200 ", true, "yes");
/// What becomes of a certificate that the log does not have.
const UNLOGGED: (&str, bool, &str) = ("401 certificate-unlogged", false, "certificate-unlogged");
/// What becomes of one of which nobody can say so.
const UNPROVEN: (&str, bool, &str) = ("503 certificate-unproven", false, "certificate-unproven");

/// A gate with a tunnel, before an application that asks.
struct Stage {
    city: Tunnelled,
    calls: String,
}

impl Stage {
    fn gate(&self) -> Gate {
        let application = self.city.gate.application.clone();
        Gate { port: self.city.office.port(12), application }
    }

    /// What becomes of somebody over HTTP, in the tunnel, and where the application asks.
    async fn told(&self, who: &Officer) -> (String, bool, String) {
        let (status, body) = self.gate().get(&self.city.office, who, OWN).await;
        let said: Value = serde_json::from_str(&body).unwrap_or_default();
        let code = said["code"].as_str().filter(|_| status != 200).unwrap_or_default();
        let asked = json!({ "ask": "certificate", "certificate": der(who) });
        let answer = ask(&self.calls, &asked).await["code"].as_str().unwrap().to_owned();
        (format!("{status} {code}"), self.city.says(who, b"hello").await, answer)
    }

    async fn is(&self, who: &Officer, wanted: (&str, bool, &str)) -> bool {
        let (http, tunnel, answer) = self.told(who).await;
        (http.as_str(), tunnel, answer.as_str()) == wanted
    }

    /// What the gate tells its owner at a path of its admin address.
    async fn read(&self, path: &str) -> String {
        let answer = self.city.office.admin("agent").get(path).await.unwrap();
        String::from_utf8_lossy(answer.body()).into_owned()
    }

    /// Whether the log has it that a certificate was refused for being in no log.
    async fn is_recorded(&self, serial: &str) -> bool {
        let records = self.city.office.access().await;
        records.iter().any(|record| match &record.event {
            Event::Turned(turned) => {
                (turned.code.as_str(), turned.serial.as_str()) == ("certificate-unlogged", serial)
            }
            _ => false,
        })
    }
}

/// What somebody signs with the issuing key out of the city's folder: in another's name, with all
/// that theirs has, for a key of their own.
fn stolen(office: &Office, like: &Officer) -> Officer {
    let folder = office.path("ca/issuer");
    let passphrase = keys::passphrase_from_file(&folder.join("unlock")).unwrap();
    let issuing = keys::open(&folder.join("issuing.key"), &passphrase).unwrap();
    let signer = SoftwareSigner::generate_p256().unwrap();
    let leaf = &like.chain[0];
    let content = CertificateContent {
        serial: &SerialNumber::from_random(random()),
        signature: &issuing.public_key().algorithm().signature_identifier().unwrap(),
        issuer: leaf.issuer(),
        not_before: now() - 60,
        not_after: now() + 86_400,
        subject: leaf.subject(),
        key: signer.public_key().spki(),
        extensions: leaf.extensions().to_vec(),
    };
    let mut chain = like.chain.clone();
    chain[0] = TbsCertificate::build(content).unwrap().sign(&issuing).unwrap();
    Officer { person: like.person.clone(), chain, signer }
}

/// Without the option a gate takes what the stolen key signed; with it it does not, by no way and
/// in no mode, and tells it. Whom it has met passes while the log is away, after a restart too;
/// whom it has not is told to come again, and is let in once the log is back.
#[tokio::test]
async fn a_stolen_issuing_key_opens_no_gate_that_asks_the_log() {
    let (folder, path) = socket();
    let _count = echo(&path);
    let calls = folder.path().join("call").display().to_string();
    let above = format!("calls = \"unix:{calls}\"\n");
    let city = Tunnelled::with(Office::open().await, &path, (above.as_str(), "")).await;
    let person = city.office.gate_official("王小明", "sz-office").await;
    let newcomer = city.office.gate_official("李丹", "sz-office").await;
    city.until_open(&person).await;
    let mut stage = Stage { city, calls };
    let thief = stolen(&stage.city.office, &person);
    assert!(stage.is(&thief, IN).await, "a gate that asks nobody: {:?}", stage.told(&thief).await);

    stage.city.office.stop("agent");
    let config = stage.city.office.path("gate/agent.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.contains("\nwitness = false\n"), "{text}");
    std::fs::write(&config, text.replace("\nwitness = false\n", "\nwitness = true\n")).unwrap();
    stage.city.office.start("agent", &[]).await;
    assert!(stage.is(&person, IN).await, "{:?}", stage.told(&person).await);
    assert!(stage.is(&thief, UNLOGGED).await, "{:?}", stage.told(&thief).await);
    let serial = thief.leaf().serial().to_string();
    let told = stage.read("/readyz").await;
    assert!(told.contains("witness: ") && told.contains(&serial), "{told}");
    until("the refusal is recorded", async || stage.is_recorded(&serial).await).await;

    let day = records::time::seconds(service::Clock::system().seconds() + 10 * 86_400);
    let until_then = ["--until", day.split('T').next().unwrap()];
    let words = [&["mode", "observe", "exchange"][..], &until_then[..]].concat();
    let made = stage.city.office.ca_json(&words);
    stage.city.office.approve_by_security(made["order"].as_str().unwrap()).await;
    let observes = async || stage.read("/status").await.contains("observe");
    until("the gate observes", observes).await;
    assert!(stage.is(&thief, UNLOGGED).await, "{:?}", stage.told(&thief).await);
    without_the_log(&mut stage, (&person, &newcomer)).await;
}

async fn without_the_log(stage: &mut Stage, (known, newcomer): (&Officer, &Officer)) {
    let kept = stage.city.office.path("gate/witness");
    until("what is proven is kept", async || kept.exists() && files(&kept) > 0).await;
    stage.city.office.stop("log");
    assert!(stage.is(known, IN).await, "{:?}", stage.told(known).await);
    assert!(stage.is(newcomer, UNPROVEN).await, "{:?}", stage.told(newcomer).await);
    stage.city.office.kill("agent");
    stage.city.office.spawn("agent", &[]);
    let root = stage.city.office.trust.root_sha256.digest().unwrap();
    let serves = async || stage.gate().try_h1(known, root).await.is_some();
    until("the gate serves again", serves).await;
    until("they pass by what was kept", async || stage.is(known, IN).await).await;
    assert!(stage.is(newcomer, UNPROVEN).await, "{:?}", stage.told(newcomer).await);
    stage.city.office.start("log", &[]).await;
    until("the newcomer is let in", async || stage.is(newcomer, IN).await).await;
}

fn files(folder: &std::path::Path) -> usize {
    let names = std::fs::read_dir(folder).unwrap();
    names
        .filter(|one| one.as_ref().unwrap().path().extension().is_some_and(|end| end == "json"))
        .count()
}
