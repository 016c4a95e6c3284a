//! One word, one meaning: no two public types of one name among what a city runs.

use super::sources::{crates, shown, tokens};
use std::collections::BTreeMap;
use tests::workspace;

#[test]
fn a_public_type_has_a_name_of_its_own() {
    let words = words();
    assert!(words.len() >= 20, "docs/vocabulary.md lost its table");
    let shared: Vec<&str> =
        words.iter().filter(|row| row.places == "*").map(|row| row.word.as_str()).collect();
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in crates().iter().filter(|one| one.is_shipped()).flat_map(|one| one.files()) {
        for name in types(&tokens(&std::fs::read_to_string(&path).unwrap())) {
            places.entry(name).or_default().push(shown(&path));
        }
    }
    let twice: Vec<String> = places
        .iter()
        .filter(|(name, places)| places.len() > 1 && !shared.contains(&name.as_str()))
        .map(|(name, places)| format!("{name}: {}", places.join(" ")))
        .collect();
    assert!(twice.is_empty(), "one word, several meanings:\n{}", twice.join("\n"));
}

/// What the page says of a word stands where it says so.
#[test]
fn words_are_defined_where_the_page_says() {
    for row in words().into_iter().filter(|row| row.places != "*") {
        let text = std::fs::read_to_string(workspace().join(&row.places));
        let text = text.unwrap_or_else(|_| panic!("{}: no file {}", row.word, row.places));
        let known = text.to_lowercase().contains(&row.word.to_lowercase());
        assert!(known, "{} does not speak of {}", row.places, row.word);
    }
}

struct Word {
    word: String,
    places: String,
}

/// Rows of the table: word, 中文, meaning, where it is defined (`*`: every program has its own).
fn words() -> Vec<Word> {
    let text = std::fs::read_to_string(workspace().join("docs/vocabulary.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [word, zh, meaning, places] = cells.as_slice() else { panic!("four cells: {line}") };
        assert!(!zh.is_empty() && !meaning.is_empty(), "{line}");
        let bare = |text: &str| text.split('`').nth(1).unwrap_or_default().to_owned();
        Word { word: bare(word), places: bare(places) }
    })
    .collect()
}

fn types(words: &[String]) -> Vec<String> {
    let kinds = ["struct", "enum", "trait", "union", "type"];
    let named =
        words.windows(3).filter(|three| three[0] == "pub" && kinds.contains(&three[1].as_str()));
    named.map(|three| three[2].clone()).collect()
}
