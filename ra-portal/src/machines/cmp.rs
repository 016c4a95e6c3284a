//! CMP (RFC 9810, over HTTP as RFC 9811 has it) beside ACME and EST: one address, behind it the
//! same with a label, which names a profile, and behind either the name of an operation (RFC 9483
//! 6.1). `asked` reads what is a message, `answer` says what came of it.
//!
//! Messages go to the CA as they came, and its answers leave as it made them: both are protected by
//! what this process does not have. It looks at a message only as far as to refuse what is none,
//! and to hand an end on where ends have places. Nothing of it is kept here.

mod answer;
mod asked;

use crate::machines::state::{MachinesState, outcome};
use crate::machines::worded_refusal::WordedRefusal;
use crate::machines::{watched, zones};
use answer::message;
use asked::CmpAsked;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::middleware;
use axum::response::Response;
use axum::routing::post;
use pkixcmp::message::MESSAGE_BYTES_MAX;
use records::Code;
use records::cmp::CmpMessage;
use std::sync::Arc;

/// Every path of CMP: without a label, and with one (RFC 9483 6.1).
const PATHS: [&str; 2] = ["/.well-known/cmp", "/.well-known/cmp/p/{label}"];

/// What may stand behind a path, of the operations that there are. What is done, the message says.
const OPERATIONS: [&str; 9] = [
    "initialization",
    "certification",
    "keyupdate",
    "pkcs10",
    "revocation",
    "getcacerts",
    "getrootupdate",
    "getcertreqtemplate",
    "getcrls",
];

/// Whether what is sent to a path may end something: where that names no operation, or this one.
pub(crate) fn may_end(path: &str) -> bool {
    let [alone, _] = PATHS;
    let Some(rest) = path.strip_prefix(alone) else { return false };
    let operation = match rest.strip_prefix("/p/") {
        Some(labelled) => labelled.split_once('/').map_or("", |(_, operation)| operation),
        None => rest.strip_prefix('/').unwrap_or(rest),
    };
    matches!(operation, "" | "revocation")
}

/// The routes.
pub(crate) fn router() -> Router<Arc<MachinesState>> {
    let alone = || post(relay).fallback(|| async { WordedRefusal::from(Code::MethodNotAllowed) });
    let mut router = Router::new();
    for path in PATHS {
        router = router.route(path, alone());
        for operation in OPERATIONS {
            router = router.route(&format!("{path}/{operation}"), alone());
        }
    }
    router
}

/// The same alone, for clients that speak without TLS.
pub(crate) fn plain_router(state: Arc<MachinesState>) -> Router {
    router()
        .fallback(|| async { WordedRefusal::from(Code::NotFound) })
        .layer(DefaultBodyLimit::max(MESSAGE_BYTES_MAX))
        .layer(middleware::from_fn_with_state(state.clone(), watched::watched))
        .with_state(state)
}

/// Hands a message on, and its answer back.
async fn relay(
    State(state): State<Arc<MachinesState>>,
    label: Option<Path<String>>,
    asked: CmpAsked,
) -> Result<Response, WordedRefusal> {
    let profile = label.map(|Path(label)| label);
    let zones = zones::permit_message(&state, &asked.message.0, asked.source).await;
    let zones_refuse = refused_by_zones(zones)?;
    let handed = CmpMessage { message: asked.message, profile, zones_refuse };
    let answer = state.issuer.cmp(&handed, asked.may_end);
    // Nobody is known yet by what a message says; what may end something has places apart.
    let told = match asked.may_end {
        true => {
            let place = state.strangers.wait_for_end(asked.source).await;
            let _place = place.ok_or(Code::TooBusy)?;
            answer.await
        }
        false => {
            let _place = state.strangers.enter(asked.source).ok_or(Code::TooBusy)?;
            answer.await
        }
    };
    let refused = told.as_ref().ok().and_then(|reply| reply.refused);
    let ended = refused.map_or_else(|| outcome(&told), Code::name);
    // What was revoked is told all the same.
    if !state.keeps("machine-cmp", ended).await && !asked.may_end {
        return Err(Code::Unavailable.into());
    }
    Ok(message(told?.message.0, refused))
}

/// Whether it is what zones say that is refused: a client of CMP believes no status that anybody
/// could have sent, so the CA says it.
fn refused_by_zones(zones: Result<(), Code>) -> Result<bool, Code> {
    match zones {
        Ok(()) => Ok(false),
        Err(Code::SystemCaa) => Ok(true),
        Err(code) => Err(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_zones_refuse_is_said_by_the_ca() {
        assert_eq!(refused_by_zones(Ok(())), Ok(false));
        assert_eq!(refused_by_zones(Err(Code::SystemCaa)), Ok(true));
        assert_eq!(refused_by_zones(Err(Code::TooBusy)), Err(Code::TooBusy), "nothing was asked");
    }
}
