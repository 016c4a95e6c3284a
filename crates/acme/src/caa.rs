//! Who may issue for a name, by its zone (RFC 8659, RFC 8657).

use crate::challenge::ChallengeKind;

/// Longest chain of names that are asked.
pub const CLIMB_MAX: usize = 20;

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
    /// The address of the account.
    pub account: &'a str,
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

/// Whether the value of `issue` names this CA, this account and this method, where it names any.
fn names(value: &[u8], asker: &CaaAsker<'_>) -> bool {
    let Ok(text) = core::str::from_utf8(value) else { return false };
    let mut parts = text.split(';').map(str::trim);
    let issuer = parts.next().unwrap_or_default();
    let is_ours = asker.identities.iter().any(|own| own.eq_ignore_ascii_case(issuer));
    if issuer.is_empty() || !is_ours {
        return false;
    }
    parts.filter(|part| !part.is_empty()).all(|part| {
        let Some((tag, value)) = part.split_once('=') else { return false };
        match tag.trim().to_ascii_lowercase().as_str() {
            "accounturi" => value.trim() == asker.account,
            "validationmethods" => asker
                .method
                .is_some_and(|method| value.split(',').any(|one| one.trim() == method.name())),
            _ => true,
        }
    })
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
            account: "https://acme.test/acme/account/a",
            method: Some(ChallengeKind::Http01),
            is_wildcard,
        };
        permits(records, &asker)
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

    #[test]
    fn names_are_asked_from_below() {
        assert_eq!(climb("a.b.test"), ["a.b.test", "b.test", "test"]);
        assert_eq!(climb(&"a.".repeat(60)).len(), CLIMB_MAX);
    }
}
