//! Gives an account another key (RFC 8555 7.3.5): the old one signs what the new one signed.

use super::account::resource;
use crate::machines::answer::{AcmeRefused, Answer};
use crate::machines::signed::ByAccount;
use crate::machines::state::MachinesState;
use crate::machines::table::account;
use acme::asked::{self, KeyChange};
use acme::{AcmeProblem, ProblemKind};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jose::{FlatJws, Jwk, KeyOf};
use records::machine::ChangeKey;
use std::sync::Arc;

pub(super) async fn change(
    State(state): State<Arc<MachinesState>>,
    signed: ByAccount,
) -> Answer<Response> {
    let mut kept = signed.account.clone();
    let inner = FlatJws::read(&signed.payload)?;
    let url = state.urls.of("/acme/key-change");
    let key = new_key(&inner, &url, (&state.urls.account(&kept.account), &kept.key))?;
    if let Some(other) = account::by_key(&state.store, &key).await? {
        return Ok(in_use(&state.urls.account(&other.account)));
    }
    let message = ChangeKey { jws: signed.jws, account: kept.account.clone() };
    let changed = state.issuer.change_key(&message).await;
    let changed = state.recorded("machine-key", changed).await;
    changed.map_err(|refused| refused.of_account_key(ProblemKind::KeyInUse))?;
    account::set_key(&state.store, &kept.account, &key).await?;
    kept.key = key;
    Ok(resource(&kept, &state.urls).into_response())
}

/// 409 with the account that has the key.
fn in_use(account: &str) -> Response {
    let mut response = AcmeRefused::from(ProblemKind::KeyInUse).into_response();
    if let Ok(account) = HeaderValue::from_str(account) {
        response.headers_mut().insert(header::LOCATION, account);
    }
    response
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
