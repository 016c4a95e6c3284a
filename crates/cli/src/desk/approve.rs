//! `POST /orders/ORDER/approve`: the order is fetched and checked again, and its digest is signed
//! if it is the one that was shown; of a batch with the orders that were opened, if those are the
//! ones that have to be.

use super::bench::Bench;
use super::frame::Frame;
use super::guard::{Key, Posted};
use super::order::Checked;
use crate::consent::at_desk;
use crate::exit::Failure;
use crate::files::SigningIdentity;
use crate::order::moved;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the review sends.
#[derive(Deserialize)]
pub(super) struct ReviewForm {
    digest: String,
    /// For whom: their own id, or that of somebody on leave.
    #[serde(rename = "for", default)]
    acting_for: String,
    /// `opened-ORDER` for each order of a batch that was opened.
    #[serde(flatten)]
    opened: BTreeMap<String, String>,
}

/// Answers `POST /orders/{order}/approve`.
pub(super) async fn approve(
    State(bench): State<Arc<Bench>>,
    Key(opened): Key,
    Path(order): Path<String>,
    posted: Posted<ReviewForm>,
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
    shown: &ReviewForm,
) -> Result<(), Failure> {
    let checked = Checked::fetch(bench, opened, order).await?;
    if checked.has_moved() {
        return Err(moved());
    }
    let named = shown.opened.keys().filter_map(|name| name.strip_prefix("opened-"));
    let named: Vec<String> = named.map(str::to_owned).collect();
    let is_other = |id: &&String| !id.is_empty() && **id != checked.person;
    let acting_for = Some(&shown.acting_for).filter(is_other).cloned();
    let approving = checked.approving(acting_for);
    let approval = at_desk(approving, (&shown.digest, &named))?.sign(&*bench.to_sign()?)?;
    bench.portal(opened)?.approve(&approval).await?;
    Ok(())
}
