//! No line of a manifest is left when what needed it is gone: each costs a build, and a reader's
//! question.

use super::sources::{crates, shown, tokens};
use std::collections::BTreeSet;
use tests::workspace;

#[test]
fn every_dependency_is_used() {
    let mut unused = Vec::new();
    let mut taken = BTreeSet::new();
    let all = crates();
    for one in &all {
        let mut words: BTreeSet<String> = BTreeSet::new();
        for path in one.files() {
            words.extend(named(&tokens(&std::fs::read_to_string(&path).unwrap())));
        }
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(lines) = one.manifest.get(kind).and_then(|lines| lines.as_table()) else {
                continue;
            };
            for name in lines.keys() {
                taken.insert(name.clone());
                if !words.contains(&name.replace('-', "_")) {
                    unused.push(format!("{}: {name}", shown(&one.folder)));
                }
            }
        }
    }
    assert!(unused.is_empty(), "used by no source of its crate:\n{}", unused.join("\n"));
    let text = std::fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&text).unwrap();
    for name in manifest["workspace"]["dependencies"].as_table().unwrap().keys() {
        let program = all.iter().any(|one| one.name == *name);
        assert!(taken.contains(name) || program, "Cargo.toml pins {name}, which no crate takes");
    }
}

/// What begins a path: the only places where a crate can be named.
fn named(words: &[String]) -> Vec<String> {
    let at = |index: Option<usize>| index.and_then(|index| words.get(index)).map(String::as_str);
    let begins = words.iter().enumerate().filter(|(index, _)| {
        let before = at(index.checked_sub(1));
        let path = at(Some(index + 1)) == Some("::") && before != Some("::");
        path || before == Some("use")
            || (before == Some("::") && at(index.checked_sub(2)) == Some("use"))
    });
    begins.map(|(_, word)| word.clone()).collect()
}
