//! What the spool may take of a disk, and what it keeps of what the log has.

use super::bounds::{self, SettingFault};
use serde::{Deserialize, Serialize};

const MEBIBYTE: u64 = 1 << 20;
/// Smallest segment, in bytes: the largest record has about that.
const SEGMENT_BYTES_MIN: u64 = 128 * 1024;
/// Largest segment, in bytes: it is filled with zeros ahead.
const SEGMENT_BYTES_MAX: u64 = 1024 * MEBIBYTE;
/// A spool is at least so many segments: one that is written, one that is filled ahead, and what
/// the log does not have yet.
const SEGMENTS_MIN: u64 = 4;
/// More bytes than a disk has.
const BYTES_MAX: u64 = 1 << 50;
/// Ten years: nobody asks rules about requests of before.
const KEPT_DAYS_MAX: u64 = 3_660;

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

impl SpoolConfig {
    /// Refuses a spool in which nothing finds room, and one of more than any disk or year has.
    pub(super) fn check(&self) -> Result<(), SettingFault> {
        let segment = self.segment_bytes;
        bounds::check(&[
            bounds::of("segment_bytes", segment, SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX),
            bounds::of("bytes", self.bytes, segment.saturating_mul(SEGMENTS_MIN), BYTES_MAX),
            bounds::of("kept_bytes", self.kept_bytes, 0, BYTES_MAX),
            bounds::of("kept_days", self.kept_days, 0, KEPT_DAYS_MAX),
        ])
    }
}
