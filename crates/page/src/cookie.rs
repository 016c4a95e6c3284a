//! Cookies that come back.

use http::{HeaderMap, header};

/// The one cookie of a name; none if there are two.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE);
    let pairs = all.iter().filter_map(|value| value.to_str().ok()).flat_map(|all| all.split(';'));
    let mut found = pairs.filter_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
    let value = found.next()?;
    found.next().is_none().then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    fn with(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers
                .append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_cookie_that_comes_twice_is_none() {
        let headers = with(&[("cookie", "a=1; __Host-x=2"), ("cookie", "b=3")]);
        assert_eq!(cookie(&headers, "__Host-x").as_deref(), Some("2"));
        assert_eq!(cookie(&headers, "b").as_deref(), Some("3"));
        assert_eq!(cookie(&headers, "Host-x"), None);
        assert_eq!(cookie(&with(&[("cookie", "a=1; a=2")]), "a"), None);
    }
}
