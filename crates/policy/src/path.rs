//! Paths, decoded once into segments. Rules see the segments; the application gets them encoded
//! again in one spelling, so that both see the same.

/// Most segments of a path.
const SEGMENTS_MAX: usize = 64;
/// Longest path, in bytes.
const BYTES_MAX: usize = 4 * 1024;

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
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
    pub fn read(raw: &str) -> Result<Self, PathError> {
        let rest = raw.strip_prefix('/').ok_or(PathError::Form)?;
        if raw.len() > BYTES_MAX || raw.contains('#') || raw.contains('?') {
            return Err(PathError::Form);
        }
        let mut segments = Vec::new();
        if !rest.is_empty() {
            let parts: Vec<&str> = rest.split('/').collect();
            let last = parts.len() - 1;
            if parts.len() > SEGMENTS_MAX {
                return Err(PathError::Form);
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

fn segment(part: &str) -> Result<String, PathError> {
    if part.is_empty() {
        return Err(PathError::Empty);
    }
    let bytes = decode(part)?;
    let text = String::from_utf8(bytes).map_err(|_| PathError::Utf8)?;
    check(&text)?;
    if text.contains('%') {
        // What a second decoding would make of it must be harmless too.
        let again = decode_leniently(&text);
        check(&String::from_utf8_lossy(&again)).map_err(|_| PathError::Twice)?;
    }
    Ok(text)
}

fn check(text: &str) -> Result<(), PathError> {
    match text {
        "." | ".." => Err(PathError::Dots),
        _ if text.chars().any(char::is_control) => Err(PathError::Control),
        _ if text.contains(['/', '\\', ';']) => Err(PathError::Separator),
        _ => Ok(()),
    }
}

/// As programs decode that leave a `%` alone which begins nothing.
fn decode_leniently(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        match decode(&format!("%{code}")) {
            Ok(decoded) => bytes.extend(decoded),
            Err(_) => bytes.extend(format!("%{code}").as_bytes()),
        }
        bytes.extend(rest.as_bytes());
    }
    bytes
}

fn decode(part: &str) -> Result<Vec<u8>, PathError> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    loop {
        match rest {
            [] => return Ok(bytes),
            [b'%', high, low, tail @ ..] => {
                let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
                let (high, low) = (digit(*high), digit(*low));
                let (high, low) =
                    (high.ok_or(PathError::Encoding)?, low.ok_or(PathError::Encoding)?);
                bytes.push(high << 4 | low);
                rest = tail;
            }
            [b'%', ..] => return Err(PathError::Encoding),
            [byte, tail @ ..] => {
                bytes.push(*byte);
                rest = tail;
            }
        }
    }
}

/// RFC 3986 pchar without `;`, everything else encoded in upper case.
fn encode(segment: &str) -> String {
    let mut text = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
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
            ("", PathError::Form),
            ("admin", PathError::Form),
            ("/a#b", PathError::Form),
            ("/a/../b", PathError::Dots),
            ("/a/%2e%2E/b", PathError::Dots),
            ("/a/.%2e", PathError::Dots),
            ("/.", PathError::Dots),
            ("/a/..;/b", PathError::Separator),
            ("/a;v=1", PathError::Separator),
            ("/a%3bb", PathError::Separator),
            ("/a%2fb", PathError::Separator),
            ("/a%5cb", PathError::Separator),
            ("/a\\b", PathError::Separator),
            ("//a", PathError::Empty),
            ("/a//b", PathError::Empty),
            ("//", PathError::Empty),
            ("/a%00", PathError::Control),
            ("/a%0d%0ab", PathError::Control),
            ("/a%7f", PathError::Control),
            ("/%", PathError::Encoding),
            ("/%4", PathError::Encoding),
            ("/%zz", PathError::Encoding),
            ("/%c0%af", PathError::Utf8),
            ("/%c0%ae%c0%ae", PathError::Utf8),
            ("/%e5%85", PathError::Utf8),
            ("/a%252fb", PathError::Twice),
            ("/%252e%252e", PathError::Twice),
            ("/a%2500", PathError::Twice),
            ("/a%252f..%252fadmin%25", PathError::Twice),
            ("/%25%252e%252e%252f%25zz", PathError::Twice),
        ] {
            assert_eq!(CanonicalPath::read(raw), Err(error), "{raw}");
        }
    }
}
