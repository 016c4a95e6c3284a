//! Authorizations, each with the one challenge that its client chose to answer.

use super::{held_max, number, read, seconds, text};
use acme::AcmeIdentifier;
use acme::authorization::{AuthorizationCourse, AuthorizationStatus};
use acme::challenge::{ChallengeKind, ChallengeStatus};
use serde_json::Value;
use store::{Store, StoreError, Tx, execute, row, rows};

/// An authorization as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct KeptAuthorization {
    /// Its id.
    pub(crate) id: String,
    /// Whose.
    pub(crate) account: String,
    /// What for, with its wildcard.
    pub(crate) identifier: AcmeIdentifier,
    /// Whether the standing authorization asks for no challenge.
    pub(crate) is_preauthorized: bool,
    /// Whether the client gave it up.
    pub(crate) is_deactivated: bool,
    /// What its challenges are answered with.
    pub(crate) token: String,
    /// Last second.
    pub(crate) expires: u64,
    /// The challenge that is answered, once one is.
    pub(crate) kind: Option<ChallengeKind>,
    /// The thumbprint of the key that the account had then.
    pub(crate) thumbprint: String,
    /// How far that challenge is.
    pub(crate) challenge: ChallengeStatus,
    /// When it was found answered; 0 if it was not.
    pub(crate) validated: u64,
    /// Why it was not.
    pub(crate) error: Option<Value>,
}

impl KeptAuthorization {
    /// The state at a time.
    pub(crate) fn status(&self, now: u64) -> AuthorizationStatus {
        let course = AuthorizationCourse {
            expires: self.expires,
            is_deactivated: self.is_deactivated,
            is_preauthorized: self.is_preauthorized,
            challenges: vec![self.challenge],
        };
        course.status(now)
    }

    /// How far one of its challenges is: those that were not chosen wait.
    pub(crate) fn challenge_of(&self, kind: ChallengeKind) -> ChallengeStatus {
        if self.kind == Some(kind) { self.challenge } else { ChallengeStatus::Pending }
    }
}

const PENDING: &str = "pending";
const PROCESSING: &str = "processing";
const VALID: &str = "valid";
const INVALID: &str = "invalid";

fn status(text: &str) -> Result<ChallengeStatus, StoreError> {
    match text {
        PENDING => Ok(ChallengeStatus::Pending),
        PROCESSING => Ok(ChallengeStatus::Processing),
        VALID => Ok(ChallengeStatus::Valid),
        INVALID => Ok(ChallengeStatus::Invalid),
        _ => Err(StoreError::Inconsistent("status")),
    }
}

type Row =
    (String, String, String, i64, i64, String, i64, String, String, String, i64, Option<String>);

fn authorization(row: Row) -> Result<KeptAuthorization, StoreError> {
    let (
        id,
        account,
        identifier,
        open,
        given_up,
        token,
        expires,
        kind,
        thumbprint,
        at,
        validated,
        error,
    ) = row;
    Ok(KeptAuthorization {
        id,
        account,
        identifier: read(&identifier)?,
        is_preauthorized: open != 0,
        is_deactivated: given_up != 0,
        token,
        expires: seconds(expires)?,
        kind: ChallengeKind::by_name(&kind),
        thumbprint,
        challenge: status(&at)?,
        validated: seconds(validated)?,
        error: error.map(|error| read(&error)).transpose()?,
    })
}

/// Keeps a new one within the transaction of its order.
pub(super) async fn insert(
    tx: &mut Tx,
    order: &str,
    new: &KeptAuthorization,
) -> Result<(), StoreError> {
    let identifier = text(&new.identifier)?;
    execute!(
        tx,
        "insert into machine_authorization (id, order_id, account, identifier, is_preauthorized, \
         is_deactivated, token, expires, kind, thumbprint, status, validated, error, due, tries) \
         values ($1, $2, $3, $4, $5, 0, $6, $7, '', '', $8, 0, null, 0, 0)",
        new.id.as_str(),
        order,
        new.account.as_str(),
        identifier,
        i64::from(new.is_preauthorized),
        new.token.as_str(),
        number(new.expires),
        PENDING
    )?;
    Ok(())
}

/// One of them.
pub(crate) async fn by_id(
    store: &Store,
    id: &str,
) -> Result<Option<KeptAuthorization>, StoreError> {
    let mut tx = store.read().await?;
    let found = row!(
        &mut tx,
        Row,
        "select id, account, identifier, is_preauthorized, is_deactivated, token, expires, kind, \
         thumbprint, status, validated, error from machine_authorization where id = $1",
        id
    )?;
    found.map(authorization).transpose()
}

/// Those of an order.
pub(crate) async fn of_order(
    tx: &mut Tx,
    order: &str,
) -> Result<Vec<KeptAuthorization>, StoreError> {
    let found = rows!(
        tx,
        Row,
        "select id, account, identifier, is_preauthorized, is_deactivated, token, expires, kind, \
         thumbprint, status, validated, error from machine_authorization where order_id = $1 \
         order by position",
        order
    )?;
    found.into_iter().map(authorization).collect()
}

/// Whether an account has each of these authorized by a challenge that counts at a time.
pub(crate) async fn holds_all(
    store: &Store,
    account: &str,
    identifiers: &[AcmeIdentifier],
    now: u64,
) -> Result<bool, StoreError> {
    let mut tx = store.read().await?;
    for one in identifiers {
        let found = row!(
            &mut tx,
            (i64,),
            "select count(*) from machine_authorization where account = $1 and identifier = $2 \
             and status = 'valid' and is_deactivated = 0 and expires >= $3",
            account,
            text(one)?,
            number(now)
        )?;
        if found.is_none_or(|(count,)| count == 0) {
            return Ok(false);
        }
    }
    Ok(!identifiers.is_empty())
}

/// Keeps which challenge is to be looked at, until `due` by whoever keeps it; touches no row where
/// one was chosen already.
pub(super) async fn choose(
    tx: &mut Tx,
    id: &str,
    (kind, thumbprint): (ChallengeKind, &str),
    due: u64,
) -> Result<u64, StoreError> {
    execute!(
        tx,
        "update machine_authorization set kind = $1, thumbprint = $2, status = $3, due = $4 \
         where id = $5 and status = $6 and is_deactivated = 0",
        kind.name(),
        thumbprint,
        PROCESSING,
        number(due),
        id,
        PENDING
    )
}

/// Keeps what a look at a challenge found, whether it was kept that somebody looks or not; touches
/// no row where something was found before.
pub(super) async fn settle(
    tx: &mut Tx,
    id: &str,
    (kind, thumbprint): (ChallengeKind, &str),
    found: Result<u64, &Value>,
) -> Result<u64, StoreError> {
    let (status, validated, error) = match found {
        Ok(now) => (VALID, number(now), None),
        Err(problem) => (INVALID, 0, Some(text(problem)?)),
    };
    execute!(
        tx,
        "update machine_authorization set kind = $1, thumbprint = $2, status = $3, \
         validated = $4, error = $5 where id = $6 and is_deactivated = 0 \
         and status in ($7, $8)",
        kind.name(),
        thumbprint,
        status,
        validated,
        error,
        id,
        PENDING,
        PROCESSING
    )
}

/// Keeps that a client gave one up.
pub(crate) async fn give_up(store: &Store, id: &str) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    execute!(&mut tx, "update machine_authorization set is_deactivated = 1 where id = $1", id)?;
    tx.commit().await
}

/// Keeps those that this process is at work on from others, until `due`.
pub(crate) async fn hold(store: &Store, ids: &[String], due: u64) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut tx = store.write().await?;
    for id in ids {
        execute!(
            &mut tx,
            "update machine_authorization set due = $1 where id = $2 and status = $3 and due < $1",
            number(due),
            id.as_str(),
            PROCESSING
        )?;
    }
    tx.commit().await
}

/// Takes those that nobody looks at any more, because whoever did was killed, until `due`; each
/// with its system, or its account where that is forgotten. One that is held for longer than
/// anybody asks for was held by a clock that was wrong.
pub(crate) async fn take_due(
    store: &Store,
    (now, due): (u64, u64),
    most: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    let (mut tx, ahead) = (store.read().await?, number(held_max((now, due))));
    let found = rows!(
        &mut tx,
        (String, String),
        "select a.id, coalesce(m.system, a.account) from machine_authorization a \
         left join machine_account m on m.account = a.account \
         where a.status = $1 and (a.due <= $2 or a.due > $3) limit $4",
        PROCESSING,
        number(now),
        ahead,
        most
    )?;
    drop(tx);
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let (mut tx, mut taken) = (store.write().await?, Vec::new());
    for (id, system) in found {
        let held = execute!(
            &mut tx,
            "update machine_authorization set due = $1 where id = $2 and status = $3 \
             and (due <= $4 or due > $5)",
            number(due),
            id.as_str(),
            PROCESSING,
            number(now),
            ahead
        )?;
        if held == 1 {
            taken.push((id, system));
        }
    }
    tx.commit().await?;
    Ok(taken)
}

/// Forgets those that ended before a time; a certificate is found by its order.
pub(crate) async fn forget(store: &Store, before: u64) -> Result<u64, StoreError> {
    let mut tx = store.write().await?;
    let forgotten =
        execute!(&mut tx, "delete from machine_authorization where expires < $1", number(before))?;
    tx.commit().await?;
    Ok(forgotten)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::samples::database;

    /// Of several accounts, those that were found to hold a name count for it, and no others.
    #[tokio::test]
    async fn an_account_holds_what_it_was_found_to_hold() {
        let (_folder, store) = database().await;
        let name = |text: &str| AcmeIdentifier::name(text).unwrap();
        let mut tx = store.write().await.unwrap();
        for (id, text) in [("1", "a.test"), ("2", "*.a.test"), ("3", "late.test"), ("4", "b.test")]
        {
            let new = KeptAuthorization {
                id: id.into(),
                account: "a".into(),
                identifier: name(text),
                is_preauthorized: false,
                is_deactivated: false,
                token: "t".into(),
                expires: if text == "late.test" { 99 } else { 200 },
                kind: None,
                thumbprint: String::new(),
                challenge: ChallengeStatus::Pending,
                validated: 0,
                error: None,
            };
            insert(&mut tx, "order", &new).await.unwrap();
        }
        let (chosen, other) = ((ChallengeKind::Dns01, "thumb"), (ChallengeKind::Http01, "thumb"));
        for id in ["1", "2", "3"] {
            // What was found at once was never kept as chosen.
            if id != "3" {
                assert_eq!(choose(&mut tx, id, chosen, 0).await.unwrap(), 1);
                assert_eq!(choose(&mut tx, id, other, 0).await.unwrap(), 0, "one was chosen");
            }
            assert_eq!(settle(&mut tx, id, chosen, Ok(50)).await.unwrap(), 1);
            let again = settle(&mut tx, id, chosen, Err(&Value::Null)).await.unwrap();
            assert_eq!((again, choose(&mut tx, id, chosen, 0).await.unwrap()), (0, 0), "found");
        }
        tx.commit().await.unwrap();
        let holds = async |account: &str, names: &[&str]| {
            let names: Vec<AcmeIdentifier> = names.iter().map(|text| name(text)).collect();
            holds_all(&store, account, &names, 100).await.unwrap()
        };
        assert!(holds("a", &["a.test", "*.a.test"]).await);
        assert!(!holds("a", &["a.test", "b.test"]).await, "one of them waits");
        assert!(!holds("a", &["late.test"]).await, "over");
        assert!(!holds("a", &[]).await);
        assert!(!holds("b", &["a.test"]).await, "another account");
        give_up(&store, "1").await.unwrap();
        assert!(!holds("a", &["a.test"]).await, "given up");
        store.close().await;
    }
}
