//! Fields behind the body of an answer: they pass where both sides speak HTTP/2, by the rules of
//! other fields, and less of them.

use super::fields::{members, to_tunnel};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Version, header};

/// What means something in a head only, where it was judged: how a message is routed, framed, kept
/// or read, and who is told what (RFC 9110 6.5.1). `*` at an end stands for any text.
const OF_HEAD: [&str; 20] = [
    "access-control-*",
    "age",
    "alt-svc",
    "authorization",
    "cache-control",
    "clear-site-data",
    "content-*",
    "cookie",
    "cross-origin-*",
    "date",
    "expires",
    "host",
    "location",
    "pragma",
    "refresh",
    "retry-after",
    "set-cookie",
    "strict-transport-security",
    "vary",
    "www-authenticate",
];

/// What a person gets of the fields behind an answer.
pub(super) fn to_person(fields: &HeaderMap) -> HeaderMap {
    let is_of_head = |name: &str| {
        OF_HEAD.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => *known == name,
        })
    };
    let mut passed = HeaderMap::new();
    for (name, value) in to_tunnel(fields).iter().filter(|(name, _)| !is_of_head(name.as_str())) {
        passed.append(name.clone(), value.clone());
    }
    passed
}

/// Says to an application of HTTP/2 that fields behind its answer are welcome, where a client of
/// HTTP/2 says so. Gives whether they pass: a client of HTTP/1.1 is never sent any.
pub(super) fn meet(asked: &Parts, head: &mut Request<()>) -> bool {
    let passes = asked.version == Version::HTTP_2;
    if passes && members(&asked.headers, &header::TE).any(is_trailers) {
        head.headers_mut().insert(header::TE, HeaderValue::from_static("trailers"));
    }
    passes
}

fn is_trailers(member: &[u8]) -> bool {
    member.eq_ignore_ascii_case(b"trailers")
}

/// Whether the messages of a request come when they come.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let rest = value.strip_prefix(b"application/grpc");
    rest.is_some_and(|rest| rest.first().is_none_or(|byte| b"+;".contains(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    fn of(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let field =
            |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        fields.iter().map(field).collect()
    }

    /// The result of a call passes; nothing that names an identity, a framing, a cookie or an
    /// origin does, which would be read behind a head that was judged without it.
    #[test]
    fn behind_an_answer_stands_no_field_of_its_head() {
        let said = [("grpc-status", "5"), ("grpc-message", "none"), ("x-checksum", "7")];
        assert_eq!(to_person(&of(&said)), of(&said));
        for name in [
            "yinxin-identity",
            "connection",
            "content-length",
            "content-type",
            "transfer-encoding",
            "set-cookie",
            "location",
            "cache-control",
            "access-control-allow-origin",
            "www-authenticate",
            "proxy-authenticate",
            "server",
            "te",
            "trailer",
            "upgrade",
            "host",
        ] {
            let both = of(&[("grpc-status", "0"), (name, "1")]);
            assert_eq!(to_person(&both), of(&[("grpc-status", "0")]), "{name}");
        }
        let nominated = of(&[("connection", "x-checksum"), ("x-checksum", "7")]);
        assert!(to_person(&nominated).is_empty());
    }

    /// Of `te` one word passes, and from a client of HTTP/2 alone; only that gets the fields.
    #[test]
    fn of_te_one_word_passes() {
        for (version, te, told, passes) in [
            (Version::HTTP_2, "trailers", true, true),
            (Version::HTTP_2, "gzip, Trailers", true, true),
            (Version::HTTP_2, "gzip", false, true),
            (Version::HTTP_2, "trailers;q=0", false, true),
            (Version::HTTP_11, "trailers", false, false),
            (Version::HTTP_10, "trailers", false, false),
        ] {
            let asked = Request::builder().version(version).header(header::TE, te).body(());
            let (asked, ()) = asked.unwrap().into_parts();
            let mut head = Request::new(());
            assert_eq!(meet(&asked, &mut head), passes, "{version:?} {te}");
            let got = head.headers().get(header::TE).map(HeaderValue::as_bytes);
            assert_eq!(got, told.then_some(b"trailers".as_slice()), "{version:?} {te}");
        }
    }

    /// Only what says that it is gRPC may be silent for as long as an answer.
    #[test]
    fn only_what_names_itself_grpc_is_a_conversation() {
        for (said, is_one) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc;charset=utf-8", true),
            ("application/grpc-web", false),
            ("application/json", false),
            ("text/application/grpc", false),
        ] {
            assert_eq!(is_grpc(&of(&[("content-type", said)])), is_one, "{said}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }
}
