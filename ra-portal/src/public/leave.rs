//! `POST /leave`: closes the letter in this browser, and what it reported.

use super::letter::close;
use super::receipt::forget;
use crate::pages::Posted;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Nothing.
#[derive(Deserialize)]
pub(super) struct Form {}

/// `POST /leave`
pub(super) async fn leave(Posted(Form {}): Posted<Form>) -> Response {
    let mut response = Redirect::to("/").into_response();
    close(&mut response);
    forget(&mut response);
    response
}
