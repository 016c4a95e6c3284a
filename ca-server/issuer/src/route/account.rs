//! Says what a system's account may ask for, and whether it still may.

use super::call::{MachinesProcess, PortalCall, answered, viewed};
use crate::decide::machine::account_of;
use crate::issuer::Issuer;
use axum::Json;
use axum::extract::State;
use records::machine::{AskAccount, MachineAccount};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn account(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<MachinesProcess, AskAccount>,
) -> Result<Json<MachineAccount>, Refused> {
    let now = issuer.now();
    let found = viewed(&issuer, |authority| account_of(authority, &call.message.account, now));
    answered(&issuer, "account", found.map_err(Into::into))
}
