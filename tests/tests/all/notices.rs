//! Notices: what the log says happened in somebody's name reaches them by mail, by a gateway for
//! short messages, and into the spool folder, once each, whatever is killed or away meanwhile.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tests::people::code;
use tests::processes::until;
use tests::{Office, Official, Running, binary, workspace};

/// A server that a story runs beside the city.
struct Server {
    folder: tempfile::TempDir,
    running: Option<Running>,
}

impl Server {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), running: None }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts it and waits until it listens.
    async fn start(&mut self, program: &str, words: &[String]) {
        let _ = std::fs::remove_file(self.at("ready"));
        let mut command = Command::new(workspace().join(".tools/venv/bin/python3"));
        command.arg(workspace().join("tests/clients").join(program)).arg(self.folder.path());
        let log = std::fs::File::create(self.at("log")).unwrap();
        let child = command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.running = Some(Running::new(child.spawn().unwrap()));
        until("it listens", async || {
            let ended = self.running.as_mut().unwrap().child().try_wait().unwrap();
            let log = std::fs::read_to_string(self.at("log")).unwrap();
            assert!(ended.is_none(), "{program} ended: {log}");
            self.at("ready").exists()
        })
        .await;
    }

    fn kill(&mut self) {
        self.running.take().unwrap().kill();
    }

    /// What it took, a line each; a line that it is writing is none yet.
    fn took(&self, name: &str) -> Vec<Value> {
        let bytes = std::fs::read(self.at(name)).unwrap_or_default();
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let whole = lines.filter(|line| line.ends_with(b"\n"));
        whole.map(|line| serde_json::from_slice(line).unwrap()).collect()
    }
}

impl Drop for Server {
    /// It keeps nothing that is worth a gentle end, and Python hears no interrupt where whoever
    /// started the tests ignores it.
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
    }
}

/// Adds sections to `ca.toml`, behind those that are there.
fn configure(office: &Office, more: &str) {
    let path = office.path("ca/ca.toml");
    let mut text = std::fs::read_to_string(&path).unwrap();
    writeln!(text, "\n{more}").unwrap();
    std::fs::write(path, text).unwrap();
}

fn mail_section(office: &Office, mailbox: &Server, port: u16) -> String {
    let password = office.path("ca/notices/mail.password");
    system::file::create_private(&password, b"secret\n").unwrap();
    format!(
        "[notices.mail]\nserver = \"localhost\"\nport = {port}\ntls = \"starttls\"\n\
         roots = \"{}\"\nfrom = \"ca@shangluo.example\"\nuser = \"ca\"\n\
         password_file = \"notices/mail.password\"\n",
        mailbox.at("root.pem").display()
    )
}

/// Registers somebody with a mail address.
async fn with_mail(office: &Office, name: &str, mail: &str) -> String {
    let words = ["person", "create", "--name", name, "--unit", "sz-office", "--mail", mail];
    let words = [&words[..], &["--evidence", "papers seen"]].concat();
    let (order, person) = office.draft(&words);
    office.approve_by_both(&order).await;
    person
}

/// Every mail to an address by its id: how often it came, and what it says.
fn mails(mailbox: &Server, to: &str) -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for mail in mailbox.took("mails.jsonl") {
        if mail["to"] == serde_json::json!([to]) {
            found.entry(mail["id"].as_str().unwrap().to_owned()).or_default().push(mail);
        }
    }
    found
}

/// What the log says became of the notices to somebody: channel, kind, outcome.
async fn recorded(office: &Office, person: &str) -> Vec<(String, String, String)> {
    let records = office.of_log("access").await;
    let told = records.into_iter().filter_map(|record| match record.event {
        records::record::Event::Notified { about, person: who, channel, outcome, .. } => {
            (who == person).then_some((channel, about, outcome))
        }
        _ => None,
    });
    told.collect()
}

/// Without more each notice is a private file of the host; an operator sees what became of it.
#[tokio::test]
async fn notices_lie_in_the_spool_folder_by_default() {
    let mut office = Office::open().await;
    office.start("notices", &[]).await;
    let (official, _) = office.official("王小明", "sz-office").await;
    let person = &official.letter.person;
    let files = || -> Vec<Value> {
        let entries = std::fs::read_dir(office.path("ca/notices/spool")).unwrap();
        let read = |path: PathBuf| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let all = entries.map(|entry| entry.unwrap().path());
        let files = all.filter(|path| path.extension().is_some_and(|end| end == "json"));
        let mut said: Vec<Value> = files.map(read).collect();
        said.retain(|one| one["person"] == person.as_str());
        said
    };
    until("all three are there", async || files().len() >= 3).await;
    let kinds: BTreeSet<String> =
        files().iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["asked", "issued", "letter"].map(str::to_owned).into());
    for one in files() {
        assert_eq!(one["name"], "王小明");
        let text = one["text"].as_str().unwrap();
        assert!(!text.contains(&official.letter.code) && text.contains("商洛市"), "{text}");
    }
    until("it is recorded", async || recorded(&office, person).await.len() == 3).await;
    let listed = office.ca_json(&["notice", "list", person]);
    let listed = listed["notices"].as_array().unwrap();
    assert!(listed.len() == 3 && listed.iter().all(|one| one["state"] == "sent"), "{listed:?}");

    // The holder hears of a loss as well.
    office.report_lost(&official).await;
    until("the revocation is told", async || files().iter().any(|one| one["kind"] == "revoked"))
        .await;
}

/// Killed at each step between the record and the channel: everybody hears everything, and a
/// notice that comes twice has one id. The mail server asks for STARTTLS and a password; the
/// gateway checks each signature itself.
#[tokio::test]
async fn notices_reach_everybody_once_whatever_is_killed() {
    let mut office = Office::open().await;
    let (mut mailbox, mut gateway) = (Server::new(), Server::new());
    let (smtp, sms) = (office.port(12), office.port(13));
    mailbox.start("mailbox.py", &[smtp.to_string()]).await;
    let secret = office.path("ca/notices/webhook.secret").display().to_string();
    gateway.start("gateway.py", &[sms.to_string(), secret]).await;
    configure(&office, &mail_section(&office, &mailbox, smtp));
    let url = format!("[notices.webhook]\nurl = \"http://127.0.0.1:{sms}/sms\"\n");
    configure(&office, &url);
    let tried = office.ca_json(&["notice", "test", "--to", "trial@shangluo.example"]);
    assert_eq!(tried["channels"].as_array().unwrap().len(), 2, "{tried}");

    let steps = [
        "notices-before-commit",
        "notices-after-commit",
        "notices-marked",
        "notice-handed-over",
        "notice-settled",
    ];
    for (at, step) in steps.into_iter().enumerate() {
        let to = format!("wang{at}@shangluo.example");
        let person = with_mail(&office, "王小明", &to).await;
        office.spawn("notices", &[("YINXIN_CRASH_AT", step)]);
        let official = office.letter(&person, "official");
        office.apply(&official).await;
        office.ended("notices").await;
        office.start("notices", &[]).await;
        let of_gateway = || -> Vec<Value> {
            let took = gateway.took("messages.jsonl");
            took.into_iter().filter(|one| one["person"] == person.as_str()).collect()
        };
        until("it is told by both", async || {
            mails(&mailbox, &to).len() >= 2 && of_gateway().len() >= 2
        })
        .await;
        until("it is recorded", async || recorded(&office, &person).await.len() >= 4).await;
        office.stop("notices");
        let mut became = recorded(&office, &person).await;
        became.sort();
        let expected =
            [("mail", "asked"), ("mail", "letter"), ("webhook", "asked"), ("webhook", "letter")];
        let expected = expected.map(|(channel, kind)| (channel.into(), kind.into(), "done".into()));
        assert_eq!(became, expected, "{step}: recorded once each");
        let ids: BTreeSet<String> =
            of_gateway().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(ids.len(), 2, "{step}");
        let by_mail = mails(&mailbox, &to);
        assert_eq!(by_mail.len(), 2, "{step}: {by_mail:?}");
        for (id, mails) in &by_mail {
            assert!(mails.len() <= 2, "{step}: {mails:?}");
            assert!(mails.windows(2).all(|two| two[0] == two[1]), "{step}: not the same mail");
            let hex = id.trim_start_matches('<').split('@').next().unwrap();
            assert!(ids.contains(hex), "one notice has one name: {id}");
        }
    }
    assert_eq!(gateway.took("refused.jsonl"), Vec::<Value>::new());

    // What a hand writes into the outbox is sent to nobody.
    let database = office.database().await;
    let forged = "insert into notice select mac, channel, person_id, notice, mac, made, 'waiting', \
                  0, 0 from notice where channel = 'mail' limit 1";
    sqlx::query(forged).execute(&database).await.unwrap();
    let before = mailbox.took("mails.jsonl").len();
    office.start("notices", &[]).await;
    until("it is set aside", async || {
        let sql = "select count(*) from notice where state = 'waiting'";
        let left: (i64,) = sqlx::query_as(sql).fetch_one(&database).await.unwrap();
        left.0 == 0
    })
    .await;
    assert_eq!(mailbox.took("mails.jsonl").len(), before);
}

/// A mail server that is away holds nothing up, and is told. A name with the signs that names may
/// have is the salutation as it is; hostile replies stay text.
#[tokio::test]
async fn a_mail_server_that_is_away_holds_nothing_up() {
    let mut office = Office::open().await;
    let (mut mailbox, smtp) = (Server::new(), office.port(12));
    // Started once for its certificate, and gone.
    mailbox.start("mailbox.py", &[smtp.to_string()]).await;
    mailbox.kill();
    configure(&office, &mail_section(&office, &mailbox, smtp));
    office.start("notices", &[]).await;
    let name = "王'b·小-明 J.";
    let li = with_mail(&office, name, "li@shangluo.example").await;
    let nobody = with_mail(&office, "赵无人", "nobody@shangluo.example").await;
    let silent = office.register("钱无箱", "sz-office").await;
    let letters: Vec<_> =
        [&li, &nobody, &silent].into_iter().map(|one| office.letter(one, "official")).collect();
    let told = office.admin("notices");
    until("it is told, and the role is ready all the same", async || {
        let answer = told.get("/readyz").await.unwrap();
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        answer.status() == 200 && text.contains("mail") && text.contains("takes no notices")
    })
    .await;
    // Everything else goes on.
    let order = office.apply(&letters[0]).await;
    office.approve_by_both(&order).await;
    office.collect(&letters[0]).await;
    office.report_lost(&letters[0]).await;

    mailbox.start("mailbox.py", &[smtp.to_string()]).await;
    until("all of it arrives", async || mails(&mailbox, "li@shangluo.example").len() >= 4).await;
    for mails in mails(&mailbox, "li@shangluo.example").values() {
        let mail = &mails[0];
        assert_eq!((&mail["tls"], &mail["parts"]), (&true.into(), &false.into()));
        assert_eq!(
            (&mail["type"], &mail["header_to"]),
            (&"text/plain".into(), &"li@shangluo.example".into())
        );
        assert!(mail["text"].as_str().unwrap().starts_with(name), "{mail}");
        let headers = mail["headers"].as_array().unwrap();
        for header in ["bcc", "cc", "reply-to"] {
            assert!(!headers.contains(&header.into()), "{headers:?}");
        }
        assert!(headers.contains(&"auto-submitted".into()), "{headers:?}");
    }
    until("those who cannot be reached are recorded", async || {
        let refused = recorded(&office, &nobody).await;
        let without = recorded(&office, &silent).await;
        let own = |list: &[(String, String, String)], what: &str| {
            list.iter().any(|(_, kind, outcome)| kind == "letter" && outcome == what)
        };
        own(&refused, "refused") && own(&without, "no-address")
    })
    .await;
    let log = office.log("notices");
    assert!(!log.contains('\u{1b}'), "{log}");
    let bytes = std::fs::read(office.path("notices.log")).unwrap();
    assert!(!bytes.contains(&0x1b), "a server steers no terminal");
}

/// A gateway whose door, path or certificate somebody changed refuses no notice by that: it is told
/// on `/readyz`, and whatever waited arrives once that is mended.
#[tokio::test]
async fn a_gateway_that_is_set_up_wrongly_loses_no_notice() {
    let mut office = Office::open().await;
    let gateway = tests::gate::Application::serve(office.port(13)).await;
    let answers = |status: &str| {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        gateway.script("/sms", answer.as_bytes());
    };
    let url = format!("[notices.webhook]\nurl = \"http://127.0.0.1:{}/sms\"\n", office.port(13));
    configure(&office, &url);
    answers("401 Unauthorized");
    office.start("notices", &[]).await;
    let person = office.register("王小明", "sz-office").await;
    office.letter(&person, "official");
    let told = office.admin("notices");
    for (status, next) in [
        ("401 Unauthorized", "403 Forbidden"),
        ("403 Forbidden", "404 Not Found"),
        ("404 Not Found", "200 OK"),
    ] {
        until("the channel takes nothing", async || {
            let answer = told.get("/readyz").await.unwrap();
            let said = String::from_utf8_lossy(answer.body()).into_owned();
            answer.status() == 200 && said.contains(&format!("takes no notices: {status}"))
        })
        .await;
        assert!(recorded(&office, &person).await.is_empty(), "{status} gave it up");
        answers(next);
    }
    until("it arrives", async || {
        let became = recorded(&office, &person).await;
        became == [("webhook".to_owned(), "letter".to_owned(), "done".to_owned())]
    })
    .await;
}

/// Letters of officials come by two channels.
async fn by_two_channels(office: &Office) {
    let path = office.path("ca/policies/profiles/official.toml");
    let text = std::fs::read_to_string(path).unwrap().replace("version = 1", "version = 2");
    let both = "mail = true\nletter_channels = [\"paper\", \"sms\"]";
    assert!(text.contains("mail = true"), "{text}");
    let file = office.path("official-2.toml");
    std::fs::write(&file, text.replace("mail = true", both)).unwrap();
    let (order, _) = office.draft(&["profile", &file.display().to_string()]);
    office.approve_by_security(&order).await;
}

/// A letter of two channels, by a gateway that checks each signature itself: what it sends asks for
/// a certificate beside the paper, neither asks alone, and nobody keeps it once it was sent. Where
/// there is no gateway, nobody makes half a letter.
#[tokio::test]
async fn the_second_part_of_a_letter_comes_by_the_gateway() {
    let mut office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let other = office.register("李丹", "sz-office").await;
    by_two_channels(&office).await;
    assert_eq!(office.ca_refused(&["letter", &person]), "message-gateway");
    let told = office.ca(&["doctor"]);
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(!told.status.success() && text.contains("[notices.webhook]"), "{text}");

    let (mut gateway, sms) = (Server::new(), office.port(13));
    let secret = office.path("ca/notices/webhook.secret").display().to_string();
    gateway.start("gateway.py", &[sms.to_string(), secret]).await;
    configure(&office, &format!("[notices.webhook]\nurl = \"http://127.0.0.1:{sms}/sms\"\n"));
    office.stop("issuer");
    office.start("issuer", &[]).await;
    office.start("notices", &[]).await;
    until("doctor finds nothing", async || office.ca(&["doctor"]).status.success()).await;
    // The operator reads that a second part comes, by which channel, and where to look.
    let told = office.ca(&["letter", &other]);
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(text.contains("短信码") && text.contains("notice list"), "{text}");

    let made = office.ca_json(&["letter", &person]);
    assert_eq!(made["channels"], serde_json::json!(["paper", "sms"]));
    let sent = || -> Vec<Value> {
        let took = gateway.took("messages.jsonl");
        let own = |one: &Value| one["person"] == person.as_str() && one["kind"] == "letter-code";
        took.into_iter().filter(own).collect()
    };
    until("the gateway has it", async || sent().len() == 1).await;
    let said = sent()[0]["zh"].as_str().unwrap().to_owned();
    let message = said.split_once("短信码：").unwrap().1.trim_end_matches('。').to_owned();
    let reference = made["reference"].as_str().unwrap();
    let kept = office.path(&format!("ca/notices/codes/{reference}.code"));
    until("nobody keeps it here", async || !kept.exists()).await;

    let letter = made["letter"].as_str().unwrap();
    let sheet = std::fs::read(letter).unwrap();
    assert!(!String::from_utf8_lossy(&sheet).contains(&message));
    let official = Official::new(serde_json::from_slice(&sheet).unwrap());
    let record = office.look_up(&official).await;
    assert!(record.by_message);
    let paper = official.submit(&record.challenge, &official.request(), "cli");
    assert_eq!(code(office.public().submit(&paper).await), "bind-mismatch", "the paper alone");

    let at = |name: &str| office.path(name).display().to_string();
    let private = |name: &str, text: &str| {
        system::file::create_private(&office.path(name), text.as_bytes()).unwrap();
        at(name)
    };
    let (file, secret) =
        (private("message.code", &message), private("own", "correct horse battery"));
    let (key, out) = (at("own.key"), at("own.pem"));
    let words = ["enroll", "--letter", letter, "--message-code-file", &file, "--key", &key];
    let more = ["--out", &out, "--passphrase-file", &secret, "--yes"];
    let mut command = Command::new(binary("yinxin"));
    let asked = command.args(words).args(more).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let stage = office.look_up(&official).await.stage;
    assert!(matches!(stage, records::enrolment::Stage::Awaiting { .. }), "{stage:?}");
    assert_eq!(gateway.took("refused.jsonl"), Vec::<Value>::new());
}
