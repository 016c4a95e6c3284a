//! Who has names already that an order gives to a system, a gate or a portal: whoever approves it
//! reads whose they are.

use super::body::Body;
use serde::{Deserialize, Serialize};

/// Most names that are told.
pub const SHARED_MAX: usize = 100;

/// A host name or an address that somebody else has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedName {
    /// As the other has it: `*.` and a name is everything below that name.
    pub name: String,
    /// What has it: `system`, `agent` or `portal`.
    pub of: String,
    /// Its id.
    pub id: String,
    /// What people call the system, or the application of the gate; empty of a portal.
    pub called: String,
}

impl Body {
    /// Names and addresses that an order gives; of what it closes there are none.
    pub fn given_names(&self) -> Vec<&str> {
        let all: Vec<&String> = match self {
            Self::System(body) if body.action == "register" => {
                body.names.iter().chain(&body.addresses).collect()
            }
            Self::Agent(body) if body.action == "register" => body.hosts.iter().collect(),
            Self::Portal(body) if body.action == "register" => {
                vec![&body.public_host, &body.staff_host, &body.machines_host]
            }
            _ => Vec::new(),
        };
        all.into_iter().map(String::as_str).filter(|name| !name.is_empty()).collect()
    }
}

/// Whether two names, each of which may be everything below a name, have a host in common.
pub fn have_in_common(one: &str, other: &str) -> bool {
    let is_below = |name: &str, base: &str| {
        name.strip_suffix(base).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
    };
    match (one.strip_prefix("*."), other.strip_prefix("*.")) {
        (None, None) => one == other,
        (Some(base), None) => is_below(other, base),
        (None, Some(base)) => is_below(one, base),
        (Some(one), Some(other)) => one == other || is_below(one, other) || is_below(other, one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_hosts_in_common() {
        for (one, other) in [
            ("acme.test", "acme.test"),
            ("a.acme.test", "*.acme.test"),
            ("b.a.acme.test", "*.acme.test"),
            ("*.acme.test", "*.acme.test"),
            ("*.a.acme.test", "*.acme.test"),
            ("10.0.0.1", "10.0.0.1"),
        ] {
            assert!(have_in_common(one, other) && have_in_common(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("acme.test", "*.acme.test"),
            ("xacme.test", "*.acme.test"),
            ("a.acme.test", "b.acme.test"),
            ("*.a.acme.test", "*.b.acme.test"),
            ("acme.test", "acme.test.cn"),
            ("10.0.0.1", "10.0.0.11"),
        ] {
            assert!(!have_in_common(one, other) && !have_in_common(other, one), "{one} {other}");
        }
    }
}
