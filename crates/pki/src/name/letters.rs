//! Letters by the script that they are of. What looks like a colon, a dash or a quotation mark is a
//! letter of one script or another, and between letters of a third it is read as the sign: a name
//! that holds it would be read as a name and something about it.

use super::characters::is_mark;
use unicode_script::{Script, UnicodeScript};

#[cfg(test)]
mod tests;

/// Whether a character is a letter, a mark upon one or a digit of ASCII, of a script in which
/// people and units are named, and none that is read as a sign wherever it stands.
pub(crate) fn is_letter(c: char) -> bool {
    if c.is_ascii_digit() {
        return true;
    }
    if !c.is_alphabetic() && !is_mark(c) {
        return false;
    }
    match c.script() {
        Script::Han => !is_stroke(c),
        Script::Latin => is_latin(c),
        // Enclosing and striking marks, and letters of old books, are in other blocks.
        Script::Cyrillic => matches!(c, '\u{400}'..='\u{482}' | '\u{48a}'..='\u{52f}'),
        // The parts of a syllable by themselves are dashes and bars.
        Script::Hangul => matches!(c, '\u{ac00}'..='\u{d7a3}'),
        Script::Armenian => c != '\u{559}',
        Script::Inherited => is_shared_mark(c),
        Script::Common => is_prolonging(c),
        script => is_of_people(script),
    }
}

/// The first character that does not stand where its script has it: a tone, a sign of length or a
/// syllable's dot behind no letter of its script, a mark upon a letter of another one, or a letter
/// in a word of another script.
pub(crate) fn misplaced(text: &str) -> Option<char> {
    let mut word = Word::default();
    text.chars().find(|c| !word.takes(*c))
}

/// What stood in a word so far.
#[derive(Default)]
struct Word {
    /// The script of its letters.
    script: Option<Script>,
    /// The character directly before.
    before: Option<char>,
}

impl Word {
    /// One more character; whether it stands where its script has it.
    fn takes(&mut self, c: char) -> bool {
        let behind = self.script.filter(|_| self.before.is_some());
        let stands = match c {
            '་' => behind == Some(Script::Tibetan),
            c if is_prolonging(c) => behind == Some(Script::Katakana),
            c if is_lisu_tone(c) => self.before.is_some_and(is_lisu_letter),
            c if is_mark(c) && c.script() == Script::Inherited => behind.is_some_and(has_accents),
            c if is_mark(c) => behind == Some(spelled(c)),
            c if c.is_alphabetic() => self.is_joined_by(spelled(c)),
            _ => true,
        };
        match c {
            c if c.is_alphabetic() || is_mark(c) || c == '་' => self.before = Some(c),
            // A digit ends no word: what stands behind it is of the same script.
            c if c.is_ascii_digit() => self.before = None,
            _ => *self = Self::default(),
        }
        stands
    }

    /// A letter of a script joins the word: of its own script, or Latin beside Han, as in A区.
    fn is_joined_by(&mut self, script: Script) -> bool {
        let before = self.script.replace(script);
        let pair = (before.unwrap_or(script), script);
        pair.0 == pair.1
            || matches!(pair, (Script::Han, Script::Latin) | (Script::Latin, Script::Han))
    }
}

/// The script of a character, in which the two of Japanese syllables are one.
fn spelled(c: char) -> Script {
    match c.script() {
        Script::Hiragana => Script::Katakana,
        script => script,
    }
}

/// Scripts that have no rules of their own: those of the peoples of the country, and of the
/// languages in which foreigners are named.
fn is_of_people(script: Script) -> bool {
    use Script::{
        Arabic, Bengali, Devanagari, Ethiopic, Georgian, Greek, Gujarati, Gurmukhi, Hebrew,
        Hiragana, Kannada, Katakana, Khmer, Lao, Lisu, Malayalam, Miao, Mongolian, Myanmar,
        New_Tai_Lue, Oriya, Sinhala, Tai_Le, Tai_Tham, Tamil, Telugu, Thaana, Thai, Tibetan, Yi,
    };
    let of_the_country = matches!(
        script,
        Arabic | Lisu | Miao | Mongolian | New_Tai_Lue | Tai_Le | Tai_Tham | Tibetan | Yi
    );
    let of_neighbours = matches!(
        script,
        Bengali
            | Devanagari
            | Gujarati
            | Gurmukhi
            | Hiragana
            | Kannada
            | Katakana
            | Khmer
            | Lao
            | Malayalam
            | Myanmar
            | Oriya
            | Sinhala
            | Tamil
            | Telugu
            | Thai
    );
    of_the_country
        || of_neighbours
        || matches!(script, Ethiopic | Georgian | Greek | Hebrew | Thaana)
}

/// Whether a letter is one of a single stroke, or a numeral of tallies: bars, dots and dashes that
/// nobody is named by, but for 一 and 乙.
fn is_stroke(c: char) -> bool {
    matches!(c,
        '丨' | '丶' | '丿' | '乀' | '乁' | '乚' | '亅' | '\u{3021}'..='\u{3029}'
        | '\u{3038}'..='\u{303b}' | '\u{31c0}'..='\u{31ef}' | '\u{2e80}'..='\u{2fdf}')
}

/// Latin letters of living languages; not clicks and stops, which are bars and question marks, and
/// no letters of phonetic transcription but those that African languages and Azerbaijani have.
fn is_latin(c: char) -> bool {
    let is_sign = matches!(c, '\u{1c0}'..='\u{1c3}' | '\u{241}' | '\u{242}');
    let is_of_alphabets = c.is_ascii_alphabetic()
        || matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
        || "ɓɔɖɗəɛɣɨɩɲʉʊʋ".contains(c);
    is_of_alphabets && !is_sign
}

/// Marks that more than one script has upon letters; not those that strike a letter out or join
/// two.
fn is_shared_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{333}' | '\u{339}'..='\u{34e}' | '\u{64b}'..='\u{655}' | '\u{670}')
}

/// Whether letters of a script carry the marks that are of none.
fn has_accents(script: Script) -> bool {
    use Script::{Arabic, Armenian, Cyrillic, Georgian, Greek, Hebrew, Latin};
    matches!(script, Arabic | Armenian | Cyrillic | Georgian | Greek | Hebrew | Latin)
}

/// What makes a Japanese syllable long, or says it again: a dash and commas elsewhere.
fn is_prolonging(c: char) -> bool {
    matches!(c, 'ー' | 'ゝ' | 'ゞ' | 'ヽ' | 'ヾ')
}

fn is_lisu_letter(c: char) -> bool {
    matches!(c, '\u{a4d0}'..='\u{a4f7}')
}

/// Tones of Lisu: a full stop, a comma, two of them, a semicolon and a colon elsewhere.
fn is_lisu_tone(c: char) -> bool {
    matches!(c, '\u{a4f8}'..='\u{a4fd}')
}
