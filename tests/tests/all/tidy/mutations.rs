//! Each line of SECURITY.md's tables names tests that are there, and `tests/mutations` takes what
//! each of them shows out of code that is there: so that the list does not rot.

use super::{sources, test_names};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use tests::mutations::{LIST, Mutation, read};
use tests::workspace;

const TABLES: [&str; 2] = ["What capture gives, said plainly", "What survives"];
/// What kills at a moment of its own choosing shows much and fails for nothing in particular.
const AT_RANDOM: [&str; 1] = ["everything_is_killed_at_once"];
/// What nothing shows yet says so.
const LATER: &str = "–";

/// A line of a table: what it says, and the tests that show it.
struct Promise {
    text: String,
    tests: Vec<String>,
}

fn promises(security: &str) -> Vec<Promise> {
    let tables = TABLES.iter().flat_map(|title| {
        let begin = security.find(&format!("\n## {title}\n")).expect(title) + 4;
        let section = security[begin..].split("\n## ").next().unwrap();
        section.lines().filter(|line| line.starts_with('|')).skip(2)
    });
    let rows = tables.map(|row| {
        let shown = row.trim_end_matches('|').rsplit('|').next().unwrap().trim();
        let tests = shown.split('`').skip(1).step_by(2).map(str::to_owned);
        // What stands beside a name, as a command, is no test.
        let tests: Vec<String> = tests.filter(|name| !name.contains(' ')).collect();
        assert!(!tests.is_empty() || shown == LATER, "nothing shows: {row}");
        Promise { text: row.to_owned(), tests }
    });
    rows.filter(|row| !row.tests.is_empty()).collect()
}

fn mutations() -> Vec<Mutation> {
    let list = std::fs::read_to_string(workspace().join(LIST)).unwrap();
    read(&list).unwrap_or_else(|error| panic!("{LIST}: {error}"))
}

fn security() -> String {
    std::fs::read_to_string(workspace().join("SECURITY.md")).unwrap()
}

#[test]
fn each_promise_has_its_mutation() {
    let (security, tests) = (security(), test_names(&sources()));
    let promises = promises(&security);
    assert!(promises.len() >= 65, "SECURITY.md lost its tables: {}", promises.len());
    for name in promises.iter().flat_map(|promise| &promise.tests) {
        assert!(tests.contains(name), "SECURITY.md names a test that is not there: {name}");
    }
    let (mut names, mut shown) = (BTreeSet::new(), BTreeSet::new());
    let mut failing: BTreeSet<String> = AT_RANDOM.map(str::to_owned).into();
    for mutation in mutations() {
        let Mutation { name, line, tests, why, .. } = mutation;
        assert!(names.insert(name.clone()), "{name} is there twice");
        assert!(!why.is_empty() && !tests.is_empty(), "{name}");
        let lines = promises.iter().enumerate().filter(|(_, promise)| promise.text.contains(&line));
        let lines: Vec<_> = lines.collect();
        let [(place, promise)] = lines.as_slice() else {
            panic!("{name}: {} lines of SECURITY.md say: {line}", lines.len());
        };
        for test in tests {
            let bare = test.rsplit("::").next().unwrap().to_owned();
            assert!(promise.tests.contains(&bare), "{name}: its line does not name {test}");
            failing.insert(bare);
        }
        shown.insert(*place);
    }
    let without = promises.iter().enumerate().filter(|(place, _)| !shown.contains(place));
    let without: Vec<&str> = without.map(|(_, promise)| promise.text.as_str()).collect();
    assert!(without.is_empty(), "without a mutation:\n{}", without.join("\n"));
    let named = promises.iter().flat_map(|promise| &promise.tests);
    let idle: BTreeSet<&String> = named.filter(|test| !failing.contains(*test)).collect();
    assert!(idle.is_empty(), "no mutation makes them fail: {idle:?}");
}

#[test]
fn each_mutation_applies_exactly_once() {
    for mutation in mutations() {
        let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
        for edit in &mutation.edit {
            let path = workspace().join(&edit.file);
            let text = files.entry(path).or_insert_with_key(|path| {
                let text = std::fs::read_to_string(path);
                text.unwrap_or_else(|_| panic!("{}: {}", mutation.name, edit.file.display()))
            });
            let changed = edit.apply(text);
            *text = changed.unwrap_or_else(|| {
                panic!("{}: {}: {}", mutation.name, edit.file.display(), edit.take)
            });
        }
        assert!(!files.is_empty(), "{} changes nothing", mutation.name);
    }
}
