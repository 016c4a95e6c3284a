//! The body of an order that releases a suspended certificate.

use crate::bytes::Bytes;
use crate::commitment::Commitment;
use serde::{Deserialize, Serialize};

/// Kind `release`. It names one suspension, so that it is worth nothing against a later one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseBody {
    /// Person id of the holder.
    pub person: String,
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// The suspension's name: SHA-256 of its notice or statement.
    pub suspension: Bytes,
    /// Person id of whoever suspended it.
    pub by: String,
    /// RFC 5280 name of the reason for which they did.
    pub reason: String,
    /// Since when.
    pub since: String,
    /// Commitment to the evidence.
    pub evidence: Commitment,
}
