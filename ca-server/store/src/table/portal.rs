//! Portals as rows, for operators who close one.

use store::{StoreError, Tx, row};

/// A portal as its row says.
pub struct PortalRow {
    /// Unit that runs it.
    pub unit: String,
    /// Public host.
    pub public_host: String,
    /// Staff host.
    pub staff_host: String,
}

/// A portal.
pub async fn by_id(tx: &mut Tx, portal: &str) -> Result<Option<PortalRow>, StoreError> {
    let found = row!(
        tx,
        (String, String, String),
        "select unit_id, public_host, staff_host from portal where portal_id = $1",
        portal
    )?;
    Ok(found.map(|(unit, public_host, staff_host)| PortalRow { unit, public_host, staff_host }))
}
