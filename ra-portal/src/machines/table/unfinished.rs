//! Orders that nobody finalized, or that failed, with their authorizations: how many names there
//! are of them, and when they are forgotten.

use super::number;
use store::{Store, StoreError, execute, rows};

/// So many orders are forgotten by one commit.
const TOGETHER_MAX: u64 = 1_000;

/// Names of such orders, by system, or by account where that is forgotten.
pub(crate) async fn names(store: &Store) -> Result<Vec<(String, u64)>, StoreError> {
    let mut tx = store.read().await?;
    let found = rows!(
        &mut tx,
        (String, i64),
        "select coalesce(m.system, a.account), count(*) from machine_authorization a \
         join machine_order o on o.id = a.order_id \
         left join machine_account m on m.account = a.account \
         where o.stage in ('open', 'failed') group by coalesce(m.system, a.account)"
    )?;
    let counted = |(system, count)| (system, u64::try_from(count).unwrap_or_default());
    Ok(found.into_iter().map(counted).collect())
}

/// Forgets those that ended before a time, a few at a time: nobody waits for the turn for long.
pub(crate) async fn forget(store: &Store, before: u64) -> Result<(), StoreError> {
    loop {
        let mut tx = store.read().await?;
        let found = rows!(
            &mut tx,
            (String,),
            "select id from machine_order where stage in ('open', 'failed') and expires < $1 \
             limit $2",
            number(before),
            number(TOGETHER_MAX)
        )?;
        drop(tx);
        if found.is_empty() {
            return Ok(());
        }
        let mut tx = store.write().await?;
        for (id,) in found {
            let id = id.as_str();
            execute!(&mut tx, "delete from machine_authorization where order_id = $1", id)?;
            execute!(&mut tx, "delete from machine_order where id = $1", id)?;
        }
        tx.commit().await?;
    }
}

#[cfg(test)]
mod tests {
    use super::super::authorization::KeptAuthorization;
    use super::super::order::{self, KeptOrder, Stage};
    use super::*;
    use crate::machines::samples::database;
    use acme::AcmeIdentifier;
    use acme::challenge::ChallengeStatus;
    use jose::FlatJws;

    async fn insert(store: &Store, id: &str, expires: u64) {
        let identifier = AcmeIdentifier::name("acme.test").unwrap();
        let authorization = |at: usize| KeptAuthorization {
            id: format!("{id}-{at}"),
            account: "a".into(),
            identifier: identifier.clone(),
            is_preauthorized: false,
            is_deactivated: false,
            token: "t".into(),
            expires,
            kind: None,
            thumbprint: String::new(),
            challenge: ChallengeStatus::Pending,
            validated: 0,
            error: None,
        };
        let order = KeptOrder {
            id: id.to_owned(),
            account: "a".into(),
            stage: Stage::Open,
            identifiers: vec![identifier.clone()],
            profile: "server".into(),
            replaces: None,
            expires,
            request: None,
            vouched: Vec::new(),
            serial: None,
            error: None,
        };
        let mut tx = store.write().await.unwrap();
        order::insert(&mut tx, &order, &[authorization(0), authorization(1)]).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// What became nothing is counted, and forgotten soon; what has its request is neither.
    #[tokio::test]
    async fn orders_that_became_nothing_are_counted_and_forgotten() {
        let (_folder, store) = database().await;
        for (id, expires) in [("old", 99), ("failed", 99), ("taken", 99), ("new", 200)] {
            insert(&store, id, expires).await;
        }
        let jws = FlatJws::of_parts(b"{}", b"{}", b"");
        for id in ["failed", "taken"] {
            let mut tx = store.write().await.unwrap();
            assert_eq!(order::take(&mut tx, id, (&jws, &[]), 0).await.unwrap(), 1);
            tx.commit().await.unwrap();
        }
        order::fail(&store, "failed", &serde_json::json!({})).await.unwrap();
        assert_eq!(names(&store).await.unwrap(), [("a".to_owned(), 6)]);
        forget(&store, 100).await.unwrap();
        assert_eq!(names(&store).await.unwrap(), [("a".to_owned(), 2)]);
        for (id, is_there) in [("old", false), ("failed", false), ("taken", true), ("new", true)] {
            let found = order::by_id(&store, id).await.unwrap();
            assert_eq!(found.is_some(), is_there, "{id}");
            assert!(found.is_none_or(|(_, authorizations)| authorizations.len() == 2));
        }
        store.close().await;
    }
}
