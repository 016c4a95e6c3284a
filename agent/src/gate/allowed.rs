//! Fields that a client may say where an owner lists them: no list of what other servers read as an
//! identity is whole, one of what an application needs is.

use super::forbidden::fits;

/// End-to-end fields of requests that any client may send and that name nobody (RFC 9110, RFC 9111,
/// RFC 6265, RFC 6455, Fetch, Trace Context). `docs/gate.md` has the same list, which a test holds
/// it to.
const STANDARD: [&str; 25] = [
    "accept*",
    "access-control-request-*",
    "authorization",
    "cache-control",
    "content-*",
    "cookie",
    "date",
    "dnt",
    "if-*",
    "last-event-id",
    "max-forwards",
    "origin",
    "pragma",
    "prefer",
    "priority",
    "range",
    "referer",
    "save-data",
    "sec-*",
    "traceparent",
    "tracestate",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
    "x-requested-with",
];

/// The fields that an owner lists, beside those.
pub struct AllowedFields {
    listed: Vec<String>,
    /// Whether every field is.
    all: bool,
}

impl AllowedFields {
    /// As they stand in the configuration; `*` alone is every field.
    pub fn of(listed: &[String]) -> Self {
        let listed: Vec<String> = listed.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { all: listed.iter().any(|name| name == "*"), listed }
    }

    /// Whether a field, by its name in lower case, is one of them.
    pub(super) fn has(&self, name: &str) -> bool {
        let of_owner = self.listed.iter().map(String::as_str);
        self.all || STANDARD.into_iter().chain(of_owner).any(|known| fits(known, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Where fields are listed these pass and the standard ones, and no other.
    #[test]
    fn where_fields_are_listed_no_other_passes() {
        let listed = AllowedFields::of(&["X-App-*".to_owned(), "X-CSRF-Token".to_owned()]);
        for name in ["accept", "content-type", "sec-websocket-key", "x-app-version", "x-csrf-token"]
        {
            assert!(listed.has(name), "{name}");
        }
        for name in ["x-app", "x-csrf-token-2", "x-name-of-tomorrow", "uid"] {
            assert!(!listed.has(name), "{name}");
            assert!(AllowedFields::of(&["*".to_owned()]).has(name), "{name}");
        }
    }

    #[test]
    fn every_standard_field_is_on_the_page_of_the_gate() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gate.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (_, rest) = page.split_once("### Fields that pass where they are listed").unwrap();
        let (list, _) = rest.split_once("\n## ").unwrap();
        let row = list.lines().find(|line| line.starts_with("- ")).unwrap();
        let rows = list.split_once(row).unwrap().1.split("\n\n").next().unwrap();
        let told: Vec<String> = format!("{row}{rows}")
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_ascii_lowercase)
            .collect();
        assert_eq!(told, STANDARD, "in the same order");
    }
}
