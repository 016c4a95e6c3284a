//! The public host: people with a letter and joining agents, and nobody else. JSON only; pages come later.

mod collect;
mod join;
mod look_up;
mod submit;

use crate::Route;
use crate::edge::Portal;
use axum::Router;
use axum::routing::post;
use portal_api::public::{COLLECT, JOIN, LOOK_UP, SUBMIT};
use std::sync::Arc;

const LETTER: &[&str] = &["letter"];
const JOIN_FILE: &[&str] = &["join-file"];

/// Routes of this host.
pub const ROUTES: [Route; 4] = [
    Route { host: "public", path: LOOK_UP, act: "look-up", who: LETTER },
    Route { host: "public", path: SUBMIT, act: "submit", who: LETTER },
    Route { host: "public", path: COLLECT, act: "collect", who: LETTER },
    Route { host: "public", path: JOIN, act: "join", who: JOIN_FILE },
];

/// The routes.
pub fn router() -> Router<Arc<Portal>> {
    Router::new()
        .route(LOOK_UP, post(look_up::look_up))
        .route(SUBMIT, post(submit::submit))
        .route(COLLECT, post(collect::collect))
        .route(JOIN, post(join::join))
}
