//! `yinxin-verify`: says what an evidence bundle proves, to whoever believes nobody but a trust file.
//!
//! No network, no database, no key. It links no signer, store or service; what it shares with them are
//! formats and hashing. The first thing that does not hold ends it, with the item and the reason. In
//! reading order: [`bundle`] (the files), [`origin`] (whose it is), [`control`] (authority), [`access`]
//! (the request), [`run`] (the agent's word), [`decision`] (the rules again), [`say`].

pub mod access;
pub mod bundle;
pub mod control;
pub mod decision;
pub mod origin;
pub mod run;
pub mod say;

use bundle::Bundle;
use records::evidence::Question;
use records::trust::Trust;
use std::collections::BTreeMap;

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

    /// Its name for machines.
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
    /// Why.
    pub why: String,
}

impl Failed {
    pub(crate) fn new(verdict: Verdict, item: impl Into<String>, why: impl Into<String>) -> Self {
        Self { verdict, item: item.into(), why: why.into() }
    }

    pub(crate) fn altered(item: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Verdict::Altered, item, why)
    }

    pub(crate) fn missing(item: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Verdict::Missing, item, why)
    }
}

/// What a bundle proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// The first thing that does not hold, if any.
    pub failed: Option<Failed>,
    /// What was checked, in order.
    pub checked: Vec<String>,
    /// What happened, Chinese and English.
    pub sentences: Vec<(String, String)>,
}

/// Verifies the files of a bundle.
pub fn verify(files: &BTreeMap<String, Vec<u8>>, trust: Option<&Trust>) -> Report {
    let mut report = Report {
        verdict: Verdict::Malformed,
        failed: None,
        checked: Vec::new(),
        sentences: Vec::new(),
    };
    match check(files, trust, &mut report) {
        Ok(()) => {
            report.verdict =
                if trust.is_some() { Verdict::Verified } else { Verdict::OriginUnproven };
        }
        Err(failed) => {
            report.verdict = failed.verdict;
            report.failed = Some(failed);
        }
    }
    report
}

fn check(
    files: &BTreeMap<String, Vec<u8>>,
    trust: Option<&Trust>,
    report: &mut Report,
) -> Result<(), Failed> {
    let bundle = Bundle::read(files)?;
    let origin = origin::check(&bundle, trust)?;
    report.checked.push(format!("founding {}", records::Bytes::from(origin.founding)));
    let control = control::check(&bundle, &origin)?;
    report.checked.push(format!("{} records of control", control.records.len()));
    match &bundle.manifest.question {
        Question::Request(name) => {
            let request = access::check(&bundle, &origin, &control, name)?;
            report.checked.push("connection, decision, completion".into());
            run::check(&bundle, &control, &request)?;
            report.checked.push("the agent's signed run".into());
            decision::check(&bundle, &control, &request)?;
            report.checked.push("people, list and rules as of then".into());
            report.sentences = say::request(&control, &request);
        }
        Question::Certificate(serial) => {
            report.sentences = say::certificate(&control, serial)?;
        }
    }
    bundle.check_digests(files)?;
    report.checked.push(format!("{} files", files.len()));
    Ok(())
}
