//! How facts are written for people.

use crate::language::Language;

/// A time of a message in Beijing time, to the minute. What is none is shown as what it is, and
/// does nothing.
pub fn time(language: Language, utc: &str) -> String {
    match (records::time::beijing(utc), language) {
        (Some(there), Language::Chinese) => there.minute_zh(),
        (Some(there), Language::English) => there.minute_en(),
        (None, _) => harmless(utc),
    }
}

/// The same to the second where it is no whole minute: of what somebody decides about.
pub fn exact_time(language: Language, utc: &str) -> String {
    match (records::time::beijing(utc), language) {
        (Some(there), Language::Chinese) => there.zh(),
        (Some(there), Language::English) => there.en(),
        (None, _) => harmless(utc),
    }
}

/// Leaves a list of items with numbers of their own, in the order in which they are shown, those
/// that a browser would not count by itself: it gives an item the number behind the one above.
pub fn list_numbers<'a>(numbers: impl Iterator<Item = &'a mut Option<usize>>) {
    let mut next = Some(1);
    for number in numbers {
        let own = *number;
        *number = own.filter(|_| own != next);
        next = own.map(|own| own + 1);
    }
}

/// A text as part of an address.
pub fn escaped(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    let one = |byte: u8| match plain(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// A name as far as its owner needs it to know their own.
pub fn masked_name(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    match characters.as_slice() {
        [] | [_] => name.to_owned(),
        [first, _] => format!("{first}＊"),
        [first, .., last] => format!("{first}＊{last}"),
    }
}

/// An id as far as its owner needs it.
pub fn masked_id(id: &str) -> String {
    match (id.get(..4), id.get(id.len().saturating_sub(4)..)) {
        (Some(first), Some(last)) if id.len() > 8 => format!("{first}········{last}"),
        _ => id.to_owned(),
    }
}

/// A text of somebody else on one of our pages: characters that turn the line around, join or hide,
/// and controls, are shown as what they are instead of doing what they do, and so are blanks but
/// for single spaces.
pub fn harmless(text: &str) -> String {
    system::layout::value(text)
}

/// A command on one of our pages, to be copied.
pub fn command(text: &str) -> String {
    system::layout::command(text)
}

/// A line of a file of somebody else on one of our pages: blanks indent, what looks like another
/// character has its number, and nothing turns the line around.
pub fn file_line(text: &str) -> String {
    system::layout::file_line(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_recognize_themselves_and_nobody_else() {
        let at = "2026-11-25T18:30:07Z";
        assert_eq!(time(Language::English, at), "2026-11-26 02:30 (UTC+8)");
        assert_eq!(time(Language::Chinese, at), "2026年11月26日 02:30（北京时间）");
        assert_eq!(exact_time(Language::English, at), "2026-11-26 02:30:07 (UTC+8)");
        assert_eq!(exact_time(Language::Chinese, "x\u{202e}"), "x‹U+202E›");
        assert_eq!(harmless("王\u{202e}小\u{200b}明 <b>"), "王‹U+202E›小‹U+200B›明 <b>");
        assert_eq!(harmless("王  明\u{3000}"), "王‹U+0020×2›明‹U+3000›");
        assert_eq!(time(Language::Chinese, "soon\u{202e}"), "soon‹U+202E›");
        assert_eq!(escaped("a&b 王"), "a%26b%20%E7%8E%8B");
        assert_eq!(masked_name("王小明"), "王＊明");
        assert_eq!(masked_name("李丹"), "李＊");
        assert_eq!(masked_name("欧阳修文"), "欧＊文");
        assert_eq!(masked_id("0123456789ABCDEF"), "0123········CDEF");
    }

    /// Whatever comes first, each item is counted as its own number.
    #[test]
    fn a_list_says_the_numbers_that_nobody_counts() {
        let left = |numbers: [usize; 4]| {
            let mut numbers = numbers.map(Some);
            list_numbers(numbers.iter_mut());
            numbers
        };
        assert_eq!(left([1, 2, 3, 4]), [None; 4]);
        assert_eq!(left([2, 4, 1, 3]), [Some(2), Some(4), Some(1), Some(3)]);
        assert_eq!(left([3, 4, 1, 2]), [Some(3), None, Some(1), None]);
    }
}
