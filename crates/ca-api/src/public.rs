//! Routes of the issuer for a portal's public process.

/// [`records::enrolment::LookUp`] → [`records::enrolment::LookedUp`].
pub const LOOK_UP: &str = "/v1/enrolment/look-up";
/// [`records::enrolment::Submit`] → `records::enrolment::Stage`.
pub const SUBMIT: &str = "/v1/enrolment/submit";
/// [`records::enrolment::Collect`] → [`records::enrolment::Collected`].
pub const COLLECT: &str = "/v1/enrolment/collect";
/// [`records::join::Join`] → [`records::enrolment::Collected`].
pub const JOIN: &str = "/v1/agents/join";
/// [`records::renewal::AskRenewal`] → [`records::renewal::RenewalTerms`].
pub const RENEWAL_TERMS: &str = "/v1/renewal/terms";
/// [`records::renewal::RenewCertificate`] → [`records::renewal::RenewalAnswer`].
pub const RENEW_CERTIFICATE: &str = "/v1/renewal/renew";
