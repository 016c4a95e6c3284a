//! Tunnels of a gate: what speaks no HTTP passes by rule, is recorded before its first byte and at
//! its end, and is cut as everything else that is open.

use records::access::Completion;
use records::record::Event;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tests::gate::{Application, Gate};
use tests::processes::{Office, until};
use tests::running::Running;
use tests::{Officer, binary, write_passphrase};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixListener;

/// A change is felt within this long after it was told as done.
pub(crate) const FELT: Duration = Duration::from_secs(5);
pub(crate) const PROTOCOL: &str = "yinxin-tunnel";

const ROUTE: &str = "[[route]]\nmethod = \"CONNECT\"\npath = \"/database\"\n\
    action = \"connect\"\nzh = \"连接数据库\"\nen = \"connect to the database\"\n\n\
    [[route]]\nmethod = \"POST\"";
const HEAD: &str = "// Document exchange between departments. 部门间公文交换。";
const RULE: &str = "@id(\"office-connects\")\n@zh(\"办公室人员可以连接数据库。\")\n\
    @en(\"People of the office may connect to the database.\")\n\
    permit (principal in Unit::\"sz-office\", action == Action::\"connect\", resource);\n";

/// A gate with a tunnel to a socket, and rules that let the office through.
pub(crate) struct Tunnelled {
    pub(crate) office: Office,
    pub(crate) gate: Gate,
}

impl Tunnelled {
    async fn open(office: Office, socket: &str, settings: &str) -> Self {
        Self::with(office, socket, ("", settings)).await
    }

    /// With settings of the gate above those of its tunnel.
    pub(crate) async fn with(
        mut office: Office,
        socket: &str,
        (above, settings): (&str, &str),
    ) -> Self {
        office.joined(&["localhost"]).await;
        let port = office.port(23);
        office.configure_gate(&format!(
            "{above}[[tunnel]]\nname = \"database\"\nlisten = \"127.0.0.1:{port}\"\n\
             upstream = \"unix:{socket}\"\n{settings}"
        ));
        let application = Application::serve(office.port(14)).await;
        office.start("agent", &[]).await;
        let rule = format!("{HEAD}\n\n{RULE}");
        let changes = [
            ("exchange.toml", "[[route]]\nmethod = \"POST\"", ROUTE),
            ("exchange.cedar", HEAD, rule.as_str()),
        ];
        office.rules(2, &changes).await;
        Self { office, gate: Gate { port, application } }
    }

    /// Waits until the rules let somebody through.
    pub(crate) async fn until_open(&self, person: &Officer) {
        until("the rules let them through", async || self.says(person, b"hello").await).await;
    }

    /// Whether what is sent through comes back.
    pub(crate) async fn says(&self, person: &Officer, bytes: &[u8]) -> bool {
        let identity = Some(person.identity());
        let mut tunnel = self.gate.connect(&self.office, identity, "localhost", PROTOCOL).await;
        comes_back(&mut tunnel, bytes).await
    }

    /// All ends of tunnels, as the log has them.
    async fn ends(&self) -> Vec<Completion> {
        let records = self.office.access().await;
        let ends = records.into_iter().filter_map(|record| match record.event {
            Event::Completion(ended) => Some(ended),
            _ => None,
        });
        ends.collect()
    }
}

pub(crate) async fn comes_back<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    bytes: &[u8],
) -> bool {
    let mut back = vec![0; bytes.len()];
    let sent = stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok();
    sent && stream.read_exact(&mut back).await.is_ok() && back == bytes
}

/// An application that says what it hears, and how many connected to it.
pub(crate) fn echo(socket: &str) -> Arc<AtomicUsize> {
    let (listener, count) = (UnixListener::bind(socket).unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
                let _ = write.shutdown().await;
            });
        }
    });
    count
}

pub(crate) fn socket() -> (tempfile::TempDir, String) {
    // Its path must be short.
    let folder = tempfile::Builder::new().prefix("echo-").tempdir_in("/tmp").unwrap();
    let path = folder.path().join("app").display().to_string();
    (folder, path)
}

/// Who may connect reaches the application, with a record before and one behind that has the bytes
/// of both ways; who may not, shows no certificate, speaks HTTP or names another host does not.
#[tokio::test]
async fn a_tunnel_passes_by_rule_and_is_recorded() {
    let (_folder, path) = socket();
    let count = echo(&path);
    let settings = "alpn = \"postgresql\"\n";
    let stage = Tunnelled::open(Office::open().await, &path, settings).await;
    let person = stage.office.gate_official("王小明", "sz-office").await;
    let other = stage.office.gate_official("张财务", "sz-finance").await;
    stage.until_open(&person).await;

    let identity = Some(person.identity());
    let mut tunnel = stage.gate.connect(&stage.office, identity, "localhost", PROTOCOL).await;
    assert!(comes_back(&mut tunnel, &[7; 100_000]).await);
    // The end of one direction is passed on, and what comes then is still carried.
    tunnel.write_all(b"last").await.unwrap();
    tunnel.shutdown().await.unwrap();
    let mut rest = Vec::new();
    tunnel.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"last");
    until("the end is recorded with its bytes", async || {
        let whole = |end: &Completion| {
            (end.up, end.down, end.outcome.as_str()) == (100_004, 100_004, "done") && end.micros > 0
        };
        stage.ends().await.iter().any(whole)
    })
    .await;

    let before = count.load(Ordering::SeqCst);
    assert!(!stage.says(&other, b"hello").await, "no rule lets them through");
    let mut nobody = stage.gate.connect(&stage.office, None, "localhost", PROTOCOL).await;
    assert!(!comes_back(&mut nobody, b"hello").await, "without a certificate");
    assert!(stage.browser_is_refused(&person).await, "a browser was let in");
    let who = Some(person.identity());
    let mut named = stage.gate.connect(&stage.office, who, "localhost", "postgresql").await;
    assert!(comes_back(&mut named, b"hello").await, "who names what is set");
    drop(named);
    assert_eq!(count.load(Ordering::SeqCst), before + 1, "the application heard of somebody");

    until("who was turned away is in the log", async || {
        let records = stage.office.access().await;
        let denied = records.iter().any(|record| match &record.event {
            Event::Decision(denied) => {
                (denied.person.as_str(), denied.outcome.as_str())
                    == (other.person.as_str(), "not-permitted")
            }
            _ => false,
        });
        let nobody = records.iter().any(|record| match &record.event {
            Event::Turned(turned) => turned.code == "certificate-required",
            _ => false,
        });
        denied && nobody
    })
    .await;
    let records = stage.office.access().await;
    let permitted = records.iter().find_map(|record| match &record.event {
        Event::Decision(passed) if passed.outcome == "permitted" => Some(passed),
        _ => None,
    });
    let passed = permitted.unwrap();
    assert_eq!((passed.method.as_str(), passed.action.as_str()), ("CONNECT", "connect"));
    assert_eq!((passed.route.as_str(), passed.rule.as_str()), ("/database", "office-connects"));
    // The HTTP side knows no such request.
    let gate = Gate { port: stage.office.port(12), application: stage.gate.application.clone() };
    for head in [
        "CONNECT /database HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "CONNECT localhost:5432 HTTP/1.1\r\nHost: localhost:5432\r\n\r\n",
    ] {
        let answer = gate.raw(&stage.office, &person, head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
}

impl Tunnelled {
    /// Whether who offers HTTP and nothing else gets no connection.
    async fn browser_is_refused(&self, person: &Officer) -> bool {
        let root = self.office.trust.root_sha256.digest().unwrap();
        let config = mtls::tls::client(root, Some(person.identity())).unwrap();
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", self.gate.port)).await.unwrap();
        mtls::dial::shake(stream, "localhost", config).await.is_err()
    }
}

/// A loss cuts the tunnels of whoever lost their card, and nobody else's; so do rules that no
/// longer let them through.
#[tokio::test]
async fn a_tunnel_is_cut_when_it_is_no_longer_permitted() {
    let (_folder, path) = socket();
    let _count = echo(&path);
    let stage = Tunnelled::open(Office::open().await, &path, "").await;
    let (official, collected) = stage.office.official("李丹", "sz-office").await;
    let report = stage.office.loss_of(&official);
    let lost = stage.office.officer(official, &collected);
    let person = stage.office.gate_official("王小明", "sz-office").await;
    stage.until_open(&person).await;
    stage.until_open(&lost).await;
    let open = async |person: &Officer| {
        let identity = Some(person.identity());
        let mut tunnel = stage.gate.connect(&stage.office, identity, "localhost", PROTOCOL).await;
        assert!(comes_back(&mut tunnel, b"hello").await);
        tunnel
    };
    let (mut of_lost, mut others) = (open(&lost).await, open(&person).await);
    stage.office.report(&report).await;
    let started = Instant::now();
    let mut byte = [0];
    let ended = tokio::time::timeout(FELT, of_lost.read(&mut byte)).await;
    assert!(!matches!(ended.expect("it is cut"), Ok(1..)));
    assert!(started.elapsed() < FELT);
    assert!(comes_back(&mut others, b"still").await, "somebody else was cut");
    assert!(!stage.says(&lost, b"hello").await, "who lost it connects again");

    let rules = [("exchange.cedar", "sz-office", "sz-finance")];
    stage.office.rules(3, &rules).await;
    let ended = tokio::time::timeout(FELT * 4, others.read(&mut byte)).await;
    assert!(!matches!(ended.expect("new rules cut it"), Ok(1..)));
    until("both ends are recorded as cut", async || {
        stage.ends().await.iter().filter(|end| end.outcome == "cut").count() == 2
    })
    .await;
}

/// One certificate has so many connections of a tunnel, and one that is silent for too long ends.
#[tokio::test]
async fn a_tunnel_keeps_its_limits() {
    let (_folder, path) = socket();
    let _count = echo(&path);
    let settings = "connections_of_one = 2\nidle_seconds = 3\n";
    let stage = Tunnelled::open(Office::open().await, &path, settings).await;
    let person = stage.office.gate_official("王小明", "sz-office").await;
    stage.until_open(&person).await;
    let mut open = Vec::new();
    // Those before may still be ending.
    for _ in 0..100 {
        open.clear();
        let mut have = Vec::new();
        for _ in 0..3 {
            let who = Some(person.identity());
            let mut tunnel = stage.gate.connect(&stage.office, who, "localhost", PROTOCOL).await;
            have.push(comes_back(&mut tunnel, b"hello").await);
            open.push(tunnel);
        }
        if have == [true, true, false] {
            break;
        }
    }
    assert!(!comes_back(&mut open[2], b"hello").await, "a third one");
    let silent = tokio::time::timeout(FELT * 2, open[0].read(&mut [0])).await;
    assert!(!matches!(silent.expect("silence ends it"), Ok(1..)));
}

/// `psql`, which knows nothing of certificates of ours, asks a database behind a gate through a
/// port of its user's own computer.
#[tokio::test]
async fn psql_asks_a_database_through_a_tunnel() {
    let mut office = Office::founded_on_own_server();
    office.start_all().await;
    let address = office.database_address();
    let (rest, folder) = address.split_once("?host=").unwrap();
    let folder = folder.split('&').next().unwrap();
    let name = rest.rsplit_once('/').unwrap().1.to_owned();
    let user = rest.strip_prefix("postgres://").unwrap().split_once('@').unwrap().0.to_owned();
    let socket = format!("{folder}/.s.PGSQL.5432");
    let stage = Tunnelled::open(office, &socket, "").await;
    let person = stage.office.gate_official("王小明", "sz-office").await;
    let (cert, key) = (stage.office.path("wang.pem"), stage.office.path("wang.key"));
    let pem: String = person.chain.iter().map(pki::Certificate::pem).collect();
    std::fs::write(&cert, pem).unwrap();
    let passphrase = stage.office.path("wang.passphrase");
    write_passphrase(&passphrase);
    let secret = keys::passphrase_from_file(&passphrase).unwrap();
    keys::save(&key, &person.signer, &secret, keys::Stretch::Random).unwrap();
    let mut command = Command::new(binary("yinxin"));
    command.args(["--json", "connect", &format!("localhost:{}", stage.gate.port)]);
    command.arg("--cert").arg(&cert).arg("--key").arg(&key).arg("--passphrase-file");
    command.arg(&passphrase).arg("--trust").arg(stage.office.path("ca/trust.json"));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let _connect = Running::new(child);
    let told: Value = serde_json::from_str(&line).unwrap();
    let port = told["listen"].as_str().unwrap().rsplit_once(':').unwrap().1.to_owned();
    let asked = format!("host=127.0.0.1 port={port} user={user} dbname={name} sslmode=disable");
    let ask = || {
        let mut psql = Command::new("psql");
        psql.args([asked.as_str(), "-XAtc", "select 6 * 7"]).stdin(Stdio::null());
        let done = psql.output().expect("psql is there: make test-tools");
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    };
    until("the database answers", async || ask() == "42").await;
    until("it is in the log", async || stage.ends().await.iter().any(|end| end.outcome == "done"))
        .await;
}
