//! JSON for the officers' command line; pages carry the same messages.

mod approve;
mod batch;
mod certify;
mod decline;
mod draft;
mod draft_many;
mod drafts;
mod fetch;
mod list;
mod mine;
mod numbers;
mod people;
mod person;
mod preview;
mod receipt;
mod records;
mod suspension;
mod wish;
mod withdraw;

use crate::route::PortalRoute;
use crate::state::PortalState;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use portal_api::staff::{
    APPROVE, BATCH, CERTIFY, DECLINE, DRAFT, DRAFT_MANY, DRAFTS, FETCH, LIST, MINE, NUMBERS,
    PEOPLE, PERSON, PREVIEW, RECEIPT, RECORDS, SUSPENSION, WISH, WITHDRAW,
};
use std::sync::Arc;

const OFFICERS: &[&str] = &["registration-officer", "security-administrator"];
const EVERYBODY: &[&str] = &["everybody"];
const HANDLERS: &[&str] = &["unit-handler"];
const BOTH: &[&str] = &["registration-officer", "security-administrator", "unit-handler"];
/// Largest message of many bodies, and of a batch or of many numbers, in bytes.
const MANY_BYTES_MAX: usize = 8 * 1024 * 1024;
const BATCH_BYTES_MAX: usize = 128 * 1024;

/// Routes of JSON of this host.
pub const ROUTES: [PortalRoute; 19] = [
    PortalRoute { host: "staff", path: LIST, act: "list", who: OFFICERS },
    PortalRoute { host: "staff", path: FETCH, act: "fetch", who: OFFICERS },
    PortalRoute { host: "staff", path: APPROVE, act: "approve", who: OFFICERS },
    PortalRoute { host: "staff", path: DECLINE, act: "decline", who: OFFICERS },
    PortalRoute { host: "staff", path: WISH, act: "revoke", who: OFFICERS },
    PortalRoute { host: "staff", path: PEOPLE, act: "people", who: HANDLERS },
    PortalRoute { host: "staff", path: PERSON, act: "person", who: HANDLERS },
    PortalRoute { host: "staff", path: RECORDS, act: "person", who: BOTH },
    PortalRoute { host: "staff", path: SUSPENSION, act: "certificate", who: BOTH },
    PortalRoute { host: "staff", path: NUMBERS, act: "numbers", who: HANDLERS },
    PortalRoute { host: "staff", path: PREVIEW, act: "preview", who: BOTH },
    PortalRoute { host: "staff", path: DRAFT, act: "draft", who: BOTH },
    PortalRoute { host: "staff", path: DRAFT_MANY, act: "draft-many", who: BOTH },
    PortalRoute { host: "staff", path: BATCH, act: "batch", who: OFFICERS },
    PortalRoute { host: "staff", path: RECEIPT, act: "receipt", who: BOTH },
    PortalRoute { host: "staff", path: DRAFTS, act: "drafts", who: BOTH },
    PortalRoute { host: "staff", path: WITHDRAW, act: "withdraw", who: BOTH },
    PortalRoute { host: "staff", path: MINE, act: "mine", who: EVERYBODY },
    PortalRoute { host: "staff", path: CERTIFY, act: "certify", who: OFFICERS },
];

fn many() -> DefaultBodyLimit {
    DefaultBodyLimit::max(MANY_BYTES_MAX)
}

pub(super) fn router() -> Router<Arc<PortalState>> {
    Router::new()
        .route(LIST, post(list::list))
        .route(FETCH, post(fetch::fetch))
        .route(APPROVE, post(approve::approve))
        .route(DECLINE, post(decline::decline))
        .route(WISH, post(wish::wish))
        .route(PEOPLE, post(people::people))
        .route(PERSON, post(person::person))
        .route(RECORDS, post(records::records).layer(DefaultBodyLimit::max(BATCH_BYTES_MAX)))
        .route(SUSPENSION, post(suspension::suspension))
        .route(NUMBERS, post(numbers::numbers).layer(DefaultBodyLimit::max(BATCH_BYTES_MAX)))
        .route(PREVIEW, post(preview::preview))
        .route(DRAFT, post(draft::draft))
        .route(DRAFT_MANY, post(draft_many::draft_many).layer(many()))
        .route(BATCH, post(batch::batch).layer(DefaultBodyLimit::max(BATCH_BYTES_MAX)))
        .route(RECEIPT, post(receipt::receipt))
        .route(DRAFTS, post(drafts::drafts))
        .route(WITHDRAW, post(withdraw::withdraw))
        .route(MINE, post(mine::mine))
        .route(CERTIFY, post(certify::certify))
}
