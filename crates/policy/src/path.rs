//! Paths, decoded once into segments. Rules see the segments; the application gets them encoded
//! again in one spelling, so that both see the same.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Most segments of a path.
const SEGMENTS_MAX: usize = 64;
/// Longest path, in bytes.
const BYTES_MAX: usize = 4 * 1024;

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalPathError {
    /// Not beginning with `/`, too long, or with a fragment.
    #[error("not the path of an origin-form target")]
    Form,
    /// A percent sign without two hexadecimal digits.
    #[error("malformed percent-encoding")]
    Encoding,
    /// Not UTF-8, or overlong.
    #[error("not UTF-8")]
    Utf8,
    /// A control character, encoded or not.
    #[error("a control character")]
    Control,
    /// `.` or `..`, encoded or not.
    #[error("a dot segment")]
    Dots,
    /// `//`.
    #[error("an empty segment")]
    Empty,
    /// A backslash, a semicolon, or an encoded slash: read differently by different programs.
    #[error("a separator inside a segment")]
    Separator,
    /// Decoding it twice would give one of the above.
    #[error("encoded twice")]
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
        if raw.len() > BYTES_MAX || raw.contains('#') || raw.contains('?') {
            return Err(CanonicalPathError::Form);
        }
        let mut segments = Vec::new();
        if !rest.is_empty() {
            let parts: Vec<&str> = rest.split('/').collect();
            let last = parts.len() - 1;
            if parts.len() > SEGMENTS_MAX {
                return Err(CanonicalPathError::Form);
            }
            for (position, part) in parts.into_iter().enumerate() {
                // A slash at the end is a path of its own, to rules as well.
                if part.is_empty() && position == last && position > 0 {
                    segments.push(String::new());
                } else {
                    segments.push(segment(part)?);
                }
            }
        }
        let encoded: Vec<String> = segments.iter().map(|segment| encode(segment)).collect();
        Ok(Self { text: format!("/{}", encoded.join("/")), segments })
    }

    /// The decoded segments.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// The one spelling.
    pub fn text(&self) -> &str {
        &self.text
    }
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

/// Everything but [`SEGMENT`] is escaped in upper case.
fn encode(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
