//! What a bundle proves, in sentences, and what it does not: each follows from what was checked.
//! What only an agent says is told as its word. What others wrote stands in places of a phrase, so
//! that it is read as what it is.

mod approval;
mod certificate;
pub(crate) mod why;

use crate::access::GateRequest;
use crate::control::Control;
use crate::decision::DecidedBy;
use crate::handshake::HandshakeProof;
use crate::verdict::Failed;
use approval::Sentences;
use certificate::of_certificate;
use plain::{FactValue, NameAndId, phrase};
use records::access::ExceptionKind;

/// What is said about a bundle.
#[derive(Default)]
pub struct ProofSummary {
    /// These sentences say what the bundle proves.
    pub proven: Sentences,
    /// What it does not prove, although somebody may read it there.
    pub not_proven: Sentences,
}

/// A bundle is what somebody chose to hand on: nothing follows from what is not in it.
fn nothing_else() -> FactValue {
    phrase(
        "日志中没有别的有关记录，例如同一握手再次使用、别的结果，或者持有人、审批人的证书、角色、\
         代理此前已被撤回、冻结或吊销：转交者可能略去；向日志重新导出即可核对。",
        "That the log holds nothing else, such as a second use of this handshake, another end, or \
         that a certificate, role or delegation, of the holder or of who approved, was withdrawn, \
         suspended or revoked before: whoever handed this on may have left it out. The log answers \
         anew.",
        Vec::new(),
    )
}

/// A checkpoint is a signature: that its key made none over another history it does not show.
fn one_history() -> FactValue {
    phrase(
        "日志向所有人出示的是同一份历史：检查点由其密钥签名，证据包看不出该密钥是否另签过不同的历史；\
         与他人所见的检查点核对即可。",
        "That the log shows everybody this history: its key signed the checkpoint, and whether it \
         signed another history as well no bundle shows. Compare it with what others saw.",
        Vec::new(),
    )
}

/// Makes the sentences about a request from what was checked.
pub fn request(
    control: &Control,
    request: &GateRequest,
    by: &DecidedBy,
) -> Result<ProofSummary, Failed> {
    let decision = &request.decision;
    let subject = request.certificate.subject();
    let unit = subject.unit().unwrap_or_default();
    let holder = NameAndId {
        name: Some(subject.common_name().unwrap_or_default()),
        id: decision.person.clone(),
        unit: Some(Box::new(unit_of(control, &unit))),
    };
    let agent = || FactValue::from(&request.agent);
    let mut proven = vec![phrase("请求 {0}。", "Request {0}.", vec![(&request.name).into()])];
    proven.push(signed(request, holder.into()));
    proven.push(phrase(
        "网关 {0} 记录：于 {1} 在此连接上收到 {2} {3}。",
        "Agent {0} recorded: at {1}, on this connection, {2} {3}.",
        vec![
            agent(),
            FactValue::time(&request.time),
            (&decision.method).into(),
            (&request.target).into(),
        ],
    ));
    proven.push(outcome(request, by));
    proven.extend(by.rules_agree.then(|| application(control, &decision.application)));
    proven.push(end(request));
    proven.extend(of_certificate(control, &decision.serial)?);
    let not_proven = vec![
        nothing_else(),
        handshake(request),
        one_history(),
        phrase(
            "当时是否已有更新的人员快照、规则或吊销列表：所用者为网关 {0} 所述。",
            "Whether newer people, rules or a newer list were there already: which were used is \
             the word of agent {0}.",
            vec![agent()],
        ),
        phrase(
            "时间为网关 {0} 与签发机构自己的时钟；何人使用了持有人或审批人的密钥、是否读过所签内容，\
             签名不能说明。",
            "Times are those of agent {0} and of the CA; who used a key, the holder's or an \
             approver's, and whether they read what it signed, no signature says.",
            vec![agent()],
        ),
        phrase(
            "应用实际做了什么、返回了什么内容；此人是否还有其他请求。",
            "What the application did and answered; whether there were other requests.",
            Vec::new(),
        ),
    ];
    Ok(ProofSummary { proven, not_proven })
}

/// What the key signed that opened the connection, and no more than that: a signature of TLS 1.3
/// names no host.
fn signed(request: &GateRequest, holder: FactValue) -> FactValue {
    let values = vec![holder, (&request.agent).into(), (&request.host).into()];
    match request.handshake {
        HandshakeProof::Hashed => phrase(
            "{0} 的证书密钥签署了一次连接，网关 {1} 记录其接受了此连接；连接到主机 {2} 见下节。",
            "The certificate key of {0} signed a connection, which agent {1} recorded as accepted; \
             that it was to {2} is in the next section.",
            values,
        ),
        HandshakeProof::Shown => phrase(
            "{0} 的证书密钥签署了到 {2} 的连接，网关 {1} 记录其接受了此连接。",
            "The certificate key of {0} signed a connection to {2}, which agent {1} recorded as \
             accepted.",
            values,
        ),
    }
}

/// What the signature that opened the connection leaves to the agent's word.
fn handshake(request: &GateRequest) -> FactValue {
    let values = vec![(&request.host).into(), (&request.agent).into()];
    match request.handshake {
        HandshakeProof::Hashed => phrase(
            "TLS 1.3 的签名只覆盖握手报文的摘要，报文不在证据中：连接到 {0} 为网关 {1} 所述。",
            "A signature of TLS 1.3 covers a hash of the handshake, whose messages are not here: \
             that it was with {0} is the word of agent {1}.",
            values,
        ),
        HandshakeProof::Shown => phrase(
            "连接使用 TLS 1.2，所签名的握手报文在证据中，写明 {0}；握手是否完成为网关 {1} 所述。",
            "It was TLS 1.2: the messages that were signed are here and name {0}; that the \
             handshake was ended is the word of agent {1}.",
            values,
        ),
    }
}

/// A unit, with the name that authority holds.
fn unit_of(control: &Control, id: &str) -> NameAndId {
    let name = control.authority.unit(id).map(|unit| unit.name.clone());
    NameAndId { name, id: id.to_owned(), unit: None }
}

/// What the rules that were evaluated again call their application.
fn application(control: &Control, id: &str) -> FactValue {
    phrase(
        "应用系统：{0}，名称出自同一版规则。",
        "The application is {0}; the name stands in the same rules.",
        vec![control.authority.application_called(id).into()],
    )
}

/// What was decided, and whether the rules were asked again.
fn outcome(request: &GateRequest, by: &DecidedBy) -> FactValue {
    let decision = &request.decision;
    let DecidedBy { people, until, bundle, .. } = by;
    let [people, bundle] = [people.to_string(), bundle.to_string()].map(FactValue::from);
    let until = FactValue::time(until);
    if let Some(exception) = &decision.exception {
        let values = vec![people, until, bundle, (&exception.denied).into()];
        return excepted(exception.by, [values, vec![exception.order.to_string().into()]].concat());
    }
    match (decision.outcome.as_str(), by.rules_agree) {
        ("permitted", true) => phrase(
            "按人员快照 {0} 号（有效期至 {1}）所指的第 {2} 版规则，规则 {3} 允许对 {4} 的此项访问，\
             重新计算结果一致。",
            "By the rules of version {2}, which people snapshot {0} names (good until {1}), rule \
             {3} permits this on {4}; evaluated again.",
            vec![people, until, bundle, (&decision.rule).into(), (&decision.resource).into()],
        ),
        (other, true) => phrase(
            "被拒绝（{3}）；按人员快照 {0} 号（有效期至 {1}）所指的第 {2} 版规则，重新计算结果一致。",
            "It was denied ({3}); the rules of version {2}, which people snapshot {0} names (good \
             until {1}), give the same again.",
            vec![people, until, bundle, other.into()],
        ),
        (other, false) => phrase(
            "网关记录其被拒绝（{0}），未及规则；规则没有重新计算。",
            "The agent recorded a denial ({0}) before any rule; none was evaluated.",
            vec![other.into()],
        ),
    }
}

/// What passed that the rules deny, and by which order.
fn excepted(by: ExceptionKind, values: Vec<FactValue>) -> FactValue {
    match by {
        ExceptionKind::Observe => phrase(
            "按人员快照 {0} 号（有效期至 {1}）所指的第 {2} 版规则本应拒绝（{3}）；网关按办件 {4} 处于观察模式，\
             已放行。",
            "By the rules of version {2}, which people snapshot {0} names (good until {1}), it \
             would be denied ({3}); it passed, since order {4} had the gate observe.",
            values,
        ),
        ExceptionKind::Emergency => phrase(
            "按人员快照 {0} 号（有效期至 {1}）所指的第 {2} 版规则应拒绝（{3}）；按应急办件 {4} 放行。",
            "By the rules of version {2}, which people snapshot {0} names (good until {1}), it is \
             denied ({3}); it passed by emergency order {4}.",
            values,
        ),
    }
}

fn end(request: &GateRequest) -> FactValue {
    match &request.completion {
        Some(ended) => phrase(
            "网关记录其结果：{0}，应答 {1}，{2} 字节。",
            "The agent recorded its end: {0}, status {1}, {2} bytes.",
            vec![
                (&ended.outcome).into(),
                ended.status.to_string().into(),
                ended.down.to_string().into(),
            ],
        ),
        None => phrase(
            "结果：本证据包未包含完成记录，是否转发、如何结束不得而知。",
            "Its end: this bundle shows none; whether it was forwarded is not known.",
            Vec::new(),
        ),
    }
}

/// Makes the sentences about a certificate from what was checked.
pub fn certificate(control: &Control, serial: &str) -> Result<ProofSummary, Failed> {
    let proven = of_certificate(control, serial)?;
    let used = phrase(
        "此证书后来是否被吊销、谁使用过它；何人使用了审批人的密钥、是否读过所签内容；时间为签发机构\
         自己的时钟。",
        "Whether it was revoked later, and who used it; who used an approver's key, and whether \
         they read what it signed; times are the CA's own.",
        Vec::new(),
    );
    Ok(ProofSummary { proven, not_proven: vec![nothing_else(), one_history(), used] })
}
