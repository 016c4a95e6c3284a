//! `docs/growth.md` names everything that can grow: each table, each kind of record, each folder.

use super::migrations::tables;
use std::collections::BTreeSet;
use tests::workspace;

/// What stands in backticks in a page.
fn named(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn page(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap()
}

fn section<'a>(text: &'a str, title: &str) -> &'a str {
    let begin = text.find(&format!("\n## {title}\n")).expect(title) + 4;
    text[begin..].split("\n## ").next().unwrap()
}

#[test]
fn everything_that_grows_is_named() {
    let growth = page("docs/growth.md");
    let named_tables = named(section(&growth, "Tables"));
    for service in ["ca-server/store", "ra-portal"] {
        for table in tables(service) {
            assert!(named_tables.contains(&table), "docs/growth.md does not name `{table}`");
        }
    }
    let kinds = named(section(&growth, "Logs, by kind of record"));
    let vectors: serde_json::Value = serde_json::from_str(&page("docs/vectors.json")).unwrap();
    for record in vectors["records"].as_array().unwrap() {
        let kind = record["kind"].as_str().unwrap();
        assert!(kinds.contains(kind), "docs/growth.md does not name records `{kind}`");
    }
    let folders = named(section(&growth, "Folders"));
    let architecture = page("ARCHITECTURE.md");
    for folder in named(section(&architecture, "State")).iter().filter(|one| one.ends_with('/')) {
        assert!(folders.contains(folder), "docs/growth.md does not name `{folder}`");
    }
}

#[test]
fn a_page_names_what_stands_in_backticks() {
    let names = named("| `one`, `two/` | three |\n`four`");
    assert_eq!(names, ["four", "one", "two/"].map(str::to_owned).into());
}
