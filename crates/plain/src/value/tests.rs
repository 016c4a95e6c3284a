//! What stands around values, and what is ours in them.

use super::*;
use crate::bilingual;
use std::collections::BTreeMap;

/// What somebody might register to be read as another, with the signs that stand around names.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = ["王", "wang", "", "王」", "「王", "‹U+300C›", "王 (A)"]
        .into_iter()
        .chain(["王 (A), 「办", "王」 (A), 「办", "A), 王", "王 → 王", "王」 → 「王", "ئا 12"])
        .map(str::to_owned)
        .collect();
    let two: Vec<String> =
        ["」 → 「", "」 (", "), 「"].iter().map(|sign| format!("王{sign}王")).collect();
    texts.extend(two);
    texts
}

/// Each value of a kind is read as itself alone, in each view.
fn read_apart(values: Vec<FactValue>) {
    type View = fn(&FactValue) -> Vec<Span>;
    let views: [View; 3] = [FactValue::spans_zh, FactValue::spans_en, FactValue::spans_both];
    for view in views {
        let mut seen: BTreeMap<String, FactValue> = BTreeMap::new();
        for value in &values {
            let shown = written(&view(value));
            if let Some(other) = seen.insert(shown.clone(), value.clone()) {
                assert_eq!(other, *value, "{shown}");
            }
        }
    }
}

#[test]
fn no_two_changes_are_read_alike() {
    let texts = hostile();
    let changed = |was: &String, is: &String| FactValue::Change {
        was: Box::new(was.into()),
        is: Box::new(is.into()),
    };
    let unchanged = texts.iter().map(|is| FactValue::Row(vec![is.into()]));
    let pairs = texts.iter().flat_map(|was| texts.iter().map(move |is| changed(was, is)));
    read_apart(pairs.chain(unchanged).collect());
}

#[test]
fn no_two_people_are_read_alike() {
    let texts = hostile();
    let mut all = Vec::new();
    for name in &texts {
        for id in ["A", "B", "A), 王"] {
            for unit in &texts {
                let unit = NameAndId { name: Some(unit.clone()), id: "办".into(), unit: None };
                let named =
                    NameAndId { name: Some(name.clone()), id: id.into(), unit: Some(unit.into()) };
                all.push(named.into());
            }
        }
    }
    read_apart(all);
}

#[test]
fn no_two_applications_are_read_alike() {
    let texts = hostile();
    let mut all = Vec::new();
    for zh in texts.iter().filter(|zh| !zh.is_empty()) {
        for id in ["a", "b", "王 (a)"] {
            let (id, zh, en) = (id.to_owned(), zh.clone(), zh.clone());
            all.push(DisplayName { id, zh, en }.into());
        }
    }
    read_apart(all);
    let none = DisplayName::of_id("exchange");
    assert_eq!(FactValue::from(none.clone()).zh(), "exchange");
    let called: FactValue = DisplayName { zh: "公文 一".into(), ..none }.into();
    assert_eq!([called.zh(), called.en()], ["「公文 一」 (exchange)", "exchange"]);
}

/// Whoever chooses what stands in a sentence writes no other sentence.
#[test]
fn no_two_phrases_are_read_alike() {
    let said = |name: &String, other: &String| {
        let name = NameAndId { name: Some(name.clone()), id: "A".into(), unit: None };
        phrase(
            "{0} 用本人证书密钥批准；又由 {1} 批准。",
            "Approved by {0} with the key of their certificate; and by {1}.",
            vec![name.into(), other.into()],
        )
    };
    let mut texts = hostile();
    texts.extend([
        "张建国（FEDCBA9876543210）用本人证书密钥批准；又由 李丹".to_owned(),
        "王」 (A) 用本人证书密钥批准；又由 「李丹".to_owned(),
        "{0}".to_owned(),
    ]);
    let pairs = texts.iter().flat_map(|one| texts.iter().map(move |two| said(one, two)));
    read_apart(pairs.collect());
    assert_eq!(
        said(&"王".into(), &"{1}".into()).zh(),
        "「王」 (A) 用本人证书密钥批准；又由 「{1}」 批准。"
    );
}

/// A role, a reason or a state that nobody knows here is what somebody else wrote: it is quoted
/// beside words of ours, and whatever is ours says so in two languages.
#[test]
fn what_nobody_knows_is_no_word_of_ours() {
    let unknown = "登记员，已经核对";
    for said in
        [bilingual::role(unknown), bilingual::reason(unknown), bilingual::own_state(unknown)]
    {
        let row = FactValue::Row(vec![said.into(), words(" · "), "商州区".into()]);
        assert_eq!(row.zh(), format!("「{unknown}」 · 「商州区」"));
        assert_eq!(row.spans_en()[1], Span::Foreign(unknown.into()));
    }
    let known = FactValue::Row(vec![bilingual::role("auditor").into(), words(" · ")]);
    let is_foreign = |span: &Span| matches!(span, Span::Foreign(_));
    assert!(!known.spans_zh().iter().any(is_foreign), "{known:?}");
    assert_eq!(joined([words("a"), words("b")], "/").zh(), "a/b");
}

/// A time is read on the clocks of Beijing; what is none is a text.
#[test]
fn a_time_is_beijings() {
    let row = |time: &str| FactValue::Row(vec![words("≤ "), FactValue::time(time)]);
    assert_eq!(row("2026-12-01T16:00:00Z").zh(), "≤ 2026年12月2日 00:00（北京时间）");
    assert_eq!(row("2026-12-01T16:00:00Z").en(), "≤ 2026-12-02 00:00 (UTC+8)");
    assert_eq!(row("never, 「王」").en(), "≤ 「never, ‹U+300C›王‹U+300D›」");
    assert_eq!(FactValue::time("2026-12-01").zh(), "2026-12-01");
}

#[test]
fn a_name_is_quoted_beside_words_and_nowhere_else() {
    assert_eq!(FactValue::text("看过「文件」").zh(), "看过「文件」");
    let unit = NameAndId { name: Some("市委办公室".into()), id: "office".into(), unit: None };
    let named = NameAndId {
        name: Some("张建国 (0123456789ABCDEF), 市委办公室".into()),
        id: "FEDCBA9876543210".into(),
        unit: Some(unit.into()),
    };
    let shown = FactValue::from(named).zh();
    let name = "「张建国 (0123456789ABCDEF), 市委办公室」";
    assert_eq!(shown, format!("{name} (FEDCBA9876543210), 「市委办公室」 (office)"));
}
