//! The receipt of a suspension, on either host: what the CA signed, as people read it.

use super::facts::{FactItem, lines};
use super::words;
use page::Language;
use page::qr::{self, Picture};
use portal_api::plain;
use records::Code;
use records::enrolment::SignedReceipt;
use records::suspension::SuspensionNotice;

words! {
    SuspendedWords {
        title "冻结回执" "Receipt of your suspension";
        held "证书已冻结。各应用系统几秒钟内即拒绝这张证书。" "The certificate is suspended. Applications refuse it within seconds.";
        signature "签名" "Signature";
        keep "冻结以本回执为准，请打印或保存，妥善保管。" "Print or save this receipt. Without a receipt nothing is suspended.";
        code "扫码核验这份回执，或打开：" "Scan to check this receipt, or open:";
        next "解除冻结须由另外两名审批人员批准，您自己不能解除：请联系本单位登记员。15 天内无人解除，证书自动吊销。" "Two other officers release it, you cannot: call your registration officer. If nobody does within 15 days the certificate is revoked.";
    }
}

/// What a receipt says.
pub(crate) struct SuspendedFacts {
    pub(crate) w: &'static SuspendedWords,
    /// Everything that the notice says.
    pub(crate) facts: Vec<FactItem>,
    pub(crate) signature: String,
    pub(crate) code: Option<ReceiptCode>,
}

/// A receipt as a code, and where it is checked: whoever scans it sees whether it leads there.
pub(crate) struct ReceiptCode {
    pub(crate) picture: Picture,
    pub(crate) address: String,
}

impl ReceiptCode {
    /// What a receipt's code opens: the page that checks it, with the receipt behind `#`, which no
    /// server sees before somebody asks.
    pub(crate) fn of(signed: &SignedReceipt, public: &str) -> Option<Self> {
        Self::of_text(&signed.printed()?, public)
    }

    fn of_text(printed: &str, public: &str) -> Option<Self> {
        let address = format!("{public}/receipt");
        Some(Self { picture: qr::of_document(&format!("{address}#{printed}"))?, address })
    }

    #[cfg(test)]
    pub(crate) fn sample() -> Option<Self> {
        Self::of_text("AwMDAw.CQkJCQ.MAA", "https://enrol.city.example")
    }
}

impl SuspendedFacts {
    /// Reads a receipt; whoever checks it takes the document.
    pub(crate) fn read(
        language: Language,
        signed: &SignedReceipt,
        public: &str,
    ) -> Result<Self, Code> {
        let read = records::json::read::<SuspensionNotice>(&signed.receipt.0);
        let notice = read.map_err(|_| Code::Unavailable)?;
        Ok(Self {
            signature: signed.signature.to_string(),
            code: ReceiptCode::of(signed, public),
            ..Self::of(language, &notice)
        })
    }

    fn of(language: Language, notice: &SuspensionNotice) -> Self {
        let facts = lines(language, plain::about_suspension(notice));
        let (w, signature) = (SuspendedWords::of(language), String::new());
        Self { w, facts, signature, code: None }
    }

    /// As it was told: `letter:`, `portal:` or `person:`.
    #[cfg(test)]
    pub(crate) fn sample(language: Language, told: &str) -> Self {
        let notice = sample_notice(told);
        let signature = "CQkJCQ".into();
        Self { signature, code: ReceiptCode::sample(), ..Self::of(language, &notice) }
    }
}

#[cfg(test)]
pub(crate) fn sample_notice(told: &str) -> SuspensionNotice {
    SuspensionNotice {
        v: 1,
        founding: records::Bytes(vec![3; 32]),
        told: told.into(),
        person: "0123456789ABCDEF".into(),
        serials: vec!["01".repeat(18)],
        reason: "keyCompromise".into(),
        nonce: [4; 16].into(),
        statement: None,
        time: "2026-11-24T08:00:00Z".into(),
    }
}
