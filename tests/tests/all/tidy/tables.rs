//! A table of the CA is written by one file: whoever asks what a row can say reads it there.

use super::sources::files_below;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tests::workspace;

/// The word behind each of these, in a text that was read to the end of its statements.
const WRITES: [&str; 3] = ["insert into ", "update ", "delete from "];

#[test]
fn one_file_writes_a_table() {
    let tables = tables();
    assert!(tables.len() > 25, "{tables:?}");
    let mut written: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let crates = ["", "host/", "store/", "issuer/", "log/", "status/", "notices/"];
    let folders = crates.map(|one| format!("ca-server/{one}src"));
    for folder in folders.iter().map(String::as_str).chain(["crates/store/src"]) {
        for file in files_below(&workspace().join(folder)) {
            let name = file.strip_prefix(workspace()).unwrap().display().to_string();
            if name.ends_with("tests.rs") || name.contains("/tests/") {
                continue;
            }
            for table in written_in(&file).intersection(&tables) {
                written.entry(table.clone()).or_default().insert(name.clone());
            }
        }
    }
    let twice: Vec<_> = written.iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let unwritten: Vec<_> = tables.iter().filter(|one| !written.contains_key(*one)).collect();
    assert!(unwritten.is_empty(), "tables that nobody writes: {unwritten:?}");
    let elsewhere = |file: &&String| {
        !file.starts_with("ca-server/store/src/") && !file.starts_with("crates/store/src/")
    };
    assert_eq!(written.values().flatten().find(elsewhere), None);
}

/// Every table that the migrations leave.
fn tables() -> BTreeSet<String> {
    let folder = workspace().join("ca-server/store/migrations/sqlite");
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut tables = BTreeSet::new();
    for path in names {
        let text = std::fs::read_to_string(path).unwrap();
        tables.extend(behind(&text, "create table "));
        for gone in behind(&text, "drop table ") {
            tables.remove(&gone);
        }
        for line in text.lines().filter(|line| line.contains(" rename to ")) {
            tables.extend(behind(line, " rename to "));
            behind(line, "alter table ").iter().for_each(|old| {
                tables.remove(old);
            });
        }
    }
    tables
}

/// Tables that the shipped part of a file writes.
fn written_in(file: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    WRITES.iter().flat_map(|word| behind(shipped, word)).collect()
}

/// The words that stand behind a text.
fn behind(text: &str, before: &str) -> BTreeSet<String> {
    let word = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    text.split(before).skip(1).map(word).collect()
}
