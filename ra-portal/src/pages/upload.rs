//! A file that a page of this very host sent, with the texts beside it: bounded, whole, and kept
//! nowhere.

use super::form::{is_own, unread};
use super::frame::Frame;
use super::problem;
use crate::refusal::refused;
use crate::state::PortalState;
use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use axum::response::Response;
use records::Code;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A file that takes longer is refused.
const FILE_SECONDS_MAX: u64 = 60;
/// Fields that a form of ours has at most.
const FIELDS_MAX: usize = 8;

/// The fields of a form with a file, by their names.
pub(crate) struct Uploaded(pub(crate) BTreeMap<String, Vec<u8>>);

impl FromRequest<Arc<PortalState>> for Uploaded {
    type Rejection = Response;

    async fn from_request(request: Request, portal: &Arc<PortalState>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(frame) = Frame::from_request_parts(&mut parts, portal).await;
        let path = parts.uri.path().to_owned();
        let no = |code| problem::page(&frame, &refused(code).0, &path);
        if !is_own(&parts.headers, parts.uri.authority().map(|host| host.as_str())) {
            portal.metrics.count("request", Code::CrossSite.name());
            return Err(no(Code::CrossSite));
        }
        let request = Request::from_parts(parts, body);
        let limit = Duration::from_secs(FILE_SECONDS_MAX);
        match tokio::time::timeout(limit, fields(request, portal)).await {
            Ok(Ok(fields)) => Ok(Self(fields)),
            Ok(Err(code)) => Err(no(code)),
            Err(_) => Err(no(Code::RequestLate)),
        }
    }
}

async fn fields(
    request: Request,
    portal: &Arc<PortalState>,
) -> Result<BTreeMap<String, Vec<u8>>, Code> {
    let read = Multipart::from_request(request, portal).await;
    let mut read = read.map_err(|_| Code::Malformed)?;
    let mut fields = BTreeMap::new();
    while let Some(field) = read.next_field().await.map_err(|why| unread(why.status()))? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|why| unread(why.status()))?;
        if fields.len() >= FIELDS_MAX {
            return Err(Code::Malformed);
        }
        fields.insert(name, bytes.to_vec());
    }
    Ok(fields)
}
