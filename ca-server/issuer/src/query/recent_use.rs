//! What a certificate opened: the applications of its newest permitted requests, as the log has
//! them.

use crate::error::IssuerError;
use ca_store::proven_log::ProvenLog;
use records::record::Event;
use std::collections::BTreeMap;
use store::Tx;

/// Records of a certificate that are looked at, the newest ones.
const LOOKED: usize = 60;

/// Applications with the last time, by name.
pub(crate) async fn lately(
    (log, tx): (&mut ProvenLog, &mut Tx),
    serial: &str,
) -> Result<Vec<(String, String)>, IssuerError> {
    let term = records::term::of_serial(serial);
    let mut opened = BTreeMap::new();
    for index in log.places(tx, &term, LOOKED).await? {
        let Some(record) = log.record(tx, index, &term).await? else { continue };
        if let Event::Decision(decision) = &record.event
            && decision.outcome == "permitted"
        {
            let time = records::time::seconds(record.unix());
            opened.entry(decision.application.clone()).or_insert(time);
        }
    }
    Ok(opened.into_iter().collect())
}
