//! What is wrong with DER, in Chinese and in English, and where; the library's own words are shown
//! to nobody.

use core::fmt;
use der::ErrorKind;

/// The tag of UniversalString, a type of text that the library has none for.
const UNIVERSAL: u8 = 0x1c;

/// What the library found wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DerFault<'a>(pub(crate) &'a der::Error);

impl DerFault<'_> {
    /// In Chinese.
    pub(crate) fn zh(self) -> String {
        let what = match self.0.kind() {
            ErrorKind::Incomplete { expected_len, actual_len } => {
                format!("不完整，应有 {expected_len} 字节，只有 {actual_len} 字节")
            }
            ErrorKind::TrailingData { remaining, .. } => format!("其后还有 {remaining} 字节"),
            ErrorKind::TagUnexpected { expected: Some(expected), actual } => {
                format!("应为 {expected}，实为 {actual}")
            }
            ErrorKind::TagUnexpected { expected: None, actual } => format!("不应是 {actual}"),
            ErrorKind::TagUnknown { byte: UNIVERSAL } => "不支持 UniversalString".into(),
            ErrorKind::TagUnknown { byte } => format!("不认识的标签 0x{byte:02X}"),
            ErrorKind::TagNumberInvalid => "标签的编号过大".into(),
            ErrorKind::Length { tag } => format!("{tag} 的长度不正确"),
            ErrorKind::Noncanonical { tag } => format!("{tag} 的写法不是 DER"),
            ErrorKind::Value { tag } => format!("{tag} 的值不正确"),
            ErrorKind::IndefiniteLength => "长度没有写明（BER）".into(),
            ErrorKind::OidMalformed => "OBJECT IDENTIFIER 不成形".into(),
            ErrorKind::OidUnknown { oid } => format!("不认识的 {oid}"),
            ErrorKind::DateTime => "日期或时间不正确".into(),
            ErrorKind::Utf8(_) => "文字不是 UTF-8".into(),
            ErrorKind::SetOrdering => "SET 的次序不是 DER".into(),
            ErrorKind::NestingDepth => "嵌套过深".into(),
            ErrorKind::Overlength | ErrorKind::Overflow => "过长".into(),
            _ => "内容不成形".into(),
        };
        match self.place() {
            Some(byte) => format!("第 {byte} 字节处{what}"),
            None => what,
        }
    }

    /// In English.
    pub(crate) fn en(self) -> String {
        let what = match self.0.kind() {
            ErrorKind::Incomplete { expected_len, actual_len } => {
                format!("it is cut off: {actual_len} bytes of {expected_len}")
            }
            ErrorKind::TrailingData { remaining, .. } => format!("{remaining} bytes follow it"),
            ErrorKind::TagUnexpected { expected: Some(expected), actual } => {
                format!("{actual} stands in place of {expected}")
            }
            ErrorKind::TagUnexpected { expected: None, actual } => {
                format!("{actual} stands where it may not")
            }
            ErrorKind::TagUnknown { byte: UNIVERSAL } => "UniversalString is not supported".into(),
            ErrorKind::TagUnknown { byte } => format!("the tag 0x{byte:02X} is unknown"),
            ErrorKind::TagNumberInvalid => "the number of a tag is too large".into(),
            ErrorKind::Length { tag } => format!("the length of {tag} is wrong"),
            ErrorKind::Noncanonical { tag } => format!("{tag} is not written as DER"),
            ErrorKind::Value { tag } => format!("the value of {tag} is wrong"),
            ErrorKind::IndefiniteLength => "a length is not written first (BER)".into(),
            ErrorKind::OidMalformed => "an OBJECT IDENTIFIER has no valid form".into(),
            ErrorKind::OidUnknown { oid } => format!("{oid} is unknown"),
            ErrorKind::DateTime => "a date or time is wrong".into(),
            ErrorKind::Utf8(_) => "a text is not UTF-8".into(),
            ErrorKind::SetOrdering => "a SET is not in the order of DER".into(),
            ErrorKind::NestingDepth => "it is nested too deeply".into(),
            ErrorKind::Overlength | ErrorKind::Overflow => "it is too long".into(),
            _ => "its content has no valid form".into(),
        };
        match self.place() {
            Some(byte) => format!("at byte {byte} {what}"),
            None => what,
        }
    }

    /// How many bytes stand before it, if that is known and not none.
    fn place(self) -> Option<u32> {
        self.0.position().map(u32::from).filter(|byte| *byte > 0)
    }
}

impl fmt::Display for DerFault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.zh(), self.en())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::Decode;
    use der::asn1::{Any, OctetString, Utf8StringRef};

    /// What is wrong with these bytes as something else is told in Chinese and in English, without
    /// a word of the library's.
    #[test]
    fn what_is_wrong_with_der_is_told_in_both_languages() {
        let faults = [
            Any::from_der(&[]).unwrap_err(),
            Any::from_der(&[0x30, 5, 0]).unwrap_err(),
            Any::from_der(&[0x05, 0, 0]).unwrap_err(),
            Any::from_der(&[0x30, 0x81, 1, 0]).unwrap_err(),
            OctetString::from_der(&[0x30, 0]).unwrap_err(),
            bool::from_der(&[1, 1, 7]).unwrap_err(),
            u8::from_der(&[2, 2, 1, 0]).unwrap_err(),
            Utf8StringRef::from_der(&[0x0c, 1, 0xff]).unwrap_err(),
        ];
        for error in faults {
            let fault = DerFault(&error);
            let told = fault.to_string();
            assert_eq!(told, format!("{} / {}", fault.zh(), fault.en()));
            assert!(!fault.zh().contains(&error.to_string()), "{told}");
            assert!(fault.zh().chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c)), "{told}");
            assert!(fault.en().is_ascii() && !fault.en().contains(" / "), "{told}");
        }
        let error = OctetString::from_der(&[0x30, 0]).unwrap_err();
        assert!(DerFault(&error).zh().ends_with("应为 OCTET STRING，实为 SEQUENCE"));
        let error = Any::from_der(&[0x30, 5, 0]).unwrap_err();
        assert!(DerFault(&error).en().contains("it is cut off"));
    }
}
