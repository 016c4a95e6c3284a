//! Statements as one text for both databases: the macros that bind and run them. On SQLite they run
//! here and now, so each of them lets others have their turn first.

/// Executes a statement with parameters; gives the number of rows.
#[macro_export]
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        match $tx {
            $crate::Tx::Sqlite(inner) => {
                $crate::tokio::task::consume_budget().await;
                inner.execute($sql, &[$(&$value as &dyn $crate::rusqlite::ToSql),*])
            }
            $crate::Tx::Postgres(inner) => $crate::answered(
                $crate::sqlx::query($sql)$(.bind($value))*.execute(&mut **inner)
            )
            .await
            .map(|done| done.rows_affected()),
        }
    };
}

/// All rows of a query as tuples.
#[macro_export]
macro_rules! rows {
    ($tx:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {
        match $tx {
            $crate::Tx::Sqlite(inner) => {
                $crate::tokio::task::consume_budget().await;
                inner.rows::<$row>($sql, &[$(&$value as &dyn $crate::rusqlite::ToSql),*])
            }
            $crate::Tx::Postgres(inner) => $crate::answered(
                $crate::sqlx::query_as::<_, $row>($sql)$(.bind($value))*.fetch_all(&mut **inner)
            )
            .await,
        }
    };
}

/// The one row of a query, if there is one.
#[macro_export]
macro_rules! row {
    ($tx:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {
        match $tx {
            $crate::Tx::Sqlite(inner) => {
                $crate::tokio::task::consume_budget().await;
                inner.row::<$row>($sql, &[$(&$value as &dyn $crate::rusqlite::ToSql),*])
            }
            $crate::Tx::Postgres(inner) => $crate::answered(
                $crate::sqlx::query_as::<_, $row>($sql)
                    $(.bind($value))*
                    .fetch_optional(&mut **inner)
            )
            .await,
        }
    };
}
