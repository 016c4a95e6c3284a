//! Whether a reader has a file already, by the tags that it names (RFC 9110, 13.1.2).

use axum::http::{HeaderMap, header};

/// Whether the request names this tag, or any: a cache may join several into a list, and a proxy
/// may have made them weak.
pub(crate) fn is_had(headers: &HeaderMap, tag: &str) -> bool {
    let mut lists = headers.get_all(header::IF_NONE_MATCH).iter();
    lists.any(|list| list.to_str().is_ok_and(|list| names(list, tag)))
}

/// Whether a list names it; what stands behind something that is no tag is not read.
fn names(list: &str, tag: &str) -> bool {
    let mut rest = list.trim_matches([' ', '\t']);
    if rest == "*" {
        return true;
    }
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let strong = rest.strip_prefix("W/").unwrap_or(rest);
        let Some((opaque, behind)) = strong.strip_prefix('"').and_then(|one| one.split_once('"'))
        else {
            return false;
        };
        if tag.trim_matches('"') == opaque {
            return true;
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_tag_is_found_in_each_form_in_which_it_is_named() {
        let had = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::IF_NONE_MATCH, HeaderValue::from_static(line));
            }
            is_had(&headers, "\"abc\"")
        };
        for lines in [
            &["\"abc\""][..],
            &["W/\"abc\""],
            &["\"x,y\" ,W/\"z\",\t\"abc\""],
            &["*"],
            &["\"x\"", "\"abc\""],
            &[", \"abc\""],
        ] {
            assert!(had(lines), "{lines:?}");
        }
        for lines in [
            &[][..],
            &[""],
            &["abc"],
            &["\"ab\""],
            &["\"abcd\""],
            &["\"ABC\""],
            &["w/\"abc\""],
            &["\"x\", *"],
            &["\"abc"],
            &["\"x\", abc, \"abc\""],
        ] {
            assert!(!had(lines), "{lines:?}");
        }
    }
}
