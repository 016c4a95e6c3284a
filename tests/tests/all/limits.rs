//! What others make scarce: a record for each refusal, an event for each answer, what a role keeps.
//! Nothing grows with how often somebody asks, and no brake waits for it.

use crate::drafts;
use crate::http1_framing::Stage;
use records::record::Event;
use sqlx::Connection;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;
use tests::gate::{ANSWER, Application, Gate};
use tests::people::code;
use tests::processes::{is_postgres, until};
use tests::{Office, random};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Counts of a kind of events in the access log, oldest first.
async fn counts(office: &Office, wanted: &str, code: &str) -> Vec<u64> {
    let count = |record: records::Record| match record.event {
        Event::Portal { act, outcome, count, .. } if act == wanted && outcome == code => {
            Some(count)
        }
        _ => None,
    };
    office.of_log("access").await.into_iter().filter_map(count).collect()
}

/// Strangers who guess: a reference that nobody has, and one that somebody has. Of each kind the
/// first is a record, the others together; whoever has the code comes in all the same.
#[tokio::test]
async fn refusals_of_strangers_are_counted() {
    let mut office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let public = office.public();
    let mut guess = official.look_up();
    guess.key = random::<32>().into();
    for reference in ["0000000000000000", official.letter.reference.as_str()] {
        guess.reference = reference.into();
        for _ in 0..30 {
            assert_eq!(code(public.look_up(&guess).await), "wrong-code");
        }
    }
    let site = office.staff_site(None);
    for _ in 0..30 {
        assert_eq!(site.get("/", "").await.status, 401);
    }
    assert_eq!(office.look_up(&official).await.name, "王小明");
    let refusals = office.refusals().await;
    let known = ("wrong-code".to_owned(), official.letter.reference.clone());
    assert_eq!(refusals, [known], "of what exists, once");
    for (process, act, told, all) in [
        ("portal-public", "look-up", "wrong-code", 60),
        ("portal-staff", "certificate", "certificate-required", 30),
    ] {
        // What was counted is told each minute, and at the end.
        office.stop(process);
        office.start(process, &[]).await;
        until("all of them are told", async || {
            counts(&office, act, told).await.iter().sum::<u64>() == all
        })
        .await;
        assert_eq!(counts(&office, act, told).await, [1, all - 1]);
    }
}

/// Somebody holds the portal's database: what must be recorded is refused, and a loss, a
/// revocation, what officers read on the way to one, a leave that a handler drafts on a page and at
/// a terminal, and approvals are answered and felt.
#[tokio::test]
async fn a_brake_waits_for_no_event() {
    let office = Office::open().await;
    let (lost, _) = office.official("王小明", "sz-office").await;
    let (revoked, collected) = office.official("李丹", "sz-office").await;
    let (leaver, _) = office.official("王小红", "sz-office").await;
    let handler = drafts::handler(&office, "陈经办").await;
    drafts::files(&office, &handler);
    let words = ["revoke", &revoked.letter.person, "--reason", "keyCompromise", "--evidence", "x"];
    let (order, _) = office.draft(&words);
    let config = ra_portal::config::PortalConfig::read(&office.path("portal.toml")).unwrap();
    sqlx::any::install_default_drivers();
    let mut holder = sqlx::AnyConnection::connect(&config.database_address()).await.unwrap();
    let hold = match is_postgres() {
        true => "begin; lock table spool in access exclusive mode",
        false => "begin immediate",
    };
    sqlx::raw_sql(hold).execute(&mut holder).await.unwrap();

    let value = lost.keys.loss_value(&lost.letter.reference);
    let value = records::Bytes::from(value.as_slice()).to_string();
    let reference = lost.letter.reference.as_str();
    let form = [("reference", reference), ("key", value.as_str()), ("confirmed", "yes")];
    let site = office.public_site();
    let told = site.post("/lost", "", &form).await;
    assert_eq!(told.status, 303, "{}", told.text);
    let receipt = site.get("/lost/receipt.json", &told.cookie()).await;
    assert_eq!(receipt.status, 200, "{}", receipt.text);
    for name in ["officer-1", "officer-2"] {
        office.approve(&office.first(name), &order).await.unwrap();
    }
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    office.listed(&serial).await;
    let officer = office.staff_site(Some(office.first("officer-1").identity()));
    for path in ["/".to_owned(), format!("/certificates/{serial}")] {
        let page = officer.get(&path, "").await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
    }
    let site = office.staff_site(Some(handler.identity()));
    let leaver = leaver.letter.person.as_str();
    let page = site.get(&format!("/people/{leaver}"), "").await;
    assert_eq!(page.status, 200, "{}", page.text);
    let form = [("what", "leave"), ("person", leaver), ("evidence", "退休")];
    let page = site.post("/drafts/check", "", &form).await;
    assert_eq!(page.status, 200, "{}", page.text);
    drafts::done(&office, &drafts::printed(&page));
    assert_eq!(code(office.public().look_up(&lost.look_up()).await), "unavailable");

    sqlx::raw_sql("rollback").execute(&mut holder).await.unwrap();
    assert_eq!(code(office.public().look_up(&lost.look_up()).await), "letter-lost");
}

/// On a server somebody locks tables that copy what the log says, as for a repair by hand: an order
/// to revoke is approved and carried out, and its list published; the copies come once the tables
/// are free.
#[tokio::test]
async fn a_table_that_somebody_locks_holds_up_no_brake() {
    if !is_postgres() {
        return;
    }
    let office = Office::open().await;
    let (revoked, collected) = office.official("李丹", "sz-office").await;
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    sqlx::any::install_default_drivers();
    let mut holder = sqlx::AnyConnection::connect(&office.database_address()).await.unwrap();
    let lock = "begin; lock table revocation, consumed_approval in access exclusive mode";
    sqlx::raw_sql(lock).execute(&mut holder).await.unwrap();
    let words = ["revoke", &revoked.letter.person, "--reason", "keyCompromise", "--evidence", "x"];
    let (order, _) = office.draft(&words);
    for name in ["officer-1", "officer-2"] {
        office.approve(&office.first(name), &order).await.unwrap();
    }
    office.listed(&serial).await;
    sqlx::raw_sql("rollback").execute(&mut holder).await.unwrap();
    let database = office.database().await;
    until("the copy is there", async || {
        let wanted = "select reason from revocation where serial = $1";
        let found = sqlx::query_as(wanted).bind(&serial).fetch_optional(&database).await;
        let found: Option<(String,)> = found.unwrap();
        found.is_some()
    })
    .await;
}

/// What a role keeps in its own directory is taken away, emptied, or opened to others, one after
/// the other: it does not begin, and begins with what it had.
#[tokio::test]
async fn a_role_without_what_it_kept_does_not_begin() {
    let mut office = Office::open().await;
    for name in ["portal-staff", "portal-public", "issuer", "status", "log"] {
        office.stop(name);
    }
    let kept = [
        ("issuer", "issuer/floor"),
        ("issuer", "issuer/signing"),
        ("issuer", "issuer/numbers"),
        ("issuer", "issuer/time"),
        ("issuer", "issuer/told.floor"),
        ("issuer", "issuer/seal.key"),
        ("issuer", "issuer/number.key"),
        ("status", "status/kept/floor"),
        ("status", "status/kept/list.floor"),
        ("status", "status/kept/losses.floor"),
        ("status", "status/kept/time"),
        ("status", "status/kept"),
        ("log", "log/kept/key"),
        ("log", "log/kept/signed-control.floor"),
        ("log", "log/kept/signed-access.floor"),
        ("log", "log/kept"),
    ];
    for (role, name) in kept {
        let path = office.path("ca").join(name);
        let away = path.with_extension("away");
        std::fs::rename(&path, &away).unwrap();
        office.spawn(role, &[]);
        assert!(!office.ended(role).await.success(), "{name} is missing");
        std::fs::rename(&away, &path).unwrap();
        if path.is_dir() {
            continue;
        }
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, b"").unwrap();
        office.spawn(role, &[]);
        assert!(!office.ended(role).await.success(), "{name} is empty");
        std::fs::write(&path, whole).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        office.spawn(role, &[]);
        assert!(!office.ended(role).await.success(), "everybody reads {name}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    office.start_all().await;
}

/// Strangers take the places of a gate: it says that few are left, then that none is, and is well
/// again when they are gone.
#[tokio::test]
async fn a_gate_tells_that_its_places_run_out() {
    let mut office = Office::open().await;
    office.joined(&["localhost"]).await;
    office.configure_gate(
        "[limits]\nconnections_unproven = 8\nunproven_of_source = 8\nhead_seconds = 60\n",
    );
    let application = Application::serve(office.port(14)).await;
    office.start("agent", &[]).await;
    let gate = Gate { port: office.port(12), application };
    let says = async |is_ready: bool, what: &str| {
        until(what, async || {
            let answer = office.admin("agent").get("/readyz").await.unwrap();
            let said = String::from_utf8_lossy(answer.body()).into_owned();
            (answer.status() == 200) == is_ready && said.lines().any(|line| line == what)
        })
        .await;
    };
    let mut strangers = Vec::new();
    for _ in 0..7 {
        strangers.push(gate.connect(&office, None, "localhost", "http/1.1").await);
    }
    says(true, "listener: nearly full").await;
    strangers.push(gate.connect(&office, None, "localhost", "http/1.1").await);
    says(false, "listener: full").await;
    drop(strangers);
    let well = async || {
        let answer = office.admin("agent").get("/readyz").await.unwrap();
        answer.status() == 200 && !String::from_utf8_lossy(answer.body()).contains("listener")
    };
    until("its places are free", well).await;
}

/// An official connects again and again: of what they have a minute a connection takes its part,
/// and those beyond it are told together.
#[tokio::test]
async fn connections_count_as_requests_of_their_certificate() {
    const TRIES: usize = 20;
    let stage = Stage::limited("requests_of_one_a_minute = 3\n").await;
    let Stage { office, gate, person } = &stage;
    let began = Instant::now();
    for _ in 0..TRIES {
        let identity = Some(person.identity());
        let mut stream = gate.connect(office, identity, "localhost", "http/1.1").await;
        let asked = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let _closed = stream.write_all(asked).await;
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(ANSWER, stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "a connection beyond what one has is closed");
    }
    // One comes back each twenty seconds.
    let most = 3 + usize::try_from(began.elapsed().as_secs()).unwrap() / 20 + 1;
    until("those beyond are told", async || {
        let mut records = office.access().await.into_iter();
        records.any(|record| match record.event {
            Event::Turned(turned) => turned.stage == "handshake" && turned.code == "too-many-tries",
            _ => false,
        })
    })
    .await;
    let records = office.access().await.into_iter();
    let own = records.filter(|record| match &record.event {
        Event::Connection(seen) => seen.person == person.person,
        _ => false,
    });
    let own = own.count();
    assert!((1..=most).contains(&own), "{own} of {TRIES} connections are records of their own");
}
