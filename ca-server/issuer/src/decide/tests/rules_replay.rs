//! What a replay found beside the rules of an order.

use super::operator::bundle;
use crate::sample::Sample;
use ca_host::operator::OperatorRequest;
use records::Code;
use records::record::File;

/// What a replay found comes with just the rules that it is about; nobody is shown another's.
#[test]
fn a_replay_lies_beside_its_own_rules_alone() {
    let mut sample = Sample::found();
    let OperatorRequest::Bundle { version, files } = bundle(2) else { panic!("a bundle") };
    let pairs = files.iter().map(|file| (file.name.as_str(), file.content.as_str()));
    let of = |rules: String| {
        let summary = policy::ReplaySummary {
            application: "exchange".into(),
            rules,
            from: "2026-11-24T08:00:00Z".into(),
            until: "2026-12-01T08:00:00Z".into(),
            requests: 41_208,
            left_out: 0,
            newly_denied: 14,
            newly_allowed: 0,
            change: Vec::new(),
        };
        let content = policy::replay::written(&summary).unwrap();
        let mut files = files.clone();
        files.push(File { name: "access/exchange.replay.toml".into(), content });
        OperatorRequest::Bundle { version, files }
    };
    let own = records::order::bundle_digest(pairs).to_string();
    let refused = sample.operator(of("another".into())).unwrap_err();
    assert_eq!(refused, Code::RulesMalformed);
    sample.operator(of(own)).unwrap();
}
