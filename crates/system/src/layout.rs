//! Texts of somebody else as they are laid out on a terminal: nothing in them begins a line of its
//! own. A terminal breaks a long line where it likes and says nothing of it, so blanks or dashes
//! would do what a line feed must not; lines are broken here instead, and each says that it goes
//! on.

use pki::name::{is_blank, is_hidden};
use unicode_width::UnicodeWidthChar;

/// Stands before each line that goes on with the text before it.
pub const HANGING: &str = "│ ";
/// Columns of a terminal that does not say how many it has.
pub const COLUMNS: usize = 80;
/// Less room than this is none: a mark and one wide character.
const COLUMNS_MIN: usize = 12;
/// A letter carries so many marks that take no room of their own; Vietnamese needs two.
const MARKS_MAX: usize = 2;

/// A text of somebody else as part of a line: what hides or controls is shown as its number, and so
/// are blanks but for single spaces, and marks heaped upon a letter.
pub fn value(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut marks = MARKS_MAX;
    while let Some(character) = characters.next() {
        let mut count = 1;
        let is_odd = is_hidden(character) || is_blank(character);
        let is_mark = !is_odd && character.width() == Some(0);
        marks = if is_mark { marks + 1 } else { usize::from(is_odd) * MARKS_MAX };
        if is_odd || marks > MARKS_MAX {
            while characters.next_if_eq(&character).is_some() {
                count += 1;
            }
        }
        match (is_odd || marks > MARKS_MAX, character, count) {
            (false, ..) | (_, ' ', 1) => shown.push(character),
            (_, _, 1) => shown.push_str(&number(character)),
            _ => shown.push_str(&format!("‹U+{:04X}×{count}›", u32::from(character))),
        }
    }
    shown
}

/// A line of a file: what hides or controls is shown as its number, blanks indent and align.
pub fn file_line(text: &str) -> String {
    let plain = |character: char| match character {
        ' ' => character.to_string(),
        character if is_hidden(character) || is_blank(character) => number(character),
        character => character.to_string(),
    };
    text.chars().map(plain).collect()
}

fn number(character: char) -> String {
    format!("‹U+{:04X}›", u32::from(character))
}

/// The lines of a text that fit into so many columns: the first behind what it begins with, all
/// others behind as many blanks as that has, and [`HANGING`]. A character of which terminals differ
/// how wide it is counts as the wider.
pub fn lines((begins, indent): (&str, usize), text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(COLUMNS_MIN);
    let hanging = format!("{:indent$}{HANGING}", "", indent = indent.min(columns / 3));
    let mut lines = Vec::new();
    let (mut line, mut taken) = (begins.to_owned(), width(begins));
    for character in text.chars() {
        let needed = character.width_cjk().unwrap_or(0);
        if taken + needed > columns {
            lines.push(std::mem::replace(&mut line, hanging.clone()));
            taken = width(&hanging);
        }
        line.push(character);
        taken += needed;
    }
    lines.push(line);
    lines
}

fn width(text: &str) -> usize {
    text.chars().map(|character| character.width_cjk().unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_marks_show_what_they_are() {
        assert_eq!(value("看过 录用文件，a b"), "看过 录用文件，a b");
        let padded = format!("x{}公钥: 0", " ".repeat(46));
        assert_eq!(value(&padded), "x‹U+0020×46›公钥: 0");
        assert_eq!(value("王\u{3000}明\u{a0}\u{a0}"), "王‹U+3000›明‹U+00A0×2›");
        assert_eq!(value("a\u{2800}\n\u{202e}"), "a‹U+2800›‹U+000A›‹U+202E›");
        assert_eq!(value("o\u{302}\u{301}"), "o\u{302}\u{301}");
        assert_eq!(value(&format!("o{}", "\u{301}".repeat(9))), "o\u{301}\u{301}‹U+0301×7›");
        assert_eq!(file_line("    effect = \"a\"\t"), "    effect = \"a\"‹U+0009›");
    }

    /// Whatever fills the line, what stands behind it begins no line of its own.
    #[test]
    fn no_text_begins_a_line() {
        for filler in [" ", "-", "一", "─", "\u{2800}", "\u{3000}", "a\u{301}", "🀄"] {
            for count in [1, 9, 46, 63, 64, 65, 199] {
                let text = format!("{}公钥 / public key: forged", filler.repeat(count));
                for columns in [0, 1, 20, 40, 80, 132] {
                    let lines = lines(("   依据: ", 3), &value(&text), columns);
                    for line in &lines {
                        assert!(width(line) <= columns.max(COLUMNS_MIN), "{columns}: {line}");
                    }
                    let marked = |line: &String| line.trim_start().starts_with(HANGING);
                    assert!(lines.iter().skip(1).all(marked), "{filler:?} {count}: {lines:?}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_lost_where_lines_break() {
        let text = "0123456789abcdef".repeat(20);
        let lines = lines(("   digest: ", 3), &text, 40);
        let rest = lines.iter().skip(1).map(|line| line.trim_start().trim_start_matches(HANGING));
        let whole: String = std::iter::once(&lines[0]["   digest: ".len()..]).chain(rest).collect();
        assert_eq!(whole, text);
    }
}
