//! The token of a connection, signed once for many requests, and what ties each request to it: a
//! proof under a key that the application alone has beside the gate.
//!
//! Whoever reads a token and proofs can make no other proof. What a proof says convinces its
//! application only; who has to convince somebody else later names the record of the request,
//! which every proof bears.

use super::{Tokens, compact};
use crate::write_file;
use anyhow::Context;
use data_encoding::BASE64URL_NOPAD;
use http::HeaderValue;
use keys::ProofKey;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::io::ErrorKind;
use std::path::Path;
use zeroize::Zeroizing;

/// A token of a connection is good for this long, in seconds; behind half of it another one is
/// made.
const CONNECTION_TOKEN_SECONDS: u64 = 600;
/// The header that ties a request to it.
pub const PROOF_HEADER: &str = "yinxin-request";
/// What is proven begins with this.
const LABEL: &[u8] = b"yinxin-request-v1\0";
/// Where the key of proofs lies, for the owner to hand to the application.
const KEY_FILE: &str = "request.key";

/// What the token of a connection says.
pub struct ConnectionClaims<'a> {
    /// Person id.
    pub person: &'a str,
    /// Name, from the certificate.
    pub name: &'a str,
    /// Units, highest first.
    pub org: &'a [String],
    /// SHA-256 of the certificate.
    pub certificate: &'a [u8; 32],
    /// Class of the key store.
    pub acr: &'a str,
    /// The record of the connection.
    pub connection: &'a str,
}

/// The claims as they stand in the token (RFC 7519 4.1, RFC 7515 4.1.8). It names no method and no
/// target: whoever wants those takes it for no token of a request.
#[derive(Serialize)]
struct Payload<'a> {
    acr: &'a str,
    aud: &'a str,
    con: &'a str,
    exp: u64,
    iat: u64,
    iss: &'a str,
    name: &'a str,
    org: &'a [String],
    sub: &'a str,
    #[serde(rename = "x5t#S256")]
    x5t: String,
}

/// The token of a connection.
pub struct ConnectionToken {
    value: HeaderValue,
    /// Its SHA-256, as proofs name it.
    sha256: String,
    made: u64,
}

/// What a proof ties to a token.
pub struct ProvenRequest<'a> {
    /// The record of the request.
    pub request: &'a str,
    /// Method.
    pub method: &'a str,
    /// Canonical path and query.
    pub target: &'a str,
}

impl ConnectionToken {
    /// Whether less than half of its time is over.
    pub fn is_fresh(&self, now: u64) -> bool {
        (self.made..self.made + CONNECTION_TOKEN_SECONDS / 2).contains(&now)
    }

    /// As it stands in its header.
    pub fn value(&self) -> HeaderValue {
        self.value.clone()
    }
}

impl Tokens {
    /// Whether a token is good for a connection, and each request has a proof beside it.
    pub fn are_of_connections(&self) -> bool {
        self.proofs.is_some()
    }

    /// A token for the requests of one connection.
    pub fn of_connection(
        &self,
        claims: &ConnectionClaims<'_>,
        now: u64,
    ) -> anyhow::Result<ConnectionToken> {
        let keys = self.keys.load();
        let payload = Payload {
            acr: claims.acr,
            aud: &self.application,
            con: claims.connection,
            exp: now + CONNECTION_TOKEN_SECONDS,
            iat: now,
            iss: &self.agent,
            name: claims.name,
            org: claims.org,
            sub: claims.person,
            x5t: BASE64URL_NOPAD.encode(claims.certificate),
        };
        let token = compact(&keys.now.header_of_connection, &payload, &keys.now.key)?;
        let sha256 = BASE64URL_NOPAD.encode(&Sha256::digest(token.as_bytes()));
        Ok(ConnectionToken { value: HeaderValue::try_from(token)?, sha256, made: now })
    }

    /// What ties a request to the token of its connection: `JTI.IAT.HMAC`.
    pub fn proof(
        &self,
        token: &ConnectionToken,
        of: &ProvenRequest<'_>,
        now: u64,
    ) -> anyhow::Result<HeaderValue> {
        let key = self.proofs.as_ref().context("no key of proofs")?;
        let now = now.to_string();
        let proof = key.prove(&message(&token.sha256, of, &now));
        let mut text = String::with_capacity(of.request.len() + now.len() + 48);
        for part in [of.request, ".", &now, "."] {
            text.push_str(part);
        }
        BASE64URL_NOPAD.encode_append(&proof, &mut text);
        Ok(HeaderValue::try_from(text)?)
    }
}

/// What is proven. No part has a line's end in it.
fn message(token_sha256: &str, of: &ProvenRequest<'_>, now: &str) -> Vec<u8> {
    let parts = [token_sha256, of.request, now, of.method, of.target];
    let mut message = Vec::with_capacity(160 + of.target.len());
    message.extend_from_slice(LABEL);
    for (number, part) in parts.into_iter().enumerate() {
        if number > 0 {
            message.push(b'\n');
        }
        message.extend_from_slice(part.as_bytes());
    }
    message
}

/// The key of proofs, which is drawn where there is none.
pub(super) fn proof_key(folder: &Path) -> anyhow::Result<ProofKey> {
    if let Some(kept) = kept_key(folder)? {
        return Ok(kept);
    }
    let drawn = Zeroizing::new(crate::random::<32>()?);
    let text = Zeroizing::new(format!("{}\n", BASE64URL_NOPAD.encode(drawn.as_slice())));
    write_file(&folder.join(KEY_FILE), text.as_bytes())?;
    Ok(ProofKey::new(&drawn))
}

/// The one that lies there, if one does.
pub(super) fn kept_key(folder: &Path) -> anyhow::Result<Option<ProofKey>> {
    let path = folder.join(KEY_FILE);
    let damaged = || {
        let path = path.display();
        format!(
            "{path} 应为 43 个 base64url 字符；删除后，下次启动另行生成，交给应用 / {path} is 43 \
             characters of base64url; remove it, and the next start draws another one for the \
             application"
        )
    };
    let text = match system::file::read_private(&path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let key = Zeroizing::new(BASE64URL_NOPAD.decode(text.trim_ascii()).with_context(damaged)?);
    let key: &[u8; 32] = key.as_slice().try_into().with_context(damaged)?;
    Ok(Some(ProofKey::new(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AgentConfig;
    use crate::config::IdentityMode;

    fn tokens(folder: &Path) -> Tokens {
        let here = "127.0.0.1:1".parse().unwrap();
        let mut config = AgentConfig::new(folder, here, here, here);
        config.identity = IdentityMode::Connection;
        Tokens::open(&config, "gate-1", "exchange", 1_000).unwrap()
    }

    fn token(tokens: &Tokens, connection: &str, now: u64) -> ConnectionToken {
        let org = ["shangzhou".to_owned()];
        let claims = ConnectionClaims {
            person: "P",
            name: "李丹",
            org: &org,
            certificate: &[7; 32],
            acr: "urn:yinxin:key:software",
            connection,
        };
        tokens.of_connection(&claims, now).unwrap()
    }

    const OF: ProvenRequest<'_> =
        ProvenRequest { request: "gate-1/AAAA/7", method: "GET", target: "/docs/7?a=b" };

    fn proof(tokens: &Tokens, token: &ConnectionToken, of: &ProvenRequest<'_>) -> String {
        tokens.proof(token, of, 1_007).unwrap().to_str().unwrap().to_owned()
    }

    /// A proof is what docs/formats.md says, under the key that lies there for the application.
    #[test]
    fn a_proof_is_made_as_the_page_says() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = tokens(folder.path());
        let token = token(&tokens, "gate-1/AAAA/1", 1_000);
        let made = proof(&tokens, &token, &OF);
        let kept = std::fs::read_to_string(folder.path().join("identity/request.key")).unwrap();
        let key = BASE64URL_NOPAD.decode(kept.trim().as_bytes()).unwrap();
        let key = ProofKey::new(key.as_slice().try_into().unwrap());
        let text = token.value();
        let sha256 = BASE64URL_NOPAD.encode(&Sha256::digest(text.as_bytes()));
        let said = format!("yinxin-request-v1\0{sha256}\ngate-1/AAAA/7\n1007\nGET\n/docs/7?a=b");
        let tag = BASE64URL_NOPAD.encode(&key.prove(said.as_bytes()));
        assert_eq!(made, format!("gate-1/AAAA/7.1007.{tag}"));
        // The next start takes up the same key.
        let again = self::tokens(folder.path());
        assert_eq!(proof(&again, &token, &OF), made);
    }

    /// Nothing that a proof ties can be exchanged: not its request, time, method or target, nor the
    /// token.
    #[test]
    fn a_proof_is_of_one_request_and_one_token() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = tokens(folder.path());
        let one = token(&tokens, "gate-1/AAAA/1", 1_000);
        let tag = |made: String| made.rsplit('.').next().unwrap().to_owned();
        let made = tag(proof(&tokens, &one, &OF));
        let other = token(&tokens, "gate-1/AAAA/2", 1_000);
        for another in [
            tag(proof(&tokens, &other, &OF)),
            tag(proof(&tokens, &one, &ProvenRequest { request: "gate-1/AAAA/8", ..OF })),
            tag(proof(&tokens, &one, &ProvenRequest { method: "PUT", ..OF })),
            tag(proof(&tokens, &one, &ProvenRequest { target: "/docs/7", ..OF })),
            tag(tokens.proof(&one, &OF, 1_008).unwrap().to_str().unwrap().to_owned()),
        ] {
            assert_ne!(another, made);
        }
        let elsewhere = tempfile::tempdir().unwrap();
        assert_ne!(tag(proof(&self::tokens(elsewhere.path()), &one, &OF)), made, "another gate");
    }

    /// A token of a connection names no request, and one of a request no connection.
    #[test]
    fn neither_token_is_taken_for_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = tokens(folder.path());
        let one = token(&tokens, "gate-1/AAAA/1", 1_000);
        let part = |text: &str, number: usize| -> serde_json::Value {
            let part = text.split('.').nth(number).unwrap();
            serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
        };
        let text = one.value().to_str().unwrap().to_owned();
        assert_eq!(part(&text, 0)["typ"], "yinxin-connection+jwt");
        let claims = part(&text, 1);
        assert_eq!(claims["con"], "gate-1/AAAA/1");
        assert_eq!(claims["exp"], 1_600);
        for absent in ["htm", "htu", "jti"] {
            assert!(claims.get(absent).is_none(), "{absent}");
        }
        assert!(one.is_fresh(1_000) && one.is_fresh(1_299));
        assert!(!one.is_fresh(1_300) && !one.is_fresh(999), "nor under a clock that went back");
    }

    /// Without the setting there is no key, and no proof.
    #[test]
    fn a_gate_that_was_not_asked_to_proves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let here = "127.0.0.1:1".parse().unwrap();
        let config = AgentConfig::new(folder.path(), here, here, here);
        let tokens = Tokens::open(&config, "gate-1", "exchange", 1_000).unwrap();
        assert!(!tokens.are_of_connections());
        assert!(!folder.path().join("identity/request.key").exists());
        let one = token(&tokens, "gate-1/AAAA/1", 1_000);
        assert!(tokens.proof(&one, &OF, 1_000).is_err());
        // A key that is none is told, and not drawn anew: the application has another one.
        let path = folder.path().join("identity/request.key");
        write_file(&path, b"AAAA\n").unwrap();
        assert!(proof_key(&folder.path().join("identity")).is_err());
    }
}
