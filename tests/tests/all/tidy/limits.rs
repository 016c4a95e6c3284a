//! `docs/limits.md` says how long what comes from outside may be, and what answers beyond that:
//! each bound as the code has it, each code as it is, and none left out.

use super::growth::{named, page, quantity, rows, value};
use super::sources::{crates, shown};

/// The rows of every table of the page.
fn limits(text: &str) -> Vec<Vec<&str>> {
    let sections: Vec<Vec<Vec<&str>>> = text.split("\n## ").skip(1).map(rows).collect();
    sections.concat()
}

#[test]
fn each_limit_is_what_is_said() {
    let (text, codes) = (page("docs/limits.md"), named(&page("docs/errors.md")));
    let limits = limits(&text);
    assert!(limits.len() > 100, "{}", limits.len());
    let mut wrong = Vec::new();
    for row in &limits {
        let [key, said, path, what, beyond] = row.as_slice() else { panic!("{row:?}") };
        let (key, path) = (key.trim_matches('`'), path.trim_matches('`'));
        let (module, name) = key.split_once("::").unwrap();
        assert!(path.ends_with(&format!("/{module}.rs")), "{key} is not set in {path}");
        let (said, set) = (quantity(said), value(&page(path), name));
        if said.is_none() || said != set {
            wrong.push(format!("{key}: {said:?} is said, {set:?} is set"));
        }
        assert!(!what.is_empty() && !beyond.is_empty(), "{key}");
        let unknown: Vec<String> = named(beyond).difference(&codes).cloned().collect();
        assert!(unknown.is_empty(), "{key}: no codes of ours: {unknown:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever has so many bytes at most in the code stands on this page, or with what grows.
#[test]
fn each_bound_of_bytes_is_listed() {
    let text = page("docs/limits.md") + &page("docs/growth.md");
    let mut missing = Vec::new();
    let shipped = crates().into_iter().filter(|one| one.is_shipped());
    for file in shipped.flat_map(|one| one.files()) {
        let (path, source) = (shown(&file), std::fs::read_to_string(&file).unwrap());
        if path.contains("/tests") || path.contains("/examples/") {
            continue;
        }
        let module = file.file_stem().unwrap().to_str().unwrap();
        for declared in source.split("const ").skip(1) {
            let name = declared.split(':').next().unwrap();
            let is_bound = name.ends_with("BYTES_MAX") && !name.contains(char::is_whitespace);
            // What follows from other bounds stands with those.
            if !is_bound || value(&source, name).is_none() {
                continue;
            }
            let (key, place) = (format!("`{module}::{name}`"), format!("`{path}`"));
            if !text.lines().any(|line| line.contains(&key) && line.contains(&place)) {
                missing.push(format!("{key} of {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "docs/limits.md does not name:\n{}", missing.join("\n"));
}
