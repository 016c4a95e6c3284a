//! Systems that get certificates by themselves: what their operator is given, what a portal's
//! machines' process and the CA say to each other, and what the CA signs about an account.
//!
//! What a client signed goes to the CA as it was sent, and the CA judges it: a process that was
//! captured can ask for nothing that no account signed. Its own word is `vouched`.

use crate::bytes::Bytes;
use crate::json::{self, JsonError};
use crate::label::Label;
use crate::trust::Trust;
use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use jose::FlatJws;
use pki::{PublicKey, Signer};
use serde::{Deserialize, Serialize};

/// What of the token binds accounts of ACME (RFC 8555 7.3.4).
pub const ACME_SECRET: &str = "acme eab";
/// Characters of the order's digest in the id of a secret.
const KID_DIGITS: usize = 16;

/// What an operator is given for a system; written where only they read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemFile {
    /// Format: 1.
    pub v: u8,
    /// System id.
    pub system: String,
    /// Digest of the order that lets the system have certificates.
    pub order: Bytes,
    /// Last second in which that order can be carried out: one that is not in force by then never
    /// is.
    pub order_until: String,
    /// Names the secret below.
    pub kid: String,
    /// The secret that binds accounts of ACME.
    pub eab_hmac: Bytes,
    /// The password of EST, as clients send it; the user is `kid`.
    pub est_password: Bytes,
    /// The challenge of SCEP; but in a sample city good for one request.
    pub scep_challenge: String,
    /// The secret of CMP, as clients send it in a MAC; the reference is `kid`.
    pub cmp_secret: Bytes,
    /// Whom to believe, and where they are.
    pub trust: Trust,
    /// Last second in which it may be used.
    pub expires: String,
}

/// A secret derived from an order's token: HMAC-SHA-256(token, what for).
pub fn secret(token: &[u8], what_for: &str) -> Bytes {
    let key = hmac::Key::new(hmac::HMAC_SHA256, token);
    Bytes(hmac::sign(&key, what_for.as_bytes()).as_ref().to_vec())
}

/// The id of the secrets under a system's order.
pub fn kid(system: &str, order: &[u8; 32]) -> String {
    let mut digits = HEXLOWER.encode(order);
    digits.truncate(KID_DIGITS);
    format!("{system}.{digits}")
}

/// The system that the id of a secret names.
pub fn system_of(kid: &str) -> Option<&str> {
    kid.rsplit_once('.').map(|(system, _)| system)
}

/// Asks for an account under an external account binding.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAccount {
    /// As the client signed it, with the key of the account in it.
    pub jws: FlatJws,
}

/// Asks about an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskAccount {
    /// Id of the account.
    pub account: String,
}

/// An account with what it may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineAccount {
    /// Its id: the base64url RFC 7638 thumbprint of the key by which it was opened.
    pub account: String,
    /// System id.
    pub system: String,
    /// The owner's unit.
    pub unit: String,
    /// Host names, as the order has them.
    pub names: Vec<String>,
    /// Whether wildcards may be asked for.
    pub wildcards: bool,
    /// IP addresses.
    pub addresses: Vec<String>,
    /// Profile id.
    pub profile: String,
    /// Whether a challenge must be answered for each name.
    pub challenges: bool,
    /// Last second in which something may be asked for.
    pub until: String,
    /// Whether something may be asked for now.
    pub open: bool,
}

/// Asks for a certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finalize {
    /// As the account's key signed it.
    pub jws: FlatJws,
    /// Id of the account.
    pub account: String,
    /// Names for which the front saw a challenge answered, as they stand in the certificate.
    pub vouched: Vec<String>,
}

/// A certificate is on its way, or there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finalized {
    /// Its serial number.
    pub serial: String,
    /// The certificate and its issuers, DER, where the tree had it within a moment; nothing where
    /// it is to be collected.
    pub chain: Vec<Bytes>,
}

/// Asks for a certificate that is on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectMachine {
    /// Its serial number.
    pub serial: String,
}

/// Asks whether a certificate of a system had better be renewed at once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewalQuery {
    /// Its serial number.
    pub serial: String,
    /// The key identifier of its issuer, as it names it.
    pub authority: Bytes,
}

/// Whether it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewalHint {
    /// It was revoked or suspended, by whomever, or its issuer issues no more.
    pub at_once: bool,
}

/// Asks that a certificate be revoked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeMachine {
    /// As the account's key signed it, or the certificate's own.
    pub jws: FlatJws,
    /// Id of the account, if its key did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// Gives an account another key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeKey {
    /// As the old key signed it, around what the new one did.
    pub jws: FlatJws,
    /// Id of the account.
    pub account: String,
}

/// Closes an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deactivate {
    /// As the account's key signed it.
    pub jws: FlatJws,
    /// Id of the account.
    pub account: String,
}

/// It was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineDone {}

/// What the registry key signs about an account that was opened: the issuer saw that it was bound
/// with a secret of this order. The secret goes on being one, so no record shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountStatement {
    /// Format: 1.
    pub v: u8,
    /// Founding digest of the city.
    pub founding: Bytes,
    /// System id.
    pub system: String,
    /// Digest of the system's order.
    pub order: Bytes,
    /// Id of the account.
    pub account: String,
}

impl AccountStatement {
    /// Its bytes with the registry key's signature.
    pub fn sign(&self, registry: &dyn Signer) -> Result<(Bytes, Bytes), SignAccountError> {
        let bytes = json::write(self)?;
        let signature = Label::MachineAccount.sign(registry, &bytes)?;
        Ok((Bytes(bytes), Bytes(signature)))
    }

    /// Reads a statement that this key signed.
    pub fn open(bytes: &[u8], signature: &[u8], registry: &PublicKey) -> Option<Self> {
        let signed = Label::MachineAccount.verify(registry, bytes, signature);
        json::read::<Self>(bytes).ok().filter(|read| signed && read.v == 1)
    }
}

/// A statement about an account, or about what a system asked for, could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignAccountError {
    /// It has no canonical form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The key could not sign.
    #[error(transparent)]
    Sign(#[from] pki::algorithm::SignError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_secret_names_its_system_and_its_order() {
        let named = kid("site-1", &[0xab; 32]);
        assert_eq!(named, "site-1.abababababababab");
        assert_eq!(system_of(&named), Some("site-1"));
        assert_eq!(system_of("site-1"), None);
    }

    #[test]
    fn each_secret_of_a_token_is_its_own() {
        let eab = secret(&[1; 32], ACME_SECRET);
        assert_eq!(eab.0.len(), 32);
        assert_ne!(eab, secret(&[1; 32], "est"));
        assert_ne!(eab, secret(&[2; 32], ACME_SECRET));
    }
}
