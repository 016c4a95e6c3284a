//! Statements as one text for both databases: the macros that bind and run them.

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
        $crate::on!($tx, connection => $crate::sqlx::query($sql)
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
        $crate::on!($tx, connection => $crate::sqlx::query_as::<_, $row>($sql)
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
        $crate::on!($tx, connection => $crate::sqlx::query_as::<_, $row>($sql)
            $(.bind($value))*
            .fetch_optional(connection)
            .await)
        .map_err($crate::StoreError::from)
    };
}
