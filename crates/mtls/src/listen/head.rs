//! What the head of a request may be where its sender hears which limit it exceeds. What the HTTP
//! library cannot read at all it refuses itself (see `bare_refusal`).

use http::{HeaderMap, HeaderValue, Request, StatusCode, Version, header};

/// The limits of a head.
#[derive(Clone, Copy, Debug)]
pub struct HeadLimits {
    /// A target in a head may have so many bytes.
    pub target_bytes: usize,
    /// A head may have so many bytes in all.
    pub head_bytes: usize,
    /// A head may have so many fields.
    pub fields: usize,
}

/// What services take: as much as a gate does where nothing is set.
pub(super) const OF_SERVICES: HeadLimits =
    HeadLimits { target_bytes: 8 * 1024, head_bytes: 16 * 1024, fields: 100 };

/// What is wrong with a request, whatever it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestFault {
    /// Its head is none.
    Form,
    /// Its target is too long.
    Target,
    /// It has too many fields.
    Fields,
    /// It is too large altogether.
    Size,
    /// It expects something other than 100-continue.
    Expectation,
    /// Its body did not come in time.
    Late,
}

impl RequestFault {
    /// The status of its refusal (RFC 9110 15.5, RFC 6585 5).
    pub fn status(self) -> StatusCode {
        match self {
            Self::Form => StatusCode::BAD_REQUEST,
            Self::Target => StatusCode::URI_TOO_LONG,
            Self::Fields | Self::Size => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

impl HeadLimits {
    /// The first limit that a head exceeds. Crumbs of a cookie (RFC 9113 8.2.3) are one field.
    pub fn exceeded<B>(&self, request: &Request<B>) -> Option<RequestFault> {
        let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
        if target > self.target_bytes {
            return Some(RequestFault::Target);
        }
        let headers = request.headers();
        let crumbs = headers.get_all(header::COOKIE).iter().count();
        if headers.len() - crumbs.saturating_sub(1) > self.fields {
            return Some(RequestFault::Fields);
        }
        // A colon, a space and the end of a line come with each field.
        let fields = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
        (target + fields.sum::<usize>() > self.head_bytes).then_some(RequestFault::Size)
    }

    /// What is wrong with a head, if anything is.
    pub(super) fn fault<B>(&self, request: &Request<B>) -> Option<RequestFault> {
        let unknown = !is_expectation_known(request.headers());
        let unnamed = !is_host_named(request);
        self.exceeded(request)
            .or(unnamed.then_some(RequestFault::Form))
            .or(unknown.then_some(RequestFault::Expectation))
    }
}

/// Whether a request names its host as it must (RFC 9112 3.2): once, but for one of HTTP/1.0, and
/// for one of HTTP/2, which has another place for it.
fn is_host_named<B>(request: &Request<B>) -> bool {
    match request.headers().get_all(header::HOST).iter().count() {
        0 => request.version() != Version::HTTP_11,
        count => count == 1,
    }
}

/// Whether nothing is expected, or the one thing that can be (RFC 9110 10.1.1).
pub fn is_expectation_known(headers: &HeaderMap) -> bool {
    expected(headers).all(is_more)
}

/// Whether whoever sends this head waits for 100 before its body.
pub fn waits_for_more(headers: &HeaderMap) -> bool {
    expected(headers).any(is_more)
}

/// What is expected: the field is a list, and may be an empty one (RFC 9110 5.6.1).
fn expected(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let values = headers.get_all(header::EXPECT).into_iter().map(HeaderValue::as_bytes);
    let members = values.flat_map(|value| value.split(|byte| *byte == b','));
    members.map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

fn is_more(member: &[u8]) -> bool {
    member.eq_ignore_ascii_case(b"100-continue")
}
