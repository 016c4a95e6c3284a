//! A message that was sent: its media type, its size, and that it is one at all.

use super::answer::{CmpRefused, MEDIA_TYPE};
use crate::machines::state::MachinesState;
use axum::body::Bytes as Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use pkixcmp::message::MESSAGE_BYTES_MAX;
use pkixcmp::{BodyKind, CmpError, PkiMessage};
use records::{Bytes, Code};
use std::sync::Arc;
use std::time::Duration;

/// A body that takes longer is refused.
const BODY_SECONDS_MAX: u64 = 15;

/// A message of a client.
pub(super) struct CmpAsked {
    /// As it came, DER.
    pub(super) message: Bytes,
    /// Whether it may revoke something.
    pub(super) may_end: bool,
}

impl FromRequest<Arc<MachinesState>> for CmpAsked {
    type Rejection = CmpRefused;

    async fn from_request(
        request: Request,
        state: &Arc<MachinesState>,
    ) -> Result<Self, CmpRefused> {
        check_kind(request.headers())?;
        let limit = Duration::from_secs(BODY_SECONDS_MAX);
        let body = tokio::time::timeout(limit, Body::from_request(request, state)).await;
        let body = body.map_err(|_| Code::RequestLate)?.map_err(|_| Code::TooLarge)?;
        Ok(Self { may_end: may_end(&body)?, message: Bytes(body.to_vec()) })
    }
}

fn check_kind(headers: &HeaderMap) -> Result<(), Code> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    match kind.is_some_and(|kind| kind.eq_ignore_ascii_case(MEDIA_TYPE)) {
        true => Ok(()),
        false => Err(Code::MediaType),
    }
}

/// Whether a message may revoke something; what is no message is refused.
fn may_end(body: &[u8]) -> Result<bool, Code> {
    if body.len() > MESSAGE_BYTES_MAX {
        return Err(Code::TooLarge);
    }
    let read = PkiMessage::read(body).map_err(|error| match error {
        CmpError::TooLarge => Code::TooLarge,
        _ => Code::Malformed,
    })?;
    Ok(matches!(read.kind(), BodyKind::Revocation | BodyKind::Confirmation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn what_is_no_message_of_cmp_goes_no_further() {
        let large = [0x30; MESSAGE_BYTES_MAX + 1];
        assert_eq!(may_end(&large), Err(Code::TooLarge));
        for garbage in [&b""[..], b"garbage", &[0x30, 0], &[0x30, 0x80, 0, 0]] {
            assert_eq!(may_end(garbage), Err(Code::Malformed), "{garbage:?}");
        }
        let mut headers = HeaderMap::new();
        assert_eq!(check_kind(&headers), Err(Code::MediaType));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/PKIXCMP"));
        assert_eq!(check_kind(&headers), Ok(()));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pkcs10"));
        assert_eq!(check_kind(&headers), Err(Code::MediaType));
    }
}
