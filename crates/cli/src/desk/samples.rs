//! Every page of the desk with sample content, in both languages, as it is kept in
//! `tests/golden/desk`: whoever changes a page sees what changed, and looks at it.

use super::enter::{EnterPage, EnterWords};
use super::evidence::{self, EvidencePage, EvidenceWords};
use super::frame::{Frame, ProblemPage, ToldPage};
use super::open_key::{KeyPage, KeyWords};
use super::order;
use super::passkey::{PasskeyPage, PasskeyWords, Step};
use super::queue::{self, QueuePage, QueueWords};
use super::review::{ReviewPage, ReviewWords};
use super::revoke;
use super::search;
use askama::Template;
use page::{Language, show};
use portal_api::plain;
use records::export::OrderProgress;
use records::{Code, Problem};
use std::collections::BTreeMap;
use std::path::Path;

const ORDER: &str = "5GPJWBSG64S36D1N";
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
    let wrong = Problem {
        code: "wrong-passphrase".into(),
        zh: "密钥口令不正确。".into(),
        en: "the passphrase does not open the key".into(),
        reference: String::new(),
    };
    for (name, problem, from_file) in
        [("key", None, false), ("key-wrong", Some(wrong), false), ("key-file", None, true)]
    {
        let page = KeyPage {
            f: Frame::sample(language, "/key"),
            w: KeyWords::of(language),
            serial: "18e9a4c70f3b".into(),
            until: "2027-11-29 16:00 (UTC+8)".into(),
            is_open: from_file,
            from_file,
            problem,
        };
        pages.insert(name, page.render().unwrap());
    }
}

fn line(language: Language, (zh, en): (&str, &str), value: &str, differs: bool) -> order::Line {
    let term = language.of_both(zh.into(), en.into());
    order::Line { term, value: show::harmless(value), differs, lines: Vec::new() }
}

fn orders(language: Language, pages: &mut Pages) {
    let waiting = |about: &str, given, look: Option<&str>| queue::Line {
        order: ORDER.into(),
        kind: language.of_both("签发证书".into(), "issue a certificate".into()),
        about: show::harmless(about),
        approvals: u32::from(given),
        needed: 2,
        expires: "2026-12-01 16:00 (UTC+8)".into(),
        given,
        look: look.map(str::to_owned),
    };
    let differs = plain::look(records::export::Look::Differs);
    let differs = language.of_both(differs.zh, differs.en);
    let full = vec![
        waiting("王小明，商州区 › 区政府办公室", false, Some(&differs)),
        waiting(HOSTILE, true, None),
    ];
    for (name, lines) in [("queue", full), ("queue-empty", Vec::new())] {
        let after = (!lines.is_empty()).then(|| format!("0.{ORDER}"));
        let f = Frame::sample(language, "/");
        let page = QueuePage { f, w: QueueWords::of(language), lines, after };
        pages.insert(name, page.render().unwrap());
    }
    for (name, given, revokes, moved) in [
        ("review", false, false, false),
        ("review-given", true, false, false),
        ("review-revoke", false, true, false),
        ("review-moved", false, false, true),
    ] {
        let approvers = if given { vec!["陈登记".into()] } else { Vec::new() };
        let page = ReviewPage {
            f: Frame::sample(language, "/orders/5GPJWBSG64S36D1N"),
            w: ReviewWords::of(language),
            kind: language.of_both("签发证书".into(), "issue a certificate".into()),
            order: ORDER.into(),
            expires: "2026-12-01 16:00 (UTC+8)".into(),
            digest: plain::fingerprint(&[7; 32]),
            facts: vec![
                line(language, ("证书持有人", "for whom"), "王小明 (0123456789ABCDEF)", false),
                line(language, ("核验依据", "evidence"), HOSTILE, false),
                line(language, ("公钥", "public key"), "p256 0707 → p256 0808", true),
            ],
            standing: Some(OrderProgress {
                approvers,
                needed: 2,
                given,
                browser: true,
                sample: 0,
                look: None,
            }),
            given,
            moved,
            revokes,
        };
        pages.insert(name, page.render().unwrap());
    }
}

fn passkeys(language: Language, pages: &mut Pages) {
    let facts = vec![
        line(language, ("证书持有人", "for whom"), "陈登记 (0123456789ABCDEF)", false),
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
    asked.look = Some(revoke::Look { facts, digest });
    pages.insert("revoke-look", asked.render().unwrap());
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

fn audits(language: Language, pages: &mut Pages) {
    let f = || Frame::sample(language, "/audit");
    let asked = search::Asked::default();
    pages.insert("audit", search::filled(f(), &asked, None).render().unwrap());
    let wrong = Problem::new(Code::Malformed, ORDER.into());
    pages.insert("audit-wrong", search::filled(f(), &asked, Some(Err(wrong))).render().unwrap());
    let mut found = search::filled(f(), &asked, None);
    (found.asked, found.complete_to, found.before) = (true, 173, Some(90));
    let sentence = |zh: &str, en: &str| show::harmless(&language.of_both(zh.into(), en.into()));
    found.lines = vec![
        search::Line {
            index: 105,
            sentence: sentence(
                "2026-11-25 08:00:00Z 王小明（0123456789ABCDEF） 对 exchange/sz-office/2026-001 执行 read，规则 r1 允许。",
                "2026-11-25 08:00:00Z 王小明（0123456789ABCDEF） was permitted to read exchange/sz-office/2026-001 by rule r1.",
            ),
            request: Some("gate-1/AAAA/7".into()),
        },
        search::Line { index: 104, sentence: show::harmless(HOSTILE), request: None },
    ];
    pages.insert("audit-found", found.render().unwrap());
    let shown = EvidencePage {
        f: f(),
        w: EvidenceWords::of(language),
        about: "gate-1/AAAA/7".into(),
        sections: vec![
            evidence::Told {
                title: sentence("由此证明：", "what this proves:"),
                holds: true,
                lines: vec![sentence("证书由两人批准。", "Two persons approved the certificate.")],
            },
            evidence::Told {
                title: sentence("以下不能由此证明：", "what this does not prove:"),
                holds: false,
                lines: vec![
                    sentence("后来是否被吊销。", "Whether it was revoked later."),
                    show::harmless(HOSTILE),
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
