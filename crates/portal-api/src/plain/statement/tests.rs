//! Each field of whatever is signed is read, or the test does not end well.

use super::super::many::{about_many, about_row};
use super::*;
use records::draft::ManyRow;
use records::order::{DelegateBody, ReleaseBody, RevokeBody, RoleAction};
use records::rules::Role;
use records::suspension::SuspensionInput;
use records::wish::WishInput;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

const TIME: u64 = 1_795_507_200;

fn paths(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, inner)| paths(inner, &format!("{at}/{name}"), found))
        }
        _ => found.push(at.to_owned()),
    }
}

/// Each field but the format and the nonce, which is drawn and seen in the digest, is another one:
/// then something else is read.
fn each_field_is_read<S: Serialize + DeserializeOwned>(
    statement: &S,
    facts: impl Fn(&S) -> Vec<Fact>,
) {
    let whole = serde_json::to_value(statement).unwrap();
    let mut found = Vec::new();
    paths(&whole, "", &mut found);
    for path in found.iter().filter(|path| !["/v", "/nonce"].contains(&path.as_str())) {
        let words = ["move", "leave", "rejected", "superseded", "AgICAgICAgICAgICAgICAg"];
        let words = words.map(|word| json!(word));
        let others = [json!(7), json!(Bytes::from([9; 32]))].into_iter().chain(words);
        let mut seen = false;
        for other in others {
            let mut changed = whole.clone();
            *changed.pointer_mut(path).unwrap() = other;
            if changed == whole {
                continue;
            }
            let Ok(read) = serde_json::from_value::<S>(changed) else { continue };
            assert_ne!(facts(&read), facts(statement), "{path}");
            seen = true;
        }
        assert!(seen, "{path} was never changed");
    }
}

fn value_of(facts: &[Fact], term: &str) -> String {
    facts.iter().find(|fact| fact.term.en == term).unwrap().value.en()
}

#[test]
fn no_field_of_a_statement_is_signed_and_not_shown() {
    let (founding, drawn) = (Bytes::from([1; 32]), ([3; 32], [4; 16]));
    let (serial, reason, evidence) = (&*"01".repeat(18), "keyCompromise", "本人来电");
    let asked = WishInput { serial, reason, evidence };
    let (wish, opens) = WishStatement::new(&founding, [2; 32], asked, drawn, TIME).unwrap();
    each_field_is_read(&wish, |wish| about_wishing(wish, &opens));
    let said = SuspensionInput { serial, reason, evidence };
    let made = SuspensionStatement::new(&founding, [2; 32], said, drawn, TIME);
    let (suspension, opens) = made.unwrap();
    each_field_is_read(&suspension, |said| about_suspending(said, &opens));
    let shown = about_suspending(&suspension, &opens);
    let why = value_of(&shown, "reason, also of its revocation after 15 days");
    assert!(why.contains("(keyCompromise)"), "{why}");
    let order = WithdrawalTarget::Order { order: Bytes::from([5; 32]) };
    let letter = WithdrawalTarget::Letter { reference: "5GPJWBSG64S36D1N".into() };
    for what in [order, letter] {
        let taken = WithdrawalStatement { v: 1, founding: founding.clone(), what };
        each_field_is_read(&taken, about_withdrawing);
    }
    let reason = Disclosure::new(REASON_PATH, [6; 32], "单位不对".into());
    let committed = reason.commitment().unwrap();
    let (order, outcome) = (Bytes::from([5; 32]), Outcome::Returned);
    let declined = DeclineStatement { v: 1, order, outcome, reason: committed };
    each_field_is_read(&declined, |declined| about_declining(declined, &reason));
}

#[test]
fn no_field_of_a_draft_is_signed_and_not_shown() {
    let typed = records::drafted::TypedPerson {
        action: PersonAction::Create,
        person: "0123456789ABCDEF",
        version: 1,
        unit: "sz-office",
        name: "李丹",
        mail: "li.dan@example.com",
        number: Some(&[8; 32].into()),
        evidence: "录用文件",
    };
    let (body, disclosures) = typed.body([[1; 32], [2; 32], [3; 32]]).unwrap();
    let letter = LetterBody { person: body.person.clone(), profile: "official".into() };
    let opens = &disclosures;
    for drafted in [DraftContent::Person(body.clone()), DraftContent::Letter(letter)] {
        let founding = Bytes::from([1; 32]);
        let statement = drafted.statement(&founding, [2; 32], [4; 16], TIME).unwrap();
        each_field_is_read(&statement, |said| about_drafting(said, opens, &[]));
        // The same of a row among many, and of what all of them share.
        let (kind, body) = drafted.parts().unwrap();
        let many = records::drafted::ManyDrafted::of(std::slice::from_ref(&body)).unwrap();
        let kind = if kind == "person" { "people" } else { "letters" };
        let of = (&founding, [2; 32]);
        let whole = many.statement(kind, of, [4; 16], TIME).unwrap();
        each_field_is_read(&whole, |said| about_many(said, &[]));
        each_field_is_read(&body, |body| {
            let place = many.places[0].clone();
            let (body, disclosures) = (body.clone(), opens.clone());
            let row = ManyRow { place, body, disclosures, number_seal: None };
            about_row(&whole, &row, &[])
        });
    }
    // What nobody typed is told as the portal's word; no mail address is told as none.
    let founding = Bytes::from([1; 32]);
    let bare = DraftContent::Person(PersonBody { mail: None, ..body });
    let statement = bare.statement(&founding, [2; 32], [4; 16], TIME).unwrap();
    let shown = about_drafting(&statement, opens, &[field::NAME, field::UNIT]);
    let told = |term: &str| value_of(&shown, term);
    assert_eq!(told(field::MAIL), "none");
    assert_eq!(told("evidence"), "录用文件");
    for term in [field::NAME, field::UNIT] {
        assert!(told(term).contains("the portal's word"), "{shown:?}");
    }
}

/// A revocation is drafted as one of many only.
#[test]
fn no_field_of_a_revocation_among_many_is_signed_and_not_shown() {
    let seen = Disclosure::new(EVIDENCE_PATH, [6; 32], "离职清单".into());
    let drafted = DraftContent::Revoke(RevokeBody {
        person: "0123456789ABCDEF".into(),
        system: None,
        serials: vec!["0101010101".into(), "0202020202".into()],
        reason: "superseded".into(),
        evidence: seen.commitment().unwrap(),
        wish: None,
    });
    let (kind, body) = drafted.parts().unwrap();
    let many = records::drafted::ManyDrafted::of(std::slice::from_ref(&body)).unwrap();
    let founding = Bytes::from([1; 32]);
    let whole = many.statement("revocations", (&founding, [2; 32]), [4; 16], TIME).unwrap();
    assert!(whole.names((kind, &body), Some(&many.places[0])));
    each_field_is_read(&body, |body| {
        let place = many.places[0].clone();
        let (body, disclosures) = (body.clone(), vec![seen.clone()]);
        about_row(&whole, &ManyRow { place, body, disclosures, number_seal: None }, &[])
    });
    let alone = drafted.statement(&founding, [2; 32], [4; 16], TIME).unwrap();
    assert_eq!(DraftContent::of(&alone), Err(Code::UnknownKind));
    assert!(!alone.names((kind, &body), None));
}

#[test]
fn no_field_of_a_release_or_a_delegation_is_signed_and_not_shown() {
    let opens = Disclosure::new(EVIDENCE_PATH, [6; 32], "本人当面核对".into());
    let release = DraftContent::Release(ReleaseBody {
        person: "0123456789ABCDEF".into(),
        serial: "0101010101".into(),
        suspension: [7; 32].into(),
        by: "0123456789ABCDEG".into(),
        reason: "keyCompromise".into(),
        since: records::time::seconds(TIME),
        evidence: opens.commitment().unwrap(),
    });
    let delegation = |action| {
        DraftContent::Delegate(DelegateBody {
            action,
            person: "0123456789ABCDEF".into(),
            absent: "0123456789ABCDEG".into(),
            role: Role::RegistrationOfficer,
            scope: "shangzhou".into(),
            from: records::time::seconds(TIME),
            until: records::time::seconds(TIME + 86_399),
        })
    };
    let opens = std::slice::from_ref(&opens);
    let ends = [RoleAction::Grant, RoleAction::Withdraw].map(delegation);
    for drafted in std::iter::once(release).chain(ends) {
        let founding = Bytes::from([1; 32]);
        let statement = drafted.statement(&founding, [2; 32], [4; 16], TIME).unwrap();
        each_field_is_read(&statement, |said| about_drafting(said, opens, &[]));
        let shown = about_drafting(&statement, opens, &field::OF_RELEASE);
        let told = shown.iter().filter(|one| one.value.en().contains("the portal's word"));
        let wanted =
            if matches!(drafted, DraftContent::Release(_)) { field::OF_RELEASE.len() } else { 0 };
        assert_eq!(told.count(), wanted, "{shown:?}");
    }
}
