//! Routes of the issuer for either process.

/// [`records::join::Renew`] → [`records::join::Renewed`].
pub const RENEW: &str = "/v1/renew";
