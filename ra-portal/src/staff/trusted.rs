//! `GET /trusted`: nothing, for pages of the public host that ask whether this browser trusts the
//! root. It is the only answer of this host that a page of another may ask for, and says nothing.

use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

/// `GET /trusted`
pub(super) async fn show() -> Response {
    const SHARED: (HeaderName, &str) =
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
    (StatusCode::NO_CONTENT, [SHARED]).into_response()
}
