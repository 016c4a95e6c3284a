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
use records::commitment::EVIDENCE_CHARS_MAX;
use service::Clock;

words! {
    MendWords {
        back "← 放弃修改" "← Leave it";
        title "请更正后再核对" "Mend it, then check it";
        lead "什么都没有提交，填写的内容都在下面。" "Nothing was handed in, and what you typed is below.";
        name "姓名" "Name";
        mail "邮箱" "Mail";
        number "证件号" "Identity number";
        evidence "核验依据" "Evidence";
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
}

#[derive(Template)]
#[template(path = "staff/draft-mend.html")]
pub(super) struct MendPage {
    f: Frame,
    w: &'static MendWords,
    back: String,
    fields: Vec<Field>,
    /// What stays as it was chosen.
    chosen: Vec<(&'static str, String)>,
}

/// The form again, if something of it cannot be read
/// as it stands, or somebody has the number that was typed.
pub(super) fn mend(f: &Frame, form: &Form, back: &str, taken: Option<String>) -> Option<MendPage> {
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
        fields.push(Field { name: "name", label: w.name, value, long: false, matter });
        let matter = Mailbox::read(mail).err().filter(|_| !mail.is_empty());
        let (value, matter) = (mail.to_owned(), matter.map(|error| said(&error)));
        fields.push(Field { name: "mail", label: w.mail, value, long: false, matter });
        let number = form.number.trim();
        let read = CitizenNumber::read(number, day_in_beijing(Clock::system().seconds()));
        let matter = read.err().filter(|_| !number.is_empty()).map(|error| said(&error));
        let (value, matter) = (number.to_owned(), taken.or(matter));
        fields.push(Field { name: "number", label: w.number, value, long: false, matter });
    }
    if !matches!(form.what.as_str(), "letter" | "lend" | "unlend") {
        let matter = check_readable(&evidence, EVIDENCE_CHARS_MAX).err();
        let matter = matter.map(|error| said(&error));
        let value = evidence;
        fields.push(Field { name: "evidence", label: w.evidence, value, long: true, matter });
    }
    let chosen = match form.what.as_str() {
        "release" => vec![("what", &form.what), ("serial", &form.serial)],
        _ => vec![("what", &form.what), ("person", &form.person), ("unit", &form.unit)],
    };
    let page = MendPage {
        f: f.clone(),
        w,
        back: back.to_owned(),
        fields,
        chosen: chosen.into_iter().map(|(name, value)| (name, value.clone())).collect(),
    };
    page.fields.iter().any(|field| field.matter.is_some()).then_some(page)
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
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
    vec![("draft-mend", page.render().unwrap())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Language;

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
