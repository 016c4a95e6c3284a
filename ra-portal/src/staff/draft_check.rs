//! `POST /drafts/check`: what a handler typed, as approvers will read it, before it is signed by a
//! passkey on this page, or by the handler's own `yinxin`. Nothing is changed here.

use super::certificate::Shown;
use super::consequence::{self, ConsequenceView};
use super::decline::one_line;
use super::facts::{Line, lines, quoted};
use crate::pages::{Frame, Posted, page, problem, show, words};
use crate::refusal::{passed_on, refused};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::AsOfficer;
use ca_api::handler::{PersonFacts, Preview, Previewing, WantedPerson};
use portal_api::plain::{self, Fact, Said};
use records::draft::Draft;
use records::drafted::{Drafted, LetterBody, TypedPerson};
use records::export::ShownOrder;
use records::order::{Body, PersonAction};
use records::{Bytes, Code, Disclosure, json};
use serde::Deserialize;
use service::Clock;
use service::problem::Refused;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use system::random;

words! {
    CheckWords {
        back "← 返回修改" "← Back, to change it";
        title "核对后签署" "Check, then sign";
        what "以下即审批人将看到的内容。签署后由两人审批，您不能审批自己起草的事项；办结前可在“我的办件”中撤回。" "This is what approvers will read. Once you sign, two persons approve it, and you cannot be one of them; until then you can take it back under “My drafts”.";
        what_letter "签署后即制作密码信封，由登记处打印并密封交付。" "Once you sign, the letter is made; the registration office prints it and hands it over sealed.";
        facts "将要签署的内容" "What you sign";
        differs "有变化" "differs";
        by_passkey "用通行密钥签署" "Sign with a passkey";
        or_outside "或者在您的电脑上用自己的证书密钥签署：" "Or sign with your certificate key on your own computer:";
        outside "请在您的电脑上用自己的证书密钥签署：" "Sign with your certificate key on your own computer:";
        refused "没有签署：浏览器或安全密钥拒绝了，或者操作超时。请重试。" "It was not signed: the browser or the security key refused, or it took too long. Try again.";
    }
}

/// What the page sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Form {
    /// `create`, `correct`, `move`, `leave` or `letter`.
    what: String,
    person: String,
    name: String,
    mail: String,
    unit: String,
    evidence: String,
    profile: String,
}

#[derive(Template)]
#[template(path = "staff/draft.html")]
struct CheckPage {
    f: Frame,
    w: &'static CheckWords,
    back: String,
    letter: bool,
    facts: Vec<Line>,
    consequence: Option<ConsequenceView>,
    statement: String,
    disclosures: String,
    challenge: String,
    credentials: String,
    command: String,
}

/// A draft as it was typed, complete.
struct Typed {
    drafted: Drafted,
    disclosures: Vec<Disclosure>,
    command: String,
    /// Who it is, for a letter, of which there is no order.
    known: Option<PersonFacts>,
}

/// `POST /drafts/check`
pub(super) async fn check(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Shown(shown): Shown,
    Posted(form): Posted<Form>,
) -> Response {
    let back = match form.person.is_empty() {
        true => "/people/new".to_owned(),
        false => format!("/people/{}", show::escaped(&form.person)),
    };
    match checked(&portal, &f, &shown, (form, &back)).await {
        Ok(filled) => page(StatusCode::OK, &filled),
        Err(Refused(told)) => problem::page(&f, &told, &back),
    }
}

async fn checked(
    portal: &PortalState,
    f: &Frame,
    shown: &StaffCertificate,
    (form, back): (Form, &str),
) -> Result<CheckPage, Refused> {
    let typed = typed(portal, shown, form).await?;
    let nonce = random::bytes().map_err(|_| refused(Code::Unavailable))?;
    let certificate = Sha256::digest(&shown.certificate.0).into();
    let now = Clock::system().seconds();
    let founding = &portal.trust.founding;
    let statement = typed.drafted.statement(founding, certificate, nonce, now);
    let statement = statement.map_err(|_| refused(Code::Malformed))?;
    let previewing = Previewing { statement, disclosures: typed.disclosures.clone() };
    let certificate = shown.certificate.clone();
    let message = AsOfficer { certificate, message: previewing };
    let answer = passed_on(portal.issuer.preview(&message).await);
    let preview = portal.recorded("preview", &shown.person, answer).await?;
    let credentials = super::review::usable(portal, shown.certificate.clone()).await;
    let bytes = json::write(&message.message.statement).map_err(|_| refused(Code::Malformed))?;
    let consequence = match &typed.drafted {
        Drafted::Person(body) => {
            consequence::told(portal, f, shown, &Body::Person(body.clone())).await
        }
        Drafted::Letter(_) => None,
    };
    let filled = filled(f.clone(), back, typed, (preview, bytes), credentials);
    let filled = filled.ok_or_else(|| refused(Code::Malformed))?;
    Ok(CheckPage { consequence, ..filled })
}

/// What was typed, and of what was not typed what is on record.
async fn typed(
    portal: &PortalState,
    shown: &StaffCertificate,
    form: Form,
) -> Result<Typed, Refused> {
    let known = match form.person.is_empty() {
        true => None,
        false => {
            let (certificate, person) = (shown.certificate.clone(), form.person.clone());
            let message = AsOfficer { certificate, message: WantedPerson { person } };
            let answer = passed_on(portal.issuer.person(&message).await);
            Some(portal.recorded("person", &shown.person, answer).await?)
        }
    };
    made(form, known).ok_or_else(|| refused(Code::Malformed))
}

fn made(form: Form, known: Option<PersonFacts>) -> Option<Typed> {
    let Form { what, name, mail, unit, profile, .. } = form;
    let evidence = one_line(&form.evidence);
    let (name, mail) = (name.trim().to_owned(), mail.trim().to_owned());
    if what == "letter" {
        let known = known?;
        let person = known.line.person.clone();
        let command = format!("yinxin draft letter {person} --profile {}", quoted(&profile));
        let drafted = Drafted::Letter(LetterBody { person, profile });
        return Some(Typed { drafted, disclosures: Vec::new(), command, known: Some(known) });
    }
    let drawn = records::letter::reference(random::bytes().ok()?);
    let (action, known) = match (what.as_str(), known) {
        ("create", None) => (PersonAction::Create, None),
        ("correct" | "move", Some(known)) => (PersonAction::Move, Some(known)),
        ("leave", Some(known)) => (PersonAction::Leave, Some(known)),
        _ => return None,
    };
    let person = known.as_ref().map_or("", |known| known.line.person.as_str());
    let command = person_command(&what, person, [&name, &mail, &unit, &evidence]);
    let kept = known.as_ref();
    let corrects = what == "correct" || kept.is_none();
    let record = |typed: &str, held: fn(&PersonFacts) -> &str, takes: bool| match kept {
        Some(kept) if !takes => held(kept).to_owned(),
        _ => typed.to_owned(),
    };
    let (name, mail, unit) = (
        record(&name, |kept| &kept.line.name, corrects),
        record(&mail, |kept| &kept.mail, corrects),
        record(&unit, |kept| &kept.line.unit, what == "move" || what == "create"),
    );
    let typed = TypedPerson {
        action,
        person: kept.map_or(&drawn, |kept| &kept.line.person),
        version: kept.map_or(1, |kept| kept.version + 1),
        unit: &unit,
        name: &name,
        mail: &mail,
        evidence: &evidence,
    };
    let salts = [random::bytes().ok()?, random::bytes().ok()?, random::bytes().ok()?];
    let (body, disclosures) = typed.body(salts).ok()?;
    Some(Typed { drafted: Drafted::Person(body), disclosures, command, known: None })
}

/// The command that drafts the same.
fn person_command(what: &str, person: &str, typed: [&str; 4]) -> String {
    let [name, mail, unit, evidence] = typed.map(quoted);
    match what {
        "create" => format!(
            "yinxin draft person create --name {name} --unit {unit} --mail {mail} \
             --evidence {evidence}"
        ),
        "correct" => format!(
            "yinxin draft person correct {person} --name {name} --mail {mail} --evidence {evidence}"
        ),
        "move" => {
            format!("yinxin draft person move {person} --unit {unit} --evidence {evidence}")
        }
        _ => format!("yinxin draft person leave {person} --evidence {evidence}"),
    }
}

fn filled(
    f: Frame,
    back: &str,
    typed: Typed,
    (preview, statement): (Preview, Vec<u8>),
    credentials: String,
) -> Option<CheckPage> {
    let facts = match (preview.order, &typed.known) {
        (Some(order), _) => {
            let shown = ShownOrder::unsigned(order, preview.disclosures).ok()?;
            plain::facts_unsigned(&shown)
        }
        (None, Some(known)) => of_letter(known, &typed.drafted),
        (None, None) => return None,
    };
    Some(CheckPage {
        w: CheckWords::of(f.language),
        facts: lines(f.language, facts),
        f,
        back: back.to_owned(),
        consequence: None,
        letter: typed.known.is_some(),
        challenge: Bytes::from(Draft::challenge(&statement)).to_string(),
        statement: Bytes(statement).to_string(),
        disclosures: serde_json::to_string(&typed.disclosures).ok()?,
        credentials,
        command: typed.command,
    })
}

fn of_letter(known: &PersonFacts, drafted: &Drafted) -> Vec<Fact> {
    let fact = |zh: &str, en: &str, value: String| Fact {
        term: Said { zh: zh.into(), en: en.into() },
        value: Said { zh: value.clone(), en: value },
        differs: false,
        lines: Vec::new(),
    };
    let profile = match drafted {
        Drafted::Letter(body) => body.profile.clone(),
        Drafted::Person(_) => String::new(),
    };
    let line = &known.line;
    vec![
        fact("证书持有人", "for whom", format!("{} ({})", line.name, line.person)),
        fact("单位", "unit", format!("{} ({})", line.unit_name, line.unit)),
        fact("证书模板", "profile", profile),
    ]
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let known = super::person::sample_facts("王<b>\u{202e}", false);
    let of_letter = |credentials: &str| {
        let form = Form { what: "letter".into(), profile: "official".into(), ..Form::default() };
        let typed = made(form, Some(known.clone())).unwrap();
        let preview = Preview { order: None, disclosures: Vec::new() };
        let f = Frame::sample(language, "/drafts");
        let back = "/people/0123456789ABCDEF";
        let mut page = filled(f, back, typed, (preview, Vec::new()), credentials.into()).unwrap();
        page.challenge = "AAAA".into();
        page.consequence = credentials.is_empty().then(|| consequence::sample(language, false));
        page.render().unwrap()
    };
    vec![("draft-check", of_letter("AAAA")), ("draft-check-outside", of_letter(""))]
}
