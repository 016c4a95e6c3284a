//! What stands printed somewhere, found by reading: pages, letters, documents, texts of programs.

use super::refused::refused;
use clap::CommandFactory;
use std::path::{Path, PathBuf};
use tests::workspace;

const PROGRAMS: [&str; 5] = ["yinxin-verify", "yinxin", "ca-server", "ra-portal", "agent"];
/// Stands where a text fills in a name.
pub(super) const FILLED: &str = "5GPJWBSG64S36D1N";

/// Verbs that prose names and that need a letter, which their definitions do not say.
const NEED_A_LETTER: [&str; 3] = ["yinxin enroll", "yinxin report-lost", "yinxin suspend"];

/// A command and where it stands.
pub(super) type Printed = (String, String);

/// All of them.
pub(super) fn everywhere() -> Vec<Printed> {
    [pages(), documents(), sources(), said_by_scripts()].concat()
}

/// The program of a command.
pub(super) fn first(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

/// Words as a shell makes them of what is printed: blanks part them, quotes hold them together.
pub(super) fn words(text: &str) -> Vec<String> {
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
    // The changelog says what there was at its time, and is nothing that anybody types from.
    let names = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md"];
    let mut paths: Vec<PathBuf> = names.iter().map(|name| workspace().join(name)).collect();
    paths.extend(["docs", "examples"].iter().flat_map(|at| below(&workspace().join(at), &["md"])));
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
        // Prose names verbs in code; a command in it has an option, or needs none.
        for code in text.split('`').skip(1).step_by(2) {
            let command = code.trim();
            let needs_none = || !NEED_A_LETTER.contains(&command) && refused(command).is_none();
            let is_whole = || command.contains(" --") || needs_none();
            if is_command(command) && is_whole() {
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

/// Scripts that people and CI start.
pub(super) fn scripts() -> Vec<PathBuf> {
    let names = ["Makefile", ".ci/run", "xtask/build", "xtask/install", "xtask/rust", "xtask/test"];
    let scripts: Vec<PathBuf> = names.iter().map(|name| workspace().join(name)).collect();
    // One that is new has its place here too.
    for entry in
        ["xtask", ".ci"].iter().flat_map(|at| std::fs::read_dir(workspace().join(at)).unwrap())
    {
        let path = entry.unwrap().path();
        let is_script = path.is_file() && path.extension().is_none();
        assert!(!is_script || scripts.contains(&path), "{}", path.display());
    }
    scripts
}

/// What a script prints: quoted texts behind `echo` and `printf`, also where they go on below, with
/// a name for what the shell fills in.
pub(super) fn echoed(script: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut goes_on = false;
    for line in script.lines() {
        let says = line.find("echo ").or_else(|| line.find("printf "));
        let from = if goes_on { Some(0) } else { says };
        goes_on = from.is_some() && line.ends_with('\\');
        let texts = from.and_then(|at| line.get(at..)).unwrap_or_default();
        let texts = texts.split('"').skip(1).step_by(2);
        found.extend(texts.map(|text| {
            let filled = |word: &str| match word.starts_with('$') {
                true => FILLED.to_owned(),
                false => word.to_owned(),
            };
            text.split(' ').map(filled).collect::<Vec<_>>().join(" ")
        }));
    }
    found
}

/// Our own programs in what scripts print.
fn said_by_scripts() -> Vec<Printed> {
    let mut found = Vec::new();
    for path in scripts() {
        for text in echoed(&std::fs::read_to_string(&path).unwrap()) {
            found.extend(in_text(&text).into_iter().map(|command| (command, shown(&path))));
        }
    }
    found
}

/// Commands in a text for people. A sentence that speaks of a program names no verb of it.
pub(super) fn in_text(text: &str) -> Vec<String> {
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
            // Not so in a path, nor between quotation marks.
            let mut is_quoted = false;
            let goes_on = |word: &&str| {
                let is_own = is_quoted || !word.contains(chinese) || word.contains('/');
                is_quoted ^= word.matches('\'').count() % 2 == 1;
                is_own
            };
            let command: Vec<&str> = command.split(' ').take_while(goes_on).collect();
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
pub(super) fn literals(source: &str) -> Vec<String> {
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

/// Whether a word of RFC 5280 comes next, and no text of somebody's own.
fn names_a_reason(text: &str) -> bool {
    let takes_away = ["yinxin revoke ", "yinxin suspend "].iter().any(|verb| text.contains(verb));
    takes_away && text.ends_with("--reason ")
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
                text.push_str(if names_a_reason(&text) { "keyCompromise" } else { FILLED });
            }
            other => text.push(other),
        }
    }
    text
}

pub(super) fn below(folder: &Path, ends: &[&str]) -> Vec<PathBuf> {
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

pub(super) fn shown(path: &Path) -> String {
    path.strip_prefix(workspace()).unwrap().display().to_string()
}
