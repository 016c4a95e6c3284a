//! Every SQL text of the CA database, and the one replay of its log.

pub mod certificates;
pub mod crl;
pub mod entry;
pub mod evidence_rows;
pub mod follower;
pub mod founding;
mod grants;
pub mod index;
pub mod intake;
pub mod keep;
pub mod known;
pub mod lineage;
pub mod names;
pub mod proof;
pub mod proven_log;
pub mod published_head;
pub mod record;
pub mod replay;
pub mod rows;
pub mod run;
pub mod runs;
mod segment;
pub mod sequence;
pub mod sequenced;
pub mod sheets;
pub mod table;
mod tree;

pub use tree::TreeView;

use ca_host::CaConfig;
use store::{CommitNews, Doorbell, Migrations, Store, StoreError};

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
    (
        3,
        "founding",
        include_str!("../migrations/sqlite/0003_founding.sql"),
        include_str!("../migrations/postgres/0003_founding.sql"),
    ),
    (
        4,
        "search",
        include_str!("../migrations/sqlite/0004_search.sql"),
        include_str!("../migrations/postgres/0004_search.sql"),
    ),
    (
        5,
        "waiting",
        include_str!("../migrations/sqlite/0005_waiting.sql"),
        include_str!("../migrations/postgres/0005_waiting.sql"),
    ),
    (
        6,
        "declined",
        include_str!("../migrations/sqlite/0006_declined.sql"),
        include_str!("../migrations/postgres/0006_declined.sql"),
    ),
    (
        7,
        "find",
        include_str!("../migrations/sqlite/0007_find.sql"),
        include_str!("../migrations/postgres/0007_find.sql"),
    ),
    (
        8,
        "look",
        include_str!("../migrations/sqlite/0008_look.sql"),
        include_str!("../migrations/postgres/0008_look.sql"),
    ),
    (
        10,
        "log",
        include_str!("../migrations/sqlite/0010_log.sql"),
        include_str!("../migrations/postgres/0010_log.sql"),
    ),
    (
        11,
        "no row decides",
        include_str!("../migrations/sqlite/0011_no_row_decides.sql"),
        include_str!("../migrations/postgres/0011_no_row_decides.sql"),
    ),
    (
        12,
        "no tries",
        include_str!("../migrations/sqlite/0012_no_tries.sql"),
        include_str!("../migrations/postgres/0012_no_tries.sql"),
    ),
    (
        15,
        "drafter",
        include_str!("../migrations/sqlite/0015_drafter.sql"),
        include_str!("../migrations/postgres/0015_drafter.sql"),
    ),
    (
        18,
        "about",
        include_str!("../migrations/sqlite/0018_about.sql"),
        include_str!("../migrations/postgres/0018_about.sql"),
    ),
    (
        20,
        "numbers",
        include_str!("../migrations/sqlite/0020_numbers.sql"),
        include_str!("../migrations/postgres/0020_numbers.sql"),
    ),
    (
        22,
        "notices",
        include_str!("../migrations/sqlite/0022_notices.sql"),
        include_str!("../migrations/postgres/0022_notices.sql"),
    ),
    (
        23,
        "positions",
        include_str!("../migrations/sqlite/0023_positions.sql"),
        include_str!("../migrations/postgres/0023_positions.sql"),
    ),
    (
        27,
        "counted",
        include_str!("../migrations/sqlite/0027_counted.sql"),
        include_str!("../migrations/postgres/0027_counted.sql"),
    ),
    (
        28,
        "approvers",
        include_str!("../migrations/sqlite/0028_approvers.sql"),
        include_str!("../migrations/postgres/0028_approvers.sql"),
    ),
    (
        31,
        "runs",
        include_str!("../migrations/sqlite/0031_runs.sql"),
        include_str!("../migrations/postgres/0031_runs.sql"),
    ),
    (
        32,
        "unasked",
        include_str!("../migrations/sqlite/0032_unasked.sql"),
        include_str!("../migrations/postgres/0032_unasked.sql"),
    ),
    (
        33,
        "due",
        include_str!("../migrations/sqlite/0033_due.sql"),
        include_str!("../migrations/postgres/0033_due.sql"),
    ),
    (
        34,
        "asked_again",
        include_str!("../migrations/sqlite/0034_asked_again.sql"),
        include_str!("../migrations/postgres/0034_asked_again.sql"),
    ),
];

/// Opens the CA database as its owner and brings it up to date, with the rights of every role.
pub async fn open(config: &CaConfig) -> Result<Store, StoreError> {
    let store = reach(config, None).await?;
    bring_up_to_date(&store, config, None).await?;
    Ok(store)
}

/// The database, as its owner or as a role that has a user of its own, at this address. A server
/// may be away: who serves brakes goes on without it.
pub async fn reach(config: &CaConfig, own: Option<&String>) -> Result<Store, StoreError> {
    match own {
        Some(address) => Store::open(address).await,
        None => Store::open(&config.database_address()).await,
    }
}

/// Brings the schema up to date, with the rights of every role; a role that has a user of its own
/// sees that the owner did.
pub async fn bring_up_to_date(
    store: &Store,
    config: &CaConfig,
    own: Option<&String>,
) -> Result<(), StoreError> {
    store.migrate(MIGRATIONS).await?;
    match own {
        Some(_) => Ok(()),
        None => grants::grant(store, config).await,
    }
}

/// The doorbell of a process of this CA host, and what it hears: all of them share one folder.
/// Whoever hangs it up holds the place of the role (`ca_host::RolePlace`): what hangs there was
/// left behind.
pub async fn doorbell(
    store: &Store,
    config: &CaConfig,
    (name, hears): (&str, CommitNews),
) -> Result<Doorbell, StoreError> {
    Doorbell::open(store, &config.path("bells"), (name, hears)).await
}
