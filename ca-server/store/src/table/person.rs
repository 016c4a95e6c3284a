//! People as rows: what opens the commitments of their records, and the index by which they are
//! found.

use records::Disclosure;
use std::collections::HashMap;
use store::{StoreError, Tx, row, rows, rows_of};

/// What opens the records of some people, as rows have it; whoever reads it opens the commitments.
pub async fn disclosures(
    tx: &mut Tx,
    people: Vec<String>,
) -> Result<HashMap<String, Vec<Disclosure>>, StoreError> {
    let found = rows_of!(
        tx,
        (String, String),
        "select person_id, disclosures from person where person_id in (",
        people,
        ")"
    );
    let read = |(person, json): (String, String)| {
        let list = serde_json::from_str(&json).unwrap_or_else(|_| Vec::new());
        (person, list)
    };
    Ok(found.into_iter().map(read).collect())
}

/// Units in which somebody in office has one of these names, with the name.
pub async fn namesakes(
    tx: &mut Tx,
    names: Vec<String>,
) -> Result<Vec<(String, String)>, StoreError> {
    Ok(rows_of!(
        tx,
        (String, String),
        "select unit_id, name from person where left_office = 0 and name in (",
        names,
        ")"
    ))
}

/// The name under which a person is found, and their id.
pub async fn place(tx: &mut Tx, person: &str) -> Result<Option<(String, String)>, StoreError> {
    row!(tx, (String, String), "select name, person_id from person where person_id = $1", person)
}

/// How many people are in office, as rows say.
pub async fn count_in_office(tx: &mut Tx) -> Result<i64, StoreError> {
    super::counted(tx, "select count(*) from person where left_office = 0").await
}

/// How people of a unit are looked for.
#[derive(Clone, Copy, Debug)]
pub enum PersonBy {
    /// The beginning of a name, also an empty one.
    Name,
    /// People are looked for by person id.
    Id,
    /// People are looked for by unit id.
    Unit,
}

/// Names and ids of people whom a text fits, in the order of names, behind a name and an id.
pub async fn found(
    tx: &mut Tx,
    (by, text): (PersonBy, &str),
    (name, person): (&str, &str),
    limit: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    match by {
        PersonBy::Id => rows!(
            tx,
            (String, String),
            "select name, person_id from person \
             where person_id = $1 and (name, person_id) > ($2, $3)",
            text.to_ascii_uppercase(),
            name,
            person
        ),
        PersonBy::Unit => rows!(
            tx,
            (String, String),
            "select name, person_id from person \
             where unit_id = $1 and (name, person_id) > ($2, $3) \
             order by name, person_id limit $4",
            text,
            name,
            person,
            limit
        ),
        // Every text that begins so stands behind the beginning, and before the beginning with the
        // last of all characters.
        PersonBy::Name => rows!(
            tx,
            (String, String),
            "select name, person_id from person \
             where name >= $1 and name < $2 and (name, person_id) > ($3, $4) \
             order by name, person_id limit $5",
            text,
            format!("{text}\u{10ffff}"),
            name,
            person,
            limit
        ),
    }
}
