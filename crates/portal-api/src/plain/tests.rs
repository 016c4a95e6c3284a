//! Of every kind of order: nothing that is signed is left out, and nothing that is not signed is
//! shown.

mod attachments;
mod batch;
mod decision;
mod fields;
mod touched;

use super::{Fact, facts};
use pki::Signer;
use records::export::{OrderExport, OrderProgress};
use records::order::Body;
use records::{Disclosure, json};
use sample_city::orders::{
    OldCredential, SampleOrder, all as samples, file, old, registry, renewed_by,
};
use serde_json::{Value, json as j};
use std::collections::BTreeSet;

/// What the samples write anew, and the nonce: drawn, and seen in the digest alone.
fn is_drawn(path: &str) -> bool {
    ["/nonce", "/draft/statement", "/draft/method"].contains(&path)
        || path.starts_with("/draft/assertion")
}

fn leaves(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, inner)| leaves(inner, format!("{at}/{name}"), found))
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(place, inner)| leaves(inner, format!("{at}/{place}"), found)),
        _ => found.push(at),
    }
}

/// Other values for a leaf, some of which a reader takes.
fn others(leaf: &Value) -> Vec<Value> {
    match leaf {
        Value::Bool(is) => vec![j!(!is)],
        Value::Number(number) => vec![j!(number.as_u64().unwrap() + 1)],
        Value::String(text) => {
            let actions = ["create", "move", "close", "leave", "grant", "withdraw", "register"];
            let words = actions.into_iter().chain(["auditor", "official", "keyCompromise", "page"]);
            let words = words.chain(["asked", "unit", "observe", "enforce", "suspended"]);
            let words = words.chain(["2026-11-24T09:00:00Z", "2026-11-25T08:00:00Z"]);
            let mut others: Vec<Value> =
                words.filter(|word| word != text).map(|word| j!(word)).collect();
            others.push(j!(format!("{text}x")));
            let mut flipped = text.clone().into_bytes();
            if let Some(first) = flipped.get_mut(2) {
                *first = if *first == b'A' { b'B' } else { b'A' };
            }
            others.extend(String::from_utf8(flipped).ok().map(|text| j!(text)));
            others
        }
        _ => Vec::new(),
    }
}

/// Ids stand in body and basis; the same change is made wherever the value stands.
fn replaced(value: &Value, from: &Value, to: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, inner)| (name.clone(), replaced(inner, from, to)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|inner| replaced(inner, from, to)).collect(),
        value if value == from => to.clone(),
        value => value.clone(),
    }
}

/// Every leaf of every body and of what it rests on, when it is another one, is read differently by
/// whoever is asked to consent, or the order is refused.
#[test]
fn no_field_is_signed_and_not_shown() {
    let (mut shown, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for sample in samples() {
        let kind = sample.order["kind"].as_str().unwrap();
        let before = facts(&sample.open(&sample.order).unwrap_or_else(|| panic!("{kind}")));
        let mut paths = Vec::new();
        leaves(&sample.order, String::new(), &mut paths);
        for path in paths.into_iter().filter(|path| !is_drawn(path)) {
            let leaf = sample.order.pointer(&path).unwrap().clone();
            let mut changes: Vec<Value> = Vec::new();
            // Of the head of an order a few suffice: it names nothing that a word would fit.
            let is_inside = path.starts_with("/body") || path.starts_with("/basis");
            let few = if is_inside || path == "/drafter" { usize::MAX } else { 3 };
            for other in others(&leaf).into_iter().rev().take(few) {
                let mut alone = sample.order.clone();
                *alone.pointer_mut(&path).unwrap() = other.clone();
                let mut everywhere = sample.order.clone();
                for part in ["body", "basis"] {
                    everywhere[part] = replaced(&everywhere[part], &leaf, &other);
                }
                if everywhere != alone {
                    changes.push(everywhere);
                }
                changes.push(alone);
            }
            let mut seen = false;
            for changed in changes.iter().filter(|changed| **changed != sample.order) {
                let Some(opened) = sample.open(changed) else { continue };
                assert_ne!(facts(&opened), before, "{kind} {path}: {changed}");
                seen = true;
            }
            let set = if seen { &mut shown } else { &mut refused };
            set.insert(format!("{kind}{path}"));
        }
    }
    // What cannot be changed alone, by its whole path: a format, a name of what else would have to
    // be there, a commitment or digest that something else opens, and what a signature covers.
    let never = refused.difference(&shown).find(|path| !is_fixed(path));
    assert_eq!(never, None, "it was never changed: {refused:?}");
    assert!(shown.len() > 80, "{shown:?}");
}

/// Whether a field, with the kind of its order before it, cannot be another one alone.
fn is_fixed(path: &str) -> bool {
    let (kind, path) = path.split_at(path.find('/').unwrap());
    let same = |pattern: &str| {
        let (mut is, mut wanted) = (path.split('/'), pattern.split('/'));
        loop {
            match (is.next(), wanted.next()) {
                (None, None) => return true,
                (Some(_), Some("*")) => {}
                (Some(is), Some(wanted)) if is == wanted => {}
                _ => return false,
            }
        }
    };
    let always = ["/v", "/kind", "/drafter", "/basis/people/*/name"];
    let draft = ["/draft/certificate", "/draft/v"];
    let of_kind: &[&str] = match kind {
        "issue" => &[
            "/body/subject/cn",
            "/body/names/*/value",
            "/body/evidence",
            "/body/previous",
            "/body/renewal/serial",
            "/body/renewal/certificate",
            "/body/renewal/challenge",
            "/body/renewal/request",
            "/body/renewal/asked_by",
            "/body/renewal/signature",
        ],
        "person" => {
            &["/body/action", "/body/name", "/body/mail", "/body/evidence", "/basis/before/mail"]
        }
        "revoke" => &[
            "/body/evidence",
            "/body/wish/v",
            "/body/wish/method",
            "/body/wish/statement",
            "/body/wish/certificate",
            "/body/wish/signature",
        ],
        "release" | "emergency" | "emergency-review" => &["/body/evidence"],
        "profile" => &["/body/profile/id", "/body/profile/digest", "/basis/before/digest"],
        "approval-rules" | "bundle" => &["/body/digest", "/basis/before/digest"],
        "unit" | "portal" | "agent" => &["/body/action"],
        "system" => &[
            "/body/action",
            "/body/operator",
            "/body/contact",
            "/basis/before/operator",
            "/basis/before/contact",
        ],
        _ => &[],
    };
    always.iter().chain(&draft).chain(of_kind).any(|pattern| same(pattern))
}

/// Of a system that is registered anew, who runs it and who is told of it stand beside who did and
/// was: whoever approves sees that another one is written to.
#[test]
fn what_becomes_another_is_shown_beside_what_it_was() {
    let is_anew = |one: &SampleOrder| {
        let is_registered = one.order["body"]["action"] == "register";
        let is_there = one.order["basis"].get("before").is_some();
        one.order["kind"] == "system" && is_registered && is_there
    };
    let sample = samples().into_iter().find(is_anew).unwrap();
    let shown = facts(&sample.open(&sample.order).unwrap());
    for (term, value) in [
        ("who runs it", "「原运维单位」 → 「信息中心」"),
        ("technical contact", "old@shangluo.example → site@shangluo.example"),
    ] {
        let fact = shown.iter().find(|fact| fact.term.en == term).unwrap();
        assert!(fact.differs && fact.value.en() == value, "{fact:?}");
    }
    // What nothing opens is not shown: such an order is none.
    let mut unopened = sample;
    unopened.disclosures.retain(|one| one.value != "old@shangluo.example");
    assert!(unopened.open(&unopened.order).is_none());
}

/// Of a gate that is registered anew, how often it may renew stands beside how often it could.
#[test]
fn other_renewals_of_a_gate_are_told_as_a_difference() {
    let is_anew = |one: &SampleOrder| {
        one.order["kind"] == "agent" && one.order["basis"].get("before").is_some()
    };
    let sample = samples().into_iter().find(is_anew).unwrap();
    let mut order = sample.order.clone();
    for (renewals, differs) in [(4, false), (40, true)] {
        order["body"]["renewals"] = j!(renewals);
        let shown = facts(&sample.open(&order).unwrap());
        let fact = shown.iter().find(|fact| fact.term.en == "renewals").unwrap();
        assert_eq!(fact.differs, differs, "{fact:?}");
    }
}

/// Nobody reads an A-label: what a name is in letters stands beside it, and which of them are taken
/// for others.
#[test]
fn an_international_host_is_read_in_letters() {
    for (kind, field, has_many) in
        [("system", "names", true), ("agent", "hosts", true), ("portal", "public_host", false)]
    {
        let sample = samples().into_iter().find(|one| one.order["kind"] == kind).unwrap();
        let mut order = sample.order.clone();
        let hosts = ["xn--80ak6aa92e.cn", "xn--fiq228c.cn"];
        order["body"][field] = if has_many { j!(hosts) } else { j!(hosts[0]) };
        let shown = facts(&sample.open(&order).unwrap());
        let line = |line: &super::FactLine| match &line.line {
            super::LineText::Value(value) => value.en(),
            super::LineText::File(_) => String::new(),
        };
        let told: Vec<String> = shown
            .iter()
            .flat_map(|fact| fact.lines.iter().map(line).chain([fact.value.en()]))
            .filter(|line| line.contains("xn--"))
            .collect();
        let forged = "xn--80ak6aa92e.cn (「аррӏе.cn」), \
                      with look-alikes: U+0430 U+0440 U+0440 U+04CF U+0435";
        assert!(told.iter().any(|line| line == forged), "{kind}: {told:?}");
        let plain = "xn--fiq228c.cn (「中文.cn」)";
        assert_eq!(told.iter().any(|line| line == plain), has_many, "{kind}: {told:?}");
    }
}

/// A line of a list with its mark.
fn in_english(line: &super::FactLine) -> String {
    match &line.line {
        super::LineText::Value(value) => format!("{}{}", line.mark.sign(), value.en()),
        super::LineText::File(_) => String::new(),
    }
}

/// Who closes a unit ends its systems and revokes what they have: each of them is read before that,
/// and how many more there are.
#[test]
fn what_ends_with_a_unit_is_shown() {
    let closes =
        |one: &SampleOrder| one.order["kind"] == "unit" && one.order["body"]["action"] == "close";
    let sample = samples().into_iter().find(closes).unwrap();
    let shown = facts(&sample.open(&sample.order).unwrap());
    let ends = |fact: &&Fact| fact.term.en.starts_with("systems that end with it");
    let ends = shown.iter().find(ends).unwrap();
    let lines: Vec<String> = ends.lines.iter().map(in_english).collect();
    let wanted =
        ["-「门户网站」 (site), certificates: 7", "-「水情监测」 (water), certificates: 0"];
    assert_eq!(lines, wanted);
    assert!(ends.differs);
    assert!(shown.iter().any(|fact| fact.term.en.starts_with("how many more such")));
    // Whoever moves a unit ends none, and an order that says so is none.
    let mut moving = sample.order.clone();
    moving["body"]["action"] = j!("move");
    assert!(sample.open(&moving).is_none());
}

/// Whoever moves a unit reads what goes with it, who gets a say over it and who loses theirs, each
/// by a name that is opened, with the unit over which they hold their role.
#[test]
fn what_goes_with_a_unit_that_moves_is_shown() {
    let moves =
        |one: &SampleOrder| one.order["kind"] == "unit" && one.order["body"]["action"] == "move";
    let sample = samples().into_iter().find(moves).unwrap();
    let shown = facts(&sample.open(&sample.order).unwrap());
    let wanted = [
        ("roles that reach it and what is below it from", "+「某人」"),
        ("roles that reach it and what is below it no", "-「某人」"),
        ("applications whose gates know them from", "+"),
        ("applications whose gates know them no", "-"),
        ("who acts for those whose roles reach it from", "+「某人」"),
        ("who acts for those whose roles reach it no", "-「某人」"),
    ];
    for (term, line) in wanted {
        let fact = shown.iter().find(|fact| fact.term.en.starts_with(term)).expect(term);
        let told: Vec<String> = fact.lines.iter().map(in_english).collect();
        assert!(fact.differs && told.len() == 1 && told[0].starts_with(line), "{told:?}");
    }
    for (term, count) in [
        ("units below it that go with it", "2"),
        ("people who go with it, when drafted", "40"),
        ("their certificates that say other units", "5"),
        ("systems that go with it, when drafted", "3"),
    ] {
        assert!(
            shown.iter().any(|fact| fact.term.en == term && fact.value.en() == count),
            "{term}"
        );
    }
    // An order that moves a unit and says nothing of it is none.
    let mut silent = sample.order.clone();
    silent["basis"]["before"].as_object_mut().unwrap().remove("moved");
    silent["basis"]["people"] = j!([]);
    silent["basis"].as_object_mut().unwrap().remove("applications");
    silent["basis"]["units"].as_array_mut().unwrap().remove(0);
    assert!(sample.open(&silent).is_none());
}

/// Of somebody who leaves, or is transferred, it is read of which systems they are in charge.
#[test]
fn systems_of_who_goes_are_shown() {
    let leaves =
        |one: &SampleOrder| one.order["kind"] == "person" && one.order["body"]["action"] == "leave";
    let sample = samples().into_iter().find(leaves).unwrap();
    let shown = facts(&sample.open(&sample.order).unwrap());
    let led = |fact: &&Fact| fact.term.en.starts_with("systems that they are in charge of");
    let led = shown.iter().find(led).unwrap();
    let lines: Vec<String> = led.lines.iter().map(in_english).collect();
    assert!(
        led.differs && lines.len() == 1 && lines[0].contains("「门户网站」 (site)"),
        "{lines:?}"
    );
    assert!(shown.iter().any(|fact| fact.term.en.starts_with("how many more systems")));
}

/// Of somebody who leaves it is read who acts for them no longer, and of whoever is transferred who
/// goes on to.
#[test]
fn deputies_of_who_goes_are_shown() {
    let leaves =
        |one: &SampleOrder| one.order["kind"] == "person" && one.order["body"]["action"] == "leave";
    let sample = samples().into_iter().find(leaves).unwrap();
    let mut moves = sample.order.clone();
    moves["body"]["action"] = j!("move");
    for (order, term, sign) in [
        (&sample.order, "what they lend, which ends with it", '-'),
        (&moves, "what they lend, which goes on", ' '),
    ] {
        let shown = facts(&sample.open(order).unwrap());
        let told = shown.iter().find(|fact| fact.term.en == term).expect(term);
        let lines: Vec<String> = told.lines.iter().map(in_english).collect();
        assert!(lines.len() == 1 && lines[0].starts_with(sign), "{lines:?}");
        assert_eq!(told.differs, sign == '-');
        assert_eq!(shown.iter().filter(|fact| fact.term.en.starts_with("what they l")).count(), 1);
    }
}

/// An order that releases one certificate names all that its holder has: each of them is shown, as
/// all is that is signed.
#[test]
fn what_a_holder_has_beside_what_is_released_is_shown() {
    let sample = samples().into_iter().find(|one| one.order["kind"] == "release").unwrap();
    let mut order = sample.order.clone();
    let other = j!({
        "serial": "02".repeat(18), "profile": "official", "not_after": "2027-01-01T00:00:00Z",
    });
    order["basis"]["before"]["certificates"].as_array_mut().unwrap().push(other);
    let is_other = |fact: &&Fact| fact.term.en.starts_with("other certificates");
    let alone = facts(&sample.open(&sample.order).unwrap());
    assert!(!alone.iter().any(|fact| is_other(&fact)));
    let shown = facts(&sample.open(&order).unwrap());
    let fact = shown.iter().find(is_other).unwrap();
    let lines: Vec<String> = fact.lines.iter().map(in_english).collect();
    assert!(lines.len() == 1 && lines[0].contains(&"02".repeat(18)), "{lines:?}");
}

/// Whoever reads a time reads the clocks of Beijing, in each fact of each kind of order.
#[test]
fn no_fact_shows_a_time_of_elsewhere() {
    let mut times = 0;
    for sample in samples() {
        let opened = sample.open(&sample.order).unwrap();
        for fact in facts(&opened) {
            let lines = fact.lines.iter().map(|line| match &line.line {
                super::LineText::Value(value) => value.zh() + &value.en(),
                super::LineText::File(_) => String::new(),
            });
            let shown = fact.value.zh() + &fact.value.en() + &lines.collect::<String>();
            assert!(!shown.contains(":00Z"), "{fact:?}");
            times += shown.matches("（北京时间）").count();
        }
    }
    assert!(times > 30, "{times}");
}
