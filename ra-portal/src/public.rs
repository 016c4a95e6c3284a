//! The public host: people with a letter and joining agents, and nobody else. In the order in
//! which people meet them: [`root`], [`home`], [`letter`] and the endpoints around it,
//! [`enrolment`], [`import`], [`mod@renew`], [`confirm`], [`receipt`], [`suspend`]; [`api`] is the
//! same for command lines and agents, and [`trust_bundle`] for applications.

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
mod trust_bundle;

pub use api::ROUTES;

use crate::pages::{asset, choose_language, fetch_asset};
use crate::state::PortalState;
use axum::Router;
use axum::routing::{get, post};
use records::trust_bundle::TRUST_BUNDLE_PATH;
use std::sync::Arc;

/// Pages that are read; what they send back goes to the forms' own addresses.
pub const PAGES: [&str; 13] = [
    "/",
    "/root",
    "/root.cer",
    TRUST_BUNDLE_PATH,
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

/// Whether a path stops something: a loss and a suspension have places of their own, with the
/// scripts without which their pages send nothing.
pub fn is_brake(path: &str) -> bool {
    asset::is_one(path)
        || matches!(path, "/lost" | "/lost/receipt" | "/lost/receipt.json" | "/suspend")
}

/// The routes.
pub fn router() -> Router<Arc<PortalState>> {
    api::router()
        .route("/", get(home::show))
        .route("/root", get(root::show))
        .route("/root.cer", get(root::download))
        .route(TRUST_BUNDLE_PATH, get(trust_bundle::download))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Language;

    /// The code of a letter does not leave its browser: a page that stops something sends nothing
    /// until its script is there. However full the listener is, it gets all that it names.
    #[test]
    fn a_page_that_stops_something_gets_its_script() {
        let samples = samples(Language::English);
        let page = |wanted: &str| &samples.iter().find(|(name, _)| *name == wanted).unwrap().1;
        for name in ["lost", "lost-confirm", "receipt", "suspend", "suspend-confirm", "suspended"] {
            let named = page(name).split('"').filter(|text| text.starts_with("/assets/"));
            let named: Vec<&str> = named.collect();
            assert!(!named.is_empty() && named.iter().all(|path| is_brake(path)), "{name}");
        }
        assert!(page("lost").contains(&asset::address("open-letter.js")));
        for beside in ["bytes.js", "form.js", "kept.js", "letter.js"] {
            assert!(is_brake(&asset::address(beside)), "{beside}: the script names it");
        }
        for other in ["/assets/0/letter.js", "/assets/letter.js", "/letter", "/enrolment", "/"] {
            assert!(!is_brake(other), "{other}");
        }
    }
}
