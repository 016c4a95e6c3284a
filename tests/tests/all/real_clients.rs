//! Clients and applications as they are: what they may do by the standards reaches the other side,
//! through the programs that people use.

use crate::http1_framing::{OWN, PREFACE, Stage, frame};
use records::record::Event;
use std::time::Duration;
use tests::clients::ClientFiles;
use tests::gate::{ANSWER, get2, status};
use tests::processes::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const FOLDER: &str = "/documents/sz-office";

fn url(stage: &Stage, path: &str) -> String {
    format!("https://localhost:{}{path}", stage.gate.port)
}

/// How requests ended, in the order of their ends.
async fn outcomes(stage: &Stage) -> Vec<(String, u16)> {
    let records = stage.office.access().await.into_iter();
    let ended = records.filter_map(|record| match record.event {
        Event::Completion(completion) => Some((completion.outcome, completion.status)),
        _ => None,
    });
    ended.collect()
}

/// Answers whose framing contradicts itself are framed anew: over both protocols a person gets what
/// the chunks hold, and nobody is blamed. One that cannot be read is the application's failure.
#[tokio::test]
async fn answers_are_framed_anew() {
    let stage = Stage::open().await;
    let files = ClientFiles::of(&stage.office, &stage.person);
    let chunks = "5\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: dropped\r\n\r\n";
    let mut h2 = stage.gate.h2(&stage.office, &stage.person).await;
    let lengths = ["3", "300", "11, 3", "3\r\nContent-Length: 5", "x", "-1"];
    for length in lengths {
        for first in [true, false] {
            let (te, cl) =
                ("Transfer-Encoding: chunked\r\n", format!("Content-Length: {length}\r\n"));
            let fields = if first { format!("{te}{cl}") } else { format!("{cl}{te}") };
            let answer = format!("HTTP/1.1 200 OK\r\n{fields}\r\n{chunks}");
            stage.gate.application.script(OWN, answer.as_bytes());
            let got = stage.gate.raw(&stage.office, &stage.person, &get(OWN)).await;
            let (head, body) = got.split_once("\r\n\r\n").unwrap();
            assert!(!head.to_lowercase().contains("content-length"), "{length}: {head}");
            assert!(body.contains("hello") && body.ends_with("0\r\n\r\n"), "{length}: {body}");
            assert_eq!(get2(&mut h2, OWN).await, (200, "hello world".into()), "{length}");
        }
    }
    for protocol in ["--http1.1", "--http2"] {
        let page = files.curl(&[protocol, &url(&stage, OWN)]).await;
        assert_eq!(page, "hello world", "{protocol}");
    }
    let count = lengths.len() * 4 + 2;
    until("every one ended well", async || {
        outcomes(&stage).await == vec![("done".to_owned(), 200); count]
    })
    .await;
    for fields in [
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Content-Length: 3\r\nContent-Length: 5\r\n",
        "Content-Length: 3, 5\r\n",
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{fields}\r\n{chunks}");
        stage.gate.application.script(OWN, answer.as_bytes());
        let (status, page) = get2(&mut h2, OWN).await;
        assert_eq!((status, page.contains("upstream-failed")), (502, true), "{fields}");
    }
    until("the application is blamed", async || {
        let ended = outcomes(&stage).await;
        ended.get(count..) == Some(vec![("upstream-error".to_owned(), 502); 4].as_slice())
    })
    .await;
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").into_bytes()
}

/// Heads as real applications send them pass; one beyond the limits is told as that. HEAD has the
/// fields of GET and no body.
#[tokio::test]
async fn heads_of_real_applications_pass() {
    let stage = Stage::open().await;
    let files = ClientFiles::of(&stage.office, &stage.person);
    let script = |fields: String| {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n{fields}\r\nbody");
        stage.gate.application.script(OWN, answer.as_bytes());
    };
    let many = |count: usize, name: &str| -> String {
        (0..count).map(|n| format!("{name}: n{n}={n}\r\n")).collect()
    };
    let big = format!("Set-Cookie: big={}\r\n", "a".repeat(17_000));
    for fields in [big, many(120, "Set-Cookie"), many(110, "X-Field")] {
        script(fields.clone());
        for protocol in ["--http1.1", "--http2"] {
            let got = files.curl(&[protocol, "-i", &url(&stage, OWN)]).await;
            assert!(got.ends_with("\r\n\r\nbody"), "{protocol}");
            let names = [got.matches("set-cookie: ").count(), got.matches("x-field: ").count()];
            let sent = ["Set-Cookie: ", "X-Field: "].map(|name| fields.matches(name).count());
            assert_eq!(names, sent, "{protocol}");
        }
    }
    script(many(600, "Set-Cookie"));
    let got = files.curl(&["-i", &url(&stage, OWN)]).await;
    assert!(got.starts_with("HTTP/2 502") && got.contains("answer-too-large"), "{got}");
    assert!(got.contains("yinxin-limit: answer_head_bytes=131072, answer_fields=512"), "{got}");

    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nX-Field: kept\r\n\r\n";
    stage.gate.application.script(OWN, head.as_bytes());
    for protocol in ["--http1.1", "--http2"] {
        let got = files.curl(&[protocol, "-I", &url(&stage, OWN)]).await;
        assert!(got.contains(" 200") && got.contains("x-field: kept"), "{protocol}: {got}");
        assert!(got.contains("content-length: 1234"), "{protocol}: {got}");
        assert!(stage.gate.application.last().starts_with("HEAD "), "{protocol}");
    }
    let unchanged = "HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\nETag: \"a\"\r\n\r\n";
    stage.gate.application.script(OWN, unchanged.as_bytes());
    let got = files.curl(&["-i", &url(&stage, OWN)]).await;
    assert!(got.starts_with("HTTP/2 304") && got.contains("etag: \"a\""), "{got}");

    // A part passes as it comes, and what is said before an answer is not passed on.
    let part = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/8\r\n\
                Content-Length: 4\r\n\r\nbody";
    let hint = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";
    stage.gate.application.script(OWN, format!("{hint}{part}").as_bytes());
    for protocol in ["--http1.1", "--http2"] {
        let got = files.curl(&[protocol, "-i", "-r", "0-3", &url(&stage, OWN)]).await;
        assert!(got.contains(" 206") && got.contains("content-range: bytes 0-3/8"), "{got}");
        assert!(got.ends_with("\r\n\r\nbody") && !got.contains("preload"), "{got}");
        let asked = stage.gate.application.last().to_lowercase();
        assert!(asked.contains("\r\nrange: bytes=0-3\r\n"), "{asked}");
    }
}

/// Who waits for 100 before sending gets it, or the final status, at once; who expects something
/// else is told.
#[tokio::test]
async fn expectations_are_answered_at_once() {
    let stage = Stage::open().await;
    stage.may_send().await;
    let files = ClientFiles::of(&stage.office, &stage.person);
    let (allowed, refused) = (url(&stage, FOLDER), url(&stage, "/documents/sz-finance"));
    let began = std::time::Instant::now();
    let said = files.java("ExpectContinue", &[&allowed]).await;
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines, ["HTTP_1_1 200 - true", "HTTP_2 200 - true"]);
    assert!(began.elapsed() < Duration::from_secs(28), "somebody waited in vain");
    for protocol in ["--http1.1", "--http2"] {
        // Longer than the test may take: only an answer makes it send.
        let words = [protocol, "-v", "--stderr", "-", "--expect100-timeout", "60"];
        let more = ["-H", "Expect: 100-continue", "-d", "hello", &allowed];
        let got = files.curl(&[words.as_slice(), &more].concat()).await;
        assert!(got.contains(" 100") && got.contains("\r\n\r\nhello"), "{protocol}: {got}");
        let before = stage.gate.application.count();
        let more = ["-i", "-H", "Expect: 100-continue", "-d", "hello", &refused];
        let got = files.curl(&[words.as_slice(), &more].concat()).await;
        assert!(got.contains(" 403") && got.contains("not-permitted"), "{protocol}: {got}");
        let words = [protocol, "-i", "-H", "Expect: wonders", "-d", "hello", &allowed];
        let got = files.curl(&words).await;
        assert!(got.contains(" 417") && got.contains("expectation-unknown"), "{protocol}: {got}");
        assert_eq!(stage.gate.application.count(), before);
    }
}

/// One who sends no more still wants its answer.
#[tokio::test]
async fn half_closed_requests_are_answered() {
    let stage = Stage::open().await;
    let files = ClientFiles::of(&stage.office, &stage.person);
    let request = String::from_utf8(get(OWN)).unwrap();
    let said = files.gnutls(stage.gate.port, &request).await;
    assert!(said.contains("HTTP/1.1 200 OK") && said.contains("yinxin-identity: "), "{said}");
    let connect = async |alpn| {
        let identity = Some(stage.person.identity());
        stage.gate.connect(&stage.office, identity, "localhost", alpn).await
    };
    // Keep-alive or not, with a word of TLS before the end or without.
    let keep = format!("GET {OWN} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    for head in [&request, &keep] {
        for polite in [true, false] {
            let mut stream = connect("http/1.1").await;
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            if polite {
                stream.shutdown().await.unwrap();
            } else {
                stream.get_mut().0.shutdown().await.unwrap();
            }
            let mut answer = Vec::new();
            let read = stream.read_to_end(&mut answer);
            let ended = tokio::time::timeout(ANSWER, read).await;
            assert!(ended.is_ok(), "the connection stays open");
            assert_eq!(status(&String::from_utf8_lossy(&answer)), 200, "polite: {polite}");
        }
    }
    let mut stream = connect("h2").await;
    let block = [b"\x82\x87\x04\x1d".as_slice(), OWN.as_bytes(), b"\x41\x09localhost"].concat();
    stream.write_all(&[PREFACE, &frame(1, 5, 1, &block)].concat()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    tokio::time::timeout(ANSWER, read).await.expect("the connection stays open").unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.contains("yinxin-identity: "), "{answer}");
    until("all are recorded as done", async || {
        outcomes(&stage).await == vec![("done".to_owned(), 200); 6]
    })
    .await;
}

/// Escapes of reserved characters arrive as they came, and so does a raw query; what the rules read
/// is one thing. The application knows how it was reached, by the gate's word alone.
#[tokio::test]
async fn targets_and_origins_arrive() {
    let stage = Stage::open().await;
    let files = ClientFiles::of(&stage.office, &stage.person);
    for (path, arrives) in [
        ("/a%2Bb%26c%3Dd%3Ae%2Cf%40g", "/a%2Bb%26c%3Dd%3Ae%2Cf%40g"),
        ("/a+b&c=d:e,f@g", "/a+b&c=d:e,f@g"),
        ("/a%2bb%7e%41", "/a%2Bb~A"),
        ("/a?q=%2B+%26&x=a%20b", "/a?q=%2B+%26&x=a%20b"),
        ("/a?q=公文&x={1}", "/a?q=%E5%85%AC%E6%96%87&x={1}"),
    ] {
        let request = format!("GET {FOLDER}{path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let (status, got) = stage.send(request.as_bytes()).await;
        assert_eq!(status, 200, "{path}");
        let wanted = format!("GET {FOLDER}{arrives} HTTP/1.1\r\n");
        assert!(got[0].starts_with(&wanted), "{path}: {}", got[0]);
    }
    let lines =
        files.node("requests", &[&url(&stage, ""), &format!("GET {FOLDER}/a%2Bb%2Cc?q=%2B")]).await;
    assert!(lines.contains(&format!("GET {FOLDER}/a%2Bb%2Cc?q=%2B ")), "{lines}");

    let forged = [
        "Forwarded: for=forged",
        "X-Forwarded-For: forged",
        "X-Forwarded-Host: forged",
        "X-Forwarded-Proto: forged",
        "X_Forwarded_Proto: forged",
        "X-Forwarded_Host: forged",
        "X-Forwarded: forged",
        "Connection: X-Forwarded-Proto, Forwarded",
    ];
    for protocol in ["--http1.1", "--http2"] {
        let mut words = vec![protocol.to_owned(), url(&stage, OWN)];
        words.extend(forged.iter().flat_map(|field| ["-H".to_owned(), (*field).to_owned()]));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let got = files.curl(&words).await.to_lowercase();
        let host = format!("localhost:{}", stage.gate.port);
        for field in [
            format!("\r\nforwarded: for=127.0.0.1;host=\"{host}\";proto=https\r\n"),
            "\r\nx-forwarded-for: 127.0.0.1\r\n".to_owned(),
            format!("\r\nx-forwarded-host: {host}\r\n"),
            "\r\nx-forwarded-proto: https\r\n".to_owned(),
        ] {
            assert!(got.contains(&field), "{protocol}: {field} {got}");
        }
        assert!(!got.contains("forged") && got.matches("forwarded").count() == 4, "{got}");
    }
}

/// An application that has seen enough answers before the upload is over, and is heard.
#[tokio::test]
async fn an_early_answer_is_heard_over_an_upload() {
    let stage = Stage::open().await;
    stage.may_send().await;
    let files = ClientFiles::of(&stage.office, &stage.person);
    stage
        .gate
        .application
        .answer_early(FOLDER, b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 6\r\n\r\nenough");
    let upload = stage.office.path("upload");
    std::fs::write(&upload, vec![b'x'; 4 * 1024 * 1024]).unwrap();
    let data = format!("@{}", upload.display());
    for protocol in ["--http1.1", "--http2"] {
        let words = [protocol, "-i", "--data-binary", &data, "-H", "Expect:", &url(&stage, FOLDER)];
        let got = files.curl(&words).await;
        assert!(got.contains(" 413") && got.ends_with("enough"), "{protocol}: {got}");
    }
}

/// Python's standard library, with nothing beside it, keeps one connection over everything that the
/// standards let a client do, and over a refusal.
#[tokio::test]
async fn python_speaks_to_a_gate() {
    let stage = Stage::open().await;
    stage.may_send().await;
    let files = ClientFiles::of(&stage.office, &stage.person);
    let before = stage.gate.application.count();
    let said = files.python("requests", &[&stage.gate.port.to_string(), FOLDER]).await;
    let answers: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let status: Vec<u64> = answers.iter().map(|one| one["status"].as_u64().unwrap()).collect();
    assert_eq!(status, [200, 200, 200, 200, 200, 200, 403, 200, 200], "{said}");
    let body = |at: usize| answers[at]["body"].as_str().unwrap();
    assert!(body(0).starts_with(&format!("GET {OWN} HTTP/1.1\r\n")), "{said}");
    let escaped = format!("GET {FOLDER}/a%2Bb%2Cc?q=%2B+x HTTP/1.1\r\n");
    assert!(body(1).starts_with(&escaped), "{said}");
    assert!(body(2).is_empty() && answers[2]["length"].is_string(), "{said}");
    assert!(body(3).ends_with("\r\n\r\nhello"), "{said}");
    assert!(body(4).contains("hel") && body(4).contains("lo"), "{said}");
    // What the gate has answered itself the application is not asked again.
    assert!(body(5).ends_with("hello") && !body(5).to_lowercase().contains("expect:"), "{said}");
    assert_eq!(answers[6]["code"], "not-permitted");
    assert_eq!(stage.gate.application.count() - before, 8);
}

/// Clients send more certificates than a path needs, in whatever order, and others' too: at a gate
/// and at the staff host their own one counts, over both protocols.
#[tokio::test]
async fn more_certificates_than_needed_do_no_harm() {
    let stage = Stage::open().await;
    let officer = stage.office.first("officer-1");
    let staff = format!("{}/certificate", stage.office.trust.portal_staff);
    let foreign = tests::foreign::WebCa::new();
    for (who, address) in [(&stage.person, url(&stage, OWN)), (&officer, staff)] {
        let files = ClientFiles::of(&stage.office, who);
        let chain = std::fs::read_to_string(&files.chain).unwrap();
        let end = "-----END CERTIFICATE-----\n";
        let own: Vec<&str> = chain.split_inclusive(end).collect();
        let [leaf, between @ ..] = own.as_slice() else { panic!("no chain") };
        let between = between.concat();
        let backwards: String = own[1..].iter().rev().copied().collect();
        for sent in [
            format!("{leaf}{backwards}"),
            format!("{leaf}{between}{between}{leaf}"),
            format!("{leaf}{}{between}", foreign.root()),
            format!("{leaf}{between}{}", foreign.root().repeat(8)),
        ] {
            std::fs::write(&files.chain, &sent).unwrap();
            for protocol in ["--http1.1", "--http2"] {
                let got = files.curl(&[protocol, "-i", &address]).await;
                assert!(got.lines().next().unwrap().contains(" 200"), "{protocol}: {got}");
            }
        }
    }
}

/// A route that names OPTIONS passes over both protocols like any other, with a record and a token
/// that say so; the same request beside it does not.
#[tokio::test]
async fn options_passes_where_a_route_names_it() {
    let stage = Stage::open().await;
    let files = ClientFiles::of(&stage.office, &stage.person);
    let asked = async |protocol: &str, path: &str| {
        files.curl(&[protocol, "-i", "-X", "OPTIONS", &url(&stage, path)]).await
    };
    let refused = asked("--http1.1", OWN).await;
    assert!(refused.contains(" 403") && refused.contains("route-unknown"), "{refused}");
    let routes = [("exchange.toml", "[[route]]\nmethod = \"POST\"", OPTIONS)];
    stage.office.rules(2, &routes).await;
    for protocol in ["--http1.1", "--http2"] {
        until("the route is there", async || asked(protocol, OWN).await.contains(" 200")).await;
        let got = stage.gate.application.last();
        assert!(got.starts_with(&format!("OPTIONS {OWN} HTTP/1.1\r\n")), "{protocol}: {got}");
        let token = got.lines().find_map(|line| line.strip_prefix("yinxin-identity: ")).unwrap();
        let claims =
            data_encoding::BASE64URL_NOPAD.decode(token.split('.').nth(1).unwrap().as_bytes());
        let claims: serde_json::Value = serde_json::from_slice(&claims.unwrap()).unwrap();
        assert!(claims.to_string().contains("\"OPTIONS\""), "{protocol}: {claims}");
        let beside = asked(protocol, "/documents/sz-office").await;
        assert!(beside.contains(" 403") && beside.contains("route-unknown"), "{beside}");
        let others = asked(protocol, "/documents/sz-finance/2026-001").await;
        assert!(others.contains(" 403") && others.contains("not-permitted"), "{others}");
    }
    until("each has its record", async || {
        let records = stage.office.access().await.into_iter();
        let decided = records.filter(|record| {
            matches!(&record.event, Event::Decision(one)
                if one.outcome == "permitted" && one.method == "OPTIONS")
        });
        decided.count() >= 2
    })
    .await;
}

const OPTIONS: &str = "[[route]]\nmethod = \"OPTIONS\"\n\
    path = \"/documents/{unit}/{document}\"\naction = \"read\"\n\
    resource = \"{unit}/{document}\"\nunit = \"{unit}\"\n\
    zh = \"询问\"\nen = \"ask what may be done\"\n\n[[route]]\nmethod = \"POST\"";
