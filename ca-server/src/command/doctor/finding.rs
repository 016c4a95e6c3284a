//! What doctor finds, in words and for machines.

use system::language::SpokenLanguage;
use system::layout::Span;
use system::speech;

/// One thing that is wrong, with the next command.
pub(super) struct Finding {
    /// The finding in Chinese, and the same in English.
    pub(super) what: (String, String),
    pub(super) next: Next,
}

/// What to do about it.
pub(super) enum Next {
    /// The operator types this command.
    Command(&'static str),
    /// The operator does this, told in Chinese and in English.
    Do(&'static str, &'static str),
    /// Hand files over, then shred them: as a shell takes them.
    HandOver(String),
}

impl Finding {
    /// For machines: both languages, whoever reads it.
    pub(super) fn json(&self) -> serde_json::Value {
        let both = |zh: &str, en: &str| SpokenLanguage::Both.of_both(zh, en);
        let next = match &self.next {
            Next::Command(command) => (*command).to_owned(),
            Next::Do(zh, en) => both(zh, en),
            Next::HandOver(files) => both(&hand_over_zh(files), &hand_over_en(files)),
        };
        serde_json::json!({ "what": both(&self.what.0, &self.what.1), "next": next })
    }

    pub(super) fn say(&self, own: &str) {
        // A row may say anything.
        let what = [Span::Foreign(speech::both(&self.what.0, &self.what.1))];
        speech::told("✗ ", &what, &what);
        let next = match &self.next {
            Next::Command(command) => [command, command].map(|text| text.replace("ca-server", own)),
            Next::Do(zh, en) => [zh, en].map(|text| text.replace("ca-server", own)),
            // The path is what it is.
            Next::HandOver(files) => [hand_over_zh(files), hand_over_en(files)],
        };
        let [zh, en] = next;
        speech::next_step("  ", (&zh, &en));
    }
}

fn hand_over_zh(files: &str) -> String {
    format!("当面交付后：shred -u {files}")
}

fn hand_over_en(files: &str) -> String {
    format!("hand them over, then: shred -u {files}")
}
