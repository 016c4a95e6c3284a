//! A record as a sentence in both languages, for the command line and for pages.

use crate::plain::kind_of;
use records::access::Connection;
use records::decline::Outcome;
use records::record::{Event, LetterStatement, Record, VoidStatement};
use records::suspension::SuspensionCause;
use records::withdrawal::WithdrawnStatement;
use std::collections::BTreeMap;

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

/// The sentence: Chinese, English.
pub fn of(record: &Record, names: &BTreeMap<String, String>) -> (String, String) {
    let time = record.time.get(..19).unwrap_or(&record.time).replace('T', " ");
    let who = |person: &str| match names.get(person) {
        Some(name) => format!("{name}（{person}）"),
        None => person.to_owned(),
    };
    let (zh, en) = match &record.event {
        Event::Connection(_)
        | Event::Decision(_)
        | Event::Completion(_)
        | Event::Turned(_)
        | Event::Started(_)
        | Event::Silent { .. }
        | Event::Heartbeat(_) => at_the_gate(record, who),
        Event::Approval { person, acting_for, .. } => approved(person, acting_for.as_deref(), who),
        Event::Declined { decline, person } => match decline.read().map(|read| read.outcome) {
            Ok(Outcome::Returned) => (
                format!("{} 退回了办件", who(person)),
                format!("{} sent an order back", who(person)),
            ),
            _ => (
                format!("{} 驳回了办件", who(person)),
                format!("{} rejected an order", who(person)),
            ),
        },
        Event::Issued { serial, subject, profile, .. } => (
            format!("向 {} 签发证书 {serial}（{profile}）", who(subject)),
            format!("certificate {serial} ({profile}) was issued to {}", who(subject)),
        ),
        Event::Voided { statement, .. } => voided(&statement.0),
        Event::Withdrawn { statement, .. } => withdrawn(&statement.0),
        Event::Revoked { certificates, reason, .. } => (
            format!("吊销 {} 张证书（{reason}）", certificates.len()),
            format!("{} certificates were revoked ({reason})", certificates.len()),
        ),
        Event::Suspended { certificates, cause, .. } => suspended(certificates.len(), cause, who),
        Event::Refusal { code, act, about, count, .. } => (
            format!("拒绝 {act} {about}：{}{}", code.zh(), times(*count).0),
            format!("refused {act} {about}: {}{}", code.en(), times(*count).1),
        ),
        Event::Asked { person, given, .. } => (
            format!("审计员 {} 查询了日志，得到 {given} 条", who(person)),
            format!("auditor {} asked the log and got {given} records", who(person)),
        ),
        Event::Searched { by, person, given, .. } => (
            format!("门户 {by} 称：审计员 {} 在页面上检索，得到 {given} 条", who(person)),
            format!(
                "{by} says: auditor {} searched on its page and got {given} records",
                who(person)
            ),
        ),
        Event::Read { by, person, act, count } => read_through(by, &who(person), act, *count),
        Event::Notified { about, person, channel, outcome, .. } => (
            format!("通知 {}（{about}，{channel}）：{outcome}", who(person)),
            format!("{} was notified ({about}, {channel}): {outcome}", who(person)),
        ),
        Event::Portal { process, act, outcome, count, .. } => (
            format!("门户（{process}）记录，未经核验：{act}，{outcome}{}", times(*count).0),
            format!("the portal ({process}) says: {act}, {outcome}{}", times(*count).1),
        ),
        other => by_the_ca(other, who),
    };
    // A refusal's own sentence may stand at the end.
    let (zh, en) = (zh.trim_end_matches('。'), en.trim_end_matches('.'));
    (plain(&format!("{time}Z {zh}。")), plain(&format!("{time}Z {en}.")))
}

/// Who approved an order, and for whom.
fn approved(person: &str, absent: Option<&str>, who: impl Fn(&str) -> String) -> (String, String) {
    match absent {
        Some(absent) => (
            format!("{} 代 {} 批准了办件", who(person), who(absent)),
            format!("{} approved an order, acting for {}", who(person), who(absent)),
        ),
        None => {
            (format!("{} 批准了办件", who(person)), format!("{} approved an order", who(person)))
        }
    }
}

/// Who suspended certificates, and how that is known.
fn suspended(
    count: usize,
    cause: &SuspensionCause,
    who: impl Fn(&str) -> String,
) -> (String, String) {
    let by = cause.person().map_or_else(String::new, |person| who(&person));
    let (zh, en) = match cause {
        SuspensionCause::Letter { .. } => ("凭密码信封", "by letter"),
        SuspensionCause::Signed { .. } => ("经本人签名", "under their signature"),
        SuspensionCause::Portal { .. } => ("据门户所说", "as a portal says"),
    };
    (format!("{by} {zh}冻结 {count} 张证书"), format!("{by} suspended {count} certificates, {en}"))
}

/// Who read what through which portal.
fn read_through(by: &str, who: &str, act: &str, count: u64) -> (String, String) {
    let (zh, en) = match act {
        "find" => ("查找了人员和证书", "people and certificates were looked up"),
        "certificate" => ("查看了证书", "a certificate was looked at"),
        "list" => ("查看了待办", "the list of orders was looked at"),
        "fetch" => ("查看了办件", "an order was looked at"),
        "person" => ("查看了人员", "a person was looked at"),
        "unit" => ("查看了单位", "a unit was looked at"),
        "drafts" => ("查看了经办事项", "own drafts were looked at"),
        other => (other, other),
    };
    let (zh_times, en_times) = times(count);
    (
        format!("经门户 {by} 以 {who} 的名义{zh}{zh_times}"),
        format!("through {by}, in the name of {who}, {en}{en_times}"),
    )
}

/// What the CA writes on its own account.
fn by_the_ca(event: &Event, who: impl Fn(&str) -> String) -> (String, String) {
    match event {
        Event::Order { order, .. } => ordered(&order.0),
        Event::Letter { statement, .. } => lettered(&statement.0, who),
        Event::Application { reference, .. } => (
            format!("收到凭密码信封 {reference} 的申请"),
            format!("somebody applied under letter {reference}"),
        ),
        Event::Joined { agent, .. } => {
            (format!("网关 {agent} 加入"), format!("gate {agent} joined"))
        }
        Event::People { agent, number, .. } => (
            format!("为网关 {agent} 制作人员快照 #{number}"),
            format!("snapshot #{number} of people was made for gate {agent}"),
        ),
        Event::Crl { issuer, number, .. } => (
            format!("发布 {issuer} 的吊销列表 #{number}"),
            format!("revocation list #{number} of {issuer} was published"),
        ),
        Event::Intent { serial, .. } => {
            (format!("即将签发证书 {serial}"), format!("certificate {serial} will be signed"))
        }
        Event::Forked { agent, .. } => (
            format!("网关 {agent} 的记录互相矛盾"),
            format!("records of gate {agent} contradict each other"),
        ),
        Event::Founding { .. } => ("建立城市".to_owned(), "the city was founded".to_owned()),
        Event::Enacted { .. } => ("执行了办件".to_owned(), "an order was carried out".to_owned()),
        Event::Used { authorization, .. } => (
            format!("使用了常设授权 {authorization}"),
            format!("standing authorization {authorization} was used"),
        ),
        other => (other.kind().to_owned(), other.kind().to_owned()),
    }
}

/// Which order the CA made, and of which kind.
fn ordered(order: &[u8]) -> (String, String) {
    let Ok(order) = records::Order::read(order) else { return Default::default() };
    let action = order.body().map(|body| body.action().to_owned()).unwrap_or_default();
    let kind = kind_of(&order.kind, &action);
    (
        format!("签发机构制作办件 {}（{}）", order.order, kind.zh),
        format!("the CA made order {} ({})", order.order, kind.en),
    )
}

/// For whom a letter was made.
fn lettered(statement: &[u8], who: impl Fn(&str) -> String) -> (String, String) {
    let read: Result<LetterStatement, _> = records::json::read(statement);
    let (letter, person) = read.map_or_else(|_| Default::default(), |l| (l.reference, l.person));
    (
        format!("为 {} 制作密码信封 {letter}", who(&person)),
        format!("letter {letter} was made for {}", who(&person)),
    )
}

/// Which letter was voided, and by whom.
fn voided(statement: &[u8]) -> (String, String) {
    let read: Result<VoidStatement, _> = records::json::read(statement);
    let (letter, drafter) = read.map_or_else(|_| Default::default(), |v| (v.reference, v.drafter));
    (format!("{drafter} 作废密码信封 {letter}"), format!("{drafter} voided letter {letter}"))
}

/// Who took an order back.
fn withdrawn(statement: &[u8]) -> (String, String) {
    let read: Result<WithdrawnStatement, _> = records::json::read(statement);
    let drafter = read.map_or_else(|_| String::new(), |read| read.drafter);
    (format!("{drafter} 撤回了自己起草的办件"), format!("{drafter} took back an order of theirs"))
}

/// How often, where a record stands for several.
fn times(count: u64) -> (String, String) {
    match count {
        1 => (String::new(), String::new()),
        _ => (format!("（又 {count} 次）"), format!(" ({count} more times)")),
    }
}

/// What others wrote does not steer a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn connected(seen: &Connection, who: &str) -> (String, String) {
    let Connection { serial, host, tls, .. } = seen;
    (
        format!("{who} 用证书 {serial} 连接 {host}（TLS {tls}）"),
        format!("{who} connected to {host} with {serial} (TLS {tls})"),
    )
}

fn at_the_gate(record: &Record, who: impl Fn(&str) -> String) -> (String, String) {
    match &record.event {
        Event::Connection(seen) => connected(seen, &who(&seen.person)),
        Event::Decision(decision) if decision.outcome == "permitted" => (
            format!(
                "{} 对 {} 执行 {}，规则 {} 允许",
                who(&decision.person),
                decision.resource,
                decision.action,
                decision.rule
            ),
            format!(
                "{} was permitted to {} {} by rule {}",
                who(&decision.person),
                decision.action,
                decision.resource,
                decision.rule
            ),
        ),
        Event::Decision(decision) => (
            format!(
                "{} 请求 {} {}，被拒绝（{}，编号 {}）",
                who(&decision.person),
                decision.method,
                decision.resource,
                decision.outcome,
                decision.reference
            ),
            format!(
                "{} asked for {} {} and was denied ({}, reference {})",
                who(&decision.person),
                decision.method,
                decision.resource,
                decision.outcome,
                decision.reference
            ),
        ),
        Event::Completion(ended) => (
            format!("请求 {} 结束：{}，应答 {}", ended.request, ended.outcome, ended.status),
            format!("request {} ended: {}, status {}", ended.request, ended.outcome, ended.status),
        ),
        Event::Turned(turned) => (
            format!("网关拒绝 {} 次（{}，{}）", turned.count, turned.stage, turned.code),
            format!("turned away {} times ({}, {})", turned.count, turned.stage, turned.code),
        ),
        Event::Started(started) => (
            format!("网关 {} 启动（{}）", started.agent, started.cause),
            format!("agent {} started ({})", started.agent, started.cause),
        ),
        Event::Heartbeat(beat) => (
            format!("网关在运行：允许 {}，拒绝 {}", beat.permitted, beat.denied),
            format!("agent lives: {} permitted, {} denied", beat.permitted, beat.denied),
        ),
        Event::Silent { agent, since } => (
            format!("网关 {agent} 自 {since} 起失联"),
            format!("agent {agent} is silent since {since}"),
        ),
        _ => (String::new(), String::new()),
    }
}
