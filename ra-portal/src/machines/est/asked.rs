//! Who asks for what: password or certificate, then the media type, then the request itself, so
//! that nothing is read of who says nothing of themselves.

use super::answer::EstRefused;
use crate::machines::state::MachinesState;
use crate::machines::troubles::Asker;
use axum::body::Bytes as Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use data_encoding::BASE64;
use mtls::TlsConnection;
use pki::Certificate;
use records::machine::system_of;
use records::{Bytes, Code};
use std::sync::Arc;
use std::time::Duration;

/// A body that takes longer is refused.
const BODY_SECONDS_MAX: u64 = 15;
/// What a client says that it sends (RFC 7030 4.2.1).
const PKCS10: &str = "application/pkcs10";

/// User and password as they came (RFC 7617).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Password {
    pub(super) user: String,
    pub(super) password: String,
}

/// A request for a certificate.
pub(super) struct EstAsked {
    /// By a password, if one was sent.
    pub(super) password: Option<Password>,
    /// The certificate of the handshake, DER, if one was shown.
    pub(super) certificate: Option<Bytes>,
    /// The PKCS#10, DER; the CA reads it.
    pub(super) request: Bytes,
    /// From which subscriber it came.
    pub(super) source: u128,
}

impl FromRequest<Arc<MachinesState>> for EstAsked {
    type Rejection = EstRefused;

    async fn from_request(
        request: Request,
        state: &Arc<MachinesState>,
    ) -> Result<Self, EstRefused> {
        let asker = Asker::of(&request);
        let password = password(request.headers())?;
        if let Some(system) = password.as_ref().and_then(|one| system_of(&one.user)) {
            asker.claims(system);
        }
        let connection = request.extensions().get::<TlsConnection>();
        let certificate = connection.and_then(|connection| connection.certificate.clone());
        let source = connection.and_then(|connection| connection.subscriber).unwrap_or_default();
        if password.is_none() && certificate.is_none() {
            return Err(Code::SystemSecret.into());
        }
        if let Some(shown) = certificate.as_ref().and_then(|der| Certificate::read(der).ok()) {
            asker.shows(shown.serial().to_string());
        }
        check_kind(request.headers())?;
        let limit = Duration::from_secs(BODY_SECONDS_MAX);
        let body = tokio::time::timeout(limit, Body::from_request(request, state)).await;
        let body = body.map_err(|_| Code::RequestLate)?.map_err(|_| Code::TooLarge)?;
        let der = decode(&body)?;
        let certificate = certificate.map(|der| Bytes::from(der.as_slice()));
        Ok(Self { password, certificate, request: Bytes(der), source })
    }
}

/// User and password; without any nothing, and what is another scheme or no base64 is refused as a
/// wrong one is.
fn password(headers: &HeaderMap) -> Result<Option<Password>, Code> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let Some(one) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(Code::Malformed);
    }
    let read = || {
        let (scheme, text) = one.to_str().ok()?.split_once(' ')?;
        let bytes = BASE64.decode(text.trim().as_bytes()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (user, password) = text.split_once(':')?;
        let password = Password { user: user.to_owned(), password: password.to_owned() };
        scheme.eq_ignore_ascii_case("basic").then_some(password)
    };
    read().map(Some).ok_or(Code::SystemSecret)
}

fn check_kind(headers: &HeaderMap) -> Result<(), Code> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    match kind.is_some_and(|kind| kind.eq_ignore_ascii_case(PKCS10)) {
        true => Ok(()),
        false => Err(Code::MediaType),
    }
}

fn decode(body: &[u8]) -> Result<Vec<u8>, Code> {
    pki::est::decoded(body).ok_or(Code::RequestMalformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(name: header::HeaderName, values: &[&str]) -> HeaderMap {
        let value = |text: &&str| (name.clone(), HeaderValue::from_str(text).unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in values.iter().map(value) {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn base64_is_read_with_line_breaks_and_without() {
        let der = [0x30, 0x82, 1, 2, 3, 4, 5];
        let text = BASE64.encode(&der);
        let (head, tail) = text.split_at(5);
        for body in [
            text.clone(),
            format!("{text}\n"),
            format!("{text}\r\n"),
            format!("{head}\n{tail}"),
            format!("{head}\r\n{tail}\r\n"),
            format!("\r\n {head}\t{tail} \n"),
        ] {
            assert_eq!(decode(body.as_bytes()), Ok(der.to_vec()), "{body:?}");
        }
        let pem = format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END");
        let url = text.replace('=', "");
        for body in ["", "\n", "=", "MIIB!", &pem, &url, "MII\0B"] {
            assert_eq!(decode(body.as_bytes()), Err(Code::RequestMalformed), "{body:?}");
        }
        assert_eq!(decode(&der), Err(Code::RequestMalformed), "DER itself");
    }

    #[test]
    fn a_password_is_read_as_it_came() {
        let read = |values: &[&str]| password(&headers(header::AUTHORIZATION, values));
        let told = |user: &str, password: &str| {
            Ok(Some(Password { user: user.into(), password: password.into() }))
        };
        let basic = |text: &str| format!("Basic {}", BASE64.encode(text.as_bytes()));
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[&basic("site.00:secret")]), told("site.00", "secret"));
        assert_eq!(read(&[&basic("site:a:b")]), told("site", "a:b"));
        assert_eq!(read(&[&basic("site:s").replace("Basic", "bAsIc")]), told("site", "s"));
        for wrong in ["Basic", "Basic !", "Bearer c2l0ZTpz", "Digest x", &basic("nothing")] {
            assert_eq!(read(&[wrong]), Err(Code::SystemSecret), "{wrong}");
        }
        assert_eq!(read(&[&basic("a:b"), &basic("c:d")]), Err(Code::Malformed));
    }

    #[test]
    fn a_request_says_what_it_is() {
        let check = |values: &[&str]| check_kind(&headers(header::CONTENT_TYPE, values));
        assert_eq!(check(&["application/pkcs10"]), Ok(()));
        assert_eq!(check(&["Application/PKCS10; charset=us-ascii"]), Ok(()));
        for wrong in [&["application/x-www-form-urlencoded"][..], &["application/pkcs10x"], &[]] {
            assert_eq!(check(wrong), Err(Code::MediaType), "{wrong:?}");
        }
    }
}
