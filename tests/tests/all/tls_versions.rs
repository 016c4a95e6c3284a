//! TLS 1.2 at the gate: refused unless a gate is told otherwise, and then spoken in its sound form
//! only, recorded as what it is and proven like the rest.

use crate::evidence::{access_cases, evidence, is_found_out, judged, laid_again, search, tar};
use crate::http1_framing::{OWN, Stage};
use records::record::Event;
use tests::clients::ClientFiles;
use tests::processes::until;

const CLOSING: &str = "GET /documents/sz-office/2026-001 HTTP/1.1\r\nHost: localhost\r\n\
                       Connection: close\r\n\r\n";
/// For OpenSSL: TLS 1.2, and its input is what is sent.
const SEND: [&str; 2] = ["-tls1_2", "-ign_eof"];
const OLD_GNUTLS: &str = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
const OLD_JAVA: &str = "-Djdk.tls.client.protocols=TLSv1.2";
const ON: &str = "tls_min_version = \"1.2\"\n";

/// Clients that speak nothing newer than TLS 1.2: whether each was served, and what it said.
async fn old_clients(stage: &Stage, files: &ClientFiles) -> Vec<(&'static str, bool, String)> {
    let port = stage.gate.port;
    let (url, text) = (format!("https://localhost:{port}{OWN}"), port.to_string());
    let own = ["-sS", "-i", "--max-time", "20", "--tls-max", "1.2", "--cacert", &files.root];
    let shown = ["--cert", &files.chain, "--key", &files.key, &url];
    let mut all = Vec::new();
    for (name, version) in [("curl", "--http1.1"), ("curl over HTTP/2", "--http2")] {
        let words = [own.as_slice(), &[version], &shown].concat();
        let (is_well, said) = files.tried("curl", &words, "").await;
        all.push((name, is_well && said.contains(" 200"), said));
    }
    let (_, said) = files.s_client(port, &SEND, CLOSING).await;
    all.push(("openssl", said.contains("HTTP/1.1 200 OK"), said));
    let words = [&["--priority", OLD_GNUTLS], files.gnutls_words(&text).as_slice()].concat();
    let (_, said) = files.tried("gnutls-cli", &words, CLOSING).await;
    all.push(("gnutls-cli", said.contains("HTTP/1.1 200 OK"), said));
    let address = format!("https://localhost:{port}/documents/sz-office");
    let (_, said) = files.java_with(&[OLD_JAVA], "ExpectContinue", &[&address]).await;
    all.push(("java", said.contains("HTTP_2 200 - true"), said));
    all
}

/// Versions of TLS of the person's connections, as recorded.
async fn versions(stage: &Stage) -> Vec<String> {
    let records = stage.office.access().await.into_iter();
    let spoken = records.filter_map(|record| match record.event {
        Event::Connection(seen) => Some(seen.tls),
        _ => None,
    });
    spoken.collect()
}

/// How many connections the gate says that it opened over TLS 1.2.
async fn spoken(stage: &Stage) -> u64 {
    let metrics = stage.office.admin("agent").get("/metrics").await.unwrap();
    let text = String::from_utf8(metrics.into_body().to_vec()).unwrap();
    let line = text.lines().find(|line| line.contains("act=\"tls\",outcome=\"1.2\"")).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Unless its setting says otherwise a gate speaks TLS 1.3, and tells older clients so by an alert.
#[tokio::test]
async fn old_clients_get_an_alert_where_nothing_is_set() {
    let stage = Stage::open().await;
    let files = ClientFiles::of(&stage.office, &stage.person);
    for (name, is_served, said) in old_clients(&stage, &files).await {
        assert!(!is_served, "{name}: {said}");
        let said = said.to_lowercase();
        let is_told = said.contains("protocol version") || said.contains("protocol_version");
        assert!(is_told || said.contains("wrong version number"), "{name}: {said}");
    }
    let said = files.curl(&["-i", &format!("https://localhost:{}{OWN}", stage.gate.port)]).await;
    assert!(said.contains(" 200"), "{said}");
    until("the newer client alone is recorded", async || versions(&stage).await == ["1.3"]).await;
}

/// A gate that is told to serves them with ephemeral keys, AEAD and an extended master secret, and
/// never resumes or negotiates anew; all else is refused by an alert.
#[tokio::test]
async fn a_gate_that_is_told_to_serves_old_clients_in_the_sound_form_only() {
    let stage = Stage::set(ON).await;
    let (port, text) = (stage.gate.port, stage.gate.port.to_string());
    let files = ClientFiles::of(&stage.office, &stage.person);
    stage.may_send().await;
    for (name, is_served, said) in old_clients(&stage, &files).await {
        assert!(is_served, "{name}: {said}");
    }
    until("each is recorded as what it was", async || {
        versions(&stage).await.iter().filter(|version| *version == "1.2").count() >= 5
    })
    .await;
    for suite in ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"] {
        let (_, said) =
            files.s_client(port, &[&SEND[..], &["-cipher", suite]].concat(), CLOSING).await;
        assert!(said.contains("HTTP/1.1 200 OK") && said.contains(suite), "{suite}: {said}");
        assert!(said.contains("Extended master secret: yes"), "{said}");
        assert!(!said.contains("TLS session ticket:"), "{said}");
    }
    let before = spoken(&stage).await;
    for suite in ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256"] {
        let words = [&SEND[..], &["-cipher", suite]].concat();
        let (is_well, said) = files.s_client(port, &words, CLOSING).await;
        assert!(!is_well && said.contains("handshake failure"), "{suite}: {said}");
    }
    let (is_well, said) = files.s_client(port, &["-tls1_1", "-ign_eof"], CLOSING).await;
    assert!(!is_well && !said.contains("HTTP/1.1"), "{said}");
    let bare = format!("{OLD_GNUTLS}:%NO_SESSION_HASH");
    let words = [&["--priority", bare.as_str()], files.gnutls_words(&text).as_slice()].concat();
    let (is_well, said) = files.tried("gnutls-cli", &words, CLOSING).await;
    assert!(!is_well && said.contains("Handshake failed"), "{said}");
    assert!(before >= 7 && spoken(&stage).await == before, "one of them came in");
    let (_, said) = files.s_client(port, &[&SEND[..], &["-reconnect"]].concat(), CLOSING).await;
    assert!(said.contains("New, TLSv1.2") && !said.contains("Reused"), "{said}");
    let (_, said) = files.s_client(port, &["-tls1_2"], "R\n").await;
    assert!(said.contains("RENEGOTIATING") && said.contains("no renegotiation"), "{said}");
    let said = files.curl(&["-i", &format!("https://localhost:{port}{OWN}")]).await;
    assert!(said.contains(" 200"), "{said}");
    until("a newer client is recorded as one", async || {
        versions(&stage).await.last().is_some_and(|version| version == "1.3")
    })
    .await;
}

/// The messages that a client of TLS 1.2 signed are evidence: whole they prove the connection to
/// both verifiers, changed or left out they do not, and one handshake still makes one connection.
#[tokio::test]
async fn a_handshake_of_tls_1_2_is_proven_by_its_messages() {
    let mut stage = Stage::set(ON).await;
    let files = ClientFiles::of(&stage.office, &stage.person);
    let url = format!("https://localhost:{}{OWN}", stage.gate.port);
    // With the log away they are shipped together, under one head.
    stage.office.kill("log");
    files.curl(&["--tls-max", "1.2", &url, &url, &url, &url]).await;
    stage.office.start("log", &[]).await;
    let bundle = evidence(&stage.office, &stage.person, "evidence.tar").await;
    let path = stage.office.path("evidence.tar");
    let (ours, second, said) = judged(&stage.office, &path, true);
    assert_eq!((ours, second), (0, 0), "{said}");
    for word in ["TLS 1.2", "握手是否完成为网关", "name localhost"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let cases = access_cases(&bundle);
    // Three that open the connection, one that opens the decision, each changed and left out.
    let ends = |name: &str| name.ends_with(" disclosure") || name.ends_with(" undisclosed");
    let opening = cases.iter().filter(|case| ends(&case.name)).count();
    assert_eq!(opening, 8);
    for case in &cases {
        let path = stage.office.path("case.tar");
        tar(&path, &case.files);
        let (ours, second, said) = judged(&stage.office, &path, true);
        assert_eq!((ours, second), (case.wanted, case.wanted), "{}: {said}", case.name);
    }
    let found = search(&stage.office, &["--person", &stage.person.person, "--kind", "connection"]);
    let told = found.iter().any(|line| line.to_string().contains("TLS 1.2"));
    assert!(told, "{found:?}");
    let (log, message, ..) = laid_again(&mut stage.office, &stage.person).await;
    log.spool(&message).await.unwrap();
    until("the log holds it", async || {
        let words = ["--person", &stage.person.person, "--kind", "connection"];
        search(&stage.office, &words).len() > found.len()
    })
    .await;
    is_found_out(&stage.office, &stage.person);
}
