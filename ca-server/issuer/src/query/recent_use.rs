//! What a certificate opened: the applications of its newest permitted requests, as the log has
//! them.

use crate::error::IssuerError;
use ca_store::{entry, lineage};
use records::record::{Event, Record};
use std::collections::BTreeMap;
use store::Tx;

/// Records of a certificate that are looked at, the newest ones.
const LOOKED: i64 = 60;

/// Applications with the last time, by name.
pub(crate) async fn lately(
    tx: &mut Tx,
    serial: &str,
) -> Result<Vec<(String, String)>, IssuerError> {
    let term = records::term::of_serial(serial);
    let mut opened = BTreeMap::new();
    for index in lineage::newest_with_term(tx, "access", &term, LOOKED).await? {
        let stored = entry::at(tx, "access", index).await?;
        let Some(record) = stored.and_then(|(bytes, _)| Record::read(&bytes).ok()) else {
            continue;
        };
        if let Event::Decision(decision) = &record.event
            && decision.outcome == "permitted"
        {
            let time = records::time::seconds(record.unix());
            opened.entry(decision.application.clone()).or_insert(time);
        }
    }
    Ok(opened.into_iter().collect())
}
