//! The protected header (RFC 8555 6.2, RFC 7515 4).

use crate::algorithm::SignatureAlg;
use crate::error::JoseError;
use crate::jwk::Jwk;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Whose signature it is said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOf {
    /// That of the key which stands in the header.
    Jwk(Jwk),
    /// That of an account, by its address; of a binding, by the key's id.
    Kid(String),
}

/// A protected header that can be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedHeader {
    /// How it is signed.
    pub alg: SignatureAlg,
    /// What the server gave against replays; none within another JWS.
    pub nonce: Option<String>,
    /// The address that it was made for.
    pub url: String,
    /// Who signed.
    pub key: KeyOf,
}

/// What stands in a header. A member that is there is looked at, also where it says null.
#[derive(Deserialize)]
pub(crate) struct Members {
    pub(crate) alg: String,
    #[serde(default)]
    pub(crate) nonce: Option<String>,
    #[serde(default)]
    pub(crate) url: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) jwk: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) kid: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    b64: Option<Value>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Members {
    /// Reads a header; names that are twice in it are refused, those that are not known are passed
    /// by (RFC 7515 4).
    pub(crate) fn read(json: &[u8]) -> Result<Self, JoseError> {
        let members: Self =
            serde_json::from_slice(json).map_err(|_| JoseError::Malformed("protected"))?;
        if members.crit.is_some() {
            return Err(JoseError::Critical);
        }
        // RFC 7797 counts where `crit` names it, and must not be sent without.
        if members.b64.is_some() {
            return Err(JoseError::Malformed("b64"));
        }
        Ok(members)
    }

    /// The key's id, where it is a text and not empty.
    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_ref().and_then(Value::as_str).filter(|kid| !kid.is_empty())
    }
}

impl ProtectedHeader {
    /// Reads a header in JSON.
    pub(crate) fn read(json: &[u8]) -> Result<Self, JoseError> {
        let members = Members::read(json)?;
        let alg = SignatureAlg::by_name(&members.alg)?;
        let key = match (&members.jwk, &members.kid) {
            (Some(jwk), None) => KeyOf::Jwk(Jwk::read(jwk)?),
            (None, Some(_)) => {
                KeyOf::Kid(members.kid().ok_or(JoseError::Malformed("kid"))?.to_owned())
            }
            (Some(_), Some(_)) => return Err(JoseError::Malformed("jwk and kid")),
            (None, None) => return Err(JoseError::Malformed("neither jwk nor kid")),
        };
        let url = members.url.ok_or(JoseError::Malformed("url"))?;
        Ok(Self { alg, nonce: members.nonce, url, key })
    }
}
