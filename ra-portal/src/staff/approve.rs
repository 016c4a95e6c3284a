//! `POST /orders/ORDER/approve`: carries what a passkey said about an order. The CA checks all of
//! it.

use super::certificate::{self, ReaderCertificate};
use super::touch::Touch;
use crate::pages::{Frame, FromPath, Posted};
use crate::refusal::{passed_on, refused};
use crate::state::PortalState;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::AsOfficer;
use records::letter::read_reference;
use records::{Approval, Bytes, Code};
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

/// What the page's script sends.
#[derive(Deserialize)]
pub(super) struct Form {
    digest: String,
    /// Person id of whoever is on leave; empty where it is for nobody else.
    #[serde(rename = "for", default)]
    acting_for: String,
    #[serde(flatten)]
    touch: Touch,
}

/// `POST /orders/{order}/approve`
pub(super) async fn approve(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromPath(order): FromPath<String>,
    Posted(fields): Posted<Vec<(String, String)>>,
) -> Response {
    let back = match read_reference(&order) {
        Some(order) => format!("/orders/{order}"),
        None => "/".to_owned(),
    };
    let told = match approval(&shown.certificate, fields) {
        Some(message) => {
            let message = AsOfficer { certificate: shown.certificate, message };
            let answer = passed_on(portal.issuer.approve(&message).await);
            portal.recorded_brake("approve", &shown.person, answer).await
        }
        None => Err(refused(Code::Malformed)),
    };
    match told {
        Ok(_) => Redirect::to("/").into_response(),
        Err(Refused(told)) => certificate::refused_page(&f, &portal, &told, &back),
    }
}

/// The fields by name, and the orders of a batch that are said to be opened, in their order.
fn read(fields: Vec<(String, String)>) -> Option<(Form, Option<Bytes>)> {
    let (opened, others): (Vec<_>, Vec<_>) =
        fields.into_iter().partition(|(name, _)| name.starts_with("opened-"));
    let digest = |(name, _): &(String, String)| Bytes::read(name.strip_prefix("opened-")?);
    let rows: Option<Vec<Bytes>> = opened.iter().map(digest).collect();
    let rows: Vec<u8> = rows?.into_iter().flat_map(|row| row.0).collect();
    let opened = (!rows.is_empty()).then_some(Bytes(rows));
    let named: serde_json::Map<_, _> =
        others.into_iter().map(|(name, value)| (name, value.into())).collect();
    Some((serde_json::from_value(named.into()).ok()?, opened))
}

fn approval(certificate: &Bytes, fields: Vec<(String, String)>) -> Option<Approval> {
    let (form, opened) = read(fields)?;
    let (signature, assertion) = form.touch.read()?;
    Some(Approval {
        v: 1,
        method: "passkey".into(),
        order: Bytes::read(&form.digest)?,
        certificate: certificate.clone(),
        signature,
        assertion: Some(assertion),
        acting_for: Some(form.acting_for).filter(|id| !id.is_empty()),
        opened,
    })
}
