//! What is said of an order, and the words for it.

use crate::value::FactValue;
use data_encoding::{HEXLOWER, HEXUPPER};
use pki::PublicKey;
use pki::name::both;
use records::export::ReviewFlag;
use records::order::Body;
use records::revocation;
use records::rules::Role;

/// A text in both languages; data are alike in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BilingualText {
    /// The text in Chinese.
    pub zh: String,
    /// The text in English.
    pub en: String,
}

impl BilingualText {
    /// Both on one line; once where they are alike.
    pub fn both(&self) -> String {
        if self.zh == self.en { self.zh.clone() } else { format!("{} / {}", self.zh, self.en) }
    }
}

/// One line of what an officer reads, and what belongs below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The fact is about this term.
    pub term: BilingualText,
    /// The fact says this value.
    pub value: FactValue,
    /// Whether it differs from what is in force, or from the last certificate.
    pub differs: bool,
    /// Lines of a file or of a list.
    pub lines: Vec<FactLine>,
}

impl Fact {
    /// A value under its name in both languages.
    pub fn new((zh, en): (&str, &str), value: impl Into<FactValue>) -> Self {
        Self { term: said(zh, en), value: value.into(), differs: false, lines: Vec::new() }
    }
}

/// One line of a file or of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactLine {
    /// The mark says what becomes of the line.
    pub mark: LineChange,
    /// The text of the line, of a file or of a list.
    pub line: LineText,
}

/// What stands in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineText {
    /// A line of a file: blanks indent.
    File(String),
    /// One of a list.
    Value(FactValue),
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineChange {
    /// It comes into force.
    Added,
    /// It ceases to be in force.
    Removed,
    /// The line stays as it is.
    Kept,
    /// Lines that stay are left out here.
    LeftOut,
    /// What is said of the line above it, which is the file's last.
    NoLineFeed,
}

impl LineChange {
    /// The sign before a line.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Removed => "-",
            Self::Kept => " ",
            Self::LeftOut => "…",
            Self::NoLineFeed => "\\",
        }
    }

    /// The name that style sheets know it by.
    pub fn class(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Kept | Self::LeftOut | Self::NoLineFeed => "kept",
        }
    }
}

/// What of an order needs a look.
pub fn look(look: ReviewFlag) -> BilingualText {
    match look {
        ReviewFlag::Differs => said("与上一张证书不同", "differs from the last certificate"),
        ReviewFlag::Unsigned => {
            said("门户称有人提出，没有本人签名", "a portal says that somebody asks; no signature")
        }
        ReviewFlag::Moved => {
            said("依据已变化，只能退回", "what it rests on changed: it can only be declined")
        }
        ReviewFlag::SameName => said("本单位已有同名人员", "the unit has somebody of this name"),
    }
}

/// What kind of order it is.
pub fn kind(body: &Body) -> BilingualText {
    match body {
        Body::Batch(batch) => of_many(&kind_of(&batch.of, &batch.action)),
        body => kind_of(body.kind(), body.action()),
    }
}

/// A kind and what it does, as lists name it.
pub fn kind_of(kind: &str, action: &str) -> BilingualText {
    match (kind, action) {
        ("issue", _) => said("签发证书", "issue a certificate"),
        ("unit", "create") => said("新建单位", "new unit"),
        ("unit", "move") => said("单位划转", "unit moves"),
        ("unit", "close") => said("撤销单位", "unit is closed"),
        ("person", "create") => said("新增人员", "new person"),
        ("person", "move") => said("人员调动或更正", "person moves or is corrected"),
        ("person", "leave") => said("人员离任", "person leaves"),
        ("letter", _) => said("密码信封", "letter of enrolment"),
        ("role", "grant") => said("授予角色", "grant a role"),
        ("role", "withdraw") => said("撤回角色", "withdraw a role"),
        ("delegate", "grant") => said("代理审批", "delegate a role"),
        ("delegate", "withdraw") => said("终止代理", "end a delegation"),
        ("profile", _) => said("证书模板", "certificate profile"),
        ("approval-rules", _) => said("审批规则", "approval rules"),
        ("portal", "register") => said("登记门户", "new portal"),
        ("portal", "close") => said("关闭门户", "portal is closed"),
        ("agent", "register") => said("登记网关", "new gate"),
        ("agent", "close") => said("关闭网关", "gate is closed"),
        ("system", "register") => said("登记系统", "new system"),
        ("system", "close") => said("关闭系统", "system is closed"),
        ("emergency", _) => said("应急授权", "emergency access"),
        ("emergency-review", _) => said("应急核查结案", "close the case of an emergency"),
        ("mode", "observe") => said("观察：规则拒绝的也放行", "observe: what rules deny passes"),
        ("mode", "enforce") => said("执行访问规则", "enforce the access rules"),
        ("mode", "suspended") => said("暂停应用访问", "suspend access to an application"),
        ("bundle", _) => said("访问规则", "access rules"),
        ("revoke", _) => said("吊销证书", "revoke certificates"),
        ("release", _) => said("解除冻结", "release a certificate"),
        ("credential", _) => said("认证通行密钥", "certify a passkey"),
        // A list knows of a batch what it is about, and not what becomes of that.
        ("batch", of) => of_many(&kind_of(of, "")),
        ("person", "") => said("人员变动", "people"),
        ("role", "") => said("角色变动", "roles"),
        ("unit", "") => said("单位变动", "units"),
        ("delegate", "") => said("代理变动", "delegations"),
        ("portal", "") => said("门户变动", "portals"),
        ("agent", "") => said("网关变动", "gates"),
        ("system", "") => said("系统变动", "systems"),
        ("mode", "") => said("访问模式变动", "access modes"),
        (other, _) => same(other),
    }
}

fn of_many(one: &BilingualText) -> BilingualText {
    said(&format!("批量：{}", one.zh), &format!("batch: {}", one.en))
}

/// How what somebody drafted stands: a letter has states of its own.
pub fn state_of(kind: &str, state: &str) -> BilingualText {
    if kind == "letter" { own_state(state) } else { draft_state(state) }
}

/// What became of what a handler drafted.
pub fn draft_state(state: &str) -> BilingualText {
    match state {
        "open" => said("待办", "open"),
        "expired" => said("已过期", "expired"),
        "done" => said("已办结", "done"),
        "returned" => said("已退回", "sent back"),
        "rejected" => said("已驳回", "rejected"),
        "withdrawn" => said("已撤回", "taken back"),
        "cancelled" => said("已取代", "replaced"),
        other => same(other),
    }
}

/// A role as people call it.
pub fn role(name: &str) -> BilingualText {
    Role::from_name(name).map_or_else(|| same(name), |role| said(role.zh(), role.en()))
}

/// What one was told, by the kind of the notice.
pub fn notice(kind: &str) -> BilingualText {
    match kind {
        "letter" => said("密码信封已备好", "a letter is ready"),
        "letter-code" => said("短信码已发送", "a message code was sent"),
        "asked" => said("有人申请证书", "a certificate was asked for"),
        "issued" => said("证书已签发", "a certificate was issued"),
        "renewed" => said("证书已续期", "a certificate was renewed"),
        "expiring" => said("证书即将到期", "a certificate ends soon"),
        "revoked" => said("证书已吊销", "a certificate was revoked"),
        "suspended" => said("证书已冻结", "a certificate was suspended"),
        "released" => said("证书已解除冻结", "a certificate counts again"),
        "role-granted" => said("被授予角色", "a role was given"),
        "role-withdrawn" => said("角色已撤回", "a role was withdrawn"),
        "lends" => said("角色已交他人代理", "somebody acts for them"),
        "acts" => said("代理他人审批", "they act for somebody"),
        "delegation-ended" => said("代理审批已终止", "a delegation ended"),
        "passkey" => said("通行密钥已认证", "a passkey was certified"),
        "record-asked" => said("有人申请变更登记信息", "a record is to be changed"),
        "returned" => said("申请已退回", "a request was sent back"),
        "rejected" => said("申请已驳回", "a request was rejected"),
        "system-account" => said("系统新增证书账户", "an account was opened for a system"),
        "system-issued" => said("系统账户首次签发证书", "a system got its first certificate"),
        "system-lapsing" => {
            said("系统证书即将到期而未更新", "a system's certificate is about to lapse")
        }
        "emergency-opened" => said("应急授权已生效", "an emergency was opened"),
        "digest" => said("每日待办", "what waits today"),
        other => same(other),
    }
}

/// By which way one was told.
pub fn channel(name: &str) -> BilingualText {
    match name {
        "mail" => said("邮件", "by mail"),
        "webhook" => said("短信", "by short message"),
        "spool" => said("由登记处转告", "by the registration office"),
        other => same(other),
    }
}

/// How something in one's own name stands: a certificate, a letter, a notice.
pub fn own_state(state: &str) -> BilingualText {
    match state {
        "valid" => said("有效", "valid"),
        "renewed" => said("已续期", "renewed"),
        "expired" => said("已过期", "expired"),
        "suspended" => said("已冻结", "suspended"),
        "revoked" => said("已吊销", "revoked"),
        "in-force" => said("可以使用", "may be used"),
        "closed" => said("已关闭", "closed"),
        "open" => said("未使用", "not used yet"),
        "used" => said("已使用", "used"),
        "voided" => said("已作废", "voided"),
        "lost" => said("已挂失", "reported lost"),
        "rejected" => said("已驳回", "rejected"),
        "waiting" => said("待发送", "not sent yet"),
        "sent" => said("已发送", "sent"),
        "failed" => said("未送达", "not delivered"),
        other => same(other),
    }
}

/// Why a certificate may be revoked, as RFC 5280 names it.
pub const REASONS: [&str; 5] = [
    "cessationOfOperation",
    "affiliationChanged",
    "keyCompromise",
    "superseded",
    "privilegeWithdrawn",
];

/// Why a certificate is revoked, as people say it.
pub fn reason(name: &str) -> BilingualText {
    revocation::reason(name).map_or_else(|| same(name), |(zh, en)| said(zh, en))
}

/// Makes words of ours in both languages.
pub fn said(zh: &str, en: &str) -> BilingualText {
    BilingualText { zh: zh.into(), en: en.into() }
}

/// A text that is alike in both.
pub fn same(text: impl Into<String>) -> BilingualText {
    let text = text.into();
    BilingualText { zh: text.clone(), en: text }
}

/// A value under its name in both languages.
pub fn fact(term: (&str, &str), value: impl Into<FactValue>) -> Fact {
    Fact::new(term, value)
}

/// Says yes or no in both languages.
pub fn yes_no(value: bool) -> BilingualText {
    if value { said("是", "yes") } else { said("否", "no") }
}

/// A public key by its algorithm and SHA-256.
pub fn key(spki: &[u8]) -> String {
    match PublicKey::read(spki) {
        Ok(key) => format!("{} {}", key.algorithm().name, HEXLOWER.encode(&key.sha256())),
        Err(error) => format!("{}: {}", both(&error).1, sha256(spki)),
    }
}

/// Spells the SHA-256 of these bytes in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// A digest in groups of four, as people compare it, on every screen alike.
pub fn fingerprint(digest: &[u8]) -> String {
    let groups: Vec<String> = digest.chunks(2).map(|pair| HEXUPPER.encode(pair)).collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Whoever approves reads what an order does, and not what another of its kind would do.
    #[test]
    fn each_kind_and_action_has_its_own_heading() {
        let mut all: Vec<(&str, &str)> = ["issue", "letter", "profile", "approval-rules"]
            .into_iter()
            .chain(["bundle", "revoke", "release", "credential", "emergency", "emergency-review"])
            .map(|kind| (kind, ""))
            .collect();
        for (kind, actions) in [
            ("unit", &["", "create", "move", "close"][..]),
            ("person", &["", "create", "move", "leave"]),
            ("role", &["", "grant", "withdraw"]),
            ("delegate", &["", "grant", "withdraw"]),
            ("portal", &["", "register", "close"]),
            ("agent", &["", "register", "close"]),
            ("system", &["", "register", "close"]),
            ("mode", &["", "observe", "enforce", "suspended"]),
        ] {
            all.extend(actions.iter().map(|action| (kind, *action)));
        }
        let named: Vec<BilingualText> =
            all.iter().map(|(kind, action)| kind_of(kind, action)).collect();
        let headings = named.iter().cloned().chain(named.iter().map(of_many));
        let (mut zh, mut en) = (BTreeSet::new(), BTreeSet::new());
        for heading in headings {
            assert_ne!(heading.zh, heading.en, "words in two languages");
            assert!(zh.insert(heading.zh.clone()), "{heading:?}");
            assert!(en.insert(heading.en.clone()), "{heading:?}");
        }
    }

    #[test]
    fn a_batch_is_headed_by_what_it_does() {
        let batch = |of: &str, action: &str| {
            let body = serde_json::json!({
                "of": of, "action": action, "rows": [], "sample": 0, "flagged": [],
            });
            kind(&Body::read("batch", &body).unwrap())
        };
        assert_eq!(batch("agent", "close").zh, "批量：关闭网关");
        assert_eq!(batch("person", "leave").en, "batch: person leaves");
        assert_eq!(kind_of("batch", "agent").zh, "批量：网关变动");
    }

    #[test]
    fn a_letter_stands_as_its_owner_reads_it() {
        assert_eq!(state_of("letter", "open").zh, "未使用");
        assert_eq!(state_of("letter", "used").zh, "已使用");
        assert_eq!(state_of("person", "open").zh, "待办");
    }
}
