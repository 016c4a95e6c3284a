//! Who may use whom, as ARCHITECTURE.md says it: the table under "Crates and arrows" and the lines
//! under "Never" are read from there, so that the page and the code cannot differ.

use super::sources::{crates, shown, tokens};
use std::collections::{BTreeMap, BTreeSet};
use tests::workspace;

/// An arrow that is not in the table does not exist; a crate that is not in it neither.
#[test]
fn crates_use_what_the_table_allows() {
    let allowed = table();
    let all = crates();
    let ours: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let mut arrows = BTreeSet::new();
    for one in &all {
        let row = if one.folder.starts_with(workspace().join("examples")) {
            "examples/*"
        } else {
            one.name.as_str()
        };
        let may = allowed.get(row).unwrap_or_else(|| panic!("{row} has no row of arrows"));
        let Some(uses) = one.manifest.get("dependencies") else { continue };
        for used in uses.as_table().unwrap().keys().filter(|used| ours.contains(&used.as_str())) {
            let fits = may.iter().any(|word| word == used || word == "*");
            assert!(fits, "{} must not use {used}: ARCHITECTURE.md has no such arrow", one.name);
            arrows.insert((row, used.as_str()));
            let looks = ["tests", "xtask", "sample-city"];
            assert!(looks.contains(&row) || !looks.contains(&used.as_str()), "{row} uses {used}");
        }
    }
    for (row, may) in &allowed {
        for used in may.iter().filter(|used| *used != "*") {
            let there = arrows.contains(&(row.as_str(), used.as_str()));
            assert!(there, "ARCHITECTURE.md lets {row} use {used}, which it does not");
        }
    }
    for row in allowed.keys().filter(|row| *row != "examples/*") {
        assert!(ours.contains(&row.as_str()), "ARCHITECTURE.md has arrows of {row}, which is gone");
    }
}

/// Arrows that crates cannot keep alone, because both ends lie in one crate or one end is a
/// library.
#[test]
fn nothing_names_what_it_never_may() {
    let mut named = Vec::new();
    let lines = never();
    assert!(lines.len() >= 5, "ARCHITECTURE.md lost its never lines: {lines:?}");
    for Never { place, names, but } in lines {
        let folder = workspace().join(&place);
        let excepted: Vec<_> = but.iter().map(|name| folder.join(name)).collect();
        let all = crates().into_iter().flat_map(|one| one.files());
        let files: Vec<_> = all.filter(|path| path.starts_with(&folder)).collect();
        assert!(!files.is_empty(), "ARCHITECTURE.md has a never line of {place}, which is gone");
        for file in excepted.iter().filter(|file| !files.contains(file)) {
            named.push(format!("{} is excepted and gone", shown(file)));
        }
        for path in files {
            let words = tokens(&std::fs::read_to_string(&path).unwrap());
            let is_named = |name: &&String| {
                let parts = tokens(name);
                words.windows(parts.len()).any(|window| window == parts)
            };
            let found: Vec<&String> = names.iter().filter(is_named).collect();
            match excepted.contains(&path) {
                true if found.is_empty() => {
                    named.push(format!("{} is excepted for nothing", shown(&path)));
                }
                true => {}
                false => named.extend(
                    found.iter().map(|name| format!("{} must never name {name}", shown(&path))),
                ),
            }
        }
    }
    assert!(named.is_empty(), "{}", named.join("\n"));
}

/// The rows of the table, the names in backticks: what a crate may use; `*` is everything.
fn table() -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for line in section("## Crates and arrows").lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let [name, _, may] = cells.as_slice() else { panic!("three cells: {line}") };
        let may: Vec<String> = quoted(may);
        for name in quoted(name) {
            assert!(found.insert(name, may.clone()).is_none(), "twice: {line}");
        }
    }
    found
}

/// What is never named below a place, but in some files.
#[derive(Debug)]
struct Never {
    place: String,
    names: Vec<String>,
    but: Vec<String>,
}

/// The items "- `place`: `name` …, but in `file` …".
fn never() -> Vec<Never> {
    let mut items: Vec<String> = Vec::new();
    for line in section("### Never").lines() {
        match items.last_mut() {
            Some(item) if line.starts_with("  ") => item.push_str(line),
            _ if line.starts_with("- ") => items.push(line.to_owned()),
            _ => {}
        }
    }
    let read = |item: String| {
        let (line, but) = item.split_once(", but in ").unwrap_or((&item, ""));
        let mut names = quoted(line);
        Never { place: names.remove(0), names, but: quoted(but) }
    };
    items.into_iter().map(read).collect()
}

/// From a heading to the next of its own kind.
fn section(heading: &str) -> String {
    let text = std::fs::read_to_string(workspace().join("ARCHITECTURE.md")).unwrap();
    let start = text.find(&format!("{heading}\n")).unwrap_or_else(|| panic!("{heading} is gone"));
    let after = &text[start + heading.len()..];
    let depth = heading.split(' ').next().unwrap();
    let ends = |depth: &str| after.find(&format!("\n{depth} ")).unwrap_or(after.len());
    let end = ends(depth).min(ends("##"));
    after[..end].to_owned()
}

fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
