//! A draft of many, before its handler signs it: what all of it says, and what each row says, field
//! by field.

use super::statement::{about_drafted, signing};
use ::plain::said::{Fact, Said, fact, fingerprint, said, same};
use records::draft::{DraftStatement, ManyBody, ManyRow};
use records::drafted::Drafted;

/// What a draft of many says as a whole.
pub fn about_many(drafting: &DraftStatement) -> Vec<Fact> {
    let mut facts = vec![fact(("起草", "draft"), many_of(&drafting.kind))];
    match serde_json::from_value::<ManyBody>(drafting.body.clone()) {
        Ok(ManyBody { count, root }) => {
            let rows = said(&format!("{count} 项"), &count.to_string());
            facts.push(fact(("共", "how many"), rows));
            facts.push(fact(("全部内容的摘要", "digest of all of it"), fingerprint(&root.0)));
        }
        Err(_) => facts.push(fact(("内容", "content"), drafting.body.to_string())),
    }
    let (certificate, time) = (Some(&drafting.certificate), Some(&drafting.time));
    facts.extend(signing(&drafting.founding, certificate, time));
    facts
}

/// What one row of it says. `unsaid` names fields that whoever signs did not type.
pub fn about_row(drafting: &DraftStatement, row: &ManyRow, unsaid: &[&str]) -> Vec<Fact> {
    let body = || row.body.clone();
    about_drafted(Drafted::of_many(drafting, body()), body, &row.disclosures, unsaid)
}

/// What many of a kind are.
pub fn many_of(kind: &str) -> Said {
    match kind {
        "people" => said("多名人员的变动", "changes of many people"),
        "revocations" => said("多张证书的吊销", "many revocations"),
        "letters" => said("多人的密码信封", "letters for many"),
        other => same(other),
    }
}
