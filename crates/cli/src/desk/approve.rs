//! `POST /orders/ORDER/approve`: the order is fetched and checked again, and its digest is signed
//! if it is the one that was shown.

use super::bench::Bench;
use super::frame::Frame;
use super::guard::{Key, Posted};
use super::order::Checked;
use crate::approve::Approving;
use crate::consent::at_desk;
use crate::exit::Failure;
use crate::files::Opened;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use portal_api::plain;
use records::export::Look;
use serde::Deserialize;
use std::sync::Arc;

/// What the review sends.
#[derive(Deserialize)]
pub(super) struct Shown {
    digest: String,
}

/// `POST /orders/{order}/approve`
pub(super) async fn approve(
    State(bench): State<Arc<Bench>>,
    Key(opened): Key,
    Path(order): Path<String>,
    posted: Posted<Shown>,
) -> Response {
    match sign(&bench, &opened, &order, &posted.form).await {
        Ok(()) => Redirect::to("/").into_response(),
        Err(failure) => Frame::inside(&bench, &posted.admitted, "/").failed(&failure),
    }
}

async fn sign(bench: &Bench, opened: &Opened, order: &str, shown: &Shown) -> Result<(), Failure> {
    let checked = Checked::fetch(bench, opened, order).await?;
    if checked.has_moved() {
        let moved = plain::look(Look::Moved);
        return Err(Failure::usage(&moved.zh, moved.en));
    }
    let order = Approving::of(checked.opened, checked.standing.as_ref());
    let approval = at_desk(order, &shown.digest)?.sign(opened)?;
    bench.portal(opened)?.approve(&approval).await?;
    Ok(())
}
