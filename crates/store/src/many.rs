//! Many rows with few statements: what a round of a writer changes is written table by table. On a
//! server each statement is a round trip, whatever it carries.

use crate::answered::answered;
pub use crate::value::Value;
use crate::{StoreError, Tx};
use sqlx::{Postgres, QueryBuilder};

/// Most parameters of one statement: PostgreSQL's own limit is 65,535.
const PARAMETERS_MAX: usize = 16_000;

macro_rules! bind {
    ($place:expr, $value:expr) => {
        match $value {
            Value::Number(number) => $place.push_bind(number),
            Value::Text(text) => $place.push_bind(text),
            Value::Bytes(bytes) => $place.push_bind(bytes),
            Value::MaybeText(text) => $place.push_bind(text),
            Value::MaybeBytes(bytes) => $place.push_bind(bytes),
        };
    };
}

macro_rules! list {
    ($query:expr, $keys:expr) => {
        let mut list = $query.separated(", ");
        for key in $keys {
            bind!(list, key.clone());
        }
    };
}

macro_rules! values {
    ($query:expr, $rows:expr) => {
        $query.push(" ");
        $query.push_values($rows, |mut row, values| {
            for value in values {
                bind!(row, value);
            }
        });
    };
}

/// Inserts rows: `into` is `insert into TABLE (COLUMNS)`, `then` what follows the values, for
/// example a conflict clause. Gives the number of rows that were written. Every row has a value for
/// each column.
pub async fn insert_many(
    tx: &mut Tx,
    into: &'static str,
    rows: Vec<Vec<Value>>,
    then: &'static str,
) -> Result<u64, StoreError> {
    let Some(width) = rows.first().map(Vec::len) else { return Ok(0) };
    let inner = match tx {
        Tx::Sqlite(inner) => {
            let places = vec!["?"; width].join(", ");
            return inner.each(format!("{into} values ({places}) {then}"), rows).await;
        }
        Tx::Postgres(inner) => inner,
    };
    let most = (PARAMETERS_MAX / width.max(1)).max(1);
    let mut rows = rows.into_iter().peekable();
    let mut written = 0;
    while rows.peek().is_some() {
        let mut query = QueryBuilder::<Postgres>::new(into);
        values!(query, rows.by_ref().take(most));
        let query = query.push(" ").push(then).build().persistent(false);
        written += answered(query.execute(&mut **inner)).await?.rows_affected();
    }
    Ok(written)
}

/// Sets one column of many rows: `set` is the statement's beginning up to the value, the value, and
/// what stands between it and the list of keys, whose bracket is open. Gives the number of rows.
pub async fn update_many(
    tx: &mut Tx,
    (set, value, then): (&'static str, Value, &'static str),
    keys: Vec<Value>,
) -> Result<u64, StoreError> {
    let inner = match tx {
        Tx::Sqlite(inner) => {
            let rows = keys.into_iter().map(|key| vec![value.clone(), key]).collect();
            return inner.each(format!("{set}?{then}?)"), rows).await;
        }
        Tx::Postgres(inner) => inner,
    };
    let mut written = 0;
    for chunk in keys.chunks(KEYS_MAX) {
        let mut query = QueryBuilder::<Postgres>::new(set);
        bind!(query, value.clone());
        query.push(then);
        list!(query, chunk);
        let query = query.push(")").build().persistent(false);
        written += answered(query.execute(&mut **inner)).await?.rows_affected();
    }
    Ok(written)
}

/// The same rows of one table by a list of keys: `select` ends before the list, which stands in
/// brackets.
#[macro_export]
macro_rules! rows_of {
    ($tx:expr, $row:ty, $select:expr, $keys:expr, $then:expr) => {{
        let keys = $keys;
        let mut found: Vec<$row> = Vec::new();
        for chunk in keys.chunks($crate::many::KEYS_MAX) {
            match $tx {
                $crate::Tx::Sqlite(inner) => {
                    $crate::tokio::task::consume_budget().await;
                    let places = vec!["?"; chunk.len()].join(", ");
                    let values: Vec<&dyn $crate::rusqlite::ToSql> =
                        chunk.iter().map(|key| key as &dyn $crate::rusqlite::ToSql).collect();
                    let sql = format!("{}{places}{}", $select, $then);
                    found.extend(inner.rows::<$row>(&sql, &values)?);
                }
                $crate::Tx::Postgres(inner) => {
                    let mut query = sqlx::QueryBuilder::<sqlx::Postgres>::new($select);
                    let mut list = query.separated(", ");
                    for key in chunk {
                        list.push_bind(key.clone());
                    }
                    query.push($then);
                    let rows = query.build_query_as::<$row>().persistent(false);
                    found.extend($crate::answered(rows.fetch_all(&mut **inner)).await?);
                }
            }
        }
        found
    }};
}

/// Most keys of one list.
pub const KEYS_MAX: usize = 4_000;
