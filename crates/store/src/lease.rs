//! Leases: one holder at a time does what only one may do.

use crate::error::StoreError;
use crate::open::{Store, Tx};

/// Takes or renews the lease `name` for `holder` until `until` (unix µs); false while another holds
/// it. The clock of the caller decides, so holders keep their clocks within the lease's length.
pub async fn hold_lease(
    tx: &mut Tx,
    name: &str,
    holder: &str,
    now: i64,
    until: i64,
) -> Result<bool, StoreError> {
    let taken = execute!(
        tx,
        "insert into lease (name, holder, until) values ($1, $2, $3) \
         on conflict (name) do update set holder = $2, until = $3 \
         where lease.holder = $2 or lease.until < $4 or lease.until > $5",
        name,
        holder,
        until,
        now,
        // A lease further ahead than any holder asks for comes from a clock that was wrong.
        now + 2 * (until - now)
    )?;
    Ok(taken == 1)
}

/// Gives the lease up, so that the next holder need not wait for its end.
pub async fn release_lease(store: &Store, name: &str, holder: &str) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    execute!(&mut tx, "delete from lease where name = $1 and holder = $2", name, holder)?;
    tx.commit().await
}
