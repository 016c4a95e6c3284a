//! The external account binding (RFC 8555 7.3.4): a JWS within a JWS, made with a secret that the
//! CA handed to somebody known, over the key of the account.

use crate::error::JoseError;
use crate::flat::FlatJws;
use crate::header::Members;
use crate::jwk::Jwk;
use aws_lc_rs::hmac;
use serde_json::Value;

/// Longest id of a secret.
const KID_BYTES_MAX: usize = 256;
/// Shortest secret: as long as the hash (RFC 7518 3.2).
const SECRET_BYTES_MIN: usize = 32;

/// A binding whose form, key and address were checked; its MAC is not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The id of the secret that it is said to be made with.
    pub kid: String,
    /// The inner JWS.
    pub jws: FlatJws,
}

/// Reads the binding in the payload of a request for an account: it was made for the same address
/// and says exactly the key that signed the outer one.
pub fn binding(payload: &[u8], outer_url: &str, outer: &Jwk) -> Result<Binding, JoseError> {
    let payload: Value =
        serde_json::from_slice(payload).map_err(|_| JoseError::Malformed("payload"))?;
    // Some clients write null where they have none.
    let inner = payload.get("externalAccountBinding").filter(|inner| !inner.is_null());
    let inner = inner.ok_or(JoseError::Unbound)?;
    let jws = FlatJws::read_value(inner)?;
    let members = Members::read(&jws.protected_bytes()?)?;
    if members.alg != "HS256" {
        return Err(JoseError::Algorithm);
    }
    if members.nonce.is_some() || members.jwk.is_some() {
        return Err(JoseError::Binding("nonce or jwk"));
    }
    if members.url.as_deref() != Some(outer_url) {
        return Err(JoseError::Binding("url"));
    }
    let kid = members.kid().filter(|kid| kid.len() <= KID_BYTES_MAX);
    let kid = kid.ok_or(JoseError::Binding("kid"))?.to_owned();
    let said: Value =
        serde_json::from_slice(&jws.payload()?).map_err(|_| JoseError::Binding("jwk"))?;
    if Jwk::read(&said).ok().as_ref() != Some(outer) {
        return Err(JoseError::Binding("jwk"));
    }
    Ok(Binding { kid, jws })
}

impl Binding {
    /// Whether it was made with this secret; compared in constant time.
    pub fn verify(&self, hmac_key: &[u8]) -> Result<(), JoseError> {
        if hmac_key.len() < SECRET_BYTES_MIN {
            return Err(JoseError::Binding("secret"));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, hmac_key);
        let tag = self.jws.signature_bytes()?;
        let held = hmac::verify(&key, &self.jws.signing_input(), &tag);
        held.map_err(|_| JoseError::Binding("MAC"))
    }
}
