//! A record as a sentence in both languages, for the command line and for pages.

use records::decline::Outcome;
use records::record::{Event, Record, VoidStatement};
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
        Event::Order { order, .. } => {
            let read = records::Order::read(&order.0);
            let (id, kind) = read.map(|order| (order.order, order.kind)).unwrap_or_default();
            (format!("签发机构制作指令 {id}（{kind}）"), format!("the CA made order {id} ({kind})"))
        }
        Event::Approval { person, .. } => {
            (format!("{} 批准了指令", who(person)), format!("{} approved an order", who(person)))
        }
        Event::Declined { decline, person } => match decline.read().map(|read| read.outcome) {
            Ok(Outcome::Returned) => (
                format!("{} 退回了指令", who(person)),
                format!("{} sent an order back", who(person)),
            ),
            _ => (
                format!("{} 驳回了指令", who(person)),
                format!("{} rejected an order", who(person)),
            ),
        },
        Event::Issued { serial, subject, profile, .. } => (
            format!("向 {} 签发证书 {serial}（{profile}）", who(subject)),
            format!("certificate {serial} ({profile}) was issued to {}", who(subject)),
        ),
        Event::Voided { statement, .. } => voided(&statement.0),
        Event::Revoked { certificates, reason, .. } => (
            format!("吊销 {} 张证书（{reason}）", certificates.len()),
            format!("{} certificates were revoked ({reason})", certificates.len()),
        ),
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
        Event::Portal { process, act, outcome, count, .. } => (
            format!("门户（{process}）称：{act}，{outcome}{}", times(*count).0),
            format!("the portal ({process}) says: {act}, {outcome}{}", times(*count).1),
        ),
        other => (other.kind().to_owned(), other.kind().to_owned()),
    };
    (plain(&format!("{time}Z {zh}。")), plain(&format!("{time}Z {en}.")))
}

/// Which letter was voided, and by whom.
fn voided(statement: &[u8]) -> (String, String) {
    let read: Result<VoidStatement, _> = records::json::read(statement);
    let (letter, drafter) = read.map_or_else(|_| Default::default(), |v| (v.reference, v.drafter));
    (format!("{drafter} 作废信函 {letter}"), format!("{drafter} voided letter {letter}"))
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

fn at_the_gate(record: &Record, who: impl Fn(&str) -> String) -> (String, String) {
    match &record.event {
        Event::Connection(seen) => (
            format!("{} 用证书 {} 连接 {}", who(&seen.person), seen.serial, seen.host),
            format!("{} connected to {} with {}", who(&seen.person), seen.host, seen.serial),
        ),
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
