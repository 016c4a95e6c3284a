//! The identity token: what the application learns about a request, signed per request (JWS
//! compact, ES256, RFC 7515), or per connection, where its owner asks for that ([`connection`]).
//! Keys are drawn by the agent, rotated daily, published as a JWK set that the agent's own key
//! signs.

mod connection;

pub use connection::{ConnectionClaims, ConnectionToken, PROOF_HEADER, ProvenRequest};

use crate::config::IdentityMode;
use crate::{AgentConfig, write_file};
use anyhow::Context;
use arc_swap::ArcSwap;
use data_encoding::BASE64URL_NOPAD;
use keys::{ProofKey, TokenKey};
use pki::Certificate;
use records::time::SKEW_SECONDS_MAX;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// A token is good for this long, in seconds.
pub const TOKEN_SECONDS: u64 = 60;
/// A key signs for this long, in seconds, and is published for twice as long.
const KEY_SECONDS: u64 = 86_400;
/// The header that carries it.
pub const HEADER: &str = "yinxin-identity";

struct Signing {
    key: TokenKey,
    id: String,
    from: u64,
    /// The encoded JWS header.
    header: String,
    /// The same of tokens of connections.
    header_of_connection: String,
}

struct Keys {
    now: Signing,
    /// The JWK of the key before, while its tokens may be on their way.
    before: Option<Value>,
}

/// The claims of a token, as the application reads them (RFC 7519).
pub struct Claims<'a> {
    /// The subject is the person's id, 16 Crockford base32 characters.
    pub person: &'a str,
    /// The person's name is the one in their certificate.
    pub name: &'a str,
    /// The units are those of the certificate's subject, highest first.
    pub org: &'a [String],
    /// The certificate of the connection is named by its SHA-256.
    pub certificate: &'a [u8; 32],
    /// Class of the key store.
    pub acr: &'a str,
    /// The record of the request.
    pub request: &'a str,
    /// The method is that of the HTTP request.
    pub method: &'a str,
    /// The target is the canonical path with the query, as it is forwarded.
    pub target: &'a str,
    /// The rules in force are named by the bundle's digest.
    pub policy: &'a str,
    /// The rule that permitted the request is named by its `@id`.
    pub rule: &'a str,
}

/// The claims as they stand in a token (RFC 7519 4.1, RFC 7515 4.1.8, RFC 9449 4.2 for `htm` and
/// `htu`, the latter as a digest).
#[derive(Serialize)]
struct Payload<'a> {
    acr: &'a str,
    aud: &'a str,
    exp: u64,
    htm: &'a str,
    htu: String,
    iat: u64,
    iss: &'a str,
    jti: &'a str,
    name: &'a str,
    org: &'a [String],
    pol: &'a str,
    rule: &'a str,
    sub: &'a str,
    #[serde(rename = "x5t#S256")]
    x5t: String,
}

/// Signs a token for each request that is let through, with a key of the day.
pub struct Tokens {
    agent: String,
    application: String,
    folder: std::path::PathBuf,
    keys: ArcSwap<Keys>,
    /// Where a token is good for a connection, the key of what ties requests to it.
    proofs: Option<ProofKey>,
}

impl Tokens {
    /// Takes up the key of the state directory, or draws the first.
    pub fn open(
        config: &AgentConfig,
        agent: &str,
        application: &str,
        now: u64,
    ) -> anyhow::Result<Self> {
        let folder = config.path("identity");
        std::fs::create_dir_all(&folder)?;
        let keys = match Keys::kept(&folder)? {
            Some(keys) => keys,
            None => {
                let signing = Signing::new(TokenKey::generate()?, now)?;
                signing.keep(&folder)?;
                Keys { now: signing, before: None }
            }
        };
        let proofs = match config.identity {
            IdentityMode::Connection => Some(connection::proof_key(&folder)?),
            IdentityMode::Request => None,
        };
        let (agent, application) = (agent.to_owned(), application.to_owned());
        let tokens = Self { agent, application, folder, keys: ArcSwap::from_pointee(keys), proofs };
        if let Err(error) = tokens.publish() {
            // The files are a copy of what the admin address serves: a full disk must not end the
            // gate.
            tracing::error!(
                error = format!("{error:#}"),
                "the token keys are not published as files"
            );
        }
        Ok(tokens)
    }

    /// Whether a start could take up what lies in the state directory: nothing is drawn.
    pub fn check(config: &AgentConfig) -> anyhow::Result<()> {
        let folder = config.path("identity");
        Keys::kept(&folder)?;
        match config.identity {
            IdentityMode::Connection => connection::kept_key(&folder).map(drop),
            IdentityMode::Request => Ok(()),
        }
    }

    /// Draws a new key when the present one has signed for a day, or was drawn by a clock that was
    /// ahead: it would sign until that time comes.
    pub fn rotate(&self, now: u64) -> anyhow::Result<bool> {
        let keys = self.keys.load();
        if !keys.now.is_over(now) {
            return Ok(false);
        }
        let before = keys.now.jwk();
        write_file(&self.folder.join("before.jwk"), &serde_json::to_vec(&before)?)?;
        let signing = Signing::new(TokenKey::generate()?, now)?;
        signing.keep(&self.folder)?;
        self.keys.store(Arc::new(Keys { now: signing, before: Some(before) }));
        self.publish()?;
        Ok(true)
    }

    /// Writes the published keys where an application on this machine reads them.
    fn publish(&self) -> anyhow::Result<()> {
        Ok(write_file(&self.folder.join("jwks.json"), &serde_json::to_vec(&self.jwks())?)?)
    }

    /// The published keys (RFC 7517).
    pub fn jwks(&self) -> Value {
        let keys = self.keys.load();
        let all: Vec<Value> =
            [Some(keys.now.jwk()), keys.before.clone()].into_iter().flatten().collect();
        json!({ "keys": all })
    }

    /// The published keys as a JWS under the agent's own key, with its chain.
    pub fn signed_jwks(&self, signer: &TokenKey, chain: &[Certificate]) -> anyhow::Result<String> {
        let x5c: Vec<String> =
            chain.iter().map(|c| data_encoding::BASE64.encode(c.der())).collect();
        let header = encode(&json!({ "alg": "ES256", "typ": "jwk-set+json", "x5c": x5c }))?;
        compact(&header, &self.jwks(), signer)
    }

    /// A token for one request.
    pub fn token(&self, claims: &Claims<'_>, now: u64) -> anyhow::Result<String> {
        let keys = self.keys.load();
        let target = Sha256::digest(claims.target.as_bytes());
        let payload = Payload {
            acr: claims.acr,
            aud: &self.application,
            exp: now + TOKEN_SECONDS,
            htm: claims.method,
            htu: BASE64URL_NOPAD.encode(&target),
            iat: now,
            iss: &self.agent,
            jti: claims.request,
            name: claims.name,
            org: claims.org,
            pol: claims.policy,
            rule: claims.rule,
            sub: claims.person,
            x5t: BASE64URL_NOPAD.encode(claims.certificate),
        };
        compact(&keys.now.header, &payload, &keys.now.key)
    }
}

impl Keys {
    /// Those that lie in a folder, if one does.
    fn kept(folder: &std::path::Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join("current");
        let damaged = || {
            let path = path.display();
            format!(
                "{path} 已损坏：删除后，下次启动另行生成 / {path} is damaged: remove it, and the next \
                 start draws another one"
            )
        };
        let bytes = match system::file::read_private(&path) {
            Ok(bytes) => zeroize::Zeroizing::new(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let (from, pkcs8) = bytes.split_first_chunk::<8>().with_context(damaged)?;
        let from = u64::from_be_bytes(*from);
        let key = TokenKey::from_pkcs8(pkcs8).with_context(damaged)?;
        let before = std::fs::read(folder.join("before.jwk")).ok();
        let before = before.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(Some(Self { now: Signing::new(key, from)?, before }))
    }
}

impl Signing {
    /// Whether another one has to take its place.
    fn is_over(&self, now: u64) -> bool {
        now >= self.from.saturating_add(KEY_SECONDS) || now + SKEW_SECONDS_MAX < self.from
    }

    fn new(key: TokenKey, from: u64) -> anyhow::Result<Self> {
        let (x, y) = key.coordinates();
        // RFC 7638.
        let thumbprint = format!(
            r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
            BASE64URL_NOPAD.encode(x),
            BASE64URL_NOPAD.encode(y)
        );
        let id = BASE64URL_NOPAD.encode(&Sha256::digest(thumbprint.as_bytes()));
        let header = |typ: &str| encode(&json!({ "alg": "ES256", "typ": typ, "kid": id }));
        let (header, header_of_connection) = (header("JWT")?, header("yinxin-connection+jwt")?);
        Ok(Self { key, id, from, header, header_of_connection })
    }

    fn keep(&self, folder: &std::path::Path) -> anyhow::Result<()> {
        let bytes = [self.from.to_be_bytes().as_slice(), self.key.pkcs8()].concat();
        let bytes = zeroize::Zeroizing::new(bytes);
        Ok(write_file(&folder.join("current"), &bytes)?)
    }

    fn jwk(&self) -> Value {
        let (x, y) = self.key.coordinates();
        json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.id,
            "x": BASE64URL_NOPAD.encode(x), "y": BASE64URL_NOPAD.encode(y),
        })
    }
}

fn encode(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(BASE64URL_NOPAD.encode(&serde_json::to_vec(value)?))
}

fn compact(header: &str, payload: &impl Serialize, key: &TokenKey) -> anyhow::Result<String> {
    let payload = serde_json::to_vec(payload)?;
    // Both parts, the points and the signature: nothing of it is moved while it is written.
    let mut token = String::with_capacity(header.len() + payload.len() * 4 / 3 + 96);
    token.push_str(header);
    token.push('.');
    BASE64URL_NOPAD.encode_append(&payload, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    BASE64URL_NOPAD.encode_append(&signature, &mut token);
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key that was drawn while the clock was a year ahead signs no longer than any other.
    #[test]
    fn a_token_key_of_a_time_to_come_is_exchanged() {
        let folder = tempfile::tempdir().unwrap();
        let here = "127.0.0.1:1".parse().unwrap();
        let config = AgentConfig::new(folder.path(), here, here, here);
        let (now, year) = (1_800_000_000, 365 * KEY_SECONDS);
        let tokens = Tokens::open(&config, "gate-1", "exchange", now).unwrap();
        assert!(tokens.rotate(now + year).unwrap(), "it leaps");
        assert!(!tokens.rotate(now + year - SKEW_SECONDS_MAX).unwrap(), "as clocks differ");
        assert!(tokens.rotate(now).unwrap(), "it is set right");
        assert!(!tokens.rotate(now).unwrap() && tokens.rotate(now + KEY_SECONDS).unwrap());
    }

    /// Keys of today and of yesterday are published, and no older one: a token is good for a
    /// minute, and its key is found for a day after it signed last.
    #[test]
    fn a_token_key_is_published_for_a_day_after_it_signed() {
        let folder = tempfile::tempdir().unwrap();
        let here = "127.0.0.1:1".parse().unwrap();
        let config = AgentConfig::new(folder.path(), here, here, here);
        let tokens = Tokens::open(&config, "gate-1", "exchange", 1_000).unwrap();
        let ids = || -> Vec<String> {
            let keys = tokens.jwks();
            let keys = keys["keys"].as_array().unwrap().iter();
            keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
        };
        let first = ids();
        assert!(!tokens.rotate(1_000 + KEY_SECONDS - 1).unwrap(), "too early");
        assert_eq!(ids(), first);
        assert!(tokens.rotate(1_000 + KEY_SECONDS).unwrap());
        let second = ids();
        assert_eq!((second.len(), &second[1]), (2, &first[0]));
        assert!(tokens.rotate(1_000 + 2 * KEY_SECONDS).unwrap());
        let third = ids();
        assert_eq!((third.len(), &third[1]), (2, &second[0]));
        assert!(!third.contains(&first[0]), "an old key is believed by nobody");
        let kept = std::fs::read(config.path("identity/jwks.json")).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&kept).unwrap(), tokens.jwks());
    }
}
