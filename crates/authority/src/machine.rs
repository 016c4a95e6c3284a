//! Accounts of systems: who opened them, which key signs for them, and when they are over. What a
//! client signed is judged here as it was sent, whoever passed it on.

mod key_change;

pub use key_change::KeyWish;

use crate::authority::Authority;
use crate::id::Sha256Value;
use crate::signatures::Signatures;
use crate::state::{AccountState, SystemState};
use jose::{FlatJws, JoseError, Jwk, KeyOf};
use pki::PublicKey;
use pki::algorithm::KeyError;
use records::bytes::Bytes;
use records::code::Code;
use records::json;
use records::label::Label;
use records::machine::AccountStatement;
use serde::Deserialize;
use std::sync::Arc;

/// Longest address that a client signs.
pub(crate) const URL_BYTES_MAX: usize = 512;

/// Accounts that are opened under an order, for each that may be open.
const OPENED_A_PLACE: u32 = 16;

/// A request for an account, signed by the key in it.
#[derive(Clone, Debug)]
pub struct AccountWish {
    /// The key's thumbprint, which becomes the account's id.
    pub thumbprint: Sha256Value,
    /// The key.
    pub key: Jwk,
    /// Whether only one that exists is asked for.
    pub only_existing: bool,
    payload: Vec<u8>,
    url: String,
}

/// The members of a request for an account that are judged here (RFC 8555 7.3).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewAccount {
    #[serde(default)]
    only_return_existing: bool,
}

/// The end of an account (RFC 8555 7.3.6).
#[derive(Deserialize)]
struct AccountStatus {
    status: String,
}

/// The code of a JWS that is not taken.
pub(crate) fn jws_code(error: JoseError) -> Code {
    match error {
        JoseError::TooLarge => Code::TooLarge,
        JoseError::Key(KeyError::Weak(_)) => Code::KeyWeak,
        JoseError::Key(_) | JoseError::KeyKind | JoseError::Algorithm => Code::KeyUnknown,
        JoseError::Signature => Code::JwsSignature,
        JoseError::Unbound | JoseError::Binding(_) => Code::BindingInvalid,
        _ => Code::JwsMalformed,
    }
}

/// The id of an account as its key's thumbprint has it.
pub fn read_account(text: &str) -> Option<Sha256Value> {
    Bytes::read(text)?.digest()
}

/// The thumbprint of a key.
fn thumbprint(key: &Jwk) -> Result<Sha256Value, Code> {
    read_account(&key.thumbprint()).ok_or(Code::KeyUnknown)
}

impl AccountWish {
    /// Whose secret it says that it was bound with.
    pub fn kid(&self) -> Result<String, Code> {
        let binding = jose::binding(&self.payload, &self.url, &self.key).map_err(jws_code)?;
        Ok(binding.kid)
    }

    /// Whether it was bound with this secret.
    pub fn is_bound(&self, secret: &[u8]) -> Result<(), Code> {
        let binding = jose::binding(&self.payload, &self.url, &self.key).map_err(jws_code)?;
        binding.verify(secret).map_err(jws_code)
    }
}

impl Signatures {
    /// What a JWS says, if this key signed it.
    pub fn jws(&self, jws: &FlatJws, key: &Jwk) -> Result<Vec<u8>, Code> {
        let mut told = Code::JwsSignature;
        let verified = self.is_signed(jws, key.public_key().spki(), || match jws.verify(key) {
            Ok(_) => true,
            Err(error) => {
                told = jws_code(error);
                false
            }
        });
        if !verified {
            return Err(told);
        }
        jws.payload().map_err(jws_code)
    }

    /// A request for an account; its own key signed it.
    pub fn account_wish(&self, jws: &FlatJws) -> Result<AccountWish, Code> {
        let header = jws.header().map_err(jws_code)?;
        let KeyOf::Jwk(key) = header.key else { return Err(Code::JwsMalformed) };
        if header.url.len() > URL_BYTES_MAX {
            return Err(Code::JwsMalformed);
        }
        let payload = self.jws(jws, &key)?;
        let read: NewAccount = serde_json::from_slice(&payload).map_err(|_| Code::JwsMalformed)?;
        Ok(AccountWish {
            thumbprint: thumbprint(&key)?,
            key,
            only_existing: read.only_return_existing,
            payload,
            url: header.url,
        })
    }
}

impl Authority {
    /// An account.
    pub fn account(&self, id: &Sha256Value) -> Option<&AccountState> {
        self.accounts.get(id).map(|account| &**account)
    }

    /// The account that has or had a key, pending records not counted.
    pub fn account_of_key(&self, thumbprint: &Sha256Value) -> Option<&Sha256Value> {
        self.account_keys.get(thumbprint)
    }

    /// Whether an account was opened under the order of its system that is in force.
    pub(crate) fn is_under(&self, account: &AccountState) -> bool {
        self.system(&account.system).is_some_and(|system| system.order == account.order)
    }

    /// An account that may ask for something at `now` (unix), pending records counted.
    pub fn check_account(
        &self,
        id: &Sha256Value,
        now: u64,
    ) -> Result<(&AccountState, &SystemState), Code> {
        let account = self.account(id).ok_or(Code::AccountUnknown)?;
        let is_closed = self.pending.accounts_closed.contains(id);
        if !account.open || is_closed || !self.is_under(account) {
            return Err(Code::AccountClosed);
        }
        Ok((account, self.check_system(&account.system, now)?))
    }

    /// What an account's present key signed, under the account's address; gives the address for
    /// which it was signed and what it says.
    pub(crate) fn said_by_account(
        &self,
        id: &Sha256Value,
        jws: &FlatJws,
    ) -> Result<(String, String, Vec<u8>), Code> {
        let account = self.account(id).ok_or(Code::AccountUnknown)?;
        let key = account.key().ok_or(Code::UnsignedAuthority)?;
        self.said_with(id, &key, jws)
    }

    /// What a key of an account signed, the present or a former one, and of which system it is.
    pub(crate) fn said_once(
        &self,
        id: &Sha256Value,
        jws: &FlatJws,
    ) -> Result<(&Arc<str>, Vec<u8>), Code> {
        let account = self.account(id).ok_or(Code::AccountUnknown)?;
        let said = account.keys().find_map(|key| self.said_with(id, &key, jws).ok());
        said.map(|said| (&account.system, said.2)).ok_or(Code::JwsSignature)
    }

    /// What this key signed for an account: the address, the account's own, and the payload.
    pub(crate) fn said_with(
        &self,
        id: &Sha256Value,
        key: &Jwk,
        jws: &FlatJws,
    ) -> Result<(String, String, Vec<u8>), Code> {
        let header = jws.header().map_err(jws_code)?;
        let KeyOf::Kid(kid) = header.key else { return Err(Code::JwsMalformed) };
        let is_own = kid.rsplit_once('/').is_some_and(|(_, end)| read_account(end) == Some(*id));
        if !is_own || header.url.len() > URL_BYTES_MAX {
            return Err(Code::JwsMalformed);
        }
        let payload = self.signatures.jws(jws, key)?;
        Ok((header.url, kid, payload))
    }

    /// Whether an account may be opened with a key under a system's order, pending records counted.
    pub fn may_open(&self, wish: &AccountWish, system: &str, now: u64) -> Result<(), Code> {
        let state = self.check_system(system, now)?;
        self.is_free(&wish.thumbprint, &wish.key)?;
        let open = self.account_counts.get(system).copied().unwrap_or_default();
        let pending = self.pending.accounts_opened.get(system).copied().unwrap_or_default();
        let room = open.saturating_add(pending) < state.accounts;
        let all = state.accounts.saturating_mul(OPENED_A_PLACE);
        match room && state.opened.saturating_add(pending) < all {
            true => Ok(()),
            false => Err(Code::SystemAccounts),
        }
    }

    /// A key that signs for no account signed for none before, and nobody certified it; pending
    /// records counted.
    fn is_free(&self, thumbprint: &Sha256Value, key: &Jwk) -> Result<(), Code> {
        let digest = key.public_key().sha256();
        let certified =
            self.pending.keys.contains_key(&digest) || self.was_certified(key.public_key());
        if self.is_accounts(thumbprint) || self.fixed.system_keys.contains(&digest) || certified {
            return Err(Code::KeyForeign);
        }
        Ok(())
    }

    /// Whether an account has or had the key of a thumbprint, pending records counted.
    fn is_accounts(&self, thumbprint: &Sha256Value) -> bool {
        self.account_keys.contains_key(thumbprint) || self.pending.account_keys.contains(thumbprint)
    }

    /// No account's key is certified (RFC 8555 11.1), whichever account has it or had it.
    pub(crate) fn signs_for_nobody(&self, key: &PublicKey) -> Result<(), Code> {
        let key = Jwk::of(key).ok_or(Code::KeyUnknown)?;
        if self.is_accounts(&thumbprint(&key)?) { Err(Code::KeyForeign) } else { Ok(()) }
    }

    /// Whether an account's own key closed it: what it signed is for the account's own address, so
    /// that the end of an authorization of ACME is not read as the end of an account.
    pub fn check_closing(&self, account: &Sha256Value, jws: &FlatJws) -> Result<(), Code> {
        let (url, kid, payload) = self.said_by_account(account, jws)?;
        let said: AccountStatus =
            serde_json::from_slice(&payload).map_err(|_| Code::JwsMalformed)?;
        if url != kid || said.status != "deactivated" {
            return Err(Code::JwsMalformed);
        }
        Ok(())
    }

    /// Whether an account can still be closed, pending records counted.
    pub fn is_account_open(&self, id: &Sha256Value) -> bool {
        self.account(id).is_some_and(|account| account.open)
            && !self.pending.accounts_closed.contains(id)
    }

    pub(crate) fn add_account(
        &mut self,
        jws: &FlatJws,
        (statement, signature): (&Bytes, &Bytes),
        now: u64,
    ) -> Result<(), Code> {
        if !self.is_signed_account(statement, signature) {
            return Err(Code::UnsignedAuthority);
        }
        let said: AccountStatement = json::read(&statement.0).map_err(|_| Code::Malformed)?;
        let wish = self.signatures.account_wish(jws)?;
        let own = said.v == 1
            && said.founding.0 == self.fixed.digest
            && read_account(&said.account) == Some(wish.thumbprint);
        let order = self.system(&said.system).map(|system| &system.order);
        if !own || order != Some(&said.order) {
            return Err(Code::UnsignedAuthority);
        }
        self.may_open(&wish, &said.system, now)?;
        let system: Arc<str> = said.system.as_str().into();
        let account = AccountState {
            system: system.clone(),
            order: said.order,
            jwk: wish.key.to_json().to_string(),
            former: Vec::new(),
            thumbprints: vec![wish.thumbprint],
            open: true,
            first: None,
        };
        self.account_keys.insert(wish.thumbprint, wish.thumbprint);
        self.accounts.insert(wish.thumbprint, Arc::new(account));
        if let Some(state) = self.systems.get_mut(&*system) {
            Arc::make_mut(state).opened += 1;
        }
        *self.account_counts.entry(system).or_insert(0) += 1;
        Ok(())
    }

    pub(crate) fn close_account(&mut self, account: &str, jws: &FlatJws) -> Result<(), Code> {
        let id = read_account(account).ok_or(Code::AccountUnknown)?;
        self.check_closing(&id, jws)?;
        let counted = self.account(&id).is_some_and(|state| state.open && self.is_under(state));
        let state = self.accounts.get_mut(&id).ok_or(Code::AccountUnknown)?;
        let state = Arc::make_mut(state);
        state.open = false;
        if counted && let Some(count) = self.account_counts.get_mut(&*state.system) {
            *count = count.saturating_sub(1);
        }
        Ok(())
    }

    fn is_signed_account(&self, statement: &Bytes, signature: &Bytes) -> bool {
        let registry = &self.fixed.registry;
        self.signatures.verify(Label::MachineAccount, registry, &statement.0, &signature.0)
    }

    /// An account that is being opened: it may ask for something once the tree has it.
    pub(crate) fn notice_account(
        &mut self,
        jws: &FlatJws,
        (statement, signature): (&Bytes, &Bytes),
    ) {
        let is_signed = self.is_signed_account(statement, signature);
        if !is_signed {
            return;
        }
        let Ok(said) = json::read::<AccountStatement>(&statement.0) else { return };
        if let Ok(wish) = self.signatures.account_wish(jws) {
            self.pending.account_keys.insert(wish.thumbprint);
        }
        *self.pending.accounts_opened.entry(said.system.as_str().into()).or_insert(0) += 1;
    }

    /// What an account's key closed is closed at once.
    pub(crate) fn notice_closed(&mut self, account: &str, jws: &FlatJws) {
        let Some(id) = read_account(account) else { return };
        if self.check_closing(&id, jws).is_ok() {
            self.pending.accounts_closed.insert(id);
        }
    }
}
