//! What a handler typed and nobody could sign: the same form again, with what is the matter beside
//! each field. Nothing of it is lost.

use super::decline::one_line;
use super::draft_form::Form;
use crate::pages::{Frame, words};
use askama::Template;
use pki::mail::Mailbox;
use pki::name::{PersonName, both, check_readable};
use pki::number::CitizenNumber;
use portal_api::roster::day_in_beijing;
use records::Problem;
use records::commitment::EVIDENCE_CHARS_MAX;
use records::order::DELEGATION_SECONDS;
use records::time::{read, typed_from, typed_until};
use service::Clock;

words! {
    MendWords {
        back "← 放弃修改" "← Leave it";
        title "请更正后再核对" "Mend it, then check it";
        not_checked "未能核对" "It was not checked";
        not_drafted "未能起草" "It was not drafted";
        lead "什么都没有提交，填写的内容都在下面。" "Nothing was handed in, and what you typed is below.";
        lead_signed "填写的内容都在下面，请重新核对和签署。如果不能确定是否已经提交，请先查看“我的办件”。" "What you typed is below: check it and sign it again. If it may have been handed in all the same, look under “My drafts” first.";
        name "姓名" "Name";
        mail "邮箱" "Mail";
        number "证件号" "Identity number";
        number_again "页面不保留完整证件号，请重新填写" "no page keeps a whole number: type it again";
        evidence "核验依据" "Evidence";
        deputy "代理人（姓名或人员编号）" "Who acts for them (name or person id)";
        choose "请选择代理人" "Choose who acts for them";
        sought "都不是？按姓名另找" "None of them? Look for another name";
        nobody "没有找到。请填写完整姓名，或填写人员编号" "nobody was found: type the whole name, or the person id";
        from "代理起始日期" "From";
        until "代理截止日期" "Until";
        no_id "请填写姓名或人员编号" "a name or a person id is needed";
        no_day "请填写日期，例如 2026-12-01" "a day such as 2026-12-01 is needed";
        too_long "截止日期须不早于起始日期，最长 30 天" "it ends no earlier than it begins, and after 30 days at most";
        check "核对" "Check";
    }
}

/// A field as it was typed.
struct Field {
    name: &'static str,
    label: &'static str,
    value: String,
    long: bool,
    matter: Option<String>,
    /// Whom to choose from, by id, where a name was looked for.
    choices: Vec<(String, String)>,
}

impl Field {
    fn new(
        (name, label): (&'static str, &'static str),
        value: String,
        long: bool,
        matter: Option<String>,
    ) -> Self {
        Self { name, label, value, long, matter, choices: Vec::new() }
    }
}

#[derive(Template)]
#[template(path = "staff/draft-mend.html")]
pub(super) struct MendPage {
    f: Frame,
    w: &'static MendWords,
    back: String,
    /// Why it was refused, where that is none of the fields' fault.
    problem: Option<Problem>,
    /// Whether it was signed already.
    signed: bool,
    fields: Vec<Field>,
    /// What stays as it was chosen.
    chosen: Vec<(&'static str, String)>,
}

/// The form again, if something of it cannot be read as it stands, or somebody has the number that
/// was typed.
pub(super) fn mend(f: &Frame, form: &Form, back: &str, taken: Option<String>) -> Option<MendPage> {
    let page = filled(f, form, back, taken);
    page.fields.iter().any(|field| field.matter.is_some()).then_some(page)
}

/// The form again with those who were found by the name of a deputy, by id; it is told if nobody
/// was.
pub(super) fn choosing(
    f: &Frame,
    form: &Form,
    back: &str,
    found: Vec<(String, String)>,
) -> MendPage {
    let mut page = filled(f, form, back, None);
    for field in page.fields.iter_mut().filter(|field| field.name == "deputy") {
        let matter = if found.is_empty() { page.w.nobody } else { page.w.choose };
        (field.matter, field.choices) = (Some(matter.to_owned()), found.clone());
    }
    page
}

impl MendPage {
    fn title(&self) -> &'static str {
        let chooses = self.fields.iter().any(|field| !field.choices.is_empty());
        match (&self.problem, self.signed) {
            (None, _) if chooses => self.w.choose,
            (None, _) => self.w.title,
            (Some(_), false) => self.w.not_checked,
            (Some(_), true) => self.w.not_drafted,
        }
    }

    fn lead(&self) -> &'static str {
        if self.signed { self.w.lead_signed } else { self.w.lead }
    }
}

/// The form again behind a refusal, if anything was typed into it; `signed` says whether that came
/// after its signature.
pub(super) fn again(
    f: &Frame,
    (form, signed): (&Form, bool),
    back: &str,
    problem: &Problem,
) -> Option<MendPage> {
    let page = filled(f, form, back, None);
    let problem = Some(problem.clone());
    (!page.fields.is_empty()).then_some(MendPage { problem, signed, ..page })
}

fn filled(f: &Frame, form: &Form, back: &str, taken: Option<String>) -> MendPage {
    let w = MendWords::of(f.language);
    let named = matches!(form.what.as_str(), "create" | "correct");
    let said = |matter: &dyn core::fmt::Display| {
        let (zh, en) = both(&matter);
        f.language.of_both(zh, en)
    };
    let mut fields = Vec::new();
    let (name, mail, evidence) = (form.name.trim(), form.mail.trim(), one_line(&form.evidence));
    if named {
        let matter = PersonName::read(name).err().map(|error| said(&error));
        let value = name.to_owned();
        fields.push(Field::new(("name", w.name), value, false, matter));
        let matter = Mailbox::read(mail).err().filter(|_| !mail.is_empty());
        let (value, matter) = (mail.to_owned(), matter.map(|error| said(&error)));
        fields.push(Field::new(("mail", w.mail), value, false, matter));
        let number = form.number.trim();
        let read = CitizenNumber::read(number, day_in_beijing(Clock::system().seconds()));
        let matter = read.err().filter(|_| !number.is_empty()).map(|error| said(&error));
        // As a page sent it on that was signed: without its middle.
        let matter = if number.contains('*') { Some(w.number_again.to_owned()) } else { matter };
        let (value, matter) = (number.to_owned(), taken.or(matter));
        fields.push(Field::new(("number", w.number), value, false, matter));
    }
    if form.what == "lend" {
        fields.extend(of_delegation(w, form));
    }
    if !matches!(form.what.as_str(), "letter" | "lend" | "unlend") {
        let matter = check_readable(&evidence, EVIDENCE_CHARS_MAX).err();
        let matter = matter.map(|error| said(&error));
        fields.push(Field::new(("evidence", w.evidence), evidence, true, matter));
    }
    let chosen = match form.what.as_str() {
        "release" => vec![("what", &form.what), ("serial", &form.serial)],
        "lend" => vec![("what", &form.what), ("person", &form.person), ("role", &form.role)],
        _ => vec![("what", &form.what), ("person", &form.person), ("unit", &form.unit)],
    };
    MendPage {
        f: f.clone(),
        w,
        back: back.to_owned(),
        problem: None,
        signed: false,
        fields,
        chosen: chosen.into_iter().map(|(name, value)| (name, value.clone())).collect(),
    }
}

/// Who acts, from when and until when.
fn of_delegation(w: &'static MendWords, form: &Form) -> [Field; 3] {
    let field = |name, label, value: &str, matter: Option<&str>| {
        let value = value.trim().to_owned();
        Field::new((name, label), value, false, matter.map(str::to_owned))
    };
    let (from, until) = (read(&typed_from(&form.from)), read(&typed_until(&form.until)));
    // A name is looked for before this is asked.
    let no_id = form.deputy.trim().is_empty().then_some(w.no_id);
    let no_day = |day: Option<u64>| day.is_none().then_some(w.no_day);
    let long = from.zip(until).is_some_and(|(from, until)| {
        until.checked_sub(from).is_none_or(|lasts| lasts > DELEGATION_SECONDS)
    });
    [
        field("deputy", w.deputy, &form.deputy, no_id),
        field("from", w.from, &form.from, no_day(from)),
        field("until", w.until, &form.until, no_day(until).or(long.then_some(w.too_long))),
    ]
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    use records::Code;
    let form = Form {
        what: "create".into(),
        name: "王㈱".into(),
        mail: "wang@b..cn".into(),
        unit: "sz-office".into(),
        evidence: "<b>看过录用文件".into(),
        ..Form::default()
    };
    let f = Frame::sample(language, "/drafts");
    let page = mend(&f, &form, "/people/new", None).expect("something is the matter");
    let form = Form { name: "王小明".into(), mail: String::new(), ..form };
    let away = Problem::new(Code::Unavailable, "5GPJWBSG64S36D1N".into());
    let kept = |signed| again(&f, (&form, signed), "/people/new", &away);
    let kept = |signed| kept(signed).expect("something was typed").render().unwrap();
    let lent = Form {
        what: "lend".into(),
        person: "0123456789ABCDEG".into(),
        role: "registration-officer@sz-office".into(),
        deputy: "吴".into(),
        from: "2026-12-01".into(),
        until: "2026-12-07".into(),
        ..Form::default()
    };
    let found = [("0123456789ABCDEF", "吴代理"), ("0123456789ABCDEH", "吴二")];
    let found = found.map(|(id, name)| (id.to_owned(), format!("{name} · 政府办公室 [{id}]")));
    let choice = choosing(&f, &lent, "/people/0123456789ABCDEG", found.into());
    vec![
        ("draft-deputy", choice.render().unwrap()),
        ("draft-mend", page.render().unwrap()),
        ("draft-again", kept(false)),
        ("draft-unmade", kept(true)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Language;
    use records::Code;

    /// Whatever the reason, what was typed stands there again, with why it was refused; where
    /// nothing is typed the page of the refusal says as much.
    #[test]
    fn what_was_typed_outlives_a_refusal() {
        let f = Frame::sample(Language::Chinese, "/drafts");
        let away = Problem::new(Code::Unavailable, "5GPJWBSG64S36D1N".into());
        let form = |what: &str| Form {
            what: what.into(),
            person: "0123456789ABCDEF".into(),
            name: "王小明".into(),
            mail: "wang@shangluo.example".into(),
            unit: "sz-office".into(),
            evidence: "看过<b>录用文件".into(),
            serial: "0102".into(),
            deputy: "0123456789ABCDEG".into(),
            role: "registration-officer@sz-office".into(),
            from: "2026-12-01".into(),
            until: "2026-12-07".into(),
            ..Form::default()
        };
        for (what, kept) in [
            ("create", &["王小明", "wang@shangluo.example", "sz-office", "录用文件"][..]),
            ("correct", &["王小明", "wang@shangluo.example", "0123456789ABCDEF"]),
            ("move", &["sz-office", "录用文件"]),
            ("leave", &["0123456789ABCDEF", "录用文件"]),
            ("release", &["0102", "录用文件"]),
            ("lend", &["0123456789ABCDEG", "registration-officer@sz-office", "2026-12-07"]),
        ] {
            for signed in [false, true] {
                let page = again(&f, (&form(what), signed), "/people", &away).unwrap();
                let page = page.render().unwrap();
                for told in kept.iter().chain(&["unavailable", "5GPJWBSG64S36D1N"]) {
                    assert!(page.contains(told), "{what} {told}: {page}");
                }
                assert!(page.contains(&format!("name=\"what\" value=\"{what}\"")), "{page}");
                assert!(!page.contains("<b>录用"), "{page}");
                // Whoever signed hears where to look, and never that nothing was handed in.
                assert_eq!(page.contains("什么都没有提交"), !signed, "{page}");
                assert_eq!(page.contains("请先查看“我的办件”"), signed, "{page}");
            }
        }
        for what in ["letter", "unlend"] {
            assert!(again(&f, (&form(what), true), "/people", &away).is_none(), "{what}");
        }
    }

    /// A page that is signed sends no whole number on; behind a refusal it is asked for again.
    #[test]
    fn a_whole_number_is_sent_on_by_no_page() {
        let form = Form {
            what: "create".into(),
            name: "王小明".into(),
            number: "11010519491231002x".into(),
            ..Form::default()
        };
        let sent = form.fields((2026, 12, 2));
        let sent_number = sent.iter().find(|(name, _)| *name == "number").unwrap();
        assert_eq!(sent_number.1, "110105**********2X");
        let f = Frame::sample(Language::Chinese, "/drafts");
        let away = Problem::new(Code::Unavailable, "5GPJWBSG64S36D1N".into());
        let again = |form: &Form| self::again(&f, (form, true), "/people", &away).unwrap();
        let kept = Form { number: sent_number.1.clone(), ..form.clone() };
        let page = again(&kept).render().unwrap();
        assert!(page.contains("请重新填写"), "{page}");
        let kept = Form { number: String::new(), ..form };
        assert!(!again(&kept).render().unwrap().contains("请重新填写"), "none was typed");
    }

    /// Each field that cannot be read is told with its character, and every field is there again.
    #[test]
    fn what_cannot_be_read_is_mended_on_the_page() {
        let f = Frame::sample(Language::Chinese, "/drafts");
        let typed = |name: &str, mail: &str, evidence: &str| Form {
            what: "create".into(),
            name: name.into(),
            mail: mail.into(),
            unit: "sz-office".into(),
            evidence: evidence.into(),
            ..Form::default()
        };
        assert!(mend(&f, &typed("王小明", "", "看过"), "/", None).is_none());
        for (name, mail, evidence, told) in [
            ("王㈱", "", "看过", "㈱"),
            ("王\u{200b}明", "", "看过", "U+200B"),
            ("王\u{3000}明", "", "看过", "U+3000"),
            ("王（明", "", "看过", "（"),
            ("王/明", "", "看过", "U+002F"),
            ("王小明", "a@b..cn", "看过", "主机名有空的一段"),
            ("王小明", "", "看过\u{202e}", "U+202E"),
        ] {
            let page = mend(&f, &typed(name, mail, evidence), "/", None).unwrap().render().unwrap();
            assert!(page.contains(told), "{told}: {page}");
            assert!(page.contains("sz-office") && page.contains(evidence), "{page}");
        }
        // A delegation: who, from when, until when.
        let lent = |deputy: &str, from: &str, until: &str| Form {
            what: "lend".into(),
            person: "0123456789ABCDEG".into(),
            role: "registration-officer@sz-office".into(),
            deputy: deputy.into(),
            from: from.into(),
            until: until.into(),
            ..Form::default()
        };
        let (deputy, from) = ("0123-4567-89ab-cdef", "2026-12-01");
        assert!(mend(&f, &lent(deputy, from, "2026-12-30"), "/", None).is_none());
        for (deputy, from, until, told) in [
            ("", from, "2026-12-07", "请填写姓名或人员编号"),
            (deputy, "明天", "2026-12-07", "请填写日期"),
            (deputy, from, "2026-11-30", "截止日期须不早于起始日期"),
            (deputy, from, "2027-01-01", "最长 30 天"),
        ] {
            let page = mend(&f, &lent(deputy, from, until), "/", None).unwrap();
            let page = page.render().unwrap();
            assert!(page.contains(told) && page.contains(deputy), "{told}: {page}");
            assert!(page.contains("registration-officer@sz-office"), "{page}");
        }
        // A number with a wrong check character, and one that somebody has.
        let numbered =
            |number: &str| Form { number: number.into(), ..typed("王小明", "", "看过") };
        assert!(mend(&f, &numbered("11010519491231002x"), "/", None).is_none());
        for (number, taken, told) in [
            ("110105194912310021", None, "校验码不符"),
            ("11010519491231002X", Some("已在其他单位登记".to_owned()), "已在其他单位登记"),
        ] {
            let page = mend(&f, &numbered(number), "/", taken).unwrap().render().unwrap();
            assert!(page.contains(told) && page.contains(number), "{told}: {page}");
        }
    }
}
