//! What programs say to people, in the language of whoever reads it: short things beside each other
//! where both are spoken, sentences below each other. Machines are told in JSON, by nobody here.
//! Each line begins with what its caller puts there: a mark, or blanks.

use crate::language::Spoken;
use crate::layout;
use crate::terminal::{complaint, line};
use std::fmt::Display;
use std::path::Path;

/// The second language of a sentence stands at least so far to the right.
const BELOW_MIN: usize = 4;

/// A text in the language of whoever reads it, both beside each other if that is nobody's.
pub fn both(zh: &str, en: &str) -> String {
    Spoken::here().of_both(zh, en)
}

/// A short sentence.
pub fn said(begins: &str, zh: &str, en: &str) {
    line(&format!("{begins}{}", both(zh, en)));
}

/// A sentence in one language, or in both, a line each.
pub fn sentence(begins: &str, zh: &str, en: &str) {
    let below = begins.chars().count().max(BELOW_MIN);
    lines(Spoken::here(), (begins, below), zh, en).iter().for_each(|text| line(text));
}

/// A value with its name.
pub fn fact(begins: &str, (zh, en): (&str, &str), value: impl Display) {
    line(&format!("{begins}{}: {}", both(zh, en), layout::value(&value.to_string())));
}

/// The command to type next, exactly as it runs.
pub fn next(begins: &str, command: &str) {
    let (zh, en) = NEXT;
    line(&format!("{begins}{}: {command}", both(zh, en)));
}

/// A command to copy, as a shell takes it. What is filled in stays one word each, whatever it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command(String);

impl Command {
    /// The command of a text of our own, in which a word stands for each `{}`.
    pub fn new(text: &'static str, words: &[&str]) -> Self {
        let mut words = words.iter();
        let mut parts = text.split("{}");
        let mut command = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            command.push_str(&word(words.next().copied().unwrap_or_default()));
            command.push_str(part);
        }
        Self(command)
    }

    /// The same with options behind it, each a name of our own and a file or a word.
    pub fn with(mut self, options: &[(&'static str, String)]) -> Self {
        for (name, value) in options {
            self.0.push_str(&format!(" {name} {}", word(value)));
        }
        self
    }

    /// As it is typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A file's name as a shell takes it, for a command that is told to people.
pub fn quoted(path: &Path) -> String {
    word(&path.display().to_string())
}

/// A word as a shell takes it.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./@+:,".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// A sentence about what went wrong, on standard error.
pub fn failed(begins: &str, zh: &str, en: &str) {
    let below = begins.chars().count();
    lines(Spoken::here(), (begins, below), zh, en).iter().for_each(|text| complaint(text));
}

/// What to do after something went wrong, on standard error: a command, or words in both languages
/// with ` / ` between.
pub fn next_after_failure(begins: &str, command: &str) {
    let (zh, en) = NEXT;
    complaint(&format!("{begins}{}: {}", both(zh, en), Spoken::here().one_of(command)));
}

const NEXT: (&str, &str) = ("下一步", "next");

/// Lines of a sentence: the second language stands below the first, so far to the right.
fn lines(spoken: Spoken, (begins, below): (&str, usize), zh: &str, en: &str) -> Vec<String> {
    match spoken {
        Spoken::Chinese => vec![format!("{begins}{zh}")],
        Spoken::English => vec![format!("{begins}{en}")],
        Spoken::Both => vec![format!("{begins}{zh}"), format!("{:below$}{en}", "")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_as_a_shell_reads_it() {
        let quoted = |text: &str| quoted(Path::new(text));
        assert_eq!(quoted("ca/密码信封/a-1.json"), "ca/密码信封/a-1.json");
        assert_eq!(quoted("my city"), "'my city'");
        assert_eq!(quoted("it's; $HOME"), "'it'\\''s; $HOME'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn what_is_filled_into_a_command_stays_one_word() {
        let told = |order: &str| Command::new("program verb {}", &[order]);
        assert_eq!(told("5GPJWBSG64S36D1N").as_str(), "program verb 5GPJWBSG64S36D1N");
        assert_eq!(told("X; curl x|sh").as_str(), "program verb 'X; curl x|sh'");
        let own = told("5GPJ").with(&[("--key", "my city/it's.key".into())]);
        assert_eq!(own.as_str(), "program verb 5GPJ --key 'my city/it'\\''s.key'");
    }

    #[test]
    fn a_sentence_is_in_one_language_or_in_both() {
        let told = |spoken| lines(spoken, ("✗ ", 2), "未完成。", "It is not finished.");
        assert_eq!(told(Spoken::Chinese), ["✗ 未完成。"]);
        assert_eq!(told(Spoken::English), ["✗ It is not finished."]);
        assert_eq!(told(Spoken::Both), ["✗ 未完成。", "  It is not finished."]);
    }
}
