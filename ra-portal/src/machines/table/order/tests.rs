//! Which orders are listed, and who carries them.

use super::*;
use acme::challenge::{ChallengeKind, ChallengeStatus};
use serde_json::json;

fn order(id: &str, expires: u64) -> (KeptOrder, KeptAuthorization) {
    let (account, identifier) = ("a".to_owned(), AcmeIdentifier::name("acme.test").unwrap());
    let order = KeptOrder {
        id: id.to_owned(),
        account: account.clone(),
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
    let authorization = KeptAuthorization {
        id: format!("{id}-1"),
        account,
        identifier,
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
    (order, authorization)
}

/// Whoever lists its orders finds those that it can go on with or has a certificate of.
#[tokio::test]
async fn orders_that_are_invalid_are_not_listed() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", folder.path().join("portal.db").display());
    let store = Store::open(&address).await.unwrap();
    store.migrate(crate::MIGRATIONS).await.unwrap();
    let jws = FlatJws::of_parts(b"{}", b"{}", b"");
    let mut tx = store.write().await.unwrap();
    for id in ["open", "late", "taken", "failed", "given-up", "wrong"] {
        let (one, authorization) = order(id, if id == "late" { 99 } else { 200 });
        insert(&mut tx, &one, &[authorization]).await.unwrap();
    }
    for id in ["taken", "failed"] {
        assert_eq!(take(&mut tx, id, (&jws, &[]), 0).await.unwrap(), 1);
        assert_eq!(take(&mut tx, id, (&jws, &[]), 0).await.unwrap(), 0, "taken");
    }
    let chosen = (ChallengeKind::Http01, "thumb");
    authorization::settle(&mut tx, "wrong-1", chosen, Err(&json!({}))).await.unwrap();
    tx.commit().await.unwrap();
    fail(&store, "failed", &json!({})).await.unwrap();
    authorization::give_up(&store, "given-up-1").await.unwrap();
    let listed = async |account: &str| {
        let found = of_account(&store, account, (0, 100), 10).await.unwrap();
        found.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };
    assert_eq!(listed("a").await, ["open", "taken"]);
    assert!(listed("b").await.is_empty());
    store.close().await;
}

/// What is at work in one process nobody else takes up, however long it takes; once that process is
/// gone somebody does, also where a clock was wrong when it was taken.
#[tokio::test]
async fn an_order_is_held_while_somebody_carries_it() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", folder.path().join("portal.db").display());
    let store = Store::open(&address).await.unwrap();
    store.migrate(crate::MIGRATIONS).await.unwrap();
    let jws = FlatJws::of_parts(b"{}", b"{}", b"");
    let mut tx = store.write().await.unwrap();
    for (id, due) in [("own", 110), ("other", 110), ("ahead", 9_000)] {
        let (one, authorization) = order(id, 100_000);
        insert(&mut tx, &one, &[authorization]).await.unwrap();
        assert_eq!(take(&mut tx, id, (&jws, &[]), due).await.unwrap(), 1);
    }
    tx.commit().await.unwrap();
    let taken = async |now: u64| {
        let mut taken = take_due(&store, (now, now + 10), 64).await.unwrap();
        taken.sort();
        taken
    };
    assert_eq!(taken(105).await, ["ahead"], "nobody holds one for so long");
    assert!(taken(109).await.is_empty());
    hold(&store, &["own".to_owned()], 119).await.unwrap();
    assert_eq!(taken(110).await, ["other"], "whoever carried it is gone");
    hold(&store, &["own".to_owned(), "ahead".to_owned()], 128).await.unwrap();
    assert!(taken(119).await.is_empty());
    fail(&store, "own", &json!({})).await.unwrap();
    hold(&store, &["own".to_owned()], 200).await.unwrap();
    assert_eq!(taken(128).await, ["ahead", "other"], "what ended is carried by nobody");
    store.close().await;
}
