//! Who asks: the token that the gate signs for every request. It names the person, the method and
//! the path; one that was made for another request is refused.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What the application learns.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Identity {
    /// Person id.
    pub sub: String,
    /// Name.
    pub name: String,
    /// Units, highest first.
    pub org: Vec<String>,
    /// The gate's record of this request.
    pub jti: String,
    htm: String,
    htu: String,
}

/// Verifies tokens by the gate's published keys.
pub(crate) struct Verifier {
    jwks: String,
    issuer: String,
    audience: String,
}

impl Verifier {
    /// `jwks` is the file in which the gate publishes its keys.
    pub(crate) fn new(jwks: &str, issuer: &str, audience: &str) -> Self {
        Self { jwks: jwks.into(), issuer: issuer.into(), audience: audience.into() }
    }

    /// The identity of a request, if the token is the gate's and was made for it.
    pub(crate) fn verify(&self, token: &str, method: &str, target: &str) -> Option<Identity> {
        let keys: JwkSet = serde_json::from_slice(&std::fs::read(&self.jwks).ok()?).ok()?;
        let key = keys.find(&decode_header(token).ok()?.kid?)?;
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        rules.leeway = 5;
        let key = DecodingKey::from_jwk(key).ok()?;
        let identity = decode::<Identity>(token, &key, &rules).ok()?.claims;
        let asked = BASE64URL_NOPAD.encode(&Sha256::digest(target.as_bytes()));
        (identity.htm == method && identity.htu == asked).then_some(identity)
    }
}

/// Lets nobody in without a token.
pub(crate) async fn required(
    State(verifier): State<Arc<Verifier>>,
    mut request: Request,
    next: Next,
) -> Response {
    let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let token = request.headers().get("yinxin-identity").and_then(|value| value.to_str().ok());
    let identity =
        token.and_then(|token| verifier.verify(token, request.method().as_str(), &target));
    match identity {
        Some(identity) => {
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        None => (StatusCode::UNAUTHORIZED, "no valid identity\n").into_response(),
    }
}
