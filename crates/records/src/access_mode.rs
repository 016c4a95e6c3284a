//! How the gates of an application take what their rules say, as orders, snapshots and records name
//! it.

use serde::{Deserialize, Serialize};

/// How an application's gates take what their rules say. Whatever the mode, people authenticate,
/// what was revoked or suspended passes nowhere, and everything is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessMode {
    /// What the rules deny passes, and the record says that it would be denied.
    Observe,
    /// What the rules deny is refused: without any order it is so.
    #[default]
    Enforce,
    /// Nobody passes.
    Suspended,
}

impl AccessMode {
    /// The name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Enforce => "enforce",
            Self::Suspended => "suspended",
        }
    }
}
