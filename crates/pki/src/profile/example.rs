//! Examples of a profile for systems: requests that it allows and such as it refuses. They stand in
//! its file, so that who approves it reads what it means, and each is judged as a request is when
//! the file is read: one that comes out otherwise than it says is no profile.

use super::PURPOSES;
use crate::extension::{self, Extension, KEY_USAGES};
use crate::host::Host;
use crate::oid;
use crate::request::judge;
use serde::Deserialize;

/// A request as an example says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileExample {
    /// What it shows, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
    /// Name of the algorithm of its key.
    pub key: String,
    /// Host names and addresses that it asks for.
    pub names: Vec<String>,
    /// What it asks for besides: `CA`, `policy`, a key usage or an extended key usage by its name.
    #[serde(default)]
    pub asks: Vec<String>,
    /// Why it is refused; it is allowed where nothing stands here.
    #[serde(default)]
    pub refused: Option<RefusedFor>,
}

/// What of a request is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefusedFor {
    /// A key of a kind that the profile does not have.
    Key,
    /// No name at all, or one that no certificate has.
    Name,
    /// A wildcard, where the profile has none.
    Wildcard,
    /// What no certificate of a system has.
    Asks,
}

impl ProfileExample {
    /// How it comes out under a profile with these keys, and with wildcards or without.
    pub(super) fn outcome(&self, keys: &[String], wildcards: bool) -> Option<RefusedFor> {
        if !keys.contains(&self.key) {
            return Some(RefusedFor::Key);
        }
        if self.names.is_empty()
            || self.names.iter().any(|name| Host::read_for(name, true).is_err())
        {
            return Some(RefusedFor::Name);
        }
        if self.names.iter().any(|name| Host::read_for(name, wildcards).is_err()) {
            return Some(RefusedFor::Wildcard);
        }
        let is_ours = |asked: &String| {
            asked_extension(asked).is_some_and(|extension| judge(&extension).is_ok())
        };
        if self.asks.iter().all(is_ours) { None } else { Some(RefusedFor::Asks) }
    }

    /// Whether somebody can read it, and it asks for what has a name.
    pub(super) fn is_readable(&self) -> bool {
        let readable = |text: &String| crate::name::check_readable(text, TEXT_CHARS_MAX).is_ok();
        let known = |asked: &String| asked_extension(asked).is_some();
        readable(&self.zh) && readable(&self.en) && self.asks.iter().all(known)
    }
}

/// Longest sentence of an example, in characters.
const TEXT_CHARS_MAX: usize = 120;

/// What a request would have to ask for this.
fn asked_extension(asked: &str) -> Option<Extension> {
    let purpose = PURPOSES.iter().find(|(name, _)| *name == asked).and_then(|(_, id)| *id);
    let made = match (asked, purpose) {
        ("CA", _) => extension::ca_constraints(None),
        ("policy", _) => extension::policy(oid::ANY_POLICY),
        (_, Some(purpose)) => extension::extended_key_usage(&[purpose], false),
        (usage, None) if KEY_USAGES.contains(&usage) => extension::key_usage(&[usage.to_owned()]),
        _ => return None,
    };
    made.ok()
}
