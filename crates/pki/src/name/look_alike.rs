//! Characters that are read as others: a letter of another alphabet or another form in the place of
//! one of ours makes another word of a rule, and looks the same.

/// Whether a character of a file may be taken for an ASCII or Chinese one, or for another of its
/// alphabet: whatever is a letter, a digit or a dash of an alphabet that shares shapes with ours
/// (Latin beyond ASCII, Greek, Cyrillic, Armenian, Georgian, Cherokee, Lisu, Kana, Bopomofo), or
/// another form of one (full width, mathematical, enclosed, raised, radicals). Who writes Chinese
/// or ASCII has none.
pub fn is_look_alike(c: char) -> bool {
    matches!(c,
        // Latin beyond ASCII, phonetic letters and modifiers.
        '\u{00aa}' | '\u{00b2}'..='\u{00b3}' | '\u{00b9}'..='\u{00ba}' | '\u{00c0}'..='\u{00d6}'
        | '\u{00d8}'..='\u{00f6}' | '\u{00f8}'..='\u{02ff}' | '\u{1d00}'..='\u{1dbf}'
        | '\u{1e00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}'
        | '\u{ab30}'..='\u{abbf}' | '\u{fb00}'..='\u{fb17}'
        // Greek, Cyrillic, Armenian, Georgian, Cherokee, Coptic, Lisu, and others like them.
        | '\u{0370}'..='\u{058f}' | '\u{10a0}'..='\u{10ff}' | '\u{13a0}'..='\u{13ff}'
        | '\u{1c80}'..='\u{1cbf}' | '\u{1f00}'..='\u{1fff}' | '\u{2c00}'..='\u{2c5f}'
        | '\u{2c80}'..='\u{2dff}' | '\u{a4d0}'..='\u{a4ff}' | '\u{a640}'..='\u{a69f}'
        | '\u{10280}'..='\u{1031f}' | '\u{10400}'..='\u{1044f}' | '\u{118a0}'..='\u{118ff}'
        | '\u{16f00}'..='\u{16f9f}'
        // Digits of others.
        | '\u{0660}'..='\u{0669}' | '\u{06f0}'..='\u{06f9}' | '\u{07c0}'..='\u{07ca}'
        | '\u{0966}'..='\u{096f}' | '\u{09e6}'..='\u{09ef}' | '\u{0b66}' | '\u{0c66}' | '\u{0d20}'
        | '\u{0d66}' | '\u{0e50}' | '\u{0ed0}' | '\u{1040}' | '\u{101d}' | '\u{12d0}'
        // Other forms of ours: raised, as signs, numerals, enclosed, full width, mathematical.
        | '\u{2070}'..='\u{209f}' | '\u{2100}'..='\u{214f}' | '\u{2150}'..='\u{218b}'
        | '\u{2460}'..='\u{24ff}' | '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}'
        | '\u{ff41}'..='\u{ff5a}' | '\u{1d400}'..='\u{1d7ff}' | '\u{1f100}'..='\u{1f1ff}'
        | '\u{1fbf0}'..='\u{1fbf9}'
        // Dashes, slashes, dots and quotation marks that pass for those of a rule.
        | '\u{2010}'..='\u{2013}' | '\u{2015}' | '\u{2016}' | '\u{201a}'..='\u{201b}'
        | '\u{2024}' | '\u{2032}'..='\u{2037}' | '\u{2039}'..='\u{203a}' | '\u{2041}'..='\u{2044}'
        | '\u{204e}' | '\u{2052}' | '\u{2212}' | '\u{2215}'..='\u{2217}' | '\u{2223}' | '\u{2236}'
        | '\u{223c}' | '\u{fe50}'..='\u{fe6f}'
        // What passes for Chinese: Kana, Bopomofo, strokes, radicals, compatibility forms.
        | '\u{2e80}'..='\u{2fdf}' | '\u{3021}'..='\u{3029}' | '\u{3038}'..='\u{303b}'
        | '\u{3041}'..='\u{30ff}' | '\u{3105}'..='\u{312f}' | '\u{3190}'..='\u{31ff}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffdc}' | '\u{2f800}'..='\u{2fa1f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_for_another_letter_is_one_that_does() {
        for c in "аеοԁӏıɑＡ１𝐚ⅼ﹣‐−∕·".chars().filter(|c| *c != '·') {
            assert!(is_look_alike(c), "{c} U+{:04X}", u32::from(c));
        }
        for c in "カニロエー⼝〡ㄧ".chars() {
            assert!(is_look_alike(c), "{c} U+{:04X}", u32::from(c));
        }
        let ours =
            "permit (principal, action == Action::\"read\") 规则：王小明·艾力，“退回”——《办法》"
                .chars()
                .chain("（）；？！、。…×𠮷㐀〇%~\\'`".chars());
        for c in ours {
            assert!(!is_look_alike(c), "{c} U+{:04X}", u32::from(c));
        }
    }
}
