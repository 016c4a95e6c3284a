//! What a passkey signs stands on the page on which it is touched: each field of each statement,
//! when it is another one, is read in what the page says is signed.

use super::super::touch::ToTouch;
use super::super::{draft_check, draft_form, hold, wish};
use super::frame;
use crate::pages::Language;
use askama::Template;
use ca_api::handler::Preview;
use records::decline::{DeclineStatement, Outcome};
use records::draft::DraftStatement;
use records::drafted::{DraftContent, LetterBody, TypedPerson};
use records::order::PersonAction;
use records::suspension::{SuspensionInput, SuspensionStatement};
use records::wish::{WishInput, WishStatement};
use records::withdrawal::{WithdrawalStatement, WithdrawalTarget};
use records::{Bytes, Disclosure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const TIME: u64 = 1_795_507_200;
const BY: (&str, &str, &str) = ("0101010101", "keyCompromise", "本人来电");

fn paths(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, inner)| paths(inner, &format!("{at}/{name}"), found))
        }
        _ => found.push(at.to_owned()),
    }
}

/// What a page says is signed; neither the bytes nor their digest, which differ in any case.
fn said(page: &str) -> String {
    let (_, signed) = page.split_once("<h2 id=\"signed\">").unwrap();
    signed.split_once("</dl>").unwrap().0.to_owned()
}

/// Each field but the format and the nonce, which is drawn, is another one: then another thing is
/// read on the page.
fn each_field_is_on_the_page<S: Serialize + DeserializeOwned>(
    statement: &S,
    page: impl Fn(&S) -> String,
) {
    let whole = serde_json::to_value(statement).unwrap();
    let shown = said(&page(statement));
    let mut found = Vec::new();
    paths(&whole, "", &mut found);
    for path in found.iter().filter(|path| !["/v", "/nonce"].contains(&path.as_str())) {
        let words = ["move", "leave", "rejected", "superseded", "letter", "person"];
        let words = words.map(|word| json!(word));
        let others = [json!(7), json!(Bytes::from([9; 32]))].into_iter().chain(words);
        let mut seen = false;
        for other in others {
            let mut changed = whole.clone();
            *changed.pointer_mut(path).unwrap() = other;
            let Ok(read) = serde_json::from_value::<S>(changed.clone()) else { continue };
            if changed != whole {
                assert_ne!(said(&page(&read)), shown, "{path}");
                seen = true;
            }
        }
        assert!(seen, "{path} was never changed");
    }
}

struct Words {
    signed: &'static str,
}

fn of_touch(made: Option<ToTouch>) -> String {
    #[derive(Template)]
    #[template(path = "staff/signed.html")]
    struct Signed {
        w: Words,
        t: ToTouch,
    }
    let w = Words { signed: "" };
    Signed { w, t: made.unwrap() }.render().unwrap()
}

#[test]
fn no_field_of_a_statement_is_signed_and_not_on_its_page() {
    let (founding, drawn) = (Bytes::from([1; 32]), ([3; 32], [4; 16]));
    let (serial, reason, evidence) = BY;
    let asked = WishInput { serial, reason, evidence };
    let (stated, opens) = WishStatement::new(&founding, [2; 32], asked, drawn, TIME).unwrap();
    let typed = || wish::AskedFor {
        serial: serial.into(),
        reason: reason.into(),
        evidence: evidence.into(),
    };
    each_field_is_on_the_page(&stated, |stated| {
        let page = wish::filled(frame(), typed(), (stated, opens.clone()), "AAAA".into());
        page.unwrap().render().unwrap()
    });
    let suspends = SuspensionInput { serial, reason, evidence };
    let made = SuspensionStatement::new(&founding, [2; 32], suspends, drawn, TIME);
    let (stated, opens) = made.unwrap();
    each_field_is_on_the_page(&stated, |stated| {
        let page = hold::filled(frame(), suspends, (stated, opens.clone()), "AAAA".into());
        page.unwrap().render().unwrap()
    });
    let opens = Disclosure::new("/reason", [6; 32], "单位不对".into());
    let (order, reason) = (Bytes::from([5; 32]), opens.commitment().unwrap());
    let stated = DeclineStatement { v: 1, order, outcome: Outcome::Returned, reason };
    each_field_is_on_the_page(&stated, |stated| {
        of_touch(ToTouch::decline(Language::English, (stated, &opens), "AAAA".into()))
    });
    let what = WithdrawalTarget::Letter { reference: "5GPJWBSG64S36D1N".into() };
    let stated = WithdrawalStatement { v: 1, founding, what };
    each_field_is_on_the_page(&stated, |stated| {
        of_touch(ToTouch::withdrawal(Language::English, stated, "AAAA".into()))
    });
}

fn drafts() -> Vec<(DraftStatement, Vec<Disclosure>)> {
    let typed = TypedPerson {
        action: PersonAction::Create,
        person: "0123456789ABCDEF",
        version: 1,
        unit: "sz-office",
        name: "李丹",
        mail: "li.dan@example.com",
        number: Some(&[8; 32].into()),
        evidence: "录用文件",
    };
    let (body, opens) = typed.body([[1; 32], [2; 32], [3; 32]]).unwrap();
    let letter = LetterBody { person: body.person.clone(), profile: "official".into() };
    let stated = |drafted: DraftContent| {
        drafted.statement(&Bytes::from([1; 32]), [2; 32], [4; 16], TIME).unwrap()
    };
    vec![
        (stated(DraftContent::Person(body)), opens),
        (stated(DraftContent::Letter(letter)), Vec::new()),
    ]
}

#[test]
fn no_field_of_a_draft_is_signed_and_not_on_its_page() {
    for (stated, opens) in drafts() {
        each_field_is_on_the_page(&stated, |stated| {
            let of = (stated, opens.as_slice());
            of_touch(ToTouch::draft(Language::English, of, &[], "AAAA".into()))
        });
    }
}

/// A page that shows what approvers would read shows just what is signed, or nothing is signed.
#[test]
fn a_draft_is_signed_only_beside_an_order_of_just_this_body() {
    let (stated, disclosures) = drafts().remove(0);
    let order = |body: Value| {
        json!({
            "v": 1, "kind": "person", "issuer": "ca-1", "order": "5GPJWBSG64S36D1N", "version": 1,
            "nonce": Bytes::from([4; 16]), "expires": "2026-11-24T08:00:00Z",
            "drafter": "operator:0", "body": body,
            "basis": { "people": [], "units": [{ "unit": "sz-office", "name": "区政府办公室" }] },
        })
    };
    let filled = |body: Value| {
        let Ok(drafted) = DraftContent::of(&stated) else { unreachable!("a draft of a person") };
        let typed = draft_form::Typed {
            drafted,
            disclosures: disclosures.clone(),
            number_seal: None,
            command: String::new(),
            unsaid: Vec::new(),
            known: None,
        };
        let order = serde_json::from_value(order(body)).unwrap();
        let preview = Preview { order: Some(order), disclosures: disclosures.clone() };
        draft_check::filled(frame(), "/", typed, (&stated, preview), "AAAA".into())
    };
    assert!(filled(stated.body.clone()).is_some());
    let mut other = stated.body.clone();
    other["unit"] = json!("sz-water");
    assert!(filled(other).is_none());
}
