//! Revocations as rows: a copy of what the log says, for operators.

use super::counted;
use store::{StoreError, Tx};

/// How many certificates are revoked, as rows say.
pub async fn count(tx: &mut Tx) -> Result<i64, StoreError> {
    counted(tx, "select count(*) from revocation").await
}
