//! What a client is told when it is refused (RFC 8555 6.7, RFC 9773 7.4): the type for its program,
//! the sentence for the people who read its log, Chinese first.

use crate::identifier::SentIdentifier;
use serde_json::{Map, Value, json};

/// Where the types of RFC 8555 are named.
const URN: &str = "urn:ietf:params:acme:error:";

macro_rules! kinds {
    ($($variant:ident $name:literal $zh:literal $en:literal;)*) => {
        /// A type of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ProblemKind {
            $(#[doc = $en] $variant,)*
        }

        impl ProblemKind {
            /// Every type.
            pub const ALL: &[ProblemKind] = &[$(ProblemKind::$variant,)*];

            /// Its name behind the URN.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The sentence in both languages.
            pub fn words(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($zh, $en),)* }
            }
        }
    };
}

kinds! {
    AccountDoesNotExist "accountDoesNotExist" "没有这个账户" "There is no such account";
    AccountClosed "unauthorized" "此账户已停用" "This account is deactivated";
    AlreadyReplaced "alreadyReplaced" "此证书已有后继证书" "This certificate was replaced already";
    AlreadyRevoked "alreadyRevoked" "此证书已经吊销" "This certificate is revoked already";
    BadCsr "badCSR" "证书请求不可接受" "The certificate request is not acceptable";
    BadNonce "badNonce" "随机数已用过、已过期或不是本站发出的" "The nonce was used, is too old or is not ours";
    BadPublicKey "badPublicKey" "不支持这个密钥" "This key is not supported";
    BadRevocationReason "badRevocationReason" "不接受这个吊销原因" "This reason of a revocation is not accepted";
    BadSignatureAlgorithm "badSignatureAlgorithm" "不接受这种签名算法" "This signature algorithm is not accepted";
    Caa "caa" "域名的 CAA 记录不允许本机构签发" "The name's CAA records do not let this CA issue";
    Compound "compound" "有多处问题" "There is more than one problem";
    Connection "connection" "无法连接被验证的主机" "The host to be validated cannot be reached";
    Dns "dns" "域名查询失败" "The name cannot be looked up";
    ExternalAccountRequired "externalAccountRequired" "开户须有常设授权的外部账户绑定" "An account needs the external account binding of a standing authorization";
    IncorrectResponse "incorrectResponse" "应答与挑战不符" "The answer does not fit the challenge";
    InvalidContact "invalidContact" "联系方式不正确" "The contact is not valid";
    InvalidProfile "invalidProfile" "此账户不能使用这个证书模板" "This account cannot use this profile";
    Malformed "malformed" "请求格式不正确" "The request is malformed";
    NotFound "malformed" "没有找到" "There is nothing here";
    MethodNotAllowed "malformed" "此地址不接受这种请求方法" "This address does not take this method";
    MediaType "malformed" "内容类型应为 application/jose+json" "The content type is application/jose+json";
    TooLarge "malformed" "请求过大" "The request is too large";
    KeyInUse "malformed" "此密钥已属于另一账户" "This key belongs to another account";
    OrderNotReady "orderNotReady" "订单还不能办结" "The order is not ready to be finalized";
    RateLimited "rateLimited" "次数已达上限" "There were too many requests";
    RejectedIdentifier "rejectedIdentifier" "此标识不在常设授权之内" "This identifier is outside of the standing authorization";
    ServerInternal "serverInternal" "系统暂时不可用，请稍后再试" "The server cannot do this at the moment; try again later";
    Unavailable "serverInternal" "系统暂时不可用，请稍后再试" "The server cannot do this at the moment; try again later";
    Tls "tls" "验证时 TLS 握手失败" "The TLS handshake of the validation failed";
    Unauthorized "unauthorized" "没有权限" "This is not permitted";
    UnsupportedContact "unsupportedContact" "不支持这种联系方式" "This kind of contact is not supported";
    UnsupportedIdentifier "unsupportedIdentifier" "不支持这种标识" "This kind of identifier is not supported";
    UserActionRequired "userActionRequired" "须先由责任人处理" "Somebody has to act first";
}

impl ProblemKind {
    /// The status of an answer that is one (RFC 8555 6.7, 7.3.5, 7.4; RFC 9773 7.4).
    pub fn status(self) -> u16 {
        match self {
            Self::AccountClosed => 401,
            Self::Caa
            | Self::ExternalAccountRequired
            | Self::IncorrectResponse
            | Self::OrderNotReady
            | Self::RejectedIdentifier
            | Self::Unauthorized
            | Self::UserActionRequired => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::AlreadyReplaced | Self::KeyInUse => 409,
            Self::TooLarge => 413,
            Self::MediaType => 415,
            Self::RateLimited => 429,
            Self::ServerInternal => 500,
            Self::Unavailable => 503,
            _ => 400,
        }
    }
}

/// A problem document (RFC 7807) of ACME.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcmeProblem {
    kind: ProblemKind,
    zh: String,
    en: String,
    identifier: Option<Box<SentIdentifier>>,
    subproblems: Vec<AcmeProblem>,
    algorithms: &'static [&'static str],
    retry_after: Option<u64>,
}

impl From<ProblemKind> for AcmeProblem {
    fn from(kind: ProblemKind) -> Self {
        let (zh, en) = kind.words();
        Self {
            kind,
            zh: zh.into(),
            en: en.into(),
            identifier: None,
            subproblems: Vec::new(),
            algorithms: &[],
            retry_after: None,
        }
    }
}

impl AcmeProblem {
    /// A problem of a type with what it is about, in both languages.
    pub fn about(kind: ProblemKind, zh: &str, en: &str) -> Self {
        let (more_zh, more_en) = kind.words();
        let problem = Self::from(kind);
        Self { zh: format!("{more_zh}：{zh}"), en: format!("{more_en}: {en}"), ..problem }
    }

    /// The same, of what an error says in both languages as `中文 / English`.
    pub fn of(kind: ProblemKind, error: &dyn core::fmt::Display) -> Self {
        let text = error.to_string();
        let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
        Self::about(kind, zh, en)
    }

    /// The same in words that somebody else already put whole.
    #[must_use]
    pub fn in_words(self, zh: &str, en: &str) -> Self {
        Self { zh: zh.to_owned(), en: en.to_owned(), ..self }
    }

    /// The same as another type.
    #[must_use]
    pub fn told_as(self, kind: ProblemKind) -> Self {
        Self { kind, ..self }
    }

    /// The same about one identifier, as it was sent: one that is wrong has no other spelling.
    #[must_use]
    pub fn at(self, identifier: &SentIdentifier) -> Self {
        Self { identifier: Some(Box::new(identifier.clone())), ..self }
    }

    /// The same with what is wrong with each identifier (RFC 8555 6.7.1).
    #[must_use]
    pub fn with(self, subproblems: Vec<AcmeProblem>) -> Self {
        Self { subproblems, ..self }
    }

    /// The one problem, or one over all of them.
    pub fn all_of(kind: ProblemKind, mut subproblems: Vec<AcmeProblem>) -> Self {
        match (subproblems.len(), subproblems.pop()) {
            (1, Some(only)) => Self { subproblems: vec![only.clone()], ..only }.plain(),
            (_, Some(last)) => {
                subproblems.push(last);
                Self::from(kind).with(subproblems)
            }
            (_, None) => Self::from(kind),
        }
    }

    fn plain(self) -> Self {
        Self { identifier: None, ..self }
    }

    /// The same, naming the algorithms that are taken (RFC 8555 6.2).
    #[must_use]
    pub fn taking(self, algorithms: &'static [&'static str]) -> Self {
        Self { algorithms, ..self }
    }

    /// The same, which may be otherwise after so many seconds (RFC 8555 6.6).
    #[must_use]
    pub fn after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// In how many seconds it may be otherwise, if that is known.
    pub fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// Its type.
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The status of the answer.
    pub fn status(&self) -> u16 {
        self.kind.status()
    }

    /// The sentence in Chinese.
    pub fn zh(&self) -> &str {
        &self.zh
    }

    /// The sentence in English.
    pub fn en(&self) -> &str {
        &self.en
    }

    /// The document.
    pub fn to_json(&self) -> Value {
        let mut told = self.told();
        told.insert("status".into(), json!(self.status()));
        Value::Object(told)
    }

    fn told(&self) -> Map<String, Value> {
        let mut told = Map::new();
        told.insert("type".into(), json!(format!("{URN}{}", self.kind.name())));
        told.insert("detail".into(), json!(format!("{}。 / {}.", self.zh, self.en)));
        if let Some(identifier) = &self.identifier {
            told.insert("identifier".into(), json!(identifier));
        }
        if !self.algorithms.is_empty() {
            told.insert("algorithms".into(), json!(self.algorithms));
        }
        if !self.subproblems.is_empty() {
            let all = self.subproblems.iter().map(|one| Value::Object(one.told()));
            told.insert("subproblems".into(), all.collect());
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every type is one of RFC 8555 or RFC 9773, and says itself in both languages.
    #[test]
    fn a_problem_is_for_programs_and_for_people() {
        for kind in ProblemKind::ALL {
            let told = AcmeProblem::from(*kind).to_json();
            let name = told["type"].as_str().unwrap().strip_prefix(URN).unwrap();
            assert!(name.bytes().all(|byte| byte.is_ascii_alphabetic()), "{name}");
            let detail = told["detail"].as_str().unwrap();
            let (zh, en) = detail.split_once(" / ").unwrap();
            assert!(!zh.is_ascii() && en.is_ascii(), "{detail}");
            assert!((400..600).contains(&told["status"].as_u64().unwrap()));
        }
    }

    #[test]
    fn each_identifier_has_its_own_problem() {
        let rejected = |name: &str| {
            let identifier = SentIdentifier { kind: "dns".into(), value: name.into() };
            AcmeProblem::from(ProblemKind::RejectedIdentifier).at(&identifier)
        };
        let two = vec![rejected("a.test"), rejected("b.test")];
        let told = AcmeProblem::all_of(ProblemKind::RejectedIdentifier, two).to_json();
        assert_eq!(told["subproblems"][1]["identifier"]["value"], "b.test");
        assert!(told["subproblems"][1].get("status").is_none());
        assert!(told.get("identifier").is_none(), "RFC 8555 6.7.1: only within subproblems");
        let one = AcmeProblem::all_of(ProblemKind::Malformed, vec![rejected("a.test")]).to_json();
        assert_eq!(one["type"], "urn:ietf:params:acme:error:rejectedIdentifier");
        assert_eq!(one["subproblems"][0]["identifier"]["value"], "a.test");
        assert!(one.get("identifier").is_none());
    }
}
