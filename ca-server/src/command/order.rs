//! `ca-server order …`: works without a portal.

mod summary;

use super::host::{Host, Refused};
use super::print;
use anyhow::Context;
use authority::OrderDigest;
use ca_host::operator::OperatorRequest;
use ca_store::certificates::by_digest;
use ca_store::table::order::{self, SignedRow, operators};
use clap::{Args, Subcommand};
use records::export::{OrderExport, ReviewFlag, RowExport};
use records::order::{Body, PriorState};
use records::record::File;
use records::{Approval, Bytes, Code, Problem};
use std::path::PathBuf;
use std::process::ExitCode;
use system::speech;

/// What lists are asked for. An order that expired has no state in rows by which it is found.
const STATES: [&str; 7] = ["open", "done", "returned", "rejected", "withdrawn", "cancelled", "all"];

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Lists orders, those that are open unless others are asked for. 列出办件，默认待批的
    #[command(after_help = "例 / example: ca-server order list")]
    List {
        /// Orders of this state; those that expired are among all. 只列此种状态，过期的见 all
        #[arg(long, default_value = "open", value_parser = STATES)]
        only: String,
        /// Start behind this order id. 从此编号之后列起
        #[arg(long, default_value = "")]
        after: String,
    },
    /// Shows where one order stands. 查看办件
    Show {
        /// Order id. 办件编号
        order: String,
    },
    /// Writes an order to a file for `yinxin approve --order FILE --out FILE`. 导出办件
    #[command(after_help = "例 / example: ca-server order export ORDER --out order.json")]
    Export {
        /// Order id. 办件编号
        order: String,
        /// The file. 文件
        #[arg(long)]
        out: PathBuf,
    },
    /// Takes back an open order that you drafted by mistake. 撤回
    #[command(after_help = "例 / example: ca-server order withdraw ORDER")]
    Withdraw {
        /// Order id. 办件编号
        order: String,
    },
    /// Hands in an approval that came as a file. 导入审批
    #[command(after_help = "例 / example: ca-server order import-approval FILE")]
    ImportApproval {
        /// The file. 文件
        file: PathBuf,
    },
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.what {
        What::List { only, after } => list(host, &only, &after).await,
        What::Show { order } => show(host, &order).await,
        What::Export { order, out } => export(host, &order, &out).await,
        What::Withdraw { order } => withdraw(host, &order).await,
        What::ImportApproval { file } => import(host, &file).await,
    }
}

async fn list(host: &Host, state: &str, after: &str) -> anyhow::Result<ExitCode> {
    let (authority, mut tx) = summary::authority(host).await?;
    let now = host.clock.seconds();
    let (lines, last) = summary::list((&authority, &mut tx), (state, after), now).await?;
    if lines.is_empty() && last.is_none() && !host.json {
        speech::said("", "没有符合的办件；全部办件：", "no such order; all of them:");
        let all = super::print::again(&host.state()).then("order list --only all", &[]);
        speech::next("  ", &all);
    }
    lines.iter().for_each(|line| line.print(host.json));
    last.iter().for_each(|last| print::cut(host.json, last));
    Ok(ExitCode::SUCCESS)
}

async fn show(host: &Host, order: &str) -> anyhow::Result<ExitCode> {
    let (authority, mut tx) = summary::authority(host).await?;
    let found = summary::one((&authority, &mut tx), order, host.clock.seconds()).await?;
    found.ok_or_else(unknown)?.print(host.json);
    Ok(ExitCode::SUCCESS)
}

/// The order is named by its digest: that of the order which says that this is its id.
async fn withdraw(host: &Host, order: &str) -> anyhow::Result<ExitCode> {
    let mut tx = host.store.read().await?;
    let id = records::letter::read_reference(order).ok_or_else(unknown)?;
    let digest = order::digest_of(&mut tx, &id).await?.ok_or_else(unknown)?;
    drop(tx);
    let request = OperatorRequest::Withdraw { order: digest.into() };
    let result = host.draft(&request).await?;
    if host.json {
        system::terminal::json(&serde_json::to_string(&result)?);
    } else {
        speech::fact("", ("已撤回", "taken back"), &result.withdrawn);
    }
    Ok(ExitCode::SUCCESS)
}

async fn export(host: &Host, order: &str, out: &std::path::Path) -> anyhow::Result<ExitCode> {
    system::file::check_vacant(out).with_context(|| out.display().to_string())?;
    let mut tx = host.store.read().await?;
    let found = operators::whole(&mut tx, order).await?;
    let (signed, files) = found.ok_or_else(unknown)?;
    let (body, before) = records::Order::read(&signed.order.0)?.parts()?;
    let (mut previous, mut renewed) = (None, None);
    if let Body::Issue(issue) = &body {
        if let Some(sha256) = &issue.previous {
            previous = by_digest(&mut tx, &issue.person, sha256).await?;
        }
        if let Some(renewal) = &issue.renewal {
            renewed = by_digest(&mut tx, &issue.person, &renewal.certificate).await?;
        }
    }
    let files_before = match before {
        Some(PriorState::Files(before)) => in_force(host, &mut tx, (&body, &before.digest)).await?,
        _ => Vec::new(),
    };
    let read = |name: &str| std::fs::read(host.config.path(&format!("public/ca/{name}.cer")));
    let registry = vec![Bytes(read("registry")?), Bytes(read("root")?)];
    let rows = rows(&mut tx, &body).await?;
    let export = OrderExport {
        v: 1,
        signed,
        registry,
        previous,
        renewed,
        files,
        files_before,
        rows,
        standing: None,
        consequence: None,
    };
    let trust = ca_host::trust(&host.config)?;
    export.open(&trust, host.clock.seconds())?;
    // It names people; nothing that is there is replaced.
    system::file::create_private(out, &serde_json::to_vec_pretty(&export)?)
        .with_context(|| out.display().to_string())?;
    if host.json {
        let said = serde_json::json!({ "order": order, "exported": out });
        system::terminal::json(&said.to_string());
    } else {
        speech::fact("", ("已导出", "exported"), out.display());
        let (out, approval) = (out.display().to_string(), format!("{order}.approval.json"));
        let next = speech::Command::new("yinxin approve --order {} --out {}", &[&out, &approval]);
        speech::next("", &next);
    }
    Ok(ExitCode::SUCCESS)
}

/// Every order of a batch.
async fn rows(tx: &mut store::Tx, body: &Body) -> anyhow::Result<Vec<RowExport>> {
    let Body::Batch(batch) = body else { return Ok(Vec::new()) };
    let digests = batch.rows.iter().filter_map(|row| row.digest().map(OrderDigest));
    let digests: Vec<OrderDigest> = digests.collect();
    let mut found = order::signed(tx, digests.clone()).await?;
    let mut rows = Vec::with_capacity(digests.len());
    for digest in digests {
        let SignedRow { signed, look, .. } = found.remove(&digest).ok_or_else(unknown)?;
        let (mut previous, mut renewed) = (None, None);
        if let Body::Issue(issue) = records::Order::read(&signed.order.0)?.body()? {
            if let Some(sha256) = &issue.previous {
                previous = by_digest(tx, &issue.person, sha256).await?;
            }
            if let Some(renewal) = &issue.renewal {
                renewed = by_digest(tx, &issue.person, &renewal.certificate).await?;
            }
        }
        let look = ReviewFlag::from_name(&look);
        rows.push(RowExport { signed, previous, renewed, look, consequence: None });
    }
    Ok(rows)
}

/// The files in force before an order: from the order that brought them, or from the folder that
/// copies those of the founding. Whether they are those is checked with everything else.
async fn in_force(
    host: &Host,
    tx: &mut store::Tx,
    (body, digest): (&Body, &Bytes),
) -> anyhow::Result<Vec<File>> {
    for files in operators::files_of_kind(tx, body.kind()).await? {
        if records::export::files_digest(body, &files).as_ref() == Some(digest) {
            return Ok(files);
        }
    }
    from_folder(host, body)
}

fn from_folder(host: &Host, body: &Body) -> anyhow::Result<Vec<File>> {
    let read = |name: String| -> anyhow::Result<File> {
        let path = host.config.path(&format!("policies/{name}"));
        let content =
            system::file::read_given_text(&path).with_context(|| path.display().to_string())?;
        Ok(File { name, content })
    };
    match body {
        Body::Profile(body) => Ok(vec![read(format!("profiles/{}.toml", body.profile.id))?]),
        Body::ApprovalRules(_) => Ok(vec![read("approvals.toml".into())?]),
        _ => crate::rule_files::read(&host.config.path("policies/access")),
    }
}

async fn import(host: &Host, file: &std::path::Path) -> anyhow::Result<ExitCode> {
    let bytes = system::file::read_given(file).with_context(|| file.display().to_string())?;
    let approval: Approval = serde_json::from_slice(&bytes).with_context(|| {
        let file = file.display();
        format!("{file}：不是审批文件 / {file}: no approval")
    })?;
    let result = host.draft(&OperatorRequest::Approval { approval: Box::new(approval) }).await?;
    let (approvals, needed) = result.approvals;
    if host.json {
        system::terminal::json(&serde_json::to_string(&result)?);
    } else {
        let taken = format!("{} ({approvals} / {needed})", result.order);
        speech::fact("", ("已收到审批", "approval taken"), taken);
        let own = print::again(&host.state());
        speech::next("", &own.then("order show {}", &[&result.order]));
    }
    Ok(ExitCode::SUCCESS)
}

fn unknown() -> Refused {
    Refused(Problem::new(Code::OrderUnknown, String::new()))
}
