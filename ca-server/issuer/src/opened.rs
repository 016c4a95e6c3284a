//! What a certificate opened: the applications of its newest permitted requests, as the log has them.

use super::IssuerError;
use ca_store::lineage;
use records::record::{Event, Record};
use std::collections::BTreeMap;
use store::{Tx, rows};

/// Records of a certificate that are looked at, the newest ones.
const LOOKED: i64 = 60;

/// Applications with the last time, by name.
pub(super) async fn lately(
    tx: &mut Tx,
    serial: &str,
) -> Result<Vec<(String, String)>, IssuerError> {
    let newest = rows!(
        &mut *tx,
        (i64,),
        "select idx from log_term where log_id = 'access' and term = $1 order by idx desc limit $2",
        records::term::key(&records::term::of_serial(serial)),
        LOOKED
    )?;
    let mut opened = BTreeMap::new();
    for (index,) in newest {
        let stored = lineage::stored(tx, "access", u64::try_from(index).unwrap_or(0)).await?;
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
