//! Lets an agent join under its order: the HMAC under the order's token is its right to.

use super::call::{PortalCall, PublicProcess, told};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::query::collect;
use crate::secret_name::join_in_turn;
use crate::verify::VerifiedMachine;
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
    let message = join_in_turn(&issuer, VerifiedMachine::joining(call.message)).await;
    let message = Box::new(message);
    let asked = issuer.ask(|reply| Command::Join(call.caller, message, reply)).await;
    told(match asked {
        Ok(joined) => collect::issued(&issuer, &joined.value).await,
        Err(error) => Err(error),
    })
}
