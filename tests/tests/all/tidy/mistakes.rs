//! `docs/mistakes.md` has every line of what went wrong at gates elsewhere, each with tests that
//! are there.

use super::{sources, test_names};
use tests::workspace;

const LINES: usize = 54;

#[test]
fn each_mistake_has_a_test_that_is_there() {
    let page = std::fs::read_to_string(workspace().join("docs/mistakes.md")).unwrap();
    let names = test_names(&sources());
    let rows = page.lines().filter(|line| line.starts_with("| ")).skip(1);
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split(" | ").collect()).collect();
    assert_eq!(rows.len(), LINES);
    for (number, row) in (1..).zip(&rows) {
        assert_eq!(row[0], format!("| {number}"));
        let shown: Vec<&str> = row[3].split('`').skip(1).step_by(2).collect();
        assert!(!shown.is_empty(), "{number}: nothing shows it");
        for name in shown {
            assert!(names.contains(name), "{number}: there is no test {name}");
        }
    }
}
