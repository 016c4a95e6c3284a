//! What was checked of an order before anybody reads it: of each kind just what is true of it, and
//! of a batch what is true of each order in it.

use crate::pages::{Language, words};
use records::export::OpenedOrder;
use records::order::{Body, IssueBody};

words! {
    CheckWords {
        signed "签发机构的签名已核对。" "The CA's signature has been checked.";
        signed_by "来源：登记密钥的证书，由根证书认证" "Source: the registry key's certificate, under the root";
        rows "批次中的每一件都是批次摘要所列的那一件，签名逐件核对。" "Each order is the one that the batch names, and its signature has been checked.";
        rows_by "来源：批次列出的各件摘要" "Source: the digests that the batch lists";
        opened "敏感内容与承诺一致。" "What is sensitive is what was committed to.";
        opened_by "来源：随办件披露，逐项核对" "Source: disclosed beside the order, each checked";
        subject "人员、单位和证书模板与登记一致。" "Person, unit and profile are those of the register.";
        people "人员和单位与登记一致。" "Person and unit are those of the register.";
        units "单位与登记一致。" "The units are those of the register.";
        operated "主管单位和现行登记与日志一致。" "The unit that runs it and what is in force are those of the log.";
        mode "应用系统和现行访问模式与日志一致。" "The application and the mode in force are those of the log.";
        version "现行版本与日志一致。" "The version in force is that of the log.";
        register_by "来源：审计日志，制作时核对，执行时再核对" "Source: the log; checked when it was made, and again when it is carried out";
        files "文件就是办件所写摘要的文件。" "The files are those whose digest the order names.";
        files_by "来源：随办件送达的文件，逐个计算" "Source: the files beside the order, each hashed";
        letter "公钥由申请人持有，并与其密码信封绑定。" "The applicant holds the key and tied it to their letter.";
        letter_by "来源：申请的签名和校验值，签发机构收到时核对" "Source: signature and tie of the request, checked by the CA on receipt";
        renewed "新旧密钥均已签名：申请人同时持有两者，没有用到密码信封。" "The old key and the new key both signed: the applicant holds both, and no letter was used.";
        renewed_by "来源：旧密钥的签名在此核对；新密钥的签名由签发机构收到时核对" "Source: the old key's signature, checked here; the new key's, checked by the CA on receipt";
        passkey "通行密钥由其持证人的证书密钥签署登记。" "The passkey was signed for with its holder's certificate key.";
        passkey_by "来源：登记的签名，签发机构收到时核对" "Source: the signature of its registration, checked by the CA on receipt";
        compared "已与上一张证书比较，变化已标出。" "Compared with the last certificate; what differs is marked.";
        first "没有上一张证书可比较。" "There is no last certificate to compare with.";
        compared_by "来源：日志中的上一张证书" "Source: the last certificate in the log";
        each "批次中的每一件：" "Each order of the batch: ";
    }
}

/// Something that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// The registry key's signature.
    Signed,
    /// Each order of a batch is the one that it names.
    Rows,
    /// What opens commitments.
    Opened,
    /// Person, unit and profile of a certificate.
    Subject,
    /// Person and unit.
    People,
    /// Units.
    Units,
    /// Of a portal or a gate: who runs it, and how it is registered.
    Operated,
    /// The mode in force of an application's gates.
    Mode,
    /// The version in force of a profile or of rules.
    Version,
    /// Files that the order names by digest.
    Files,
    /// Possession of the key, and its tie to the letter.
    Letter,
    /// Possession of the old key and of the new one.
    Renewed,
    /// The holder's signature for a passkey.
    Passkey,
    /// The comparison with the last certificate.
    Compared,
    /// That there is no last certificate.
    First,
}

/// From what a certificate is asked for.
enum Origin {
    Letter,
    Renewal,
}

impl Origin {
    fn of(issue: &IssueBody) -> Self {
        if issue.renewal.is_some() { Self::Renewal } else { Self::Letter }
    }
}

/// What an order is, as far as its checks depend on it.
struct Checked<'a> {
    body: &'a Body,
    /// Whether it has what opens commitments.
    opens: bool,
    rows: Vec<Checked<'a>>,
}

impl<'a> Checked<'a> {
    fn of(opened: &'a OpenedOrder) -> Self {
        Self {
            body: opened.body(),
            opens: !opened.disclosures().is_empty(),
            rows: opened.rows().iter().map(Self::of).collect(),
        }
    }

    /// What was checked of it, beside its signature.
    fn own(&self) -> Vec<Check> {
        let opened = self.opens.then_some(Check::Opened);
        opened.into_iter().chain(of_body(self.body)).collect()
    }

    /// What holds of each order in it.
    fn of_each(&self) -> Vec<Check> {
        let mut all = self.rows.iter().map(Self::own);
        let Some(mut each) = all.next() else { return Vec::new() };
        all.for_each(|row| each.retain(|check| row.contains(check)));
        each
    }
}

fn of_body(body: &Body) -> Vec<Check> {
    match body {
        Body::Issue(issue) => {
            let held = match Origin::of(issue) {
                Origin::Letter => Check::Letter,
                Origin::Renewal => Check::Renewed,
            };
            let is_first = issue.previous.is_none();
            let compared = if is_first { Check::First } else { Check::Compared };
            vec![Check::Subject, held, compared]
        }
        Body::Person(_) | Body::Role(_) | Body::Delegate(_) => vec![Check::People],
        Body::Revoke(_) | Body::Release(_) => vec![Check::People],
        Body::Credential(_) => vec![Check::People, Check::Passkey],
        Body::Unit(_) => vec![Check::Units],
        Body::Portal(_) | Body::Agent(_) => vec![Check::Operated],
        Body::System(_) => vec![Check::People, Check::Operated],
        Body::Mode(_) => vec![Check::Mode],
        Body::Emergency(_) | Body::EmergencyReview(_) => vec![Check::People, Check::Mode],
        Body::Profile(_) | Body::ApprovalRules(_) | Body::Bundle(_) => {
            vec![Check::Version, Check::Files]
        }
        Body::Batch(_) => vec![Check::Rows],
    }
}

/// What was checked without anybody, each with its source.
pub(super) fn checks(language: Language, opened: &OpenedOrder) -> Vec<(String, &'static str)> {
    told(CheckWords::of(language), &Checked::of(opened))
}

fn told(w: &'static CheckWords, checked: &Checked<'_>) -> Vec<(String, &'static str)> {
    let own = std::iter::once(Check::Signed).chain(checked.own());
    let own = own.map(|check| check.said(w)).map(|(said, by)| (said.to_owned(), by));
    let each = checked.of_each().into_iter().map(|check| check.said(w));
    own.chain(each.map(|(said, by)| (format!("{}{said}", w.each), by))).collect()
}

impl Check {
    fn said(self, w: &'static CheckWords) -> (&'static str, &'static str) {
        match self {
            Self::Signed => (w.signed, w.signed_by),
            Self::Rows => (w.rows, w.rows_by),
            Self::Opened => (w.opened, w.opened_by),
            Self::Subject => (w.subject, w.register_by),
            Self::People => (w.people, w.register_by),
            Self::Units => (w.units, w.register_by),
            Self::Operated => (w.operated, w.register_by),
            Self::Mode => (w.mode, w.register_by),
            Self::Version => (w.version, w.register_by),
            Self::Files => (w.files, w.files_by),
            Self::Letter => (w.letter, w.letter_by),
            Self::Renewed => (w.renewed, w.renewed_by),
            Self::Passkey => (w.passkey, w.passkey_by),
            Self::Compared => (w.compared, w.compared_by),
            Self::First => (w.first, w.compared_by),
        }
    }
}

#[cfg(test)]
pub(super) fn samples(language: Language, batch: bool) -> Vec<(String, &'static str)> {
    let w = CheckWords::of(language);
    let said = |check: Check| check.said(w);
    let mut all = vec![said(Check::Signed), said(Check::Subject), said(Check::Compared)];
    if batch {
        all.insert(1, said(Check::Rows));
    }
    all.into_iter().map(|(said, by)| (said.to_owned(), by)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::{Bytes, Order};
    use serde_json::Value;

    /// Every order of the golden vectors, and whether something opens it.
    fn vectors() -> Vec<(Body, bool)> {
        let vectors: Value =
            serde_json::from_str(include_str!("../../../docs/vectors.json")).unwrap();
        let body = |vector: &Value| {
            let bytes = Bytes::read(vector["order"].as_str().unwrap()).unwrap();
            let order = Order::read(&bytes.0).unwrap();
            let opens = !vector["disclosures"].as_array().unwrap().is_empty();
            (Body::read(&order.kind, &order.body).unwrap(), opens)
        };
        vectors["orders"].as_array().unwrap().iter().map(body).collect()
    }

    fn alone((body, opens): &(Body, bool)) -> Checked<'_> {
        Checked { body, opens: *opens, rows: Vec::new() }
    }

    fn all_of(checked: &Checked<'_>) -> String {
        let told = told(CheckWords::of(Language::English), checked);
        told.into_iter().map(|(said, by)| format!("{said} {by}\n")).collect()
    }

    #[test]
    fn each_check_is_of_its_kind() {
        let mut seen = std::collections::BTreeSet::new();
        for one in &vectors() {
            let (told, kind) = (all_of(&alone(one)), one.0.kind());
            let renews = matches!(&one.0, Body::Issue(issue) if issue.renewal.is_some());
            seen.insert((kind, renews));
            let is_only = |words: &str, kinds: &[&str]| {
                assert_eq!(told.contains(words), kinds.contains(&kind), "{kind}: {words}\n{told}");
            };
            is_only("Person, unit and profile", &["issue"]);
            is_only("last certificate", &["issue"]);
            is_only("files beside the order", &["profile", "approval-rules", "bundle"]);
            is_only("The unit that runs it", &["portal", "agent", "system"]);
            is_only("The units are", &["unit"]);
            is_only("the batch names", &["batch"]);
            is_only("The passkey was signed for", &["credential"]);
            let people = [
                "person",
                "role",
                "delegate",
                "revoke",
                "release",
                "credential",
                "system",
                "emergency",
                "emergency-review",
            ];
            is_only("Person and unit are", &people);
            // A renewal has no letter, and nothing else has two keys.
            assert_eq!(told.contains("tied it to their letter"), kind == "issue" && !renews);
            assert_eq!(told.contains("old key and the new key both signed"), renews, "{told}");
            assert_eq!(told.contains("What is sensitive"), one.1, "{kind}");
        }
        assert!(seen.contains(&("issue", true)) && seen.contains(&("issue", false)), "{seen:?}");
        assert_eq!(seen.len(), 19, "every kind, and a renewal: {seen:?}");
    }

    #[test]
    fn of_a_batch_is_told_what_holds_of_each_order_in_it() {
        let all = vectors();
        let batch = all.iter().find(|(body, _)| body.kind() == "batch").unwrap();
        let of = |renews: bool| {
            let is = |body: &Body| matches!(body, Body::Issue(i) if i.renewal.is_some() == renews);
            all.iter().find(|(body, _)| is(body)).unwrap()
        };
        let told = |rows: &[&(Body, bool)]| {
            let rows = rows.iter().map(|row| alone(row)).collect();
            all_of(&Checked { rows, ..alone(batch) })
        };
        let letters = told(&[of(false), of(false)]);
        assert!(letters.contains("Each order of the batch: The applicant holds"), "{letters}");
        let mixed = told(&[of(false), of(true)]);
        assert!(mixed.contains("Each order of the batch: Person, unit and profile"), "{mixed}");
        for words in ["tied it to their letter", "both signed"] {
            assert!(!mixed.contains(words), "{mixed}");
        }
    }
}
