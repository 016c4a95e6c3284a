//! What a bundle says about how a certificate came to be: under which order, and who authorized it.

use super::approval::{self, Sentences, person};
use crate::control::Control;
use crate::verdict::Failed;
use plain::value::joined;
use plain::{FactValue, phrase};
use records::Bytes;
use records::est::EnrolledStatement;
use records::order::{Body, Renewal};
use records::record::Event;

/// What a certificate was issued under has to be there: nothing follows from its absence.
pub(super) fn of_certificate(control: &Control, serial: &str) -> Result<Sentences, Failed> {
    let said = match control.certificates.contains_key(serial) {
        true => issued(control, serial),
        false => Vec::new(),
    };
    match said.is_empty() {
        true => Err(Failed::missing(
            format!("certificate {serial}"),
            "its record, or what it was issued under, is not there",
        )),
        false => Ok(said),
    }
}

fn issued(control: &Control, serial: &str) -> Sentences {
    let intent = control.records.iter().find_map(|(index, record)| match &record.event {
        Event::Intent { order, serial: intended, .. } if intended == serial => {
            Some((*index, order))
        }
        _ => None,
    });
    let Some((at, order)) = intent else { return without_order(control, serial) };
    let id = control.orders.get(order).map(|(order, _)| order.order.clone()).unwrap_or_default();
    let mut sentences = vec![phrase(
        "证书 {0} 依据办件 {1} 签发给 {2}。",
        "Certificate {0} was issued to {2} under order {1}.",
        vec![serial.into(), (&id).into(), holder(control, serial)],
    )];
    let renewal = control.orders.get(order).and_then(|(_, body)| renewal(body));
    sentences.extend(renewal.map(|renewal| renewed(&id, renewal)));
    sentences.extend(approval::approved(control, &id, at));
    sentences
}

/// The renewal in a body.
fn renewal(body: &Body) -> Option<&Renewal> {
    match body {
        Body::Issue(issue) => issue.renewal.as_deref(),
        _ => None,
    }
}

/// Who authorized a renewal: the key of the old certificate, alone or beside officers.
fn renewed(id: &str, renewal: &Renewal) -> FactValue {
    let Renewal { serial, review, .. } = renewal;
    let values = vec![id.into(), serial.into()];
    match review.is_empty() {
        true => phrase(
            "办件 {0} 由旧证书 {1} 的密钥签名授权；信息未变，无须审批。",
            "Order {0} was authorized by the key of the old certificate {1}; nothing had changed \
             that officers have to look at.",
            values,
        ),
        false => phrase(
            "办件 {0} 由旧证书 {1} 的密钥签名提出，须经审批。",
            "Order {0} was asked for by the key of the old certificate {1}, and needed approval.",
            values,
        ),
    }
}

/// A certificate of a machine, or of the founding: what it was issued under is there, or nothing is
/// said.
fn without_order(control: &Control, serial: &str) -> Sentences {
    let Some(promised) = issued_under(control, serial) else { return Vec::new() };
    let under = control.events().find_map(|event| match event {
        Event::Used { authorization, serial: used, .. } if used == serial => {
            let named = vec![authorization.into()];
            Some(phrase("常设授权 {0}", "authorization {0}", named))
        }
        Event::Joined { agent, serial: joined, .. } if joined == serial => {
            Some(phrase("网关 {0} 的加入", "the joining of agent {0}", vec![agent.into()]))
        }
        Event::MachineUse { account, serial: used, vouched, .. } if used == serial => {
            Some(used_by_system(control, account, vouched))
        }
        Event::MachineEnrolled { statement, serial: enrolled, .. } if enrolled == serial => {
            enrolled_by_system(statement)
        }
        _ => None,
    });
    let founding = (*promised == control.founding)
        .then(|| phrase("建立声明", "the founding statement", Vec::new()));
    let Some(why) = under.or(founding) else { return Vec::new() };
    vec![phrase(
        "证书 {0} 依据{1}签发给 {2}。",
        "Certificate {0} was issued to {2} under {1}.",
        vec![serial.into(), why, holder(control, serial)],
    )]
}

/// A use of a system's authorization: whose account signed for it, and for which names a portal
/// says that it saw a challenge answered.
fn used_by_system(control: &Control, account: &str, vouched: &[String]) -> FactValue {
    let id = authority::read_account(account);
    let known = id.and_then(|id| control.authority.account(&id));
    let system = known.map_or_else(String::new, |known| known.system.to_string());
    let values = vec![system.into(), account.into()];
    if vouched.is_empty() {
        return phrase(
            "系统 {0} 的授权、其账户 {1} 的签名（没有门户称验证过名称）",
            "the authorization of system {0} and the signature of its account {1} (no portal says \
             that a challenge was answered)",
            values,
        );
    }
    let names = joined(vouched.iter().map(FactValue::from), ", ");
    phrase(
        "系统 {0} 的授权、其账户 {1} 的签名（门户称已验证：{2}）",
        "the authorization of system {0} and the signature of its account {1} (a portal says that \
         challenges were answered for: {2})",
        values.into_iter().chain([names]).collect(),
    )
}

/// The same by EST or CMP: how the system was known, and whose word that is.
fn enrolled_by_system(statement: &Bytes) -> Option<FactValue> {
    let said = EnrolledStatement::read(&statement.0)?;
    let named = vec![said.system.as_str().into()];
    if said.is_by_scep() {
        return Some(enrolled_device(&said, named));
    }
    Some(match (said.certificate, said.message) {
        (Some(_), Some(_)) => phrase(
            "系统 {0} 的授权（CMP，由其证书的密钥签名）",
            "the authorization of system {0} (by CMP: the key of a certificate of its signed that)",
            named,
        ),
        (None, Some(_)) => phrase(
            "系统 {0} 的授权（CMP，签发机构核对了其密钥）",
            "the authorization of system {0} (by CMP: the CA found its MAC right)",
            named,
        ),
        (Some(_), None) => phrase(
            "系统 {0} 的授权（EST 续期，门户称核对了其原证书）",
            "the authorization of system {0} (renewed by EST: a portal says that it was shown the \
             old certificate)",
            named,
        ),
        (None, None) => phrase(
            "系统 {0} 的授权（EST，签发机构核对了其口令）",
            "the authorization of system {0} (by EST: the CA found its password right)",
            named,
        ),
    })
}

/// The same by SCEP.
fn enrolled_device(said: &EnrolledStatement, named: Vec<FactValue>) -> FactValue {
    match said.signed {
        Some(_) => phrase(
            "系统 {0} 的授权（SCEP 续期，由其原证书的密钥签名）",
            "the authorization of system {0} (renewed by SCEP: the old certificate's key signed)",
            named,
        ),
        None => phrase(
            "系统 {0} 的授权（SCEP，签发机构核对了其挑战码）",
            "the authorization of system {0} (by SCEP: the CA found its challenge right)",
            named,
        ),
    }
}

/// What the record of a certificate says that it was issued under.
fn issued_under<'a>(control: &'a Control, serial: &str) -> Option<&'a Bytes> {
    control.events().find_map(|event| match event {
        Event::Issued { serial: issued, under, .. } if issued == serial => Some(under),
        _ => None,
    })
}

/// The holder of a certificate.
fn holder(control: &Control, serial: &str) -> FactValue {
    let Some(certificate) = control.certificates.get(serial) else { return serial.into() };
    let name = certificate.subject().common_name().unwrap_or_default();
    match certificate.subject().person() {
        Some(id) => person(&name, id),
        None => name.into(),
    }
}
