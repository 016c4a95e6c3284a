//! Header fields: what a client may not say, what an application may not answer.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Fields that name an identity, an address or another request than the one that was judged. A name
/// that ends in `*` stands for all that begin so.
const FORBIDDEN: [&str; 24] = [
    "yinxin-*",
    "client-cert",
    "client-cert-*",
    "forwarded",
    "x-forwarded-*",
    "x-real-ip",
    "x-original-*",
    "x-rewrite-*",
    "x-ssl-*",
    "ssl-client-*",
    "x-client-cert*",
    "x-remote-user",
    "remote-user",
    "x-auth-*",
    "x-authenticated-*",
    "x-user*",
    "x-http-method*",
    "x-method-override",
    "proxy*",
    "x-accel-*",
    "x-host",
    "x-cluster-client-ip",
    "true-client-ip",
    "authorization-identity",
];

/// Fields of one connection only (RFC 9110 7.6.1).
const HOP: [&str; 7] =
    ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings"];

/// Fields that the gate writes itself.
const OWN: [&str; 4] = ["host", "content-length", "expect", "cookie"];

fn is_forbidden(name: &str) -> bool {
    // Applications fold `_` to `-`: a name with it is one of ours in another spelling, or nobody's.
    name.contains('_')
        || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        || FORBIDDEN.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == *known,
        })
}

/// Fields that the Connection field nominates.
fn nominated(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::CONNECTION);
    let names = values.iter().filter_map(|value| value.to_str().ok());
    names.flat_map(|list| list.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect()
}

/// What the application gets of a request's fields; says how many were dropped.
pub(super) fn to_application(headers: &HeaderMap) -> (HeaderMap, usize) {
    let nominated = nominated(headers);
    let mut passed = HeaderMap::with_capacity(headers.len());
    let mut dropped = 0;
    // HTTP/2 may send a cookie in crumbs; in HTTP/1.1 there is one field (RFC 9113, 8.2.3).
    let crumbs: Vec<&[u8]> =
        headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(cookie) = HeaderValue::from_bytes(&crumbs.join(b"; ".as_slice()))
        && !crumbs.is_empty()
    {
        passed.insert(header::COOKIE, cookie);
    }
    for (name, value) in headers {
        let text = name.as_str();
        if HOP.contains(&text) || OWN.contains(&text) {
            continue;
        }
        if is_forbidden(text) || nominated.iter().any(|named| named == text) {
            dropped += 1;
        } else {
            passed.append(name.clone(), value.clone());
        }
    }
    (passed, dropped)
}

/// What a person gets of an answer's fields.
pub(super) fn to_person(headers: &HeaderMap) -> HeaderMap {
    let nominated = nominated(headers);
    let own = |name: &HeaderName| {
        let text = name.as_str();
        HOP.contains(&text)
            || text.starts_with("yinxin-")
            || text.starts_with("proxy-")
            || *name == header::SERVER
            || text == "x-powered-by"
            || nominated.iter().any(|named| named == text)
    };
    let mut passed = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers.iter().filter(|(name, _)| !own(name)) {
        passed.append(name.clone(), value.clone());
    }
    passed
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
