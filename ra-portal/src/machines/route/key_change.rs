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
use ca_api::Refusal;
use jose::{FlatJws, Jwk, KeyOf};
use records::Code;
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
    let kind = changed.as_ref().err().map_or(ProblemKind::KeyInUse, kind_of_key);
    let changed = state.recorded("machine-key", changed).await;
    changed.map_err(|refused| refused.of_account_key(kind))?;
    account::set_key(&state.store, &kept.account, &key).await?;
    kept.key = key;
    Ok(resource(&kept, &state.urls).into_response())
}

/// What the CA says of a new key: that it is somebody's already, or that nobody may have it.
fn kind_of_key(refusal: &Refusal) -> ProblemKind {
    match refusal.code() {
        Code::KeyForeign | Code::KeyUsed => ProblemKind::KeyInUse,
        _ => ProblemKind::BadPublicKey,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use records::Problem;

    /// RFC 8555 7.3.5: a key that is another account's is a conflict, one that is published none.
    #[test]
    fn a_new_key_is_somebodys_or_nobodys() {
        let kind = |code: Code| {
            let refusal = Refusal::Refused(Problem::new(code, "5GPJWBSG64S36D1N".into()));
            let kind = kind_of_key(&refusal);
            let told = AcmeRefused::from(refusal).of_account_key(kind).0;
            (told.status(), told.kind())
        };
        assert_eq!(kind(Code::KeyForeign), (409, ProblemKind::KeyInUse));
        for code in [Code::KeyPublished, Code::KeyWeak, Code::KeyNotAllowed] {
            assert_eq!(kind(code), (400, ProblemKind::BadPublicKey), "{code}");
        }
        assert_eq!(kind(Code::AccountClosed), (401, ProblemKind::AccountClosed));
    }
}
