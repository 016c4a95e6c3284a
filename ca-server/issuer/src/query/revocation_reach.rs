//! Where a revocation is in force: what every agent last said of its list, as the log has it.

use super::heartbeat;
use crate::error::IssuerError;
use authority::Authority;
use ca_host::lists::ListOf;
use ca_store::proven_log::ProvenLog;
use ca_store::table::list;
use pki::crl::RevocationList;
use pki::{PublicKey, SerialNumber};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;
use store::Tx;

/// Every agent that serves, and whether its list holds the serial number.
pub(crate) async fn reach(
    authority: &Authority,
    (log, tx): (&mut ProvenLog, &mut Tx),
    (serial, public): (&str, &Path),
) -> Result<Vec<(String, bool)>, IssuerError> {
    let serving = authority.agents().filter(|(agent, _)| authority.serves(agent));
    let agents: Vec<String> = serving.map(|(agent, _)| agent.to_owned()).collect();
    let mut lists = HashMap::new();
    let mut told = Vec::new();
    for agent in agents {
        let beat = heartbeat::last((&mut *log, &mut *tx), &agent).await?;
        let number = beat.map_or(0, |(_, beat)| beat.world.crl);
        if let Entry::Vacant(vacant) = lists.entry(number) {
            let list = (number, authority.issuing_key());
            vacant.insert(holds(tx, list, (serial, public)).await?);
        }
        told.push((agent, lists.get(&number).copied().is_some_and(|holds| holds)));
    }
    Ok(told)
}

async fn holds(
    tx: &mut Tx,
    (number, key): (u64, &PublicKey),
    (serial, public): (&str, &Path),
) -> Result<bool, IssuerError> {
    let row = list::signed(tx, (number, key)).await?;
    // One whose row waits for its table was published all the same.
    let file = || {
        let der = std::fs::read(public.join(ListOf::Issuing.numbered(number))).ok()?;
        let list = RevocationList::read(&der).ok()?;
        (list.number() == number && list.is_signed_by(key)).then_some(list)
    };
    let list = row.or_else(file);
    let serial = SerialNumber::from_hex(serial);
    Ok(list.zip(serial).is_some_and(|(list, serial)| list.contains(&serial)))
}
