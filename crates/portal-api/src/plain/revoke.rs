//! What ends a certificate, and what releases one that is suspended.

use super::change::list;
use super::named::{evidence, person_named, unit_named};
use super::office::{LENT, certificate, lent, roles};
use super::wish::about_wish;
use ::plain::bilingual::{Fact, fact, reason, said};
use ::plain::value::FactValue;
use data_encoding::HEXLOWER;
use records::export::ShownOrder;
use records::order::{PersonBefore, ReleaseBody, RevokeBody, RevokedSystem};

/// What a holder has beside the certificate that is released.
const OTHERS: (&str, &str) = ("未吊销的其他证书", "other certificates that are not revoked");

pub(super) fn revoked(
    opened: &ShownOrder,
    body: &RevokeBody,
    before: Option<&PersonBefore>,
) -> Vec<Fact> {
    if let Some(system) = &body.system {
        return revoked_of_system(opened, body, system);
    }
    let named = |one| certificate(opened, one);
    let held = before.map(|before| before.certificates.as_slice()).unwrap_or_default();
    let stays: Vec<FactValue> =
        held.iter().filter(|one| !body.serials.contains(&one.serial)).map(named).collect();
    let mut facts = vec![
        fact(("人员", "person"), person_named(opened, &body.person)),
        fact(("原因", "reason"), reason(&body.reason)),
        evidence(opened, &body.evidence),
    ];
    facts.extend(body.serials.iter().map(|serial| {
        let known = held.iter().find(|one| one.serial == *serial);
        fact(("吊销证书", "revoked is"), known.map_or_else(|| serial.into(), named))
    }));
    facts.push(list(("保留的证书", "certificates that stay"), &stays, &stays));
    let roles = before.map(|before| roles(opened, &before.roles)).unwrap_or_default();
    facts.push(list(("角色", "roles"), &roles, &roles));
    let lent = before.map(|before| lent(opened, &before.lent)).unwrap_or_default();
    facts.push(list(LENT, &lent, &lent));
    facts.extend(body.wish.as_deref().into_iter().flat_map(about_wish));
    facts
}

/// Certificates of a system: whose it is, and each by its number. What stays follows from no order.
fn revoked_of_system(opened: &ShownOrder, body: &RevokeBody, system: &RevokedSystem) -> Vec<Fact> {
    let mut facts = vec![
        fact(("系统编号", "system"), system.system.clone()),
        fact(("系统名称", "name of the system"), FactValue::from(&system.name)),
        fact(("所属单位", "unit that owns it"), unit_named(opened, &system.unit)),
        fact(("谁主管", "who is in charge"), person_named(opened, &body.person)),
        fact(("原因", "reason"), reason(&body.reason)),
        evidence(opened, &body.evidence),
    ];
    let serials = body.serials.iter();
    facts.extend(serials.map(|serial| fact(("吊销证书", "revoked is"), FactValue::from(serial))));
    facts.extend(body.wish.as_deref().into_iter().flat_map(about_wish));
    facts
}

/// Who suspended what, since when and why; two others release it.
pub(super) fn released(
    opened: &ShownOrder,
    body: &ReleaseBody,
    before: Option<&PersonBefore>,
) -> Vec<Fact> {
    let held = before.map(|before| before.certificates.as_slice()).unwrap_or_default();
    let known = held.iter().find(|one| one.serial == body.serial);
    let others = held.iter().filter(|one| one.serial != body.serial);
    let others: Vec<FactValue> = others.map(|one| certificate(opened, one)).collect();
    let roles = before.map(|before| roles(opened, &before.roles)).unwrap_or_default();
    let lent = before.map(|before| lent(opened, &before.lent)).unwrap_or_default();
    let by = match body.by == body.person {
        true => said("持证人本人", "the holder").into(),
        false => person_named(opened, &body.by),
    };
    let mut facts = vec![
        fact(("人员", "person"), person_named(opened, &body.person)),
        fact(
            ("解除冻结的证书", "released is"),
            known.map_or_else(|| (&body.serial).into(), |one| certificate(opened, one)),
        ),
        fact(("冻结者", "suspended by"), by),
        fact(("冻结原因", "suspended because of"), reason(&body.reason)),
        fact(("冻结时间", "suspended since"), FactValue::time(&body.since)),
        fact(("冻结编号", "suspension"), HEXLOWER.encode(&body.suspension.0)),
        evidence(opened, &body.evidence),
        list(("角色", "roles"), &roles, &roles),
        list(LENT, &lent, &lent),
    ];
    let told = (!others.is_empty()).then(|| list(OTHERS, &others, &others));
    facts.extend(told);
    facts
}
