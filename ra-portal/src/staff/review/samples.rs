//! The page of an order with sample content, as it is kept among the golden files.

use super::super::{checks, consequence};
use super::{ReviewItem, ReviewPage, ReviewWords, TypedDecline, choices};
use crate::pages::facts::{FactItem, marked};
use crate::pages::{Frame, Language};
use askama::Template;
use portal_api::plain;
use records::Problem;
use records::export::{OrderProgress, ReviewFlag, Voice};

pub(crate) fn samples(language: Language) -> Vec<(&'static str, String)> {
    let render = |kind: (&str, &str),
                  credentials: &str,
                  (given, browser): (bool, bool),
                  (can_be_declined, moved)| {
        let approvers = if given || !browser { vec!["李核验".into()] } else { Vec::new() };
        let look = if moved { ReviewFlag::Moved } else { ReviewFlag::Differs };
        let said = plain::look(look);
        let page = ReviewPage {
            checks: checks::samples(language, false),
            kind: language.of_both(kind.0.into(), kind.1.into()),
            consequence: if given { consequence::sample(language, true) } else { None },
            credentials: credentials.into(),
            standing: OrderProgress { approvers, given, browser, ..sample_progress() },
            look: (!given).then(|| language.of_both(said.zh, said.en)),
            moved,
            can_be_declined,
            ..sample(language)
        };
        page.render().unwrap()
    };
    let issue = ("签发证书", "issue a certificate");
    let revoke = ("吊销证书", "revoke certificates");
    vec![
        ("review", render(issue, "AAAA", (false, true), (true, false))),
        ("review-batch", batch_sample(language)),
        ("review-choice", choice_sample(language)),
        ("review-given", render(issue, "", (true, false), (true, false))),
        ("review-moved", render(issue, "AAAA", (false, true), (true, true))),
        ("review-reason", typed_sample(language)),
        ("review-revoke", render(revoke, "", (false, false), (false, false))),
    ]
}

const HOSTILE: &str = "<script>alert(1)</script> \u{202e}\u{200b}";

fn sample_line(
    language: Language,
    term: (&str, &str),
    value: impl Into<plain::FactValue>,
) -> FactItem {
    FactItem {
        term: language.of_both(term.0.into(), term.1.into()),
        value: marked(language, &value.into()),
        differs: false,
        lines: Vec::new(),
    }
}

fn sample_facts(language: Language) -> Vec<FactItem> {
    let line = |term, value: plain::FactValue| sample_line(language, term, value);
    let unit =
        plain::NameAndId {
            name: Some("区政府办公室".into()), id: "sz-office".into(), unit: None
        };
    let person = plain::NameAndId {
        name: Some("王小明 (FEDCBA9876543210), 市委办公室".into()),
        id: "0123456789ABCDEF".into(),
        unit: Some(unit.into()),
    };
    let key = plain::FactValue::Change {
        was: Box::new("p256 0707".into()),
        is: Box::new("p256 0808".into()),
    };
    vec![
        line(("证书持有人", "for whom"), person.into()),
        line(("核验依据", "evidence"), HOSTILE.into()),
        FactItem { differs: true, ..line(("公钥", "public key"), key) },
    ]
}

pub(crate) fn sample_progress() -> OrderProgress {
    OrderProgress {
        approvers: Vec::new(),
        needed: 2,
        given: false,
        browser: true,
        voices: Vec::new(),
        look: None,
    }
}

fn sample(language: Language) -> ReviewPage {
    ReviewPage {
        f: Frame::sample(language, "/orders/5GPJWBSG64S36D1N"),
        w: ReviewWords::of(language),
        checks: checks::samples(language, true),
        kind: language.of_both("批量：签发证书".into(), "batch: issue a certificate".into()),
        order: "5GPJWBSG64S36D1N".into(),
        expires: crate::pages::show::time(language, "2026-12-01T08:00:00Z"),
        digest: plain::fingerprint(&[7; 32]),
        facts: sample_facts(language),
        consequence: None,
        digest_value: "AAAA".into(),
        challenge: "AAAA".into(),
        credentials: "AAAA".into(),
        standing: sample_progress(),
        look: None,
        moved: false,
        can_be_declined: true,
        choices: Vec::new(),
        acting_for: String::new(),
        rows: Vec::new(),
        typed: TypedDecline::default(),
    }
}

/// What an officer typed whose reason cannot be read as it stands.
fn typed_sample(language: Language) -> String {
    let reason = "单位不对 <b>e\u{301}";
    let matter = pki::name::check_readable(reason, 500).unwrap_err();
    let told = crate::refusal::unreadable(("理由", "The reason"), &matter).0;
    let problem = Problem { reference: "5GPJWBSG64S36D1N".into(), ..told };
    let (outcome, reason) = ("rejected".into(), reason.into());
    let typed = TypedDecline { outcome, reason, problem: Some(problem) };
    let page = ReviewPage { typed, ..sample(language) }.render().unwrap();
    assert!(page.contains("单位不对") && page.contains("value=\"rejected\" checked"), "{page}");
    page
}

/// Two of one name, and one whose name runs from right to left and pretends to be more.
fn namesakes() -> [plain::NameAndId; 3] {
    let of = |name: &str, id: &str| {
        let unit = plain::NameAndId {
            name: Some("区政府办公室".into()),
            id: "sz-office".into(),
            unit: None,
        };
        plain::NameAndId { name: Some(name.into()), id: id.into(), unit: Some(unit.into()) }
    };
    let forged = "ئابدۇراخمان (0123456789ABCDEF), \u{202e}市委";
    [
        of("王小明", "0123456789ABCDEF"),
        of("王小明", "FEDCBA9876543210"),
        of(forged, "5GPJWBSG64S36D1N"),
    ]
}

fn choice_sample(language: Language) -> String {
    let voice = |acting_for: Option<&str>| Voice {
        acting_for: acting_for.map(str::to_owned),
        name: HOSTILE.into(),
    };
    let voices = vec![voice(None), voice(Some("FEDCBA9876543210"))];
    let standing = OrderProgress { voices, ..sample_progress() };
    let choices = choices(language, "0123456789ABCDEF", &standing);
    ReviewPage { choices, standing, ..sample(language) }.render().unwrap()
}

fn batch_sample(language: Language) -> String {
    let row = |about: plain::NameAndId, sample| ReviewItem {
        number: None,
        order: "5GPJWBSG64S36D1Q".into(),
        about: marked(language, &about.into()),
        digest: format!("AAA{}", u8::from(sample)),
        sample,
        look: None,
        facts: sample_facts(language),
        consequence: None,
    };
    let page = ReviewPage {
        facts: vec![sample_line(language, ("共", "how many"), "2")],
        rows: namesakes().into_iter().zip([true, true, false]).map(|(a, s)| row(a, s)).collect(),
        ..sample(language)
    };
    page.render().unwrap()
}
