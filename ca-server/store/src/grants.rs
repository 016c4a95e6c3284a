//! PostgreSQL: each role has a database user of its own, which may read everything and write what
//! its role writes. Whoever owns the schema grants it after every migration. SQLite has no users;
//! there the files' owner is who writes.

use ca_host::CaConfig;
use sqlx::postgres::PgConnectOptions;
use std::str::FromStr;
use store::{Store, StoreError, Tx};

/// Tables that the issuer changes.
const ISSUER: &[&str] = &[
    "unit",
    "person",
    "role_grant",
    "portal",
    "profile",
    "letter",
    "ordered",
    "approval",
    "declined",
    "consumed_approval",
    "intent",
    "certificate",
    "revocation",
    "crl",
    "disclosure",
    "log_pending",
    "agent",
    "join_token",
    "people_snapshot",
    "bundle",
    "lease",
    "founding",
];
/// Tables that the status service changes: the record of a loss or of a suspension is put on its
/// way, with what opens it.
const STATUS: &[&str] = &["disclosure", "log_pending"];
/// Tables that the log service changes.
const LOG: &[&str] = &[
    "disclosure",
    "log_pending",
    "log_entry",
    "log_head",
    "log_tile",
    "log_opening",
    "log_segment",
    "log_posting",
    "log_projected",
    "agent_head",
    "lease",
];

/// Tables that the role `notices` changes: its own, and the record of what became of a notice.
const NOTICES: &[&str] = &["notice", "log_pending"];

/// Grants each configured user what its role needs, and nothing else.
pub(super) async fn grant(store: &Store, config: &CaConfig) -> Result<(), StoreError> {
    if !matches!(store, Store::Postgres(_)) {
        return Ok(());
    }
    let roles = [
        (&config.issuer.database, ISSUER),
        (&config.status.database, STATUS),
        (&config.log.database, LOG),
        (&config.notices.database, NOTICES),
    ];
    for (address, tables) in roles {
        let Some(address) = address else { continue };
        let user = quoted(PgConnectOptions::from_str(address)?.get_username());
        let mut tx = store.write().await?;
        let Tx::Postgres(inner) = &mut tx else { continue };
        // A table that somebody took away keeps no command from what it does past it: a brake.
        let there = "select tablename::text from pg_tables where schemaname = 'public'";
        let there: Vec<String> = sqlx::query_scalar(there).fetch_all(&mut **inner).await?;
        let is_there = |table: &&&str| there.iter().any(|one| one == **table);
        let tables: Vec<&str> = tables.iter().filter(is_there).copied().collect();
        for statement in [
            format!("grant usage on schema public to {user}"),
            format!("grant select on all tables in schema public to {user}"),
            format!("grant insert, update, delete on {} to {user}", tables.join(", ")),
        ] {
            // Users and tables cannot be parameters; the user is quoted, the tables are ours.
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut **inner).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_a_name() {
        assert_eq!(quoted("yinxin-log"), "\"yinxin-log\"");
        assert_eq!(quoted("a\"; drop"), "\"a\"\"; drop\"");
    }
}
