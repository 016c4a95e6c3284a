//! What a bundle proves, and what it does not, as one value: whoever shows it shows all of it. The
//! sentences are given in sections only, so that none is shown without what limits it.

use crate::summary::ProofSummary;
use crate::verdict::{Failed, Verdict};
use plain::{FactValue, phrase, words};
use serde_json::{Value, json};
use system::language::SpokenLanguage;
use system::layout::Span;
use system::terminal::Reader;
use system::{speech, terminal};

/// The report says what a bundle proves, in sections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    verdict: Verdict,
    /// The first thing that does not hold, if any.
    failed: Option<Failed>,
    /// What was checked, in order.
    checked: Vec<FactValue>,
    /// The facts of what happened that are proven.
    proven: Vec<FactValue>,
    /// What does not follow, although somebody may read it there.
    not_proven: Vec<FactValue>,
    /// Records that no agent signed: nothing rests on them.
    left_out: Vec<String>,
    /// Files that no signature covers: the verdict is the same whatever they say.
    weightless: Vec<String>,
}

/// A part of a report with its title, Chinese and English; names are the same in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The title of the section, in Chinese and in English.
    pub title: (&'static str, &'static str),
    /// It says whether the lines of the section are proven.
    pub holds: bool,
    /// The lines of the section, each a fact for people.
    pub lines: Vec<FactValue>,
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

    /// The verdict that the whole report comes to.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The first thing that does not hold, if any.
    pub fn failed(&self) -> Option<&Failed> {
        self.failed.as_ref()
    }

    /// Our own words for what holds, with numbers and digests in their places.
    pub(crate) fn check(&mut self, what: &'static str, values: Vec<FactValue>) {
        self.checked.push(phrase(what, what, values));
    }

    pub(crate) fn leave_out(&mut self, records: Vec<String>) {
        self.left_out = records;
    }

    pub(crate) fn tell(&mut self, told: ProofSummary, weightless: Vec<String>) {
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
        // A row of one: a name is quoted, or it could be written like a sentence.
        let name = |name: &String| FactValue::Row(vec![name.into()]);
        let all = [
            (("由此证明：", "what this proves:"), self.proven.clone()),
            (("以下不能由此证明：", "what this does not prove:"), self.not_proven.clone()),
            (
                ("没有网关签名、未计入的记录：", "records that no agent signed, left out:"),
                self.left_out.iter().map(|record| words(record)).collect(),
            ),
            (
                ("没有签名覆盖、不影响结论的文件：", "files without weight:"),
                self.weightless.iter().map(name).collect(),
            ),
        ];
        let section = |(at, (title, lines))| Section { title, holds: at == 0, lines };
        let all = all.into_iter().enumerate().map(section);
        all.filter(|section| !section.lines.is_empty()).collect()
    }

    /// Tells people, in the language of whoever reads it.
    pub fn print(&self) {
        let columns = Reader::of_output().map_or(usize::MAX, Reader::columns);
        self.lines(SpokenLanguage::here(), columns).iter().for_each(|line| terminal::line(line));
    }

    /// Its lines, each of which begins with a mark of ours.
    fn lines(&self, spoken: SpokenLanguage, columns: usize) -> Vec<String> {
        let tell = |begins: &'static str, value: &FactValue| {
            let said = (&*value.spans_zh(), &*value.spans_en());
            speech::told_lines(spoken, begins, said, columns)
        };
        let mut lines: Vec<String> =
            self.checked.iter().flat_map(|checked| tell("  ✓ ", checked)).collect();
        if let Some(failed) = &self.failed {
            let (zh, en) = failed_spans(failed);
            // Beside each other they are one: no text of a bundle begins a second line.
            let zh = if matches!(spoken, SpokenLanguage::Chinese) { &zh[..] } else { &en[..] };
            lines.extend(speech::told_lines(spoken, "  ✗ ", (zh, &en), columns));
        }
        for Section { title: (zh, en), lines: told, .. } in self.sections() {
            lines.push(format!("  {}", spoken.of_both(zh, en)));
            lines.extend(told.iter().flat_map(|line| tell("  · ", line)));
        }
        let mark = if self.failed.is_none() { "✓" } else { "✗" };
        lines.push(format!("{mark} {}", spoken.of_both(self.verdict.zh(), self.verdict.name())));
        lines
    }

    /// All of it for machines: an object.
    pub fn json(&self) -> Value {
        let failed = self.failed.as_ref();
        let both = |told: &[FactValue]| -> Vec<_> {
            told.iter().map(|one| Value::Object(one.document())).collect()
        };
        let checked: Vec<String> = self.checked.iter().map(FactValue::en).collect();
        json!({
            "verdict": self.verdict.name(), "exit": self.verdict.exit(), "checked": checked,
            "item": failed.map(|failed| &failed.item), "why": failed.map(|failed| &failed.why),
            "sentences": both(&self.proven), "not_proven": both(&self.not_proven),
            "left_out": self.left_out, "weightless": self.weightless,
        })
    }
}

/// What does not hold, in Chinese and in English: which item, and why. Either may hold a text of
/// the bundle.
fn failed_spans(failed: &Failed) -> ([Span; 4], [Span; 3]) {
    let (item, why) = (Span::Foreign(failed.item.clone()), Span::Foreign(failed.why.clone()));
    let (own, told) = (|text: &str| Span::Own(text.into()), Span::Foreign(failed.zh()));
    ([item.clone(), own("："), told, own("。")], [item, own(": "), why])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two(text: &'static str) -> FactValue {
        phrase(text, text, Vec::new())
    }

    #[test]
    fn whoever_shows_a_report_shows_what_it_does_not_prove() {
        let mut report = Report::of(Verdict::Malformed, None);
        let told =
            ProofSummary { proven: vec![two("proven")], not_proven: vec![two("not proven")] };
        report.tell(told, vec!["README.txt".into()]);
        report.leave_out(vec!["access 7 (completion)".into()]);
        report.end(Ok(Verdict::Verified));
        assert_eq!(report.sections().iter().filter(|section| section.holds).count(), 1);
        let lines = report.sections().into_iter().flat_map(|section| section.lines);
        let english: Vec<String> = lines.map(|line| line.en()).collect();
        assert_eq!(english, ["proven", "not proven", "access 7 (completion)", "README.txt"]);
        let json = report.json();
        for key in ["sentences", "not_proven", "left_out", "weightless"] {
            assert_eq!(json[key].as_array().unwrap().len(), 1, "{key}");
        }
        report.end(Err(Failed::altered("run", "x")));
        assert!(report.sections().is_empty(), "what does not hold proves nothing");
        assert_eq!(report.json()["verdict"], "altered");
    }

    /// Names of files, and whatever else a bundle holds, are read as what they are, on a terminal
    /// of any width: none begins a line, and none is a sentence of ours.
    #[test]
    fn no_text_of_a_bundle_is_read_as_a_finding() {
        let forged = "By the rules of version 7, rule all permits this; evaluated again.";
        let resource = format!("exchange/a{}  · {forged}", " ".repeat(75));
        let sentence = |resource: &str| {
            let by = "By the rules of version 7, rule {0} permits this on {1}; evaluated again.";
            phrase("规则 {0} 允许对 {1} 的访问。", by, vec!["r1".into(), resource.into()])
        };
        for blank in [" ", "\u{3000}", "─", "ئ"] {
            let name = format!("a{}  · {forged}", blank.repeat(75));
            let told = ProofSummary { proven: vec![sentence(&resource)], not_proven: Vec::new() };
            let mut report = Report::of(Verdict::Malformed, None);
            report.check("founding {0}", vec!["AAAA".into()]);
            report.tell(told, vec![name.clone(), forged.into()]);
            report.end(Ok(Verdict::Verified));
            let mut failed = Report::of(Verdict::Malformed, None);
            failed.end(Err(Failed::new(Verdict::Malformed, name, "not a plain file")));
            for columns in [20, 40, 80, 200, usize::MAX] {
                for spoken in
                    [SpokenLanguage::Chinese, SpokenLanguage::English, SpokenLanguage::Both]
                {
                    let lines = [report.lines(spoken, columns), failed.lines(spoken, columns)];
                    for line in lines.iter().flatten() {
                        let ours = ["  ✓ founding AAAA", "  · 规则 r1", "  · By the rules of"]
                            .into_iter()
                            .chain(["    By the rules of", "    │ ", "  · 「", "  ✗ a"])
                            .chain(["  由此", "  没有", "  what", "  files", "✓ ", "✗ "]);
                        assert!(ours.into_iter().any(|with| line.starts_with(with)), "{line}");
                        assert!(!line.starts_with(&format!("  · {forged}")), "{line}");
                    }
                }
            }
        }
        assert!(sentence("x y").en().contains("「x y」"));
    }
}
