//! JSON for command lines and agents; pages carry the same messages.

mod collect;
mod join;
mod look_up;
mod renew;
mod submit;

use crate::route::PortalRoute;
use crate::state::PortalState;
use axum::Router;
use axum::routing::post;
use portal_api::public::{COLLECT, JOIN, LOOK_UP, RENEW, SUBMIT};
use std::sync::Arc;

const LETTER: &[&str] = &["letter"];
const JOIN_FILE: &[&str] = &["join-file"];
const OLD_KEY: &[&str] = &["old-key"];

/// Routes of JSON of this host.
pub const ROUTES: [PortalRoute; 5] = [
    PortalRoute { host: "public", path: LOOK_UP, act: "look-up", who: LETTER },
    PortalRoute { host: "public", path: SUBMIT, act: "submit", who: LETTER },
    PortalRoute { host: "public", path: COLLECT, act: "collect", who: LETTER },
    PortalRoute { host: "public", path: JOIN, act: "join", who: JOIN_FILE },
    PortalRoute { host: "public", path: RENEW, act: "renew", who: OLD_KEY },
];

pub(super) fn router() -> Router<Arc<PortalState>> {
    Router::new()
        .route(LOOK_UP, post(look_up::look_up))
        .route(SUBMIT, post(submit::submit))
        .route(COLLECT, post(collect::collect))
        .route(JOIN, post(join::join))
        .route(RENEW, post(renew::renew))
}
