//! The public host: people with a letter, and nobody else. JSON only; pages come later.

mod collect;
mod look_up;
mod submit;

use crate::Route;
use crate::edge::Portal;
use axum::Router;
use axum::routing::post;
use portal_api::public::{COLLECT, LOOK_UP, SUBMIT};
use std::sync::Arc;

const LETTER: &[&str] = &["letter"];

/// Routes of this host.
pub const ROUTES: [Route; 3] = [
    Route { host: "public", path: LOOK_UP, act: "look-up", who: LETTER },
    Route { host: "public", path: SUBMIT, act: "submit", who: LETTER },
    Route { host: "public", path: COLLECT, act: "collect", who: LETTER },
];

/// The routes.
pub fn router() -> Router<Arc<Portal>> {
    Router::new()
        .route(LOOK_UP, post(look_up::look_up))
        .route(SUBMIT, post(submit::submit))
        .route(COLLECT, post(collect::collect))
}
