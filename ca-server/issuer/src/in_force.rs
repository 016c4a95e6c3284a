//! Where a revocation is in force: what every agent last said of its list, as the log has it.

use super::session::Session;
use super::{Issuer, IssuerError, beats};
use ca_host::ISSUER;
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
        let agents: Vec<String> = authority
            .agents()
            .map(|(id, _)| id.to_owned())
            .filter(|id| authority.serves(id))
            .collect();
        let mut lists = HashMap::new();
        let mut told = Vec::new();
        for agent in agents {
            let beat = beats::last(&mut session.tx, &agent).await?;
            let number = beat.map_or(0, |(_, beat)| beat.world.crl);
            if let std::collections::hash_map::Entry::Vacant(vacant) = lists.entry(number) {
                vacant.insert(holds(&mut session.tx, number, serial).await?);
            }
            let holds = lists.get(&number).copied().unwrap_or_default();
            told.push((agent, holds));
        }
        Ok(told)
    }
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
