//! Who may issue for a name, by its zone (RFC 8659, RFC 8657).

use crate::challenge::ChallengeKind;
use std::collections::BTreeSet;

/// Longest chain of names that are asked.
pub const CLIMB_MAX: usize = 20;
/// What may stand around the parts of a value.
const WHITE: [char; 2] = [' ', '\t'];

/// A CAA record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaaRecord {
    /// Whether who does not know the tag must not issue.
    pub is_critical: bool,
    /// `issue`, `issuewild` or another one.
    pub tag: String,
    /// The value.
    pub value: Vec<u8>,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct CaaAsker<'a> {
    /// The names by which this CA is known in records.
    pub identities: &'a [String],
    /// The address of the account; none where other protocols than ACME ask.
    pub account: Option<&'a str>,
    /// The method that was used; none where no challenge had to be answered.
    pub method: Option<ChallengeKind>,
    /// Whether the certificate has a wildcard.
    pub is_wildcard: bool,
}

/// The names to ask, nearest first: the first that has records decides (RFC 8659 3).
pub fn climb(name: &str) -> Vec<&str> {
    let mut names = vec![name];
    let mut rest = name;
    while let Some((_, above)) = rest.split_once('.') {
        names.push(above);
        rest = above;
    }
    names.truncate(CLIMB_MAX);
    names
}

/// Whether the records that decide let this CA issue.
pub fn permits(records: &[CaaRecord], asker: &CaaAsker<'_>) -> bool {
    let is = |record: &CaaRecord, tag: &str| record.tag.eq_ignore_ascii_case(tag);
    let known = ["issue", "issuewild", "iodef", "issuemail", "contactemail", "contactphone"];
    let strange =
        |record: &&CaaRecord| record.is_critical && !known.iter().any(|tag| is(record, tag));
    if records.iter().any(|record| strange(&record)) {
        return false;
    }
    let of = |tag: &str| records.iter().filter(|record| is(record, tag)).collect::<Vec<_>>();
    let (all, wild) = (of("issue"), of("issuewild"));
    let decide = if asker.is_wildcard && !wild.is_empty() { wild } else { all };
    decide.is_empty() || decide.iter().any(|record| names(&record.value, asker))
}

/// Whether the value of `issue` names this CA, this account and this method, where it names any. A
/// value that is not of its form names nobody (RFC 8659 4.2), nor does one that names accounts or
/// methods twice (RFC 8657 3, 4).
fn names(value: &[u8], asker: &CaaAsker<'_>) -> bool {
    let Ok(text) = core::str::from_utf8(value) else { return false };
    let mut parts = text.split(';').map(|part| part.trim_matches(WHITE));
    let issuer = parts.next().unwrap_or_default();
    let is_ours = asker.identities.iter().any(|own| own.eq_ignore_ascii_case(issuer));
    if issuer.is_empty() || !is_ours {
        return false;
    }
    let mut seen = BTreeSet::new();
    parts.filter(|part| !part.is_empty()).all(|part| {
        let Some((tag, value)) = parameter(part) else { return false };
        let permits = match tag.as_str() {
            "accounturi" => Some(value) == asker.account,
            "validationmethods" => {
                let by = asker.method.map(ChallengeKind::name);
                value.split(',').any(|one| Some(one) == by)
            }
            _ => return true,
        };
        permits && seen.insert(tag)
    })
}

/// Tag, in lower case, and value of a parameter: letters, digits and hyphens, and what can be seen
/// of ASCII (RFC 8659 4.2).
fn parameter(part: &str) -> Option<(String, &str)> {
    let (tag, value) = part.split_once('=')?;
    let (tag, value) = (tag.trim_matches(WHITE), value.trim_matches(WHITE));
    let is_tag = tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_value = value.bytes().all(|byte| byte.is_ascii_graphic());
    (!tag.is_empty() && is_tag && is_value).then(|| (tag.to_ascii_lowercase(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(tag: &str, value: &str) -> CaaRecord {
        CaaRecord { is_critical: false, tag: tag.into(), value: value.as_bytes().to_vec() }
    }

    fn asked(records: &[CaaRecord], is_wildcard: bool) -> bool {
        let identities = ["ca.test".to_owned()];
        let asker = CaaAsker {
            identities: &identities,
            account: Some("https://acme.test/acme/account/a"),
            method: Some(ChallengeKind::Http01),
            is_wildcard,
        };
        permits(records, &asker)
    }

    /// RFC 8657: who has no account, or answered no challenge, is none that a record names by one.
    #[test]
    fn who_has_no_account_and_no_method_is_named_by_neither() {
        let identities = ["ca.test".to_owned()];
        let asker =
            CaaAsker { identities: &identities, account: None, method: None, is_wildcard: false };
        let with = |value: &str| permits(&[record("issue", value)], &asker);
        assert!(permits(&[], &asker) && with("ca.test") && with("ca.test; other=x"));
        for value in [
            ";",
            "other.test",
            "ca.test; accounturi=",
            "ca.test; accounturi=https://acme.test/acme/account/a",
            "ca.test; validationmethods=",
            "ca.test; validationmethods=http-01,dns-01,tls-alpn-01",
        ] {
            assert!(!with(value), "{value}");
        }
    }

    #[test]
    fn records_say_who_may_issue() {
        assert!(asked(&[], false));
        assert!(asked(&[record("issue", "ca.test")], false));
        assert!(asked(&[record("Issue", "CA.test ; x=y")], false));
        assert!(asked(&[record("issue", "other.test"), record("issue", "ca.test")], false));
        assert!(asked(&[record("iodef", "mailto:a@b.test")], false));
        for value in ["other.test", ";", "", " ", "ca.test.evil", "xca.test"] {
            assert!(!asked(&[record("issue", value)], false), "{value}");
        }
    }

    #[test]
    fn wildcards_have_records_of_their_own() {
        let both = [record("issue", "ca.test"), record("issuewild", ";")];
        assert!(asked(&both, false));
        assert!(!asked(&both, true));
        assert!(asked(&[record("issue", "ca.test")], true));
        assert!(!asked(&[record("issue", ";"), record("issuewild", "ca.test")], false));
        assert!(asked(&[record("issue", ";"), record("issuewild", "ca.test")], true));
    }

    #[test]
    fn what_is_critical_and_not_known_forbids() {
        let strange = CaaRecord { is_critical: true, ..record("future", "x") };
        assert!(!asked(&[record("issue", "ca.test"), strange.clone()], false));
        assert!(asked(&[CaaRecord { is_critical: false, ..strange }], false));
        assert!(asked(&[CaaRecord { is_critical: true, ..record("issue", "ca.test") }], false));
    }

    #[test]
    fn an_account_and_a_method_may_be_named() {
        let with =
            |parameters: &str| asked(&[record("issue", &format!("ca.test; {parameters}"))], false);
        assert!(with("accounturi=https://acme.test/acme/account/a"));
        assert!(!with("accounturi=https://acme.test/acme/account/b"));
        assert!(with("validationmethods=dns-01,http-01"));
        assert!(!with("validationmethods=dns-01"));
        assert!(!with("nonsense"));
    }

    /// What no reader of RFC 8657 and RFC 8659 understands alike permits nothing.
    #[test]
    fn a_value_that_says_something_twice_or_badly_names_nobody() {
        let own = "accounturi=https://acme.test/acme/account/a";
        let with =
            |parameters: &str| asked(&[record("issue", &format!("ca.test; {parameters}"))], false);
        assert!(with(&format!("{own}; validationmethods=http-01; other=x; other=y")));
        assert!(with(&format!(" ACCOUNTURI = {} ;", own.trim_start_matches("accounturi="))));
        for bad in [
            format!("{own}; {own}"),
            "validationmethods=http-01; validationmethods=http-01".into(),
            "validationmethods=".into(),
            "validationmethods=http-01, dns-01".into(),
            "validationmethods=HTTP-01".into(),
            "accounturi=".into(),
            "=x".into(),
            "a b=x".into(),
            "other=x y".into(),
            "other=证书".into(),
        ] {
            assert!(!with(&bad), "{bad}");
        }
    }

    #[test]
    fn names_are_asked_from_below() {
        assert_eq!(climb("a.b.test"), ["a.b.test", "b.test", "test"]);
        assert_eq!(climb(&"a.".repeat(60)).len(), CLIMB_MAX);
    }
}
