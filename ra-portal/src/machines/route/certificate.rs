//! The certificate of an order: a chain in PEM without the root (RFC 8555 7.4.2).

use crate::machines::answer::Answer;
use crate::machines::signed::ByAccount;
use crate::machines::state::MachinesState;
use crate::machines::table::certificate;
use acme::ProblemKind;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use std::sync::Arc;

const PEM_CHAIN: &str = "application/pem-certificate-chain";

pub(super) async fn read(
    State(state): State<Arc<MachinesState>>,
    Path(id): Path<String>,
    signed: ByAccount,
) -> Answer<impl IntoResponse> {
    signed.reads()?;
    let found = certificate::chain(&state.store, &id).await?;
    let (account, chain) = found.ok_or(ProblemKind::NotFound)?;
    match account == signed.account.account {
        true => Ok(([(header::CONTENT_TYPE, PEM_CHAIN)], chain)),
        false => Err(ProblemKind::Unauthorized.into()),
    }
}
