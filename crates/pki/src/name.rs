//! Distinguished names: Chinese text in UTF-8, NFC, in one fixed order (docs/formats.md, "Names").

mod called;
mod characters;
mod letters;
mod look_alike;
mod written;

pub use called::{PersonName, UnitName};
pub use characters::{Heap, has_right_to_left, is_blank, is_hidden, is_mark, is_right_to_left};
pub(crate) use letters::{is_letter, misplaced};
pub use look_alike::is_look_alike;
pub(crate) use written::read as text_of;

use crate::der_fault::DerFault;
use crate::oid;
use characters::{has_letter, heaped, wide_blank};
use der::asn1::{Any, ObjectIdentifier, PrintableStringRef, SetOfVec, Utf8StringRef};
use der::{Decode, Encode, Sequence, ValueOrd};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Longest text of one attribute in characters (RFC 5280 upper bounds: ub-common-name and others).
pub const TEXT_CHARS_MAX: usize = 64;
/// Longest free text that people sign, in characters.
pub const FREE_TEXT_CHARS_MAX: usize = 2_000;

/// Why a text cannot stand where it was typed, or in a name.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing, or only spaces.
    #[error("没有填写 / nothing is written")]
    Empty,
    /// More than so many characters.
    #[error("超过 {0} 个字符 / longer than {0} characters")]
    TooLong(usize),
    /// A space before or behind it.
    #[error("前后不能有空格 / a space before or behind it")]
    Spaces,
    /// A blank other than a single space.
    #[error("只能有单个普通空格，不能有 U+{0:04X} / single plain spaces only, no U+{0:04X}")]
    Blank(u32),
    /// Not in Unicode normalization form C, or not as names are written: a character that has
    /// another spelling, and that.
    #[error("字符 {0}（U+{code:04X}）应写作 {1} / write {1} for {0} (U+{code:04X})", code = *.0 as u32)]
    NotNormalized(char, String),
    /// Control, bidirectional or invisible characters.
    #[error("不能有无法显示的字符 U+{0:04X} / a character that cannot be shown: U+{0:04X}")]
    Hidden(u32),
    /// A mark without a letter to stand on, or one more than a letter carries.
    #[error("叠加的符号过多：U+{0:04X} / marks are heaped upon a letter: U+{0:04X}")]
    Heaped(u32),
    /// A character that no name has, or not there.
    #[error("名称中不能有 {0}（U+{code:04X}） / no name has {0} (U+{code:04X}) there", code = *.0 as u32)]
    Strange(char),
    /// Words that are joined by a dot, as in an address.
    #[error(
        "名称中“.”（U+002E）之后应为空格，外文名的间隔号写作“·” / a space stands behind “.” (U+002E); \
         parts of a name are joined by “·”"
    )]
    Dotted,
    /// A value that only allows PrintableString has others.
    #[error("只能有字母、数字和连字符 / the value allows only letters, digits and hyphens")]
    NotPrintable,
    /// The name's DER is not what we build.
    #[error("名称的编码不正确 / the name is not valid DER")]
    Malformed,
    /// A name's DER is not read, and why, in Chinese and in English.
    #[error("名称无法读取：{0} / the name is not read: {1}")]
    Unread(String, String),
}

/// A text checked for names: NFC, trimmed, no control, bidi or invisible characters, no blanks but
/// single spaces, no marks heaped upon a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(String);

impl Text {
    /// Checks `text`; nothing is changed silently.
    pub fn read(text: &str) -> Result<Self, NameError> {
        check_readable(text, TEXT_CHARS_MAX)?;
        Ok(Self(text.to_owned()))
    }

    /// The text as it was read.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The first character of a text that normalization form C writes otherwise, and how.
fn respelled(text: &str) -> Option<(char, String)> {
    if is_nfc(text) {
        return None;
    }
    let alone = text.chars().find(|c| !core::iter::once(*c).nfc().eq([*c]));
    if let Some(own) = alone {
        return Some((own, core::iter::once(own).nfc().collect()));
    }
    // Composed of two: told where it begins.
    let differs = text.chars().zip(text.nfc()).find(|(own, normal)| own != normal);
    Some(differs.map_or_else(|| ('?', text.nfc().collect()), |(own, to)| (own, to.into())))
}

/// A free text can be read as it stands: something in it, not too long, in normalization form C, no
/// hidden character and no blanks but single spaces between words, so that it is one line
/// everywhere and cannot be laid out as several. What is the matter is named.
pub fn check_readable(text: &str, chars_max: usize) -> Result<(), NameError> {
    if text.trim().is_empty() {
        return Err(NameError::Empty);
    }
    if text.chars().count() > chars_max {
        return Err(NameError::TooLong(chars_max));
    }
    if let Some(hidden) = text.chars().find(|c| is_hidden(*c)) {
        return Err(NameError::Hidden(hidden as u32));
    }
    if text.trim() != text {
        return Err(NameError::Spaces);
    }
    if let Some(blank) = wide_blank(text) {
        return Err(NameError::Blank(blank as u32));
    }
    if let Some((own, normal)) = respelled(text) {
        return Err(NameError::NotNormalized(own, normal));
    }
    match heaped(text) {
        Some(mark) => Err(NameError::Heaped(mark as u32)),
        None => Ok(()),
    }
}

/// What is the matter, in Chinese and in English: messages here are one, a slash, and the other.
pub fn both(matter: &impl core::fmt::Display) -> (String, String) {
    let told = matter.to_string();
    let (zh, en) = told.split_once(" / ").unwrap_or((&told, &told));
    (zh.to_owned(), en.to_owned())
}

#[derive(Clone, Debug, PartialEq, Eq, Sequence, ValueOrd)]
struct Attribute {
    oid: ObjectIdentifier,
    value: Any,
}

/// A distinguished name, kept as its DER, with the person id in it: whose certificate it is, is
/// asked at every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistinguishedName {
    der: Vec<u8>,
    person: Option<String>,
}

/// The parts of a subject in the order in which they are written; one attribute each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The country is two capital letters (ISO 3166-1).
    pub country: String,
    /// The organization is the city.
    pub organization: Text,
    /// OU: the county's id if there is one, then the unit's id.
    pub units: Vec<String>,
    /// The common name is that of the person or service.
    pub common_name: Text,
    /// serialNumber: the person id; services have none.
    pub serial_number: Option<String>,
}

impl Subject {
    /// C, O, OU…, CN, serialNumber; C and serialNumber PrintableString, the others UTF8String.
    pub fn to_name(&self) -> Result<DistinguishedName, NameError> {
        let mut rdns = vec![
            attribute(oid::COUNTRY, printable(&self.country)?)?,
            attribute(oid::ORGANIZATION, utf8(self.organization.as_str())?)?,
        ];
        for unit in &self.units {
            rdns.push(attribute(oid::ORGANIZATIONAL_UNIT, utf8(Text::read(unit)?.as_str())?)?);
        }
        rdns.push(attribute(oid::COMMON_NAME, utf8(self.common_name.as_str())?)?);
        if let Some(number) = &self.serial_number {
            rdns.push(attribute(oid::SERIAL_NUMBER, printable(number)?)?);
        }
        DistinguishedName::from_der(&rdns.to_der().map_err(|_| NameError::Malformed)?)
    }
}

impl DistinguishedName {
    /// The subject of a system: C, O, OU, and CN where one of its names is short enough to be one.
    pub fn of_system(
        country: &str,
        organization: &Text,
        unit: &str,
        common_name: Option<&Text>,
    ) -> Result<Self, NameError> {
        let mut rdns = vec![
            attribute(oid::COUNTRY, printable(country)?)?,
            attribute(oid::ORGANIZATION, utf8(organization.as_str())?)?,
            attribute(oid::ORGANIZATIONAL_UNIT, utf8(Text::read(unit)?.as_str())?)?,
        ];
        if let Some(name) = common_name {
            rdns.push(attribute(oid::COMMON_NAME, utf8(name.as_str())?)?);
        }
        Self::from_der(&rdns.to_der().map_err(|_| NameError::Malformed)?)
    }

    /// Takes a name's DER as it stands.
    pub fn from_der(der: &[u8]) -> Result<Self, NameError> {
        Self::try_from_der(der).map_err(|error| {
            // Where in what was sent it is, the name's own bytes do not say.
            let error: der::Error = error.kind().into();
            let fault = DerFault(&error);
            NameError::Unread(fault.zh(), fault.en())
        })
    }

    /// [`Self::from_der`], which says what is wrong with the DER.
    pub(crate) fn try_from_der(der: &[u8]) -> der::Result<Self> {
        let rdns = Vec::<SetOfVec<Attribute>>::from_der(der)?;
        let person = values(&rdns, oid::SERIAL_NUMBER).into_iter().next();
        Ok(Self { der: der.to_vec(), person })
    }

    /// The name in DER, as it stands in certificates.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// No attribute at all, as in people's requests.
    pub fn is_empty(&self) -> bool {
        self.der == [0x30, 0x00]
    }

    /// All values of one attribute, in order, as text.
    pub fn values(&self, kind: ObjectIdentifier) -> Vec<String> {
        let rdns = Vec::<SetOfVec<Attribute>>::from_der(&self.der);
        rdns.map_or_else(|_| Vec::new(), |rdns| values(&rdns, kind))
    }

    /// The first common name, if the name has one.
    pub fn common_name(&self) -> Option<String> {
        self.values(oid::COMMON_NAME).into_iter().next()
    }

    /// The person id of a person's certificate.
    pub fn person(&self) -> Option<&str> {
        self.person.as_deref()
    }

    /// The unit: the last OU.
    pub fn unit(&self) -> Option<String> {
        self.values(oid::ORGANIZATIONAL_UNIT).pop()
    }
}

fn values(rdns: &[SetOfVec<Attribute>], kind: ObjectIdentifier) -> Vec<String> {
    let own = rdns.iter().flat_map(SetOfVec::iter).filter(|attribute| attribute.oid == kind);
    own.filter_map(|attribute| text_of(&attribute.value)).collect()
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<SetOfVec<Attribute>, NameError> {
    SetOfVec::from_iter([Attribute { oid, value }]).map_err(|_| NameError::Malformed)
}

fn utf8(text: &str) -> Result<Any, NameError> {
    let value = Utf8StringRef::new(text).map_err(|_| NameError::Malformed)?;
    Any::encode_from(&value).map_err(|_| NameError::Malformed)
}

fn printable(text: &str) -> Result<Any, NameError> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(NameError::NotPrintable);
    }
    let value = PrintableStringRef::new(text).map_err(|_| NameError::NotPrintable)?;
    Any::encode_from(&value).map_err(|_| NameError::NotPrintable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(name: &str) -> Result<Subject, NameError> {
        Ok(Subject {
            country: "CN".into(),
            organization: Text::read("商洛市")?,
            units: vec!["shangzhou".into(), "sz-office".into()],
            common_name: Text::read(name)?,
            serial_number: Some("0123456789ABCDEF".into()),
        })
    }

    #[test]
    fn a_chinese_name_is_written_in_order_and_read_back() {
        let name = subject("王小明").unwrap().to_name().unwrap();
        assert_eq!(name.common_name().as_deref(), Some("王小明"));
        assert_eq!(name.unit().as_deref(), Some("sz-office"));
        assert_eq!(name.person(), Some("0123456789ABCDEF"));
        assert_eq!(name.values(oid::ORGANIZATIONAL_UNIT).len(), 2);
    }

    #[test]
    fn hidden_and_unnormalized_characters_are_refused() {
        assert_eq!(subject("王\u{202e}明").unwrap_err(), NameError::Hidden(0x202e));
        assert_eq!(subject("王\u{200b}明").unwrap_err(), NameError::Hidden(0x200b));
        assert_eq!(subject("王\n明").unwrap_err(), NameError::Hidden(0x0a));
        for none in ['\u{fdd0}', '\u{fdef}', '\u{fffe}', '\u{1ffff}', '\u{2fffe}'] {
            let told = subject(&format!("王{none}")).unwrap_err();
            assert_eq!(told, NameError::Hidden(u32::from(none)));
        }
        // Variants that a font chooses, and characters of nobody's but one program's.
        for none in ['\u{fe00}', '\u{e0100}', '\u{e863}', '\u{f0000}'] {
            let told = subject(&format!("葛{none}")).unwrap_err();
            assert_eq!(told, NameError::Hidden(u32::from(none)));
        }
        let told = |name: &str| subject(name).unwrap_err();
        assert_eq!(told("e\u{301}"), NameError::NotNormalized('e', "é".into()));
        // A compatibility ideograph, as some input methods write it.
        assert_eq!(told("\u{f9e1}明"), NameError::NotNormalized('\u{f9e1}', "李".into()));
        assert!(told("\u{f9e1}明").to_string().contains("U+F9E1"));
        assert_eq!(told(" 王"), NameError::Spaces);
        assert_eq!(told("王\u{3000}"), NameError::Spaces);
        assert_eq!(subject("").unwrap_err(), NameError::Empty);
        assert_eq!(subject(&"王".repeat(65)).unwrap_err(), NameError::TooLong(TEXT_CHARS_MAX));
    }

    /// Marks are drawn over other lines; names of every people of the country are taken.
    #[test]
    fn marks_are_not_heaped() {
        for name in ["སྒྲོལ་མ", "བསྟན་འཛིན", "ئابدۇراخمان", "买买提·艾力", "Nguyễn Thị Ế"]
        {
            assert!(subject(name).is_ok(), "{name}: {:?}", subject(name).err());
        }
        let heap =
            |letter: &str, mark: char, count| format!("{letter}{}", mark.to_string().repeat(count));
        assert!(subject(&heap("王", '\u{301}', 2)).is_ok());
        for (text, mark) in [
            (heap("王", '\u{301}', 3), 0x301),
            (heap("王", '\u{301}', 60), 0x301),
            (heap("ས", '\u{f90}', 5), 0xf90),
            (heap("", '\u{327}', 1), 0x327),
            (heap("王 ", '\u{327}', 1), 0x327),
        ] {
            assert_eq!(subject(&text).unwrap_err(), NameError::Heaped(mark), "{text:?}");
            assert!(check_readable(&text, 2_000).is_err(), "{text:?}");
        }
    }

    /// A run of blanks breaks a line where a line feed must not.
    #[test]
    fn blanks_are_single_spaces() {
        assert!(
            subject("Anna Maria").is_ok() && check_readable("看过 录用文件 a b", 2_000).is_ok()
        );
        for blank in ["  ", "\u{3000}", "\u{a0}", "\u{2003}", "\u{2800}", " \u{2009}", "\u{16fe4}"]
        {
            let text = format!("王{blank}明");
            assert!(matches!(subject(&text), Err(NameError::Blank(_))), "{blank:?}");
            assert!(check_readable(&text, 2_000).is_err(), "{blank:?}");
        }
        for text in ["", " ", " 王", "王 ", "王\u{3000}"] {
            assert!(check_readable(text, 2_000).is_err(), "{text:?}");
        }
    }
}
