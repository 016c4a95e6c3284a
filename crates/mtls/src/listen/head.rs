//! What the head of a request may be where its sender hears which limit it exceeds. What the HTTP
//! library cannot read at all it refuses itself (see `bare_refusal`).

use http::{HeaderMap, Request, StatusCode, header};

/// The limits of a head.
#[derive(Clone, Copy, Debug)]
pub struct HeadLimits {
    /// Longest target.
    pub target_bytes: usize,
    /// Largest head.
    pub head_bytes: usize,
    /// Most fields.
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
        self.exceeded(request).or(unknown.then_some(RequestFault::Expectation))
    }
}

/// Whether nothing is expected, or the one thing that can be (RFC 9110 10.1.1).
pub fn is_expectation_known(headers: &HeaderMap) -> bool {
    let mut expected = headers.get_all(header::EXPECT).iter();
    expected.all(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
