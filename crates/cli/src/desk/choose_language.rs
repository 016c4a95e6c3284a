//! `POST /language`: the form in every footer.

use super::bench::Bench;
use super::guard::Posted;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use page::Language;
use serde::Deserialize;
use std::sync::Arc;

/// What the footer sends.
#[derive(Deserialize)]
pub(super) struct Chosen {
    language: String,
}

/// Answers `POST /language`.
pub(super) async fn choose(
    State(bench): State<Arc<Bench>>,
    Posted { form, .. }: Posted<Chosen>,
) -> Response {
    let language = Language::BOTH.into_iter().find(|one| one.tag() == form.language);
    bench.choose(language.unwrap_or_default());
    Redirect::to("/").into_response()
}
