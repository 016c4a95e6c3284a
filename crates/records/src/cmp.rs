//! What a portal's machines' process and the CA say to each other about CMP (RFC 9810). The process
//! hands messages on as they came; the CA reads, judges and answers them, since it alone knows the
//! secrets by which both are protected.

use crate::bytes::Bytes;
use serde::{Deserialize, Serialize};

/// What of the token is the secret of CMP, behind base64url.
pub const CMP_SECRET: &str = "cmp";

/// A message of a client.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CmpMessage {
    /// The PKIMessage, DER, as it came.
    pub message: Bytes,
    /// The label under which it came: a profile id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Whether the zones of what it asks for do not let this CA issue: then the CA refuses it,
    /// under a protection that its client believes. A process that lies so only refuses.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub zones_refuse: bool,
}

/// What the client is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CmpReply {
    /// The PKIMessage, DER.
    pub message: Bytes,
    /// The code of what was refused in it; nothing where something was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<crate::code::Code>,
}
