//! JSON for command lines and agents; pages carry the same messages.

mod collect;
mod join;
mod look_up;
mod renew;
mod renew_certificate;
mod renewal_terms;
mod submit;

use crate::route::PortalRoute;
use crate::state::PortalState;
use axum::Router;
use axum::routing::post;
use portal_api::public::{COLLECT, JOIN, LOOK_UP, RENEW, RENEW_CERTIFICATE, RENEWAL_TERMS, SUBMIT};
use std::sync::Arc;

const LETTER: &[&str] = &["letter"];
const JOIN_FILE: &[&str] = &["join-file"];
const OLD_KEY: &[&str] = &["old-key"];
const OLD_CERTIFICATE: &[&str] = &["old-certificate"];

/// Routes of JSON of this host.
pub const ROUTES: [PortalRoute; 7] = [
    PortalRoute { host: "public", path: LOOK_UP, act: "look-up", who: LETTER },
    PortalRoute { host: "public", path: SUBMIT, act: "submit", who: LETTER },
    PortalRoute { host: "public", path: COLLECT, act: "collect", who: LETTER },
    PortalRoute { host: "public", path: JOIN, act: "join", who: JOIN_FILE },
    PortalRoute { host: "public", path: RENEW, act: "renew", who: OLD_KEY },
    PortalRoute { host: "public", path: RENEWAL_TERMS, act: "renewal-terms", who: OLD_CERTIFICATE },
    PortalRoute { host: "public", path: RENEW_CERTIFICATE, act: "renew-certificate", who: OLD_KEY },
];

pub(super) fn router() -> Router<Arc<PortalState>> {
    Router::new()
        .route(LOOK_UP, post(look_up::look_up))
        .route(SUBMIT, post(submit::submit))
        .route(COLLECT, post(collect::collect))
        .route(JOIN, post(join::join))
        .route(RENEW, post(renew::renew))
        .route(RENEWAL_TERMS, post(renewal_terms::terms))
        .route(RENEW_CERTIFICATE, post(renew_certificate::renew))
}
