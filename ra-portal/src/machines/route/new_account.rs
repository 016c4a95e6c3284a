//! Opens an account (RFC 8555 7.3). The CA judges the external binding, and keeps what was signed;
//! a key that has an account already is told which (7.3.1).

use super::account::resource;
use crate::machines::answer::{AcmeRefused, Answer, Resource};
use crate::machines::signed::ByKey;
use crate::machines::state::MachinesState;
use crate::machines::strangers::{StrangerPlace, Strangers};
use crate::machines::table::account::{self, KeptAccount};
use acme::asked::{self, NewAccount};
use acme::{AcmeProblem, ProblemKind};
use axum::extract::State;
use ca_api::Refusal;
use jose::{FlatJws, JoseError, Jwk};
use records::machine::{AskAccount, MachineAccount, OpenAccount, system_of};
use serde_json::json;
use std::sync::Arc;
use store::Store;

/// By which an external account binding is made (RFC 8555 7.3.4): a MAC.
const BINDING_ALGORITHMS: [&str; 1] = ["HS256"];

pub(super) async fn open(
    State(state): State<Arc<MachinesState>>,
    signed: ByKey,
) -> Answer<Resource> {
    let asked: NewAccount = asked::read(&signed.payload)?;
    let whose = (&signed.key, signed.source);
    let _place = match KeyOwner::of((&state.store, &state.strangers), whose).await? {
        KeyOwner::Known(kept) => return told(&kept, &state),
        KeyOwner::Stranger(place) => place,
    };
    if let Some(kept) = forgotten(&state, &signed).await? {
        return told(&kept, &state);
    }
    if asked.only_return_existing {
        return existing(&state, signed).await;
    }
    asked::check_contacts(&asked.contact)?;
    // Whoever forgot it hears so here, and nobody troubles the CA.
    let binding = jose::binding(&signed.payload, &signed.url, &signed.key).map_err(of_binding)?;
    if let Some(system) = system_of(&binding.kid) {
        signed.asker.claims(system);
    }
    let opened = state.issuer.open_account(&OpenAccount { jws: signed.jws }).await;
    let opened = state.recorded("machine-account", opened).await;
    let opened = opened.map_err(|refused| refused.of_account_key(ProblemKind::BadPublicKey))?;
    let is_new = opened.account == signed.key.thumbprint();
    let resource = kept(&state, opened, (signed.key, asked.contact)).await?;
    Ok(if is_new { bound(resource.made(), &binding.jws) } else { resource })
}

/// An account that was just opened says by what it was bound, as that was sent (RFC 8555 7.3.4).
fn bound(opened: Resource, binding: &FlatJws) -> Resource {
    opened.saying("externalAccountBinding", json!(binding))
}

/// The account of a key of which this portal has no row. The CA knows it by a change that this
/// portal did not come to keep, and opens nothing for whoever only looks for one.
async fn existing(state: &MachinesState, signed: ByKey) -> Answer<Resource> {
    let asked = OpenAccount { jws: signed.jws };
    match taken(state.issuer.open_account(&asked).await)? {
        Some(known) => kept(state, known, (signed.key, Vec::new())).await,
        None => Err(ProblemKind::AccountDoesNotExist.into()),
    }
}

/// Keeps an account as the CA told of it. Where there was a row, its contacts stay.
async fn kept(
    state: &MachinesState,
    told: MachineAccount,
    (key, contact): (Jwk, Vec<String>),
) -> Answer<Resource> {
    let (account, system) = (told.account, told.system);
    let kept = KeptAccount { account, key, contact, is_closed: false, system };
    account::keep(&state.store, &kept, state.clock.seconds()).await?;
    let kept = account::by_id(&state.store, &kept.account).await?.unwrap_or(kept);
    Ok(resource(&kept, &state.urls))
}

/// A binding by another algorithm is told which is taken for bindings, and not for requests.
fn of_binding(error: JoseError) -> AcmeRefused {
    match error {
        JoseError::Algorithm => {
            let problem = AcmeProblem::of(ProblemKind::BadSignatureAlgorithm, &error);
            problem.taking(&BINDING_ALGORITHMS).into()
        }
        error => error.into(),
    }
}

/// Whose key asks.
enum KeyOwner {
    /// An account's that this portal knows: it asks nobody, and waits for no place.
    Known(Box<KeptAccount>),
    /// Anybody else's, with a place of all those.
    Stranger(StrangerPlace),
}

impl KeyOwner {
    /// Looks for the key among those of accounts before a place is taken: however many strangers
    /// there are, whoever has an account is told so.
    async fn of(
        (store, strangers): (&Store, &Strangers),
        (key, source): (&Jwk, u128),
    ) -> Answer<Self> {
        if let Some(kept) = account::by_key(store, key).await? {
            return Ok(Self::Known(Box::new(kept)));
        }
        let place = strangers.enter(source).ok_or(ProblemKind::Unavailable)?;
        Ok(Self::Stranger(place))
    }
}

/// What is told of an account that is there already.
fn told(kept: &KeptAccount, state: &MachinesState) -> Answer<Resource> {
    match kept.is_closed {
        true => Err(ProblemKind::AccountClosed.into()),
        false => Ok(resource(kept, &state.urls)),
    }
}

/// The account that a key has of which this portal has no row: one that it forgot is known to the
/// CA by its first key.
async fn forgotten(state: &MachinesState, signed: &ByKey) -> Answer<Option<KeptAccount>> {
    let asked = AskAccount { account: signed.key.thumbprint() };
    let Some(terms) = taken(state.issuer.account_of(&asked).await)? else { return Ok(None) };
    // The key that an account was opened with may not be the one that it has: then a row says so,
    // or the CA, which gives an account to the key that it has.
    if account::by_id(&state.store, &terms.account).await?.is_some() {
        return Ok(None);
    }
    if terms.open {
        let asked = OpenAccount { jws: signed.jws.clone() };
        if taken(state.issuer.open_account(&asked).await)?.is_none() {
            return Ok(None);
        }
    }
    let key = signed.key.clone();
    let is_closed = !terms.open;
    let (account, system, contact) = (terms.account, terms.system, Vec::new());
    let kept = KeptAccount { account, key, contact, is_closed, system };
    if !is_closed {
        account::keep(&state.store, &kept, state.clock.seconds()).await?;
    }
    Ok(Some(kept))
}

/// What the CA said, if it did not refuse.
fn taken(said: Result<MachineAccount, Refusal>) -> Answer<Option<MachineAccount>> {
    match said {
        Ok(account) => Ok(Some(account)),
        Err(Refusal::Refused(_)) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::samples::{database, key};
    use axum::http::StatusCode;
    use axum::response::IntoResponse;
    use serde_json::Value;

    #[tokio::test]
    async fn an_account_says_by_what_it_was_bound() {
        let binding = FlatJws::of_parts(b"{}", b"key", b"mac");
        let opened = bound(Resource::new(json!({ "status": "valid" })).made(), &binding);
        let response = opened.into_response();
        assert_eq!(response.status(), StatusCode::CREATED);
        let body = axum::body::to_bytes(response.into_body(), 4_096).await.unwrap();
        let told: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(told, json!({ "status": "valid", "externalAccountBinding": binding }));
    }

    /// Strangers have taken every place there is: another one is turned away, and whoever has an
    /// account is told of it, from the same source and from any other.
    #[tokio::test]
    async fn strangers_keep_no_account_waiting() {
        let (_folder, store) = database().await;
        let (own, other) = (key(), key());
        let kept = KeptAccount {
            account: own.thumbprint(),
            key: own.clone(),
            contact: Vec::new(),
            is_closed: false,
            system: "site".to_owned(),
        };
        account::keep(&store, &kept, 1).await.unwrap();
        let strangers = Strangers::default();
        let asked = KeyOwner::of((&store, &strangers), (&other, 1)).await;
        assert!(matches!(asked, Ok(KeyOwner::Stranger(_))), "there is room");
        let mut held = Vec::new();
        for source in 0..200 {
            while let Some(place) = strangers.enter(source) {
                held.push(place);
            }
        }
        for source in [1, 1_000] {
            let asked = KeyOwner::of((&store, &strangers), (&other, source)).await;
            assert!(asked.is_err(), "a stranger");
            let asked = KeyOwner::of((&store, &strangers), (&own, source)).await;
            let Ok(KeyOwner::Known(found)) = asked else { panic!("no account") };
            assert_eq!(found.account, own.thumbprint());
        }
        drop(held);
        store.close().await;
    }

    /// RFC 8555 6.2: whoever hears which algorithms are taken can go on by one of them.
    #[test]
    fn who_binds_by_another_algorithm_hears_which_is_taken() {
        let told = of_binding(JoseError::Algorithm).0.to_json();
        assert_eq!(told["type"], "urn:ietf:params:acme:error:badSignatureAlgorithm");
        assert_eq!(told["algorithms"], json!(["HS256"]));
        let signed = AcmeRefused::from(JoseError::Algorithm).0.to_json();
        assert!(!signed["algorithms"].as_array().unwrap().contains(&"HS256".into()));
        let unbound = of_binding(JoseError::Unbound).0.kind();
        assert_eq!(unbound, ProblemKind::ExternalAccountRequired);
    }
}
