//! The receipt of a suspension, on either host: what the CA signed, as people read it.

use super::{show, words};
use page::Language;
use portal_api::plain;
use records::Code;
use records::enrolment::SignedReceipt;
use records::suspension::SuspensionNotice;

words! {
    SuspendedWords {
        title "冻结回执" "Receipt of your suspension";
        held "证书已冻结。各应用系统几秒钟内即拒绝这张证书。" "The certificate is suspended. Applications refuse it within seconds.";
        time "冻结时间" "Suspended since";
        serials "已冻结的证书" "Suspended certificates";
        reason "原因" "Reason";
        by "冻结者人员编号" "Suspended by person";
        founding "城市标识" "City";
        signature "签名" "Signature";
        keep "请打印或保存这份回执。冻结以本回执为准，请妥善保存。" "Print or save this receipt. Without a receipt nothing is suspended.";
        next "解除冻结须由另外两名审批人员批准，您自己不能解除：请联系本单位登记人员。15 天内无人解除，证书自动吊销。" "Two other officers release it, you cannot: call your registration officer. If nobody does within 15 days the certificate is revoked.";
    }
}

/// What a receipt says.
pub(crate) struct SuspendedFacts {
    pub(crate) w: &'static SuspendedWords,
    pub(crate) time: String,
    pub(crate) serials: Vec<String>,
    pub(crate) reason: String,
    pub(crate) by: String,
    pub(crate) founding: String,
    pub(crate) signature: String,
}

impl SuspendedFacts {
    /// Reads a receipt; whoever checks it takes the document.
    pub(crate) fn read(language: Language, signed: &SignedReceipt) -> Result<Self, Code> {
        let read = records::json::read::<SuspensionNotice>(&signed.receipt.0);
        let notice = read.map_err(|_| Code::Unavailable)?;
        let why = plain::reason(&notice.reason);
        Ok(Self {
            w: SuspendedWords::of(language),
            time: show::time(&notice.time),
            serials: notice.serials,
            reason: language.of_both(why.zh, why.en),
            by: show::harmless(&notice.person),
            founding: notice.founding.to_string(),
            signature: signed.signature.to_string(),
        })
    }

    #[cfg(test)]
    pub(crate) fn sample(language: Language) -> Self {
        Self {
            w: SuspendedWords::of(language),
            time: "2026-11-24 16:00 (UTC+8)".into(),
            serials: vec!["0101010101".into()],
            reason: language.of_both("密钥泄露或丢失".into(), "key compromise".into()),
            by: "0123456789ABCDEF".into(),
            founding: "AwMDAw".into(),
            signature: "CQkJCQ".into(),
        }
    }
}
