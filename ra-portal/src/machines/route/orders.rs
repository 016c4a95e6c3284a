//! The orders of an account that are not invalid, oldest first, a page at a time (RFC 8555
//! 7.1.2.1).

use crate::machines::answer::{Answer, Resource};
use crate::machines::signed::ByAccount;
use crate::machines::state::MachinesState;
use crate::machines::table::order;
use acme::{AcmeProblem, ProblemKind};
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// Orders of a page.
const PAGE: i64 = 100;

#[derive(Deserialize)]
pub(super) struct Behind {
    #[serde(default)]
    behind: Option<i64>,
}

pub(super) async fn list(
    State(state): State<Arc<MachinesState>>,
    Path(id): Path<String>,
    query: Result<Query<Behind>, axum::extract::rejection::QueryRejection>,
    signed: ByAccount,
) -> Answer<Resource> {
    signed.reads()?;
    if id != signed.account.account {
        return Err(ProblemKind::Unauthorized.into());
    }
    let (zh, en) = ("页码不正确", "there is no such page");
    let query = query.map_err(|_| AcmeProblem::about(ProblemKind::Malformed, zh, en))?;
    let behind = query.0.behind.unwrap_or(0);
    let from = (behind, state.clock.seconds());
    let found = order::of_account(&state.store, &id, from, PAGE).await?;
    let urls: Vec<String> = found.iter().map(|(_, order)| state.urls.order(order)).collect();
    let resource = Resource::new(json!({ "orders": urls }));
    let is_full = i64::try_from(found.len()).is_ok_and(|count| count == PAGE);
    Ok(match found.last().filter(|_| is_full) {
        Some((last, _)) => {
            let next = format!("{}?behind={last}", state.urls.orders(&id));
            resource.linked(&next, "next")
        }
        None => resource,
    })
}
