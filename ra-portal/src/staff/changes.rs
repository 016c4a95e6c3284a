//! Transfers, leavers and revocations of many: `GET /people/changes` asks for a table, and fills it
//! in with the people of a unit where one is named; `POST /people/changes` checks it row by row and
//! shows all that would be signed. It is signed as a roster is. The CA checks all of it again.

use super::certificate::{self, ReaderCertificate};
use super::change_table::{CheckedTable, HEADER, TOLD_MAX, WrongTable, handled, of_unit};
use super::new_statement::NewStatement;
use super::touch::ToTouch;
use crate::pages::facts::{FactItem, lines};
use crate::pages::upload::Uploaded;
use crate::pages::{Frame, FromQuery, page, problem, show, words};
use crate::refusal::{refused, unreadable};
use crate::rosters::{BesideRow, CheckedMany, ManySort};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::handler::{PersonRecord, UnitLine};
use pki::name::check_readable;
use portal_api::changes::{ChangeEntry, ChangeKind, drafted, unsaid};
use portal_api::plain::{self, REASONS};
use portal_api::roster::RosterDraft;
use records::commitment::EVIDENCE_CHARS_MAX;
use records::draft::DraftStatement;
use records::{Code, Problem};
use serde::Deserialize;
use service::problem::{Refused, status};
use std::sync::Arc;
use system::random;

words! {
    ChangesWords {
        back "← 返回人员" "← Back to people";
        title "批量调动、离任、吊销" "Transfers, leavers and revocations of many";
        lead "上传或填写表格，逐行核对无误后签署一次，由两人作为一批审批；各行分别办理，一行不成不影响其他各行。" "Send or fill in a table. Every row is checked; you sign once, and two persons approve it as one. Rows are carried out each by itself: one that fails holds no other up.";
        unit "单位编号（可从列表中选择）" "Unit id (you can choose one of the list)";
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
        to_table "← 返回表格" "← Back to the table";
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
    /// Why nothing was checked, where that is not the table's fault.
    problem: Option<Problem>,
    /// What is wrong, in words.
    wrong: Vec<String>,
    more: bool,
    what: String,
    rows: String,
    evidence: String,
    reasons: String,
    /// Units that the reader handles, by id and name.
    units: Vec<(String, String)>,
}

/// A row: everything that is signed of it, and beside it what is not.
struct ChangeItem {
    number: usize,
    signed: Vec<FactItem>,
    known: String,
}

#[derive(Template)]
#[template(path = "staff/changes-check.html")]
pub(super) struct CheckPage {
    f: Frame,
    w: &'static ChangesWords,
    rows: Vec<ChangeItem>,
    t: ToTouch,
    /// What is typed in place of a touch.
    command: &'static str,
}

/// Whose people the table begins with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PageQuery {
    unit: String,
}

/// What was filled in.
#[derive(Default)]
struct Filled {
    what: String,
    rows: String,
    evidence: String,
}

/// `GET /people/changes`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromQuery(PageQuery { unit }): FromQuery<PageQuery>,
) -> Response {
    match begun(&portal, &shown, unit).await {
        Ok((rows, units)) => {
            let filled = Filled { rows, ..Filled::default() };
            page(StatusCode::OK, &asked(f, Vec::new(), filled, units))
        }
        Err(Refused(told)) => match told.known() {
            Some(Code::UnitUnknown | Code::Malformed) => {
                problem::page(&f, &told, "/people/changes")
            }
            _ => certificate::not_seen(&f, &portal, &told),
        },
    }
}

/// The table that the page begins with, and the units whose people it may hold.
async fn begun(
    portal: &PortalState,
    shown: &StaffCertificate,
    unit: String,
) -> Result<(String, Vec<UnitLine>), Refused> {
    let units = handled(portal, shown).await?;
    let rows = match unit.is_empty() {
        true => HEADER.to_owned(),
        false => of_unit(portal, shown, unit).await?,
    };
    Ok((rows, units))
}

fn asked(f: Frame, mut wrong: Vec<String>, filled: Filled, units: Vec<UnitLine>) -> ChangesPage {
    let more = wrong.len() > TOLD_MAX;
    wrong.truncate(TOLD_MAX);
    let Filled { what, rows, evidence } = filled;
    let said = REASONS.map(|name| {
        let said = plain::reason(name);
        format!("{} ({name})", f.language.of_both(said.zh, said.en))
    });
    let (w, reasons) = (ChangesWords::of(f.language), said.join(" · "));
    let units = units.into_iter().map(|one| (one.unit, show::harmless(&one.name))).collect();
    ChangesPage { w, f, problem: None, wrong, more, what, rows, evidence, reasons, units }
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
    ReaderCertificate(shown): ReaderCertificate,
    Uploaded(mut fields): Uploaded,
) -> Response {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_default();
    let what = text(fields.remove("what").unwrap_or_default());
    let evidence = super::decline::one_line(&text(fields.remove("evidence").unwrap_or_default()));
    let Some(kind) = kind_of(&what) else {
        return problem::page(&f, &refused(Code::Malformed).0, "/people/changes");
    };
    let matter = check_readable(&evidence, EVIDENCE_CHARS_MAX).err();
    let beside = matter.map(|matter| {
        let told = unreadable(("核验依据", "The evidence"), &matter).0;
        (told.zh, told.en)
    });
    let (rows, file) = (fields.remove("rows").unwrap_or_default(), fields.remove("file"));
    // What was typed on the page is typed again by nobody.
    let typed = text(rows.clone());
    let bytes = file.filter(|file| !file.is_empty()).unwrap_or(rows);
    let table = match CheckedTable::of(&portal, &shown, (kind, bytes), beside).await {
        Ok(Ok(table)) => table,
        Ok(Err(WrongTable { said, rows })) => {
            portal.metrics.count("changes", "refused");
            let wrong = said.into_iter().map(|(zh, en)| f.language.of_both(zh, en));
            let wrong = wrong.map(|said| show::harmless(&said)).collect();
            // The list is a help, and nothing is lost without it.
            let units = handled(&portal, &shown).await.unwrap_or_default();
            let filled = Filled { what, rows, evidence };
            return page(StatusCode::UNPROCESSABLE_ENTITY, &asked(f, wrong, filled, units));
        }
        Err(Refused(told)) if told.known() == Some(Code::NotYourRoute) => {
            return certificate::not_seen(&f, &portal, &told);
        }
        Err(Refused(told)) => {
            let filled = Filled { what, rows: typed, evidence };
            return kept(&portal, f, (&shown, told), filled).await;
        }
    };
    match filled(&portal, &f, &shown, (&table, &evidence)).await {
        Ok(filled) => page(StatusCode::OK, &filled),
        Err(Refused(told)) => {
            let filled = Filled { what, rows: typed, evidence };
            kept(&portal, f, (&shown, told), filled).await
        }
    }
}

/// What was filled in again, behind a refusal that is none of its rows' fault.
async fn kept(
    portal: &PortalState,
    f: Frame,
    (shown, told): (&StaffCertificate, Problem),
    filled: Filled,
) -> Response {
    let code = told.known().map_or(StatusCode::SERVICE_UNAVAILABLE, status);
    // The list is a help, and nothing is lost without it.
    let units = handled(portal, shown).await.unwrap_or_default();
    let problem = Some(told);
    page(code, &ChangesPage { problem, ..asked(f, Vec::new(), filled, units) })
}

async fn filled(
    portal: &PortalState,
    f: &Frame,
    shown: &StaffCertificate,
    (table, evidence): (&CheckedTable, &str),
) -> Result<CheckPage, Refused> {
    let CheckedTable { kind, entries, records } = table;
    let draw = || random::bytes().ok();
    let draft = drafted(*kind, (entries, records), evidence, draw);
    let draft = draft.ok_or_else(|| refused(Code::Unavailable))?;
    let checked = of_changes(draft, (*kind, entries, records));
    to_sign(portal, f, shown, (*kind, Arc::new(checked))).await
}

/// Changes that were checked, with what stands beside their rows.
fn of_changes(
    draft: RosterDraft,
    (kind, entries, records): (ChangeKind, &[ChangeEntry], &[PersonRecord]),
) -> CheckedMany {
    let beside = |(entry, record): (&ChangeEntry, &PersonRecord)| BesideRow {
        number: entry.row,
        identity: String::new(),
        known: show::harmless(&format!("{} · {}", record.name, record.place)),
        unsaid: unsaid(kind, entry, record.number.as_ref()),
    };
    let beside = entries.iter().zip(records).map(beside).collect();
    CheckedMany { sort: ManySort::Changes(kind), draft, beside }
}

/// The page where all of it is signed under a new statement, which waits from now on.
pub(super) async fn to_sign(
    portal: &PortalState,
    f: &Frame,
    shown: &StaffCertificate,
    (kind, checked): (ChangeKind, Arc<CheckedMany>),
) -> Result<CheckPage, Refused> {
    let new = NewStatement::draw(portal, shown, &checked).await?;
    let filled = signed(f, (&new.said, &checked), (kind, new.credentials.clone()));
    let filled = filled.ok_or_else(|| refused(Code::Unavailable))?;
    new.wait(portal, shown, checked)?;
    Ok(filled)
}

/// Everything that is signed, row by row, made from just that.
fn signed(
    f: &Frame,
    (stated, checked): (&DraftStatement, &CheckedMany),
    (kind, credentials): (ChangeKind, String),
) -> Option<CheckPage> {
    let language = f.language;
    let row = |(beside, row): (&BesideRow, &_)| ChangeItem {
        number: beside.number,
        signed: lines(language, plain::about_row(stated, row, &beside.unsaid)),
        known: beside.known.clone(),
    };
    Some(CheckPage {
        w: ChangesWords::of(language),
        f: f.clone(),
        rows: checked.beside.iter().zip(&checked.draft.rows).map(row).collect(),
        t: ToTouch::many(language, (stated, &checked.draft.rows), credentials)?,
        command: command(kind),
    })
}

fn command(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Transfer => "yinxin draft transfers FILE --evidence TEXT",
        ChangeKind::Leave => "yinxin draft leavers FILE --evidence TEXT",
        ChangeKind::Revoke => "yinxin draft revocations FILE --evidence TEXT",
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let f = || Frame::sample(language, "/people/changes");
    let units = || {
        let unit = |unit: &str, name: &str| UnitLine { unit: unit.into(), name: name.into() };
        vec![unit("sz-office", "商州区政府办公室"), unit("sz-water", "<b>\u{202e}")]
    };
    let header = Filled { rows: HEADER.into(), ..Filled::default() };
    let text = "人员编号,姓名\n<b>李丹</b>,李丹\n";
    let table = super::change_table::rows_of(text.as_bytes(), ChangeKind::Leave, &[]);
    let WrongTable { said, rows } = table.err().unwrap();
    let wrong = said.into_iter().map(|(zh, en)| language.of_both(zh, en)).collect();
    let filled = Filled { what: "leave".into(), rows, evidence: "离职清单".into() };
    let check = |credentials: &str| checked_sample(&f(), credentials).render().unwrap();
    let typed = Filled {
        what: "leave".into(),
        rows: "人员编号,姓名\n0123456789ABCDEF,<b>李丹</b>\n".into(),
        evidence: "离职清单".into(),
    };
    let problem = Some(Problem::new(Code::Unavailable, "5GPJWBSG64S36D1N".into()));
    let again = ChangesPage { problem, ..asked(f(), Vec::new(), typed, units()) };
    vec![
        ("changes", asked(f(), Vec::new(), header, units()).render().unwrap()),
        ("changes-wrong", asked(f(), wrong, filled, units()).render().unwrap()),
        ("changes-again", again.render().unwrap()),
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
    let (entries, _) = super::change_table::rows_of(text.as_bytes(), kind, &[]).ok().unwrap();
    let record = |person: &str, name: &str, serials: &[&str]| PersonRecord {
        person: person.into(),
        name: name.into(),
        unit: "sz-office".into(),
        place: "商州区 › 政府办公室".into(),
        version: 2,
        mail: String::new(),
        number: None,
        serials: serials.iter().map(|byte| byte.repeat(18)).collect(),
    };
    let records = [
        record("0123456789ABCDEF", "王小明", &["01", "02"]),
        record("0123456789ABCDEG", "李<b>\u{202e}", &["03"]),
    ];
    let mut drawn = 0;
    let draw = || {
        drawn += 1;
        Some([drawn; 32])
    };
    let draft = drafted(kind, (&entries, &records), "离职清单", draw).unwrap();
    let of = (&records::Bytes::from([1; 32]), [2; 32]);
    let checked = of_changes(draft, (kind, &entries, &records));
    let (many, said_kind) = (&checked.draft.many, checked.sort.statement_kind());
    let stated = many.statement(said_kind, of, [3; 16], 1_795_507_200).unwrap();
    signed(f, (&stated, &checked), (kind, credentials.into())).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Language;

    /// Each row stands there with all that is signed of it.
    #[test]
    fn every_row_is_shown_with_what_is_signed_of_it() {
        let f = Frame::sample(Language::English, "/people/changes");
        let page = checked_sample(&f, "").render().unwrap();
        for told in ["0101010101", "0202020202", "0303030303", "keyCompromise", "离职清单"] {
            assert!(page.contains(told), "{told}: {page}");
        }
        assert!(!page.contains("<b>来电"), "{page}");
        assert_eq!(kind_of("create"), None);
    }
}
