//! Which bytes may stand in an origin-form target, and in the fields beside it: those that the HTTP
//! library reads. What it cannot read it would refuse itself, without a word why.

/// Longest target that it reads.
const TARGET_BYTES_MAX: usize = u16::MAX as usize - 1;
/// Longest name of a field that it reads.
const NAME_BYTES_MAX: usize = u16::MAX as usize;

/// Whether it reads a target that has no fragment as a path and a query.
pub(super) fn is_origin_form(target: &str) -> bool {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    path.starts_with('/')
        && target.len() <= TARGET_BYTES_MAX
        && path.bytes().all(is_in_path)
        && query.bytes().all(is_in_query)
}

fn is_in_path(byte: u8) -> bool {
    !matches!(byte, 0..=b' ' | b'#' | b'<' | b'>' | b'?' | b'`' | 0x7f)
}

fn is_in_query(byte: u8) -> bool {
    !matches!(byte, 0..=b' ' | b'"' | b'#' | b'<' | b'>' | 0x7f)
}

/// Whether it reads the name of a field that is a token.
pub(super) fn is_name(token: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&token.len())
}

/// Whether a target names the host that a field names, whichever of them says the port of the
/// scheme or ends in a dot (RFC 3986 6.2.3, RFC 1034 3.1).
pub(super) fn is_same_host(field: &[u8], authority: &[u8]) -> bool {
    without_usual(field).eq_ignore_ascii_case(without_usual(authority))
}

fn without_usual(host: &[u8]) -> &[u8] {
    let name = host.strip_suffix(b":443").unwrap_or(host);
    name.strip_suffix(b".").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue, Method, Uri};

    /// Whether the library reads it, and reads all of it.
    fn is_read(target: &str) -> bool {
        let read: Result<Uri, _> = target.parse();
        read.is_ok_and(|uri| uri.path_and_query().is_some_and(|all| all.as_str() == target))
    }

    /// Every character at every place of a target, and its lengths.
    #[test]
    fn a_target_is_what_the_library_reads_as_one() {
        for character in ('\0'..='\u{17f}').chain(['中', '\u{fffd}', '\u{10ffff}']) {
            for target in ["/_", "/a_b", "/a?_", "/?a_b", "/a?b?_", "_", "_a"] {
                let target = target.replace('_', &character.to_string());
                let is_path = target.starts_with('/');
                let expected = is_path && is_read(&target);
                assert_eq!(is_origin_form(&target), expected, "{target:?}");
            }
        }
        for length in [1, 2, TARGET_BYTES_MAX - 1, TARGET_BYTES_MAX, TARGET_BYTES_MAX + 1] {
            for target in [format!("/{}", "a".repeat(length - 1)), "/?".repeat(length / 2)] {
                let is_longest = target.len() <= TARGET_BYTES_MAX;
                assert_eq!(is_origin_form(&target), is_longest && !target.is_empty(), "{length}");
                assert_eq!(is_origin_form(&target), is_read(&target), "{length}");
            }
        }
        for other in ["", "*", "a", "http://a/", "//", "/a#b", "/a?b#c"] {
            assert_eq!(is_origin_form(other), other == "//", "{other}");
        }
    }

    #[test]
    fn a_host_is_the_same_with_the_port_of_its_scheme() {
        for (field, authority) in [
            ("app.example", "App.Example:443"),
            ("app.example:443", "app.example"),
            ("app.example", "app.example."),
            ("app.example.:443", "app.example"),
            ("app.example:8443", "APP.example:8443"),
        ] {
            assert!(is_same_host(field.as_bytes(), authority.as_bytes()), "{authority}");
        }
        for authority in ["other", "app.example:80", "app.example:8443", "app", "", "x@app.example"]
        {
            assert!(!is_same_host(b"app.example", authority.as_bytes()), "{authority}");
        }
    }

    /// What the parser takes for a method, a name and a value, the library takes, but for a name
    /// that is too long.
    #[test]
    fn a_field_that_is_parsed_is_one_that_the_library_reads() {
        let heads = [("_", "a", "c"), ("G_T", "a", "c"), ("GET", "a_b", "c"), ("GET", "a", "c_d")];
        for byte in 0..=u8::MAX {
            for (method, name, value) in heads {
                let head = format!("{method} / HTTP/1.1\r\n{name}: {value}\r\n\r\n");
                let head: Vec<u8> =
                    head.bytes().map(|b| if b == b'_' { byte } else { b }).collect();
                let mut fields = [httparse::EMPTY_HEADER; 2];
                let mut request = httparse::Request::new(&mut fields);
                let whole = httparse::Status::Complete(head.len());
                if request.parse(&head) != Ok(whole) {
                    continue;
                }
                assert!(Method::from_bytes(request.method.unwrap().as_bytes()).is_ok(), "{byte}");
                for field in &*request.headers {
                    assert!(is_name(field.name), "{byte}");
                    assert!(HeaderName::from_bytes(field.name.as_bytes()).is_ok(), "{byte}");
                    assert!(HeaderValue::from_bytes(field.value).is_ok(), "{byte}");
                }
            }
        }
        for length in [0, 1, 64, 65, NAME_BYTES_MAX, NAME_BYTES_MAX + 1] {
            let name = "a".repeat(length);
            assert_eq!(is_name(&name), HeaderName::from_bytes(name.as_bytes()).is_ok(), "{length}");
        }
    }
}
