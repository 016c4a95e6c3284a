//! Answers a message of CMP that a portal handed on.

use super::call::{MachinesProcess, PortalCall, told};
use crate::cmp;
use crate::issuer::Issuer;
use axum::Json;
use axum::extract::State;
use records::Code;
use records::cmp::{CmpMessage, CmpReply};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn answer(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<MachinesProcess, CmpMessage>,
) -> Result<Json<CmpReply>, Refused> {
    answered(&issuer, call, false).await
}

/// The same over a place of brakes.
pub(crate) async fn answer_end(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<MachinesProcess, CmpMessage>,
) -> Result<Json<CmpReply>, Refused> {
    answered(&issuer, call, true).await
}

async fn answered(
    issuer: &Arc<Issuer>,
    call: PortalCall<MachinesProcess, CmpMessage>,
    may_end: bool,
) -> Result<Json<CmpReply>, Refused> {
    let answer = cmp::answer(issuer, call.caller, call.message, may_end).await;
    let outcome = match &answer {
        Ok(reply) => reply.refused.map_or("done", Code::name),
        Err(error) => error.code().name(),
    };
    issuer.metrics.count("cmp", outcome);
    told(answer)
}
