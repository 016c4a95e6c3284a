//! What is said of an order, and the words for it.

use data_encoding::{HEXLOWER, HEXUPPER};
use pki::PublicKey;
use records::export::Look;
use records::order::Body;

/// A text in both languages; data are alike in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// 中文
    pub zh: String,
    /// English
    pub en: String,
}

impl Said {
    /// Both on one line; once where they are alike.
    pub fn both(&self) -> String {
        if self.zh == self.en { self.zh.clone() } else { format!("{} / {}", self.zh, self.en) }
    }
}

/// One line of what an officer reads, and what belongs below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub term: Said,
    /// What is said.
    pub value: Said,
    /// Whether it differs from what is in force, or from the last certificate.
    pub differs: bool,
    /// Lines of a file or of a list.
    pub lines: Vec<FactLine>,
}

/// One line of a file or of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactLine {
    /// What becomes of it.
    pub mark: LineChange,
    /// The line.
    pub text: String,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineChange {
    /// It comes into force.
    Added,
    /// It ceases to be in force.
    Removed,
    /// It stays.
    Kept,
    /// Lines that stay are left out here.
    LeftOut,
}

impl LineChange {
    /// The sign before a line.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Removed => "-",
            Self::Kept => " ",
            Self::LeftOut => "…",
        }
    }

    /// The name that style sheets know it by.
    pub fn class(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Kept | Self::LeftOut => "kept",
        }
    }
}

/// What of an order needs a look.
pub fn look(look: Look) -> Said {
    match look {
        Look::Differs => said("与上一张证书不同", "differs from the last certificate"),
        Look::Unsigned => {
            said("门户称有人提出，没有本人签名", "a portal says that somebody asks; no signature")
        }
        Look::Moved => {
            said("依据已变化，只能退回", "what it rests on changed: it can only be declined")
        }
        Look::SameName => said("本单位已有同名人员", "the unit has somebody of this name"),
    }
}

/// What kind of order it is.
pub fn kind(body: &Body) -> Said {
    kind_of(body.kind(), body.action())
}

/// A kind and what it does, as lists name it.
pub fn kind_of(kind: &str, action: &str) -> Said {
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
        ("portal", "close") => said("关闭门户", "portal is closed"),
        ("portal", _) => said("门户", "portal"),
        ("agent", "close") => said("关闭网关", "gate is closed"),
        ("agent", _) => said("登记网关", "new gate"),
        ("bundle", _) => said("访问规则", "access rules"),
        ("revoke", _) => said("吊销证书", "revoke certificates"),
        ("release", _) => said("解除冻结", "release a certificate"),
        ("credential", _) => said("认证通行密钥", "certify a passkey"),
        ("batch", of) => {
            let one = kind_of(of, "");
            said(&format!("批量：{}", one.zh), &format!("batch: {}", one.en))
        }
        ("person", "") => said("人员变动", "people"),
        ("role", "") => said("角色变动", "roles"),
        ("unit", "") => said("单位变动", "units"),
        (other, _) => same(other),
    }
}

/// What became of what a handler drafted.
pub fn draft_state(state: &str) -> Said {
    match state {
        "open" => said("待办", "open"),
        "expired" => said("已过期", "expired"),
        "done" => said("已办结", "done"),
        "returned" => said("已退回", "sent back"),
        "rejected" => said("已驳回", "rejected"),
        "withdrawn" => said("已撤回", "taken back"),
        "cancelled" => said("已取代", "replaced"),
        "used" => said("已领证", "used"),
        "lost" => said("已挂失", "reported lost"),
        "voided" => said("已作废", "voided"),
        other => same(other),
    }
}

/// A role as people call it.
pub fn role(name: &str) -> Said {
    match name {
        "official" => said("公职人员", "official"),
        "unit-handler" => said("经办人", "unit handler"),
        "registration-officer" => said("登记员", "registration officer"),
        "pool-officer" => said("联审员", "pool officer"),
        "system-administrator" => said("系统管理员", "system administrator"),
        "security-administrator" => said("安全保密管理员", "security administrator"),
        "auditor" => said("安全审计员", "auditor"),
        "application-owner" => said("应用负责人", "application owner"),
        other => same(other),
    }
}

/// What one was told, by the kind of the notice.
pub fn notice(kind: &str) -> Said {
    match kind {
        "letter" => said("密码信封已备好", "a letter is ready"),
        "asked" => said("有人申请证书", "a certificate was asked for"),
        "issued" => said("证书已签发", "a certificate was issued"),
        "renewed" => said("证书已续期", "a certificate was renewed"),
        "expiring" => said("证书即将到期", "a certificate ends soon"),
        "revoked" => said("证书已吊销", "a certificate was revoked"),
        "suspended" => said("证书已冻结", "a certificate was suspended"),
        "released" => said("证书已解除冻结", "a certificate counts again"),
        "role-granted" => said("被授予角色", "a role was given"),
        "role-withdrawn" => said("角色已撤回", "a role was withdrawn"),
        "returned" => said("申请已退回", "a request was sent back"),
        "rejected" => said("申请已驳回", "a request was rejected"),
        "digest" => said("每日待办", "what waits today"),
        other => same(other),
    }
}

/// How something in one's own name stands: a certificate, a letter, a notice.
pub fn own_state(state: &str) -> Said {
    match state {
        "valid" => said("有效", "valid"),
        "renewed" => said("已续期", "renewed"),
        "expired" => said("已过期", "expired"),
        "suspended" => said("已冻结", "suspended"),
        "revoked" => said("已吊销", "revoked"),
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
pub fn reason(name: &str) -> Said {
    match name {
        "cessationOfOperation" => said("离职、退休", "left office or retired"),
        "affiliationChanged" => said("调动", "moved to another unit"),
        "keyCompromise" => said("丢失、被盗、泄露", "lost, stolen or known to others"),
        "superseded" => said("已换新证书", "replaced by a new one"),
        "privilegeWithdrawn" => said("授权撤回", "authorization withdrawn"),
        other => same(other),
    }
}

pub(super) fn said(zh: &str, en: &str) -> Said {
    Said { zh: zh.into(), en: en.into() }
}

pub(super) fn same(text: impl Into<String>) -> Said {
    let text = text.into();
    Said { zh: text.clone(), en: text }
}

pub(super) fn told((zh, en): (&str, &str), value: Said) -> Fact {
    Fact { term: said(zh, en), value, differs: false, lines: Vec::new() }
}

pub(super) fn fact(term: (&str, &str), value: impl Into<String>) -> Fact {
    told(term, same(value))
}

pub(super) fn yes_no(value: bool) -> Said {
    if value { said("是", "yes") } else { said("否", "no") }
}

/// A public key by its algorithm and SHA-256.
pub(super) fn key(spki: &[u8]) -> String {
    match PublicKey::read(spki) {
        Ok(key) => format!("{} {}", key.algorithm().name, HEXLOWER.encode(&key.sha256())),
        Err(error) => format!("{error}: {}", sha256(spki)),
    }
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// A digest in groups of four, as people compare it, on every screen alike.
pub fn fingerprint(digest: &[u8]) -> String {
    let groups: Vec<String> = digest.chunks(2).map(|pair| HEXUPPER.encode(pair)).collect();
    groups.join(" ")
}
