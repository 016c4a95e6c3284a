//! `yinxin draft transfers`, `leavers` and `revocations`: many people of a file, under one
//! signature.

use super::desk::Desk;
use super::many::{self, SignableMany, desk_many, not_taken};
use super::remarks::UnsignedRemarks;
use crate::exit::Failure;
use crate::files::Own;
use crate::output::Output;
use crate::typed_text;
use portal_api::Pages;
use portal_api::changes::{
    ChangeEntry, ChangeKind, check_changes, drafted, statement_kind, told, wanted,
};
use portal_api::roster::{FILE_BYTES_MAX, NotTaken, read};
use records::handling::{PersonRecord, UnitLine};
use records::order::BATCH_ROWS_MAX;
use std::path::PathBuf;
use system::file::read_at_most;
use system::random;

/// Arguments of each of them.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin draft transfers FILE --evidence TEXT\n\
    列：人员编号、姓名（用于核对）、调往单位（调动时）、吊销原因（吊销时）、核验依据。 \
    / The columns are 人员编号 (person id), 姓名 (name, is compared), 调往单位 (unit to which \
    they go), 吊销原因 (reason of a revocation), 核验依据 (what you looked at).")]
pub struct ChangesArguments {
    /// A table, .xlsx or .csv. 表格文件
    file: PathBuf,
    /// What you looked at, for rows that do not say it themselves. 核验依据
    #[arg(long)]
    evidence: String,
    #[command(flatten)]
    own: Own,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(
    output: Output,
    arguments: &ChangesArguments,
    kind: ChangeKind,
) -> Result<(), Failure> {
    let evidence = typed_text::evidence(&arguments.evidence)?;
    let desk = Desk::open(&arguments.own)?;
    let bytes = read_at_most(&arguments.file, FILE_BYTES_MAX as u64)
        .map_err(|error| Failure::about(&arguments.file, "无法读取表格", &error))?;
    let table = read(&bytes).map_err(|refusal| Failure::usage(refusal.zh(), refusal.en()))?;
    let units = match kind {
        ChangeKind::Transfer => units(&desk).await?,
        ChangeKind::Leave | ChangeKind::Revoke => Vec::new(),
    };
    let entries = check_changes(&table, kind, &units).map_err(not_taken)?;
    let records = records(&desk, kind, &entries).await?;
    let draw = || random::bytes().ok();
    let draft = drafted(kind, (&entries, &records), &evidence, draw)
        .ok_or_else(|| Failure::usage("没有可用的随机数。", "no randomness"))?;
    let rows = entries.iter().zip(&records);
    let beside = rows.map(|(entry, record)| UnsignedRemarks::of_change(kind, entry, record));
    let beside = beside.collect();
    let said = SignableMany::of(&desk, (draft, beside), (statement_kind(kind), BATCH_ROWS_MAX))?;
    desk_many(&desk, output, said, arguments.yes, |made| many::told(output, &made, entries.len()))
        .await
}

/// Every open unit of the city, as the portal says beside somebody whom the handler handles; of
/// whoever handles nobody, their own.
async fn units(desk: &Desk<'_>) -> Result<Vec<UnitLine>, Failure> {
    let mine = desk.portal.people("", &mut Pages::begin()).await?;
    let Some(first) = mine.lines.first() else { return Ok(mine.units) };
    Ok(desk.portal.person(&first.person).await.map_or(mine.units, |facts| facts.units))
}

/// The record of each, as the portal says.
async fn records(
    desk: &Desk<'_>,
    kind: ChangeKind,
    entries: &[ChangeEntry],
) -> Result<Vec<PersonRecord>, Failure> {
    let mut known = Vec::with_capacity(entries.len());
    for chunk in entries.chunks(BATCH_ROWS_MAX) {
        let answer = desk.portal.records(&wanted(chunk)).await?;
        match told(kind, chunk, answer) {
            Some(Ok(records)) => known.extend(records),
            Some(Err(rows)) => return Err(not_taken(NotTaken::Rows(rows))),
            None => {
                return Err(Failure::usage(
                    "门户的答复与表格不符，未作任何操作。",
                    "the portal answered about others; nothing was done",
                ));
            }
        }
    }
    Ok(known)
}
