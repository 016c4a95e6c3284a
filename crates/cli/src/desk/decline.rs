//! `POST /orders/ORDER/decline`: sends back or rejects what was shown, with a reason.

use super::bench::Bench;
use super::frame::Frame;
use super::guard::{Key, Posted};
use super::order::Checked;
use crate::consent::at_desk;
use crate::decline::Declined;
use crate::exit::Failure;
use crate::files::SigningIdentity;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use records::decline::Outcome;
use serde::Deserialize;
use std::sync::Arc;

/// What the review sends.
#[derive(Deserialize)]
pub(super) struct Decided {
    digest: String,
    outcome: String,
    reason: String,
}

/// Answers `POST /orders/{order}/decline`.
pub(super) async fn decline(
    State(bench): State<Arc<Bench>>,
    Key(opened): Key,
    Path(order): Path<String>,
    posted: Posted<Decided>,
) -> Response {
    match sign(&bench, &opened, &order, &posted.form).await {
        Ok(()) => Redirect::to("/").into_response(),
        Err(failure) => Frame::inside(&bench, &posted.admitted, "/").failed(&failure),
    }
}

async fn sign(
    bench: &Bench,
    opened: &SigningIdentity,
    order: &str,
    said: &Decided,
) -> Result<(), Failure> {
    let outcome = Outcome::from_name(&said.outcome).ok_or_else(|| {
        Failure::usage("请选择退回或驳回，并写明理由。", "choose what to do, and say why")
    })?;
    let checked = Checked::fetch(bench, opened, order).await?;
    let declined = Declined::new(checked.opened, outcome, &said.reason)?;
    let message = at_desk(declined, (&said.digest, &[]))?.sign(&*bench.to_sign()?)?;
    bench.portal(opened)?.decline(&message).await?;
    Ok(())
}
