//! The shipped policies, as rules over people: nothing that decides hangs on one person or one
//! page.

use pki::CertificateProfile;
use pki::profile::Holder;
use records::rules::{ApprovalRule, ApprovalRules, KINDS, Role, RoleRules};
use tests::workspace;

/// The first people of a city, all with the whole city as their scope.
const FIRST: [Role; 6] = [
    Role::SecurityAdministrator,
    Role::SecurityAdministrator,
    Role::RegistrationOfficer,
    Role::RegistrationOfficer,
    Role::SystemAdministrator,
    Role::Auditor,
];

fn policy(name: &str) -> String {
    std::fs::read_to_string(workspace().join("policies").join(name)).unwrap()
}

fn met(rule: &ApprovalRule, gone: &[usize]) -> bool {
    let there = FIRST
        .iter()
        .enumerate()
        .filter(|(position, role)| !gone.contains(position) && rule.roles.contains(role));
    there.count() >= usize::from(rule.count)
}

/// Every rule asks for at least one person outside the browser and can be met by the founding
/// people without the person concerned; role, staff issue and revoke also with any one further
/// person gone.
#[test]
fn every_shipped_rule_can_be_met_and_never_in_a_browser_alone() {
    let rules = ApprovalRules::read(&policy("approvals.toml")).unwrap();
    for kind in KINDS {
        let rule = rules.rule(kind).unwrap();
        // A passkey's officer has signed for it with their own certificate key: they are one of the
        // two.
        let two = rule.count >= 2 || kind == "credential";
        assert!(rule.outside_browser >= 1 && two, "{kind}");
        assert!(met(rule, &[]), "{kind}");
        // Orders about units, profiles, rules and portals concern no person.
        let about_people =
            ["issue", "person", "role", "delegate", "revoke", "release", "credential", "system"]
                .contains(&kind);
        for concerned in (0..FIRST.len()).filter(|_| about_people) {
            assert!(met(rule, &[concerned]), "{kind} without person {concerned}");
            if ["role", "delegate", "issue", "revoke", "release"].contains(&kind) {
                for further in 0..FIRST.len() {
                    assert!(
                        met(rule, &[concerned, further]),
                        "{kind} without {concerned}, {further}"
                    );
                }
            }
        }
    }
    // A rule that a page alone could meet is no rule.
    let weak = policy("approvals.toml").replacen("outside_browser = 1", "outside_browser = 0", 1);
    assert!(ApprovalRules::read(&weak).is_err());
    let missing = policy("approvals.toml").replace("[kind.revoke]", "[kind.erase]");
    assert!(ApprovalRules::read(&missing).is_err());
}

/// The three administrators are three persons (三员分立); every role has words and a profile.
#[test]
fn roles_that_exclude_each_other_say_so_both_ways() {
    let rules = RoleRules::read(&policy("roles.toml")).unwrap();
    let trio = [Role::SystemAdministrator, Role::SecurityAdministrator, Role::Auditor];
    for one in trio {
        for other in trio.iter().filter(|other| **other != one) {
            assert!(rules.role[&one].never_with.contains(other), "{one:?} {other:?}");
        }
    }
    for (role, rule) in &rules.role {
        assert!(!rule.zh.is_empty() && !rule.en.is_empty(), "{role:?}");
        let profile = CertificateProfile::read(&policy(&format!("profiles/{}.toml", rule.profile)));
        assert!(matches!(profile.unwrap().holder(), Holder::Person | Holder::Staff));
        for other in &rule.never_with {
            assert!(rules.role[other].never_with.contains(role), "{role:?} {other:?}");
        }
    }
}

/// Profiles: what ships is accepted; an unknown key, a foreign purpose, a weak approval are not.
#[test]
fn a_profile_says_only_what_profiles_may_say() {
    for entry in std::fs::read_dir(workspace().join("policies/profiles")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let profile = CertificateProfile::read(&text).unwrap();
        assert_eq!(path.file_stem().unwrap(), profile.id());
        // Whoever approves a profile of systems reads by examples what it means.
        let (allowed, refused): (Vec<_>, Vec<_>) =
            profile.examples().iter().partition(|example| example.refused.is_none());
        let is_shown = allowed.len() >= 2 && refused.len() >= 2;
        assert_eq!(is_shown, profile.holder() == Holder::System, "{}", profile.id());
    }
    let good = policy("profiles/official.toml");
    for (from, to) in [
        ("mail = true", "mial = true"),
        ("\"digitalSignature\"", "\"keyCertSign\""),
        ("\"clientAuth\"", "\"OCSPSigning\""),
        ("\"p256\"", "\"p257\""),
        ("validity_days = 365", "validity_days = 0"),
        ("holder = \"person\"", "holder = \"authority\""),
        ("mail = true", "[approvals]\nroles = [\"auditor\"]\ncount = 2\noutside_browser = 0"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        assert!(CertificateProfile::read(&bad).is_err(), "{to}");
    }
    let error = CertificateProfile::read(&good.replace("mail = true", "mial = true")).unwrap_err();
    assert!(error.to_string().contains("mial"), "{error}");
}
