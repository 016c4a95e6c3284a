//! Nothing is left out of a run that could fail: a target that is not built as a test holds none,
//! a crate whose examples are not read has none, and what runs on one database alone is what
//! `xtask/test` names.

use super::sources::{crates, files_below, shown};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tests::workspace;

#[test]
fn targets_that_are_not_tested_hold_no_test() {
    let mut looked_at = 0;
    for one in crates() {
        let source = one.folder.join("src");
        let library = source.join("lib.rs");
        if let Some(lib) = one.manifest.get("lib").and_then(toml::Value::as_table) {
            looked_at += 1;
            if is_left_out(lib, &one.folder) {
                holds_none(&files_below(&source));
            }
            if lib.get("doctest").and_then(toml::Value::as_bool) == Some(false) {
                for path in files_below(&source) {
                    let text = std::fs::read_to_string(&path).unwrap();
                    assert!(!has_example(&text), "{} has an example", shown(&path));
                }
            }
        }
        let programs = one.manifest.get("bin").and_then(toml::Value::as_array);
        for program in programs.into_iter().flatten() {
            let program = program.as_table().unwrap();
            if is_left_out(program, &one.folder) {
                looked_at += 1;
                let main = one.folder.join(program["path"].as_str().unwrap());
                // Beside a library a program is one file.
                holds_none(&if library.exists() { vec![main] } else { files_below(&source) });
            }
        }
    }
    assert!(looked_at > 20, "{looked_at} targets");
}

/// Whether a target is built without its tests; then it is no bench either, which `--all-targets`
/// would build with them.
fn is_left_out(target: &toml::Table, folder: &Path) -> bool {
    let says = |name: &str| target.get(name).and_then(toml::Value::as_bool) == Some(false);
    assert_eq!(says("test"), says("bench"), "{}: test and bench are one", shown(folder));
    says("test")
}

fn holds_none(files: &[PathBuf]) {
    for path in files {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(!is_tested(&text), "{} has a test that nobody runs", shown(path));
    }
}

fn is_tested(text: &str) -> bool {
    text.lines().map(str::trim_start).any(|line| {
        line.starts_with("#[test]") || line.starts_with("#[tokio::test") || line == "#[cfg(test)]"
    })
}

/// Whether comments hold what rustdoc would compile: a fence that is no plain text, or lines that
/// are indented by four behind an empty one.
fn has_example(text: &str) -> bool {
    let (mut is_open, mut is_apart) = (false, true);
    for line in text.lines().map(str::trim_start) {
        let Some(said) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            (is_open, is_apart) = (false, true);
            continue;
        };
        if let Some(language) = said.trim_start().strip_prefix("```") {
            if !is_open && language != "text" {
                return true;
            }
            is_open = !is_open;
        } else if !is_open && is_apart && said.starts_with("     ") {
            return true;
        }
        is_apart = said.trim().is_empty();
    }
    false
}

#[test]
fn what_is_left_out_is_seen() {
    for text in ["#[test]\nfn a() {}", "    #[tokio::test(flavor = \"x\")]", "#[cfg(test)]\nmod a;"]
    {
        assert!(is_tested(text), "{text}");
    }
    assert!(!is_tested("/// A `#[test]`.\nfn a() {}"));
    for text in
        ["/// ```\n/// a();\n/// ```", "//! ```compile_fail\n//! ```", "/// A\n///\n///     a();"]
    {
        assert!(has_example(text), "{text}");
    }
    assert!(!has_example("/// ```text\n/// a\n/// ```\n/// - b\n///     c\nfn a() {}"));
}

/// `libtest` leaves out whatever has a name anywhere in its path: a story is left out on PostgreSQL
/// because its path begins so, and for no other reason; and each name leaves out something.
#[test]
fn what_runs_on_sqlite_alone_begins_as_the_list_says() {
    let script = std::fs::read_to_string(workspace().join("xtask/test")).unwrap();
    let list = script.split("\nonce=(").nth(1).unwrap().split(')').next().unwrap();
    let once: Vec<&str> = list.split_whitespace().collect();
    let paths = stories();
    assert!(once.len() > 30 && paths.len() > 400, "{} of {}", once.len(), paths.len());
    for name in &once {
        assert!(paths.iter().any(|path| path.starts_with(name)), "{name} leaves out nothing");
    }
    for path in &paths {
        let is_left_out = once.iter().any(|name| path.contains(name));
        let is_listed = once.iter().any(|name| path.starts_with(name));
        assert_eq!(is_left_out, is_listed, "{path} would be left out by a part of its path");
    }
}

/// Paths of all stories, as `libtest` has them.
fn stories() -> BTreeSet<String> {
    let folder = workspace().join("tests/tests/all");
    let mut found = BTreeSet::new();
    for path in files_below(&folder) {
        let module = path.strip_prefix(&folder).unwrap().with_extension("");
        let module = module.display().to_string().replace('/', "::");
        let text = std::fs::read_to_string(&path).unwrap();
        let mut is_next = false;
        for line in text.lines() {
            is_next |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let named = line.trim_start_matches("async ").strip_prefix("fn ");
            if let Some(rest) = named.filter(|_| is_next) {
                let name = rest.split('(').next().unwrap();
                found.insert(format!("{module}::{name}"));
                is_next = false;
            }
        }
    }
    found
}
