//! Files and keys: every program refuses a secret that others can open, under one code; what
//! somebody names on a command line is never written over, and never through a link.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tests::processes::until;
use tests::{Office, binary};

const CODE: &str = "file-exposed";

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Secrets that a process reads when it begins, by the process.
const OF_PROCESSES: [(&str, &str); 23] = [
    ("issuer", "ca/issuer/unlock"),
    ("issuer", "ca/issuer/issuing.key"),
    ("issuer", "ca/issuer/registry.key"),
    ("issuer", "ca/issuer/seal.key"),
    ("issuer", "ca/issuer/number.key"),
    ("issuer", "ca/issuer/tls.key"),
    ("status", "ca/status/unlock"),
    ("status", "ca/status/status.key"),
    ("status", "ca/status/tls.key"),
    ("log", "ca/log/unlock"),
    ("log", "ca/log/control.key"),
    ("log", "ca/log/access.key"),
    ("log", "ca/log/tls.key"),
    ("log", "ca/log/kept/key"),
    ("status", "ca/status/kept/key"),
    ("portal-public", "portal/public.key"),
    ("portal-staff", "portal/staff.key"),
    ("agent", "gate/tls.key"),
    ("agent", "gate/identity/current"),
    ("notices", "ca/notices/kept/key"),
    ("notices", "ca/notices/webhook.secret"),
    ("notices", "ca/notices/mail.password"),
    ("portal-public", "web.key"),
];

/// What an office has that tells people by mail and by a gateway, and has a name for browsers; none
/// of it is reached here.
fn configured(office: &Office) {
    let add = |file: &str, more: &str| {
        let path = office.path(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, format!("{text}\n{more}")).unwrap();
    };
    system::file::create_private(&office.path("ca/notices/mail.password"), b"secret\n").unwrap();
    let (known, host) = (tests::foreign::WebCa::new(), "web.localhost");
    let (chain, key) = known.leaf(host, 2045);
    std::fs::write(office.path("web.pem"), chain).unwrap();
    system::file::create_private(&office.path("web.key"), key.as_bytes()).unwrap();
    std::fs::write(office.path("roots.pem"), known.root()).unwrap();
    let roots = office.path("roots.pem").display().to_string();
    let mail = format!(
        "[notices.mail]\nserver = \"localhost\"\nport = 9\ntls = \"starttls\"\n\
         roots = \"{roots}\"\n\
         from = \"ca@shangluo.example\"\nuser = \"ca\"\npassword_file = \"notices/mail.password\"\n\
         [notices.webhook]\nurl = \"http://127.0.0.1:9/sms\"\n"
    );
    add("ca/ca.toml", &mail);
    add("portal.toml", &format!("[web]\nhost = '{host}'\nchain = 'web.pem'\nkey = 'web.key'\n"));
}

/// Whatever others could open is not used, by any program, and each says so by the same code.
#[tokio::test]
async fn every_program_refuses_what_others_can_open() {
    let mut office = Office::open().await;
    office.gate().await;
    for name in ["agent", "portal-staff", "portal-public", "issuer", "status", "log"] {
        office.stop(name);
    }
    configured(&office);
    for (process, name) in OF_PROCESSES {
        let path = office.path(name);
        for open in [0o640, 0o604] {
            mode(&path, open);
            office.spawn(process, &[]);
            assert!(!office.ended(process).await.success(), "{process} uses {name}, {open:o}");
            let log = office.log(process);
            let last = log.lines().rev().take(4).collect::<Vec<_>>().join("\n");
            assert!(last.contains(CODE) && last.contains("chmod 600"), "{name}: {last}");
        }
        mode(&path, 0o600);
    }
    // Without an OCSP key the service still takes loss reports, and says what it lacks.
    let ocsp = office.path("ca/status/ocsp.key");
    mode(&ocsp, 0o640);
    let before = office.log("status").len();
    office.spawn("status", &[]);
    until("status does not use the key", async || office.log("status")[before..].contains(CODE))
        .await;
    office.kill("status");
    mode(&ocsp, 0o600);
    office.start_all().await;
    office.start("agent", &[]).await;
    of_people(&office);
    of_operators(&office);
    of_letters(&office).await;
}

/// The options of `yinxin` that name a secret.
fn of_people(office: &Office) {
    let at = |end: &str| office.path(&format!("people/officer-1.{end}")).display().to_string();
    let (cert, key, passphrase) = (at("pem"), at("key"), at("passphrase"));
    let trust = office.path("ca/trust.json").display().to_string();
    let (p12, letter) = (at("made.p12"), office.path("code").display().to_string());
    let fresh = office.path("fresh.passphrase").display().to_string();
    std::fs::write(&letter, "0000-0000\n").unwrap();
    std::fs::write(&fresh, "correct horse battery\n").unwrap();
    let renew = ["renew", "--new-passphrase-file", &fresh, "--trust", &trust];
    let own = ["--cert", &cert, "--key", &key, "--passphrase-file", &passphrase];
    let export = ["cert", "export", "--p12", &p12, "--password-file", &passphrase];
    let look = ["enroll", "--reference", "R", "--code-file", &letter, "--trust", &trust];
    let look = [&look[..], &["--key", "new.key", "--out", "new.pem"]].concat();
    let commands: [(&str, Vec<&str>); 5] = [
        (&fresh, [&renew[..], &own[..]].concat()),
        (&key, [&["approve", "x", "--trust", &trust], &own[..]].concat()),
        (&passphrase, [&["approve", "x", "--trust", &trust], &own[..]].concat()),
        (&passphrase, [&export[..], &own[..]].concat()),
        (&letter, look),
    ];
    for (secret, words) in commands {
        mode(Path::new(secret), 0o644);
        let done = Command::new(binary("yinxin")).arg("--json").args(&words).output().unwrap();
        assert!(!done.status.success() && said(&done).contains(CODE), "{words:?}: {}", said(&done));
        mode(Path::new(secret), 0o600);
    }
    assert!(!Path::new(&p12).exists());
    let good = Command::new(binary("yinxin")).args(export).args(own).output().unwrap();
    assert!(good.status.success(), "{}", said(&good));
}

/// The root key in its ceremony, and the keys that a renewal signs with.
fn of_operators(office: &Office) {
    let (key, passphrase) = (office.path("secret/root.key"), office.path("secret/root.passphrase"));
    for secret in [&key, &passphrase] {
        mode(secret, 0o644);
        let words = ["ceremony", "root-list", "--key", key.to_str().unwrap()];
        let told =
            office.ca(&[&words[..], &["--passphrase-file", passphrase.to_str().unwrap()]].concat());
        assert!(!told.status.success() && said(&told).contains(CODE), "{}", said(&told));
        mode(secret, 0o600);
    }
    let tls = office.path("portal/public.key");
    mode(&tls, 0o644);
    let out = office.path("renewed.pem");
    let told = renewal(office, &out);
    assert!(!told.status.success() && said(&told).contains(CODE), "{}", said(&told));
    mode(&tls, 0o600);
}

/// Letters, with their codes, and what a gate joins with: each command that reads one refuses it as
/// others can open it, and prints what makes it private.
async fn of_letters(office: &Office) {
    let person = office.register("王小明", "sz-office").await;
    let letter = office.ca_json(&["letter", &person])["letter"].as_str().unwrap().to_owned();
    let named = office.path("a letter.json");
    std::fs::copy(&letter, &named).unwrap();
    let named = named.display().to_string();
    let at = |end: &str| office.path(&format!("people/officer-1.{end}")).display().to_string();
    let (cert, key) = (at("pem"), at("key"));
    let new = |name: &str| office.path(name).display().to_string();
    let (joined, new_key, new_cert) = (new("joined"), new("new.key"), new("new.pem"));
    let enroll = ["enroll", "--letter", &named, "--key", &new_key, "--out", &new_cert, "--yes"];
    let context = ["context", "add", "me", "--letter", &named, "--cert", &cert, "--key", &key];
    let join = ["--state", &joined, "join", &named, "--upstream", "127.0.0.1:9"];
    let commands = [
        ("yinxin", &enroll[..]),
        ("yinxin", &["report-lost", "--letter", &named, "--yes"]),
        ("yinxin", &["suspend", "--letter", &named, "--yes"]),
        ("yinxin", &context),
        ("agent", &join),
    ];
    let run = |program: &str, words: &[&str]| {
        let mut command = Command::new(binary(program));
        command.args(words).env("XDG_CONFIG_HOME", office.path("config")).output().unwrap()
    };
    for open in [0o640, 0o604] {
        mode(Path::new(&named), open);
        for (program, words) in commands {
            let told = said(&run(program, words));
            let cure = format!("chmod 600 -- '{named}'");
            assert!(told.contains(&cure), "{words:?}: {told}");
        }
        let out = office.path("sheets.html").display().to_string();
        mode(Path::new(&letter), open);
        let done = office.ca(&["letter", "print", "--out", &out]);
        assert!(!done.status.success() && said(&done).contains(CODE), "{}", said(&done));
        mode(Path::new(&letter), 0o600);
        assert!(!Path::new(&out).exists() && !Path::new(&joined).exists());
    }
    mode(Path::new(&named), 0o600);
    let message = new("message code");
    std::fs::write(&message, "00000-00000\n").unwrap();
    for open in [0o640, 0o604] {
        mode(Path::new(&message), open);
        let beside = ["--json", "--message-code-file", &message];
        let told = said(&run("yinxin", &[&enroll[..], &beside].concat()));
        assert!(told.contains(CODE) && !Path::new(&new_key).exists(), "{told}");
    }
    assert!(run("yinxin", &context).status.success());
    let told = said(&run("agent", &join));
    assert!(told.contains("no join file"), "it is read, and is another file: {told}");
    let asked = run("yinxin", &[&enroll[..], &["--passphrase-file", &at("passphrase")]].concat());
    assert!(asked.status.success(), "{}", said(&asked));
}

/// `ra-portal renew` for a key that was made beside.
fn renewal(office: &Office, out: &Path) -> Output {
    let request = office.path("renewed.csr");
    if !request.exists() {
        let made = Command::new(binary("yinxin"))
            .args(["request", "--service", "--key"])
            .arg(office.path("renewed.key"))
            .arg("--out")
            .arg(&request)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", said(&made));
    }
    Command::new(binary("ra-portal"))
        .arg("--config")
        .arg(office.path("portal.toml"))
        .args(["renew", "public", "--request"])
        .arg(request)
        .arg("--out")
        .arg(out)
        .output()
        .unwrap()
}

/// A place where something lies already, in the ways that it can.
fn occupied(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    let at = |name: &str| folder.join(name);
    std::fs::write(at("file"), "untouched").unwrap();
    std::fs::write(at("target"), "untouched").unwrap();
    symlink(at("target"), at("link")).unwrap();
    symlink(at("nowhere"), at("dangling")).unwrap();
    vec![("a file", at("file")), ("a link", at("link")), ("a dangling link", at("dangling"))]
}

/// Every command that writes to a place that somebody names: it makes a new file there, or nothing.
#[tokio::test]
async fn what_is_named_is_made_new_or_not_at_all() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let order = office.apply(&office.letter(&person, "official")).await;
    let at = |name: &str| office.path(name).display().to_string();
    let own = |name: &str| {
        let end = |end: &str| at(&format!("people/{name}.{end}"));
        let own = ["--cert", &end("pem"), "--key", &end("key"), "--passphrase-file"];
        let own: Vec<String> = own.map(String::from).into();
        [own, vec![end("passphrase"), "--trust".into(), at("ca/trust.json")]].concat()
    };
    let loss = at("people/officer-1.loss.json");
    let folder = tempfile::tempdir().unwrap();
    let fresh = |name: &str| folder.path().join(name).display().to_string();
    let secret = at("people/officer-1.passphrase");
    let enroll = collectable(&office, &secret).await;
    let waiting = office.letter(&person, "official").letter.reference;
    for (what, place) in occupied(folder.path()) {
        let out = place.display().to_string();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let request = ["request", "--passphrase-file", &secret];
        let export = ["cert", "export", "--p12", &out, "--password-file", &secret];
        let without_trust: Vec<String> = own("officer-1")[..6].to_vec();
        let file = at("order.json");
        let _ = std::fs::remove_file(&file);
        assert!(office.ca(&["order", "export", &order, "--out", &file]).status.success());
        let approve = ["approve", "--order", &file, "--out", &out, "--yes"];
        let asked = ["audit", "export", "--request", "gate-1/x/0", "--out", &out];
        let lost = ["report-lost", "--letter", &loss, "--yes", "--out", &out];
        let suspend = ["suspend", "--letter", &loss, "--yes", "--out", &out];
        let commands: [Vec<String>; 9] = [
            words(&[&request[..], &["--key", &out, "--out", &fresh("never.csr")]].concat()),
            words(&[&request[..], &["--key", &fresh(&word()), "--out", &out]].concat()),
            [words(&export), without_trust].concat(),
            [words(&approve), own("officer-1")].concat(),
            [words(&asked), own("auditor")].concat(),
            words(&lost),
            words(&suspend),
            [&enroll[..], &words(&["--out", &out])].concat(),
            words(&["enroll", "--letter", &loss, "--key", &out, "--out", &fresh("never.pem")]),
        ];
        for command in commands {
            let done =
                Command::new(binary("yinxin")).arg("--json").args(&command).output().unwrap();
            assert!(!done.status.success(), "{what}: {command:?}");
            untouched(folder.path(), &format!("{what}: {command:?}"));
        }
        let done = office.ca(&["order", "export", &order, "--out", &out]);
        assert!(!done.status.success(), "{what}: {}", said(&done));
        untouched(folder.path(), &format!("{what}: order export"));
        let done = office.ca(&["letter", "print", &waiting, "--out", &out]);
        assert!(!done.status.success(), "{what}: {}", said(&done));
        untouched(folder.path(), &format!("{what}: letter print"));
        let done = renewal(&office, &place);
        assert!(
            !done.status.success() && said(&done).contains("exists"),
            "{what}: {}",
            said(&done)
        );
        untouched(folder.path(), &format!("{what}: ra-portal renew"));
    }
    let new = folder.path().join("renewed.pem");
    let done = renewal(&office, &new);
    assert!(done.status.success(), "{}", said(&done));
    assert!(std::fs::read_to_string(&new).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
}

/// The command that collects a certificate which is approved, but for where it goes.
async fn collectable(office: &Office, secret: &str) -> Vec<String> {
    let person = office.register("李丹", "sz-office").await;
    let official = office.letter(&person, "official");
    let (letter, key) = (office.path("own.letter.json"), office.path("own.key"));
    let bytes = serde_json::to_vec(&official.letter).unwrap();
    system::file::create_private(&letter, &bytes).unwrap();
    let (letter, key) = (letter.display().to_string(), key.display().to_string());
    let words =
        ["enroll", "--letter", &letter, "--key", &key, "--passphrase-file", secret, "--yes"];
    let never = office.path("never.pem").display().to_string();
    let asked = Command::new(binary("yinxin")).args(words).args(["--out", &never]).output();
    assert!(asked.unwrap().status.success());
    let records::enrolment::Stage::Awaiting { order, .. } = office.look_up(&official).await.stage
    else {
        panic!("it was not submitted")
    };
    office.approve_by_both(&order).await;
    office.carried_out(&order).await;
    let words = [&words[..], &["--wait", "60"]].concat();
    words.into_iter().map(str::to_owned).collect()
}

fn word() -> String {
    format!("{}.key", tests::gate::word())
}

/// Nothing was written, nor made where a link leads.
fn untouched(folder: &Path, what: &str) {
    for name in ["file", "target"] {
        assert_eq!(std::fs::read(folder.join(name)).unwrap(), b"untouched", "{what}");
    }
    assert!(folder.join("link").is_symlink() && folder.join("dangling").is_symlink(), "{what}");
    for name in ["nowhere", "never.csr", "never.pem"] {
        assert!(!folder.join(name).exists(), "{what}: {name}");
    }
}
