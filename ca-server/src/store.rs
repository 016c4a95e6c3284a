//! The CA database: migrations, and what more than one role reads.

pub mod certificates;
pub mod follower;
pub mod ledger;
pub mod lineage;
pub mod rows;

use store::{Migrations, Store, StoreError};

/// Twin migrations; a test keeps the folders alike.
pub const MIGRATIONS: Migrations = &[
    (
        1,
        "first",
        include_str!("../migrations/sqlite/0001_first.sql"),
        include_str!("../migrations/postgres/0001_first.sql"),
    ),
    (
        2,
        "gate",
        include_str!("../migrations/sqlite/0002_gate.sql"),
        include_str!("../migrations/postgres/0002_gate.sql"),
    ),
];

/// Opens the CA database and brings it up to date.
pub async fn open(address: &str) -> Result<Store, StoreError> {
    let store = Store::open(address).await?;
    store.migrate(MIGRATIONS).await?;
    Ok(store)
}
