//! One place writes to a terminal: `system::terminal`, which shows what others hide in their texts.
//! What is said there is made of words of ours, and of texts of others in their places.

use super::sources::{crates, shown};

/// What writes past it.
const WRITERS: [&str; 9] = [
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "dbg!",
    "stdout()",
    "stderr()",
    "io::stdout",
    "io::stderr",
];

#[test]
fn only_one_place_writes_to_a_terminal() {
    let mut seen = 0;
    for one in crates().into_iter().filter(super::sources::Crate::is_shipped) {
        let all =
            one.files().into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
        for path in all.filter(|path| !shown(path).contains("/examples/")) {
            let text = std::fs::read_to_string(&path).unwrap();
            let found: Vec<&str> =
                WRITERS.into_iter().filter(|writer| text.contains(writer)).collect();
            if path.ends_with("system/src/terminal.rs") {
                seen += 1;
                assert!(!found.is_empty());
                continue;
            }
            assert!(found.is_empty(), "{}: {found:?}; use system::terminal", shown(&path));
        }
    }
    assert_eq!(seen, 1);
}

/// Where pieces of what is said are made words of ours that are not known when a program is built:
/// what stands in them is a name of ours, a number, or a word of a code.
const OWN_WORDS: [&str; 6] = [
    "crates/system/src/layout.rs",
    "crates/system/src/speech.rs",
    "crates/plain/src/value.rs",
    "crates/verify/src/report.rs",
    "crates/cli/src/facts.rs",
    "agent/src/command/policy/explain.rs",
];

/// `said` and `sentence` take words that were known when a program was built; in all else that is
/// told, a piece is somebody else's unless it is made here.
#[test]
fn words_of_ours_are_made_in_few_places() {
    let mut seen = Vec::new();
    for one in crates().into_iter().filter(super::sources::Crate::is_shipped) {
        for path in one.files() {
            let name = shown(&path);
            let text = std::fs::read_to_string(&path).unwrap();
            // Taken apart it makes none.
            let makes =
                text.lines().any(|line| line.contains("Span::Own(") && !line.contains("=>"));
            if makes && name.ends_with(".rs") {
                assert!(OWN_WORDS.contains(&name.as_str()), "{name}: whose words are they?");
                seen.push(name);
            }
        }
    }
    assert_eq!(seen.len(), OWN_WORDS.len(), "{seen:?}");
}
