//! Gives an account another key (RFC 8555 7.3.5): the old one signs what the new one signed.

use super::account::resource;
use crate::machines::answer::{Answer, Resource};
use crate::machines::signed::ByAccount;
use crate::machines::state::MachinesState;
use crate::machines::table::account;
use acme::asked::{self, KeyChange};
use acme::{AcmeProblem, ProblemKind};
use axum::extract::State;
use jose::{FlatJws, Jwk, KeyOf};
use records::machine::ChangeKey;
use std::sync::Arc;

pub(super) async fn change(
    State(state): State<Arc<MachinesState>>,
    signed: ByAccount,
) -> Answer<Resource> {
    let mut kept = signed.account.clone();
    let inner = FlatJws::read(&signed.payload)?;
    let url = state.urls.of("/acme/key-change");
    let key = new_key(&inner, &url, (&state.urls.account(&kept.account), &kept.key))?;
    if let Some(other) = account::by_key(&state.store, &key).await? {
        let refused = AcmeProblem::from(ProblemKind::KeyInUse);
        tracing::debug!(account = other.account, "a key that is in use");
        return Err(refused.into());
    }
    let message = ChangeKey { jws: signed.jws, account: kept.account.clone() };
    let changed = state.issuer.change_key(&message).await;
    state.recorded("machine-key", changed).await?;
    account::set_key(&state.store, &kept.account, &key).await?;
    kept.key = key;
    Ok(resource(&kept, &state.urls))
}

/// The key that signed the inner request, which is about this account and its present key.
fn new_key(inner: &FlatJws, url: &str, (account, old): (&str, &Jwk)) -> Answer<Jwk> {
    let malformed = |zh, en| AcmeProblem::about(ProblemKind::Malformed, zh, en);
    let header = inner.header()?;
    let KeyOf::Jwk(key) = header.key else {
        return Err(malformed("内层应有 jwk", "jwk is expected within").into());
    };
    let asked: KeyChange = asked::read(&inner.verify(&key)?)?;
    if header.url != url || header.nonce.is_some() {
        let (zh, en) = ("内层的 url 或 nonce 不正确", "url or nonce within is not right");
        return Err(malformed(zh, en).into());
    }
    let is_old = Jwk::read(&asked.old_key).is_ok_and(|said| said == *old);
    if asked.account != account || !is_old {
        let (zh, en) = ("内层说的是另一账户或密钥", "it is about another account or key");
        return Err(malformed(zh, en).into());
    }
    Ok(key)
}
