//! What a gate decided, or told its application, as a sentence: also what passed that rules deny.

use super::{Who, number, own};
use crate::plain::{FactValue, phrase};
use records::access::{ApplicationCall, Decision, Exception, ExceptionKind};

pub(super) fn decided(decision: &Decision, who: Who<'_>) -> FactValue {
    let Decision { person, method, action, resource, outcome, rule, reference, .. } = decision;
    if let Some(exception) = &decision.exception {
        return excepted(decision, exception, who);
    }
    match outcome.as_str() {
        "permitted" => phrase(
            "{0} 对 {1} 执行 {2}，规则 {3} 允许",
            "{0} was permitted to {2} {1} by rule {3}",
            vec![who(person), resource.into(), action.into(), rule.into()],
        ),
        _ => phrase(
            "{0} 请求 {1} {2}，被拒绝（{3}，编号 {4}）",
            "{0} asked for {1} {2} and was denied ({3}, reference {4})",
            vec![who(person), method.into(), resource.into(), outcome.into(), reference.into()],
        ),
    }
}

/// What passed although the rules deny it, and by what.
fn excepted(decision: &Decision, exception: &Exception, who: Who<'_>) -> FactValue {
    let Decision { person, method, resource, .. } = decision;
    let values = vec![who(person), method.into(), resource.into(), (&exception.denied).into()];
    match exception.by {
        ExceptionKind::Observe => phrase(
            "{0} 请求 {1} {2}，规则本应拒绝（{3}），网关处于观察模式，已放行",
            "{0} asked for {1} {2}, which rules would deny ({3}), and passed: the gate observes",
            values,
        ),
        ExceptionKind::Emergency => phrase(
            "{0} 请求 {1} {2}，规则拒绝（{3}），按应急授权放行",
            "{0} asked for {1} {2}, which rules deny ({3}), and passed by an emergency order",
            values,
        ),
    }
}

pub(super) fn called(call: &ApplicationCall, who: Who<'_>) -> FactValue {
    let ApplicationCall { application, ask, person, serial, outcome, .. } = call;
    let about = match person.is_empty() {
        true => own("不明人员", "nobody known"),
        false => who(person),
    };
    phrase(
        "应用 {0} 询问 {1}、证书 {2}（{3}），答复 {4}",
        "application {0} asked about {1}, certificate {2} ({3}), and was told {4}",
        vec![application.into(), about, serial.into(), number(ask), number(outcome)],
    )
}
