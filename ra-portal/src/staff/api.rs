//! JSON for the officers' command line; pages carry the same messages.

mod approve;
mod certify;
mod decline;
mod fetch;
mod list;
mod wish;

use crate::route::PortalRoute;
use crate::state::PortalState;
use axum::Router;
use axum::routing::post;
use portal_api::staff::{APPROVE, CERTIFY, DECLINE, FETCH, LIST, WISH};
use std::sync::Arc;

const OFFICERS: &[&str] = &["registration-officer", "security-administrator"];

/// Routes of JSON of this host.
pub const ROUTES: [PortalRoute; 6] = [
    PortalRoute { host: "staff", path: LIST, act: "list", who: OFFICERS },
    PortalRoute { host: "staff", path: FETCH, act: "fetch", who: OFFICERS },
    PortalRoute { host: "staff", path: APPROVE, act: "approve", who: OFFICERS },
    PortalRoute { host: "staff", path: DECLINE, act: "decline", who: OFFICERS },
    PortalRoute { host: "staff", path: WISH, act: "revoke", who: OFFICERS },
    PortalRoute { host: "staff", path: CERTIFY, act: "certify", who: OFFICERS },
];

pub(super) fn router() -> Router<Arc<PortalState>> {
    Router::new()
        .route(LIST, post(list::list))
        .route(FETCH, post(fetch::fetch))
        .route(APPROVE, post(approve::approve))
        .route(DECLINE, post(decline::decline))
        .route(WISH, post(wish::wish))
        .route(CERTIFY, post(certify::certify))
}
