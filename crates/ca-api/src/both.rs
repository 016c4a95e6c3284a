//! Routes of the issuer for either process.

/// The path takes a [`records::join::Renew`] and answers with a [`records::join::RenewedChain`].
pub const RENEW: &str = "/v1/renew";
