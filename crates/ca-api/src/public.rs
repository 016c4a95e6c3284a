//! Routes of the issuer for a portal's public process.

/// [`records::enrolment::LookUp`] → [`records::enrolment::LookedUp`].
pub const LOOK_UP: &str = "/v1/enrolment/look-up";
/// [`records::enrolment::Submit`] → `records::enrolment::Stage`.
pub const SUBMIT: &str = "/v1/enrolment/submit";
/// [`records::enrolment::Collect`] → [`records::enrolment::Collected`].
pub const COLLECT: &str = "/v1/enrolment/collect";
/// [`records::join::Join`] → [`records::enrolment::Collected`].
pub const JOIN: &str = "/v1/agents/join";
