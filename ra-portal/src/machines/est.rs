//! EST (RFC 7030, as RFC 8951 reads it) beside ACME, an endpoint a file: `asked` reads who asks
//! what, `issued` hands a certificate out, `answer` says it. A label names a profile.
//!
//! A client of EST signs nothing that could be verified later. Its password goes to the CA as it
//! came, and is looked at there; of a certificate in a handshake this process says that it was
//! shown, which the CA records as its word. Nothing of it is kept here: a client that was told to
//! come later sends the same request again, which is the same certificate.

mod answer;
mod asked;
mod cacerts;
mod csr_attributes;
mod issued;
mod simple_enroll;
mod simple_reenroll;

use crate::machines::state::MachinesState;
use answer::EstRefused;
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use records::Code;
use std::sync::Arc;

/// Where EST is.
pub(crate) const ROOT: &str = "/.well-known/est";

/// Every path of EST; behind them, the same with a label.
const PATHS: [&str; 8] = [
    "/.well-known/est/cacerts",
    "/.well-known/est/csrattrs",
    "/.well-known/est/simpleenroll",
    "/.well-known/est/simplereenroll",
    "/.well-known/est/{label}/cacerts",
    "/.well-known/est/{label}/csrattrs",
    "/.well-known/est/{label}/simpleenroll",
    "/.well-known/est/{label}/simplereenroll",
];

/// The routes.
pub(crate) fn router() -> Router<Arc<MachinesState>> {
    let [cacerts, attributes, enroll, reenroll, labelled @ ..] = PATHS;
    let [own_cacerts, own_attributes, own_enroll, own_reenroll] = labelled;
    Router::new()
        .route(cacerts, alone(get(cacerts::show)))
        .route(own_cacerts, alone(get(cacerts::show)))
        .route(attributes, alone(get(csr_attributes::show)))
        .route(own_attributes, alone(get(csr_attributes::show)))
        .route(enroll, alone(post(simple_enroll::enroll)))
        .route(own_enroll, alone(post(simple_enroll::enroll)))
        .route(reenroll, alone(post(simple_reenroll::reenroll)))
        .route(own_reenroll, alone(post(simple_reenroll::reenroll)))
}

/// What EST says of what is not there: keys that a CA makes, and whatever else has no file here.
pub(crate) fn unknown() -> Response {
    EstRefused::from(Code::NotFound).into_response()
}

/// Other methods are refused in words of EST.
fn alone(method: MethodRouter<Arc<MachinesState>>) -> MethodRouter<Arc<MachinesState>> {
    method.fallback(|| async { EstRefused::from(Code::MethodNotAllowed) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{StatusCode, header};

    /// RFC 7030 4.4: whoever asks the CA for a key hears that there is none, in plain text.
    #[test]
    fn no_key_is_made_for_anybody() {
        assert!(!PATHS.iter().any(|path| path.contains("keygen")));
        let told = unknown();
        assert_eq!(told.status(), StatusCode::NOT_FOUND);
        assert_eq!(told.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    }
}
