//! Routes of the issuer for a portal's public process.

/// The path takes a [`records::enrolment::LetterLookUp`] and answers with a
/// [`records::enrolment::LookUpAnswer`].
pub const LOOK_UP: &str = "/v1/enrolment/look-up";
/// The path takes a [`records::enrolment::RequestSubmission`] and answers with a
/// `records::enrolment::Stage`.
pub const SUBMIT: &str = "/v1/enrolment/submit";
/// The path takes a [`records::enrolment::Collect`] and answers with a
/// [`records::enrolment::CollectedCertificate`].
pub const COLLECT: &str = "/v1/enrolment/collect";
/// The path takes a [`records::join::Join`] and answers with a
/// [`records::enrolment::CollectedCertificate`].
pub const JOIN: &str = "/v1/agents/join";
/// The path takes an [`records::renewal::AskRenewal`] and answers with a
/// [`records::renewal::RenewalTerms`].
pub const RENEWAL_TERMS: &str = "/v1/renewal/terms";
/// The path takes a [`records::renewal::RenewCertificate`] and answers with a
/// [`records::renewal::RenewalAnswer`].
pub const RENEW_CERTIFICATE: &str = "/v1/renewal/renew";
