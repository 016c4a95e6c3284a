//! `POST /api/v1/drafts/withdraw`

use crate::message::Message;
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use axum::Json;
use axum::extract::State;
use ca_api::AsOfficer;
use records::passkey::one_spelling;
use records::withdrawal::{Withdrawal, WithdrawalAnswer};
use service::problem::Refused;
use std::sync::Arc;

pub(super) async fn withdraw(
    State(portal): State<Arc<PortalState>>,
    StaffCertificate { certificate, person }: StaffCertificate,
    Message(mut message): Message<Withdrawal>,
) -> Result<Json<WithdrawalAnswer>, Refused> {
    if message.assertion.is_some() {
        message.signature = one_spelling(message.signature);
    }
    let message = AsOfficer { certificate, message };
    let answer = passed_on(portal.issuer.withdraw(&message).await);
    portal.recorded_brake("withdraw", &person, answer).await.map(Json)
}
