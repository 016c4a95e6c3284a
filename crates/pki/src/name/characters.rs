//! What characters show: which of them show nothing, take room, turn what stands beside them around
//! or are drawn over other lines.

use unicode_normalization::char::is_combining_mark;

/// Whether a text has a letter.
pub(super) fn has_letter(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

/// How many marks stand on the letter before them, from one character to the next. A heap of them
/// is drawn over the lines above and below.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heap {
    /// How many stand on the letter; nothing, where there is none.
    on_letter: Option<usize>,
}

impl Heap {
    /// A letter, on which marks may stand.
    pub fn letter(&mut self) {
        self.on_letter = Some(0);
    }

    /// What is no letter: no mark stands on it.
    pub fn none(&mut self) {
        self.on_letter = None;
    }

    /// One more mark; whether the letter carries it.
    pub fn carries(&mut self, mark: char) -> bool {
        let Some(count) = &mut self.on_letter else { return false };
        *count += 1;
        *count <= marks_max(mark)
    }
}

/// A letter carries two marks, as Vietnamese needs. Tibetan writes the letters of a syllable below
/// each other, and vowels above and below, all of which are marks: སྒྲོལ has three on its first.
fn marks_max(mark: char) -> usize {
    if ('\u{0f00}'..='\u{0fff}').contains(&mark) { 4 } else { 2 }
}

/// Whether a character stands upon or below the one before it.
pub fn is_mark(c: char) -> bool {
    is_combining_mark(c)
}

/// The first mark that no letter carries.
pub(super) fn heaped(text: &str) -> Option<char> {
    let mut marks = Heap::default();
    text.chars().find(|c| match (is_mark(*c), is_blank(*c)) {
        (true, _) => !marks.carries(*c),
        (false, true) => {
            marks.none();
            false
        }
        (false, false) => {
            marks.letter();
            false
        }
    })
}

/// Whether a text has letters that are written from right to left, as Uyghur is: they turn what
/// stands beside them around.
pub fn has_right_to_left(text: &str) -> bool {
    text.chars().any(is_right_to_left)
}

/// Whether a character belongs to a script that is written from right to left.
pub fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{0590}'..='\u{08ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// The first blank of a text that is more than a single space.
pub(super) fn wide_blank(text: &str) -> Option<char> {
    let after_blank = text.chars().scan(false, |after, c| {
        let pair = (*after, c);
        *after = is_blank(c);
        Some(pair)
    });
    after_blank.filter(|(after, c)| is_blank(*c) && (*after || *c != ' ')).map(|(_, c)| c).next()
}

/// Whether a character takes room and shows nothing in it: every white space of Unicode, and
/// letters and symbols that are drawn empty.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{115f}'
                | '\u{1160}'
                | '\u{180e}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{ffa0}'
                | '\u{16fe4}'
                | '\u{1d159}'
        )
}

/// Whether a character shows nothing of itself, or changes how others are shown: controls,
/// every format character (Cf), bidirectional marks, line and paragraph separators, zero-width and
/// other invisible characters, private use, tags, and code points that are no characters.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || is_no_character(c)
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{0600}'..='\u{0605}' | '\u{061c}' | '\u{06dd}'
            | '\u{070f}' | '\u{0890}'..='\u{0891}' | '\u{08e2}' | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

/// Whether a code point is no character and never will be one (Unicode 23.7): the last two of each
/// plane, and 32 more.
fn is_no_character(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}
