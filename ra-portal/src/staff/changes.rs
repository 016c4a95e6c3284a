//! Transfers, leavers and revocations of many: `GET /people/changes` asks for a table, and fills it
//! in with the people of a unit where one is named; `POST /people/changes` checks it row by row and
//! shows all that would be signed. It is signed as a roster is. The CA checks all of it again.

use super::certificate::{self, Shown};
use super::table_text::as_text;
use super::touch::ToTouch;
use crate::pages::facts::{Line, lines};
use crate::pages::upload::Uploaded;
use crate::pages::{Frame, FromQuery, page, problem, show, words};
use crate::refusal::{passed_on, refused, unreadable};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::handler::{PersonLine, PersonRecord, UnitLine, UnitPeople, WantedPerson};
use ca_api::organisation::WantedUnit;
use ca_api::{AsOfficer, Sought};
use pki::name::check_readable;
use portal_api::changes::{
    ChangeEntry, ChangeKind, check_changes, drafted, statement_kind, told, unsaid, wanted,
};
use portal_api::plain::{self, REASONS};
use portal_api::roster::{
    NotTaken, PASSKEY_ROWS_MAX, RosterDraft, RowRefusal, Table, read, statement_bytes,
};
use records::Code;
use records::commitment::EVIDENCE_CHARS_MAX;
use records::draft::DraftStatement;
use records::order::BATCH_ROWS_MAX;
use serde::Deserialize;
use service::Clock;
use service::problem::Refused;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use system::random;

/// Rows about which something is said on one page.
const TOLD_MAX: usize = 100;
/// Pages of people of a unit that a table is filled in with.
const PAGES_MAX: usize = 4;

words! {
    ChangesWords {
        back "← 返回人员" "← Back to people";
        title "批量调动、离任、吊销" "Transfers, leavers and revocations of many";
        lead "上传或填写表格，逐行核对无误后签署一次，由两人作为一批审批；各行分别办理，一行不成不影响其他各行。" "Send or fill in a table. Every row is checked; you sign once, and two persons approve it as one. Rows are carried out each by itself: one that fails holds no other up.";
        unit "单位编号" "Unit id";
        list "列出本单位人员" "List the people of the unit";
        what "办理事项" "What happens";
        transfer "调动" "Transfer";
        leave "离任（角色终止，证书全部吊销，不能恢复）" "They leave office: every role ends, every certificate is revoked, and nothing brings them back";
        revoke "吊销证书（不能恢复）" "Their certificates are revoked, and nothing brings them back";
        columns "列：人员编号、姓名（用于核对，可不填）、调往单位（调动时）、吊销原因（吊销时）、核验依据（可不填）" "Columns: 人员编号 person id, 姓名 name (compared, may be empty), 调往单位 unit to which they go (of a transfer), 吊销原因 reason (of a revocation), 核验依据 what you looked at (may be empty)";
        reasons "吊销原因" "Reasons of a revocation";
        file "表格文件" "Table";
        file_hint ".xlsx 或 .csv（UTF-8、GB18030），最多 5000 行、4 MB；不上传则以下面填写的为准" ".xlsx or .csv (UTF-8, GB18030), 5,000 rows and 4 MB at most; without a file, what is filled in below counts";
        rows "表格内容" "The table";
        evidence "核验依据" "What you looked at";
        evidence_hint "适用于未单独填写依据的各行，审批人员会看到" "For rows that do not say it themselves; approvers read it";
        go "核对" "Check";
        wrong "表格有误，没有保存任何内容" "The table is not right; nothing was kept";
        more "还有其他行有误。" "More rows are wrong.";
        check_title "核对后签署" "Check, then sign";
        check_lead "以下各行将作为一批提交审批，您不能审批自己起草的事项。" "These rows go to approval as one batch, and you cannot be one of the approvers.";
        signed "以下内容由您签署" "What you sign";
        row "行" "Row";
        each "每行签署的内容" "What is signed of each row";
        known "登记的姓名和单位（不签署）" "Name and unit on record (not signed)";
        by_passkey "用通行密钥签署" "Sign with a passkey";
        outside "您还没有可用的通行密钥，或超过 200 行；请在您的电脑上用命令行工具 yinxin 和自己的证书密钥签署。" "You have no passkey that counts yet, or these are more than 200 rows. The yinxin command line signs the same with your certificate key, on your own computer.";
    }
}

#[derive(Template)]
#[template(path = "staff/changes.html")]
struct ChangesPage {
    f: Frame,
    w: &'static ChangesWords,
    /// What is wrong, in words.
    wrong: Vec<String>,
    more: bool,
    what: String,
    rows: String,
    evidence: String,
    reasons: String,
}

/// A row: everything that is signed of it, and beside it what is not.
struct Row {
    number: usize,
    signed: Vec<Line>,
    known: String,
}

#[derive(Template)]
#[template(path = "staff/changes-check.html")]
struct CheckPage {
    f: Frame,
    w: &'static ChangesWords,
    rows: Vec<Row>,
    t: ToTouch,
}

/// Whose people the table begins with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    unit: String,
}

/// What was filled in.
#[derive(Default)]
struct Filled {
    what: String,
    rows: String,
    evidence: String,
}

const HEADER: &str = "人员编号,姓名,调往单位,吊销原因,核验依据\n";

/// `GET /people/changes`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Shown(shown): Shown,
    FromQuery(Asked { unit }): FromQuery<Asked>,
) -> Response {
    let rows = match unit.is_empty() {
        true => found(&portal, &shown, "-").await.map(|_| HEADER.to_owned()),
        false => of_unit(&portal, &shown, unit).await,
    };
    match rows {
        Ok(rows) => {
            let filled = Filled { rows, ..Filled::default() };
            page(StatusCode::OK, &asked(f, Vec::new(), filled))
        }
        Err(Refused(told)) => match told.known() {
            Some(Code::UnitUnknown | Code::Malformed) => {
                problem::page(&f, &told, "/people/changes")
            }
            _ => certificate::not_seen(&f, &portal, &told),
        },
    }
}

/// Units and people that whoever asks handles.
async fn found(
    portal: &PortalState,
    shown: &StaffCertificate,
    text: &str,
) -> Result<UnitPeople, Refused> {
    let sought = Sought { text: text.to_owned(), after: String::new() };
    let message = AsOfficer { certificate: shown.certificate.clone(), message: sought };
    let answer = passed_on(portal.issuer.people(&message).await);
    portal.recorded("people", &shown.person, answer).await
}

/// A table of the people of a unit, with what happens left open.
async fn of_unit(
    portal: &PortalState,
    shown: &StaffCertificate,
    unit: String,
) -> Result<String, Refused> {
    let (mut rows, mut after) = (HEADER.to_owned(), String::new());
    for _ in 0..PAGES_MAX {
        let wanted = WantedUnit { unit: unit.clone(), after };
        let message = AsOfficer { certificate: shown.certificate.clone(), message: wanted };
        let answer = passed_on(portal.issuer.unit(&message).await);
        let facts = portal.recorded("unit", &shown.person, answer).await?;
        let row = |line: &PersonLine| format!("{},{},,,\n", line.person, line.name);
        rows.extend(facts.people.iter().map(row));
        after = facts.more;
        if after.is_empty() {
            break;
        }
    }
    Ok(rows)
}

fn asked(f: Frame, mut wrong: Vec<String>, filled: Filled) -> ChangesPage {
    let more = wrong.len() > TOLD_MAX;
    wrong.truncate(TOLD_MAX);
    let Filled { what, rows, evidence } = filled;
    let said = REASONS.map(|name| {
        let said = plain::reason(name);
        format!("{} ({name})", f.language.of_both(said.zh, said.en))
    });
    let (w, reasons) = (ChangesWords::of(f.language), said.join(" · "));
    ChangesPage { w, f, wrong, more, what, rows, evidence, reasons }
}

fn kind_of(what: &str) -> Option<ChangeKind> {
    match what {
        "transfer" => Some(ChangeKind::Transfer),
        "leave" => Some(ChangeKind::Leave),
        "revoke" => Some(ChangeKind::Revoke),
        _ => None,
    }
}

/// `POST /people/changes`
pub(super) async fn upload(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Shown(shown): Shown,
    Uploaded(mut fields): Uploaded,
) -> Response {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_default();
    let what = text(fields.remove("what").unwrap_or_default());
    let evidence = super::decline::one_line(&text(fields.remove("evidence").unwrap_or_default()));
    let Some(kind) = kind_of(&what) else {
        return problem::page(&f, &refused(Code::Malformed).0, "/people/changes");
    };
    if let Err(matter) = check_readable(&evidence, EVIDENCE_CHARS_MAX) {
        let told = unreadable(("核验依据", "The evidence"), &matter).0;
        return problem::page(&f, &told, "/people/changes");
    }
    let file = fields.remove("file").filter(|file| !file.is_empty());
    let bytes = file.or_else(|| fields.remove("rows")).unwrap_or_default();
    let checked = checked(&portal, &shown, (kind, bytes)).await;
    let (entries, records) = match checked {
        Ok(Checked::Right(entries, records)) => (entries, records),
        Ok(Checked::Wrong(said, rows)) => {
            portal.metrics.count("changes", "refused");
            let wrong = said.into_iter().map(|(zh, en)| f.language.of_both(zh, en));
            let wrong = wrong.map(|said| show::harmless(&said)).collect();
            let filled = Filled { what, rows, evidence };
            return page(StatusCode::UNPROCESSABLE_ENTITY, &asked(f, wrong, filled));
        }
        Err(Refused(told)) if told.known() == Some(Code::NotYourRoute) => {
            return certificate::not_seen(&f, &portal, &told);
        }
        Err(Refused(told)) => return problem::page(&f, &told, "/people/changes"),
    };
    match to_sign(&portal, &f, &shown, (kind, &entries, &records, &evidence)).await {
        Ok(filled) => page(StatusCode::OK, &filled),
        Err(Refused(told)) => problem::page(&f, &told, "/people/changes"),
    }
}

/// A table that was checked, also by the CA; or what is wrong with it, and its rows as text.
enum Checked {
    Right(Vec<ChangeEntry>, Vec<PersonRecord>),
    Wrong(Vec<(String, String)>, String),
}

async fn checked(
    portal: &PortalState,
    shown: &StaffCertificate,
    (kind, bytes): (ChangeKind, Vec<u8>),
) -> Result<Checked, Refused> {
    let units = units(portal, shown, kind).await?;
    let turn = portal.rosters.turn(&shown.person, kind != ChangeKind::Transfer).await;
    let turn = turn.ok_or_else(|| refused(Code::Unavailable))?;
    // As of a roster: not one core that others wait for.
    let checking = move || {
        let _turn = turn;
        taken(&bytes, kind, &units)
    };
    let taken = tokio::task::spawn_blocking(checking).await;
    let (entries, table) = match taken.map_err(|_| refused(Code::Unavailable))? {
        Ok(taken) => taken,
        Err((said, rows)) => return Ok(Checked::Wrong(said, rows)),
    };
    let mut records = Vec::with_capacity(entries.len());
    for chunk in entries.chunks(BATCH_ROWS_MAX) {
        let message = AsOfficer { certificate: shown.certificate.clone(), message: wanted(chunk) };
        let answer = passed_on(portal.issuer.records(&message).await);
        let answer = portal.recorded_brake("person", &shown.person, answer).await?;
        match told(kind, chunk, answer).ok_or_else(|| refused(Code::Unavailable))? {
            Ok(known) => records.extend(known),
            Err(rows) => return Ok(Checked::Wrong(said(&rows), as_text(&table))),
        }
    }
    Ok(Checked::Right(entries, records))
}

/// Units to which somebody may go: every open one of the city, as the CA says beside somebody whom
/// the handler handles.
async fn units(
    portal: &PortalState,
    shown: &StaffCertificate,
    kind: ChangeKind,
) -> Result<Vec<UnitLine>, Refused> {
    if kind != ChangeKind::Transfer {
        return Ok(Vec::new());
    }
    let mine = found(portal, shown, "").await?;
    let Some(first) = mine.lines.first() else { return Ok(mine.units) };
    let message = WantedPerson { person: first.person.clone() };
    let message = AsOfficer { certificate: shown.certificate.clone(), message };
    let answer = passed_on(portal.issuer.person(&message).await);
    Ok(portal.recorded_brake("person", &shown.person, answer).await?.units)
}

/// The rows of a file, or what is wrong with them.
type Taken = Result<(Vec<ChangeEntry>, Table), (Vec<(String, String)>, String)>;

fn taken(bytes: &[u8], kind: ChangeKind, units: &[UnitLine]) -> Taken {
    let table =
        read(bytes).map_err(|refusal| (vec![(refusal.zh(), refusal.en())], String::new()))?;
    match check_changes(&table, kind, units) {
        Ok(entries) => Ok((entries, table)),
        Err(NotTaken::File(refusal)) => Err((vec![(refusal.zh(), refusal.en())], as_text(&table))),
        Err(NotTaken::Rows(rows)) => Err((said(&rows), as_text(&table))),
    }
}

/// One more than is told says that there are more.
fn said(rows: &[RowRefusal]) -> Vec<(String, String)> {
    rows.iter().take(TOLD_MAX + 1).map(|row| (row.zh(), row.en())).collect()
}

async fn to_sign(
    portal: &PortalState,
    f: &Frame,
    shown: &StaffCertificate,
    (kind, entries, records, evidence): (ChangeKind, &[ChangeEntry], &[PersonRecord], &str),
) -> Result<CheckPage, Refused> {
    let unavailable = || refused(Code::Unavailable);
    let draw = || random::bytes().ok();
    let draft = drafted(kind, (entries, records), evidence, draw).ok_or_else(unavailable)?;
    let nonce = random::bytes().map_err(|_| unavailable())?;
    let certificate = Sha256::digest(&shown.certificate.0).into();
    let of = (&portal.trust.founding, certificate);
    let stated = draft.many.statement(statement_kind(kind), of, nonce, Clock::system().seconds());
    let stated = stated.map_err(|_| unavailable())?;
    let statement = statement_bytes(&stated).map_err(|_| unavailable())?;
    let credentials = match entries.len() > PASSKEY_ROWS_MAX {
        true => String::new(),
        false => super::passkeys::usable(portal, shown.certificate.clone()).await?,
    };
    let shown_page = signed(f, (&stated, &draft), (kind, entries, records), credentials);
    let shown_page = shown_page.ok_or_else(unavailable)?;
    portal.rosters.keep(&shown.person, statement, draft);
    Ok(shown_page)
}

/// Everything that is signed, row by row, made from just that.
fn signed(
    f: &Frame,
    (stated, draft): (&DraftStatement, &RosterDraft),
    (kind, entries, records): (ChangeKind, &[ChangeEntry], &[PersonRecord]),
    credentials: String,
) -> Option<CheckPage> {
    let language = f.language;
    let rows = entries.iter().zip(records).zip(&draft.rows);
    let row = |((entry, record), row): ((&ChangeEntry, &PersonRecord), &_)| {
        let unsaid = unsaid(kind, entry, record.number.as_ref());
        Row {
            number: entry.row,
            signed: lines(language, plain::about_row(stated, row, &unsaid)),
            known: show::harmless(&format!("{} · {}", record.name, record.place)),
        }
    };
    Some(CheckPage {
        w: ChangesWords::of(language),
        f: f.clone(),
        rows: rows.map(row).collect(),
        t: ToTouch::many(language, (stated, &draft.rows), credentials)?,
    })
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let f = || Frame::sample(language, "/people/changes");
    let header = Filled { rows: HEADER.into(), ..Filled::default() };
    let text = "人员编号,姓名\n<b>李丹</b>,李丹\n";
    let (said, rows) = taken(text.as_bytes(), ChangeKind::Leave, &[]).err().unwrap();
    let wrong = said.into_iter().map(|(zh, en)| language.of_both(zh, en)).collect();
    let filled = Filled { what: "leave".into(), rows, evidence: "离职清单".into() };
    let check = |credentials: &str| checked_sample(&f(), credentials).render().unwrap();
    vec![
        ("changes", asked(f(), Vec::new(), header).render().unwrap()),
        ("changes-wrong", asked(f(), wrong, filled).render().unwrap()),
        ("changes-check", check("AAAA")),
        ("changes-check-outside", check("")),
    ]
}

/// Two certificates of one person, and one of another, whose name is hostile.
#[cfg(test)]
fn checked_sample(f: &Frame, credentials: &str) -> CheckPage {
    let text = "人员编号,姓名,吊销原因,核验依据\n0123456789ABCDEF,王小明,superseded,\n\
        0123456789ABCDEG,,keyCompromise,本人<b>来电</b>\n";
    let kind = ChangeKind::Revoke;
    let (entries, _) = taken(text.as_bytes(), kind, &[]).ok().unwrap();
    let record = |person: &str, name: &str, serials: &[&str]| PersonRecord {
        person: person.into(),
        name: name.into(),
        unit: "sz-office".into(),
        place: "商州区 › 政府办公室".into(),
        version: 2,
        mail: String::new(),
        number: None,
        serials: serials.iter().map(|serial| (*serial).to_owned()).collect(),
    };
    let records = [
        record("0123456789ABCDEF", "王小明", &["0101010101", "0202020202"]),
        record("0123456789ABCDEG", "李<b>\u{202e}", &["0303030303"]),
    ];
    let mut drawn = 0;
    let draw = || {
        drawn += 1;
        Some([drawn; 32])
    };
    let draft = drafted(kind, (&entries, &records), "离职清单", draw).unwrap();
    let of = (&records::Bytes::from([1; 32]), [2; 32]);
    let stated = draft.many.statement(statement_kind(kind), of, [3; 16], 1_795_507_200).unwrap();
    signed(f, (&stated, &draft), (kind, &entries, &records), credentials.into()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Language;

    /// Each row stands there with all that is signed of it, and a wrong one with its number.
    #[test]
    fn every_row_is_shown_with_what_is_signed_of_it() {
        let f = Frame::sample(Language::English, "/people/changes");
        let page = checked_sample(&f, "").render().unwrap();
        for told in ["0101010101", "0202020202", "0303030303", "keyCompromise", "离职清单"] {
            assert!(page.contains(told), "{told}: {page}");
        }
        assert!(!page.contains("<b>来电"), "{page}");
        let text = "人员编号,调往单位\n0123456789ABCDEF,外地\n";
        let (said, rows) = taken(text.as_bytes(), ChangeKind::Transfer, &[]).err().unwrap();
        assert!(said[0].0.starts_with("第 2 行") && rows.contains("外地"), "{said:?}");
        assert_eq!(kind_of("create"), None);
    }
}
