//! The issuer's calls: HTTP only. Each route is typed for one process of a portal; which process
//! speaks follows from its TLS key and the log, and is judged by what the handler takes
//! (`call.rs`).

mod account;
mod approve;
mod batch;
mod call;
mod certificate;
mod certify;
mod change_key;
mod cmp;
mod collect;
mod collect_machine;
mod consequences;
mod deactivate;
mod decline;
mod dossier;
mod draft;
mod draft_many;
mod drafts;
mod enrol_device;
mod enrol_system;
mod fetch;
mod finalize;
mod find;
mod holder;
mod join;
mod list;
mod look_up;
mod mine;
mod numbers;
mod open_account;
mod passkeys;
mod people;
mod person;
mod preview;
mod receipt;
mod records;
mod renew;
mod renew_certificate;
mod renew_device;
mod renew_system;
mod renewal_hint;
mod renewal_terms;
mod revoke;
mod revoke_machine;
mod state;
mod submit;
mod suspend;
mod suspension;
mod system_facts;
mod system_list;
mod unit;
mod who;
mod wish;
mod withdraw;

use crate::asking::Question;
use crate::issuer::{CURRENT_WAIT, Issuer};
use ::records::Code;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::post;
use ca_api::{Reach, both, handler, machines, organisation, public, reach, staff, systems};
use ca_host::listener;
use mtls::listen::Judge;
use std::sync::Arc;

/// Largest message, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// The same of a message that names many orders or numbers, and of one that holds the bodies of
/// many.
const BATCH_BYTES_MAX: usize = 128 * 1024;
const MANY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Whose connections count: those of portals that are open, by a certificate that was not revoked.
/// That it leads to the root, the handshake has seen. While nothing is known of portals yet,
/// nothing is answered either.
pub(crate) fn judge(issuer: Arc<Issuer>) -> Judge {
    Arc::new(move |certificate| {
        let view = issuer.view_now()?;
        let authority = view.authority();
        let is_revoked = authority.is_revoked(&certificate.serial().to_string());
        let is_portal = authority.portal_of(&certificate.key().sha256()).is_some();
        let counts = is_portal && !is_revoked && call::is_in_time(&issuer, certificate);
        counts.then_some(listener::OF_PORTAL)
    })
}

fn most(bytes: usize) -> DefaultBodyLimit {
    DefaultBodyLimit::max(bytes)
}

/// Answers a question in the turn of the portal that asks it, and there of the person it asks for.
async fn in_turn(State(issuer): State<Arc<Issuer>>, request: Request, next: Next) -> Response {
    let question = match reach(request.uri().path()) {
        Reach::Brake | Reach::LeadsToBrake => Question::BeforeBrake,
        Reach::Other => Question::Other,
    };
    let (parts, body) = request.into_parts();
    let portal = match call::portal(&issuer, &parts).await {
        Ok(portal) => portal,
        Err(code) => return call::refused(code),
    };
    // Read before its turn: whoever sends slowly takes nobody's.
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
        return call::refused(Code::TooLarge);
    };
    let person = call::shown_certificate(&body);
    let turn = issuer.asking.turn(&portal, person, question);
    match tokio::time::timeout(CURRENT_WAIT, turn).await {
        Ok(Some(_turn)) => next.run(Request::from_parts(parts, body.into())).await,
        Ok(None) | Err(_) => call::refused(Code::Unavailable),
    }
}

/// What is answered from rows at once.
fn questions(issuer: &Arc<Issuer>) -> Router<Arc<Issuer>> {
    Router::new()
        .route(public::RENEWAL_TERMS, post(renewal_terms::terms))
        .route(machines::ACCOUNT_OF, post(account::account))
        .route(machines::RENEWAL_HINT, post(renewal_hint::hint))
        .route(staff::WHO, post(who::who))
        .route(staff::HOLDER, post(holder::holder))
        .route(staff::MINE, post(mine::mine))
        .route(staff::LIST, post(list::list))
        .route(staff::FETCH, post(fetch::fetch))
        .route(staff::PASSKEYS, post(passkeys::passkeys))
        .route(staff::FIND, post(find::find))
        .route(staff::CERTIFICATE, post(certificate::certificate))
        .route(staff::STATE, post(state::state))
        .route(handler::PEOPLE, post(people::people))
        .route(handler::PERSON, post(person::person))
        .route(handler::RECORDS, post(records::records))
        .route(handler::SUSPENSION, post(suspension::suspension))
        .route(organisation::DOSSIER, post(dossier::dossier))
        .route(organisation::CONSEQUENCES, post(consequences::consequences))
        .route(organisation::UNIT, post(unit::unit))
        .route(systems::SYSTEMS, post(system_list::systems))
        .route(systems::SYSTEM, post(system_facts::system))
        .route(handler::PREVIEW, post(preview::preview))
        .route(handler::RECEIPT, post(receipt::receipt))
        .route(handler::DRAFTS, post(drafts::drafts))
        .route_layer(from_fn_with_state(issuer.clone(), in_turn))
}

pub(crate) fn router(issuer: Arc<Issuer>) -> Router {
    questions(&issuer)
        .route(public::LOOK_UP, post(look_up::look_up))
        .route(public::SUBMIT, post(submit::submit))
        .route(public::COLLECT, post(collect::collect))
        .route(public::JOIN, post(join::join))
        .route(public::RENEW_CERTIFICATE, post(renew_certificate::renew))
        .route(staff::APPROVE, post(approve::approve))
        .route(staff::DECLINE, post(decline::decline))
        .route(staff::BATCH, post(batch::batch).layer(most(BATCH_BYTES_MAX)))
        .route(staff::CERTIFY, post(certify::certify))
        .route(staff::REVOKE, post(revoke::revoke))
        .route(staff::WISH, post(wish::wish))
        .route(staff::SUSPEND, post(suspend::suspend))
        .route(handler::DRAFT, post(draft::draft))
        .route(handler::DRAFT_MANY, post(draft_many::draft_many).layer(most(MANY_BYTES_MAX)))
        .route(handler::NUMBERS, post(numbers::numbers).layer(most(BATCH_BYTES_MAX)))
        .route(handler::WITHDRAW, post(withdraw::withdraw))
        .route(machines::ACCOUNT, post(open_account::open))
        .route(machines::FINALIZE, post(finalize::finalize))
        .route(machines::ENROL, post(enrol_system::enrol))
        .route(machines::RENEW, post(renew_system::renew))
        .route(machines::ENROL_DEVICE, post(enrol_device::enrol))
        .route(machines::RENEW_DEVICE, post(renew_device::renew))
        .route(machines::CMP, post(cmp::answer))
        .route(machines::CMP_END, post(cmp::answer_end))
        .route(machines::COLLECT, post(collect_machine::collect))
        .route(machines::REVOKE, post(revoke_machine::revoke))
        .route(machines::KEY_CHANGE, post(change_key::change))
        .route(machines::DEACTIVATE, post(deactivate::deactivate))
        .route(both::RENEW, post(renew::renew))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(issuer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_may_be_a_brake_has_places_of_brakes() {
        for path in [handler::DRAFT, handler::DRAFT_MANY, staff::BATCH] {
            assert_eq!(reach(path), Reach::Brake, "{path}: somebody leaves");
        }
        for path in [staff::REVOKE, staff::WISH, staff::SUSPEND, handler::WITHDRAW] {
            assert_eq!(reach(path), Reach::Brake, "{path}");
        }
        for path in [machines::REVOKE, machines::DEACTIVATE, machines::CMP_END] {
            assert_eq!(reach(path), Reach::Brake, "{path}");
        }
        for path in [machines::ACCOUNT, machines::FINALIZE, machines::ENROL, machines::RENEW] {
            assert_eq!(reach(path), Reach::Other, "{path}");
        }
        for path in [machines::COLLECT, machines::CMP, machines::RENEWAL_HINT] {
            assert_eq!(reach(path), Reach::Other, "{path}");
        }
        assert_eq!(reach(staff::APPROVE), Reach::Brake, "of an order to revoke");
        for path in [staff::WHO, staff::HOLDER, staff::PASSKEYS, staff::LIST, staff::FETCH] {
            assert_eq!(reach(path), Reach::LeadsToBrake, "{path}: to an order to revoke");
        }
        for path in [staff::FIND, staff::CERTIFICATE, systems::SYSTEMS, systems::SYSTEM] {
            assert_eq!(reach(path), Reach::LeadsToBrake, "{path}: to a wish");
        }
        for path in [handler::PERSON, handler::RECORDS, handler::PREVIEW, organisation::DOSSIER] {
            assert_eq!(reach(path), Reach::LeadsToBrake, "{path}: to a leave");
        }
        for path in [handler::NUMBERS, handler::RECEIPT, staff::STATE, public::LOOK_UP] {
            assert_eq!(reach(path), Reach::Other, "{path}");
        }
        let is_near = |path| ca_api::is_near_brake(path);
        assert!(is_near(staff::REVOKE) && is_near(staff::PASSKEYS) && !is_near(public::SUBMIT));
    }
}
