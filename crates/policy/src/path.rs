//! Paths, decoded once into segments. Rules see the segments; the application gets a text that
//! decodes to exactly these segments, so that both see the same.
//!
//! The text differs from what came only where RFC 3986 calls the two equal: characters that never
//! need an escape lose it, escapes are in upper case (6.2.2), and what may not stand in a path
//! unescaped gets one. An escaped reserved character keeps its escape (2.2): programs that sign
//! paths, or give `+`, `,` or `=` a meaning of their own, tell the two apart.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Most segments of a path.
const SEGMENTS_MAX: usize = 256;
/// Longest path in its one spelling, in bytes.
const BYTES_MAX: usize = 48 * 1024;

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalPathError {
    /// Not beginning with `/`, or with a fragment.
    #[error("不是以“/”开头的路径 / not the path of an origin-form target")]
    Form,
    /// Too many bytes or segments.
    #[error("过长 / too long")]
    Long,
    /// A percent sign without two hexadecimal digits.
    #[error("百分号编码不正确 / malformed percent-encoding")]
    Encoding,
    /// Not UTF-8, or overlong.
    #[error("不是 UTF-8 / not UTF-8")]
    Utf8,
    /// A control character, encoded or not.
    #[error("含有控制字符 / a control character")]
    Control,
    /// `.` or `..`, encoded or not.
    #[error("含有 . 或 .. 段 / a dot segment")]
    Dots,
    /// `//`.
    #[error("含有空段 / an empty segment")]
    Empty,
    /// A backslash, a semicolon, or an encoded slash: read differently by different programs.
    #[error("段内含有分隔符 / a separator inside a segment")]
    Separator,
    /// Decoding it twice would give one of the above.
    #[error("重复编码 / encoded twice")]
    Twice,
}

/// A path that everybody reads alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalPath {
    segments: Vec<String>,
    text: String,
}

impl CanonicalPath {
    /// Reads the path of a target, query cut off.
    pub fn read(raw: &str) -> Result<Self, CanonicalPathError> {
        let rest = raw.strip_prefix('/').ok_or(CanonicalPathError::Form)?;
        if raw.contains('#') || raw.contains('?') {
            return Err(CanonicalPathError::Form);
        }
        let slashes = || rest.bytes().filter(|byte| *byte == b'/').count();
        let count = if rest.is_empty() { 0 } else { 1 + slashes() };
        if raw.len() > BYTES_MAX || count > SEGMENTS_MAX {
            return Err(CanonicalPathError::Long);
        }
        let (mut segments, mut text) =
            (Vec::with_capacity(count), String::with_capacity(raw.len()));
        for (position, part) in rest.split('/').enumerate().take(count) {
            text.push('/');
            // A slash at the end is a path of its own, to rules as well.
            if part.is_empty() && position + 1 == count && position > 0 {
                segments.push(String::new());
            } else if is_plain(part) {
                segments.push(part.to_owned());
                text.push_str(part);
            } else {
                segments.push(segment(part)?);
                spell(part, &mut text);
            }
        }
        if text.is_empty() {
            text.push('/');
        }
        if text.len() > BYTES_MAX {
            return Err(CanonicalPathError::Long);
        }
        Ok(Self { text, segments })
    }

    /// The segments of the path, with percent-encoding taken off.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// The path in its one spelling, as it is recorded and forwarded.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Whether a segment is read and spelled as it came: most are.
fn is_plain(part: &str) -> bool {
    !matches!(part, "" | "." | "..") && part.bytes().all(is_unreserved)
}

fn segment(part: &str) -> Result<String, CanonicalPathError> {
    if part.is_empty() {
        return Err(CanonicalPathError::Empty);
    }
    let bytes = decode(part)?;
    let text = String::from_utf8(bytes).map_err(|_| CanonicalPathError::Utf8)?;
    check(&text)?;
    if text.contains('%') {
        // What a second decoding would make of it must be harmless too.
        let again: Vec<u8> = percent_decode_str(&text).collect();
        check(&String::from_utf8_lossy(&again)).map_err(|_| CanonicalPathError::Twice)?;
    }
    Ok(text)
}

fn check(text: &str) -> Result<(), CanonicalPathError> {
    match text {
        "." | ".." => Err(CanonicalPathError::Dots),
        _ if text.chars().any(char::is_control) => Err(CanonicalPathError::Control),
        _ if text.contains(['/', '\\', ';']) => Err(CanonicalPathError::Separator),
        _ => Ok(()),
    }
}

/// Every `%` must begin an escape: what programs disagree about is refused.
fn decode(part: &str) -> Result<Vec<u8>, CanonicalPathError> {
    let mut parts = part.split('%').skip(1);
    let escaped = parts.all(|after| {
        after.as_bytes().get(..2).is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit))
    });
    if escaped { Ok(percent_decode_str(part).collect()) } else { Err(CanonicalPathError::Encoding) }
}

/// RFC 3986 pchar without `;`: letters, digits and these.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// Whether a character means the same with an escape as without (RFC 3986 2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Writes a segment in the one spelling: what came unescaped is escaped unless it is in
/// [`SEGMENT`]; what came escaped stays so unless it is unreserved.
fn spell(part: &str, text: &mut String) {
    let mut pieces = part.split('%');
    text.extend(utf8_percent_encode(pieces.next().unwrap_or_default(), SEGMENT));
    for piece in pieces {
        let (escape, rest) = piece.split_at_checked(2).unwrap_or((piece, ""));
        match u8::from_str_radix(escape, 16) {
            Ok(byte) if is_unreserved(byte) => text.push(char::from(byte)),
            _ => {
                text.push('%');
                text.push_str(&escape.to_ascii_uppercase());
            }
        }
        text.extend(utf8_percent_encode(rest, SEGMENT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read at once is read as all else is.
    #[test]
    fn a_plain_segment_is_what_any_other_is() {
        for part in ["a", "Z9", "2026-001", "a.b", "...", ".a", "~_-."] {
            let mut text = String::new();
            spell(part, &mut text);
            assert!(is_plain(part) && text == part, "{part}: {text}");
            assert_eq!(segment(part), Ok(part.to_owned()));
        }
        for part in ["", ".", "..", "a b", "a+b", "%41", "a;b", "a\\b", "a\u{7f}", "中"] {
            assert!(!is_plain(part), "{part}");
        }
    }

    #[test]
    fn one_spelling_for_one_path() {
        for (raw, text, segments) in [
            ("/", "/", &[][..]),
            ("/a/b", "/a/b", &["a", "b"]),
            ("/a/", "/a/", &["a", ""]),
            ("/a%20b", "/a%20b", &["a b"]),
            ("/%61%2d", "/a-", &["a-"]),
            ("/公文/1", "/%E5%85%AC%E6%96%87/1", &["公文", "1"]),
            ("/%e5%85%ac%e6%96%87", "/%E5%85%AC%E6%96%87", &["公文"]),
            ("/100%25", "/100%25", &["100%"]),
        ] {
            let path = CanonicalPath::read(raw).unwrap();
            assert_eq!(path.text(), text, "{raw}");
            assert_eq!(path.segments(), segments, "{raw}");
            assert_eq!(CanonicalPath::read(path.text()).unwrap(), path, "{raw}");
        }
    }

    #[test]
    fn an_escaped_reserved_character_stays_escaped() {
        for (raw, text, segment) in [
            ("/a%2Bb", "/a%2Bb", "a+b"),
            ("/a%2bb", "/a%2Bb", "a+b"),
            ("/a+b", "/a+b", "a+b"),
            ("/%26%3D%3A%2C%40", "/%26%3D%3A%2C%40", "&=:,@"),
            ("/&=:,@", "/&=:,@", "&=:,@"),
            ("/%21%24%27%28%29%2A", "/%21%24%27%28%29%2A", "!$'()*"),
            ("/%3F%23%5B%5D", "/%3F%23%5B%5D", "?#[]"),
            ("/[a]", "/%5Ba%5D", "[a]"),
            ("/%7E%2D%5F%41", "/~-_A", "~-_A"),
        ] {
            let path = CanonicalPath::read(raw).unwrap();
            assert_eq!((path.text(), path.segments()), (text, &[segment.to_owned()][..]), "{raw}");
        }
    }

    /// Whatever comes, escaped or not, decodes to the same before and after, and is spelt once.
    #[test]
    fn rules_and_application_read_the_same_of_every_byte() {
        for byte in 0..=u8::MAX {
            let raw = char::from(byte).to_string();
            for part in [format!("%{byte:02X}"), format!("%{byte:02x}"), raw] {
                let raw = format!("/a{part}b/c");
                let Ok(path) = CanonicalPath::read(&raw) else { continue };
                let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
                let segments = format!("/{}", path.segments().join("/"));
                assert_eq!(decoded(path.text()), segments.as_bytes(), "{raw}");
                assert_eq!(decoded(&raw), segments.as_bytes(), "{raw}");
                assert!(path.text().bytes().all(|b| (0x21..0x7f).contains(&b)), "{raw}");
                let mut escapes = path.text().split('%').skip(1).filter_map(|rest| rest.get(..2));
                assert!(escapes.all(|digits| digits == digits.to_uppercase()), "{raw}");
                assert_eq!(CanonicalPath::read(path.text()).unwrap(), path, "{raw}");
            }
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (raw, error) in [
            ("", CanonicalPathError::Form),
            ("admin", CanonicalPathError::Form),
            ("/a#b", CanonicalPathError::Form),
            ("/a/../b", CanonicalPathError::Dots),
            ("/a/%2e%2E/b", CanonicalPathError::Dots),
            ("/a/.%2e", CanonicalPathError::Dots),
            ("/.", CanonicalPathError::Dots),
            ("/a/..;/b", CanonicalPathError::Separator),
            ("/a;v=1", CanonicalPathError::Separator),
            ("/a%3bb", CanonicalPathError::Separator),
            ("/a%2fb", CanonicalPathError::Separator),
            ("/a%5cb", CanonicalPathError::Separator),
            ("/a\\b", CanonicalPathError::Separator),
            ("//a", CanonicalPathError::Empty),
            ("/a//b", CanonicalPathError::Empty),
            ("//", CanonicalPathError::Empty),
            ("/a%00", CanonicalPathError::Control),
            ("/a%0d%0ab", CanonicalPathError::Control),
            ("/a%7f", CanonicalPathError::Control),
            ("/%", CanonicalPathError::Encoding),
            ("/%4", CanonicalPathError::Encoding),
            ("/%zz", CanonicalPathError::Encoding),
            ("/%c0%af", CanonicalPathError::Utf8),
            ("/%c0%ae%c0%ae", CanonicalPathError::Utf8),
            ("/%e5%85", CanonicalPathError::Utf8),
            ("/a%252fb", CanonicalPathError::Twice),
            ("/%252e%252e", CanonicalPathError::Twice),
            ("/a%2500", CanonicalPathError::Twice),
            ("/a%252f..%252fadmin%25", CanonicalPathError::Twice),
            ("/%25%252e%252e%252f%25zz", CanonicalPathError::Twice),
        ] {
            assert_eq!(CanonicalPath::read(raw), Err(error), "{raw}");
        }
        // What grows in its one spelling is measured there.
        for long in ["/a".repeat(257), format!("/{}", "公".repeat(BYTES_MAX / 9 + 1))] {
            assert_eq!(CanonicalPath::read(&long), Err(CanonicalPathError::Long));
        }
        assert!(CanonicalPath::read(&"/a".repeat(256)).is_ok());
    }
}
