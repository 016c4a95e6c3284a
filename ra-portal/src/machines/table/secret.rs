//! A secret that all processes of a portal share.

use store::{Store, StoreError, execute, row};

/// The secret of this name, or the drawn one if there is none yet; whoever comes first, all have
/// the same.
pub(crate) async fn shared(
    store: &Store,
    name: &str,
    drawn: [u8; 32],
) -> Result<Vec<u8>, StoreError> {
    let mut tx = store.write().await?;
    execute!(
        &mut tx,
        "insert into machine_secret (name, secret) values ($1, $2) on conflict (name) do nothing",
        name,
        drawn.to_vec()
    )?;
    let kept =
        row!(&mut tx, (Vec<u8>,), "select secret from machine_secret where name = $1", name)?;
    tx.commit().await?;
    kept.map(|(secret,)| secret).ok_or(StoreError::Inconsistent("secret"))
}
