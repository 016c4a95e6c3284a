//! What people and units are called: less than a [`Text`] may have, so that a name is read as a
//! name wherever it stands, and as no address, place, unit or sentence beside one.

use super::{NameError, Text, has_letter, is_letter, misplaced};
use unicode_normalization::UnicodeNormalization;

/// What stands in a name beside letters, marks and single blanks: between the parts of a foreign
/// name, in double names, behind what is shortened, between the syllables of a Tibetan one.
const IN_NAMES: [char; 6] = ['·', '-', '\'', '’', '.', '་'];
/// And in that of a unit: 市场监督管理局（知识产权局）.
const IN_UNITS: [char; 9] = ['·', '-', '\'', '’', '.', '་', '、', '（', '）'];

/// The name of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonName(Text);

impl PersonName {
    /// Reads a name; nothing is changed silently, and what is the matter is named.
    pub fn read(text: &str) -> Result<Self, NameError> {
        called(text, &IN_NAMES).map(Self)
    }

    /// The person's name as it was read.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// The name of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitName(Text);

impl UnitName {
    /// Reads a name; nothing is changed silently, and what is the matter is named.
    pub fn read(text: &str) -> Result<Self, NameError> {
        let name = called(text, &IN_UNITS)?;
        match unpaired(text) {
            Some(bracket) => Err(NameError::Strange(bracket)),
            None => Ok(Self(name)),
        }
    }

    /// The unit's name as it was read.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

fn called(text: &str, beside: &[char]) -> Result<Text, NameError> {
    let name = Text::read(text)?;
    for c in text.chars().filter(|c| !beside.contains(c) && *c != ' ') {
        if let Some(usual) = usual(c).filter(|usual| beside.contains(usual)) {
            return Err(NameError::NotNormalized(c, usual.into()));
        }
        // A letter in another form is told how; what stands for words, as ㈱ does, is none.
        let normal: String = core::iter::once(c).nfkc().collect();
        if normal != String::from(c) && normal.chars().all(is_letter) {
            return Err(NameError::NotNormalized(c, normal));
        }
        if !is_letter(c) || normal != String::from(c) {
            return Err(NameError::Strange(c));
        }
    }
    if let Some(letter) = misplaced(text) {
        return Err(NameError::Strange(letter));
    }
    if let Some(mark) = unled(text) {
        return Err(NameError::Strange(mark));
    }
    let ends = [text.chars().next(), text.chars().next_back()];
    if let Some(end) = ends.into_iter().flatten().find(|c| matches!(c, '·' | '-' | '、')) {
        return Err(NameError::Strange(end));
    }
    if text.starts_with('.') || !has_letter(text) {
        return Err(NameError::Strange(text.chars().next().unwrap_or('.')));
    }
    if is_dotted(text) { Err(NameError::Dotted) } else { Ok(name) }
}

/// The character that is meant by one that looks alike, as input methods and other systems have it.
fn usual(c: char) -> Option<char> {
    Some(match c {
        '•' | '・' | '･' | '‧' | '⋅' | '∙' | '●' | '⸱' | 'ꞏ' => '·',
        '‐' | '‑' | '‒' | '–' | '—' | '−' | '－' => '-',
        '．' => '.',
        '‘' | '＇' | '′' | '｀' | '`' | '´' | '\u{2bb}' | '\u{2bc}' => '’',
        '(' => '（',
        ')' => '）',
        _ => return None,
    })
}

/// An apostrophe behind which no letter stands: it would close a quotation.
fn unled(text: &str) -> Option<char> {
    let behind = text.chars().skip(1).map(Some).chain([None]);
    let pairs = text.chars().zip(behind);
    let is_led = |behind: Option<char>| behind.is_some_and(char::is_alphabetic);
    pairs.filter(|(c, _)| matches!(c, '\'' | '’')).find(|(_, b)| !is_led(*b)).map(|(c, _)| c)
}

/// Whether a dot joins two words, as in an address: behind one stands a blank, or a single letter
/// with a dot of its own, as in J.R.R.
fn is_dotted(text: &str) -> bool {
    let words = text.split([' ', '-', '·']);
    words.into_iter().any(|word| {
        let behind = word.split('.').skip(1).collect::<Vec<_>>();
        let (last, between) = behind.split_last().unwrap_or((&"", &[]));
        !last.is_empty() || between.iter().any(|part| part.chars().count() != 1)
    })
}

/// A bracket that has no other, or stands within others.
fn unpaired(text: &str) -> Option<char> {
    let mut open = false;
    for c in text.chars().filter(|c| matches!(c, '（' | '）')) {
        if (c == '（') == open {
            return Some(c);
        }
        open = !open;
    }
    open.then_some('（')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_people_are_names() {
        for name in [
            "王小明",
            "欧阳娜娜",
            "买买提·艾力",
            "ئابدۇراخمان",
            "སྒྲོལ་མ",
            "བསྟན་འཛིན",
            "Nguyễn Thị Ế",
            "O’Neil",
            "O'Neil",
            "’t Hooft",
            "Jean-Paul Sartre",
            "J. R. R. Tolkien",
            "J.R.R. Tolkien",
            "Martin King Jr.",
            "王小明2",
            "〇々",
            "Жуков",
            "ꀋꀌ",
        ] {
            assert!(PersonName::read(name).is_ok(), "{name}: {:?}", PersonName::read(name).err());
            assert!(UnitName::read(name).is_ok(), "{name}: {:?}", UnitName::read(name).err());
        }
        for name in ["市场监督管理局（知识产权局）", "工业、信息化局", "第110中心"]
        {
            assert!(UnitName::read(name).is_ok(), "{name}: {:?}", UnitName::read(name).err());
        }
    }

    /// Each is refused, and what is the matter is named.
    #[test]
    fn a_name_is_nothing_else() {
        let strange = [
            ("王㈱明", '㈱'),
            ("王（明", '（'),
            ("王/明", '/'),
            ("王@明", '@'),
            ("王：明", '：'),
            ("王:明", ':'),
            ("“王”", '“'),
            ("王\"明", '"'),
            ("王→明", '→'),
            ("王<明", '<'),
            ("王[明]", '['),
            ("王，明", '，'),
            ("王ː明", 'ː'),
            ("王_明", '_'),
            ("王\u{20e0}", '\u{20e0}'),
            ("-王", '-'),
            ("王·", '·'),
            (".王", '.'),
            ("12", '1'),
            ("王✓", '✓'),
            ("王’", '’'),
            ("王、明", '、'),
            ("王〔明", '〔'),
            ("王＠明", '＠'),
        ];
        for (name, c) in strange {
            assert_eq!(PersonName::read(name), Err(NameError::Strange(c)), "{name}");
            let told = NameError::Strange(c).to_string();
            assert!(told.contains(&format!("U+{:04X}", c as u32)), "{told}");
        }
        for (name, c, usual) in [
            ("买买提•艾力", '•', "·"),
            ("买买提・艾力", '・', "·"),
            ("王Ａ", 'Ａ', "A"),
            ("王－明", '－', "-"),
            ("J．王", '．', "."),
            ("⼀", '⼀', "一"),
            ("王①", '①', "1"),
        ] {
            let told = Err(NameError::NotNormalized(c, usual.into()));
            assert_eq!(PersonName::read(name), told, "{name}");
        }
        assert_eq!(PersonName::read("王\u{200b}明"), Err(NameError::Hidden(0x200b)));
        assert_eq!(PersonName::read("王\u{3000}明"), Err(NameError::Blank(0x3000)));
        let unit = |name| UnitName::read(name).err();
        assert_eq!(unit("局(内)"), Some(NameError::NotNormalized('(', "（".into())));
        for name in ["局（", "局）（", "局（（内））"] {
            assert!(matches!(unit(name), Some(NameError::Strange('（' | '）'))), "{name}");
        }
        for name in ["局：内", "http://x.cn", "a@b.cn", "局/内"] {
            assert!(matches!(unit(name), Some(NameError::Strange(_))), "{name}");
        }
    }

    /// What mail programs make a link of is no name.
    #[test]
    fn no_name_is_an_address() {
        for name in ["www.x.cn", "x.cn", "王.cn", "登录 www.x.cn", "约翰.史密斯", "a.b.cn", "J.R"]
        {
            assert_eq!(PersonName::read(name), Err(NameError::Dotted), "{name}");
            assert_eq!(UnitName::read(name), Err(NameError::Dotted), "{name}");
        }
    }
}
