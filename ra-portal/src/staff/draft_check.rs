//! `POST /drafts/check`: what a handler typed, as approvers will read it, before it is signed by a
//! passkey on this page, or by the handler's own `yinxin`. Nothing is changed here.

use super::certificate::{ReaderCertificate, own_fault};
use super::consequence::{self, ConsequenceView};
use super::decline::one_line;
use super::draft_form::{Form, Typed};
use super::number::{self, TypedNumber};
use super::touch::ToTouch;
use super::{deputy, draft_delegation, draft_mend, draft_release};
use crate::pages::facts;
use crate::pages::facts::{FactItem, lines};
use crate::pages::{Frame, Posted, page, problem, words};
use crate::refusal::{passed_on, refused};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::AsOfficer;
use ca_api::handler::{PersonFacts, PersonQuery, Preview, PreviewRequest};
use portal_api::plain::{self, Fact, NameAndId, field};
use portal_api::roster::day_in_beijing;
use records::draft::DraftStatement;
use records::drafted::{DraftContent, LetterBody, TypedPerson};
use records::number::SealedNumber;
use records::order::{Body, PersonAction};
use records::{Code, Problem};
use service::Clock;
use service::problem::{Refused, status};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use system::random;
use system::speech::Command;

words! {
    CheckWords {
        back "← 返回修改" "← Back, to change it";
        title "核对后签署" "Check, then sign";
        what "签署后由两人审批，您不能审批自己起草的事项；办结前可在“我的办件”中撤回。" "Once you sign, two persons approve it, and you cannot be one of them; until then you can take it back under “My drafts”.";
        what_letter "签署后即制作密码信封，由登记处打印并密封交付。" "Once you sign, the letter is made; the registration office prints it and hands it over sealed.";
        signed "以下内容由您签署" "What you sign";
        facts "审批人员将看到的内容（签发机构推算，不在签名范围内）" "What approvers will read, as the CA works it out; it is not part of what you sign";
        differs "有变化" "differs";
        by_passkey "用通行密钥签署" "Sign with a passkey";
        or_outside "或者在您的电脑上用自己的证书密钥签署：" "Or sign with your certificate key on your own computer:";
        outside "请在您的电脑上用自己的证书密钥签署：" "Sign with your certificate key on your own computer:";
    }
}

#[derive(Template)]
#[template(path = "staff/draft.html")]
pub(super) struct CheckPage {
    f: Frame,
    w: &'static CheckWords,
    back: String,
    letter: bool,
    t: ToTouch,
    /// What approvers would read, as the CA says.
    facts: Vec<FactItem>,
    consequence: Option<ConsequenceView>,
    disclosures: String,
    number_seal: String,
    /// What was typed, for the page that stands there if what was signed is refused.
    typed: Vec<(&'static str, String)>,
    command: String,
}

/// `POST /drafts/check`
pub(super) async fn check(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    Posted(mut form): Posted<Form>,
) -> Response {
    let back = form.back();
    if let Some(text) = deputy::sought(&mut form) {
        return match deputy::choice(&portal, &f, &shown, (&form, &back, text)).await {
            Ok(choice) => page(StatusCode::OK, &choice),
            Err(Refused(told)) => kept(&f, &form, &back, &told),
        };
    }
    if let Some(mended) = draft_mend::mend(&f, &form, &back, None) {
        return page(StatusCode::BAD_REQUEST, &mended);
    }
    let typed = (form.what.as_str(), form.person.as_str(), form.number.as_str());
    let number = match number::asked(&portal, &f, &shown, typed).await {
        Ok(TypedNumber::Free(number)) => number,
        Ok(TypedNumber::Taken(matter)) => {
            return match draft_mend::mend(&f, &form, &back, Some(matter)) {
                Some(mended) => page(StatusCode::CONFLICT, &mended),
                None => problem::page(&f, &refused(Code::NumberRegistered).0, &back),
            };
        }
        Err(Refused(told)) => return kept(&f, &form, &back, &told),
    };
    match checked(&portal, &f, &shown, (form.clone(), number, &back)).await {
        Ok(filled) => {
            let typed = form.fields(day_in_beijing(Clock::system().seconds()));
            page(StatusCode::OK, &CheckPage { typed, ..filled })
        }
        Err(Refused(told)) => kept(&f, &form, &back, &told),
    }
}

/// What was typed again, behind a refusal; or the page of that, where nothing was, and for whoever
/// may not draft at all.
fn kept(f: &Frame, form: &Form, back: &str, told: &Problem) -> Response {
    kept_at(f, (form, false), back, told)
}

/// The same, also where it was signed already.
pub(super) fn kept_at(
    f: &Frame,
    (form, signed): (&Form, bool),
    back: &str,
    told: &Problem,
) -> Response {
    let again = match told.known() {
        Some(code) if own_fault(code) => None,
        _ if form.what.is_empty() => None,
        _ => draft_mend::again(f, (form, signed), back, told),
    };
    match again {
        Some(again) => page(told.known().map_or(StatusCode::SERVICE_UNAVAILABLE, status), &again),
        None => problem::page(f, told, back),
    }
}

async fn checked(
    portal: &PortalState,
    f: &Frame,
    shown: &StaffCertificate,
    (form, number, back): (Form, Option<SealedNumber>, &str),
) -> Result<CheckPage, Refused> {
    let typed = typed(portal, shown, (form, number)).await?;
    let nonce = random::bytes().map_err(|_| refused(Code::Unavailable))?;
    let certificate = Sha256::digest(&shown.certificate.0).into();
    let now = Clock::system().seconds();
    let founding = &portal.trust.founding;
    let statement = typed.drafted.statement(founding, certificate, nonce, now);
    let statement = statement.map_err(|_| refused(Code::Malformed))?;
    let (disclosures, number_seal) = (typed.disclosures.clone(), typed.number_seal.clone());
    let previewing = PreviewRequest { statement, disclosures, number_seal };
    let certificate = shown.certificate.clone();
    let message = AsOfficer { certificate, message: previewing };
    let answer = passed_on(portal.issuer.preview(&message).await);
    let drafted = Some(&typed.drafted);
    let preview = portal.recorded_draft(("preview", &shown.person), drafted, answer).await?;
    let credentials = super::passkeys::usable(portal, shown.certificate.clone()).await?;
    let consequence = match &typed.drafted {
        DraftContent::Person(body) => {
            consequence::told(portal, f, shown, &Body::Person(body.clone())).await
        }
        _ => None,
    };
    let of = (&message.message.statement, preview);
    // What would be shown to approvers is just what is signed, or nothing is.
    let filled = filled(f.clone(), back, typed, of, credentials);
    let filled = filled.ok_or_else(|| refused(Code::OrderAltered))?;
    Ok(CheckPage { consequence, ..filled })
}

/// What was typed, and of what was not typed what is on record.
async fn typed(
    portal: &PortalState,
    shown: &StaffCertificate,
    (form, number): (Form, Option<SealedNumber>),
) -> Result<Typed, Refused> {
    match form.what.as_str() {
        "release" => return draft_release::typed(portal, shown, &form).await,
        "lend" | "unlend" => {
            return draft_delegation::typed(&form).ok_or_else(|| refused(Code::Malformed));
        }
        _ => {}
    }
    let known = match form.person.is_empty() {
        true => None,
        false => {
            let (certificate, person) = (shown.certificate.clone(), form.person.clone());
            let message = AsOfficer { certificate, message: PersonQuery { person } };
            let answer = passed_on(portal.issuer.person(&message).await);
            Some(match form.what == "leave" {
                true => portal.recorded_brake("person", &shown.person, answer).await?,
                false => portal.recorded("person", &shown.person, answer).await?,
            })
        }
    };
    made(form, number, known).ok_or_else(|| refused(Code::Malformed))
}

fn made(form: Form, number: Option<SealedNumber>, known: Option<PersonFacts>) -> Option<Typed> {
    let Form { what, name, mail, unit, profile, .. } = form;
    let evidence = one_line(&form.evidence);
    let (name, mail) = (name.trim().to_owned(), mail.trim().to_owned());
    if what == "letter" {
        let known = known?;
        let person = known.line.person.clone();
        let text = "yinxin draft letter {} --profile {}";
        let command = facts::typed(&Command::new(text, &[&person, &profile]));
        let drafted = DraftContent::Letter(LetterBody { person, profile });
        let (disclosures, unsaid) = (Vec::new(), Vec::new());
        let (number_seal, known) = (None, Some(known));
        return Some(Typed { drafted, disclosures, number_seal, command, unsaid, known });
    }
    let drawn = records::letter::reference(random::bytes().ok()?);
    let (action, known) = match (what.as_str(), known) {
        ("create", None) => (PersonAction::Create, None),
        ("correct" | "move", Some(known)) => (PersonAction::Move, Some(known)),
        ("leave", Some(known)) => (PersonAction::Leave, Some(known)),
        _ => return None,
    };
    let person = known.as_ref().map_or("", |known| known.line.person.as_str());
    let mut command = person_command(&what, person, [&name, &mail, &unit, &evidence]);
    // The number itself is asked for on their own computer, and is read on no page.
    command.push_str(if number.is_some() { " --number" } else { "" });
    let kept = known.as_ref();
    let corrects = what == "correct" || kept.is_none();
    let mut unsaid: Vec<&'static str> = kept.map(|_| field::VERSION).into_iter().collect();
    let mut record =
        |typed: &str, (held, name): (RecordField, &'static str), takes: bool| match kept {
            Some(kept) if !takes => {
                unsaid.push(name);
                held(kept).to_owned()
            }
            _ => typed.to_owned(),
        };
    let (name, mail, unit) = (
        record(&name, (|kept| &kept.line.name, field::NAME), corrects),
        record(&mail, (|kept| &kept.mail, field::MAIL), corrects),
        record(&unit, (|kept| &kept.line.unit, field::UNIT), what == "move" || what == "create"),
    );
    let held = kept.and_then(|kept| kept.number.clone());
    unsaid.extend((held.is_some() && number.is_none()).then_some(field::NUMBER));
    let digest = number.as_ref().map(|number| number.digest.clone()).or(held);
    let typed = TypedPerson {
        action,
        person: kept.map_or(&drawn, |kept| &kept.line.person),
        version: kept.map_or(1, |kept| kept.version + 1),
        unit: &unit,
        name: &name,
        mail: &mail,
        number: digest.as_ref(),
        evidence: &evidence,
    };
    let salts = [random::bytes().ok()?, random::bytes().ok()?, random::bytes().ok()?];
    let (body, disclosures) = typed.body(salts).ok()?;
    let (drafted, number_seal) = (DraftContent::Person(body), number.map(|number| number.seal));
    Some(Typed { drafted, disclosures, number_seal, command, unsaid, known: None })
}

/// A field of the record that is held.
type RecordField = fn(&PersonFacts) -> &str;

/// The command that drafts the same.
fn person_command(what: &str, person: &str, typed: [&str; 4]) -> String {
    let [name, mail, unit, evidence] = typed;
    let command = match what {
        "create" => Command::new(
            "yinxin draft person create --name {} --unit {} --mail {} --evidence {}",
            &[name, unit, mail, evidence],
        ),
        "correct" => Command::new(
            "yinxin draft person correct {} --name {} --mail {} --evidence {}",
            &[person, name, mail, evidence],
        ),
        "move" => Command::new(
            "yinxin draft person move {} --unit {} --evidence {}",
            &[person, unit, evidence],
        ),
        _ => Command::new("yinxin draft person leave {} --evidence {}", &[person, evidence]),
    };
    facts::typed(&command)
}

pub(super) fn filled(
    f: Frame,
    back: &str,
    typed: Typed,
    (statement, preview): (&DraftStatement, Preview),
    credentials: String,
) -> Option<CheckPage> {
    let facts = match &typed.known {
        Some(known) => of_letter(known),
        None => plain::facts_unsigned(&preview.shown(statement)?),
    };
    let of = (statement, typed.disclosures.as_slice());
    Some(CheckPage {
        w: CheckWords::of(f.language),
        t: ToTouch::draft(f.language, of, &typed.unsaid, credentials)?,
        facts: lines(f.language, facts),
        f,
        back: back.to_owned(),
        consequence: None,
        letter: typed.known.is_some(),
        typed: Vec::new(),
        disclosures: serde_json::to_string(&typed.disclosures).ok()?,
        number_seal: typed.number_seal.map(|seal| seal.to_string()).unwrap_or_default(),
        command: typed.command,
    })
}

/// Whose letter it is, by the names that the register has.
fn of_letter(known: &PersonFacts) -> Vec<Fact> {
    let line = &known.line;
    let named =
        |name: &str, id: &str| NameAndId { name: Some(name.into()), id: id.into(), unit: None };
    vec![
        Fact::new(("证书持有人", "for whom"), named(&line.name, &line.person)),
        Fact::new(("单位", "unit"), named(&line.unit_name, &line.unit)),
    ]
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let known = super::person::sample_facts("王<b>\u{202e}", false);
    let of_letter = |credentials: &str| {
        let form = Form { what: "letter".into(), profile: "official".into(), ..Form::default() };
        let typed = made(form, None, Some(known.clone())).unwrap();
        let preview = Preview { order: None, disclosures: Vec::new() };
        let f = Frame::sample(language, "/drafts");
        let back = "/people/0123456789ABCDEF";
        let founding = records::Bytes::from([1; 32]);
        let said = typed.drafted.statement(&founding, [2; 32], [3; 16], 1_795_507_200).unwrap();
        let mut page = filled(f, back, typed, (&said, preview), credentials.into()).unwrap();
        page.consequence = match credentials.is_empty() {
            true => consequence::sample(language, false),
            false => None,
        };
        page.render().unwrap()
    };
    vec![("draft-check", of_letter("AAAA")), ("draft-check-outside", of_letter(""))]
}
