//! What the HTTP library refuses by itself, before there is a request: a bare status. In its place
//! leaves what the service says of such a head; over HTTP/2 ([`super::frames`]) the fields of that,
//! since bytes of a body count for windows that the library keeps.
//!
//! Over HTTP/1 the library writes it at once, while no request is under way, none began since all
//! that was written before has left, and nobody else writes anything then
//! ([`super::paced_stream`] looks at that). So no byte of an answer is ever taken for it.

use super::frames::RefusalFields;
use super::head::RequestFault;
use axum::body::Body;
use bytes::Bytes;
use http::{Response, header};
use http_body_util::BodyExt;
use std::pin::pin;
use std::task::{Context, Poll};

/// What a service says of a fault.
pub(super) type Refuse = fn(RequestFault) -> Response<Body>;

/// The fields of what a service says, but those about its body.
pub(super) fn fields(refuse: Refuse) -> RefusalFields {
    let of_body = [header::CONTENT_TYPE, header::CONTENT_LENGTH];
    Box::new(move |fault| {
        let refusal = refuse(fault);
        let fields = refusal.headers().iter().filter(|(name, _)| !of_body.contains(name));
        let texts =
            fields.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?)));
        texts.map(|(name, value)| (name, value.to_owned())).collect()
    })
}

/// What the library found wrong, if this is the whole of its bare refusal.
pub(super) fn fault(bytes: &[u8]) -> Option<RequestFault> {
    let text = core::str::from_utf8(bytes.strip_suffix(b"\r\n\r\n")?).ok()?;
    let mut lines = text.split("\r\n");
    let line = lines.next()?;
    let line = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "))?;
    if !lines.any(|line| line.eq_ignore_ascii_case("content-length: 0")) {
        return None;
    }
    match line.get(..3)? {
        "400" => Some(RequestFault::Form),
        "414" => Some(RequestFault::Target),
        "431" => Some(RequestFault::Size),
        _ => None,
    }
}

/// The bytes of a refusal, dated as the bare one is, behind which the connection is closed; nothing
/// if its body is not there at once.
pub(super) fn in_place_of(
    bare: &[u8],
    refusal: Response<Body>,
    context: &mut Context<'_>,
) -> Option<Bytes> {
    let (head, body) = refusal.into_parts();
    let Poll::Ready(Ok(body)) = pin!(body.collect()).poll(context) else { return None };
    let body = body.to_bytes();
    let mut bytes = format!("HTTP/1.1 {}\r\n", head.status).into_bytes();
    let mut add = |name: &[u8], value: &[u8]| {
        bytes.extend([name, b": ", value, b"\r\n"].concat());
    };
    for (name, value) in head.headers.iter().filter(|(name, _)| *name != header::CONTENT_LENGTH) {
        add(name.as_str().as_bytes(), value.as_bytes());
    }
    add(b"content-length", body.len().to_string().as_bytes());
    add(b"connection", b"close");
    let mut lines = bare.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let date = lines.find_map(|line| line.strip_prefix(b"date: "));
    if let Some(date) = date {
        add(b"date", date);
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    Some(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    const DATE: &str = "date: Tue, 24 Nov 2026 08:00:00 GMT";

    #[test]
    fn a_bare_refusal_is_known_by_its_whole() {
        let bare = |status: &str| {
            format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n{DATE}\r\n\r\n")
        };
        for (status, wanted) in [
            ("400 Bad Request", Some(RequestFault::Form)),
            ("414 URI Too Long", Some(RequestFault::Target)),
            ("431 Request Header Fields Too Large", Some(RequestFault::Size)),
            ("404 Not Found", None),
            ("200 OK", None),
        ] {
            assert_eq!(fault(bare(status).as_bytes()), wanted, "{status}");
        }
        let bare = bare("400 Bad Request");
        for other in [
            bare.replace("content-length: 0", "content-length: 10"),
            bare.replace("HTTP/1.1 ", "HTTP/2 "),
            format!("x{bare}"),
            format!("{bare}x"),
            bare.trim_end().to_owned(),
            String::new(),
        ] {
            assert_eq!(fault(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_refusal_leaves_whole_with_the_date_of_the_bare_one() {
        let mut refusal = Response::new(Body::from("{}"));
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        refusal.headers_mut().insert("x-a", "b".parse().unwrap());
        let mut context = Context::from_waker(std::task::Waker::noop());
        let bare = format!("HTTP/1.1 400 Bad Request\r\n{DATE}\r\n\r\n");
        let bytes = in_place_of(bare.as_bytes(), refusal, &mut context).unwrap();
        let wanted = format!(
            "HTTP/1.1 400 Bad Request\r\nx-a: b\r\ncontent-length: 2\r\nconnection: close\r\n\
             {DATE}\r\n\r\n{{}}"
        );
        assert_eq!(bytes, wanted);
    }
}
