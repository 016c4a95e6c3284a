//! A record as a sentence in both languages, for the command line and for pages. Names and whatever
//! else a record holds stand in places of a phrase, so that none of them is read as a sentence.

mod decided;

use crate::plain::{BilingualText, FactValue, NameAndId, kind, phrase, words};
use decided::{called, decided};
use records::Approval;
use records::access::Connection;
use records::decline::Outcome;
use records::est::EnrolledStatement;
use records::machine::AccountStatement;
use records::record::{Event, LetterStatement, Record, VoidStatement};
use records::suspension::SuspensionCause;
use records::withdrawal::WithdrawnStatement;
use std::collections::BTreeMap;

/// Bytes of an order's digest.
const DIGEST_BYTES: usize = 32;

/// The name of the request that a record is about, if it is about one.
pub fn request_of(record: &Record) -> Option<String> {
    match &record.event {
        Event::Completion(ended) => Some(ended.request.clone()),
        Event::Decision(_) => {
            let link = record.link.as_ref()?;
            let agent = record.maker.strip_suffix("/agent")?;
            Some(records::access::request_id(agent, &link.epoch, link.aseq))
        }
        _ => None,
    }
}

/// The sentence. Names stand there by id: of people, and of profiles where somebody says them.
pub fn of(record: &Record, names: &BTreeMap<String, String>) -> FactValue {
    let said = said(record, &|id| somebody(names, id));
    phrase("{0} {1}。", "{0} {1}.", vec![FactValue::time(&record.time), said])
}

/// A person or a profile by name where that is known.
fn somebody(names: &BTreeMap<String, String>, id: &str) -> FactValue {
    NameAndId { name: names.get(id).cloned(), id: id.to_owned(), unit: None }.into()
}

type Who<'a> = &'a dyn Fn(&str) -> FactValue;

/// Words of ours without a place.
fn own(zh: &'static str, en: &'static str) -> FactValue {
    phrase(zh, en, Vec::new())
}

fn number(value: impl ToString) -> FactValue {
    FactValue::Text(value.to_string())
}

fn said(record: &Record, who: Who<'_>) -> FactValue {
    match &record.event {
        Event::Connection(_)
        | Event::Decision(_)
        | Event::Completion(_)
        | Event::Called(_)
        | Event::Turned(_)
        | Event::Started(_)
        | Event::Silent { .. }
        | Event::Heartbeat(_) => at_the_gate(record, who),
        Event::Approval { approval, person, acting_for } => {
            approved(approval, (person, acting_for.as_deref()), who)
        }
        Event::Declined { decline, person } => match decline.read().map(|read| read.outcome) {
            Ok(Outcome::Returned) => {
                phrase("{0} 退回了办件", "{0} sent an order back", vec![who(person)])
            }
            _ => phrase("{0} 驳回了办件", "{0} rejected an order", vec![who(person)]),
        },
        Event::Issued { serial, subject, profile, .. } => phrase(
            "向 {0} 签发证书 {1}（{2}）",
            "certificate {1} ({2}) was issued to {0}",
            vec![who(subject), serial.into(), who(profile)],
        ),
        Event::Voided { statement, .. } => voided(&statement.0),
        Event::Withdrawn { statement, .. } => withdrawn(&statement.0),
        Event::Revoked { certificates, reason, .. } => phrase(
            "吊销 {0} 张证书（{1}）",
            "{0} certificates were revoked ({1})",
            vec![number(certificates.len()), reason.into()],
        ),
        Event::Suspended { cause, .. } => suspended(cause, who),
        Event::Refusal { .. }
        | Event::Asked { .. }
        | Event::Searched { .. }
        | Event::Read { .. }
        | Event::Notified { .. }
        | Event::Portal { .. } => told_of_others(record, who),
        other => by_the_ca(other, who),
    }
}

/// What was refused, asked and read, and what a portal says. Nobody signed what became of a notice:
/// it is told as the word of the record's maker.
fn told_of_others(record: &Record, who: Who<'_>) -> FactValue {
    match &record.event {
        Event::Refusal { code, act, about, count, .. } => {
            // A refusal's own sentence ends by itself.
            let (zh, en) = (code.zh().trim_end_matches('。'), code.en().trim_end_matches('.'));
            let why = BilingualText { zh: zh.into(), en: en.into() };
            phrase(
                "拒绝 {0} {1}：{2}{3}",
                "refused {0} {1}: {2}{3}",
                vec![act.into(), about.into(), why.into(), times(*count)],
            )
        }
        Event::Asked { person, given, .. } => phrase(
            "审计员 {0} 查询了日志，得到 {1} 条",
            "auditor {0} asked the log and got {1} records",
            vec![who(person), number(given)],
        ),
        Event::Searched { by, person, given, count, .. } => phrase(
            "门户 {0} 称：审计员 {1} 在页面上检索，得到 {2} 条{3}",
            "{0} says: auditor {1} searched on its page and got {2} records{3}",
            vec![by.into(), who(person), number(given), times(*count)],
        ),
        Event::Read { by, person, act, count } => {
            let values = vec![by.into(), who(person), read(act), times(*count)];
            phrase(
                "经门户 {0} 以 {1} 的名义{2}{3}",
                "through {0}, in the name of {1}, {2}{3}",
                values,
            )
        }
        Event::Notified { about, person, channel, outcome, .. } => phrase(
            "{4} 称（未签名）：给 {0} 的通知（{1}，{2}）：{3}",
            "{4} says, unsigned: a notice to {0} ({1}, {2}): {3}",
            vec![who(person), about.into(), channel.into(), outcome.into(), (&record.maker).into()],
        ),
        Event::Portal { process, act, outcome, count, .. } => phrase(
            "门户（{0}）记录，未经核验：{1}，{2}{3}",
            "the portal ({0}) says: {1}, {2}{3}",
            vec![process.into(), act.into(), outcome.into(), times(*count)],
        ),
        other => other.kind().into(),
    }
}

/// Who approved what; a signature over a batch says which orders in it they opened.
fn approved(
    approval: &Approval,
    (person, absent): (&str, Option<&str>),
    who: Who<'_>,
) -> FactValue {
    let absent = match absent {
        Some(absent) => phrase("代 {0} ", ", acting for {0}", vec![who(absent)]),
        None => words(""),
    };
    let values = vec![who(person), absent];
    let Some(opened) = &approval.opened else {
        return phrase("{0} {1}批准了办件", "{0} approved an order{1}", values);
    };
    let count = number(opened.0.len() / DIGEST_BYTES);
    phrase(
        "{0} {1}批准了一个批次，签名写明查看其中 {2} 件",
        "{0} approved a batch{1}; their signature says that they opened {2} orders in it",
        values.into_iter().chain([count]).collect(),
    )
}

/// Who suspended certificates, and how that is known.
fn suspended(cause: &SuspensionCause, who: Who<'_>) -> FactValue {
    // What a record lists beside its cause, nobody signed.
    let count = cause.notice().map_or(0, |notice| notice.serials.len());
    let by = cause.person().map_or_else(|| words("—"), |person| who(&person));
    let how = match cause {
        SuspensionCause::Letter { .. } => own("凭密码信封", "by letter"),
        SuspensionCause::Signed { .. } => own("经本人签名", "under their signature"),
        SuspensionCause::Portal { .. } => own("据门户所说", "as a portal says"),
    };
    phrase(
        "{0} {2}冻结 {1} 张证书",
        "{0} suspended {1} certificates, {2}",
        vec![by, number(count), how],
    )
}

/// What was read through a portal.
fn read(act: &str) -> FactValue {
    match act {
        "find" => own("查找了人员和证书", "people and certificates were looked up"),
        "certificate" => own("查看了证书", "a certificate was looked at"),
        "list" => own("查看了待办", "the list of orders was looked at"),
        "fetch" => own("查看了办件", "an order was looked at"),
        "person" => own("查看了人员", "a person was looked at"),
        "numbers" => own("查询了证件号是否已登记", "it was asked whether numbers are registered"),
        "unit" => own("查看了单位", "a unit was looked at"),
        "drafts" => own("查看了经办事项", "own drafts were looked at"),
        other => other.into(),
    }
}

/// What the CA writes on its own account.
fn by_the_ca(event: &Event, who: Who<'_>) -> FactValue {
    match event {
        Event::Order { order, .. } => ordered(&order.0),
        Event::Letter { statement, .. } => lettered(&statement.0, who),
        Event::Application { reference, .. } => phrase(
            "收到凭密码信封 {0} 的申请",
            "somebody applied under letter {0}",
            vec![reference.into()],
        ),
        Event::Joined { agent, .. } => {
            phrase("网关 {0} 加入", "gate {0} joined", vec![agent.into()])
        }
        Event::MachineAccount { .. }
        | Event::MachineUse { .. }
        | Event::MachineEnrolled { .. }
        | Event::MachineKey { .. }
        | Event::MachineClosed { .. } => of_system(event),
        Event::People { agent, number: made, .. } => phrase(
            "为网关 {0} 制作人员快照 #{1}",
            "snapshot #{1} of people was made for gate {0}",
            vec![agent.into(), number(made)],
        ),
        Event::Crl { issuer, number: made, .. } => phrase(
            "发布 {0} 的吊销列表 #{1}",
            "revocation list #{1} of {0} was published",
            vec![issuer.into(), number(made)],
        ),
        Event::Intent { serial, .. } => {
            phrase("即将签发证书 {0}", "certificate {0} will be signed", vec![serial.into()])
        }
        Event::Forked { agent, .. } => phrase(
            "网关 {0} 的记录互相矛盾",
            "records of gate {0} contradict each other",
            vec![agent.into()],
        ),
        Event::Founding { .. } => own("建立城市", "the city was founded"),
        Event::Enacted { .. } => own("执行了办件", "an order was carried out"),
        Event::Used { authorization, .. } => phrase(
            "使用了常设授权 {0}",
            "standing authorization {0} was used",
            vec![authorization.into()],
        ),
        other => other.kind().into(),
    }
}

/// What a system asked for by itself.
fn of_system(event: &Event) -> FactValue {
    match event {
        Event::MachineAccount { statement, .. } => {
            let read: Result<AccountStatement, _> = records::json::read(&statement.0);
            let (system, account) =
                read.map_or_else(|_| Default::default(), |said| (said.system, said.account));
            phrase(
                "系统 {0} 开立账户 {1}",
                "account {1} of system {0} was opened",
                vec![system.into(), account.into()],
            )
        }
        Event::MachineUse { account, serial, .. } => phrase(
            "账户 {0} 申请证书 {1}，即将签发",
            "account {0} asked for certificate {1}, which will be signed",
            vec![account.into(), serial.into()],
        ),
        Event::MachineEnrolled { statement, serial, .. } => {
            let said = EnrolledStatement::read(&statement.0);
            let by = said.as_ref().map(EnrolledStatement::protocol);
            let system = said.map_or_else(String::new, |said| said.system);
            let (zh, en) = match by {
                Some("SCEP") => (
                    "系统 {0} 以 SCEP 申请证书 {1}，即将签发",
                    "system {0} asked by SCEP for certificate {1}, which will be signed",
                ),
                Some("CMP") => (
                    "系统 {0} 以 CMP 申请证书 {1}，即将签发",
                    "system {0} asked by CMP for certificate {1}, which will be signed",
                ),
                _ => (
                    "系统 {0} 以 EST 申请证书 {1}，即将签发",
                    "system {0} asked by EST for certificate {1}, which will be signed",
                ),
            };
            phrase(zh, en, vec![system.into(), serial.into()])
        }
        Event::MachineKey { account, .. } => {
            phrase("账户 {0} 更换密钥", "account {0} has another key", vec![account.into()])
        }
        Event::MachineClosed { account, .. } => {
            phrase("账户 {0} 停用", "account {0} was closed by its key", vec![account.into()])
        }
        other => other.kind().into(),
    }
}

/// Which order the CA made, and of which kind.
fn ordered(order: &[u8]) -> FactValue {
    let Ok(order) = records::Order::read(order) else { return words("—") };
    let kind = match order.body() {
        Ok(body) => kind(&body).into(),
        Err(_) => FactValue::from(&order.kind),
    };
    phrase(
        "签发机构制作办件 {0}（{1}）",
        "the CA made order {0} ({1})",
        vec![order.order.into(), kind],
    )
}

/// For whom a letter was made.
fn lettered(statement: &[u8], who: Who<'_>) -> FactValue {
    let read: Result<LetterStatement, _> = records::json::read(statement);
    let (letter, person) = read.map_or_else(|_| Default::default(), |l| (l.reference, l.person));
    phrase(
        "为 {0} 制作密码信封 {1}",
        "letter {1} was made for {0}",
        vec![who(&person), letter.into()],
    )
}

/// Which letter was voided, and by whom.
fn voided(statement: &[u8]) -> FactValue {
    let read: Result<VoidStatement, _> = records::json::read(statement);
    let (letter, drafter) = read.map_or_else(|_| Default::default(), |v| (v.reference, v.drafter));
    let values = vec![drafter.into(), letter.into()];
    phrase("{0} 作废密码信封 {1}", "{0} voided letter {1}", values)
}

/// Who took an order back.
fn withdrawn(statement: &[u8]) -> FactValue {
    let read: Result<WithdrawnStatement, _> = records::json::read(statement);
    let drafter = read.map_or_else(|_| String::new(), |read| read.drafter);
    let values = vec![drafter.into()];
    phrase("{0} 撤回了自己起草的办件", "{0} took back an order of theirs", values)
}

/// How often, where a record stands for several.
fn times(count: u64) -> FactValue {
    match count {
        1 => words(""),
        _ => phrase("（又 {0} 次）", " ({0} more times)", vec![number(count)]),
    }
}

fn connected(seen: &Connection, who: Who<'_>) -> FactValue {
    let Connection { person, serial, host, tls, .. } = seen;
    phrase(
        "{0} 用证书 {1} 连接 {2}（TLS {3}）",
        "{0} connected to {2} with {1} (TLS {3})",
        vec![who(person), serial.into(), host.into(), number(tls)],
    )
}

/// What an agent recorded, or the log of an agent: that one is silent is only the log's word, under
/// no signature.
fn at_the_gate(record: &Record, who: Who<'_>) -> FactValue {
    match &record.event {
        Event::Connection(seen) => connected(seen, who),
        Event::Decision(decision) => decided(decision, who),
        Event::Completion(ended) => phrase(
            "请求 {0} 结束：{1}，应答 {2}",
            "request {0} ended: {1}, status {2}",
            vec![(&ended.request).into(), (&ended.outcome).into(), number(ended.status)],
        ),
        Event::Called(call) => called(call, who),
        Event::Turned(turned) => phrase(
            "网关拒绝 {0} 次（{1}，{2}）",
            "turned away {0} times ({1}, {2})",
            vec![number(turned.count), number(&turned.stage), number(&turned.code)],
        ),
        Event::Started(started) => phrase(
            "网关 {0} 启动（{1}）",
            "agent {0} started ({1})",
            vec![(&started.agent).into(), number(&started.cause)],
        ),
        Event::Heartbeat(beat) => phrase(
            "网关在运行：允许 {0}，拒绝 {1}",
            "agent lives: {0} permitted, {1} denied",
            vec![number(beat.permitted), number(beat.denied)],
        ),
        Event::Silent { agent, since } => phrase(
            "{2} 称（未签名）：自 {1} 起没有收到网关 {0} 的消息",
            "{2} says, unsigned: it has not heard of agent {0} since {1}",
            vec![agent.into(), FactValue::time(since), (&record.maker).into()],
        ),
        other => other.kind().into(),
    }
}

#[cfg(test)]
mod tests;
