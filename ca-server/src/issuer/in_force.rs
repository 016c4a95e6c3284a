//! Where a revocation is in force: what every agent last said of its list, as the log has it.

use super::session::Session;
use super::{Issuer, IssuerError};
use crate::founding::ISSUER;
use crate::store::lineage;
use audit::record::{Event, Record};
use pki::SerialNumber;
use pki::crl::RevocationList;
use std::collections::HashMap;
use store::{Tx, row};

impl Issuer {
    /// Every agent that serves, and whether its list holds the serial number.
    pub(super) async fn in_force(
        &self,
        session: &mut Session<'_>,
        serial: &str,
    ) -> Result<Vec<(String, bool)>, IssuerError> {
        let authority = session.authority()?;
        let agents: Vec<String> =
            authority.agents().keys().filter(|agent| authority.serves(agent)).cloned().collect();
        let mut lists = HashMap::new();
        let mut told = Vec::new();
        for agent in agents {
            let number = last_list(&mut session.tx, &agent).await?;
            if let std::collections::hash_map::Entry::Vacant(vacant) = lists.entry(number) {
                vacant.insert(holds(&mut session.tx, number, serial).await?);
            }
            let holds = lists.get(&number).copied().unwrap_or_default();
            told.push((agent, holds));
        }
        Ok(told)
    }
}

/// Number of the list that an agent said it has; 0 if it said nothing yet.
async fn last_list(tx: &mut Tx, agent: &str) -> Result<u64, IssuerError> {
    let newest = row!(
        &mut *tx,
        (i64,),
        "select idx from log_term where log_id = 'access' and term = $1 order by idx desc limit 1",
        audit::term::key(&format!("agent:{agent}"))
    )?;
    let Some((index,)) = newest else { return Ok(0) };
    let index = u64::try_from(index).unwrap_or(0);
    let stored = lineage::stored(tx, "access", index).await?;
    let record = stored.and_then(|(bytes, _)| Record::read(&bytes).ok());
    Ok(match record.map(|record| record.event) {
        Some(Event::Heartbeat(beat)) => beat.world.crl,
        _ => 0,
    })
}

async fn holds(tx: &mut Tx, number: u64, serial: &str) -> Result<bool, IssuerError> {
    let list = row!(
        tx,
        (Vec<u8>,),
        "select list from crl where issuer = $1 and shard = 0 and number = $2",
        ISSUER,
        i64::try_from(number).unwrap_or(0)
    )?;
    let list = list.and_then(|(der,)| RevocationList::read(&der).ok());
    let serial = SerialNumber::from_hex(serial);
    Ok(list.zip(serial).is_some_and(|(list, serial)| list.contains(&serial)))
}
