//! Another key for an account of a system (RFC 8555 7.3.5): both keys sign for it.

use super::{jws_code, read_account, thumbprint};
use crate::authority::Authority;
use crate::id::Sha256Value;
use jose::{FlatJws, Jwk, KeyOf};
use records::code::Code;
use serde::Deserialize;
use std::sync::Arc;

/// Keys that an account has one after the other.
const KEYS_MAX: usize = 32;

/// A change of an account's key, signed by both.
#[derive(Clone, Debug)]
pub struct KeyWish {
    /// Id of the account.
    pub account: Sha256Value,
    /// Thumbprint of the new key.
    pub thumbprint: Sha256Value,
    /// The new key.
    pub key: Jwk,
}

/// What both keys sign (RFC 8555 7.3.5).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyChange {
    account: String,
    old_key: Jwk,
}

impl Authority {
    /// A change of an account's key: the old one signed it, around what the new one did.
    pub fn key_wish(&self, account: &Sha256Value, jws: &FlatJws) -> Result<KeyWish, Code> {
        let state = self.account(account).ok_or(Code::AccountUnknown)?;
        self.key_wish_by(account, &state.key().ok_or(Code::UnsignedAuthority)?, jws)
    }

    /// Whether an account has the key that a change gives it, and had the one that signed the
    /// change just before: what was done already, for whoever did not hear so.
    pub fn has_changed(&self, account: &Sha256Value, jws: &FlatJws) -> bool {
        let Some(state) = self.account(account) else { return false };
        let Some(old) = state.keys().nth(1) else { return false };
        let wish = self.key_wish_by(account, &old, jws);
        wish.is_ok_and(|wish| state.has_key(&wish.thumbprint))
    }

    fn key_wish_by(
        &self,
        account: &Sha256Value,
        old: &Jwk,
        jws: &FlatJws,
    ) -> Result<KeyWish, Code> {
        let (url, kid, payload) = self.said_with(account, old, jws)?;
        let inner: serde_json::Value =
            serde_json::from_slice(&payload).map_err(|_| Code::JwsMalformed)?;
        let inner = FlatJws::read_value(&inner).map_err(jws_code)?;
        let header = inner.header().map_err(jws_code)?;
        let KeyOf::Jwk(key) = header.key else { return Err(Code::JwsMalformed) };
        if header.url != url || header.nonce.is_some() {
            return Err(Code::JwsMalformed);
        }
        let said = self.signatures.jws(&inner, &key)?;
        let said: KeyChange = serde_json::from_slice(&said).map_err(|_| Code::JwsMalformed)?;
        if said.account != kid || said.old_key != *old {
            return Err(Code::JwsMalformed);
        }
        Ok(KeyWish { account: *account, thumbprint: thumbprint(&key)?, key })
    }

    /// Whether an account may have another key.
    pub fn may_change(&self, wish: &KeyWish, now: u64) -> Result<(), Code> {
        let (account, _) = self.check_account(&wish.account, now)?;
        if account.thumbprints.len() >= KEYS_MAX {
            return Err(Code::QuotaUsed);
        }
        if self.pending.accounts_changing.contains(&wish.account) {
            return Err(Code::NotReady);
        }
        self.is_free(&wish.thumbprint, &wish.key)
    }

    /// Whether an account's key closes it no more, and the next one not yet.
    pub fn is_changing_key(&self, id: &Sha256Value) -> bool {
        self.pending.accounts_changing.contains(id)
    }

    pub(crate) fn change_key(
        &mut self,
        account: &str,
        jws: &FlatJws,
        now: u64,
    ) -> Result<(), Code> {
        let id = read_account(account).ok_or(Code::AccountUnknown)?;
        let wish = self.key_wish(&id, jws)?;
        self.may_change(&wish, now)?;
        let state = self.accounts.get_mut(&id).ok_or(Code::AccountUnknown)?;
        let state = Arc::make_mut(state);
        let former = std::mem::replace(&mut state.jwk, wish.key.to_json().to_string());
        state.former.push(former);
        state.thumbprints.push(wish.thumbprint);
        self.account_keys.insert(wish.thumbprint, id);
        Ok(())
    }

    /// The old key of an account signs for nothing any more, and the new one not yet.
    pub(crate) fn notice_key(&mut self, account: &str, jws: &FlatJws) {
        let Some(id) = read_account(account) else { return };
        let Ok(wish) = self.key_wish(&id, jws) else { return };
        self.pending.account_keys.insert(wish.thumbprint);
        self.pending.accounts_changing.insert(id);
    }
}
