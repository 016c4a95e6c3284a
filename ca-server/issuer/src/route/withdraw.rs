//! Takes back what somebody drafted, as they signed it.

use super::call::{OfficerCall, answered, credential, told};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::verify::VerifiedWithdrawal;
use axum::Json;
use axum::extract::State;
use records::withdrawal::{Withdrawal, WithdrawalAnswer};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn withdraw(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<Withdrawal>,
) -> Result<Json<WithdrawalAnswer>, Refused> {
    let OfficerCall { caller, officer, message } = call;
    let verified = credential(&issuer, &officer)
        .and_then(|()| VerifiedWithdrawal::verify(message, &issuer.signatures));
    match verified {
        Ok(verified) => {
            let command = |reply| Command::Withdraw(caller, officer, Box::new(verified), reply);
            told(issuer.ask(command).await.map(|outcome| outcome.value))
        }
        Err(code) => answered(&issuer, "withdraw", Err(code.into())),
    }
}
