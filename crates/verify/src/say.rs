//! What a bundle proves, in sentences, and what it does not: each follows from what was checked.
//! What only an agent says is told as its word.

mod certificate;

use crate::access::GateRequest;
use crate::control::Control;
use crate::decision::DecidedBy;
use crate::handshake::HandshakeProof;
use crate::verdict::Failed;
use certificate::of_certificate;

type Sentences = Vec<(String, String)>;

/// What is said about a bundle.
#[derive(Default)]
pub struct Told {
    /// What it proves.
    pub proven: Sentences,
    /// What it does not prove, although somebody may read it there.
    pub not_proven: Sentences,
}

/// A bundle is what somebody chose to hand on: nothing follows from what is not in it.
fn nothing_else() -> (String, String) {
    (
        "日志中没有别的有关记录，例如同一握手再次使用、别的结果、撤回、冻结或吊销：转交者可能略去；\
         向日志重新导出即可核对。"
            .into(),
        "That the log holds nothing else, such as a second use of this handshake, another end, or \
         a withdrawal, suspension or revocation: whoever handed this on may have left it out. The \
         log answers anew."
            .into(),
    )
}

/// Sentences about a request.
pub fn request(control: &Control, request: &GateRequest, by: &DecidedBy) -> Result<Told, Failed> {
    let decision = &request.decision;
    let name = request.certificate.subject().common_name().unwrap_or_default();
    let unit = request.certificate.subject().unit().unwrap_or_default();
    let (person, agent) = (&decision.person, &request.agent);
    let mut proven =
        vec![(format!("请求 {}。", request.name), format!("Request {}.", request.name))];
    proven.push((
        format!(
            "{name}（{person}，{unit}）的证书密钥在与 {} 的连接上签名，由网关 {agent} 接受。",
            request.host
        ),
        format!(
            "The certificate key of {name} ({person}, {unit}) signed the connection to {} that \
             agent {agent} accepted.",
            request.host
        ),
    ));
    proven.push((
        format!(
            "网关 {agent} 记录：于 {} 在此连接上收到 {} {}。",
            request.time, decision.method, request.target
        ),
        format!(
            "Agent {agent} recorded: at {}, on this connection, {} {}.",
            request.time, decision.method, request.target
        ),
    ));
    proven.push(outcome(request, by));
    proven.push(end(request));
    proven.extend(of_certificate(control, &decision.serial)?);
    let not_proven = vec![
        nothing_else(),
        handshake(request),
        (
            format!("当时是否已有更新的人员快照、规则或吊销列表：所用者为网关 {agent} 所述。"),
            format!(
                "Whether newer people, rules or a newer list were there already: which were used \
                 is the word of agent {agent}."
            ),
        ),
        (
            format!("时间为网关 {agent} 与签发机构自己的时钟；何人使用了密钥，签名不能说明。"),
            format!(
                "Times are those of agent {agent} and of the CA; who used the key, no signature \
                 says."
            ),
        ),
        (
            "应用实际做了什么、返回了什么内容；此人是否还有其他请求。".into(),
            "What the application did and answered; whether there were other requests.".into(),
        ),
    ];
    Ok(Told { proven, not_proven })
}

/// What the signature that opened the connection leaves to the agent's word.
fn handshake(request: &GateRequest) -> (String, String) {
    let (host, agent) = (&request.host, &request.agent);
    match request.handshake {
        HandshakeProof::Hashed => (
            format!(
                "TLS 1.3 的签名只覆盖握手报文的摘要，报文不在证据中：连接到 {host} 为网关 {agent} \
                 所述。"
            ),
            format!(
                "A signature of TLS 1.3 covers a hash of the handshake, whose messages are not \
                 here: that it was with {host} is the word of agent {agent}."
            ),
        ),
        HandshakeProof::Shown => (
            format!(
                "连接使用 TLS 1.2，所签名的握手报文在证据中，写明 {host}；握手是否完成为网关 \
                 {agent} 所述。"
            ),
            format!(
                "It was TLS 1.2: the messages that were signed are here and name {host}; that the \
                 handshake was ended is the word of agent {agent}."
            ),
        ),
    }
}

/// What was decided, and whether the rules were asked again.
fn outcome(request: &GateRequest, by: &DecidedBy) -> (String, String) {
    let decision = &request.decision;
    let (rule, resource) = (&decision.rule, &decision.resource);
    let DecidedBy { people, until, bundle, .. } = by;
    match (decision.outcome.as_str(), by.rules_agree) {
        ("permitted", true) => (
            format!(
                "按人员快照 {people} 号（有效至 {until}）所指的第 {bundle} 版规则，规则 {rule} 允许对 \
                 {resource} 的此项访问，重新计算结果一致。"
            ),
            format!(
                "By the rules of version {bundle}, which people snapshot {people} names (good \
                 until {until}), rule {rule} permits this on {resource}; evaluated again."
            ),
        ),
        (other, true) => (
            format!(
                "被拒绝（{other}）；按人员快照 {people} 号（有效至 {until}）所指的第 {bundle} 版规则，\
                 重新计算结果一致。"
            ),
            format!(
                "It was denied ({other}); the rules of version {bundle}, which people snapshot \
                 {people} names (good until {until}), give the same again."
            ),
        ),
        (other, false) => (
            format!("网关记录其被拒绝（{other}），未及规则；规则没有重新计算。"),
            format!("The agent recorded a denial ({other}) before any rule; none was evaluated."),
        ),
    }
}

fn end(request: &GateRequest) -> (String, String) {
    match &request.completion {
        Some(ended) => (
            format!(
                "网关记录其结果：{}，应答 {}，{} 字节。",
                ended.outcome, ended.status, ended.down
            ),
            format!(
                "The agent recorded its end: {}, status {}, {} bytes.",
                ended.outcome, ended.status, ended.down
            ),
        ),
        None => (
            "结果：本证据包未包含完成记录，是否转发、如何结束不得而知。".into(),
            "Its end: this bundle shows none; whether it was forwarded is not known.".into(),
        ),
    }
}

/// Sentences about a certificate.
pub fn certificate(control: &Control, serial: &str) -> Result<Told, Failed> {
    let proven = of_certificate(control, serial)?;
    let used = (
        "此证书后来是否被吊销、谁使用过它；时间为签发机构自己的时钟。".into(),
        "Whether it was revoked later, and who used it; times are the CA's own.".into(),
    );
    Ok(Told { proven, not_proven: vec![nothing_else(), used] })
}
