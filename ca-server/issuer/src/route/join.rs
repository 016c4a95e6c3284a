//! Lets an agent join under its order: the HMAC under the order's token is its right to.

use super::call::{PortalCall, PublicProcess, told};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::query::collect;
use axum::Json;
use axum::extract::State;
use records::enrolment::CollectedCertificate;
use records::join::Join;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn join(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<PublicProcess, Join>,
) -> Result<Json<CollectedCertificate>, Refused> {
    let message = Box::new(call.message);
    let asked = issuer.ask(|reply| Command::Join(call.caller, message, reply)).await;
    told(match asked {
        Ok(joined) => collect::issued(&issuer, &joined.value).await,
        Err(error) => Err(error),
    })
}
