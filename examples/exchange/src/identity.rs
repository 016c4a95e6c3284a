//! Who asks, as the gate signs it: by a token for every request, or by one for a connection and a
//! proof that ties each request to it. What was made for another request is refused.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, crypto, decode, decode_header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A proof is taken for this long, in seconds, and its request is known again for twice as long.
const PROOF_SECONDS: u64 = 60;

/// Requests that are known again at once. Whoever knows no more of them serves none: one that was
/// forgotten early would be served twice.
const SERVED_MAX: usize = 200_000;

/// What the application learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Person id.
    pub sub: String,
    /// Name.
    pub name: String,
    /// Units, highest first.
    pub org: Vec<String>,
    /// The gate's record of this request.
    pub jti: String,
}

/// What a token for one request says.
#[derive(Deserialize)]
struct OfRequest {
    sub: String,
    name: String,
    org: Vec<String>,
    jti: String,
    htm: String,
    htu: String,
}

/// What a token for a connection says.
#[derive(Deserialize)]
struct OfConnection {
    sub: String,
    name: String,
    org: Vec<String>,
    /// The gate's record of the connection.
    #[serde(rename = "con")]
    _con: String,
}

/// Verifies tokens by the gate's published keys.
pub(crate) struct Verifier {
    jwks: String,
    issuer: String,
    audience: String,
    /// Where the gate is set to tokens of connections, the key that it shares with us.
    proofs: Option<DecodingKey>,
    /// Requests that were served, and until when they are known again.
    served: Mutex<HashMap<String, u64>>,
}

impl Verifier {
    /// `jwks` is the file in which the gate publishes its keys; `key` is its `request.key`, where
    /// it is set to tokens of connections.
    pub(crate) fn new(jwks: &str, issuer: &str, audience: &str, key: Option<&[u8]>) -> Self {
        let (jwks, issuer, audience) = (jwks.into(), issuer.into(), audience.into());
        let proofs = key.map(DecodingKey::from_secret);
        Self { jwks, issuer, audience, proofs, served: Mutex::default() }
    }

    /// The identity of a request, if what it bears is the gate's and was made for it.
    pub(crate) fn verify(
        &self,
        fields: &HeaderMap,
        (method, target): (&str, &str),
        now: u64,
    ) -> Option<Identity> {
        let field = |name| fields.get(name).and_then(|value| value.to_str().ok());
        let token = field("yinxin-identity")?;
        match &self.proofs {
            None => self.of_request(token, (method, target)),
            Some(key) => {
                let proof = field("yinxin-request")?;
                self.of_connection((token, proof, key), (method, target), now)
            }
        }
    }

    fn of_request(&self, token: &str, (method, target): (&str, &str)) -> Option<Identity> {
        let OfRequest { sub, name, org, jti, htm, htu } = self.claims(token)?;
        let asked = BASE64URL_NOPAD.encode(&Sha256::digest(target.as_bytes()));
        (htm == method && htu == asked).then_some(Identity { sub, name, org, jti })
    }

    fn of_connection(
        &self,
        (token, proof, key): (&str, &str, &DecodingKey),
        (method, target): (&str, &str),
        now: u64,
    ) -> Option<Identity> {
        // `JTI.IAT.HMAC`
        let (said, hmac) = proof.rsplit_once('.')?;
        let (jti, iat) = said.rsplit_once('.')?;
        let digest = BASE64URL_NOPAD.encode(&Sha256::digest(token.as_bytes()));
        let proven = format!("yinxin-request-v1\0{digest}\n{jti}\n{iat}\n{method}\n{target}");
        if !crypto::verify(hmac, proven.as_bytes(), key, Algorithm::HS256).ok()? {
            return None;
        }
        let made: u64 = iat.parse().ok()?;
        if now.abs_diff(made) > PROOF_SECONDS {
            return None;
        }
        // An application with many requests keeps claims beside the digest of their token, until
        // that is over: one signature is then verified for each connection.
        let OfConnection { sub, name, org, .. } = self.claims(token)?;
        let is_first = self.serve(jti, now);
        is_first.then(|| Identity { sub, name, org, jti: jti.to_owned() })
    }

    /// Whether a request is served for the first time.
    fn serve(&self, jti: &str, now: u64) -> bool {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        served.retain(|_, until| *until > now);
        if served.len() >= SERVED_MAX {
            return false;
        }
        served.insert(jti.to_owned(), now + 2 * PROOF_SECONDS + 1).is_none()
    }

    /// What a token says, if the gate signed it for this application and it is not over.
    fn claims<T: DeserializeOwned>(&self, token: &str) -> Option<T> {
        let keys: JwkSet = serde_json::from_slice(&std::fs::read(&self.jwks).ok()?).ok()?;
        let key = keys.find(&decode_header(token).ok()?.kid?)?;
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        rules.leeway = 5;
        let key = DecodingKey::from_jwk(key).ok()?;
        Some(decode::<T>(token, &key, &rules).ok()?.claims)
    }
}

/// Lets nobody in without a token.
pub(crate) async fn required(
    State(verifier): State<Arc<Verifier>>,
    mut request: Request,
    next: Next,
) -> Response {
    let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let asked = (request.method().as_str(), target.as_str());
    let now = jsonwebtoken::get_current_timestamp();
    match verifier.verify(request.headers(), asked, now) {
        Some(identity) => {
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        None => (StatusCode::UNAUTHORIZED, "no valid identity\n").into_response(),
    }
}

#[cfg(test)]
mod tests;
