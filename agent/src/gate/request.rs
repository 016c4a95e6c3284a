//! One reading of a request's head: host, target and fields, before anything is decided.

use super::fields;
use super::state::Gate;
use crate::config::HeadLimits;
use http::{HeaderMap, Method, Request, Version, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use policy::{CanonicalPath, CanonicalPathError};
use records::Code;
use std::net::IpAddr;

/// What is escaped in a query besides what is not ASCII: nothing that could stand in one.
const QUERY: &AsciiSet = CONTROLS;

/// A request that everybody reads alike; only [`Checked::read`] makes it.
pub(super) struct Checked {
    /// Method.
    pub(super) method: Method,
    /// Host as it was asked for, port kept.
    pub(super) host: String,
    /// Path.
    pub(super) path: CanonicalPath,
    /// Canonical path, and the query as it came.
    pub(super) target: String,
    /// What the application gets of the fields.
    pub(super) fields: HeaderMap,
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
        (sni, source): (Option<&str>, IpAddr),
        request: &Request<B>,
    ) -> Result<Self, Code> {
        measure(request, &gate.limits.of_head())?;
        let host = host(request)?;
        let name = host.rsplit_once(':').map_or(host.as_str(), |(name, port)| {
            if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host.as_str() }
        });
        let ours = gate.hosts.iter().any(|own| own == name);
        if !ours || sni != Some(name) {
            return Err(Code::Misdirected);
        }
        let (path, query) = target(request)?;
        let method = request.method().clone();
        if method == Method::CONNECT || method == Method::TRACE {
            return Err(Code::Malformed);
        }
        if !is_expectation_known(request.headers()) {
            return Err(Code::ExpectationUnknown);
        }
        let (mut fields, dropped) = fields::to_application(request.headers());
        fields::forwarded(&mut fields, source, &host).map_err(|_| Code::Malformed)?;
        if dropped > 0 {
            gate.metrics.count("field", "dropped");
        }
        let upgrade = request.headers().contains_key(header::UPGRADE);
        if upgrade && request.version() != Version::HTTP_11 {
            return Err(Code::Malformed);
        }
        let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
        let target = match query {
            Some(query) => format!("{}?{query}", path.text()),
            None => path.text().to_owned(),
        };
        Ok(Self {
            html: accept.is_some_and(|accept| accept.contains("text/html")),
            method,
            host,
            path,
            target,
            fields,
            upgrade,
            _only_here: (),
        })
    }
}

/// The one host: of HTTP/1 the Host field, of HTTP/2 `:authority`, which a Host field must repeat.
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
        (Version::HTTP_2, Some(authority), Some(field)) if authority == field => authority,
        (Version::HTTP_11 | Version::HTTP_10, None, Some(field)) => field,
        _ => return Err(Code::Malformed),
    };
    Ok(host.to_owned())
}

/// Path and query of an origin-form target.
fn target<B>(request: &Request<B>) -> Result<(CanonicalPath, Option<String>), Code> {
    let uri = request.uri();
    let plain = match request.version() {
        Version::HTTP_2 => uri.scheme_str() == Some("https"),
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

/// Holds a head to its limits where its bytes were not counted before: on HTTP/2. Crumbs of a
/// cookie (RFC 9113 8.2.3) are one field.
fn measure<B>(request: &Request<B>, limits: &HeadLimits) -> Result<(), Code> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > limits.target_bytes {
        return Err(Code::TargetTooLong);
    }
    let headers = request.headers();
    let crumbs = headers.get_all(header::COOKIE).iter().count();
    if headers.len() - crumbs.saturating_sub(1) > limits.fields {
        return Err(Code::FieldsTooMany);
    }
    // A colon, a space and the end of a line come with each field.
    let fields = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    if target + fields.sum::<usize>() > limits.head_bytes {
        return Err(Code::HeadTooLarge);
    }
    Ok(())
}

/// The one expectation there is (RFC 9110 10.1.1).
fn is_expectation_known(headers: &HeaderMap) -> bool {
    let mut expected = headers.get_all(header::EXPECT).iter();
    expected.all(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
