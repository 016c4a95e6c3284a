//! `yinxin context`: once told who somebody is, commands are short; what is given wins, and a file
//! in other hands says nothing.

use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use tests::{Office, binary};

/// Somebody's home.
struct Home(tempfile::TempDir);

impl Home {
    fn yinxin(&self, words: &[&str], language: &str) -> Output {
        let mut command = Command::new(binary("yinxin"));
        command.args(words).current_dir(self.0.path()).env("XDG_CONFIG_HOME", self.0.path());
        command.env_remove("LC_ALL").env("LANG", language).output().unwrap()
    }

    /// Runs it to its good end; what it said to machines.
    fn json(&self, words: &[&str]) -> Value {
        let done = self.yinxin(&[&["--json"], words].concat(), "C");
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        said.lines().next_back().map(|line| serde_json::from_str(line).unwrap()).unwrap_or_default()
    }

    /// Runs it to its bad end; its code and what it said to people.
    fn refused(&self, words: &[&str], language: &str) -> (Option<i32>, String) {
        let done = self.yinxin(words, language);
        assert!(!done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stdout));
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    }
}

#[tokio::test]
async fn a_context_makes_commands_short() {
    let office = Office::open().await;
    let home = Home(tempfile::tempdir().unwrap());
    let at = |name: &str| office.path(name).display().to_string();
    let person = |name: &str, end: &str| at(&format!("people/{name}.{end}"));
    let (code, said) = home.refused(&["approve"], "C");
    assert_eq!(code, Some(2));
    assert!(said.contains("yinxin context add --help"), "{said}");

    let trust = at("ca/trust.json");
    for name in ["officer-1", "officer-2"] {
        let (cert, key) = (person(name, "pem"), person(name, "key"));
        let passphrase = person(name, "passphrase");
        let words = ["context", "add", name, "--cert", &cert, "--key", &key, "--trust", &trust];
        home.json(&[&words[..], &["--passphrase-file", &passphrase]].concat());
    }
    assert_eq!(home.json(&["whoami"])["context"], "officer-1");
    let applicant = office.register("王小明", "sz-office").await;
    let order = office.apply(&office.letter(&applicant, "official")).await;
    let approved = home.json(&["approve", &order, "--yes"]);
    assert_eq!((approved["order"].as_str(), &approved["approvals"]), (Some(&*order), &1.into()));
    // Another one for one command, then from now on.
    assert_eq!(home.json(&["whoami", "--context", "officer-2"])["name"], "赵审核");
    let (_, said) = home.refused(&["approve", &order, "--yes"], "C");
    assert!(said.contains("approver-twice"), "{said}");
    home.json(&["context", "use", "officer-2"]);
    assert_eq!(home.json(&["approve", &order, "--yes"])["approvals"], 2);
    office.carried_out(&order).await;

    // What is given wins, and a context's passphrase is tried on no other key.
    let (cert, key) = (person("auditor", "pem"), person("auditor", "key"));
    let own = ["--cert", &cert, "--key", &key];
    assert_eq!(home.json(&[&["whoami"], &own[..]].concat())["cert"], cert.as_str());
    let (_, said) = home.refused(&[&["approve"], &own[..]].concat(), "C");
    assert!(said.contains("--passphrase-file FILE"), "it asks, without a terminal: {said}");
    let (_, said) = home.refused(&["approve", "--cert", &cert], "C");
    assert!(said.contains("does not belong"), "{said}");

    let (code, said) = home.refused(&["whoami", "--context", "nobody"], "C");
    assert!(code == Some(4) && said.contains("yinxin context list"), "{said}");
    let (code, _) = home.refused(
        &["context", "add", "officer-1", "--cert", &cert, "--key", &key, "--trust", &trust],
        "C",
    );
    assert_eq!(code, Some(5), "a name that is taken");

    let file = home.0.path().join("yinxin/contexts.toml");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o660)).unwrap();
    let (_, said) = home.refused(&["whoami"], "C");
    assert!(said.contains("chmod 600"), "{said}");
}

/// People are spoken to in the language of their environment; machines in none.
#[test]
fn a_language_is_chosen_by_the_environment() {
    let home = Home(tempfile::tempdir().unwrap());
    let chinese = |text: &str| text.chars().any(|c| ('\u{3400}'..='\u{9fff}').contains(&c));
    let latin = |text: &str| text.contains("who are you");
    let (_, both) = home.refused(&["whoami"], "C.UTF-8");
    assert!(chinese(&both) && latin(&both), "{both}");
    let (_, zh) = home.refused(&["whoami"], "zh_CN.UTF-8");
    assert!(chinese(&zh) && !latin(&zh), "{zh}");
    let (_, en) = home.refused(&["whoami"], "en_US.UTF-8");
    assert!(!chinese(&en) && latin(&en), "{en}");
    let help = |language: &str| {
        let done = home.yinxin(&["approve", "--help"], language);
        assert!(done.status.success());
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    assert!(help("zh_CN.UTF-8").contains("用法:") && !help("en_US.UTF-8").contains("审批"));
    for variable in ["YINXIN_TRUST", "YINXIN_CERT", "YINXIN_KEY", "YINXIN_PASSPHRASE_FILE"] {
        assert!(help("C").contains(variable), "{variable} stands in the help");
    }
}

/// What shells complete and manual pages say comes from the commands themselves.
#[test]
fn completions_and_manual_pages_name_every_command() {
    let home = Home(tempfile::tempdir().unwrap());
    for shell in ["bash", "zsh", "fish"] {
        let done = home.yinxin(&["completions", shell], "C");
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(text.contains("desk") && text.contains("report-lost"), "{shell}");
    }
    let done = home.yinxin(&["completions", "--man", "man1"], "C");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    for page in ["yinxin.1", "yinxin-desk.1", "yinxin-context-add.1"] {
        let text = std::fs::read_to_string(home.0.path().join("man1").join(page)).unwrap();
        assert!(text.starts_with(".ie") && text.contains(".SH NAME"), "{page}");
    }
}

/// The same of the programs of operators, which need neither a state directory nor a configuration
/// for it; and of the one that has no verbs.
#[test]
fn each_program_has_completions_and_manual_pages() {
    let home = tempfile::tempdir().unwrap();
    let run = |program: &str, words: &[&str]| {
        let mut command = Command::new(binary(program));
        command.args(words).current_dir(home.path()).env_remove("LC_ALL").env("LANG", "C");
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        (done.status.success(), String::from_utf8_lossy(&done.stdout).into_owned() + &said)
    };
    let commands = [("ca-server", "doctor"), ("agent", "join"), ("ra-portal", "serve")];
    for (program, verb) in commands {
        for shell in ["bash", "zsh", "fish"] {
            let (done, text) = run(program, &["completions", shell]);
            assert!(done && text.contains(program) && text.contains(verb), "{program} {shell}");
        }
        let (done, said) = run(program, &["completions", "--man", "man1"]);
        assert!(done && said.contains("manual pages written"), "{program}: {said}");
        let (done, said) = run(program, &["completions", "--man", "man1"]);
        assert!(done && said.contains("manual pages replaced"), "{program}: {said}");
        let pages = [format!("{program}.1"), format!("{program}-{verb}.1")];
        for page in pages {
            let text = std::fs::read_to_string(home.path().join("man1").join(&page)).unwrap();
            assert!(text.contains(".SH NAME"), "{page}");
        }
        assert!(!run(program, &["completions"]).0, "neither a shell nor a folder");
        assert!(!run(program, &["completions", "bash", "--man", "man1"]).0, "both");
    }
    let (done, text) = run("yinxin-verify", &["--completions", "bash"]);
    assert!(done && text.contains("--trust"), "{text}");
    let (done, said) = run("yinxin-verify", &["--man", "man1"]);
    assert!(done && home.path().join("man1/yinxin-verify.1").exists(), "{said}");
    assert!(!run("yinxin-verify", &[]).0, "nothing to verify");
    assert!(!run("yinxin-verify", &["--completions", "bash", "evidence.tar"]).0, "both");
}
