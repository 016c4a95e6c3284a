//! Renews a person's certificate: verified here, beside everything else, then decided by the
//! writer.

use super::call::{PortalCall, PublicProcess, answered, told};
use crate::command::Command;
use crate::issuer::Issuer;
use crate::query;
use crate::verify::VerifiedRenewal;
use axum::Json;
use axum::extract::State;
use records::renewal::{RenewCertificate, RenewalAnswer};
use service::fault;
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn renew(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<PublicProcess, RenewCertificate>,
) -> Result<Json<RenewalAnswer>, Refused> {
    let verified = match issuer.view() {
        Ok(view) => VerifiedRenewal::verify(call.message, view.authority()),
        Err(code) => return answered(&issuer, "renew-certificate", Err(code.into())),
    };
    let verified = match verified {
        Ok(verified) => Box::new(verified),
        Err(code) => return answered(&issuer, "renew-certificate", Err(code.into())),
    };
    let serial = verified.serial();
    let asked = issuer.ask(|reply| Command::RenewCertificate(call.caller, verified, reply)).await;
    let answer = match asked {
        Ok(outcome) => query::renewal::followed(&issuer, &serial, outcome.value).await,
        Err(error) => Err(error),
    };
    fault::point("renew-before-answer");
    told(answer)
}
