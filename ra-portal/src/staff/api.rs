//! JSON for the officers' command line; pages carry the same messages.

mod approve;
mod certify;
mod decline;
mod draft;
mod drafts;
mod fetch;
mod list;
mod mine;
mod people;
mod person;
mod preview;
mod wish;
mod withdraw;

use crate::route::PortalRoute;
use crate::state::PortalState;
use axum::Router;
use axum::routing::post;
use portal_api::staff::{
    APPROVE, CERTIFY, DECLINE, DRAFT, DRAFTS, FETCH, LIST, MINE, PEOPLE, PERSON, PREVIEW, WISH,
    WITHDRAW,
};
use std::sync::Arc;

const OFFICERS: &[&str] = &["registration-officer", "security-administrator"];
const EVERYBODY: &[&str] = &["everybody"];
const HANDLERS: &[&str] = &["unit-handler"];

/// Routes of JSON of this host.
pub const ROUTES: [PortalRoute; 13] = [
    PortalRoute { host: "staff", path: LIST, act: "list", who: OFFICERS },
    PortalRoute { host: "staff", path: FETCH, act: "fetch", who: OFFICERS },
    PortalRoute { host: "staff", path: APPROVE, act: "approve", who: OFFICERS },
    PortalRoute { host: "staff", path: DECLINE, act: "decline", who: OFFICERS },
    PortalRoute { host: "staff", path: WISH, act: "revoke", who: OFFICERS },
    PortalRoute { host: "staff", path: PEOPLE, act: "people", who: HANDLERS },
    PortalRoute { host: "staff", path: PERSON, act: "person", who: HANDLERS },
    PortalRoute { host: "staff", path: PREVIEW, act: "preview", who: HANDLERS },
    PortalRoute { host: "staff", path: DRAFT, act: "draft", who: HANDLERS },
    PortalRoute { host: "staff", path: DRAFTS, act: "drafts", who: HANDLERS },
    PortalRoute { host: "staff", path: WITHDRAW, act: "withdraw", who: HANDLERS },
    PortalRoute { host: "staff", path: MINE, act: "mine", who: EVERYBODY },
    PortalRoute { host: "staff", path: CERTIFY, act: "certify", who: OFFICERS },
];

pub(super) fn router() -> Router<Arc<PortalState>> {
    Router::new()
        .route(LIST, post(list::list))
        .route(FETCH, post(fetch::fetch))
        .route(APPROVE, post(approve::approve))
        .route(DECLINE, post(decline::decline))
        .route(WISH, post(wish::wish))
        .route(PEOPLE, post(people::people))
        .route(PERSON, post(person::person))
        .route(PREVIEW, post(preview::preview))
        .route(DRAFT, post(draft::draft))
        .route(DRAFTS, post(drafts::drafts))
        .route(WITHDRAW, post(withdraw::withdraw))
        .route(MINE, post(mine::mine))
        .route(CERTIFY, post(certify::certify))
}
