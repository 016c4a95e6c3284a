//! Parts of a document that is written in its final bytes: whoever writes it puts its keys in their
//! order, and nothing of it is sorted or looked through afterwards.

use super::{INTEGER_END, JsonError, text_is_normal};
use data_encoding::BASE64URL_NOPAD;
use std::io::Write;

/// Appends a text with its quotation marks.
pub(crate) fn text(to: &mut Vec<u8>, text: &str) -> Result<(), JsonError> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.bytes().all(is_plain) {
        to.push(b'"');
        to.extend_from_slice(text.as_bytes());
        to.push(b'"');
        return Ok(());
    }
    text_is_normal(text)?;
    serde_json::to_writer(to, text).map_err(JsonError::from)
}

/// Appends an integer.
pub(crate) fn number(to: &mut Vec<u8>, number: u64) -> Result<(), JsonError> {
    if number >= INTEGER_END {
        return Err(JsonError::Number);
    }
    write!(to, "{number}").map_err(|_| JsonError::part("number"))
}

/// Appends bytes as base64url without padding, without quotation marks.
pub(crate) fn bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    let from = to.len();
    to.resize(from + BASE64URL_NOPAD.encode_len(bytes.len()), 0);
    if let Some(place) = to.get_mut(from..) {
        BASE64URL_NOPAD.encode_mut(bytes, place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;

    /// What is appended is what the whole way writes, and refused is what it refuses.
    #[test]
    fn a_part_is_written_as_the_whole_is() {
        fn whole<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, JsonError> {
            crate::json::write(&value)
        }
        let all: String = (0..0x3000).filter_map(char::from_u32).collect();
        let all = crate::json::normal(&all);
        for one in [
            "",
            "a",
            "~ ",
            "\"",
            "\\",
            "a\"b\\c",
            "\u{7f}",
            "\n\u{1}",
            "中",
            "e\u{301}",
            all.as_str(),
        ] {
            let mut written = Vec::new();
            let part = text(&mut written, one).map(|()| written);
            assert_eq!(part, whole(one), "{one:?}");
        }
        for one in [0, 7, 10, INTEGER_END - 1, INTEGER_END, u64::MAX] {
            let mut written = Vec::new();
            let part = number(&mut written, one).map(|()| written);
            assert_eq!(part, whole(&one), "{one}");
        }
        for length in 0..70_u8 {
            let (some, mut written) = ((0..length).collect::<Vec<u8>>(), vec![b'"']);
            bytes(&mut written, &some);
            written.push(b'"');
            assert_eq!(written, whole(&crate::bytes::Bytes(some)).unwrap());
        }
    }
}
