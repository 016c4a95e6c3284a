//! A roster: `GET /people/roster` asks for a file, `POST /people/roster` checks it row by row and
//! shows what is wrong, or everybody whom it names, to be signed once. The CA checks all of it
//! again. Of a file that is refused nothing is kept: what can be corrected stands in the page.

mod file;

use super::certificate::{self, ReaderCertificate};
use super::new_statement::NewStatement;
use super::number;
use super::table_text::as_text;
use super::touch::ToTouch;
use crate::pages::facts::lines;
use crate::pages::upload::Uploaded;
use crate::pages::{Frame, FromPath, page, problem, show, words};
use crate::refusal::{passed_on, refused, unreadable};
use crate::rosters::{BesideRow, CheckedMany, ManySort};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use ca_api::handler::UnitLine;
use ca_api::{AsOfficer, OfficerSearch};
use file::{Checked, TOLD_MAX, checked};
use page::Marked;
use pki::name::check_readable;
use portal_api::plain;
use portal_api::roster::{RosterDraft, RosterEntry, day_in_beijing, template};
use records::commitment::EVIDENCE_CHARS_MAX;
use records::draft::{DraftStatement, ManyRow};
use records::number::SealedNumber;
use records::{Code, Problem};
use service::Clock;
use service::problem::{Refused, status};
use std::sync::Arc;
use system::random;

words! {
    RosterWords {
        back "← 返回人员" "← Back to people";
        to_roster "← 返回名册" "← Back to the roster";
        title "批量新增人员" "Many new people";
        lead "上传本单位（含下级单位）的人员名册，逐行核对无误后签署一次，由两人审批。" "Send a roster of your units. Every row is checked; you sign once, and two persons approve.";
        template "下载模板" "Get the template";
        excel "Excel（.xlsx）" "Excel (.xlsx)";
        csv "逗号分隔（.csv）" "Comma-separated (.csv)";
        file "名册文件" "Roster";
        file_hint ".xlsx 或 .csv（UTF-8、GB18030），最多 5000 行、4 MB" ".xlsx or .csv (UTF-8, GB18030), 5,000 rows and 4 MB at most";
        evidence "核验依据" "What you looked at";
        evidence_hint "适用于未单独填写依据的各行，审批人员会看到" "For rows that do not say it themselves; approvers read it";
        go "核对" "Check";
        wrong "名册有误，没有保存任何内容" "The roster is not right; nothing was kept";
        wrong_lead "请在下面改正后重新核对，或改好文件后重新上传。" "Correct it below and check it again, or mend the file and send it again.";
        more "还有其他行有误。" "More rows are wrong.";
        rows "名册内容（可直接修改）" "The roster (you can change it here)";
        again "重新核对" "Check again";
        check_title "核对后签署" "Check, then sign";
        check_lead "以下人员将提交审批，您不能审批自己起草的事项。证件号已核对，在册人员中无人登记；号码不作保存，只保存密钥摘要。" "These people go to approval, and you cannot be one of the approvers. Nobody of the city has one of these identity numbers; of a number only a keyed digest is kept.";
        signed "以下内容由您签署" "What you sign";
        row "行" "Row";
        number "证件号（不签署、不保存）" "Identity number (not signed, not kept)";
        unit "单位名称（不签署）" "Name of the unit (not signed)";
        by_passkey "用通行密钥签署" "Sign with a passkey";
        outside "您还没有可用的通行密钥，或名册超过 200 人；请在您的电脑上用命令行工具 yinxin 和自己的证书密钥签署。" "You have no passkey that counts yet, or these are more than 200 people. The yinxin command line signs the same with your certificate key, on your own computer.";
    }
}

#[derive(Template)]
#[template(path = "staff/roster.html")]
struct RosterPage {
    f: Frame,
    w: &'static RosterWords,
    /// Why nothing was checked, where that is not the roster's fault.
    problem: Option<Problem>,
    /// What is wrong, in words.
    wrong: Vec<String>,
    more: bool,
    /// The rows as text, where some of them are wrong.
    text: Option<String>,
    evidence: String,
}

/// A person of the roster: everything that is signed of them, and behind it what is not.
struct RosterItem {
    number: usize,
    signed: Vec<Marked>,
    identity: String,
    unit: String,
}

#[derive(Template)]
#[template(path = "staff/roster-check.html")]
pub(super) struct CheckPage {
    f: Frame,
    w: &'static RosterWords,
    /// What is signed of each row.
    terms: Vec<String>,
    rows: Vec<RosterItem>,
    /// What is signed of all of it.
    t: ToTouch,
}

/// `GET /people/roster`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
) -> Response {
    match units(&portal, &shown).await {
        Ok(_) => page(StatusCode::OK, &asked(f, Vec::new(), None, String::new())),
        Err(Refused(told)) => certificate::not_seen(&f, &portal, &told),
    }
}

fn asked(f: Frame, mut wrong: Vec<String>, text: Option<String>, evidence: String) -> RosterPage {
    let more = wrong.len() > TOLD_MAX;
    wrong.truncate(TOLD_MAX);
    RosterPage { w: RosterWords::of(f.language), f, problem: None, wrong, more, text, evidence }
}

/// `GET /people/roster/{template}`: a file to fill in.
pub(super) async fn template_file(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    FromPath(name): FromPath<String>,
) -> Response {
    let (kind, bytes) = match name.as_str() {
        "template.xlsx" => (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            template::workbook(),
        ),
        "template.csv" => ("text/csv; charset=utf-8", template::csv().into_bytes()),
        _ => return problem::page(&f, &refused(Code::NotFound).0, "/people/roster"),
    };
    portal.metrics.count("template", "done");
    let named = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, named)], bytes)
        .into_response()
}

/// Units that the handler handles.
async fn units(portal: &PortalState, shown: &StaffCertificate) -> Result<Vec<UnitLine>, Refused> {
    // Nobody has a name like this: only the units are wanted.
    let sought = OfficerSearch { text: "-".into(), after: String::new() };
    let message = AsOfficer { certificate: shown.certificate.clone(), message: sought };
    let answer = passed_on(portal.issuer.people(&message).await);
    let units = portal.recorded("people", &shown.person, answer).await?.units;
    if units.is_empty() { Err(refused(Code::NotYourRoute)) } else { Ok(units) }
}

/// `POST /people/roster`
pub(super) async fn upload(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    Uploaded(mut fields): Uploaded,
) -> Response {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_default();
    let evidence = super::decline::one_line(&text(fields.remove("evidence").unwrap_or_default()));
    let matter = check_readable(&evidence, EVIDENCE_CHARS_MAX).err();
    let beside = matter.map(|matter| {
        let told = unreadable(("核验依据", "The evidence"), &matter).0;
        (told.zh, told.en)
    });
    let (rows, file) = (fields.remove("rows"), fields.remove("file"));
    let file = file.filter(|file| !file.is_empty());
    // What was typed on the page is typed again by nobody.
    let typed = rows.clone().filter(|_| file.is_none()).map(text);
    let bytes = file.or(rows).unwrap_or_default();
    let units = match units(&portal, &shown).await {
        Ok(units) => units,
        Err(Refused(told)) if told.known() == Some(Code::Unavailable) => {
            return kept(f, told, typed, evidence);
        }
        Err(Refused(told)) => return certificate::not_seen(&f, &portal, &told),
    };
    let Some(turn) = portal.rosters.turn(&shown.person, false).await else {
        return kept(f, refused(Code::Unavailable).0, typed, evidence);
    };
    let now = Clock::system().seconds();
    let handled = units.clone();
    // A file of the largest size takes a second of one core: not one that others wait for. Its turn
    // is over when it is checked, also where whoever sent it went away.
    let checking = move || {
        let _turn = turn;
        checked(&bytes, &handled, day_in_beijing(now))
    };
    let checked = tokio::task::spawn_blocking(checking).await;
    let checked = checked.unwrap_or_else(|_| Checked::Wrong(Vec::new(), None));
    let (entries, table) = match (checked, beside) {
        (Checked::Right(entries, table), None) => (entries, table),
        // What was sent is shown again, so that nothing of it has to be filled in twice.
        (Checked::Right(_, table), Some(said)) => {
            return wrong(&portal, f, (vec![said], Some(as_text(&table))), evidence);
        }
        (Checked::Wrong(mut said, rows), beside) => {
            if let Some(more) = beside {
                said.insert(0, more);
            }
            return wrong(&portal, f, (said, rows), evidence);
        }
    };
    let numbers = match number::of_roster(&portal, &shown, &entries).await {
        Ok(Ok(numbers)) => numbers,
        Ok(Err(said)) => return wrong(&portal, f, (said, Some(as_text(&table))), evidence),
        Err(Refused(told)) => return kept(f, told, Some(as_text(&table)), evidence),
    };
    match filled(&portal, &f, &shown, ((&entries, &numbers), &evidence, &units)).await {
        Ok(filled) => page(StatusCode::OK, &filled),
        Err(Refused(told)) => kept(f, told, Some(as_text(&table)), evidence),
    }
}

/// What was sent again, behind a refusal that is none of its rows' fault.
fn kept(f: Frame, told: Problem, rows: Option<String>, evidence: String) -> Response {
    let code = told.known().map_or(StatusCode::SERVICE_UNAVAILABLE, status);
    let problem = Some(told);
    page(code, &RosterPage { problem, ..asked(f, Vec::new(), rows, evidence) })
}

/// What is wrong with a file, and its rows to be corrected.
fn wrong(
    portal: &PortalState,
    f: Frame,
    (said, rows): (Vec<(String, String)>, Option<String>),
    evidence: String,
) -> Response {
    portal.metrics.count("roster", "refused");
    let wrong = said.into_iter().map(|(zh, en)| f.language.of_both(zh, en));
    let wrong = wrong.map(|said| show::harmless(&said)).collect();
    page(StatusCode::UNPROCESSABLE_ENTITY, &asked(f, wrong, rows, evidence))
}

async fn filled(
    portal: &PortalState,
    f: &Frame,
    shown: &StaffCertificate,
    (numbered, evidence, units): ((&[RosterEntry], &[SealedNumber]), &str, &[UnitLine]),
) -> Result<CheckPage, Refused> {
    let draw = || random::bytes().ok();
    let draft = RosterDraft::of(numbered, evidence, draw);
    let draft = draft.ok_or_else(|| refused(Code::Unavailable))?;
    to_sign(portal, f, shown, Arc::new(of_people(draft, numbered.0, units))).await
}

/// A roster that was checked, with what stands beside its rows.
fn of_people(draft: RosterDraft, entries: &[RosterEntry], units: &[UnitLine]) -> CheckedMany {
    let named = |id: &str| {
        let unit = units.iter().find(|unit| unit.unit == id);
        show::harmless(unit.map_or(id, |unit| unit.name.as_str()))
    };
    let beside = |entry: &RosterEntry| BesideRow {
        number: entry.row,
        identity: entry.number.to_string(),
        known: named(&entry.unit),
        unsaid: Vec::new(),
    };
    let beside = entries.iter().map(beside).collect();
    CheckedMany { sort: ManySort::People, draft, beside }
}

/// The page where all of it is signed under a new statement, which waits from now on.
pub(super) async fn to_sign(
    portal: &PortalState,
    f: &Frame,
    shown: &StaffCertificate,
    checked: Arc<CheckedMany>,
) -> Result<CheckPage, Refused> {
    let new = NewStatement::draw(portal, shown, &checked).await?;
    let filled = signed(f, (&new.said, &checked), new.credentials.clone());
    let filled = filled.ok_or_else(|| refused(Code::Unavailable))?;
    new.wait(portal, shown, checked)?;
    Ok(filled)
}

/// Everything that is signed, row by row, made from just that.
fn signed(
    f: &Frame,
    (said, checked): (&DraftStatement, &CheckedMany),
    credentials: String,
) -> Option<CheckPage> {
    let language = f.language;
    let rows = &checked.draft.rows;
    let facts = |row: &ManyRow| lines(language, plain::about_row(said, row, &[]));
    let row = |(beside, row): (&BesideRow, &ManyRow)| RosterItem {
        number: beside.number,
        signed: facts(row).into_iter().map(|line| line.value).collect(),
        identity: beside.identity.clone(),
        unit: beside.known.clone(),
    };
    let terms = rows.first().map(facts).unwrap_or_default();
    Some(CheckPage {
        w: RosterWords::of(language),
        f: f.clone(),
        terms: terms.into_iter().map(|line| line.term).collect(),
        rows: checked.beside.iter().zip(rows).map(row).collect(),
        t: ToTouch::many(language, (said, rows), credentials)?,
    })
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let f = || Frame::sample(language, "/people/roster");
    let text = "姓名,证件号,单位,邮箱,核验依据\n<b>陈一</b>,1,sz-office,,\n";
    let units = [UnitLine { unit: "sz-office".into(), name: "商州区政府办公室".into() }];
    let Checked::Wrong(said, rows) = checked(text.as_bytes(), &units, (2026, 12, 1)) else {
        unreachable!("the row is wrong")
    };
    let wrong = said.into_iter().map(|(zh, en)| language.of_both(zh, en)).collect();
    let text = "姓名,证件号,单位,邮箱,核验依据\n\
        陈一,11010519491231002X,sz-office,,\n\
        陈二,611002199001010015,sz-office,chen@example.com,<b>局长已核实</b>\n";
    let check = |credentials: &str| checked_sample(language, (text, "任免文件"), 0, credentials);
    let problem = Some(Problem::new(Code::Unavailable, "5GPJWBSG64S36D1N".into()));
    let typed = Some("姓名,证件号,单位\n<b>陈一</b>,1,sz-office\n".to_owned());
    let again = RosterPage { problem, ..asked(f(), Vec::new(), typed, "任免文件".into()) };
    vec![
        ("roster", asked(f(), Vec::new(), None, String::new()).render().unwrap()),
        ("roster-wrong", asked(f(), wrong, rows, "任免文件".into()).render().unwrap()),
        ("roster-again", again.render().unwrap()),
        ("roster-check", check("AAAA").render().unwrap()),
        ("roster-check-outside", check("").render().unwrap()),
    ]
}

/// The page of a roster that is right, with what is drawn for it.
#[cfg(test)]
pub(super) fn check_sample(
    language: crate::pages::Language,
    of: (&str, &str),
    drawn: u8,
) -> CheckPage {
    checked_sample(language, of, drawn, "")
}

#[cfg(test)]
fn checked_sample(
    language: crate::pages::Language,
    (text, evidence): (&str, &str),
    mut drawn: u8,
    credentials: &str,
) -> CheckPage {
    let unit = |id: &str| UnitLine { unit: id.into(), name: "商州区政府办公室".into() };
    let units = [unit("sz-office"), unit("sz-water")];
    let Checked::Right(entries, _) = checked(text.as_bytes(), &units, (2026, 12, 1)) else {
        unreachable!("the rows are right")
    };
    let number = |_: &RosterEntry| {
        drawn += 1;
        SealedNumber { digest: [drawn; 32].into(), seal: records::Bytes::default() }
    };
    let numbers: Vec<SealedNumber> = entries.iter().map(number).collect();
    let draw = || {
        drawn += 1;
        Some([drawn; 32])
    };
    let draft = RosterDraft::of((&entries, &numbers), evidence, draw).unwrap();
    let of = (&records::Bytes::from([1; 32]), [2; 32]);
    let checked = of_people(draft, &entries, &units);
    let (many, kind) = (&checked.draft.many, checked.sort.statement_kind());
    let said = many.statement(kind, of, [3; 16], 1_795_507_200).unwrap();
    let f = Frame::sample(language, "/people/roster");
    signed(&f, (&said, &checked), credentials.into()).unwrap()
}
