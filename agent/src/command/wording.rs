//! Times and refusals as people read them.

use portal_api::PortalRefusal;
use system::speech;

/// A time of a document on the clocks of Beijing.
pub(super) fn time(text: &str) -> String {
    let there = records::time::beijing(text);
    there.map_or_else(|| text.to_owned(), |there| speech::both(&there.zh(), &there.en()))
}

/// Why the portal did not do it, in both languages.
pub(super) fn called(refusal: PortalRefusal) -> anyhow::Error {
    match refusal {
        PortalRefusal::Refused(problem) => {
            let (zh, en) = match problem.known() {
                Some(code) => (code.zh(), code.en()),
                None => (problem.zh.as_str(), problem.en.as_str()),
            };
            let which = format!("[{}] ({})", problem.code, problem.reference);
            anyhow::anyhow!("门户拒绝：{zh} {which} / the portal refused: {en} {which}")
        }
        PortalRefusal::Call(error) => anyhow::anyhow!("{} / {error}", error.zh()),
        other => other.into(),
    }
}
