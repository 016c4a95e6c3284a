//! What a server is asked ends in time: one that hangs, or that a network cut off, neither answers
//! nor closes, and whoever waits for it would wait for good.

use crate::error::StoreError;
use std::future::Future;
use std::time::Duration;
use tokio::time::timeout;

/// A server that works ends a statement by itself before that: [`STATEMENT_MAX`].
const ANSWER_MAX: Duration = Duration::from_secs(35);
/// Longest statement, as the server is told.
pub(crate) const STATEMENT_MAX: &str = "30s";

/// What is asked of a server, or that it says nothing.
pub async fn answered<T>(
    asked: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    within(ANSWER_MAX, asked).await
}

async fn within<T>(
    most: Duration,
    asked: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    timeout(most, asked).await.map_err(|_| StoreError::Silent)?.map_err(StoreError::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_asks_a_server_that_hangs_is_told_in_time() {
        let hangs = std::future::pending::<Result<(), sqlx::Error>>();
        let told = timeout(Duration::from_secs(5), within(Duration::from_millis(1), hangs)).await;
        assert!(matches!(told, Ok(Err(StoreError::Silent))));
        let fine = within(Duration::from_secs(60), std::future::ready(Ok(7))).await;
        assert!(matches!(fine, Ok(7)));
        let refused = std::future::ready(Err::<(), _>(sqlx::Error::RowNotFound));
        let told = within(Duration::from_secs(60), refused).await;
        assert!(matches!(told, Err(StoreError::Database(_))));
    }
}
