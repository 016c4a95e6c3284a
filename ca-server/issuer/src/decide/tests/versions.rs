//! How far a version may be ahead of the one in force, and for how many persons rules may ask: none
//! is the last one by a slip.

use super::operator::{authority_rules, bundle};
use crate::sample::Sample;
use crate::sample::operate::{SECURITY, profile};
use ca_host::operator::OperatorRequest;
use records::Code;

fn refused(sample: &mut Sample, request: OperatorRequest) -> Code {
    sample.operator(request).unwrap_err()
}

/// A slip of some digits is no last version: others can follow whatever comes into force.
#[test]
fn no_version_leaves_none_behind_it() {
    const AHEAD: u32 = 100_000_000;
    let mut sample = Sample::found();
    let rules = |version| OperatorRequest::ApprovalRules { content: authority_rules(version) };
    for version in [AHEAD + 2, u32::MAX] {
        assert_eq!(refused(&mut sample, bundle(version)), Code::Malformed);
        assert_eq!(refused(&mut sample, rules(version)), Code::Malformed);
        assert_eq!(refused(&mut sample, profile(version, "")), Code::Malformed);
    }
    sample.done(profile(AHEAD + 1, ""), &SECURITY);
    sample.operator(bundle(AHEAD + 1)).unwrap();
    sample.operator(rules(AHEAD + 1)).unwrap();
    assert_eq!(refused(&mut sample, profile(2 * AHEAD + 2, "")), Code::Malformed);
    sample.operator(profile(2 * AHEAD + 1, "")).unwrap();
}

/// As many as an order keeps approvals of can be asked for, and no more: a rule of more would hold
/// up every order that could change it.
#[test]
fn no_rule_asks_for_more_persons_than_can_approve() {
    let mut sample = Sample::found();
    let rules = |count: u8| {
        let content = authority_rules(2);
        let content = content.replacen("count = 2", &format!("count = {count}"), 1);
        OperatorRequest::ApprovalRules { content }
    };
    let asking = |count: u8| {
        let roles = "[approvals]\nroles = [\"security-administrator\"]";
        profile(2, &format!("{roles}\ncount = {count}\noutside_browser = 1"))
    };
    for count in [17, 33, u8::MAX] {
        assert_eq!(refused(&mut sample, rules(count)), Code::Malformed, "{count}");
        assert_eq!(refused(&mut sample, asking(count)), Code::Malformed, "{count}");
    }
    sample.operator(rules(16)).unwrap();
    sample.operator(asking(16)).unwrap();
}
