//! How far a version may be ahead of the one in force.

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
