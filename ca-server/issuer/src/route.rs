//! The issuer's calls: HTTP only. Each route is typed for one process of a portal; which process
//! speaks follows from its TLS key and the log, and is judged by what the handler takes
//! (`call.rs`).

mod approve;
mod batch;
mod call;
mod certificate;
mod certify;
mod collect;
mod consequences;
mod decline;
mod dossier;
mod draft;
mod draft_many;
mod drafts;
mod fetch;
mod find;
mod holder;
mod join;
mod list;
mod look_up;
mod mine;
mod passkeys;
mod people;
mod person;
mod preview;
mod receipt;
mod renew;
mod renew_certificate;
mod renewal_terms;
mod revoke;
mod state;
mod submit;
mod suspend;
mod unit;
mod who;
mod wish;
mod withdraw;

use crate::issuer::Issuer;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use ca_api::{both, handler, organisation, public, staff};
use ca_host::listener;
use mtls::listen::Judge;
use records::{Code, Problem};
use service::problem::Refused;
use std::sync::Arc;

/// Largest message, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// The same of a message that names many orders, and of one that holds the bodies of many.
const BATCH_BYTES_MAX: usize = 128 * 1024;
const MANY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Whether a path may stop something: an approval may be one of a brake, which is fetched before.
pub(crate) fn is_brake(path: &str) -> bool {
    let asks = [staff::REVOKE, staff::WISH, staff::SUSPEND, handler::WITHDRAW].contains(&path);
    asks || [staff::FETCH, staff::APPROVE].contains(&path)
}

/// Whose connections count: those of portals that are open, by a certificate that was not revoked.
/// That it leads to the root and is in time, the handshake has seen. While nothing is known of
/// portals yet, nothing is answered either.
pub(crate) fn judge(issuer: Arc<Issuer>) -> Judge {
    Arc::new(move |certificate| {
        let view = issuer.view_now()?;
        let authority = view.authority();
        let is_revoked = authority.is_revoked(&certificate.serial().to_string());
        let is_portal = authority.portal_of(&certificate.key().sha256()).is_some();
        (is_portal && !is_revoked).then_some(listener::OF_PORTAL)
    })
}

fn most(bytes: usize) -> DefaultBodyLimit {
    DefaultBodyLimit::max(bytes)
}

pub(crate) fn router(issuer: Arc<Issuer>) -> Router {
    Router::new()
        .route(public::LOOK_UP, post(look_up::look_up))
        .route(public::SUBMIT, post(submit::submit))
        .route(public::COLLECT, post(collect::collect))
        .route(public::JOIN, post(join::join))
        .route(public::RENEWAL_TERMS, post(renewal_terms::terms))
        .route(public::RENEW_CERTIFICATE, post(renew_certificate::renew))
        .route(staff::WHO, post(who::who))
        .route(staff::HOLDER, post(holder::holder))
        .route(staff::MINE, post(mine::mine))
        .route(staff::LIST, post(list::list))
        .route(staff::FETCH, post(fetch::fetch))
        .route(staff::APPROVE, post(approve::approve))
        .route(staff::DECLINE, post(decline::decline))
        .route(staff::BATCH, post(batch::batch).layer(most(BATCH_BYTES_MAX)))
        .route(staff::CERTIFY, post(certify::certify))
        .route(staff::PASSKEYS, post(passkeys::passkeys))
        .route(staff::FIND, post(find::find))
        .route(staff::CERTIFICATE, post(certificate::certificate))
        .route(staff::REVOKE, post(revoke::revoke))
        .route(staff::WISH, post(wish::wish))
        .route(staff::SUSPEND, post(suspend::suspend))
        .route(staff::STATE, post(state::state))
        .route(handler::PEOPLE, post(people::people))
        .route(handler::PERSON, post(person::person))
        .route(organisation::DOSSIER, post(dossier::dossier))
        .route(organisation::CONSEQUENCES, post(consequences::consequences))
        .route(organisation::UNIT, post(unit::unit))
        .route(handler::PREVIEW, post(preview::preview))
        .route(handler::DRAFT, post(draft::draft))
        .route(handler::DRAFT_MANY, post(draft_many::draft_many).layer(most(MANY_BYTES_MAX)))
        .route(handler::RECEIPT, post(receipt::receipt))
        .route(handler::DRAFTS, post(drafts::drafts))
        .route(handler::WITHDRAW, post(withdraw::withdraw))
        .route(both::RENEW, post(renew::renew))
        .fallback(|| async { Refused(Problem::new(Code::NotFound, String::new())) })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(issuer)
}
