//! One reading of a request's head: host, target and fields, before anything is decided.

use super::fields;
use super::head::is_method;
use super::origins::{HostOrigin, Origins};
use super::state::Gate;
use http::{HeaderMap, Method, Request, Version, header};
use mtls::listen::head::is_expectation_known;
use mtls::listen::{HeadLimits, RequestFault};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use policy::{CanonicalPath, CanonicalPathError};
use records::Code;
use std::net::Ipv6Addr;
use std::sync::Arc;

/// What is escaped in a query besides what is not ASCII: nothing that could stand in one.
const QUERY: &AsciiSet = CONTROLS;

/// A request that everybody reads alike; only [`Checked::read`] makes it, and
/// [`Checked::of_tunnel`] and [`Checked::of_call`] what stands for one.
pub(super) struct Checked {
    /// Method.
    pub(super) method: Method,
    /// Path.
    pub(super) path: Arc<CanonicalPath>,
    /// Canonical path, and the query as it came.
    pub(super) target: String,
    /// What the application gets of the fields.
    pub(super) fields: HeaderMap,
    /// Beside these, where it comes from, with the host that was asked for in lower case, and its
    /// port if one was named; nothing where no request of HTTP is.
    pub(super) origin: Option<HostOrigin>,
    /// Whether another protocol is asked for.
    pub(super) upgrade: bool,
    /// Whether a person reads the answer.
    pub(super) html: bool,
    _only_here: (),
}

impl Checked {
    /// Checks a head against the server name of the handshake.
    pub(super) fn read<B>(
        gate: &Gate,
        (sni, origins): (Option<&str>, &Origins),
        request: &Request<B>,
    ) -> Result<Self, Code> {
        measure(request, &gate.limits.of_head())?;
        let host = host(request)?;
        let name = host.split_once(':').map_or(host.as_str(), |(name, _)| name);
        let ours = gate.hosts.iter().any(|own| own == name);
        if !ours || sni != Some(name) {
            return Err(Code::Misdirected);
        }
        let (path, query) = target(request)?;
        let method = request.method().clone();
        if !is_method(method.as_str()) {
            return Err(Code::Malformed);
        }
        if !is_expectation_known(request.headers()) {
            return Err(Code::ExpectationUnknown);
        }
        if !fields::is_connection_sound(request.headers()) {
            return Err(Code::Malformed);
        }
        let (fields, dropped) = fields::to_application(request.headers(), &gate.fields);
        let origin = origins.of_host(&host).map_err(|_| Code::Malformed)?;
        if dropped > 0 {
            gate.metrics.count("field", "dropped");
        }
        let upgrade = upgrade(request)?;
        let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
        let target = match query {
            Some(query) => format!("{}?{query}", path.text()),
            None => path.text().to_owned(),
        };
        Ok(Self {
            html: accept.is_some_and(|accept| accept.contains("text/html")),
            method,
            path: Arc::new(path),
            target,
            fields,
            origin: Some(origin),
            upgrade,
            _only_here: (),
        })
    }
}

impl Checked {
    /// What a tunnel asks for: its name, under a method that no request of HTTP passes with.
    pub(super) fn of_tunnel(name: &str) -> Result<Self, Code> {
        let path = CanonicalPath::read(&format!("/{name}")).map_err(|_| Code::Malformed)?;
        Ok(Self { method: Method::CONNECT, ..Self::bare(path) })
    }

    /// What an application asks for in somebody's name: a method and a target of a request that
    /// the gate would take. A query is left out: rules do not read it.
    pub(super) fn of_call(method: &str, target: &str) -> Result<Self, Code> {
        let method = Method::from_bytes(method.as_bytes())
            .ok()
            .filter(|method| is_method(method.as_str()))
            .ok_or(Code::Malformed)?;
        let path = target.split('?').next().unwrap_or_default();
        let path = CanonicalPath::read(path).map_err(|error| match error {
            CanonicalPathError::Long => Code::TargetTooLong,
            _ => Code::Malformed,
        })?;
        Ok(Self { method, ..Self::bare(path) })
    }

    fn bare(path: CanonicalPath) -> Self {
        Self {
            method: Method::GET,
            target: path.text().to_owned(),
            path: Arc::new(path),
            fields: HeaderMap::new(),
            origin: None,
            upgrade: false,
            html: false,
            _only_here: (),
        }
    }
}

/// Whether another protocol is asked for. HTTP/1.0 knows nothing of that (RFC 9110 7.8), and HTTP/2
/// may not.
fn upgrade<B>(request: &Request<B>) -> Result<bool, Code> {
    match (request.headers().contains_key(header::UPGRADE), request.version()) {
        (false, _) | (true, Version::HTTP_10) => Ok(false),
        (true, Version::HTTP_11) => Ok(true),
        _ => Err(Code::Malformed),
    }
}

/// The one host: of HTTP/1 the Host field, of HTTP/2 `:authority`, which a Host field must repeat,
/// or the Host field where there is none.
fn host<B>(request: &Request<B>) -> Result<String, Code> {
    let mut named = request.headers().get_all(header::HOST).iter();
    let field =
        named.next().map(|value| value.to_str().map_err(|_| Code::Malformed)).transpose()?;
    if named.next().is_some() {
        return Err(Code::Malformed);
    }
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    if authority.is_some_and(|authority| authority.contains('@')) {
        return Err(Code::Malformed);
    }
    let host = match (request.version(), authority, field) {
        (Version::HTTP_2, Some(authority), None) => authority,
        (Version::HTTP_2, Some(authority), Some(field))
            if authority.eq_ignore_ascii_case(field) =>
        {
            authority
        }
        // Who passes on what came over HTTP/1.1 may leave the authority out (RFC 9113 8.3.1).
        (Version::HTTP_2 | Version::HTTP_11 | Version::HTTP_10, None, Some(field)) => field,
        _ => return Err(Code::Malformed),
    };
    canonical(host).ok_or(Code::Malformed)
}

/// A host in the one spelling in which it is compared, forwarded and recorded: its name in lower
/// case (RFC 9110 4.2.3) without the dot that may end it (RFC 1034 3.1), its port a number of TCP,
/// and no port where none is named.
fn canonical(host: &str) -> Option<String> {
    let (name, port) = match host.strip_prefix('[') {
        // An address of IPv6 stands in brackets: its colons begin no port (RFC 3986 3.2.2).
        Some(literal) => {
            let (address, _) = literal.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            host.split_at(address.len() + 2)
        }
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    if !port.is_empty() && !port.starts_with(':') {
        return None;
    }
    let digits = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    let port: Option<u16> = match port.strip_prefix(':').filter(|port| !port.is_empty()) {
        None => None,
        Some(port) => Some(port.parse().ok().filter(|_| digits(port))?),
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let is_name = !name.is_empty() && !name.ends_with('.');
    is_name.then(|| match port {
        None => name,
        Some(port) => format!("{name}:{port}"),
    })
}

/// Path and query of an origin-form target.
fn target<B>(request: &Request<B>) -> Result<(CanonicalPath, Option<String>), Code> {
    let uri = request.uri();
    // The library keeps the scheme of HTTP/2 only beside an authority.
    let plain = match (request.version(), uri.authority()) {
        (Version::HTTP_2, Some(_)) => uri.scheme_str() == Some("https"),
        _ => uri.scheme().is_none(),
    };
    let target = uri.path_and_query().map(http::uri::PathAndQuery::as_str).unwrap_or_default();
    if !plain || target.contains('#') {
        return Err(Code::Malformed);
    }
    // As in the path, what is not ASCII gets the escapes that every application undoes.
    let query = uri.query().map(|query| utf8_percent_encode(query, QUERY).to_string());
    let sound = |query: &String| query.bytes().all(|b| (0x21..0x7f).contains(&b));
    if query.as_ref().is_some_and(|query| !sound(query)) {
        return Err(Code::Malformed);
    }
    let path = CanonicalPath::read(uri.path()).map_err(|error| match error {
        CanonicalPathError::Long => Code::TargetTooLong,
        _ => Code::Malformed,
    })?;
    Ok((path, query))
}

/// Holds a head to its limits where its bytes were not counted before: on HTTP/2.
fn measure<B>(request: &Request<B>, limits: &HeadLimits) -> Result<(), Code> {
    match limits.exceeded(request) {
        None => Ok(()),
        Some(RequestFault::Form) => Err(Code::Malformed),
        Some(RequestFault::Target) => Err(Code::TargetTooLong),
        Some(RequestFault::Fields) => Err(Code::FieldsTooMany),
        Some(RequestFault::Size) => Err(Code::HeadTooLarge),
        Some(RequestFault::Expectation) => Err(Code::ExpectationUnknown),
        Some(RequestFault::Late) => Err(Code::RequestLate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::METHOD_BYTES_MAX;

    /// One host has one spelling, however it was written; what is none reaches nobody.
    #[test]
    fn a_host_has_one_spelling() {
        for (said, read) in [
            ("app.example", Some("app.example")),
            ("App.EXAMPLE", Some("app.example")),
            ("App.Example:8443", Some("app.example:8443")),
            ("app.example:", Some("app.example")),
            ("app.example.", Some("app.example")),
            ("App.Example.:8443", Some("app.example:8443")),
            ("app.example..", None),
            (".", None),
            (".:443", None),
            ("app.example:0443", Some("app.example:443")),
            ("app.example:65535", Some("app.example:65535")),
            ("app.example:65536", None),
            ("app.example:99999", None),
            ("app.example:+443", None),
            ("app.example:443:", None),
            ("app.example::443", None),
            ("[2001:DB8::1]:8443", Some("[2001:db8::1]:8443")),
            ("[::1]", Some("[::1]")),
            ("[::1]:", Some("[::1]")),
            ("[::1]443", None),
            ("[::1].:443", None),
            ("[::1", None),
            ("[app.example]", None),
            ("[]", None),
            ("2001:db8::1", None),
            ("app.example::", None),
            (":443", None),
            (":", None),
            ("", None),
        ] {
            assert_eq!(canonical(said).as_deref(), read, "{said}");
        }
    }

    /// No request is taken for a tunnel: its method is none that passes.
    #[test]
    fn no_request_asks_for_a_tunnel() {
        let tunnel = Checked::of_tunnel("database").unwrap();
        assert_eq!((tunnel.method.as_str(), tunnel.target.as_str()), ("CONNECT", "/database"));
        assert!(!is_method(tunnel.method.as_str()));
        for name in ["..", "a/../b", "", "a;b"] {
            let tunnel = Checked::of_tunnel(name).map(|tunnel| tunnel.target);
            assert!(name.is_empty() || tunnel.is_err(), "{name}");
        }
    }

    /// An application asks for what a request could ask for, and for nothing else.
    #[test]
    fn an_application_asks_for_what_a_request_could() {
        let asked = |method, target| Checked::of_call(method, target).map(|asked| asked.target);
        assert_eq!(asked("GET", "/a/%41?page=2"), Ok("/a/A".into()));
        for (method, target) in [
            ("CONNECT", "/database"),
            ("get", "/"),
            ("", "/"),
            ("GET", ""),
            ("GET", "https://app.example/"),
            ("GET", "/a/../b"),
            ("GET", "/a#b"),
            ("GET", "*"),
        ] {
            assert_eq!(asked(method, target), Err(Code::Malformed), "{method} {target}");
        }
    }

    /// A method is a word, since records and tokens have it as it came: what is longer is refused,
    /// of a request as of a question.
    #[test]
    fn a_method_is_no_text() {
        let longest = "A".repeat(METHOD_BYTES_MAX);
        let longer = format!("{longest}A");
        assert!(is_method("UPDATEREDIRECTREF") && is_method(&longest) && !is_method(&longer));
        assert!(Checked::of_call(&longest, "/").is_ok());
        assert_eq!(Checked::of_call(&longer, "/").err(), Some(Code::Malformed));
    }

    fn asked(version: Version, uri: &str, host: Option<&str>) -> Result<String, Code> {
        let mut request = Request::builder().version(version).uri(uri);
        if let Some(host) = host {
            request = request.header(header::HOST, host);
        }
        super::host(&request.body(()).unwrap())
    }

    /// Of HTTP/2 a Host field says the same as the authority, in whatever case.
    #[test]
    fn a_host_field_repeats_the_authority() {
        let both = |host| asked(Version::HTTP_2, "https://App.Example/", Some(host));
        assert_eq!(both("app.example"), Ok("app.example".into()));
        let dotted = asked(Version::HTTP_2, "https://app.example./", None);
        assert_eq!(dotted, Ok("app.example".into()));
        assert_eq!(both("other.example"), Err(Code::Malformed));
        let one = asked(Version::HTTP_11, "/", Some("APP.example:443"));
        assert_eq!(one, Ok("app.example:443".into()));
        assert_eq!(asked(Version::HTTP_11, "/", None), Err(Code::Malformed));
        let alone = asked(Version::HTTP_2, "/", Some("App.example"));
        assert_eq!(alone, Ok("app.example".into()));
        assert_eq!(asked(Version::HTTP_2, "/", None), Err(Code::Malformed));
    }

    /// To ask for another protocol is a word of HTTP/1.1; an older client that says it is served.
    #[test]
    fn an_upgrade_is_a_word_of_http_1_1() {
        let asked = |version| {
            let request = Request::builder().version(version).header(header::UPGRADE, "websocket");
            upgrade(&request.body(()).unwrap())
        };
        assert_eq!(asked(Version::HTTP_11), Ok(true));
        assert_eq!(asked(Version::HTTP_10), Ok(false));
        assert_eq!(asked(Version::HTTP_2), Err(Code::Malformed));
    }
}
