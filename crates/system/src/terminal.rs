//! The only functions that write to a terminal, so that no text of somebody else steers one: what
//! controls, hides or turns characters around is shown as its number instead. A reader that went
//! away, as `| head` does, is no error: the rest is dropped. What cannot be written for another
//! reason, as on a full disk, is one, which programs tell at their end; see [`missing`].

use crate::layout::COLUMNS;
use pki::name::{is_blank, is_hidden};
use rustix::termios::tcgetwinsize;
use std::io::{Error, IsTerminal, Write, stderr, stdout};
use std::sync::OnceLock;

/// Writes a formatted line to standard output.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => { $crate::terminal::line(&format!($($text)*)) };
}

/// Writes a formatted line to standard error.
#[macro_export]
macro_rules! complain {
    ($($text:tt)*) => { $crate::terminal::complaint(&format!($($text)*)) };
}

/// A line on standard output. A line feed in it is shown, and ends nothing.
pub fn line(text: &str) {
    print(&format!("{}\n", visible(text)));
}

/// A line of columns with tabs between them, and none inside.
pub fn columns(cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| visible(cell)).collect();
    print(&format!("{}\n", cells.join("\t")));
}

/// A JSON document on one line of standard output.
pub fn json(document: &str) {
    print(&format!("{}\n", escaped(document)));
}

/// A script of our own for a shell, as it stands: nothing in it is a text of somebody else.
pub fn script(own: &str) {
    print(own);
}

/// The first reason for which standard output lacks some of what was printed.
static MISSING: OnceLock<Error> = OnceLock::new();

fn print(text: &str) {
    if let Err(error) = stdout().write_all(text.as_bytes()) {
        let _ = MISSING.set(error);
    }
}

/// Why standard output lacks some of what was printed so far; whoever goes on with what people are
/// to have read asks.
pub fn missing() -> Option<&'static Error> {
    if let Err(error) = stdout().flush() {
        let _ = MISSING.set(error);
    }
    MISSING.get()
}

/// A line on standard error.
pub fn complaint(text: &str) {
    let _ = writeln!(stderr(), "{}", visible(text));
}

/// A JSON document on one line of standard error.
pub fn json_complaint(document: &str) {
    let _ = writeln!(stderr(), "{}", escaped(document));
}

/// How far something is, on a line of standard error that the next one takes the place of; only
/// where somebody looks at it. An empty one leaves the line free.
pub fn progress(text: &str) {
    let mut terminal = stderr();
    if terminal.is_terminal() {
        let _ = write!(terminal, "\r\x1b[2K{}", visible(text));
        let _ = terminal.flush();
    }
}

/// A question on standard error; the answer is typed on the same line.
pub fn question(text: &str) {
    asked(stderr(), text);
}

fn asked(mut terminal: impl Write, text: &str) {
    let _ = write!(terminal, "{}", visible(text));
    let _ = terminal.flush();
}

/// A terminal on which somebody reads: what they are to consent to, and the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Standard output is it.
    Output,
    /// Standard error is it.
    Errors,
}

impl Reader {
    /// Standard output, if that is a terminal.
    pub fn of_output() -> Option<Self> {
        stdout().is_terminal().then_some(Self::Output)
    }

    /// Standard error, if that is a terminal.
    pub fn of_errors() -> Option<Self> {
        stderr().is_terminal().then_some(Self::Errors)
    }

    /// How many columns it has.
    pub fn columns(self) -> usize {
        let size = match self {
            Self::Output => tcgetwinsize(stdout()),
            Self::Errors => tcgetwinsize(stderr()),
        };
        size.ok().map(|size| usize::from(size.ws_col)).filter(|n| *n > 0).unwrap_or(COLUMNS)
    }

    /// Prints a line where this reader reads, on the output or among the errors.
    pub fn line(self, text: &str) {
        match self {
            Self::Output => line(text),
            Self::Errors => complaint(text),
        }
    }

    /// A question on it; the answer is typed on the same line.
    pub fn question(self, text: &str) {
        match self {
            Self::Output => asked(stdout(), text),
            Self::Errors => question(text),
        }
    }
}

/// Standard error for diagnostic logs: each line is a JSON document, and is escaped like one.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogLines;

impl Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        stderr().write_all(log_line(bytes).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        stderr().flush()
    }
}

/// A line of a log, one whatever stands in it.
fn log_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match text.strip_suffix('\n') {
        Some(body) => format!("{}\n", escaped(body)),
        None => escaped(&text),
    }
}

/// A text whose hidden and controlling characters, and blanks other than spaces, show what they
/// are.
pub fn visible(text: &str) -> String {
    let odd = |character| is_hidden(character) || (is_blank(character) && character != ' ');
    replaced(text, odd, |character| format!("‹U+{:04X}›", u32::from(character)))
}

/// A JSON document whose hidden characters are written as escapes; it says the same. Outside of its
/// strings canonical JSON has none.
pub fn escaped(document: &str) -> String {
    replaced(document, is_hidden, |character| {
        let mut units = [0; 2];
        character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
    })
}

fn replaced(text: &str, odd: impl Fn(char) -> bool, with: impl Fn(char) -> String) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match odd(character) {
            true => shown.push_str(&with(character)),
            false => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each: a control, a line feed, a tab, C1, DEL, a mark that turns, separators, joiners.
    const HOSTILE: &str =
        "a\u{1b}[2J\n\t\u{9b}\u{7f}\u{202e}\u{2028}\u{2029}\u{200d}\u{feff}\u{600}";

    #[test]
    fn nothing_hidden_reaches_a_terminal() {
        let shown = visible(&format!("王小明 {HOSTILE} 𠮷·"));
        assert!(!shown.chars().any(is_hidden), "{shown}");
        assert!(
            shown.starts_with("王小明 a‹U+001B›[2J‹U+000A›‹U+0009›") && shown.ends_with(" 𠮷·")
        );
        let tag = '\u{e0041}';
        assert_eq!(visible(&tag.to_string()), "‹U+E0041›");
    }

    /// Whatever an event of a log has in it, it is one line of it, without a hidden character.
    #[test]
    fn an_event_is_one_line_of_a_log() {
        let line = log_line(format!("{{\"error\":\"{HOSTILE}\"}}\n").as_bytes());
        let body = line.strip_suffix('\n').unwrap();
        assert!(!body.chars().any(is_hidden), "{line}");
        assert!(body.contains("\\u202e") && body.contains("\\u000a"), "{line}");
        assert!(!log_line(b"\xff\x1b[2J").contains('\u{1b}'));
    }

    #[test]
    fn machines_read_what_was_meant() {
        let text = format!("{HOSTILE}\u{e0041}");
        let written = escaped(&format!("\"{}\"", text.replace(['\n', '\t', '\u{1b}'], "")));
        assert!(!written.chars().any(is_hidden), "{written}");
        assert!(written.contains("\\u202e") && written.contains("\\udb40\\udc41"), "{written}");
    }
}
