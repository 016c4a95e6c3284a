//! A quick look at a document. Nearly all records are small, of ASCII without escapes, of texts
//! and short numbers: in such a one the walk finds nothing, and need not be made.

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
        b'"' => {
            let is_odd = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20 | 0x80..);
            let length = rest.iter().skip(1).position(is_odd)?;
            (rest.get(length + 1) == Some(&b'"')).then_some((length + 2, true))
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What has to be looked at is no plain document; what follows from its form alone is judged
    /// elsewhere.
    #[test]
    fn what_has_to_be_looked_at_is_not_plain() {
        for text in [r#"{"a":1,"b":["x",true,false,{}],"c":999999999999999}"#, r#"["~"]"#, "7"] {
            assert!(is_plain(text.as_bytes()), "{text}");
        }
        for text in [
            r#"{"a":"é"}"#,
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
