//! Names of people as they are shown: what opens the commitments that authority holds. Rows only
//! bring it; the name that a row has is an index by which people are found.

use crate::table::person;
use authority::{Authority, Person};
use records::Disclosure;
use records::commitment::EVIDENCE_PATH;
use records::order::{MAIL_PATH, NAME_PATH};
use std::collections::HashMap;
use store::{StoreError, Tx};

/// Names by id; who has none here is shown by their id.
pub async fn names(
    tx: &mut Tx,
    authority: &Authority,
    ids: Vec<String>,
) -> Result<HashMap<String, String>, StoreError> {
    let known = person::disclosures(tx, ids).await?;
    let opened = known.iter().filter_map(|(id, list)| {
        let opened = opening(authority.person(id)?, list)?;
        Some((id.clone(), text(opened, NAME_PATH)?))
    });
    Ok(opened.collect())
}

/// Those of some disclosures that open the commitments of a person's record, if all are opened.
pub fn opening<'a>(person: &Person, list: &'a [Disclosure]) -> Option<Vec<&'a Disclosure>> {
    let held = [
        (NAME_PATH, Some(&person.name)),
        (MAIL_PATH, person.mail.as_ref()),
        (EVIDENCE_PATH, person.evidence.as_ref()),
    ];
    let held = held.into_iter().filter_map(|(path, commitment)| Some((path, commitment?)));
    held.map(|(path, commitment)| {
        let opens = |one: &&Disclosure| {
            one.path == path && one.commitment().is_ok_and(|is| is == *commitment)
        };
        list.iter().find(opens)
    })
    .collect()
}

/// The text that a disclosure opens at a path, if it is one.
pub fn text<'a>(
    disclosures: impl IntoIterator<Item = &'a Disclosure>,
    path: &str,
) -> Option<String> {
    let found = disclosures.into_iter().find(|disclosure| disclosure.path == path);
    found.and_then(|disclosure| disclosure.value.as_str()).map(str::to_owned)
}
