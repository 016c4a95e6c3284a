//! Many rows with few statements: what a round of a writer changes is written table by table. On a
//! server each statement is a round trip, whatever it carries; columns and keys go there as arrays,
//! so that a statement has one text, and is prepared once, however many rows it carries.

use crate::answered::answered;
pub use crate::value::Value;
use crate::{StoreError, Tx};
use sqlx::postgres::PgArguments;
use sqlx::{Arguments, Postgres, QueryBuilder};

/// Most values of one statement.
const VALUES_MAX: usize = 64_000;

/// The values of a column.
enum Column {
    Numbers(Vec<i64>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    fn of(first: &Value) -> Self {
        match first {
            Value::Number(_) => Self::Numbers(Vec::new()),
            Value::Text(_) | Value::MaybeText(_) => Self::Texts(Vec::new()),
            Value::Bytes(_) | Value::MaybeBytes(_) => Self::Bytes(Vec::new()),
        }
    }

    fn push(&mut self, value: Value) -> Result<(), StoreError> {
        match (self, value) {
            (Self::Numbers(all), Value::Number(number)) => all.push(number),
            (Self::Texts(all), Value::Text(text)) => all.push(Some(text)),
            (Self::Texts(all), Value::MaybeText(text)) => all.push(text),
            (Self::Bytes(all), Value::Bytes(bytes)) => all.push(Some(bytes)),
            (Self::Bytes(all), Value::MaybeBytes(bytes)) => all.push(bytes),
            _ => return Err(StoreError::Inconsistent("values of a column")),
        }
        Ok(())
    }

    fn bind(self, query: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Numbers(all) => query.push_bind(all).push("::bigint[]"),
            Self::Texts(all) => query.push_bind(all).push("::text[]"),
            Self::Bytes(all) => query.push_bind(all).push("::bytea[]"),
        };
    }
}

/// Rows by their columns, which all have a value in each.
fn columns(rows: impl Iterator<Item = Vec<Value>>) -> Result<Vec<Column>, StoreError> {
    let mut columns: Vec<Column> = Vec::new();
    for row in rows {
        if columns.is_empty() {
            columns = row.iter().map(Column::of).collect();
        }
        if columns.len() != row.len() {
            return Err(StoreError::Inconsistent("values of a row"));
        }
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value)?;
        }
    }
    Ok(columns)
}

/// Inserts rows: `into` is `insert into TABLE (COLUMNS)`, `then` what follows the values, for
/// example a conflict clause. Gives the number of rows that were written. Every row has a value for
/// each column, and a column values of one kind.
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
    let most = (VALUES_MAX / width.max(1)).max(1);
    let mut rows = rows.into_iter().peekable();
    let mut written = 0;
    while rows.peek().is_some() {
        let mut query = QueryBuilder::<Postgres>::new(into);
        query.push(" select * from unnest(");
        for (at, column) in columns(rows.by_ref().take(most))?.into_iter().enumerate() {
            query.push(if at == 0 { "" } else { ", " });
            column.bind(&mut query);
        }
        let query = query.push(") ").push(then).build();
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
    let mut keys = keys.into_iter().peekable();
    while keys.peek().is_some() {
        let mut query = QueryBuilder::<Postgres>::new(set);
        match value.clone() {
            Value::Number(number) => query.push_bind(number),
            Value::Text(text) => query.push_bind(text),
            Value::Bytes(bytes) => query.push_bind(bytes),
            Value::MaybeText(text) => query.push_bind(text),
            Value::MaybeBytes(bytes) => query.push_bind(bytes),
        };
        query.push(then).push("select unnest(");
        let keys = keys.by_ref().take(KEYS_MAX).map(|key| vec![key]);
        columns(keys)?.into_iter().for_each(|column| column.bind(&mut query));
        let query = query.push("))").build();
        written += answered(query.execute(&mut **inner)).await?.rows_affected();
    }
    Ok(written)
}

/// Changes many rows alike: `set` is the statement up to the list of keys, whose bracket is open,
/// with its values; `then` closes it and says which column of bytes comes back. Gives that of each
/// row that was changed.
pub async fn update_returning(
    tx: &mut Tx,
    (set, values): (&'static str, Vec<Value>),
    keys: Vec<Vec<u8>>,
    then: &'static str,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut changed = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(KEYS_MAX) {
        let found: Vec<(Vec<u8>,)> = match tx {
            Tx::Sqlite(inner) => {
                tokio::task::consume_budget().await;
                let places = vec!["?"; filled(chunk).count()].join(", ");
                let values = values.iter().map(|value| value as &dyn rusqlite::ToSql);
                let keys = filled(chunk).map(|key| key as &dyn rusqlite::ToSql);
                let all: Vec<&dyn rusqlite::ToSql> = values.chain(keys).collect();
                inner.rows(&format!("{set}{places}{then}"), &all)?
            }
            Tx::Postgres(inner) => {
                let mut arguments = PgArguments::default();
                for value in &values {
                    let added = match value.clone() {
                        Value::Number(number) => arguments.add(number),
                        Value::Text(text) => arguments.add(text),
                        Value::Bytes(bytes) => arguments.add(bytes),
                        Value::MaybeText(text) => arguments.add(text),
                        Value::MaybeBytes(bytes) => arguments.add(bytes),
                    };
                    added.map_err(|error| StoreError::Database(sqlx::Error::Encode(error)))?;
                }
                let mut query = QueryBuilder::<Postgres>::with_arguments(set, arguments);
                query.push("select unnest(").push_bind(chunk.to_vec()).push(")").push(then);
                answered(query.build_query_as().fetch_all(&mut **inner)).await?
            }
        };
        changed.extend(found.into_iter().map(|(key,)| key));
    }
    Ok(changed)
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
                    let values: Vec<&dyn $crate::rusqlite::ToSql> = $crate::many::filled(chunk)
                        .map(|key| key as &dyn $crate::rusqlite::ToSql)
                        .collect();
                    let places = vec!["?"; values.len()].join(", ");
                    let sql = format!("{}{places}{}", $select, $then);
                    found.extend(inner.rows::<$row>(&sql, &values)?);
                }
                $crate::Tx::Postgres(inner) => {
                    let mut query =
                        $crate::sqlx::QueryBuilder::<$crate::sqlx::Postgres>::new($select);
                    query.push("select unnest(").push_bind(chunk.to_vec()).push(")").push($then);
                    let rows = query.build_query_as::<$row>();
                    found.extend($crate::answered(rows.fetch_all(&mut **inner)).await?);
                }
            }
        }
        found
    }};
}

/// Most keys of one list.
pub const KEYS_MAX: usize = 4_000;

/// The keys of a list on SQLite, the last one again up to a power of two: in a list a key counts
/// once. So the texts of a statement are few, and stay prepared, however many keys come at a time.
pub fn filled<T>(keys: &[T]) -> impl Iterator<Item = &T> {
    let again = keys.last().into_iter().cycle();
    keys.iter().chain(again).take(keys.len().next_power_of_two())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    #[tokio::test]
    async fn what_was_changed_is_given_back_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("a.db").display());
        let store = Store::open(&address).await.unwrap();
        let mut tx = store.write().await.unwrap();
        execute!(&mut tx, "create table one (id blob, state text, tries integer)").unwrap();
        let row = |id: u8| vec![vec![id].into(), "waiting".into(), 0_i64.into()];
        let rows = (1..=4).map(row).collect();
        let into = "insert into one (id, state, tries)";
        assert_eq!(insert_many(&mut tx, into, rows, "").await.unwrap(), 4);
        let set =
            "update one set state = $1, tries = tries + $2 where state = 'waiting' and id in (";
        let values = || vec!["sent".into(), 2_i64.into()];
        let keys = |ids: &[u8]| ids.iter().map(|id| vec![*id]).collect::<Vec<_>>();
        let then = ") returning id";
        let mut settle = async |ids: &[u8]| {
            update_returning(&mut tx, (set, values()), keys(ids), then).await.unwrap()
        };
        assert_eq!(settle(&[1, 3, 9]).await, keys(&[1, 3]));
        assert_eq!(settle(&[3, 4]).await, keys(&[4]), "what was changed before is not");
        assert_eq!(settle(&[]).await, keys(&[]));
        let all = "select id, state, tries from one order by id";
        let found = rows!(&mut tx, (Vec<u8>, String, i64), all).unwrap();
        let sent = |id: u8| (vec![id], "sent".to_owned(), 2);
        assert_eq!(found, [sent(1), (vec![2], "waiting".into(), 0), sent(3), sent(4)]);
    }

    /// Lists of any length have few lengths as statements, and find what they name, once.
    #[tokio::test]
    async fn a_list_is_filled_up_with_what_it_names_already() {
        let lengths = (1..=256).map(|count| filled(&vec![0; count]).count());
        let lengths: std::collections::BTreeSet<usize> = lengths.collect();
        assert!(lengths.into_iter().eq([1, 2, 4, 8, 16, 32, 64, 128, 256]));
        assert_eq!(filled(&[1, 2, 3, 4, 5]).collect::<Vec<_>>(), [&1, &2, &3, &4, &5, &5, &5, &5]);
        assert_eq!(filled::<u8>(&[]).count(), 0);
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("a.db").display());
        let store = Store::open(&address).await.unwrap();
        let mut tx = store.write().await.unwrap();
        execute!(&mut tx, "create table one (id integer)").unwrap();
        let rows = (1_i64..=9).map(|id| vec![id.into()]).collect();
        insert_many(&mut tx, "insert into one (id)", rows, "").await.unwrap();
        for count in 1_i64..=9 {
            let found = in_list(&mut tx, (1..=count).collect()).await.unwrap();
            assert_eq!(found, (1..=count).map(|id| (id,)).collect::<Vec<_>>());
        }
    }

    async fn in_list(tx: &mut Tx, keys: Vec<i64>) -> Result<Vec<(i64,)>, StoreError> {
        Ok(rows_of!(tx, (i64,), "select id from one where id in (", keys, ") order by id"))
    }

    #[test]
    fn a_column_has_values_of_one_kind_and_a_row_one_of_each() {
        let kinds = |rows: Vec<Vec<Value>>| columns(rows.into_iter()).is_ok();
        let text = || Value::from("text");
        assert!(kinds(vec![
            vec![text(), 1_i64.into()],
            vec![Value::MaybeText(None), 2_i64.into()]
        ]));
        assert!(!kinds(vec![vec![text()], vec![1_i64.into()]]));
        assert!(!kinds(vec![vec![text()], vec![]]));
    }
}
