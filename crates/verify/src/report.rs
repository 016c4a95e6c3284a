//! What a bundle proves, and what it does not, as one value: whoever shows it shows all of it. The
//! sentences are given in sections only, so that none is shown without what limits it.

use crate::say::Told;
use crate::verdict::{Failed, Verdict};
use serde_json::{Value, json};
use system::{say, speech};

/// What a bundle proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    verdict: Verdict,
    /// The first thing that does not hold, if any.
    failed: Option<Failed>,
    /// What was checked, in order.
    checked: Vec<String>,
    /// What happened, Chinese and English.
    proven: Vec<(String, String)>,
    /// What does not follow, although somebody may read it there.
    not_proven: Vec<(String, String)>,
    /// Records that no agent signed: nothing rests on them.
    left_out: Vec<String>,
    /// Files that no signature covers: the verdict is the same whatever they say.
    weightless: Vec<String>,
}

/// A part of a report with its title, Chinese and English; names are the same in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What its lines are.
    pub title: (&'static str, &'static str),
    /// Whether they are proven.
    pub holds: bool,
    /// The lines.
    pub lines: Vec<(String, String)>,
}

impl Report {
    /// Nothing was checked yet, or could be.
    pub fn of(verdict: Verdict, failed: Option<Failed>) -> Self {
        Self {
            verdict,
            failed,
            checked: Vec::new(),
            proven: Vec::new(),
            not_proven: Vec::new(),
            left_out: Vec::new(),
            weightless: Vec::new(),
        }
    }

    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The first thing that does not hold, if any.
    pub fn failed(&self) -> Option<&Failed> {
        self.failed.as_ref()
    }

    pub(crate) fn check(&mut self, what: impl Into<String>) {
        self.checked.push(what.into());
    }

    pub(crate) fn leave_out(&mut self, records: Vec<String>) {
        self.left_out = records;
    }

    pub(crate) fn tell(&mut self, told: Told, weightless: Vec<String>) {
        (self.proven, self.not_proven) = (told.proven, told.not_proven);
        self.weightless = weightless;
    }

    pub(crate) fn end(&mut self, ended: Result<Verdict, Failed>) {
        self.failed = ended.as_ref().err().cloned();
        self.verdict = ended.unwrap_or_else(|failed| failed.verdict);
    }

    /// All that it says to people, in this order; of what does not hold it says nothing.
    pub fn sections(&self) -> Vec<Section> {
        if self.failed.is_some() {
            return Vec::new();
        }
        let names = |names: &[String]| names.iter().map(|one| (one.clone(), one.clone())).collect();
        let all = [
            (("由此证明：", "what this proves:"), self.proven.clone()),
            (("以下不能由此证明：", "what this does not prove:"), self.not_proven.clone()),
            (
                ("没有网关签名、未计入的记录：", "records that no agent signed, left out:"),
                names(&self.left_out),
            ),
            (
                ("没有签名覆盖、不影响结论的文件：", "files without weight:"),
                names(&self.weightless),
            ),
        ];
        let section = |(at, (title, lines))| Section { title, holds: at == 0, lines };
        let all = all.into_iter().enumerate().map(section);
        all.filter(|section| !section.lines.is_empty()).collect()
    }

    /// Tells people, in the language of whoever reads it.
    pub fn print(&self) {
        for checked in &self.checked {
            say!("  ✓ {checked}");
        }
        if let Some(failed) = &self.failed {
            say!("  ✗ {}: {}", failed.item, failed.why);
        }
        for Section { title: (zh, en), lines, .. } in self.sections() {
            speech::said("  ", zh, en);
            for (zh, en) in &lines {
                match zh == en {
                    true => say!("  · {zh}"),
                    false => speech::sentence("  · ", zh, en),
                }
            }
        }
        let mark = if self.failed.is_none() { "✓ " } else { "✗ " };
        speech::said(mark, self.verdict.zh(), self.verdict.name());
    }

    /// All of it for machines: an object.
    pub fn json(&self) -> Value {
        let failed = self.failed.as_ref();
        let both = |told: &[(String, String)]| -> Vec<_> {
            told.iter().map(|(zh, en)| json!({ "zh": zh, "en": en })).collect()
        };
        json!({
            "verdict": self.verdict.name(), "exit": self.verdict.exit(), "checked": self.checked,
            "item": failed.map(|failed| &failed.item), "why": failed.map(|failed| &failed.why),
            "sentences": both(&self.proven), "not_proven": both(&self.not_proven),
            "left_out": self.left_out, "weightless": self.weightless,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two(text: &str) -> (String, String) {
        (format!("{text}中"), text.to_owned())
    }

    #[test]
    fn whoever_shows_a_report_shows_what_it_does_not_prove() {
        let mut report = Report::of(Verdict::Malformed, None);
        let told = Told { proven: vec![two("proven")], not_proven: vec![two("not proven")] };
        report.tell(told, vec!["README.txt".into()]);
        report.leave_out(vec!["access 7 (completion)".into()]);
        report.end(Ok(Verdict::Verified));
        assert_eq!(report.sections().iter().filter(|section| section.holds).count(), 1);
        let lines = report.sections().into_iter().flat_map(|section| section.lines);
        let english: Vec<String> = lines.map(|(_, en)| en).collect();
        assert_eq!(english, ["proven", "not proven", "access 7 (completion)", "README.txt"]);
        let json = report.json();
        for key in ["sentences", "not_proven", "left_out", "weightless"] {
            assert_eq!(json[key].as_array().unwrap().len(), 1, "{key}");
        }
        report.end(Err(Failed::altered("run", "x")));
        assert!(report.sections().is_empty(), "what does not hold proves nothing");
        assert_eq!(report.json()["verdict"], "altered");
    }
}
