//! What programs say to people, in the language of whoever reads it: short things beside each other
//! where both are spoken, sentences below each other. Machines are told in JSON, by nobody here.
//! Each line begins with what its caller puts there: a mark, or blanks. Sentences are words of
//! ours, known when a program is built; what somebody else wrote stands in a span or a value, so
//! that it is laid out as what it is.

use crate::language::{SpokenLanguage, halves};
use crate::layout::{self, Span};
use crate::terminal::{self, Reader, complaint, line};
use std::error::Error;
use std::fmt::Display;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

/// The second language of a sentence stands at least so far to the right.
const BELOW_MIN: usize = 4;

/// A text in the language of whoever reads it, both beside each other if that is nobody's.
pub fn both(zh: &str, en: &str) -> String {
    SpokenLanguage::here().of_both(zh, en)
}

/// A short sentence.
///
/// ```compile_fail,E0597
/// let answered = String::from("what a portal answered");
/// system::speech::said("", &answered, &answered);
/// ```
pub fn said(begins: &str, zh: &'static str, en: &'static str) {
    line(&format!("{begins}{}", both(zh, en)));
}

/// A sentence in one language, or in both, a line each.
///
/// ```compile_fail,E0597
/// let answered = String::from("what a portal answered");
/// system::speech::sentence("", &answered, &answered);
/// ```
pub fn sentence(begins: &str, zh: &'static str, en: &'static str) {
    let below = begins.chars().count().max(BELOW_MIN);
    lines(SpokenLanguage::here(), (begins, below), zh, en).iter().for_each(|text| line(text));
}

/// What is said in pieces, in the language of whoever reads it, or in both, below each other. On a
/// terminal it breaks where it says so; whatever others wrote begins no line.
pub fn told(begins: &str, zh: &[Span], en: &[Span]) {
    let columns = Reader::of_output().map_or(usize::MAX, Reader::columns);
    told_lines(SpokenLanguage::here(), begins, (zh, en), columns)
        .iter()
        .for_each(|text| line(text));
}

/// Lines of what is said in pieces; once where both languages are alike.
pub fn told_lines(
    spoken: SpokenLanguage,
    begins: &str,
    (zh, en): (&[Span], &[Span]),
    columns: usize,
) -> Vec<String> {
    let below = begins.chars().count().max(BELOW_MIN);
    laid(spoken, (begins, below), (zh, en), columns)
}

/// The second language stands so far to the right, and so does what goes on.
fn laid(
    spoken: SpokenLanguage,
    (begins, below): (&str, usize),
    (zh, en): (&[Span], &[Span]),
    columns: usize,
) -> Vec<String> {
    let first = if spoken == SpokenLanguage::English { en } else { zh };
    let mut lines = layout::spans((begins, below), first, columns);
    if spoken == SpokenLanguage::Both && zh != en {
        lines.extend(layout::spans((&" ".repeat(below), below), en, columns));
    }
    lines
}

/// A value with its name. On a terminal it breaks where it says so.
pub fn fact(begins: &str, (zh, en): (&'static str, &'static str), value: impl Display) {
    let columns = Reader::of_output().map_or(usize::MAX, Reader::columns);
    let name = format!("{begins}{}: ", both(zh, en));
    let value = layout::value(&value.to_string());
    let below = begins.chars().count().max(BELOW_MIN);
    layout::lines((&name, below), &value, columns).iter().for_each(|text| line(text));
}

/// The command to type next, exactly as it runs.
pub fn next(begins: &str, command: &Command) {
    let (zh, en) = NEXT;
    line(&format!("{begins}{}: {}", both(zh, en), command.as_str()));
}

/// What to do next, where that is more than to type a command.
pub fn next_step(begins: &str, (zh, en): (&str, &str)) {
    let name = both(NEXT.0, NEXT.1);
    let step = if zh == en { zh.to_owned() } else { both(zh, en) };
    line(&format!("{begins}{name}: {step}"));
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
            fill(&mut command, words.next().copied().unwrap_or_default());
            command.push_str(part);
        }
        Self(command)
    }

    /// The same with options behind it, each a name of our own and a file or a word.
    pub fn with(mut self, options: &[(&'static str, String)]) -> Self {
        for (name, value) in options {
            self.0.push_str(&format!(" {name} "));
            fill(&mut self.0, value);
        }
        self
    }

    /// A command of the same program, behind what stands there already: where it is, for one.
    #[must_use]
    pub fn then(self, text: &'static str, words: &[&str]) -> Self {
        Self(format!("{} {}", self.0, Self::new(text, words).0))
    }

    /// The command as it is typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Writes a word behind a command. One that looks like an option is none: as the value of an option
/// it is tied to that by `=`; elsewhere it can only be a file's name, and begins like one.
fn fill(command: &mut String, text: &str) {
    let last = command.strip_suffix(' ').and_then(|before| before.rsplit(' ').next());
    let option = last.filter(|last| last.starts_with("--"));
    match option {
        Some("--") => command.push_str(&word(text)),
        Some(_) if text.starts_with('-') => {
            command.pop();
            command.push('=');
            command.push_str(&word(text));
        }
        Some(_) => command.push_str(&word(text)),
        None => command.push_str(&argument(text)),
    }
}

/// A file's name as a shell takes it, and a program for no option, for what is told to people.
pub fn quoted(path: &Path) -> String {
    argument(&path.display().to_string())
}

/// A word that no program takes for an option; `-` alone is none.
fn argument(text: &str) -> String {
    match text.starts_with('-') && text.len() > 1 {
        true => word(&format!("./{text}")),
        false => word(text),
    }
}

/// A word as a shell takes it.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./@+:,".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// What went wrong, in pieces, on standard error; laid out as what is told.
pub fn failed(begins: &str, zh: &[Span], en: &[Span]) {
    let columns = Reader::of_errors().map_or(usize::MAX, Reader::columns);
    let below = begins.chars().count();
    let lines = laid(SpokenLanguage::here(), (begins, below), (zh, en), columns);
    lines.iter().for_each(|text| complaint(text));
}

/// What a program could not do, on standard error: an error and what caused it.
pub fn broke_off<'a>(begins: &str, chain: impl Iterator<Item = &'a (dyn Error + 'static)>) {
    let (zh, en) = caused(chain);
    failed(begins, &[Span::Foreign(zh)], &[Span::Foreign(en)]);
}

/// The same, with what to type next, unless the error says that itself.
pub fn broke_off_before<'a>(
    begins: &str,
    chain: impl Iterator<Item = &'a (dyn Error + 'static)>,
    next: &str,
) {
    let (zh, en) = caused(chain);
    let says_it = en.contains("next: ");
    failed(begins, &[Span::Foreign(zh)], &[Span::Foreign(en)]);
    if !says_it {
        next_after_failure("", next);
    }
}

/// An error and what caused it, in Chinese and in English. What the operating system says stands in
/// its own words.
pub fn caused<'a>(chain: impl Iterator<Item = &'a (dyn Error + 'static)>) -> (String, String) {
    let parts: (Vec<String>, Vec<String>) = chain
        .map(|error| match (error.to_string(), error.downcast_ref::<std::io::Error>()) {
            (told, Some(own)) if own.raw_os_error().is_some() => (told.clone(), told),
            (told, _) => halves(&told),
        })
        .unzip();
    (parts.0.join("："), parts.1.join(": "))
}

/// How a program ends: as it would, unless some of what it printed could not be written. That its
/// reader went away, as `| head` does, is no failure.
pub fn ended(code: ExitCode, unwritten: ExitCode) -> ExitCode {
    let missing = terminal::missing().filter(|error| error.kind() != ErrorKind::BrokenPipe);
    let Some(error) = missing else { return code };
    let told = both("输出没有写完", "not all that was printed could be written");
    complaint(&format!("{told}: {error}"));
    unwritten
}

/// What to do after something went wrong, on standard error: a command, or words in both languages
/// with ` / ` between.
pub fn next_after_failure(begins: &str, command: &str) {
    let (zh, en) = NEXT;
    complaint(&format!("{begins}{}: {}", both(zh, en), SpokenLanguage::here().one_of(command)));
}

const NEXT: (&str, &str) = ("下一步", "next");

/// Lines of a sentence: the second language stands below the first, so far to the right.
fn lines(
    spoken: SpokenLanguage,
    (begins, below): (&str, usize),
    zh: &str,
    en: &str,
) -> Vec<String> {
    match spoken {
        SpokenLanguage::Chinese => vec![format!("{begins}{zh}")],
        SpokenLanguage::English => vec![format!("{begins}{en}")],
        SpokenLanguage::Both => vec![format!("{begins}{zh}"), format!("{:below$}{en}", "")],
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
        assert_eq!(quoted("-rf; x"), "'./-rf; x'", "no option");
    }

    #[test]
    fn what_is_filled_into_a_command_stays_one_word() {
        let told = |order: &str| Command::new("program verb {}", &[order]);
        assert_eq!(told("5GPJWBSG64S36D1N").as_str(), "program verb 5GPJWBSG64S36D1N");
        assert_eq!(told("X; curl x|sh").as_str(), "program verb 'X; curl x|sh'");
        let reason = |text: &str| Command::new("program verb --reason {} --yes", &[text]);
        assert_eq!(reason("- 单位不对").as_str(), "program verb --reason='- 单位不对' --yes");
        assert_eq!(reason("--yes").as_str(), "program verb --reason=--yes --yes");
        assert_eq!(reason("单位-1").as_str(), "program verb --reason 单位-1 --yes");
        let file = told("5GPJ").with(&[("--key", "-x.key".into())]);
        assert_eq!(file.as_str(), "program verb 5GPJ --key=-x.key");
        assert_eq!(told("-x.json").as_str(), "program verb ./-x.json");
        assert_eq!(told("-").as_str(), "program verb -");
        let there = Command::new("program --state {}", &["my city"]).then("show {}", &["-x"]);
        assert_eq!(there.as_str(), "program --state 'my city' show ./-x");
        let behind = Command::new("program -- {}", &["-x; y"]);
        assert_eq!(behind.as_str(), "program -- '-x; y'");
        let own = told("5GPJ").with(&[("--key", "my city/it's.key".into())]);
        assert_eq!(own.as_str(), "program verb 5GPJ --key 'my city/it'\\''s.key'");
    }

    /// Whatever somebody else wrote into it, each line begins with what is ours.
    #[test]
    fn no_text_of_others_begins_a_line_of_what_is_told() {
        let (own, foreign) =
            (|text: &str| Span::Own(text.into()), |text: &str| Span::Foreign(text.into()));
        let forged = "  · By the rules of version 7, rule all permits this";
        for filler in [" ", "\u{3000}", "─", "一", "ئ"] {
            for count in [1, 17, 37, 75, 77, 197] {
                let text = format!("a{}{forged}", filler.repeat(count));
                let zh = [own("对 "), foreign(&text), own(" 的访问。")];
                let en = [own("On "), foreign(&text), own(".")];
                for columns in [20, 40, 80, 200, usize::MAX] {
                    for spoken in
                        [SpokenLanguage::Chinese, SpokenLanguage::English, SpokenLanguage::Both]
                    {
                        let lines = told_lines(spoken, "  · ", (&zh, &en), columns);
                        let begins = ["  · 对 ", "  · On ", "    On ", "    │ "];
                        let ours = |line: &String| begins.iter().any(|with| line.starts_with(with));
                        assert!(lines.iter().all(ours), "{filler:?} {count} {columns}: {lines:?}");
                        assert!(!lines.iter().any(|line| line.starts_with("  · By")), "{lines:?}");
                    }
                }
            }
        }
    }

    /// Whatever a peer answers instead of what was asked for, each line of it begins with a mark.
    #[test]
    fn no_refusal_begins_a_line() {
        let forged = "✓ 已批准 / approved";
        for filler in [" ", "\u{3000}", "─", "一"] {
            let text = format!("a{}{forged}", filler.repeat(75));
            let told = layout::filled("对方拒绝：{}", &[&text]);
            for columns in [20, 40, 80, usize::MAX] {
                let lines = laid(SpokenLanguage::Chinese, ("✗ ", 2), (&told, &told), columns);
                let ours = |line: &String| line.starts_with("✗ 对方") || line.starts_with("  │ ");
                assert!(lines.iter().all(ours), "{filler:?} {columns}: {lines:?}");
            }
        }
    }

    /// An error of ours, over a library's, over the operating system's.
    #[derive(Debug, thiserror::Error)]
    #[error("无法读取 a b / a b cannot be read")]
    struct Ours(#[source] Theirs);

    #[derive(Debug, thiserror::Error)]
    #[error("bad block")]
    struct Theirs(#[source] std::io::Error);

    #[test]
    fn an_error_is_told_in_each_language() {
        let system = std::io::Error::from_raw_os_error(2);
        let said = system.to_string();
        let error = Ours(Theirs(system));
        let chain = std::iter::successors(Some(&error as &(dyn Error + 'static)), |error| {
            (*error).source()
        });
        let (zh, en) = caused(chain);
        assert_eq!(zh, format!("无法读取 a b：「bad block」：{said}"));
        assert_eq!(en, format!("a b cannot be read: bad block: {said}"));
    }

    #[test]
    fn a_sentence_is_in_one_language_or_in_both() {
        let told = |spoken| lines(spoken, ("✗ ", 2), "未完成。", "It is not finished.");
        assert_eq!(told(SpokenLanguage::Chinese), ["✗ 未完成。"]);
        assert_eq!(told(SpokenLanguage::English), ["✗ It is not finished."]);
        assert_eq!(told(SpokenLanguage::Both), ["✗ 未完成。", "  It is not finished."]);
    }
}
