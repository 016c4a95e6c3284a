//! Every page of the desk with sample content, in both languages, as it is kept in
//! `tests/golden/desk`: whoever changes a page sees what changed, and looks at it.

use super::enter::{EnterPage, EnterWords};
use super::evidence::{self, EvidencePage, EvidenceWords};
use super::frame::{Frame, ProblemPage, ToldPage};
use super::open_key::{KeyPage, KeyWords};
use super::passkey::{PasskeyPage, PasskeyWords, Step};
use super::queue::{self, QueuePage, QueueWords};
use super::review::{ReviewItem, ReviewPage, ReviewWords};
use super::{order, revoke, search, suspend};
use crate::audit::found;
use crate::exit::Failure;
use askama::Template;
use keys::KeyFileError;
use page::{Language, Marked};
use portal_api::plain::{self, FactValue, NameAndId};
use records::export::OrderProgress;
use records::found::{CheckedSearch, Unproven, UnprovenRecord};
use records::{Code, Problem};
use std::collections::BTreeMap;
use std::path::Path;

const ORDER: &str = "5GPJWBSG64S36D1N";
const ACTING: &str = "0123456789ABCDEF";
const HOSTILE: &str = "<script>alert(1)</script> \u{202e}\u{200b}";

type Pages = BTreeMap<&'static str, String>;

fn all(language: Language) -> Pages {
    let mut pages = Pages::new();
    outside(language, &mut pages);
    orders(language, &mut pages);
    passkeys(language, &mut pages);
    audits(language, &mut pages);
    let problem = Problem::new(Code::OrderAltered, String::new());
    let f = Frame::sample(language, "/");
    pages.insert("problem", ProblemPage { f, problem }.render().unwrap());
    pages
}

fn outside(language: Language, pages: &mut Pages) {
    let frame = || Frame {
        city: "印信 Yinxin".into(),
        sample: false,
        path: String::new(),
        name: String::new(),
        token: String::new(),
        ..Frame::sample(language, "")
    };
    for (name, refused) in [("enter", false), ("enter-refused", true)] {
        let page = EnterPage { f: frame(), w: EnterWords::of(language), refused };
        pages.insert(name, page.render().unwrap());
    }
    let f = frame();
    let ended = ToldPage { told: f.w.ended, f, ended: true };
    pages.insert("ended", ended.render().unwrap());
    let f = frame();
    let foreign = ToldPage { told: f.w.foreign, f, ended: false };
    pages.insert("foreign", foreign.render().unwrap());
    let wrong = Failure::from(KeyFileError::Passphrase("officer.key".into())).problem();
    for (name, problem, from_file) in
        [("key", None, false), ("key-wrong", Some(wrong), false), ("key-file", None, true)]
    {
        let page = KeyPage {
            f: Frame::sample(language, "/key"),
            w: KeyWords::of(language),
            serial: "18e9a4c70f3b".into(),
            until: page::show::time(language, "2027-11-29T08:00:00Z"),
            is_open: from_file,
            from_file,
            problem,
        };
        pages.insert(name, page.render().unwrap());
    }
}

fn line(
    language: Language,
    (zh, en): (&str, &str),
    value: impl Into<FactValue>,
    differs: bool,
) -> order::FactItem {
    let term = language.of_both(zh.into(), en.into());
    let value = order::marked(language, &value.into());
    order::FactItem { term, value, differs, lines: Vec::new() }
}

fn named(name: &str) -> NameAndId {
    NameAndId { name: Some(name.into()), id: "0123456789ABCDEF".into(), unit: None }
}

fn key() -> FactValue {
    FactValue::Change { was: Box::new("p256 0707".into()), is: Box::new("p256 0808".into()) }
}

fn orders(language: Language, pages: &mut Pages) {
    let waiting = |name: &str, given, look: Option<&str>| queue::QueueItem {
        order: ORDER.into(),
        kind: language.of_both("签发证书".into(), "issue a certificate".into()),
        about: order::marked(language, &named(name).into()),
        approvals: u32::from(given),
        needed: 2,
        expires: page::show::time(language, "2026-12-01T08:00:00Z"),
        given,
        look: look.map(str::to_owned),
    };
    let differs = plain::look(records::export::ReviewFlag::Differs);
    let differs = language.of_both(differs.zh, differs.en);
    let full = vec![waiting("王小明", false, Some(&differs)), waiting(HOSTILE, true, None)];
    for (name, lines) in
        [("queue", full), ("queue-empty", Vec::new()), ("queue-nothing-here", Vec::new())]
    {
        let after = (name != "queue-empty").then(|| format!("0.{ORDER}"));
        let f = Frame::sample(language, "/");
        let page = QueuePage { f, w: QueueWords::of(language), lines, after };
        pages.insert(name, page.render().unwrap());
    }
    for (name, given, can_be_declined, moved) in [
        ("review", false, true, false),
        ("review-batch", false, true, false),
        ("review-given", true, true, false),
        ("review-revoke", false, false, false),
        ("review-moved", false, true, true),
        ("review-choice", false, true, false),
    ] {
        let approvers = if given { vec!["陈登记".into()] } else { Vec::new() };
        let is_batch = name == "review-batch";
        let page = ReviewPage {
            signs: plain::fingerprint(&[if is_batch { 8 } else { 7 }; 32]),
            rows: if is_batch { rows(language) } else { Vec::new() },
            consequence: consequence(language, name == "review-given"),
            ends: ends(language, is_batch),
            f: Frame::sample(language, "/orders/5GPJWBSG64S36D1N"),
            w: ReviewWords::of(language),
            kind: language.of_both("签发证书".into(), "issue a certificate".into()),
            order: ORDER.into(),
            expires: page::show::time(language, "2026-12-01T08:00:00Z"),
            digest: plain::fingerprint(&[7; 32]),
            facts: facts(language),
            standing: Some(OrderProgress {
                approvers,
                needed: 2,
                given,
                browser: true,
                voices: Vec::new(),
                look: None,
            }),
            given,
            moved,
            look: None,
            choices: if name == "review-choice" { choices(language) } else { Vec::new() },
            absent: None,
            others: is_batch,
            acting_for: ACTING.into(),
            can_be_declined,
        };
        pages.insert(name, page.render().unwrap());
    }
}

fn choices(language: Language) -> Vec<(String, Marked)> {
    let own = Marked::new().own(&language.of_both("本人".into(), "yourself".into()));
    let name = Marked::new().own("「").foreign("李核验").own("」 [");
    let other = name.foreign("FEDCBA9876543210").own("]");
    vec![(ACTING.into(), own), ("FEDCBA9876543210".into(), other)]
}

fn facts(language: Language) -> Vec<order::FactItem> {
    vec![
        line(language, ("证书持有人", "for whom"), named("王小明"), false),
        line(language, ("核验依据", "evidence"), HOSTILE, false),
        line(language, ("公钥", "public key"), key(), true),
    ]
}

/// What a transfer takes away, where the sample tells it.
fn consequence(language: Language, is_told: bool) -> Vec<order::FactItem> {
    let certificate = (
        "各应用系统不再接受的证书（须重新申领）",
        "certificate that is refused, to be issued anew",
    );
    let orders = ("只能退回的在办事项", "open orders that can only be declined");
    let all =
        [line(language, certificate, "0101010101", false), line(language, orders, "1", false)];
    if is_told { all.into() } else { Vec::new() }
}

fn ends(language: Language, is_batch: bool) -> Vec<order::FactItem> {
    let orders = line(language, ("随之终止的办件", "orders that end with it"), "2", false);
    let letters = ("驳回即作废的密码信封", "letters used up by a rejection");
    let letters = line(language, letters, "1", false);
    if is_batch { vec![orders, letters] } else { vec![letters] }
}

fn rows(language: Language) -> Vec<ReviewItem> {
    let moved = plain::look(records::export::ReviewFlag::Moved);
    let row = |about: NameAndId, sample| ReviewItem {
        number: None,
        order: ORDER.into(),
        about: order::marked(language, &about.into()),
        sample,
        look: (!sample).then(|| language.of_both(moved.zh.clone(), moved.en.clone())),
        facts: facts(language),
        consequence: Vec::new(),
    };
    // Two of one name, and one whose name runs from right to left and pretends to be more.
    let namesake = NameAndId { id: "FEDCBA9876543210".into(), ..named("王小明") };
    let forged = NameAndId {
        id: ORDER.into(),
        ..named("ئابدۇراخمان (0123456789ABCDEF), \u{202e}市委")
    };
    vec![row(named("王小明"), true), row(namesake, true), row(forged, false)]
}

fn passkeys(language: Language, pages: &mut Pages) {
    let facts = vec![
        line(language, ("证书持有人", "for whom"), named("陈登记"), false),
        line(language, ("用于", "for"), "https://staff.localhost:9443", false),
    ];
    let digest = plain::fingerprint(&[7; 32]);
    let look =
        Step::Look { facts, digest: digest.clone(), saved: "{\"v\":1}".into(), hardware: true };
    let asked = revoke::filled(Frame::sample(language, "/revoke"));
    pages.insert("revoke", asked.render().unwrap());
    let mut asked = revoke::filled(Frame::sample(language, "/revoke"));
    let facts = vec![
        line(
            language,
            ("吊销证书", "to be revoked"),
            "0102030405060708090a0b0c0d0e0f101112",
            false,
        ),
        line(language, ("依据", "evidence"), HOSTILE, false),
    ];
    asked.look = Some(revoke::Look { facts, digest: digest.clone() });
    pages.insert("revoke-look", asked.render().unwrap());
    let page = || suspend::filled(Frame::sample(language, "/suspend"));
    pages.insert("suspend", page().render().unwrap());
    let facts = || vec![line(language, ("依据", "evidence"), HOSTILE, false)];
    let mut asked = page();
    asked.look = Some(revoke::Look { facts: facts(), digest });
    pages.insert("suspend-look", asked.render().unwrap());
    let mut done = page();
    done.done = facts();
    pages.insert("suspend-done", done.render().unwrap());
    for (name, step) in [
        ("passkey", Step::Bring),
        ("passkey-look", look),
        ("passkey-asked", Step::Asked { order: ORDER.into(), needed: 1 }),
    ] {
        let f = Frame::sample(language, "/passkey");
        let page = PasskeyPage { f, w: PasskeyWords::of(language), step };
        pages.insert(name, page.render().unwrap());
    }
}

/// An answer of which one record is refused.
fn sample_found() -> CheckedSearch {
    let refused = UnprovenRecord { index: 103, why: Unproven::Elsewhere };
    CheckedSearch {
        tree_size: 180,
        root: [7; 32].into(),
        records: vec![Err(refused)],
        names: BTreeMap::from([("0123456789ABCDEF".into(), "王小明".into())]),
        before: Some(90),
        complete_to: 173,
    }
}

fn audits(language: Language, pages: &mut Pages) {
    let f = || Frame::sample(language, "/audit");
    let asked = search::SearchQuery::default();
    pages.insert("audit", search::filled(f(), &asked, None).render().unwrap());
    let wrong = Problem::new(Code::Malformed, ORDER.into());
    pages.insert("audit-wrong", search::filled(f(), &asked, Some(Err(wrong))).render().unwrap());
    let mut found = search::filled(f(), &asked, None);
    (found.asked, found.before) = (true, Some(90));
    found.told = search::told(&sample_found(), &[], language);
    let sentence = |zh: &str, en: &str| language.of_both(zh.into(), en.into());
    let told = |zh: &'static str, en: &'static str, values: Vec<FactValue>| {
        order::marked(language, &plain::phrase(zh, en, values))
    };
    let hostile = || order::marked(language, &FactValue::Row(vec![HOSTILE.into()]));
    let holder = NameAndId { name: None, id: "0123456789ABCDEF".into(), unit: None };
    found.lines = vec![
        search::FoundItem {
            index: 105,
            is_proven: true,
            sentence: told(
                "{2} {0} 对 {1} 执行 read，规则 r1 允许。",
                "{2} {0} was permitted to read {1} by rule r1.",
                vec![
                    holder.into(),
                    "exchange/sz-office/2026-001".into(),
                    FactValue::time("2026-11-25T08:00:00.000000Z"),
                ],
            ),
            request: Some("gate-1/AAAA/7".into()),
        },
        search::FoundItem { index: 104, is_proven: true, sentence: hostile(), request: None },
        search::FoundItem {
            index: 103,
            is_proven: false,
            sentence: order::marked(language, &found::unproven(Unproven::Elsewhere)),
            request: None,
        },
    ];
    pages.insert("audit-found", found.render().unwrap());
    let shown = EvidencePage {
        f: f(),
        w: EvidenceWords::of(language),
        about: "gate-1/AAAA/7".into(),
        sections: vec![
            evidence::ReportSection {
                title: sentence("由此证明：", "what this proves:"),
                holds: true,
                lines: vec![told(
                    "证书由两人批准。",
                    "Two persons approved the certificate.",
                    Vec::new(),
                )],
            },
            evidence::ReportSection {
                title: sentence("以下不能由此证明：", "what this does not prove:"),
                holds: false,
                lines: vec![
                    told("后来是否被吊销。", "Whether it was revoked later.", Vec::new()),
                    hostile(),
                ],
            },
        ],
    };
    pages.insert("evidence", shown.render().unwrap());
}

#[test]
fn pages_are_as_they_were_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/desk");
    let writes = std::env::var("YINXIN_GOLDEN").is_ok_and(|what| what == "write");
    let mut expected = Vec::new();
    for language in Language::BOTH {
        for (name, text) in all(language) {
            let file = format!("desk-{name}.{}.html", language.tag());
            if writes {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(folder.join(&file), &text).unwrap();
            }
            let kept = std::fs::read_to_string(folder.join(&file)).unwrap_or_default();
            assert!(kept == text, "{file} changed: look at it, then YINXIN_GOLDEN=write");
            expected.push(file);
        }
    }
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(expected.contains(&name), "no page makes {name} any more");
    }
}

#[test]
fn what_others_wrote_does_nothing_on_our_pages() {
    for language in Language::BOTH {
        for (name, text) in all(language) {
            assert!(!text.contains("<script>alert") && !text.contains("<b>"), "{name}");
            assert!(!text.contains('\u{202e}') && !text.contains('\u{200b}'), "{name}");
            // Nothing in a page that the policy of its answer would have to allow, nor anything
            // that another server would be asked for.
            assert!(!text.contains(" style=") && !text.contains(" onclick="), "{name}");
            for attribute in ["src=\"", "href=\"", "action=\""] {
                for address in text.split(attribute).skip(1) {
                    assert!(address.starts_with(['/', '#']), "{name}: {attribute}{address:.40}");
                    assert!(!address.starts_with("//"), "{name}");
                }
            }
        }
    }
}

/// People read the clocks of Beijing. A time as documents spell it stands in what machines read,
/// and in what is proof.
#[test]
fn no_page_shows_a_time_of_elsewhere() {
    for language in Language::BOTH {
        for (name, text) in all(language) {
            let found = text.match_indices('T').find(|(at, _)| is_utc(&text.as_bytes()[*at..]));
            assert!(found.is_none(), "{name}: {}", &text[found.unwrap().0..][..10]);
        }
    }
}

/// `T16:00:00Z`
fn is_utc(bytes: &[u8]) -> bool {
    let form = b"T00:00:00Z";
    bytes.len() >= form.len()
        && form.iter().zip(bytes).all(|(form, byte)| match form {
            b'0' => byte.is_ascii_digit(),
            sign => sign == byte,
        })
}
