//! What people type with keys of their own, on a terminal.

use super::printed::FILLED;
use super::scene::{PASSPHRASE, Scene};
use super::typed::{Left, filled, holds, says};
use records::Bytes;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use tests::authenticator::Authenticator;
use tests::desk::Desk;
use tests::{Running, binary};

pub(super) fn request(scene: &Scene, text: &str) -> Result<(), String> {
    let (home, typed) = (scene.home(), filled(text, &[]));
    scene.types(&home, "", &typed)?;
    let is_written = |option: &str| {
        let at = typed.iter().position(|word| word == option);
        at.and_then(|at| typed.get(at + 1)).is_some_and(|name| home.join(name).exists())
    };
    holds(is_written("--key") && is_written("--out"), "a key and a request")
}

/// Run once to apply, and again, as it says, to collect.
pub(super) async fn enroll(scene: &Scene, left: &mut Left, text: &str) -> Result<(), String> {
    let home = scene.home();
    let letter =
        scene.letter(&home, &format!("公务员{}", left.holders.len() + 1), "letter.json").await;
    // As the sheet names it.
    std::fs::copy(home.join("letter.json"), home.join("ABCDEFGHJKMNPQRS.json")).unwrap();
    let names = [("--letter", "letter.json"), ("--key", "own.key"), ("--out", "own.pem")];
    let then = filled(text, &names);
    let first: Vec<String> = match then.iter().position(|word| word == "--wait") {
        Some(at) => then[..at].to_vec(),
        None => then.clone(),
    };
    let holder = scene.enrolled(home, &letter, (&first, &then)).await?;
    let is_there = |name: &str| holder.home.join(name).exists();
    let kept =
        (is_there("my.key") && is_there("my.pem")) || (is_there("own.key") && is_there("own.pem"));
    left.holders.push(holder);
    holds(kept, "a key and its certificate")
}

pub(super) fn export_certificate(scene: &Scene, left: &Left, text: &str) -> Result<(), String> {
    let home = &left.holders.first().ok_or("nobody enrolled")?.home;
    let names = [("--p12", "renewed.p12"), ("--cert", "my.pem"), ("--key", "my.key")];
    let words = filled(text, &names);
    scene.types(home, "", &words)?;
    let file = words.iter().find(|word| word.ends_with(".p12")).ok_or("no file")?;
    let bundle = keys::open_bundle(&home.join(file), PASSPHRASE);
    holds(bundle.is_ok(), "a PKCS#12 file that opens")
}

/// As its holder, with a context where the command names no files; the new pair stands beside the
/// old one.
pub(super) fn renew(scene: &Scene, left: &Left, text: &str) -> Result<(), String> {
    let holder = &left.holders.first().ok_or("nobody enrolled")?.home;
    let home = scene.home();
    for file in ["my.pem", "my.key"] {
        std::fs::copy(holder.join(file), home.join(file)).unwrap();
    }
    std::fs::copy(scene.office.path("ca/trust.json"), home.join("trust.json")).unwrap();
    let own = home.join("config");
    let own = (own.as_path(), PASSPHRASE);
    if !text.contains("--cert") {
        let add = "yinxin context add me --cert my.pem --key my.key --trust trust.json";
        scene.types_with(&home, own, "", &filled(add, &[]))?;
    }
    let done = scene.types_with(&home, own, "", &filled(text, &[]));
    // Each certificate is renewed once; whoever comes again is told that.
    if done.as_ref().is_err_and(|told| told.contains("renewal-done")) {
        return Ok(());
    }
    done?;
    let names = std::fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().file_name());
    let is_new = |name: &str| name.starts_with("my-") && name.ends_with(".pem");
    let is_renewed = names.into_iter().any(|name| name.to_str().is_some_and(is_new));
    holds(is_renewed, "a new certificate beside the old one")
}

/// Afterwards `yinxin whoami` names the person.
pub(super) fn context(scene: &Scene, left: &Left, text: &str) -> Result<(), String> {
    let whoami = ["yinxin".to_owned(), "whoami".to_owned()];
    if text.starts_with("yinxin context use") {
        let words = filled(text, &[(FILLED, "second-officer")]);
        let home = scene.home();
        scene.types(&home, "", &words)?;
        let file = if words[3] == "second-officer" { "officer-2" } else { "officer-1" };
        return says(scene.types(&home, "", &whoami), &scene.office.first(file).person).map(drop);
    }
    let (home, holder) = (scene.home(), left.holders.first().ok_or("nobody enrolled")?);
    for (from, to) in [("my.pem", "my.pem"), ("my.key", "my.key"), ("my.pem", "me.pem")] {
        std::fs::copy(holder.home.join(from), home.join(to)).unwrap();
    }
    std::fs::copy(holder.home.join("my.key"), home.join("me.key")).unwrap();
    std::fs::copy(holder.home.join("letter.json"), home.join("letter.json")).unwrap();
    std::fs::copy(scene.office.path("ca/trust.json"), home.join("trust.json")).unwrap();
    tests::write_passphrase(&home.join("passphrase"));
    let names = [
        ("LETTER", "letter.json"),
        ("--trust", "trust.json"),
        ("--cert", "my.pem"),
        ("--key", "my.key"),
        ("--passphrase-file", "passphrase"),
        (FILLED, "somebody"),
    ];
    let own = (home.join("config"), PASSPHRASE);
    let own = (own.0.as_path(), own.1);
    scene.types_with(&home, own, "", &filled(text, &names))?;
    says(scene.types_with(&home, own, "", &whoami), &holder.person).map(drop)
}

pub(super) fn approve(scene: &Scene, text: &str) -> Result<(), String> {
    let home = scene.home();
    if text.contains("--order ") {
        let (_, order) = scene.exported(&home, "孙离线");
        let order = order.display().to_string();
        let names = [("--order", order.as_str()), ("--out", "approval.json")];
        let words = filled(text, &names);
        says(scene.types(&home, "sample-officer", &words), "import-approval")?;
        let out = words.last().ok_or("no file")?;
        return holds(home.join(out).exists(), "an approval in a file");
    }
    let order = scene.draft("孙审批");
    let cert = scene.office.path("people/officer-1.pem").display().to_string();
    let twice = [FILLED, FILLED].concat();
    // For themselves, who could act for somebody as well.
    let own = scene.office.first("officer-1").person;
    let names = [
        ("--cert", cert.as_str()),
        ("PERSON", &own),
        ("ORDER", &order),
        (FILLED, &order),
        (&twice, &order),
    ];
    says(scene.types(&home, "sample-officer", &filled(text, &names)), "(1 / 2)").map(drop)
}

pub(super) fn decline(scene: &Scene, text: &str) -> Result<(), String> {
    let order = scene.draft("孙退回");
    let names = [
        ("ORDER", order.as_str()),
        (FILLED, &order),
        ("REASON", "登记的单位不对"),
        ("TEXT", "依据已变化"),
    ];
    let done = if text.starts_with("yinxin return") { "sent back" } else { "rejected" };
    let words = filled(text, &names);
    says(scene.types(&scene.home(), "sample-officer", &words), done)?;
    let shown = scene.office.ca(&["order", "show", &order]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    holds(!shown.contains("open"), "an order that is not open any more")
}

pub(super) fn revoke(scene: &Scene, left: &mut Left, text: &str) -> Result<(), String> {
    let holder = left.cared_for()?;
    let sample = "018e9a4c70f3b5d2018e9a4c70f3b5d2018e";
    let serial = holder.serial.as_str();
    let said = ("--evidence", "本人电话报告");
    let names = [said, ("SERIAL", serial), (sample, serial), (FILLED, serial)];
    let said = scene.types(&scene.home(), "sample-officer", &filled(text, &names));
    says(said, "yinxin approve ").map(drop)
}

/// The file that a page saved after a passkey was made there.
pub(super) fn certify_passkey(scene: &Scene, text: &str) -> Result<(), String> {
    let (home, office) = (scene.home(), &scene.office);
    let (data, client) = Authenticator::new(office).created(&office.first("officer-1"));
    let saved = serde_json::json!({
        "v": 1, "origin": office.trust.portal_staff,
        "authenticator_data": Bytes(data), "client_data": Bytes(client),
    });
    std::fs::write(home.join("passkey.json"), saved.to_string()).unwrap();
    says(scene.types(&home, "sample-officer", &filled(text, &[])), "yinxin approve ").map(drop)
}

/// The link opens a page, and Ctrl-C ends it.
pub(super) async fn desk(scene: &Scene, text: &str) -> Result<(), String> {
    let (words, home) = (filled(text, &[]), scene.home());
    let mut command = Command::new(binary(&words[0]));
    command.args(&words[1..]).current_dir(&home).env("LANG", "C").stdin(Stdio::null());
    command.env("XDG_CONFIG_HOME", scene.contexts()).stdout(Stdio::piped());
    if text.contains("--cert") {
        // The files of the walk lie where it is typed.
        let office = &scene.office;
        for (from, to) in [("pem", "my.pem"), ("key", "my.key")] {
            let from = office.path(&format!("people/officer-1.{from}"));
            std::fs::copy(from, home.join(to)).unwrap();
        }
        std::fs::copy(office.path("ca/trust.json"), home.join("trust.json")).unwrap();
    } else if !text.contains("--context") {
        command.env("YINXIN_CONTEXT", "sample-officer");
    }
    let mut child = command.spawn().unwrap();
    let said = BufReader::new(child.stdout.as_mut().unwrap());
    let mut lines = said.lines().map(Result::unwrap);
    let link = lines.find_map(|line| Some(line.trim().strip_prefix("http://")?.to_owned()));
    let running = Running::new(child);
    let link = link.ok_or("it prints no link")?;
    let (host, secret) = link.split_once("/#").ok_or("the link has no secret")?;
    let passphrase = match text.contains("--cert") {
        true => std::fs::read_to_string(scene.office.path("people/officer-1.passphrase")).unwrap(),
        false => String::new(),
    };
    let (cookie, passphrase) = (String::new(), passphrase.trim().to_owned());
    let mut desk = Desk { running, host: host.into(), secret: secret.into(), cookie, passphrase };
    desk.enter().await;
    // Nothing waits for an auditor.
    let page = if text.contains("auditor") { "/audit" } else { "/" };
    let shown = desk.get(page).await;
    let (status, _) = desk.running.interrupt();
    holds(shown.status == 200 && status.success(), "a desk that opens and ends")
}

/// Until it is interrupted; the gate is looked for when a program connects, and none does here.
pub(super) fn connect(scene: &Scene, text: &str) -> Result<(), String> {
    let here = format!("127.0.0.1:{}", scene.office.port(14));
    let words = filled(text, &[("127.0.0.1:5432", here.as_str())]);
    let mut command = Command::new(binary(&words[0]));
    command.args(&words[1..]).current_dir(scene.home()).env("LANG", "C").stdin(Stdio::null());
    command.env("XDG_CONFIG_HOME", scene.contexts()).env("YINXIN_CONTEXT", "sample-officer");
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(child.stdout.as_mut().unwrap());
    let told = said.lines().map(Result::unwrap).any(|line| line.contains(&here));
    let running = Running::new(child);
    holds(told, "the port of this computer is said")?;
    let taken = std::net::TcpListener::bind(&here).is_err();
    let (status, _) = running.interrupt();
    holds(taken && status.success(), "a port that it holds until it ends well")
}

/// Of a loss that was reported just before.
pub(super) fn check_receipt(scene: &Scene, left: &Left, text: &str) -> Result<(), String> {
    let holder = left.reported.as_ref().ok_or("nobody has a receipt")?;
    let typed = filled(text, &[("FILE", "receipt.json")]);
    says(scene.types(&holder.home, "sample-officer", &typed), &holder.serial).map(drop)
}

/// The bundle of the sample city, by its trust file.
pub(super) fn trust(scene: &Scene, text: &str) -> Result<(), String> {
    let home = scene.home();
    std::fs::copy(scene.office.path("ca/trust.json"), home.join("trust.json")).unwrap();
    let list = scene.office.city["ca"]["crl_url"].as_str().ok_or("no list")?;
    let base = list.split("/crl/").next().unwrap_or_default();
    let typed = filled(text, &[("URL", base), ("FOLDER", "trusted")]);
    says(scene.types(&home, "", &typed), "issuing-1").map(drop)
}

pub(super) fn report_lost(scene: &Scene, left: &mut Left, text: &str) -> Result<(), String> {
    let holder = left.holders.pop().ok_or("nobody enrolled")?;
    let letter = ("LETTER", "letter.json");
    if text.contains("--receipt") {
        let told = "yinxin report-lost --letter LETTER --out receipt.json";
        scene.types(&holder.home, "", &filled(told, &[letter]))?;
    }
    says(scene.types(&holder.home, "", &filled(text, &[letter])), &holder.serial)?;
    if text.contains("--receipt") {
        left.reported = Some(holder);
    }
    Ok(())
}
