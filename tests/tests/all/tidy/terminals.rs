//! One place writes to a terminal: `system::terminal`, which shows what others hide in their texts.

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
