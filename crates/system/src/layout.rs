//! Texts of somebody else as they are laid out on a terminal: nothing in them begins a line of its
//! own. A terminal breaks a long line where it likes and says nothing of it, so blanks or dashes
//! would do what a line feed must not; lines are broken here instead, and each says that it goes
//! on.

use pki::name::{
    Heap, has_right_to_left, is_blank, is_hidden, is_look_alike, is_mark, is_right_to_left,
};
use unicode_width::UnicodeWidthChar;

/// Stands before each line that goes on with the text before it.
pub const HANGING: &str = "│ ";
/// Columns of a terminal that does not say how many it has.
pub const COLUMNS: usize = 80;
/// Less room than this is none: a mark and one wide character.
const COLUMNS_MIN: usize = 12;

/// Where a text stands that is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Value,
    Command,
    File,
}

/// A text of somebody else as part of a line: what hides or controls is shown as its number, and so
/// are blanks but for single spaces, and marks heaped upon a letter.
pub fn value(text: &str) -> String {
    shown(text, Place::Value)
}

/// A command that is to be copied: the same, but that many spaces stand as they were typed.
pub fn command(text: &str) -> String {
    shown(text, Place::Command)
}

/// A line of a file: single and many spaces indent and align, what may be taken for another
/// character has its number behind it, and what is written from right to left stands as its number
/// alone, since it would turn around what stands beside it. Two rules that look alike are two.
pub fn file_line(text: &str) -> String {
    shown(text, Place::File)
}

fn shown(text: &str, place: Place) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut marks = Heap::default();
    while let Some(character) = characters.next() {
        let is_space = place != Place::Value && character == ' ';
        let turns = place == Place::File && is_right_to_left(character);
        let is_odd = !is_space && (is_hidden(character) || is_blank(character) || turns);
        let stands_on = is_mark(character) || character.width() == Some(0);
        let fits = match (is_odd || is_space, stands_on) {
            (false, true) => marks.carries(character),
            (false, false) => {
                marks.letter();
                true
            }
            (true, _) => {
                marks.none();
                is_space
            }
        };
        let mut count = 1;
        while !fits && characters.next_if_eq(&character).is_some() {
            count += 1;
        }
        match (fits, character, count) {
            (true, ..) if place == Place::File && is_look_alike(character) => {
                shown.push(character);
                shown.push_str(&number(character));
            }
            (true, ..) | (_, ' ', 1) => shown.push(character),
            (_, _, 1) => shown.push_str(&number(character)),
            _ => shown.push_str(&format!("‹U+{:04X}×{count}›", u32::from(character))),
        }
    }
    shown
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

/// A piece of what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// The text is our own.
    Own(String),
    /// The text is somebody else's, and is shown so that it passes for nothing else.
    Foreign(String),
}

/// Words of ours with texts of somebody else in their places, each `{}`.
pub fn filled(words: &'static str, texts: &[&str]) -> Vec<Span> {
    let mut texts = texts.iter();
    let mut spans = Vec::new();
    for (place, part) in words.split("{}").enumerate() {
        if place > 0 {
            let text = texts.next().copied().unwrap_or_default();
            spans.extend(quoted(Span::Foreign(text.to_owned())));
        }
        spans.push(Span::Own(part.to_owned()));
    }
    spans
}

/// Around a text of somebody else that stands beside words.
const QUOTES: (char, char) = ('「', '」');

/// A piece that stands beside others: what could pass for one of them stands between quotation
/// marks that it cannot hold itself.
pub fn quoted(piece: Span) -> Vec<Span> {
    let Span::Foreign(text) = piece else { return vec![piece] };
    if is_word(&text) {
        return vec![Span::Foreign(text)];
    }
    let mut held = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '「' | '」' | '‹' => held.push_str(&number(character)),
            other => held.push(other),
        }
    }
    let (open, close) = QUOTES;
    vec![Span::Own(open.into()), Span::Foreign(held), Span::Own(close.into())]
}

/// Ids, numbers and digests need no quotation marks: nothing in them ends a word.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:@".contains(&b))
}

/// The text of some pieces.
pub fn written(spans: &[Span]) -> String {
    let text = |span: &Span| match span {
        Span::Own(text) | Span::Foreign(text) => text.clone(),
    };
    spans.iter().map(text).collect()
}

/// Lines of what is said. A text that is written from right to left has lines of its own: a
/// terminal that turns it around turns nothing else around with it.
pub fn spans((mark, indent): (&str, usize), spans: &[Span], columns: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut turns = false;
    for (place, span) in spans.iter().enumerate() {
        let (text, is_turned) = match span {
            Span::Own(text) => (value(text), false),
            Span::Foreign(text) => (value(text), has_right_to_left(text)),
        };
        if place > 0 && (turns || is_turned) {
            parts.push(String::new());
        }
        turns = is_turned;
        if let Some(last) = parts.last_mut() {
            last.push_str(&text);
        }
    }
    let goes_on = format!("{:indent$}{HANGING}", "");
    let begins = std::iter::once(mark).chain(std::iter::repeat(goes_on.as_str()));
    begins.zip(&parts).flat_map(|(begins, part)| lines((begins, indent), part, columns)).collect()
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
        assert_eq!(
            file_line(&format!("王{}", "\u{301}".repeat(60))),
            "王\u{301}\u{301}‹U+0301×58›"
        );
        assert_eq!(file_line(" \u{301}x"), " ‹U+0301›x");
        assert_eq!(file_line("\"re\u{430}d\" 读"), "\"re\u{430}‹U+0430›d\" 读");
        assert_eq!(value("re\u{430}d"), "re\u{430}d", "names of people are of any alphabet");
        assert_eq!(value("སྒྲོལ་མ"), "སྒྲོལ་མ");
        assert_eq!(file_line("    effect = \"a\"\t"), "    effect = \"a\"‹U+0009›");
    }

    /// A rule with letters from right to left is read in the order in which it counts.
    #[test]
    fn no_line_of_a_file_is_turned_around() {
        let rule = "\"\u{5d0}\" < 5 && 7 > \"\u{626}\u{627}\u{627}\" // \u{660}";
        let shown = file_line(rule);
        assert_eq!(shown, "\"‹U+05D0›\" < 5 && 7 > \"‹U+0626›‹U+0627×2›\" // ‹U+0660›");
        assert!(!has_right_to_left(&shown));
        assert_eq!(value("\u{5d0} 王"), "\u{5d0} 王", "names are of any alphabet");
    }

    /// What somebody typed is in a command what it was: only what nobody sees has its number.
    #[test]
    fn a_command_is_copied_as_it_is_typed() {
        let typed = "--reason '２０２６年①  é \u{626}\u{627}'";
        assert_eq!(command(typed), typed);
        assert_eq!(command("a\u{202e}\u{a0}b"), "a‹U+202E›‹U+00A0›b");
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
    fn what_fills_a_place_is_set_apart() {
        let told = |texts: &[&str]| written(&filled("{} 已加入，至 {}。", texts));
        assert_eq!(told(&["gate-1", "2026"]), "gate-1 已加入，至 2026。");
        assert_eq!(
            told(&["a 已加入，至 b。", "「"]),
            "「a 已加入，至 b。」 已加入，至 「‹U+300C›」。"
        );
        assert_eq!(told(&[]), "「」 已加入，至 「」。");
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
