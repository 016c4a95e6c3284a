//! Who acts for somebody on leave, as a handler or an officer types it: by person id, or by name.
//! Of those who have the name, the same form offers a choice, each with unit and id: no name picks
//! somebody by itself.

use super::draft_form::Form;
use super::draft_mend::{self, MendPage};
use crate::pages::{Frame, show};
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use ca_api::handler::PersonLine;
use ca_api::{AsOfficer, OfficerSearch};
use records::Code;
use records::letter::read_reference;
use service::problem::Refused;

/// What is looked for: what was typed last, where that is no person id.
pub(super) fn sought(form: &mut Form) -> Option<String> {
    if form.what != "lend" {
        return None;
    }
    let other = core::mem::take(&mut form.sought);
    if !other.trim().is_empty() {
        form.deputy = other;
    }
    let typed = form.deputy.trim();
    (!typed.is_empty() && read_reference(typed).is_none()).then(|| typed.to_owned())
}

/// The form again with those who were found.
pub(super) async fn choice(
    portal: &PortalState,
    f: &Frame,
    shown: &StaffCertificate,
    (form, back, text): (&Form, &str, String),
) -> Result<MendPage, Refused> {
    let sought = OfficerSearch { text, after: String::new() };
    let message = AsOfficer { certificate: shown.certificate.clone(), message: sought };
    let answer = passed_on(portal.issuer.people(&message).await);
    let found = match portal.recorded("people", &shown.person, answer).await {
        Ok(found) => found.lines,
        // What cannot be a name is nobody's.
        Err(Refused(told)) if told.known() == Some(Code::Malformed) => Vec::new(),
        Err(refusal) => return Err(refusal),
    };
    Ok(draft_mend::choosing(f, form, back, choices(&found, &form.person)))
}

/// Whom the form offers, by id: everybody but whoever is on leave.
fn choices(found: &[PersonLine], absent: &str) -> Vec<(String, String)> {
    let others = found.iter().filter(|line| line.person != absent);
    let named = |line: &PersonLine| {
        let words = format!("{} · {} [{}]", line.name, line.unit_name, line.person);
        (line.person.clone(), show::harmless(&words))
    };
    others.map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Language;
    use askama::Template;

    fn lent(deputy: &str, sought: &str) -> Form {
        Form {
            what: "lend".into(),
            person: "0123456789ABCDEG".into(),
            role: "registration-officer@sz-office".into(),
            deputy: deputy.into(),
            sought: sought.into(),
            from: "2026-12-01".into(),
            until: "2026-12-07".into(),
            ..Form::default()
        }
    }

    /// An id is taken as it is; a name is looked for, and what is typed beside a choice counts.
    #[test]
    fn a_deputy_is_typed_by_name_or_by_id() {
        for (deputy, typed, wanted) in [
            ("0123-4567-89ab-cdef", "", None),
            ("", "", None),
            (" 吴代理 ", "", Some("吴代理")),
            ("0123456789ABCDEF", "吴代理", Some("吴代理")),
            ("吴代理", "0123456789ABCDEF", None),
        ] {
            let mut form = lent(deputy, typed);
            assert_eq!(sought(&mut form).as_deref(), wanted, "{deputy} {typed}");
            assert!(form.sought.is_empty(), "{deputy} {typed}");
        }
        let mut other = Form { what: "move".into(), ..lent("吴代理", "") };
        assert!(sought(&mut other).is_none(), "nobody acts there");
    }

    /// Those of one name are told apart, nobody is chosen beforehand, and nothing typed is lost.
    #[test]
    fn those_of_one_name_are_offered_with_unit_and_id() {
        let line = |person: &str, name: &str| PersonLine {
            person: person.into(),
            name: name.into(),
            unit: "sz-office".into(),
            unit_name: "商州区 › 政府办公室".into(),
            certificates: 1,
            letter: false,
        };
        let (one, two) = ("0123456789ABCDEF", "0123456789ABCDEH");
        let found =
            [line(one, "吴代理"), line(two, "吴<b>\u{202e}"), line("0123456789ABCDEG", "吴休假")];
        let f = Frame::sample(Language::Chinese, "/drafts");
        let form = lent("吴", "");
        let offered = choices(&found, &form.person);
        assert_eq!(offered.len(), 2, "whoever is on leave acts for nobody: {offered:?}");
        let page = draft_mend::choosing(&f, &form, "/people", offered).render().unwrap();
        for shown in [
            "value=\"0123456789ABCDEF\"",
            "value=\"0123456789ABCDEH\"",
            "吴代理 · 商州区 › 政府办公室 [0123456789ABCDEF]",
            "value=\"2026-12-07\"",
            "registration-officer@sz-office",
            "name=\"sought\"",
        ] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert!(!page.contains("\" checked") && !page.contains("<b>"), "{page}");
        let none = draft_mend::choosing(&f, &form, "/people", Vec::new()).render().unwrap();
        assert!(none.contains("没有找到") && none.contains("value=\"吴\""), "{none}");
    }
}
