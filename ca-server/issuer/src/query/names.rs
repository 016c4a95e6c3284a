//! Names of people as they are shown: what opens the commitments that authority holds. Rows only
//! bring it.

use crate::error::IssuerError;
use crate::loaded::{opening, text};
use authority::Authority;
use ca_store::table::person;
use records::order::NAME_PATH;
use std::collections::HashMap;
use store::Tx;

/// Names by id; who has none here is shown by their id.
pub(crate) async fn names(
    tx: &mut Tx,
    authority: &Authority,
    ids: Vec<String>,
) -> Result<HashMap<String, String>, IssuerError> {
    let known = person::disclosures(tx, ids).await?;
    let opened = known.iter().filter_map(|(id, list)| {
        let opened = opening(authority.person(id)?, list)?;
        Some((id.clone(), text(opened, NAME_PATH)?))
    });
    Ok(opened.collect())
}
