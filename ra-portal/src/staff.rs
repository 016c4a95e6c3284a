//! The staff host: everybody with a certificate. It is optional in TLS, so that people can be told
//! why it is refused, and required in HTTP; the CA judges it anew at every request. In the order in
//! which people meet them: [`certificate`] with its [`holdings`], and [`suspend`] (for everybody),
//! [`passkeys`], [`queue`], [`review`] with [`approve`], [`decline`] and [`declined`],
//! [`certificates`], [`issued`], [`hold`], [`revoke`], [`wish`] and [`wished`], [`organisation`],
//! [`people`], [`person`] with its [`dossier`], [`draft_check`] with [`number`], [`draft_release`],
//! [`draft_delegation`], [`consequence`] and [`draft_make`], [`roster`] and [`roster_sign`],
//! [`changes`] with its [`change_table`], [`batch`] with its [`receipt`], [`drafts`],
//! [`withdraw`], [`applications`], [`systems`] and [`system`] in the words of
//! [`owner`], [`state`], [`audit_search`]; [`api`] is the same for the command
//! line, and [`trusted`] is there for browsers that know this city's root.

#[cfg(test)]
mod answers;
mod api;
mod applications;
mod approve;
mod audit_search;
mod batch;
mod certificate;
mod certificates;
mod change_table;
mod changes;
mod checks;
mod consequence;
mod decline;
mod declined;
mod deputy;
mod dossier;
mod draft_check;
mod draft_delegation;
mod draft_form;
mod draft_make;
mod draft_mend;
mod draft_release;
mod drafts;
mod hold;
mod holdings;
mod issued;
mod new_statement;
mod number;
mod organisation;
mod owner;
mod passkeys;
mod people;
mod person;
mod queue;
mod reach;
mod receipt;
mod review;
mod revoke;
mod role;
mod roster;
mod roster_sign;
mod silence;
mod state;
mod suspend;
mod system;
mod systems;
mod table_text;
#[cfg(test)]
mod tests;
mod touch;
mod trusted;
mod wish;
mod wished;
mod withdraw;

pub use api::ROUTES;
pub use reach::is_brake;

use crate::pages::{asset, choose_language, fetch_asset};
use crate::state::PortalState;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use portal_api::roster::FILE_BYTES_MAX;
use std::sync::Arc;

/// Pages that are read.
pub const PAGES: [&str; 22] = [
    "/",
    "/applications",
    "/audit",
    "/batches/{order}",
    "/certificate",
    "/certificate/suspend",
    "/certificates",
    "/certificates/{serial}",
    "/drafts",
    "/orders/{order}",
    "/organisation",
    "/passkeys",
    "/people",
    "/people/changes",
    "/people/new",
    "/people/roster",
    "/people/roster/{template}",
    "/people/{person}",
    "/state",
    "/systems",
    "/systems/{system}",
    TRUSTED,
];

/// What a page of the public host asks to see whether the browser trusts the root.
pub(crate) const TRUSTED: &str = "/trusted";

/// Where forms go.
pub const FORMS: [&str; 20] = [
    "/batches/{order}/lettered",
    "/batches/{order}/letters",
    "/certificate/suspend",
    "/certificates/{serial}/revoke",
    "/certificates/{serial}/suspend",
    "/certificates/{serial}/suspended",
    "/certificates/{serial}/wished",
    "/drafts/check",
    "/drafts/make",
    "/drafts/withdraw",
    "/drafts/withdrawn",
    "/language",
    "/orders/batch",
    "/orders/{order}/approve",
    "/orders/{order}/decline",
    "/orders/{order}/declined",
    "/people/changes",
    "/people/roster",
    "/people/roster/again",
    "/people/roster/sign",
];

/// A roster with the texts beside it.
fn files() -> DefaultBodyLimit {
    DefaultBodyLimit::max(FILE_BYTES_MAX + 64 * 1024)
}

/// The routes.
pub fn router() -> Router<Arc<PortalState>> {
    api::router()
        .route("/", get(queue::show))
        .route("/certificate", get(certificate::show))
        .route("/certificate/suspend", get(suspend::show).post(suspend::suspend))
        .route("/orders/{order}", get(review::show))
        .route("/orders/{order}/approve", post(approve::approve))
        .route("/orders/{order}/decline", post(decline::decline))
        .route("/orders/{order}/declined", post(declined::declined))
        .route("/certificates", get(certificates::show))
        .route("/certificates/{serial}", get(issued::show))
        .route("/certificates/{serial}/revoke", post(revoke::revoke))
        .route("/certificates/{serial}/wished", post(wished::wished))
        .route("/certificates/{serial}/suspend", post(hold::check))
        .route("/certificates/{serial}/suspended", post(hold::suspended))
        .route("/organisation", get(organisation::show))
        .route("/people", get(people::show))
        .route("/people/changes", get(changes::show).post(changes::upload).layer(files()))
        .route("/people/new", get(person::create))
        .route("/people/roster", get(roster::show).post(roster::upload).layer(files()))
        .route("/people/roster/again", post(roster_sign::again))
        .route("/people/roster/sign", post(roster_sign::sign))
        .route("/people/roster/{template}", get(roster::template_file))
        .route("/people/{person}", get(person::show))
        .route("/orders/batch", post(batch::batch))
        .route("/batches/{order}", get(receipt::show))
        .route("/batches/{order}/letters", post(receipt::check))
        .route("/batches/{order}/lettered", post(receipt::lettered))
        .route("/drafts", get(drafts::show))
        .route("/drafts/check", post(draft_check::check))
        .route("/drafts/make", post(draft_make::make))
        .route("/drafts/withdraw", post(withdraw::check))
        .route("/drafts/withdrawn", post(withdraw::withdrawn))
        .route("/applications", get(applications::show))
        .route(TRUSTED, get(trusted::show))
        .route("/state", get(state::show))
        .route("/systems", get(systems::show))
        .route("/systems/{system}", get(system::show))
        .route("/passkeys", get(passkeys::show))
        .route("/audit", get(audit_search::show))
        .route("/language", post(choose_language::choose))
        .route(asset::ROUTE, get(fetch_asset::fetch))
}

/// What somebody typed to revoke a certificate, as the page of a refusal has it.
#[cfg(test)]
pub(crate) fn sample_kept(frame: &crate::pages::Frame) -> crate::pages::problem::KeptForm {
    let typed = ("keyCompromise".to_owned(), "本人电话报告丢失 <b>\u{202e}".to_owned());
    issued::kept(frame, ("018e9a4c70f3b5d2018e9a4c70f3b5d2018e", false), typed)
}

/// Sample pages.
#[cfg(test)]
pub(crate) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let mut samples = certificate::samples(language);
    samples.extend(suspend::samples(language));
    samples.extend(queue::samples(language));
    samples.extend(certificates::samples(language));
    samples.extend(issued::samples(language));
    samples.extend(wish::samples(language));
    samples.extend(hold::samples(language));
    samples.extend(organisation::samples(language));
    samples.extend(people::samples(language));
    samples.extend(person::samples(language));
    samples.extend(roster::samples(language));
    samples.extend(roster_sign::samples(language));
    samples.extend(changes::samples(language));
    samples.extend(receipt::samples(language));
    samples.extend(draft_check::samples(language));
    samples.extend(draft_mend::samples(language));
    samples.extend(draft_release::samples(language));
    samples.extend(drafts::samples(language));
    samples.extend(withdraw::samples(language));
    samples.extend(passkeys::samples(language));
    samples.extend(audit_search::samples(language));
    samples.extend(review::samples(language));
    samples.extend(decline::samples(language));
    samples.extend(applications::samples(language));
    samples.extend(state::samples(language));
    samples.extend(systems::samples(language));
    samples.extend(system::samples(language));
    samples
}
