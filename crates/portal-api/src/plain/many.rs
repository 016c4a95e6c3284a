//! A draft of many, before its handler signs it: what all of it says, and what each row says, field
//! by field.

use super::statement::{about_drafted, signing};
use ::plain::bilingual::{BilingualText, Fact, fact, fingerprint, said, same};
use records::draft::{DraftStatement, ManyBody, ManyRow};
use records::drafted::DraftContent;
use serde_json::Value;

/// What a draft of many says as a whole, and what its rows have in common.
pub fn about_many(drafting: &DraftStatement, rows: &[ManyRow]) -> Vec<Fact> {
    let mut facts = vec![fact(("起草", "draft"), many_of(&drafting.kind, rows))];
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
    about_drafted(DraftContent::of_many(drafting, body()), body, &row.disclosures, unsaid)
}

/// What many of a kind are, as their rows say.
pub fn many_of(kind: &str, rows: &[ManyRow]) -> BilingualText {
    match kind {
        "people" => people_of(rows),
        "revocations" => said("多张证书的吊销", "many revocations"),
        "letters" => said("多人的密码信封", "letters for many"),
        other => same(other),
    }
}

/// What happens to many people: the same to all of them, or not.
fn people_of(rows: &[ManyRow]) -> BilingualText {
    let mut actions = rows.iter().map(|row| row.body.get("action").and_then(Value::as_str));
    let first = actions.next().flatten();
    match first.filter(|first| actions.all(|other| other == Some(*first))) {
        Some("create") => said("新增人员", "new people"),
        Some("move") => said("人员调动或更正", "transfers or corrections"),
        Some("leave") => said("人员离任", "leavers"),
        _ => said("人员的不同变动", "different changes of people"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::draft::DraftPlace;

    #[test]
    fn a_draft_of_many_people_is_called_what_its_rows_say() {
        let rows = |actions: &[&str]| -> Vec<ManyRow> {
            let row = |action: &&str| ManyRow {
                place: DraftPlace { index: 0, hashes: Vec::new() },
                body: serde_json::json!({ "action": action }),
                disclosures: Vec::new(),
                number_seal: None,
            };
            actions.iter().map(row).collect()
        };
        let called = |actions: &[&str]| many_of("people", &rows(actions)).en;
        assert_eq!(called(&["create", "create"]), "new people");
        assert_eq!(called(&["move"]), "transfers or corrections");
        assert_eq!(called(&["leave", "leave"]), "leavers");
        for mixed in [&["leave", "create"][..], &["move", "leave", "move"], &["other"], &[]] {
            assert_eq!(called(mixed), "different changes of people", "{mixed:?}");
        }
        assert_eq!(many_of("letters", &rows(&["create"])).en, "letters for many");
    }
}
