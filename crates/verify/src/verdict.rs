//! How a verification ends: the verdict, and the first thing that does not hold.

use std::fmt::Display;
use system::language::halves;

/// What comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything holds, from the trust file on.
    Verified,
    /// Everything holds together; whose it is, nobody has said.
    OriginUnproven,
    /// Something is not what was recorded.
    Altered,
    /// Something that must be there is not.
    Missing,
    /// It holds together and is not this city's.
    Untrusted,
    /// It is no evidence bundle.
    Malformed,
}

impl Verdict {
    /// Exit code.
    pub fn exit(self) -> u8 {
        match self {
            Self::Verified | Self::OriginUnproven => 0,
            Self::Altered => 1,
            Self::Missing => 2,
            Self::Untrusted => 3,
            Self::Malformed => 4,
        }
    }

    /// The name of the verdict for machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::OriginUnproven => "consistent, origin unproven",
            Self::Altered => "altered",
            Self::Missing => "missing",
            Self::Untrusted => "untrusted",
            Self::Malformed => "malformed",
        }
    }

    /// In Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Verified => "验证通过",
            Self::OriginUnproven => "内容一致，来源未经证明",
            Self::Altered => "内容被改动",
            Self::Missing => "内容缺失",
            Self::Untrusted => "来源不可信",
            Self::Malformed => "不是有效的证据包",
        }
    }
}

/// The first thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{item}: {why}")]
pub struct Failed {
    /// What it means.
    pub verdict: Verdict,
    /// Which item.
    pub item: String,
    /// Why, in English.
    pub why: String,
    /// The same in Chinese, where what is read says it; else the table of checks has it.
    zh: Option<String>,
}

impl Failed {
    pub(crate) fn new(verdict: Verdict, item: impl Into<String>, why: impl Into<String>) -> Self {
        Self { verdict, item: item.into(), why: why.into(), zh: None }
    }

    /// What something that is read says of itself, in both languages.
    pub(crate) fn read(verdict: Verdict, item: impl Into<String>, error: &dyn Display) -> Self {
        let (zh, en) = halves(&error.to_string());
        Self { verdict, item: item.into(), why: en, zh: Some(zh) }
    }

    /// Why, in Chinese.
    pub fn zh(&self) -> String {
        let told = self.zh.clone().or_else(|| crate::summary::why::zh(&self.why));
        told.unwrap_or_else(|| format!("「{}」", self.why))
    }

    pub(crate) fn unread(item: impl Into<String>, error: &dyn Display) -> Self {
        Self::read(Verdict::Altered, item, error)
    }

    pub(crate) fn altered(item: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Verdict::Altered, item, why)
    }

    pub(crate) fn missing(item: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Verdict::Missing, item, why)
    }
}
