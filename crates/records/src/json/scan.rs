//! A quick look at a document. Nearly all records and orders are small, of ASCII without escapes
//! and Chinese characters, of texts and short numbers: in such a one the walk finds nothing, and
//! need not be made.

/// Longest document that is looked at so: of more the weight is counted in the walk, which allows
/// values of a shorter one as long as there are few of them for its bytes.
const LENGTH_MAX: usize = 64 << 10;
/// Most digits of a number that is below 2^53 whatever they are.
const DIGITS_MAX: usize = 15;
/// Bytes of a document for each of its values, whatever they are, and how many values it has
/// beyond: the walk allows so many (`walk::TYPED`), and more of lighter ones.
const BYTES_PER_VALUE: usize = 19;
const VALUES_FREE: usize = 36;

/// Whether a document has no byte beside strings that JSON of ours has not, no text that would
/// have to be looked at, and no more values than its size allows whatever they are. What is left
/// to judge, the order and form of its parts, shows when it is written again.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    if bytes.len() > LENGTH_MAX {
        return false;
    }
    let (mut at, mut values) = (0, 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let Some((length, is_value)) = token(rest) else { return false };
        at += length;
        values += usize::from(is_value);
    }
    values <= VALUES_FREE + bytes.len() / BYTES_PER_VALUE
}

/// How long the token is that begins here, and whether it is a value, or as heavy as one; none if
/// it has to be looked at.
fn token(rest: &[u8]) -> Option<(usize, bool)> {
    match rest.first()? {
        b'"' => Some((text(rest.get(1..)?)? + 2, true)),
        b'{' | b'[' => Some((1, true)),
        b'}' | b']' | b',' | b':' => Some((1, false)),
        b'0'..=b'9' => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (digits <= DIGITS_MAX).then_some((digits, true))
        }
        b't' => rest.starts_with(b"true").then_some((4, true)),
        b'f' => rest.starts_with(b"false").then_some((5, true)),
        _ => None,
    }
}

/// How long the text is that begins here, without the mark that ends it; none if it has to be
/// looked at.
fn text(rest: &[u8]) -> Option<usize> {
    let is_odd = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20 | 0x80..);
    let mut at = 0;
    loop {
        at += rest.get(at..)?.iter().position(is_odd)?;
        match rest.get(at..)? {
            [b'"', ..] => return Some(at),
            behind if is_ideograph(behind) => at += 3,
            _ => return None,
        }
    }
}

/// Whether a character of the block CJK Unified Ideographs stands there, U+4E00 to U+9FFF in UTF-8:
/// none of them decomposes, or composes with what stands beside it, so that it is in normal form.
fn is_ideograph(rest: &[u8]) -> bool {
    matches!(
        rest,
        [0xe4, 0xb8..=0xbf, 0x80..=0xbf, ..] | [0xe5..=0xe9, 0x80..=0xbf, 0x80..=0xbf, ..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_normalization::is_nfc;

    /// Every character that is passed over is in normal form, whichever stand together.
    #[test]
    fn chinese_characters_are_plain_and_in_normal_form() {
        let all: String = ('\u{4e00}'..='\u{9fff}').flat_map(|one| [one, 'e', one, one]).collect();
        assert!(is_nfc(&all));
        for text in all.as_bytes().chunks(30_000) {
            let text = String::from_utf8_lossy(text).replace('\u{fffd}', "");
            assert!(is_plain(format!("[\"{text}\"]").as_bytes()));
        }
        for one in ('\u{80}'..='\u{4dff}').chain('\u{a000}'..='\u{1ffff}') {
            assert!(!is_plain(format!("[\"中{one}\"]").as_bytes()), "{one:?}");
        }
        for cut in [&b"[\"\xe4\xb8\"]"[..], b"[\"\xe5\"]", b"[\"\xe4\xb8", b"[\"\xe9\xbf\xc0\"]"] {
            assert!(!is_plain(cut), "{cut:?}");
        }
    }

    /// What has to be looked at is no plain document; what follows from its form alone is judged
    /// elsewhere.
    #[test]
    fn what_has_to_be_looked_at_is_not_plain() {
        for text in [
            r#"{"a":1,"b":["x",true,false,{}],"c":999999999999999}"#,
            r#"{"a":"商洛市 shangluo","中":""}"#,
            r#"["~"]"#,
            "7",
        ] {
            assert!(is_plain(text.as_bytes()), "{text}");
        }
        for text in [
            r#"{"a":"é"}"#,
            "{\"a\":\"中e\u{301}\"}",
            r#"{"a":"中\n"}"#,
            r#"{"a":"\n"}"#,
            r#"{"a":null}"#,
            r#"{"a":-1}"#,
            r#"{"a":1.5}"#,
            r#"{"a":1e3}"#,
            r#"{"a":1000000000000000}"#,
            r#"{"a": 1}"#,
            "[\"\u{1}\"]",
            r#"["a"#,
            "[tru]",
        ] {
            assert!(!is_plain(text.as_bytes()), "{text}");
        }
        let many = format!("[{}7]", "7,".repeat(5_000));
        assert!(!is_plain(many.as_bytes()), "more values than its size allows");
        let long = format!("[\"{}\"]", "x".repeat(LENGTH_MAX));
        assert!(!is_plain(long.as_bytes()));
    }
}
