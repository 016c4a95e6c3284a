//! The public host: people with a letter and joining agents, and nobody else. In the order in
//! which people meet them: [`root`], [`home`], [`letter`] and the endpoints around it,
//! [`enrolment`], [`import`], [`mod@renew`], [`confirm`], [`receipt`], [`suspend`]; [`api`] is the
//! same for command lines and agents.

mod api;
mod check_receipt;
mod confirm;
mod enrolment;
mod enter_letter;
mod enter_loss;
mod enter_receipt;
mod home;
mod import;
mod leave;
mod letter;
mod open_letter;
mod receipt;
mod renew;
mod report_loss;
mod request;
mod root;
mod suspend;

pub use api::ROUTES;

use crate::pages::{asset, choose_language, fetch_asset};
use crate::state::PortalState;
use axum::Router;
use axum::routing::{get, post};
use std::sync::Arc;

/// Pages that are read; what they send back goes to the forms' own addresses.
pub const PAGES: [&str; 12] = [
    "/",
    "/root",
    "/root.cer",
    "/letter",
    "/enrolment",
    "/import",
    "/lost",
    "/lost/receipt",
    "/lost/receipt.json",
    "/receipt",
    "/renew",
    "/suspend",
];

/// Where forms go.
pub const FORMS: [&str; 7] =
    ["/letter", "/enrolment/request", "/lost", "/suspend", "/receipt", "/leave", "/language"];

/// Whether a path stops something: a loss and a suspension have places of their own.
pub fn is_brake(path: &str) -> bool {
    matches!(path, "/lost" | "/lost/receipt" | "/lost/receipt.json" | "/suspend")
}

/// The routes.
pub fn router() -> Router<Arc<PortalState>> {
    api::router()
        .route("/", get(home::show))
        .route("/root", get(root::show))
        .route("/root.cer", get(root::download))
        .route("/letter", get(enter_letter::show).post(open_letter::open))
        .route("/enrolment", get(enrolment::show))
        .route("/enrolment/request", post(request::submit))
        .route("/leave", post(leave::leave))
        .route("/import", get(import::show))
        .route("/lost", get(enter_loss::show).post(report_loss::report))
        .route("/suspend", get(suspend::show).post(suspend::suspend))
        .route("/receipt", get(enter_receipt::show).post(check_receipt::check))
        .route("/renew", get(renew::show))
        .route("/lost/receipt", get(receipt::show))
        .route("/lost/receipt.json", get(receipt::download))
        .route("/language", post(choose_language::choose))
        .route(asset::ROUTE, get(fetch_asset::fetch))
}

/// Sample pages.
#[cfg(test)]
pub(crate) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let mut samples = vec![
        ("home", home::sample(language)),
        ("root", root::sample(language)),
        ("letter", enter_letter::sample(language)),
        ("lost", enter_loss::sample(language)),
        ("import", import::sample(language)),
        ("receipt", receipt::sample(language)),
        ("renew", renew::sample(language)),
    ];
    samples.extend(enrolment::samples(language));
    samples.extend(confirm::samples(language));
    samples.extend(check_receipt::samples(language));
    samples.extend(suspend::samples(language));
    samples
}
