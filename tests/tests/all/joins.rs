//! How a gate comes to be: by an order, with its file, once; what it then knows, how it renews, how
//! it ends.

use keys::SoftwareSigner;
use records::enrolment::CollectedCertificate;
use records::join::{Join, JoinFile};
use records::{Bytes, people::SignedPeople};
use std::process::{Command, Output};
use tests::binary;
use tests::gate::{AGENT, Application, Gate};
use tests::people::code;
use tests::processes::{Office, until};

const OWN: &str = "/documents/sz-office/2026-001";

fn register(office: &Office, agent: &str) -> (String, JoinFile, String) {
    let made = office.ca_json(&[
        "agent",
        "register",
        agent,
        "--unit",
        "sz-office",
        "--application",
        "exchange",
        "--host",
        "localhost",
        "--serves",
        "sz-office",
    ]);
    // Carried to the machine of the gate: the CA shreds its own once the gate joined.
    let letter = office.path("join.json").display().to_string();
    std::fs::copy(made["letter"].as_str().unwrap(), &letter).unwrap();
    let file = serde_json::from_slice(&std::fs::read(&letter).unwrap()).unwrap();
    (made["order"].as_str().unwrap().to_owned(), file, letter)
}

fn message(file: &JoinFile, change: impl FnOnce(&mut Join)) -> Join {
    let signer = SoftwareSigner::generate_p256().unwrap();
    let request = keys::request(&signer).unwrap().der().to_vec();
    let challenge = tests::random::<16>();
    let value = authority::join_value(&file.token.0, &file.order.0, &challenge, &request);
    let mut join = Join {
        agent: file.agent.clone(),
        challenge: challenge.into(),
        request: Bytes(request),
        value: Bytes(value),
    };
    change(&mut join);
    join
}

/// Codes of the refused joins that were recorded.
async fn tried(office: &Office) -> Vec<String> {
    use sqlx::Row;
    let database = office.database().await;
    let rows = sqlx::query("select record from log_pending union select record from log_entry");
    let rows = rows.fetch_all(&database).await.unwrap();
    let records = rows.iter().map(|row| records::Record::read(row.get("record")).unwrap());
    let codes = records.filter_map(|record| match record.event {
        records::record::Event::Refusal { code, act, .. } if act == "join" => {
            Some(code.name().into())
        }
        _ => None,
    });
    codes.collect()
}

fn serial(collected: &CollectedCertificate) -> String {
    pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string()
}

fn agent(office: &Office, words: &[&str]) -> Output {
    let state = office.path("gate");
    Command::new(binary("agent")).arg("--state").arg(state).args(words).output().unwrap()
}

/// A join needs the order in force, the token of exactly this order, and happens once; asked again
/// with the same words it is the same certificate.
#[tokio::test]
async fn a_gate_joins_once_under_its_order() {
    let office = Office::open().await;
    let (order, file, _) = register(&office, AGENT);
    let (_, other, _) = register(&office, "gate-2");
    let public = office.public();
    assert_eq!(
        code(public.join(&message(&file, |_| {})).await),
        "use-signature",
        "before approval"
    );
    office.approve_by_security(&order).await;
    for (what, join) in [
        (
            "another token",
            message(&JoinFile { token: other.token.clone(), ..file.clone() }, |_| {}),
        ),
        (
            "another order",
            message(&JoinFile { order: other.order.clone(), ..file.clone() }, |_| {}),
        ),
        ("another agent", message(&file, |join| join.agent = "gate-2".into())),
        (
            "another request",
            message(&file, |join| {
                let signer = SoftwareSigner::generate_p256().unwrap();
                join.request = keys::request(&signer).unwrap().der().into();
            }),
        ),
        ("another challenge", message(&file, |join| join.challenge = Bytes::from([1; 16]))),
        ("a short challenge", message(&file, |join| join.challenge = Bytes::from([1; 8]))),
    ] {
        assert_eq!(code(public.join(&join).await), "use-signature", "{what}");
    }
    // Anybody can try that: it is counted, and writes nothing to the log.
    assert!(tried(&office).await.is_empty());
    let bent = message(&file, |join| join.request.0.truncate(40));
    assert_eq!(code(public.join(&bent).await), "request-malformed");
    let join = message(&file, |_| {});
    let first = public.join(&join).await.unwrap();
    first.evidence.open(&office.trust, "control").unwrap();
    let again = public.join(&join).await.unwrap();
    assert_eq!(serial(&first), serial(&again), "two certificates for one join");
    let stranger = message(&JoinFile { token: other.token, ..file.clone() }, |_| {});
    assert_eq!(code(public.join(&stranger).await), "use-signature");
    assert_eq!(code(public.join(&message(&file, |_| {})).await), "quota-used");
    assert_eq!(tried(&office).await, ["quota-used"]);
    tests::invariants::hold(&office).await;
}

/// The snapshot holds the units that the application serves and nobody else; a gate that is closed
/// is told of nobody.
#[tokio::test]
async fn an_agent_knows_only_whom_it_serves() {
    let mut office = Office::open().await;
    let (order, _, letter) = register(&office, AGENT);
    office.approve_by_security(&order).await;
    let joined = office.join(&letter);
    assert!(joined.status.success(), "{}", String::from_utf8_lossy(&joined.stderr));
    let again = office.join(&letter);
    assert!(String::from_utf8_lossy(&again.stderr).contains("joined already"), "{again:?}");
    let admin = format!("http://localhost:{}", office.port(13));
    office.city["admin_urls"]["agent"] = admin.into();
    let application = Application::serve(office.port(14)).await;
    office.start("agent", &[]).await;
    let gate = Gate { port: office.port(12), application };
    let elsewhere = office.register("张建国", "sz-finance").await;
    let person = office.gate_official("王小明", "sz-office").await;
    let signed: SignedPeople =
        serde_json::from_slice(&std::fs::read(office.path("gate/world/people.json")).unwrap())
            .unwrap();
    let text = String::from_utf8_lossy(&signed.snapshot.0).into_owned();
    assert!(text.contains(&person.person) && !text.contains(&elsewhere), "{text}");
    let mut leaves = std::fs::read_dir(office.path("gate/world")).unwrap();
    assert!(leaves.all(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        !String::from_utf8_lossy(&bytes).contains(&elsewhere)
    }));
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);

    // Renewed by its old key; the old pair is gone, and asks no more.
    // An answer that was lost is asked for again, and is the same.
    let kept = std::fs::read(office.path("gate/tls.key")).unwrap();
    let old_chain = std::fs::read(office.path("gate/tls.pem")).unwrap();
    office.stop("portal-public");
    assert!(!agent(&office, &["renew"]).status.success(), "no portal, no answer");
    let pending = std::fs::read(office.path("gate/renew.pending")).unwrap();
    let new_key = std::fs::read(office.path("gate/tls.next.key")).unwrap();
    office.start("portal-public", &[]).await;
    let renewed = agent(&office, &["renew"]);
    assert!(renewed.status.success(), "{}", String::from_utf8_lossy(&renewed.stderr));
    let chain = std::fs::read(office.path("gate/tls.pem")).unwrap();
    assert_eq!(std::fs::read(office.path("gate/tls.key")).unwrap(), new_key);
    assert!(!office.path("gate/renew.pending").exists());
    let second = agent(&office, &["serve"]);
    assert!(!second.status.success(), "two gates on one spool");
    assert!(String::from_utf8_lossy(&second.stderr).contains("runs in"), "{second:?}");
    for (name, bytes) in [
        ("tls.key", &kept),
        ("tls.pem", &old_chain),
        ("tls.next.key", &new_key),
        ("renew.pending", &pending),
    ] {
        std::fs::write(office.path(&format!("gate/{name}")), bytes).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(office.path(&format!("gate/{name}")), mode).unwrap();
    }
    let renewed = agent(&office, &["renew"]);
    assert!(renewed.status.success(), "{}", String::from_utf8_lossy(&renewed.stderr));
    assert_eq!(std::fs::read(office.path("gate/tls.pem")).unwrap(), chain, "another certificate");
    let kept = new_key;
    let renewed = agent(&office, &["renew"]);
    assert!(renewed.status.success(), "{}", String::from_utf8_lossy(&renewed.stderr));
    office.stop("agent");
    office.start("agent", &[]).await;
    assert_eq!(gate.get(&office, &person, OWN).await.0, 200);
    std::fs::rename(office.path("gate/tls.key"), office.path("gate/new.key")).unwrap();
    std::fs::write(office.path("gate/tls.key"), kept).unwrap();
    let refused = agent(&office, &["renew"]);
    assert!(!refused.status.success(), "an old key renewed");
    std::fs::rename(office.path("gate/new.key"), office.path("gate/tls.key")).unwrap();

    let closed = office.ca_json(&["agent", "close", AGENT]);
    office.approve_by_security(closed["order"].as_str().unwrap()).await;
    gate.until_status(&office, &person, OWN, 403).await;
    let refused = agent(&office, &["renew"]);
    assert!(!refused.status.success(), "a closed gate renewed");
}

/// Keys that others could read are not used, and the command to mend it is said; what is not joined
/// says what to do; `policy explain` answers as the gate does.
#[tokio::test]
async fn commands_say_what_is_wrong_and_what_comes_next() {
    let mut office = Office::open().await;
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let alone = agent(&office, &["serve"]);
    assert!(said(&alone).contains("agent.toml"), "{}", said(&alone));
    office.joined(&["localhost"]).await;
    let _application = Application::serve(office.port(14)).await;
    let key = office.path("gate/tls.key");
    let mode = |mode| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o640);
    let open = agent(&office, &["serve"]);
    assert!(!open.status.success() && said(&open).contains("chmod 600"), "{}", said(&open));
    mode(0o600);
    let config = office.path("gate/agent.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}upstraem = 1\n")).unwrap();
    let wrong = agent(&office, &["serve"]);
    assert!(
        said(&wrong).contains("line 6") && said(&wrong).contains("upstraem"),
        "{}",
        said(&wrong)
    );
    std::fs::write(&config, text).unwrap();
    office.start("agent", &[]).await;
    let person = office.gate_official("王小明", "sz-office").await;
    let explain = |path: &str| {
        let words = ["--json", "policy", "explain", "--person", &person.person, path];
        let output = agent(&office, &words);
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), answer)
    };
    let (exit, answer) = explain(OWN);
    assert_eq!((exit, answer["rule"].as_str()), (0, Some("own-unit")));
    assert_eq!(answer["resource"], "exchange/sz-office/2026-001");
    let (exit, answer) = explain("/documents/sz-finance/1");
    assert_eq!((exit, answer["code"].as_str()), (3, Some("not-permitted")));
    until("it is running", async || office.runs("agent")).await;
}

/// Rows that nobody signed decide nothing here either: no agent by hand, no rules by hand.
#[tokio::test]
async fn hands_in_the_database_make_no_gate_and_no_rule() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    let database = office.database().await;
    let before = std::fs::read(office.path("gate/world/rules.json")).unwrap();
    let portal: (Vec<u8>,) =
        sqlx::query_as("select order_digest from ordered where kind = 'person' limit 1")
            .fetch_one(&database)
            .await
            .unwrap();
    for (version, digest) in [(7i64, portal.0), (8, Vec::new()), (9, vec![1; 32])] {
        sqlx::query("insert into bundle (version, order_digest) values ($1, $2)")
            .bind(version)
            .bind(digest)
            .execute(&database)
            .await
            .unwrap();
    }
    // The gate goes on with what it verified, and still hears what is true.
    let other = office.gate_official("李丹", "sz-office").await;
    for one in [&person, &other] {
        assert_eq!(gate.get(&office, one, OWN).await.0, 200);
        assert_eq!(gate.get(&office, one, "/documents/sz-finance/1").await.0, 403);
    }
    assert_eq!(std::fs::read(office.path("gate/world/rules.json")).unwrap(), before);
    sqlx::query(
        "insert into agent (agent_id, unit_id, application, order_digest, open) \
         values ('gate-9', 'sz-office', 'exchange', $1, 1)",
    )
    .bind(vec![1u8; 32])
    .execute(&database)
    .await
    .unwrap();
    // A gate that no order opened is none: nobody is stopped by its row, and `doctor` tells of it.
    let words = ["person", "create", "--name", "甲", "--unit", "sz-office", "--evidence", "x"];
    office.draft(&words);
    let told = office.ca(&["doctor"]);
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert_eq!(told.status.code(), Some(1), "{text}");
    assert!(text.contains("gate-9"), "{text}");
    let mended = office.ca(&["doctor", "--repair"]);
    assert!(mended.status.success(), "{}", String::from_utf8_lossy(&mended.stdout));
}

/// An agent speaks to status and log as an agent and to nobody as anything else; neither do others
/// as it.
#[tokio::test]
async fn each_service_speaks_on_its_own_routes() {
    let mut office = Office::open().await;
    office.joined(&["localhost"]).await;
    let identity = |folder: &str| {
        let path = |end: &str| office.path(&format!("{folder}.{end}"));
        Some(mtls::tls::Identity::from_files(&path("pem"), &path("key")).unwrap())
    };
    let (gate, portal) = ("gate/tls", "portal/public");
    let watch = ca_api::WorldNumbers::default();
    let status = |who| ca_api::Status(office.client(&office.trust.status, who));
    // What takes away is told at once, and the rest with the next answer where rows are slow.
    until("the list comes, and the rules with it", async || {
        let world = status(identity(gate)).world(&watch).await.unwrap();
        world.crl.is_some() && world.rules.is_some()
    })
    .await;
    let refusal =
        |answer: Result<ca_api::WorldUpdate, ca_api::Refusal>| answer.unwrap_err().code().name();
    assert_eq!(refusal(status(identity(portal)).world(&watch).await), "not-your-route");
    assert_eq!(refusal(status(None).world(&watch).await), "certificate-required");
    let officer = office.first("officer-1");
    let own = Some(officer.identity());
    assert_eq!(refusal(status(own).world(&watch).await), "not-your-route");
    // What one agent made another does not hand in, and an agent makes nothing but its own kinds.
    let log = ca_api::Log(office.client(&office.trust.log, identity(gate)));
    let record = |maker: &str| {
        let record = records::Record {
            v: 1,
            id: tests::random::<16>().into(),
            log: "access".into(),
            maker: maker.into(),
            time: "2026-11-25T08:00:00.000000Z".into(),
            link: None,
            event: records::record::Event::Portal {
                process: "public".into(),
                act: "x".into(),
                outcome: "done".into(),
                person: String::new(),
                count: 1,
            },
        };
        let salted = ca_api::SaltedRecord {
            record: record.write().unwrap().into(),
            salt: tests::random::<32>().into(),
            disclosures: Vec::new(),
        };
        ca_api::Append { records: vec![salted] }
    };
    let refused = log.append(&record("portal-1/portal-public")).await.unwrap_err();
    assert_eq!(refused.code().name(), "not-your-route");
    let refused = log.append(&record("gate-1/agent")).await.unwrap_err();
    assert_eq!(refused.code().name(), "not-your-route");
    // A portal tells of itself, in words that there are.
    let log = ca_api::Log(office.client(&office.trust.log, identity(portal)));
    let refused = log.append(&record("portal-1/portal-staff")).await.unwrap_err();
    assert_eq!(refused.code().name(), "not-your-route");
    let refused = log.append(&record("portal-1/portal-public")).await.unwrap_err();
    assert_eq!(refused.code().name(), "malformed");
    let issuer = {
        let text = std::fs::read_to_string(office.path("portal.toml")).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("issuer = ")).unwrap();
        line.trim_matches('"').to_owned()
    };
    let issuer = ca_api::Issuer(office.client(&issuer, identity(gate)));
    let look_up =
        records::enrolment::LetterLookUp { reference: "0".repeat(16), key: Bytes::default() };
    assert_eq!(issuer.look_up(&look_up).await.unwrap_err().code().name(), "portal-unknown");
}
