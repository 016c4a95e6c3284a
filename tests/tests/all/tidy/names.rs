//! The name that a row has of a person is an index by which people are found: nobody reads it to
//! show it.

use super::sources::{crates, shown};

/// Where it may be read: by whoever finds people, in the order of names, and by whoever compares
/// rows with the log.
const READERS: [&str; 2] =
    ["ca-server/store/src/table/person.rs", "ca-server/store/src/rows/compared.rs"];

/// Whether a text reads the column in one statement.
fn reads_names(text: &str) -> bool {
    let text = text.to_lowercase();
    let befores: Vec<&str> = text.split("from person").collect();
    let (_, befores) = befores.split_last().unwrap();
    befores.iter().any(|before| {
        let columns = before.rsplit("select").next().unwrap_or_default();
        let words = columns.split(|c: char| !c.is_alphanumeric() && c != '_');
        columns.len() < 200 && words.into_iter().any(|word| word == "name")
    })
}

#[test]
fn nobody_reads_a_name_from_a_row() {
    let mut readers = Vec::new();
    for one in crates().iter().filter(|one| one.is_shipped()) {
        for path in one.files() {
            if reads_names(&std::fs::read_to_string(&path).unwrap()) {
                readers.push(shown(&path));
            }
        }
    }
    readers.sort();
    let mut known = READERS.map(str::to_owned);
    known.sort();
    assert_eq!(readers, known, "names are opened by ca_store::names");
}

#[test]
fn what_reads_a_name_is_seen() {
    assert!(reads_names("select person_id, name from person where"));
    assert!(reads_names("SELECT p.name FROM person p"));
    assert!(!reads_names("select person_id, disclosures from person"));
    assert!(!reads_names("select unit_id, name from unit; select 1 from person"));
}
