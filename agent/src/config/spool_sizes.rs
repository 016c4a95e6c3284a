//! What the spool may take of a disk, and what it keeps of what the log has.

use serde::{Deserialize, Serialize};

const MEBIBYTE: u64 = 1 << 20;

/// The spool's sizes, in bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpoolConfig {
    /// Everything that the log has not acknowledged; requests are refused at 95 %.
    pub bytes: u64,
    /// One segment, filled with zeros ahead.
    pub segment_bytes: u64,
    /// What the log has and is kept all the same, for `agent policy replay`; 0 keeps nothing.
    pub kept_bytes: u64,
    /// Days for which it is kept.
    pub kept_days: u64,
}

impl Default for SpoolConfig {
    fn default() -> Self {
        Self {
            bytes: 4 * 1024 * MEBIBYTE,
            segment_bytes: 16 * MEBIBYTE,
            kept_bytes: 256 * MEBIBYTE,
            kept_days: 7,
        }
    }
}
