//! Where a gate forwards to: sockets, several places, TLS with certificates on both sides; and
//! nowhere else, whatever a request names.

use crate::http1_framing::{OWN, Stage};
use mtls::tls::{ClientAuth, Identity};
use rustls::time_provider::DefaultTimeProvider;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tests::gate::{AGENT, Application, Gate};
use tests::processes::{Office, until};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio_rustls::TlsAcceptor;

/// Who can send nothing for so long is held up.
const WHILE: Duration = Duration::from_secs(2);

/// The gate with its application elsewhere than where it joined.
pub(crate) async fn stage(mut office: Office, upstream: &str, more: &str) -> Stage {
    office.joined(&["localhost"]).await;
    let path = office.path("gate/agent.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let joined = format!("upstream = \"127.0.0.1:{}\"", office.port(14));
    assert!(text.contains(&joined), "{text}");
    let text = text.replace(&joined, &format!("upstream = {upstream}"));
    std::fs::write(&path, format!("{text}{more}")).unwrap();
    let application = Application::default();
    office.start("agent", &[]).await;
    let gate = Gate { port: office.port(12), application };
    let person = office.gate_official("王小明", "sz-office").await;
    Stage { office, gate, person }
}

/// Answers requests without a body with its own name.
async fn answers<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, name: &str) -> Option<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let length = name.len();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{name}");
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// An application is reached over a socket of the machine.
#[tokio::test]
async fn an_application_listens_on_a_socket() {
    let folder = tempfile::Builder::new().prefix("app-").tempdir_in("/tmp").unwrap();
    let path = folder.path().join("app.sock");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answers(stream, "socket"));
        }
    });
    let upstream = format!("\"unix:{}\"", path.display());
    let stage = stage(Office::open().await, &upstream, "").await;
    assert_eq!(stage.gate.get(&stage.office, &stage.person, OWN).await, (200, "socket".into()));
}

/// Of several places a dead one is left out, said on `/readyz`, and asked again once it lives; its
/// people are served by the others meanwhile.
#[tokio::test]
async fn one_of_several_places_may_die() {
    let office = Office::open().await;
    let places = [office.port(14), office.port(23)];
    let serve = |port: u16| {
        tokio::spawn(async move {
            let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move { answers(stream, &port.to_string()).await });
            }
        })
    };
    let (_first, second) = (serve(places[0]), serve(places[1]));
    let upstream = format!("[\"127.0.0.1:{}\", \"127.0.0.1:{}\"]", places[0], places[1]);
    let stage = stage(office, &upstream, "").await;
    let asked = async || stage.gate.get(&stage.office, &stage.person, OWN).await;
    let both = async |wanted: &[u16]| {
        let mut got: Vec<u16> = Vec::new();
        for _ in 0..4 {
            let (status, port) = asked().await;
            assert_eq!(status, 200, "{port}");
            got.push(port.parse().unwrap());
        }
        got.sort_unstable();
        got.dedup();
        got == wanted
    };
    assert!(both(&places).await, "people are spread");
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    assert!(both(&places[..1]).await, "the dead one is left out");
    let told = async |wanted: bool| {
        let answer = stage.office.admin("agent").get("/readyz").await.unwrap();
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        answer.status().is_success() && text.contains("is dead") == wanted
    };
    until("it is told", async || told(true).await).await;
    let _second = serve(places[1]);
    until("it is asked again", async || told(false).await && both(&places).await).await;
}

/// An application that speaks TLS sees the gate's certificate; one of another name is no
/// application, and gets no byte of a request.
#[tokio::test]
async fn an_application_sees_the_certificate_of_its_gate() {
    let office = Office::open().await;
    let made = rcgen::generate_simple_self_signed(vec!["app.internal".to_owned()]).unwrap();
    let pem = pki::certificate::pem("CERTIFICATE", made.cert.der());
    std::fs::write(office.path("app.pem"), pem).unwrap();
    let chain = vec![made.cert.der().to_vec()];
    let identity = Identity::from_der(chain, &made.signing_key.serialize_der()).unwrap();
    let root = office.first("officer-1").chain.last().unwrap().der().to_vec();
    let clients = ClientAuth::Required { root, clock: Arc::new(DefaultTimeProvider) };
    let tls = TlsAcceptor::from(mtls::tls::server(identity, &clients, &["http/1.1"]).unwrap());
    let listener = TcpListener::bind(("127.0.0.1", office.port(14))).await.unwrap();
    let shown: Arc<Mutex<Vec<String>>> = Arc::default();
    let heads = Arc::new(AtomicUsize::new(0));
    let (seen, counted) = (shown.clone(), heads.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, seen, counted) = (tls.clone(), seen.clone(), counted.clone());
            tokio::spawn(async move {
                let stream = tls.accept(stream).await.ok()?;
                let certificates = stream.get_ref().1.peer_certificates()?;
                let leaf = pki::Certificate::read(certificates.first()?).ok()?;
                seen.lock().unwrap().push(leaf.subject().common_name()?);
                counted.fetch_add(1, Ordering::SeqCst);
                answers(stream, "over TLS").await
            });
        }
    });
    let upstream = format!("\"127.0.0.1:{}\"", office.port(14));
    let of = |name: &str| format!("[upstream_tls]\nname = \"{name}\"\nroots = \"../app.pem\"\n");
    let mut stage = stage(office, &upstream, &of("app.internal")).await;
    let asked = stage.gate.get(&stage.office, &stage.person, OWN).await;
    assert_eq!(asked, (200, "over TLS".into()));
    assert_eq!(shown.lock().unwrap().last(), Some(&format!("{AGENT}/agent")));

    stage.office.stop("agent");
    let path = stage.office.path("gate/agent.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("app.internal", "other.internal")).unwrap();
    stage.office.start("agent", &[]).await;
    let before = heads.load(Ordering::SeqCst);
    let (status, page) = stage.gate.get(&stage.office, &stage.person, OWN).await;
    assert_eq!((status, page.contains("upstream-failed")), (502, true), "{page}");
    assert_eq!(heads.load(Ordering::SeqCst), before, "it spoke to somebody else");

    // Nor does one get a byte whose handshake does not agree on HTTP/2 where that is set.
    stage.office.stop("agent");
    let text = text.replacen("upstream = ", "upstream_protocol = \"h2\"\nupstream = ", 1);
    std::fs::write(&path, text).unwrap();
    stage.office.start("agent", &[]).await;
    let (status, page) = stage.gate.get(&stage.office, &stage.person, OWN).await;
    assert_eq!((status, page.contains("upstream-failed")), (502, true), "{page}");
    assert_eq!(heads.load(Ordering::SeqCst), before, "it spoke another protocol");
}

/// Whatever a request names, nothing but the application is connected to: a gate is no way to other
/// hosts.
#[tokio::test]
async fn nothing_makes_a_gate_an_open_proxy() {
    let stage = Stage::open().await;
    let other = stage.office.port(23);
    let decoy = TcpListener::bind(("127.0.0.1", other)).await.unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while decoy.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let there = format!("127.0.0.1:{other}");
    for (target, host) in [
        (format!("GET http://{there}/"), there.clone()),
        (format!("GET https://{there}/"), there.clone()),
        (format!("GET http://{there}{OWN}"), "localhost".into()),
        (format!("GET https://localhost@{there}{OWN}"), "localhost".into()),
        (format!("GET https://localhost:{other}@{there}{OWN}"), "localhost".into()),
        (format!("GET //{there}{OWN}"), "localhost".into()),
        (format!("GET @{there}{OWN}"), "localhost".into()),
        (format!("GET {there}{OWN}"), "localhost".into()),
        (format!("CONNECT {there}"), there.clone()),
        (format!("CONNECT {there}"), "localhost".into()),
        ("OPTIONS *".into(), "localhost".into()),
        (format!("GET {OWN}"), there.clone()),
        (format!("GET {OWN}"), format!("localhost@{there}")),
        (format!("GET {OWN}"), format!("{there}#localhost")),
        (format!("GET {OWN}"), format!("localhost, {there}")),
        (format!("GET {OWN}"), format!("localhost\r\nHost: {there}")),
    ] {
        let head = format!("{target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let (status, got) = stage.send(head.as_bytes()).await;
        assert!(matches!(status, 400 | 403 | 421 | 501), "{head}: {status}");
        assert_eq!(got, Vec::<String>::new(), "{head}");
    }
    // What only looks as if it led elsewhere arrives where everything does.
    let fields = format!("X-Forwarded-Host: {there}\r\nForwarded: host={there}\r\nX-Host: {there}");
    let head =
        format!("GET {OWN}?url=http://{there}/ HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n");
    let (status, got) = stage.send(head.as_bytes()).await;
    assert_eq!((status, got.len()), (200, 1));
    assert!(
        !got[0].contains(&format!("Host: {there}")) && !got[0].contains(&format!("host={there}"))
    );
    assert_eq!(count.load(Ordering::SeqCst), 0, "a gate led elsewhere");
}

/// An application that reads no more holds its person up: the gate takes in what its buffers hold,
/// and not the whole of an upload.
#[tokio::test]
async fn an_upload_waits_for_who_reads_it() {
    let office = Office::open().await;
    let listener = TcpListener::bind(("127.0.0.1", office.port(14))).await.unwrap();
    let (held, mut holds) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut first = [0; 64];
            let _ = stream.read_exact(&mut first).await;
            held.send(stream).unwrap();
        }
    });
    let upstream = format!("\"127.0.0.1:{}\"", office.port(14));
    let stage = stage(office, &upstream, "").await;
    let words = ["role", "grant", &stage.person.person, "unit-handler", "--scope", "sz-office"];
    let (order, _) = stage.office.draft(&words);
    stage.office.approve_by_security(&order).await;
    let all = 1_usize << 30;
    let head = format!(
        "POST /documents/sz-office HTTP/1.1\r\nHost: localhost\r\nContent-Length: {all}\r\n\r\n"
    );
    let piece = vec![7; 64 * 1024];
    let mut sent = 0;
    until("it uploads as a handler, and is held up", async || {
        let who = Some(stage.person.identity());
        let mut stream = stage.gate.connect(&stage.office, who, "localhost", "http/1.1").await;
        stream.write_all(head.as_bytes()).await.unwrap();
        sent = 0;
        loop {
            let writing = tokio::time::timeout(WHILE, stream.write_all(&piece)).await;
            match writing {
                Ok(Ok(())) => sent += piece.len(),
                // One who may not send yet is answered, and cut.
                Ok(Err(_)) => return false,
                Err(_) => return holds.try_recv().is_ok(),
            }
            assert!(sent < all / 8, "{sent} bytes went to nobody");
        }
    })
    .await;
    assert!(sent > 0);
}
