//! `yinxin-verify`: says what an evidence bundle proves, to whoever believes nobody but a trust
//! file.
//!
//! No network, no database, no key. It links no signer, store or service; what it shares with them
//! are formats and hashing. The first thing that does not hold ends it, with the item and the
//! reason. In reading order: [`bundle`] (the files), [`origin`] (whose it is), [`control`]
//! (authority), [`access`] (the request), [`handshake`] (who opened its connection), [`run`] (the
//! agent's word), [`decision`] (the rules again), [`say`].

pub mod access;
pub mod bundle;
pub mod control;
pub mod decision;
pub mod handshake;
pub mod origin;
pub mod run;
pub mod say;
pub mod verdict;

use bundle::EvidenceBundle;
use records::evidence::Question;
use records::trust::Trust;
use std::collections::BTreeMap;
pub use verdict::{Failed, Verdict};

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
    /// What does not follow, although somebody may read it there.
    pub not_proven: Vec<(String, String)>,
    /// Files that no signature covers: the verdict is the same whatever they say.
    pub weightless: Vec<String>,
}

impl Report {
    /// Nothing was checked yet, or could be.
    pub fn of(verdict: Verdict, failed: Option<Failed>) -> Self {
        Self {
            verdict,
            failed,
            checked: Vec::new(),
            sentences: Vec::new(),
            not_proven: Vec::new(),
            weightless: Vec::new(),
        }
    }
}

/// Verifies the files of a bundle.
pub fn verify(files: &BTreeMap<String, Vec<u8>>, trust: Option<&Trust>) -> Report {
    let mut report = Report::of(Verdict::Malformed, None);
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
    let bundle = EvidenceBundle::read(files)?;
    let origin = origin::check(&bundle, trust)?;
    report.checked.push(format!("founding {}", records::Bytes::from(origin.founding)));
    let control = control::check(&bundle, &origin)?;
    report.checked.push(format!("{} records of control", control.records.len()));
    match &bundle.manifest.question {
        Question::Request(name) => {
            let mut request = access::check(&bundle, &origin, &control, name)?;
            report.checked.push("connection, decision, completion".into());
            run::check(&bundle, &control, &request)?;
            report.checked.push("the agent's signed run".into());
            request.rules_agree = decision::check(&bundle, &control, &request)?;
            report.checked.push(match request.rules_agree {
                true => "people, list and rules as of then".into(),
                false => "people and list as of then".into(),
            });
            tell(report, say::request(&control, &request));
        }
        Question::Certificate(serial) => tell(report, say::certificate(&control, serial)?),
    }
    report.weightless = bundle.weightless(files).map(str::to_owned).collect();
    Ok(())
}

fn tell(report: &mut Report, said: say::Told) {
    report.sentences = said.proven;
    report.not_proven = said.not_proven;
}
