//! Whose city a database holds.

use store::{Store, StoreError, Tx, execute, rows};

/// State of a city whose directory is not in its place.
const BUILDING: &str = "building";

/// Why a city is not founded in a database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FoundingError {
    /// The database holds a city, and a city is founded once.
    #[error("this database holds another city; a city is founded once, in a database of its own")]
    AnotherCity,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Says whose city the database holds, while its directory is not in its place.
pub async fn begin(tx: &mut Tx, digest: &[u8; 32]) -> Result<(), StoreError> {
    execute!(
        tx,
        "insert into founding (digest, state) values ($1, $2)",
        digest.to_vec(),
        BUILDING
    )?;
    Ok(())
}

/// Removes what a killed `init` left in a database that outlives its directory; refuses any other
/// city.
pub async fn empty(store: &Store) -> Result<(), FoundingError> {
    let mut tx = store.write().await?;
    let states = rows!(&mut tx, (String,), "select state from founding")?;
    if states.iter().any(|(state,)| state != BUILDING) {
        return Err(FoundingError::AnotherCity);
    }
    if states.is_empty() {
        return Ok(());
    }
    if let Tx::Postgres(inner) = &mut tx {
        let tables: Vec<(String,)> = sqlx::query_as(
            "select quote_ident(tablename) from pg_tables where schemaname = current_schema() \
             and tablename <> '_sqlx_migrations'",
        )
        .fetch_all(&mut **inner)
        .await
        .map_err(StoreError::from)?;
        let tables: Vec<String> = tables.into_iter().map(|(name,)| name).collect();
        let statement = format!("truncate {} restart identity", tables.join(", "));
        // Names of our own tables, quoted by the database itself.
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&mut **inner)
            .await
            .map_err(StoreError::from)?;
    }
    tx.commit().await?;
    Ok(())
}

/// The directory is in its place: the database holds this city and no other. Said again at every
/// start of the issuer, which may be the first after a kill right here.
pub async fn finish(store: &Store) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    execute!(&mut tx, "update founding set state = 'founded' where state <> 'founded'")?;
    tx.commit().await
}
