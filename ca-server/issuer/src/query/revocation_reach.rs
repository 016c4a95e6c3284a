//! Where a revocation is in force: what every agent last said of its list, as the log has it.

use super::heartbeat;
use crate::error::IssuerError;
use authority::Authority;
use ca_store::proven_log::ProvenLog;
use ca_store::table::list;
use pki::{PublicKey, SerialNumber};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use store::Tx;

/// Every agent that serves, and whether its list holds the serial number.
pub(crate) async fn reach(
    authority: &Authority,
    (log, tx): (&mut ProvenLog, &mut Tx),
    serial: &str,
) -> Result<Vec<(String, bool)>, IssuerError> {
    let serving = authority.agents().filter(|(agent, _)| authority.serves(agent));
    let agents: Vec<String> = serving.map(|(agent, _)| agent.to_owned()).collect();
    let mut lists = HashMap::new();
    let mut told = Vec::new();
    for agent in agents {
        let beat = heartbeat::last((&mut *log, &mut *tx), &agent).await?;
        let number = beat.map_or(0, |(_, beat)| beat.world.crl);
        if let Entry::Vacant(vacant) = lists.entry(number) {
            vacant.insert(holds(tx, (number, authority.issuing_key()), serial).await?);
        }
        told.push((agent, lists.get(&number).copied().is_some_and(|holds| holds)));
    }
    Ok(told)
}

async fn holds(tx: &mut Tx, list: (u64, &PublicKey), serial: &str) -> Result<bool, IssuerError> {
    let list = list::signed(tx, list).await?;
    let serial = SerialNumber::from_hex(serial);
    Ok(list.zip(serial).is_some_and(|(list, serial)| list.contains(&serial)))
}
