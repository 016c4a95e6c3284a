//! Every command that a page, a letter, an error, a walk, the README or a tool prints is one that
//! its program takes, exactly as it stands there. Those that change nothing are run in a
//! sample city, those of the walks in `docs_walkthroughs`, those of `make run` in `printed_sheet`.

use clap::{CommandFactory, Parser};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests::{Office, binary, workspace};

const PROGRAMS: [&str; 5] = ["yinxin-verify", "yinxin", "ca-server", "ra-portal", "agent"];
/// Stands where a text fills in a name.
const FILLED: &str = "5GPJWBSG64S36D1N";

/// A command and where it stands.
type Printed = (String, String);

#[test]
fn every_command_that_is_printed_is_taken_as_it_stands() {
    let mut found = Vec::new();
    found.extend(pages());
    found.extend(documents());
    found.extend(sources());
    let programs: BTreeSet<&str> = found.iter().map(|(text, _)| first(text)).collect();
    assert_eq!(programs.len(), PROGRAMS.len(), "{programs:?}");
    assert!(found.len() > 100, "{} commands", found.len());
    let wrong: BTreeSet<String> = found
        .iter()
        .filter_map(|(text, place)| Some(format!("{place}: {text}\n    {}", refused(text)?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

/// Verbs that change nothing, or nothing that cannot be done again: they are run as they stand.
const READS: [&str; 11] = [
    "ca-server status",
    "ca-server doctor",
    "ca-server order list",
    "ca-server order show",
    "ca-server person list",
    "ca-server unit list",
    "yinxin whoami",
    "yinxin context list",
    "yinxin audit search",
    "yinxin completions",
    "yinxin cert show",
];

/// Whether a printed command can be run in a sample city as it stands.
fn is_harmless(text: &str) -> bool {
    let plain: Vec<&str> = text.split(' ').collect();
    let plain = match plain.iter().position(|word| *word == "--state") {
        Some(at) => [&plain[..at], plain.get(at + 2..).unwrap_or_default()].concat(),
        None => plain,
    };
    let plain = plain.join(" ");
    let reads = |verb: &&str| plain == **verb || plain.starts_with(&format!("{verb} "));
    plain.ends_with(" --help") || plain == "yinxin approve" || READS.iter().any(reads)
}

/// What only reads is run where its reader would be, exactly as it stands; only what a text fills
/// in, or a reader is to fill in, is the sample city's.
#[tokio::test]
async fn commands_that_change_nothing_run_as_they_stand() {
    let office = Office::open().await;
    let (order, _) = office.draft(&[
        "person",
        "create",
        "--name",
        "李丹",
        "--unit",
        "sz-office",
        "--evidence",
        "任命文件",
    ]);
    let home = tempfile::tempdir().unwrap();
    let run = |text: &str| {
        let mut words = words(text);
        for at in 1..words.len() {
            let before = words[at - 1].clone();
            let word = &mut words[at];
            match word.as_str() {
                _ if before == "--state" => *word = office.path("ca").display().to_string(),
                FILLED if text.starts_with("yinxin cert") => "my.pem".clone_into(word),
                FILLED | "ORDER" => word.clone_from(&order),
                pem if pem.ends_with(".pem") => "my.pem".clone_into(word),
                _ => {}
            }
        }
        let mut command = Command::new(binary(&words[0]));
        command.args(&words[1..]).current_dir(home.path()).env("YINXIN_CA", office.path("ca"));
        command.env("XDG_CONFIG_HOME", home.path()).stdin(Stdio::null());
        if text.starts_with("yinxin audit") {
            command.env("YINXIN_CONTEXT", "sample-auditor");
        }
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        (!done.status.success()).then_some(said)
    };
    let people = |name: &str| office.path(&format!("people/{name}")).display().to_string();
    std::fs::copy(people("officer-1.pem"), home.path().join("my.pem")).unwrap();
    for (name, file) in [("sample-officer", "officer-1"), ("sample-auditor", "auditor")] {
        let at = |end: &str| people(&format!("{file}.{end}"));
        let trust = office.path("ca/trust.json");
        let (trust, cert, key, passphrase) =
            (trust.display(), at("pem"), at("key"), at("passphrase"));
        let add = format!("yinxin context add {name} --trust {trust} --key {key}");
        // Not by `run`, which would take the certificate for one that a text names.
        let words: Vec<&str> = add.split(' ').skip(1).collect();
        let mut command = Command::new(binary("yinxin"));
        command.args(words).args(["--cert", &cert, "--passphrase-file", &passphrase]);
        let done = command.env("XDG_CONFIG_HOME", home.path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let printed = pages().into_iter().chain(documents()).chain(sources());
    let harmless: BTreeSet<String> =
        printed.map(|(text, _)| text).filter(|text| is_harmless(text)).collect();
    assert!(harmless.len() > 15, "{harmless:?}");
    let failed: Vec<String> =
        harmless.iter().filter_map(|text| Some(format!("{text}: {}", run(text)?))).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    // The nearest that is none of them is told apart, and one that is misspelt fails.
    assert!(!is_harmless("yinxin approve ORDER") && !is_harmless("ca-server letter PERSON"));
    assert!(run("ca-server order show 0000000000000000").is_some());
}

/// What it is measured by: a command with an option too few, too many, or misspelt is refused.
#[test]
fn a_command_that_its_program_does_not_take_is_found() {
    for wrong in [
        "yinxin return ORDER",
        "yinxin approve ORDER --hardware",
        "yinxin aprove ORDER",
        "yinxin report-lost LETTER",
        "agent join",
        "ca-server letter",
        "ra-portal serve everybody",
        "yinxin-verify --trust trust.json",
    ] {
        assert!(refused(wrong).is_some(), "{wrong}");
    }
    let found =
        in_text("批准 / approve: yinxin approve ORDER（两人）, then ca-server doctor. 别的");
    assert_eq!(found, ["yinxin approve ORDER", "ca-server doctor"]);
    assert_eq!(in_text("yinxin has checked it, and the agent lives"), [""; 0]);
}

/// Why a program does not take a command, if it does not.
fn refused(text: &str) -> Option<String> {
    let words = words(text);
    let told = |error: clap::Error| match error.kind() {
        clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion => None,
        _ => Some(error.to_string()),
    };
    match first(text) {
        "yinxin" => cli::Arguments::try_parse_from(words).err().and_then(told),
        "ca-server" => ca_server::command::Arguments::try_parse_from(words).err().and_then(told),
        "agent" => agent::command::Arguments::try_parse_from(words).err().and_then(told),
        "ra-portal" => ra_portal::command::Arguments::try_parse_from(words).err().and_then(told),
        // It is a program without a library, and does nothing but read: there is no such bundle.
        "yinxin-verify" => {
            let done = Command::new(binary("yinxin-verify"))
                .args(words.iter().skip(1))
                .current_dir("/proc")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            said.contains("Usage:").then_some(said)
        }
        other => Some(format!("{other} is no program")),
    }
}

fn first(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

/// Words as a shell makes them of what is printed: blanks part them, quotes hold them together.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for character in text.chars() {
        match (quote, character) {
            (None, ' ') => words.push(std::mem::take(&mut word)),
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            (_, other) => word.push(other),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// What stands as code in sample pages, and in letters.
fn pages() -> Vec<Printed> {
    let mut found = Vec::new();
    for folder in ["tests/golden/pages", "tests/golden/desk", "tests/golden/letters"] {
        for path in below(&workspace().join(folder), &["html"]) {
            let text = std::fs::read_to_string(&path).unwrap();
            let plain = text.replace("&#39;", "'").replace("&#x27;", "'").replace("&quot;", "\"");
            for code in plain.split("<code>").skip(1) {
                let code = code.split("</code>").next().unwrap();
                for line in code.lines().filter(|line| PROGRAMS.contains(&first(line))) {
                    found.push((line.to_owned(), shown(&path)));
                }
            }
            let prose = plain.replace('<', "\n<");
            found.extend(in_text(&prose).into_iter().map(|command| (command, shown(&path))));
        }
    }
    found
}

/// Indented lines and code of walks, README and the rest.
fn documents() -> Vec<Printed> {
    let mut found = Vec::new();
    let names = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md"];
    let mut paths: Vec<PathBuf> = names.iter().map(|name| workspace().join(name)).collect();
    paths.extend(below(&workspace().join("docs"), &["md"]));
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().filter_map(|line| line.strip_prefix("    ")) {
            for part in line.trim().split(" ; ") {
                let command = part.split("  ").next().unwrap().trim();
                if PROGRAMS.contains(&first(command)) && command.contains(' ') {
                    found.push((command.to_owned(), shown(&path)));
                }
            }
        }
        // Prose names verbs in code; a command in it has an option.
        for code in text.split('`').skip(1).step_by(2) {
            let command = code.trim();
            if is_command(command) && command.contains(" --") {
                found.push((command.to_owned(), shown(&path)));
            }
        }
    }
    found
}

/// Texts of programs and tools: what follows a colon, stands alone, or begins a line.
fn sources() -> Vec<Printed> {
    let mut found = Vec::new();
    for folder in ["crates", "ca-server", "ra-portal", "agent", "xtask"] {
        let paths = below(&workspace().join(folder), &["rs"]);
        for path in paths.into_iter().filter(|path| !shown(path).contains("tests")) {
            for text in literals(&std::fs::read_to_string(&path).unwrap()) {
                let text = text.replace("target/debug/", "");
                found.extend(in_text(&text).into_iter().map(|command| (command, shown(&path))));
            }
        }
    }
    found
}

/// Commands in a text for people. A sentence that speaks of a program names no verb of it.
fn in_text(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some((at, program)) = next_program(rest) {
            let (before, begins) = rest.split_at(at);
            let free = before.chars().next_back().is_none_or(|c| !c.is_ascii_alphanumeric());
            let end = begins
                .find(['（', '，', '。', '；', '、', '`', '<', '|', '>', '\\', ';', '：', '“', '”'])
                .or(Some(begins.len()))
                .into_iter()
                .chain(["  ", " / ", ", ", ". "].iter().filter_map(|stop| begins.find(stop)))
                .min()
                .unwrap();
            let command = begins[..end].trim().trim_end_matches(['.', ',', ')']);
            // Prose goes on in Chinese after a verb.
            let command = command.split(" (").next().unwrap().trim();
            let chinese = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
            let command: Vec<&str> =
                command.split(' ').take_while(|word| !word.contains(chinese)).collect();
            let command = command.join(" ");
            if free && is_command(&command) {
                found.push(command);
            }
            rest = &begins[program.len()..];
        }
    }
    found
}

fn next_program(text: &str) -> Option<(usize, &'static str)> {
    let places = PROGRAMS.iter().filter_map(|one| Some((text.find(&format!("{one} "))?, *one)));
    // At one place the longer name is meant.
    places.min_by_key(|(at, one)| (*at, usize::MAX - one.len()))
}

/// Whether a text names a verb or an option of a program behind its name, not a sentence about it.
fn is_command(text: &str) -> bool {
    let mut words = text.split(' ');
    let program = words.next().unwrap_or_default();
    let next = words.next().unwrap_or_default();
    let program = match program {
        "yinxin" => cli::Arguments::command(),
        "ca-server" => ca_server::command::Arguments::command(),
        "ra-portal" => ra_portal::command::Arguments::command(),
        "agent" => agent::command::Arguments::command(),
        other => return other == "yinxin-verify" && next.starts_with("--"),
    };
    // What begins with an option goes on with a verb, or was cut where the text fills it in.
    let whole = words.count() > 1;
    (next.starts_with("--") && whole) || program.find_subcommand(next).is_some()
}

/// What stands between double quotes in Rust text, with names filled in.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut characters = source.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '/' if characters.peek() == Some(&'/') => {
                while characters.next().is_some_and(|c| c != '\n') {}
            }
            '\'' => {
                // A character, or the name of a lifetime.
                let mut ahead = characters.clone();
                let one = ahead.next();
                if one == Some('\\') || ahead.next() == Some('\'') {
                    while characters.next().is_some_and(|c| c != '\'') {}
                }
            }
            '"' => found.push(literal(&mut characters)),
            _ => {}
        }
    }
    found
}

fn literal(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => match characters.next() {
                Some('n') => text.push('\n'),
                Some('\n') => while characters.next_if(|c| c.is_whitespace()).is_some() {},
                Some(other) => text.push(other),
                None => break,
            },
            '{' if characters.next_if_eq(&'{').is_some() => text.push('{'),
            '{' => {
                while characters.next().is_some_and(|c| c != '}') {}
                text.push_str(FILLED);
            }
            other => text.push(other),
        }
    }
    text
}

fn below(folder: &Path, ends: &[&str]) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| ends.iter().any(|one| end == *one)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(workspace()).unwrap().display().to_string()
}
