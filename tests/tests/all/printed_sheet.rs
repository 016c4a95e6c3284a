//! The sheet that `make run` prints, followed by somebody who does what it says, in its order, and
//! the check that stands before it: a Rust that is too old is named before anything is built.

use records::enrolment::Stage;
use records::letter::Letter;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tests::{Office, Official, Running, binary, workspace};

/// Follows a sheet as it was printed; gives the letters that it names for commands.
pub(crate) async fn follow(office: &Office, sheet: &str) -> Vec<PathBuf> {
    let letters = letters(sheet);
    for path in &letters {
        assert!(path.with_extension("html").exists(), "{}", path.display());
        assert!(sheet.contains(&path.with_extension("html").display().to_string()));
        let record = office.look_up(&official(path)).await;
        assert!(matches!(record.stage, Stage::Letter { .. }), "used up: {}", path.display());
    }
    let mut order = String::new();
    let mut in_a_browser: Option<Official> = None;
    for step in steps(sheet) {
        match step.split_whitespace().next().unwrap() {
            "编号" => {
                let visitor = visitor(sheet, &letters);
                order = apply_in_a_browser(office, &visitor).await;
                in_a_browser = Some(visitor);
            }
            "make" => ran(&step, xtask(office, &["demo"])),
            _ if step.contains("yinxin desk") => opens_a_desk(office, &step),
            _ => {
                let output = as_printed(office, &step.replace("ORDER", &order));
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                if let Some((_, named)) = said.split_once("submitted, order: ") {
                    order = named.lines().next().unwrap().to_owned();
                }
                ran(&step, output);
            }
        }
    }
    office.collect(&in_a_browser.expect("a step in a browser")).await;
    letters
}

/// Lines that are to be typed, with those that go on put together, and the reference for the
/// browser.
fn steps(sheet: &str) -> Vec<String> {
    let (_, steps) = sheet.split_once("in this order:").unwrap();
    let whole = steps.replace("\\\n", "");
    let typed = ["target/debug/", "make demo", "编号 / reference"];
    let steps: Vec<String> = whole
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| typed.iter().any(|start| line.starts_with(start)))
        .collect();
    // Apply, two approvals, collect, look; the browser, two approvals; the demonstration; the
    // state; two contexts, three commands of an officer, one of an auditor, two desks.
    assert_eq!(steps.len(), 18, "{sheet}");
    steps
}

/// Starts a printed command that stays, takes the link that it prints, and ends it.
fn opens_a_desk(office: &Office, line: &str) {
    let mut desk = Running::new(typed(office, line).stdout(Stdio::piped()).spawn().unwrap());
    let said = BufReader::new(desk.child().stdout.take().unwrap()).lines().map(Result::unwrap);
    let link = said.map(|line| line.trim().to_owned()).find(|line| line.starts_with("http://"));
    let link = link.expect("a link");
    assert!(link.contains(".localhost:") && link.contains("/#"), "{link}");
}

/// A printed command as a shell runs it, from where it was printed for; contexts of people are
/// those of this city's tester.
fn typed(office: &Office, line: &str) -> Command {
    let mut words = line.split_whitespace();
    let program = words.next().unwrap().strip_prefix("target/debug/").unwrap();
    let mut command = Command::new(binary(program));
    command.args(words).current_dir(workspace()).stdin(Stdio::null());
    command.env("XDG_CONFIG_HOME", office.path("config"));
    command
}

/// Runs a printed command without questions.
fn as_printed(office: &Office, line: &str) -> Output {
    let verb = line.split_whitespace().nth(1).unwrap();
    let mut command = typed(office, line);
    let asks = verb == "enroll" || line.contains("approve ");
    if asks {
        command.arg("--yes");
    }
    if verb == "enroll" {
        let passphrase = office.path("my.passphrase");
        tests::write_passphrase(&passphrase);
        command.arg("--passphrase-file").arg(passphrase);
    }
    command.output().unwrap()
}

fn xtask(office: &Office, words: &[&str]) -> Output {
    let mut command = Command::new(binary("xtask"));
    command.arg("--city").arg(office.folder()).args(words);
    command.current_dir(workspace()).output().unwrap()
}

fn ran(step: &str, output: Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{step}: {said}");
}

/// Letters for commands, in the order in which they stand on the sheet.
fn letters(sheet: &str) -> Vec<PathBuf> {
    let (list, _) = sheet.split_once("in this order:").unwrap();
    let files = list.lines().map(str::trim).filter(|line| line.contains("/letters/"));
    files.filter(|line| line.ends_with(".json")).map(PathBuf::from).collect()
}

fn official(letter: &Path) -> Official {
    let letter: Letter = serde_json::from_slice(&std::fs::read(letter).unwrap()).unwrap();
    Official::new(letter)
}

/// Whose reference and code the sheet shows for the browser.
fn visitor(sheet: &str, letters: &[PathBuf]) -> Official {
    let shown = |what: &str| {
        let (_, rest) = sheet.split_once(what).unwrap();
        rest.lines().next().unwrap().trim().to_owned()
    };
    let (reference, code) = (shown("编号 / reference"), shown("授权码 / code"));
    let visitor = letters.iter().map(|path| official(path));
    let mut visitor = visitor.filter(|official| official.letter.reference == reference);
    let visitor = visitor.next().expect("the letter of the sheet");
    assert_eq!(visitor.letter.code, code);
    visitor
}

/// Applies as the page does; gives the order that the page shows.
async fn apply_in_a_browser(office: &Office, visitor: &Official) -> String {
    let record = office.look_up(visitor).await;
    let submit = visitor.submit(&record.challenge, &visitor.request(), "page");
    match office.public().submit(&submit).await.unwrap() {
        Stage::Awaiting { order, .. } => order,
        other => panic!("{other:?}"),
    }
}

/// A Rust that is older than `Cargo.toml` asks for is named in both languages before anything is
/// built, and so is one that is missing; the one that is asked for passes.
#[test]
fn an_old_rust_is_named_before_anything_is_built() {
    let manifest = std::fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&manifest).unwrap();
    let needed = manifest["workspace"]["package"]["rust-version"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let check = |version: Option<&str>| {
        let rustc = folder.path().join("rustc");
        let text = match version {
            Some(version) => format!("#!/bin/sh\necho 'rustc {version} (0000000 2020-01-01)'\n"),
            None => "#!/bin/sh\nexit 127\n".to_owned(),
        };
        std::fs::write(&rustc, text).unwrap();
        std::fs::set_permissions(&rustc, PermissionsExt::from_mode(0o755)).unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new(workspace().join("xtask/rust"));
        let output = command.env("PATH", format!("{}:{path}", folder.path().display())).output();
        let output = output.unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(check(Some(&format!("{needed}.0"))), (true, String::new()));
    assert_eq!(check(Some("9.0.0-nightly")), (true, String::new()));
    for version in [Some("1.9.0"), Some("1.70.0"), None] {
        let (passed, said) = check(version);
        assert!(!passed, "{version:?}");
        assert!(
            said.contains(needed) && said.contains("需要") && said.contains("needed"),
            "{said}"
        );
    }
}
