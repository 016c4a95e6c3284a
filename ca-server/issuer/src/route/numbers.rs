//! Whether national numbers are registered. They become digests here and go no further; who asked
//! about how many is recorded before the answer leaves.

use super::call::{OfficerCall, answered, credential, told};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::reads;
use crate::verify::VerifiedNumbers;
use axum::Json;
use axum::extract::State;
use ca_api::handler::{AskedNumbers, NumberLines};
use records::time::day_in_beijing;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn numbers(
    State(issuer): State<Arc<Issuer>>,
    call: OfficerCall<AskedNumbers>,
) -> Result<Json<NumberLines>, Refused> {
    let OfficerCall { caller, officer, message } = call;
    let today = day_in_beijing(issuer.now());
    let read = credential(&issuer, &officer)
        .and_then(|()| VerifiedNumbers::read(&message, &issuer.context.numbers, today));
    match read {
        Ok(asked) => {
            let (read, count) = ((&caller, &officer), asked.digests().len() as u64);
            let (by, shown, asked) = (caller, officer.clone(), Box::new(asked));
            let command = |reply| Command::Numbers(by, shown, asked, reply);
            told(match issuer.ask(command).await {
                Ok(outcome) => {
                    let kept = reads::record_all(&issuer, read, ("numbers", count)).await;
                    kept.map(|()| outcome.value)
                }
                Err(error) => Err(error),
            })
        }
        Err(code) => answered(&issuer, "numbers", Err(code.into())),
    }
}
