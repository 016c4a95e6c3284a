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
    /// For machines: both languages, whoever reads it. `own` is how this program is called here.
    pub(super) fn json(&self, own: &str) -> serde_json::Value {
        let both = |zh: &str, en: &str| SpokenLanguage::Both.of_both(zh, en);
        let [zh, en] = self.next(own);
        let next = if zh == en { zh } else { both(&zh, &en) };
        serde_json::json!({ "what": both(&self.what.0, &self.what.1), "next": next })
    }

    pub(super) fn say(&self, own: &str) {
        // A row may say anything.
        let what = [Span::Foreign(speech::both(&self.what.0, &self.what.1))];
        speech::told("✗ ", &what, &what);
        let [zh, en] = self.next(own);
        speech::next_step("  ", (&zh, &en));
    }

    /// What to do about it in Chinese and in English, with commands as they run here.
    fn next(&self, own: &str) -> [String; 2] {
        match &self.next {
            Next::Command(command) => [command, command].map(|text| text.replace("ca-server", own)),
            Next::Do(zh, en) => [zh, en].map(|text| text.replace("ca-server", own)),
            // The path is what it is.
            Next::HandOver(files) => [hand_over_zh(files), hand_over_en(files)],
        }
    }
}

fn hand_over_zh(files: &str) -> String {
    format!("当面交付后：shred -u {files}")
}

fn hand_over_en(files: &str) -> String {
    format!("hand them over, then: shred -u {files}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Machines and people are told the same command, which finds the same city.
    #[test]
    fn what_mends_a_finding_runs_where_it_was_found() {
        let next = |next| {
            let found = Finding { what: ("一".into(), "one".into()), next };
            found.json("HERE")["next"].as_str().unwrap().to_owned()
        };
        assert_eq!(next(Next::Command("ca-server doctor --repair")), "HERE doctor --repair");
        let told = next(Next::Do("改正后：ca-server status", "mend it, then: ca-server status"));
        assert_eq!(told, "改正后：HERE status / mend it, then: HERE status");
        let left = next(Next::HandOver("/srv/ca-server/people/*.loss.*".into()));
        assert!(left.ends_with(" then: shred -u /srv/ca-server/people/*.loss.*"), "{left}");
    }
}
