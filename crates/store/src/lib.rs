//! Opening and migrating SQLite or PostgreSQL, transactions over both, the pending records of the
//! logs, leases, and the durable spool of portals and agents.
//!
//! Never knows what a record means. One SQL text serves both databases: `$1` parameters, singular
//! tables, explicit columns.

mod checkpoint;
mod lease;
pub mod many;
mod open;
pub mod pending;
pub mod spool;
mod watch;

pub use lease::{hold_lease, release_lease};
pub use open::{Alone, Migrations, PostgresTx, Store, StoreError, Tx};
pub use watch::Watch;

/// Runs a body on the connection of a transaction, whichever database it is.
#[macro_export]
macro_rules! on {
    ($tx:expr, $connection:ident => $body:expr) => {
        match $tx {
            $crate::Tx::Sqlite(inner) => {
                let $connection = &mut **inner;
                $body
            }
            $crate::Tx::Postgres(inner) => {
                let $connection = &mut **inner;
                $body
            }
        }
    };
}

/// Executes a statement with parameters; gives the number of rows.
#[macro_export]
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::on!($tx, connection => sqlx::query($sql)
            $(.bind($value))*
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))
        .map_err($crate::StoreError::from)
    };
}

/// All rows of a query as tuples.
#[macro_export]
macro_rules! rows {
    ($tx:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::on!($tx, connection => sqlx::query_as::<_, $row>($sql)
            $(.bind($value))*
            .fetch_all(connection)
            .await)
        .map_err($crate::StoreError::from)
    };
}

/// The one row of a query, if there is one.
#[macro_export]
macro_rules! row {
    ($tx:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::on!($tx, connection => sqlx::query_as::<_, $row>($sql)
            $(.bind($value))*
            .fetch_optional(connection)
            .await)
        .map_err($crate::StoreError::from)
    };
}
