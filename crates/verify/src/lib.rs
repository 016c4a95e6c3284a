//! `yinxin-verify`: says what an evidence bundle proves, to whoever believes nobody but a trust
//! file.
//!
//! No network, no database, no key. It links no signer, store or service; what it shares with them
//! are formats and hashing. The first thing that does not hold ends it, with the item and the
//! reason. In reading order: [`bundle`] (the files), [`origin`] (whose it is), [`control`]
//! (authority), [`run`] (what agents signed), [`access`] (the request), [`handshake`] (who opened
//! its connection), [`decision`] (the rules again), [`say`], [`report`].

pub mod access;
pub mod bundle;
pub mod control;
pub mod decision;
pub mod handshake;
pub mod origin;
pub mod report;
pub mod run;
mod signed;
pub mod summary;
pub mod verdict;

use bundle::EvidenceBundle;
use records::evidence::Question;
use records::trust::Trust;
pub use report::Report;
use std::collections::BTreeMap;
pub use verdict::{Failed, Verdict};

/// Verifies the files of a bundle, each of which is given up once it is read.
pub fn verify(files: BTreeMap<String, Vec<u8>>, trust: Option<&Trust>) -> Report {
    let mut report = Report::of(Verdict::Malformed, None);
    let holds = if trust.is_some() { Verdict::Verified } else { Verdict::OriginUnproven };
    let ended = check(files, trust, &mut report).map(|()| holds);
    report.end(ended);
    report
}

fn check(
    files: BTreeMap<String, Vec<u8>>,
    trust: Option<&Trust>,
    report: &mut Report,
) -> Result<(), Failed> {
    let bundle = EvidenceBundle::read(files)?;
    let origin = origin::check(&bundle, trust)?;
    report.check("founding {0}", vec![records::Bytes::from(origin.founding).to_string().into()]);
    let control = control::check(&bundle, &origin)?;
    report.check("{0} records of control", vec![control.records.len().to_string().into()]);
    let told = match &bundle.question {
        Question::Request(name) => {
            let mut request = access::check(&bundle, &origin, &control, name)?;
            let signed = match request.completion.is_some() {
                true => "connection, decision, completion: in the agent's signed run",
                false => "connection, decision: in the agent's signed run",
            };
            report.check(signed, Vec::new());
            let by = decision::check(&bundle, &control, &request)?;
            let agree = match by.rules_agree {
                true => "people, list and rules that the decision names",
                false => "people and list that the decision names",
            };
            report.check(agree, Vec::new());
            report.leave_out(std::mem::take(&mut request.left_out));
            summary::request(&control, &request, &by)?
        }
        Question::Certificate(serial) => summary::certificate(&control, serial)?,
    };
    report.tell(told, bundle.weightless);
    Ok(())
}
