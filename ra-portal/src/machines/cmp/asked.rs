//! A message that was sent: its media type, its size, and that it is one at all.

use super::answer::MEDIA_TYPE;
use crate::machines::state::MachinesState;
use crate::machines::troubles::Asker;
use crate::machines::worded_refusal::WordedRefusal;
use axum::body::Bytes as Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use mtls::TlsConnection;
use mtls::listen::BrakePlace;
use pki::Certificate;
use pkixcmp::{BodyKind, CmpError, PkiMessage};
use records::machine::system_of;
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
    /// From which subscriber it came.
    pub(super) source: u128,
}

impl FromRequest<Arc<MachinesState>> for CmpAsked {
    type Rejection = WordedRefusal;

    async fn from_request(
        request: Request,
        state: &Arc<MachinesState>,
    ) -> Result<Self, WordedRefusal> {
        check_kind(request.headers())?;
        let asker = Asker::of(&request);
        let connection = request.extensions().get::<TlsConnection>();
        let source = connection.and_then(|connection| connection.subscriber).unwrap_or_default();
        let brake = request.extensions().get::<BrakePlace>().cloned();
        let limit = Duration::from_secs(BODY_SECONDS_MAX);
        let body = tokio::time::timeout(limit, Body::from_request(request, state)).await;
        let body = body.map_err(|_| Code::RequestLate)?.map_err(|_| Code::TooLarge)?;
        let read = read(&body)?;
        says(&asker, &read);
        let may_end = matches!(read.kind(), BodyKind::Revocation | BodyKind::Confirmation);
        // Whoever asks for a certificate waits for zones and others, and keeps no revocation out.
        if !may_end && brake.is_some_and(|place| !place.leave()) {
            return Err(Code::TooBusy.into());
        }
        Ok(Self { message: Bytes(body.to_vec()), may_end, source })
    }
}

/// Whose a message is, as it says: by the id of a secret, or by a certificate that came along.
fn says(asker: &Asker, message: &PkiMessage) {
    let named = core::str::from_utf8(&message.header().sender_key).ok().and_then(system_of);
    if let Some(system) = named {
        asker.claims(system);
    }
    let shown = message.first_certificate().and_then(|der| Certificate::read(der).ok());
    if let Some(shown) = shown {
        asker.shows(shown.serial().to_string());
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

/// A message; what is none is refused.
fn read(body: &[u8]) -> Result<PkiMessage, Code> {
    PkiMessage::read(body).map_err(|error| match error {
        CmpError::TooLarge => Code::TooLarge,
        _ => Code::Malformed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use pkixcmp::message::MESSAGE_BYTES_MAX;

    #[test]
    fn what_is_no_message_of_cmp_goes_no_further() {
        let large = [0x30; MESSAGE_BYTES_MAX + 1];
        assert_eq!(read(&large).err(), Some(Code::TooLarge));
        for garbage in [&b""[..], b"garbage", &[0x30, 0], &[0x30, 0x80, 0, 0]] {
            assert_eq!(read(garbage).err(), Some(Code::Malformed), "{garbage:?}");
        }
        let mut headers = HeaderMap::new();
        assert_eq!(check_kind(&headers), Err(Code::MediaType));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/PKIXCMP"));
        assert_eq!(check_kind(&headers), Ok(()));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pkcs10"));
        assert_eq!(check_kind(&headers), Err(Code::MediaType));
    }
}
