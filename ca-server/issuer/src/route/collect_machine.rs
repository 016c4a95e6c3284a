//! Hands a system's certificate out once the tree has its record.

use super::call::{MachinesProcess, PortalCall, answered};
use crate::issuer::Issuer;
use crate::query::collect;
use axum::Json;
use axum::extract::State;
use records::join::RenewedChain;
use records::machine::CollectMachine;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn collect(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<MachinesProcess, CollectMachine>,
) -> Result<Json<RenewedChain>, Refused> {
    let chain = collect::of_system(&issuer, &call.message.serial).await;
    answered(&issuer, "collect-machine", chain.map(|chain| RenewedChain { chain }))
}
