//! What one request, or one look, changes in these tables: a value, so that many of them are
//! written with one commit.

use super::authorization::{self, KeptAuthorization};
use super::certificate::{self, KeptCertificate};
use super::nonce::{self, OwnNonce};
use super::order::{self, KeptOrder};
use acme::challenge::ChallengeKind;
use jose::FlatJws;
use serde_json::Value;
use store::{StoreError, Tx};

/// A change.
#[derive(Debug)]
pub(crate) enum MachineChange {
    /// A new order with its authorizations, made at a time; none where another one follows the
    /// same certificate by then.
    Order(Box<KeptOrder>, Vec<KeptAuthorization>, u64),
    /// A challenge is to be looked at; whoever keeps it has it until `due`.
    Chosen { id: String, kind: ChallengeKind, thumbprint: String, due: u64 },
    /// What a look found: when, or why not.
    Found { id: String, kind: ChallengeKind, thumbprint: String, found: Result<u64, Value> },
    /// The request of an order that is to be carried to the CA.
    Taken { id: String, request: Box<FlatJws>, vouched: Vec<String>, due: u64 },
    /// The certificate of an order.
    Finished { id: String, serial: String, certificate: Box<KeptCertificate> },
}

/// What is written at once: a nonce that is used up, a change, or both. Where the nonce was used
/// before, nothing is changed.
#[derive(Debug)]
pub(crate) struct MachineWrite {
    pub(crate) nonce: Option<OwnNonce>,
    pub(crate) change: Option<MachineChange>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteOutcome {
    /// It is done, and touched so many rows; the change of one whose state is another by now
    /// touches none.
    Done(u64),
    /// Its nonce was used before.
    NonceUsed,
}

impl MachineWrite {
    /// The name of the certificate that an order follows which it makes.
    pub(crate) fn follows(&self) -> Option<&str> {
        match &self.change {
            Some(MachineChange::Order(new, ..)) => new.replaces.as_deref(),
            _ => None,
        }
    }

    /// Writes it.
    pub(crate) async fn write(&self, tx: &mut Tx) -> Result<WriteOutcome, StoreError> {
        if let Some(nonce) = &self.nonce
            && !nonce::spend(tx, nonce).await?
        {
            return Ok(WriteOutcome::NonceUsed);
        }
        match &self.change {
            Some(change) => change.apply(tx).await.map(WriteOutcome::Done),
            None => Ok(WriteOutcome::Done(0)),
        }
    }
}

impl MachineChange {
    async fn apply(&self, tx: &mut Tx) -> Result<u64, StoreError> {
        match self {
            Self::Order(new, authorizations, now) => {
                if let Some(name) = &new.replaces
                    && order::is_followed(tx, name, *now).await?
                {
                    return Ok(0);
                }
                order::insert(tx, new, authorizations).await
            }
            Self::Chosen { id, kind, thumbprint, due } => {
                authorization::choose(tx, id, (*kind, thumbprint), *due).await
            }
            Self::Found { id, kind, thumbprint, found } => {
                authorization::settle(tx, id, (*kind, thumbprint), found.as_ref().copied()).await
            }
            Self::Taken { id, request, vouched, due } => {
                order::take(tx, id, (request, vouched), *due).await
            }
            Self::Finished { id, serial, certificate } => {
                certificate::finish(tx, id, serial, certificate).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::samples::database;
    use crate::machines::table::order::Stage;

    fn following(id: &str, name: &str, expires: u64) -> Box<KeptOrder> {
        Box::new(KeptOrder {
            id: id.to_owned(),
            account: "a".to_owned(),
            stage: Stage::Open,
            identifiers: Vec::new(),
            profile: "server".into(),
            replaces: Some(name.to_owned()),
            expires,
            request: None,
            vouched: Vec::new(),
            serial: None,
            error: None,
        })
    }

    /// RFC 9773 5: also of orders that come at once, one follows a certificate; behind the end of
    /// it another one may.
    #[tokio::test]
    async fn a_certificate_is_followed_by_one_order_at_a_time() {
        let (_folder, store) = database().await;
        let mut tx = store.write().await.unwrap();
        let kept = KeptCertificate { chain: "c".into(), name: "aYg.fwE".into(), life: (1, 999) };
        let mut own = following("own", "", 50);
        own.replaces = None;
        order::insert(&mut tx, &own, &[]).await.unwrap();
        let request = FlatJws::of_parts(b"{}", b"{}", b"");
        order::take(&mut tx, "own", (&request, &[]), 0).await.unwrap();
        certificate::finish(&mut tx, "own", "7f01", &kept).await.unwrap();
        // Where processes share a server, the next one waits here for the end of this one.
        let order = following("first", "aYg.fwE", 200);
        let change = Some(MachineChange::Order(order, Vec::new(), 100));
        let write = MachineWrite { nonce: None, change };
        let followed = std::collections::BTreeSet::from([write.follows().unwrap(), "aYg.fwI"]);
        assert_eq!(certificate::hold(&mut tx, &followed).await.unwrap(), 1);
        for (id, name, now, touched) in [
            ("first", "aYg.fwE", 100, 1),
            ("second", "aYg.fwE", 100, 0),
            ("other", "aYg.fwI", 100, 1),
            ("at-its-end", "aYg.fwE", 200, 0),
            ("later", "aYg.fwE", 201, 1),
        ] {
            let order = following(id, name, if id == "later" { 300 } else { 200 });
            let change = Some(MachineChange::Order(order, Vec::new(), now));
            let outcome = MachineWrite { nonce: None, change }.write(&mut tx).await.unwrap();
            assert_eq!(outcome, WriteOutcome::Done(touched), "{id}");
        }
        tx.commit().await.unwrap();
        assert!(order::has_follower(&store, "aYg.fwE", 300).await.unwrap());
        assert!(!order::has_follower(&store, "aYg.fwE", 301).await.unwrap());
        store.close().await;
    }
}
