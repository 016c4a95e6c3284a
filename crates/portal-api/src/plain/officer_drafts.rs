//! What officers draft beside handlers, as whoever signs it reads it: a release, a delegation and a
//! revocation among many, field by field.

use super::statement::{disclosed, field, named_reason};
use ::plain::bilingual::{Fact, fact, fingerprint, role, said};
use ::plain::value::FactValue;
use records::Disclosure;
use records::commitment::EVIDENCE_PATH;
use records::order::{DelegateBody, ReleaseBody, RevokeBody, RoleAction};

/// A release that is drafted. What it names follows from the certificate's number.
pub(super) fn wanted_release(body: &ReleaseBody, disclosures: &[Disclosure]) -> Vec<Fact> {
    vec![
        fact(("解除冻结的证书", "to be released"), body.serial.clone()),
        fact(("持证人（人员编号）", field::HOLDER), body.person.clone()),
        fact(("冻结者（人员编号）", field::BY), body.by.clone()),
        fact(("冻结原因", field::HELD_FOR), named_reason(&body.reason)),
        fact(("冻结时间", field::SINCE), FactValue::time(&body.since)),
        fact(("冻结编号", field::SUSPENSION), fingerprint(&body.suspension.0)),
        fact(("核验依据", "evidence"), disclosed(&body.evidence, EVIDENCE_PATH, disclosures)),
    ]
}

/// A revocation that is drafted as one of many.
pub(super) fn wanted_revocation(body: &RevokeBody, disclosures: &[Disclosure]) -> Vec<Fact> {
    let mut facts = vec![fact(("持证人（人员编号）", field::HOLDER), body.person.clone())];
    facts.extend(
        body.serials.iter().map(|serial| fact(("吊销证书", field::REVOKED), serial.clone())),
    );
    facts.push(fact(("原因", "reason"), named_reason(&body.reason)));
    let evidence = disclosed(&body.evidence, EVIDENCE_PATH, disclosures);
    facts.push(fact(("核验依据", "evidence"), evidence));
    let wish =
        body.wish.iter().map(|_| fact(("附带的吊销请求", "a wish in it"), said("有", "yes")));
    facts.extend(wish);
    facts
}

/// A delegation that is drafted, or its end.
pub(super) fn wanted_delegation(body: &DelegateBody) -> Vec<Fact> {
    let what = match body.action {
        RoleAction::Grant => said("代理审批", "delegate while on leave"),
        RoleAction::Withdraw => said("提前终止代理", "end a delegation before its time"),
    };
    vec![
        fact(("变更", "change"), what),
        fact(("代理人（人员编号）", "who acts, by person id"), body.person.clone()),
        fact(("被代理人（人员编号）", "who is on leave, by person id"), body.absent.clone()),
        fact(("代理的角色", "the role that is lent"), role(body.role.name())),
        fact(("范围（单位编号）", "scope, by unit id"), body.scope.clone()),
        fact(("代理起始时间", "from"), FactValue::time(&body.from)),
        fact(("代理截止时间", "until"), FactValue::time(&body.until)),
    ]
}
