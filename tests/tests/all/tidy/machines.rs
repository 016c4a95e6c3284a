//! What programs print for machines is described: each member that a source names stands on the
//! page.

use super::sources::{files_below, shown};
use std::collections::BTreeSet;
use tests::workspace;

/// Where the answers of commands are written.
const ANSWERS: [&str; 5] = [
    "crates/cli/src",
    "crates/plain/src",
    "crates/verify/src",
    "ca-server/src/command",
    "agent/src/command",
];

/// The members in each `json!` of a source, but for its tests.
fn members(source: &str) -> BTreeSet<&str> {
    let own = source.split("\n#[cfg(test)]").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    for part in own.split("json!(").skip(1) {
        let document = &part[..closing(part)];
        for (at, _) in document.match_indices("\":") {
            let name = document[..at].rsplit('"').next().unwrap_or_default();
            let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            found.extend((!name.is_empty() && name.chars().all(is_name)).then_some(name));
        }
    }
    found
}

/// Where the bracket closes that was opened before a text.
fn closing(text: &str) -> usize {
    let (mut depth, mut is_quoted, mut is_escaped) = (1, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

#[test]
fn each_member_that_machines_are_told_is_described() {
    let page = std::fs::read_to_string(workspace().join("docs/json.md")).unwrap();
    let described: BTreeSet<&str> = page.split('`').skip(1).step_by(2).collect();
    let (mut missing, mut count) = (Vec::new(), 0);
    for path in ANSWERS.iter().flat_map(|folder| files_below(&workspace().join(folder))) {
        let source = std::fs::read_to_string(&path).unwrap();
        let named = members(&source);
        count += named.len();
        let unknown = named.into_iter().filter(|name| !described.contains(name));
        missing.extend(unknown.map(|name| format!("{}: {name}", shown(&path))));
    }
    assert!(count > 100, "{count} members");
    assert!(missing.is_empty(), "docs/json.md does not say:\n{}", missing.join("\n"));
}

#[test]
fn members_of_an_answer_are_found() {
    let source = "fn a() { json!({ \"one\": f(\"x)\", 1), \"two\": [] }); \"three\": }\n\
                  #[cfg(test)]\nmod tests { json!({ \"four\": 1 }) }";
    assert_eq!(members(source), BTreeSet::from(["one", "two"]));
}
