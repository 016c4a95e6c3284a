//! Header fields: what a client may not say, what an application may not answer.

use super::allowed::AllowedFields;
use super::forbidden::is_forbidden;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use std::net::IpAddr;

/// Fields of one connection only (RFC 9110 7.6.1).
const HOP: [&str; 7] =
    ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings"];

/// Fields that the gate writes itself.
const OWN: [&str; 4] = ["host", "content-length", "expect", "cookie"];

/// Fields that the gate adds to those that pass, at most.
const ADDED_MAX: usize = 8;

/// Fields that the Connection field nominates, whatever else it holds.
struct Nominated<'a>(Vec<&'a [u8]>);

impl<'a> Nominated<'a> {
    fn by(headers: &'a HeaderMap) -> Self {
        // What most of them hold, and passes in no case.
        let known = |member: &&[u8]| member.eq_ignore_ascii_case(b"keep-alive");
        Self(members(headers, &header::CONNECTION).filter(|member| !known(member)).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|one| one.eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// Whether a Connection field is what it must be, a list of tokens (RFC 9110 7.6.1): what it
/// nominates must not depend on who reads it.
pub(super) fn is_connection_sound(headers: &HeaderMap) -> bool {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    members(headers, &header::CONNECTION).all(|member| member.iter().all(token))
}

/// What the application gets of a request's fields; says how many were dropped.
pub(super) fn to_application(headers: &HeaderMap, allowed: &AllowedFields) -> (HeaderMap, usize) {
    let nominated = Nominated::by(headers);
    let mut passed = HeaderMap::with_capacity(headers.len() + ADDED_MAX);
    let mut dropped = 0;
    if nominated.has("cookie") {
        dropped += headers.get_all(header::COOKIE).iter().count();
    } else if let Some(cookie) = cookie(headers) {
        passed.insert(header::COOKIE, cookie);
    }
    for (name, value) in headers {
        let text = name.as_str();
        if HOP.contains(&text) || OWN.contains(&text) {
            continue;
        }
        if is_forbidden(text) || !allowed.has(text) || nominated.has(text) {
            dropped += 1;
        } else {
            passed.append(name.clone(), value.clone());
        }
    }
    (passed, dropped)
}

/// The cookies of a request. HTTP/2 may send them in crumbs; in HTTP/1.1 there is one field
/// (RFC 9113, 8.2.3).
fn cookie(headers: &HeaderMap) -> Option<HeaderValue> {
    let crumbs = headers.get_all(header::COOKIE);
    let mut each = crumbs.iter();
    let (first, None) = (each.next()?, each.next()) else {
        let crumbs: Vec<&[u8]> = crumbs.iter().map(HeaderValue::as_bytes).collect();
        return HeaderValue::from_bytes(&crumbs.join(b"; ".as_slice())).ok();
    };
    Some(first.clone())
}

/// Which host was asked for, and where from, as the application learns it (RFC 9110 7.2, RFC 7239,
/// and what most frameworks read in its place): made once for the requests of a connection.
#[derive(Debug)]
pub(super) struct Origin {
    fields: [(HeaderName, HeaderValue); 5],
    /// The same as it is sent.
    written: Vec<u8>,
}

impl Origin {
    pub(super) fn new(source: IpAddr, host: &str) -> Result<Self, header::InvalidHeaderValue> {
        let node = match source {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("\"[{address}]\""),
        };
        // A port makes it more than a token.
        let named = if host.contains(':') { format!("\"{host}\"") } else { host.to_owned() };
        let element = format!("for={node};host={named};proto=https");
        let host = HeaderValue::from_str(host)?;
        let name = HeaderName::from_static;
        let fields = [
            (header::HOST, host.clone()),
            (header::FORWARDED, HeaderValue::try_from(element)?),
            (name("x-forwarded-for"), HeaderValue::try_from(source.to_string())?),
            (name("x-forwarded-host"), host),
            (name("x-forwarded-proto"), HeaderValue::from_static("https")),
        ];
        let mut written = Vec::new();
        for (name, value) in &fields {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                written.extend_from_slice(part);
            }
        }
        Ok(Self { fields, written })
    }

    /// Says it, whatever the client said.
    pub(super) fn tell(&self, fields: &mut HeaderMap) {
        for (name, value) in &self.fields {
            fields.insert(name.clone(), value.clone());
        }
    }

    /// The same as it is sent, beside fields to which it was not told.
    pub(super) fn written(&self) -> &[u8] {
        &self.written
    }
}

/// The transfer coding of an answer cannot be undone here.
#[derive(Debug, thiserror::Error)]
#[error("a transfer coding that nobody asked for")]
pub(super) struct UnknownCoding;

/// What a person gets of an answer's fields. Nothing of the application's framing is among them:
/// where the body ends is said anew by whoever sends it on (RFC 9112 6.3). Only where there is no
/// body a length says what there would be, if it is one number.
pub(super) fn to_person(
    method: &Method,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<HeaderMap, UnknownCoding> {
    let bodiless = *method == Method::HEAD || status == StatusCode::NOT_MODIFIED;
    let mut codings = members(headers, &header::TRANSFER_ENCODING);
    let coding = codings.next();
    let is_undone = |coding: &[u8]| {
        coding.eq_ignore_ascii_case(b"chunked") || coding.eq_ignore_ascii_case(b"identity")
    };
    let known = coding.is_none_or(is_undone) && codings.next().is_none();
    if !known && !bodiless && status != StatusCode::NO_CONTENT {
        return Err(UnknownCoding);
    }
    let mut passed = to_tunnel(headers);
    if bodiless && coding.is_none() {
        let lengths = || members(headers, &header::CONTENT_LENGTH);
        let one = lengths().next().filter(|first| lengths().all(|length| length == *first));
        let number =
            |text: &&[u8]| (1..=18).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
        if let Some(length) = one.filter(number)
            && let Ok(length) = HeaderValue::from_bytes(length)
        {
            passed.insert(header::CONTENT_LENGTH, length);
        }
    }
    Ok(passed)
}

/// What a person gets of the fields that agree on another protocol: none of the connection, the
/// framing or the application's making.
pub(super) fn to_tunnel(headers: &HeaderMap) -> HeaderMap {
    let nominated = Nominated::by(headers);
    let own = |name: &HeaderName| {
        let text = name.as_str();
        HOP.contains(&text)
            || text.starts_with("yinxin-")
            || text.starts_with("proxy-")
            || *name == header::SERVER
            || *name == header::CONTENT_LENGTH
            || text == "x-powered-by"
            || nominated.has(text)
    };
    let mut passed = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers.iter().filter(|(name, _)| !own(name)) {
        passed.append(name.clone(), value.clone());
    }
    passed
}

/// Whether an application agrees on the one other protocol that is spoken (RFC 6455 4.2.2).
pub(super) fn agrees_on_websocket(headers: &HeaderMap) -> bool {
    let mut agreed = members(headers, &header::UPGRADE);
    agreed.next().is_some_and(|one| one.eq_ignore_ascii_case(b"websocket"))
        && agreed.next().is_none()
}

/// Whether a request without a body says so, since its method has one mostly (RFC 9110 8.6).
pub(super) fn says_that_it_is_empty(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

/// The members of a field that is a list.
pub(super) fn members<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let values = headers.get_all(name).into_iter().map(HeaderValue::as_bytes);
    let members = values.flat_map(|value| value.split(|byte| *byte == b','));
    members.map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a list of their owner.
    fn to_application(headers: &HeaderMap) -> (HeaderMap, usize) {
        super::to_application(headers, &AllowedFields::of(&["*".to_owned()]))
    }

    #[test]
    fn nothing_that_names_an_identity_passes() {
        let mut headers = HeaderMap::new();
        let mut add = |name: &str, value: &str| {
            headers
                .append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        };
        for name in [
            "Yinxin-Identity",
            "yinxin_identity",
            "YINXIN_Identity",
            "X-Forwarded-For",
            "X-HTTP-Method-Override",
            "X-Original-URL",
            "X-Rewrite-URL",
            "SSL-CLIENT-S-DN",
            "Proxy-Authorization",
            "Remote-User",
            "X-Secret",
            "a.b",
        ] {
            add(name, "x");
        }
        add("connection", "close, X-Secret");
        add("transfer-encoding", "chunked");
        add("accept", "text/html");
        add("cookie", "a=1");
        add("cookie", "b=2");
        let (passed, dropped) = to_application(&headers);
        let names: Vec<&str> = passed.keys().map(HeaderName::as_str).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names.contains(&"accept") && names.contains(&"cookie"));
        assert_eq!(passed.get_all("cookie").iter().collect::<Vec<_>>(), ["a=1; b=2"]);
        assert_eq!(dropped, 12);
    }

    /// Of all protocols one is spoken, and an application agrees on that one alone.
    #[test]
    fn an_application_agrees_on_websocket_alone() {
        let agrees = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::UPGRADE, HeaderValue::from_static(value));
            }
            agrees_on_websocket(&headers)
        };
        assert!(agrees(&["websocket"]) && agrees(&["WebSocket"]));
        for values in [&[][..], &["h2c"], &["websocket, h2c"], &["websocket", "websocket"], &[""]] {
            assert!(!agrees(values), "{values:?}");
        }
    }

    /// What a connection nominates is its own, in whatever company, on both ways.
    #[test]
    fn what_a_connection_nominates_stays_on_it() {
        for (connection, is_sound) in [
            (b"X-Secret".as_slice(), true),
            (b"close , x-SECRET,,", true),
            (b"\tX-Secret\t,keep-alive", true),
            (b"X-Secret, \xff", false),
            (b"X-Secret, \"a", false),
            (b"\xe4, X-Secret", false),
            (b"X-Secret, a b", false),
        ] {
            let shown = String::from_utf8_lossy(connection);
            let mut headers = HeaderMap::new();
            headers.insert("connection", HeaderValue::from_bytes(connection).unwrap());
            headers.insert("x-secret", "x".parse().unwrap());
            headers.insert("x-open", "x".parse().unwrap());
            headers.insert("cookie", "a=1".parse().unwrap());
            assert_eq!(is_connection_sound(&headers), is_sound, "{shown}");
            let (passed, dropped) = to_application(&headers);
            let back = to_tunnel(&headers);
            for (way, passed) in [("there", passed), ("back", back)] {
                let mut names: Vec<&str> = passed.keys().map(HeaderName::as_str).collect();
                names.sort_unstable();
                assert_eq!(names, ["cookie", "x-open"], "{way}: {shown}");
            }
            assert_eq!(dropped, 1, "{shown}");
        }
        let mut headers = HeaderMap::new();
        headers.append("connection", "keep-alive".parse().unwrap());
        headers.append("connection", "Cookie".parse().unwrap());
        headers.append("cookie", "a=1".parse().unwrap());
        headers.append("cookie", "b=2".parse().unwrap());
        assert_eq!(to_application(&headers), (HeaderMap::new(), 2));
    }

    #[test]
    fn where_a_request_came_from_is_said_by_the_gate() {
        let said = |source: &str, host: &str| {
            let mut fields = HeaderMap::new();
            fields.insert("x-forwarded-host", "forged".parse().unwrap());
            Origin::new(source.parse().unwrap(), host).unwrap().tell(&mut fields);
            let text = |name| fields.get(name).unwrap().to_str().unwrap().to_owned();
            assert_eq!((text("x-forwarded-proto"), fields.len()), ("https".into(), 5));
            assert_eq!(text("host"), host);
            let lines = fields.keys().map(|name| format!("{name}: {}\r\n", text(name.as_str())));
            let mut lines: Vec<String> = lines.collect();
            let written = Origin::new(source.parse().unwrap(), host).unwrap().written;
            let written = String::from_utf8(written).unwrap();
            let mut sent: Vec<String> = written.split_inclusive('\n').map(str::to_owned).collect();
            lines.sort();
            sent.sort();
            assert_eq!(lines, sent);
            [text("forwarded"), text("x-forwarded-for"), text("x-forwarded-host")]
        };
        assert_eq!(
            said("192.0.2.7", "app.example"),
            ["for=192.0.2.7;host=app.example;proto=https", "192.0.2.7", "app.example"]
        );
        assert_eq!(
            said("2001:db8::7", "app.example:8443"),
            [
                "for=\"[2001:db8::7]\";host=\"app.example:8443\";proto=https",
                "2001:db8::7",
                "app.example:8443"
            ]
        );
    }

    #[test]
    fn nothing_of_an_answers_framing_is_passed_on() {
        let passed = |method: Method, status: u16, fields: &[(&str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                headers.append(name, value.parse().unwrap());
            }
            let status = StatusCode::from_u16(status).unwrap();
            to_person(&method, status, &headers).map(|passed| {
                let names = passed
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
                names.collect::<Vec<_>>()
            })
        };
        let (te, cl) = ("transfer-encoding", "content-length");
        let none = Vec::<String>::new();
        for fields in [
            &[(te, "chunked"), (cl, "3")][..],
            &[(cl, "3"), (te, "Chunked")],
            &[(te, "chunked"), (cl, "3, 5")],
            &[(te, "chunked"), (cl, "3"), (cl, "5")],
            &[(te, "identity")],
            &[(cl, "3")],
            &[(cl, "3"), (cl, "3")],
        ] {
            assert_eq!(passed(Method::GET, 200, fields).unwrap(), none, "{fields:?}");
        }
        for coding in ["gzip", "gzip, chunked", "chunked, chunked", "chunked, identity"] {
            assert!(passed(Method::GET, 200, &[(te, coding)]).is_err(), "{coding}");
            assert_eq!(passed(Method::HEAD, 200, &[(te, coding), (cl, "3")]).unwrap(), none);
        }
        for (method, status) in [(Method::HEAD, 200), (Method::GET, 304)] {
            let of = |fields: &[(&str, &str)]| passed(method.clone(), status, fields).unwrap();
            assert_eq!(of(&[(cl, "3")]), ["content-length: 3"]);
            assert_eq!(of(&[(cl, "3"), (cl, "3")]), ["content-length: 3"]);
            assert_eq!(of(&[(cl, "3, 4")]), none);
            assert_eq!(of(&[(cl, "+3")]), none);
            assert_eq!(of(&[(te, "chunked"), (cl, "3")]), none);
        }
        assert_eq!(passed(Method::GET, 204, &[(cl, "3")]).unwrap(), none);
    }
}
