//! What a receipt of a loss or a suspension says, field by field, and how the CA came to know it:
//! by somebody's signature, by a letter's code, or from a portal alone. Whoever is shown a receipt
//! reads the same on each page and at a terminal.

use super::statement::named_reason;
use ::plain::bilingual::{Fact, fact, fingerprint, said};
use ::plain::value::FactValue;
use records::letter::LossReceipt;
use records::receipt::Receipt;
use records::suspension::SuspensionNotice;

/// Everything that a receipt says.
pub fn about_receipt(receipt: &Receipt) -> Vec<Fact> {
    match receipt {
        Receipt::Loss(loss) => about_loss(loss),
        Receipt::Suspension(notice) => about_suspension(notice),
    }
}

/// Everything that a receipt of a loss says. Only whoever has the code of the letter reports it.
pub fn about_loss(loss: &LossReceipt) -> Vec<Fact> {
    let mut facts = vec![
        fact(("种类", "kind"), said("挂失回执", "receipt of a loss report")),
        fact(("登记时间", "recorded at"), FactValue::time(&loss.time)),
        fact(("密码信封编号", "letter"), loss.reference.as_str()),
        fact(("挂失方式", "how it came"), by_letter(&loss.reference)),
    ];
    facts.extend(loss.serials.iter().map(|serial| {
        let term = ("已吊销的证书", "revoked certificate");
        fact(term, serial.as_str())
    }));
    if loss.serials.is_empty() {
        let none = said("还没有签发过证书", "no certificate had been issued");
        facts.push(fact(("已吊销的证书", "revoked certificate"), none));
    }
    facts.push(fact(("城市", "city"), fingerprint(&loss.founding.0)));
    facts
}

/// Everything that the notice of a suspension says.
pub fn about_suspension(notice: &SuspensionNotice) -> Vec<Fact> {
    let mut facts = vec![
        fact(("种类", "kind"), said("冻结回执", "receipt of a suspension")),
        fact(("冻结时间", "suspended since"), FactValue::time(&notice.time)),
    ];
    facts.extend(notice.serials.iter().map(|serial| {
        let term = ("已冻结的证书", "suspended certificate");
        fact(term, serial.as_str())
    }));
    facts.push(fact(("冻结方式", "how it came"), told(notice)));
    facts.push(fact(whose(notice), notice.person.as_str()));
    let term = ("原因（15 天未解除即以此吊销）", "reason, also of its revocation after 15 days");
    facts.push(fact(term, named_reason(&notice.reason)));
    facts.push(fact(("城市", "city"), fingerprint(&notice.founding.0)));
    facts
}

/// How the CA came to know of a suspension.
fn told(notice: &SuspensionNotice) -> FactValue {
    match notice.told.split_once(':') {
        Some(("person", person)) => FactValue::Row(vec![
            said("本人签名：", "under the signature of ").into(),
            person.into(),
        ]),
        Some(("letter", reference)) => by_letter(reference),
        Some(("portal", portal)) => FactValue::Row(vec![
            said("据门户 ", "as the portal ").into(),
            portal.into(),
            said(" 所说，没有本人签名", " says; nobody signed it").into(),
        ]),
        _ => notice.told.as_str().into(),
    }
}

fn by_letter(reference: &str) -> FactValue {
    FactValue::Row(vec![
        said("凭密码信封 ", "by the code of letter ").into(),
        reference.into(),
        said("，没有本人签名：持有该信封的人即可", ": whoever has it can, and nobody signed")
            .into(),
    ])
}

/// What the person is of whom a notice tells: only who signed has suspended.
fn whose(notice: &SuspensionNotice) -> (&'static str, &'static str) {
    match notice.told.split_once(':') {
        Some(("person", _)) => ("冻结者人员编号", "suspended by person"),
        _ => ("以其名义（人员编号）", "in the name of person"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::Bytes;
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    fn notice(told: &str) -> SuspensionNotice {
        SuspensionNotice {
            v: 1,
            founding: Bytes::from([3; 32]),
            told: told.into(),
            person: "0123456789ABCDEF".into(),
            serials: vec!["0101010101".into()],
            reason: "keyCompromise".into(),
            nonce: [4; 16].into(),
            statement: None,
            time: "2026-11-24T08:00:00Z".into(),
        }
    }

    /// Each field but the format and the nonce is another one: then another thing is read.
    fn each_field_is_read<S: Serialize + DeserializeOwned>(
        said: &S,
        facts: impl Fn(&S) -> Vec<Fact>,
    ) {
        let whole = serde_json::to_value(said).unwrap();
        for name in whole.as_object().unwrap().keys().filter(|name| *name != "v") {
            if name == "nonce" {
                continue;
            }
            let mut seen = false;
            let others: [Value; 4] = [
                json!("2026-11-24T08:00:01Z"),
                json!("portal:other"),
                json!(Bytes::from([9; 32])),
                json!(["0101010101", "0202020202"]),
            ];
            for other in others {
                let mut changed = whole.clone();
                changed[name] = other;
                let Ok(read) = serde_json::from_value::<S>(changed) else { continue };
                assert_ne!(facts(&read), facts(said), "{name}");
                seen = true;
            }
            assert!(seen, "{name} was never changed");
        }
    }

    #[test]
    fn no_field_of_a_receipt_is_signed_and_not_shown() {
        let loss = LossReceipt {
            v: 1,
            reference: "0123456789ABCDEF".into(),
            serials: vec!["0101010101".into()],
            time: "2026-11-24T08:00:00Z".into(),
            founding: Bytes::from([3; 32]),
        };
        each_field_is_read(&loss, about_loss);
        for told in ["letter:5GPJWBSG64S36D1N", "portal:pt-1", "person:0123456789ABCDEF"] {
            each_field_is_read(&notice(told), about_suspension);
        }
    }

    /// Only where somebody signed does a receipt say that they suspended it.
    #[test]
    fn a_receipt_says_who_signed_and_who_only_said_so() {
        let read = |told: &str| {
            let facts = about_suspension(&notice(told));
            let lines = facts.iter().map(|fact| format!("{}: {}", fact.term.en, fact.value.en()));
            lines.collect::<Vec<_>>().join("\n")
        };
        let signed = read("person:0123456789ABCDEF");
        assert!(signed.contains("suspended by person: 0123456789ABCDEF"), "{signed}");
        assert!(signed.contains("under the signature of 0123456789ABCDEF"), "{signed}");
        for (told, how) in [
            ("letter:5GPJWBSG64S36D1N", "by the code of letter 5GPJWBSG64S36D1N: whoever has it"),
            ("portal:pt-1", "as the portal pt-1 says; nobody signed it"),
        ] {
            let shown = read(told);
            assert!(shown.contains(how), "{shown}");
            assert!(!shown.contains("suspended by person"), "{shown}");
            assert!(shown.contains("in the name of person: 0123456789ABCDEF"), "{shown}");
        }
    }
}
