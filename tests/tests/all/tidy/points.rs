//! Every point of the code at which a process can be told to die is one of those at which rounds of
//! crashes kill it, or it is said why not.

use super::sources::{crates, shown};
use crate::rounds::points::{EXEMPT, OTHERS, WRITES, points};
use std::collections::BTreeSet;
use tests::workspace;

#[test]
fn every_point_is_killed_at() {
    let (mut literals, mut acts) = (BTreeSet::new(), BTreeSet::new());
    for one in crates().iter().filter(|one| one.is_shipped()) {
        for file in one.files() {
            let text = std::fs::read_to_string(&file).unwrap();
            literals.extend(quoted_behind(&text, "fault::point("));
            let named = text.matches("fault::point(").count();
            let read = quoted_behind(&text, "fault::point(").len();
            assert_eq!(named, read, "{}: a point is named by a literal, once", shown(&file));
        }
    }
    let writer = |name: &str| {
        let path = workspace().join("ca-server/issuer/src").join(name);
        std::fs::read_to_string(path).unwrap()
    };
    // What commands are called, and what the writer does by itself.
    let command = writer("command.rs");
    acts.extend(quoted_behind(body(&command, "fn act("), "=> "));
    let own = writer("writer.rs");
    for line in own.lines().filter(|line| line.contains("let own = ")) {
        acts.extend(quoted_behind(line, "zip(["));
        acts.extend(quoted_behind(line, ", "));
    }
    assert!(literals.len() > 20 && acts.len() > 20, "{literals:?} {acts:?}");
    let code: BTreeSet<&str> = literals.iter().chain(&acts).map(String::as_str).collect();
    let killed = WRITES.iter().chain(OTHERS.iter().map(|(_, point)| point)).copied();
    let exempt = EXEMPT.iter().map(|(point, ..)| *point);
    let known: Vec<&str> = killed.chain(exempt).collect();
    let named: BTreeSet<&str> = known.iter().copied().collect();
    assert_eq!(named.len(), known.len(), "a point stands there once");
    assert_eq!(named, code, "what is killed at, and the points of the code");
    let each: BTreeSet<String> = points().into_iter().map(|(_, point)| point).collect();
    assert_eq!(each.len(), 2 * WRITES.len() + OTHERS.len(), "no two have one name");
}

/// What rounds leave out is killed in a story of its own, where one is named.
#[test]
fn what_rounds_leave_out_is_killed_elsewhere() {
    for (point, story, why) in EXEMPT {
        assert!(!why.is_empty(), "{point}");
        if story.is_empty() {
            continue;
        }
        let text = std::fs::read_to_string(workspace().join("tests/tests/all").join(story));
        let text = text.unwrap();
        let sides = [format!("\"{point}-before-commit\""), format!("\"{point}-after-commit\"")];
        let is_killed = text.contains(&format!("\"{point}\""))
            || sides.iter().all(|side| text.contains(side.as_str()));
        assert!(is_killed, "{story} kills nothing at {point}");
    }
}

/// The words in quotes that stand right behind a text.
fn quoted_behind(text: &str, before: &str) -> Vec<String> {
    let quoted = |rest: &str| {
        let inside = rest.strip_prefix('"')?;
        inside.split_once('"').map(|(word, _)| word.to_owned())
    };
    text.split(before).skip(1).filter_map(quoted).collect()
}

/// A function's lines, up to the one that ends it.
fn body<'a>(text: &'a str, begins: &str) -> &'a str {
    let from = text.split_once(begins).unwrap().1;
    from.split("\n    }\n").next().unwrap()
}
