//! `yinxin audit`: an auditor asks the log with their own key, and takes evidence away.

mod export;

use crate::clock::now;
use crate::exit::Failure;
use crate::files;
use crate::files::OwnKey;
use crate::output::Output;
use clap::{Args, Subcommand};
use portal_api::sentence;
use records::Bytes;
use records::evidence::{Ask, LogAnswer, LogRequest, Search, SearchAnswer, SignedRequest};
use records::record::Record;
use records::trust::Trust;
use std::path::PathBuf;

/// Arguments of `yinxin audit`.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

/// The auditor, and whom they believe.
#[derive(Args)]
struct Auditor {
    #[command(flatten)]
    own: OwnKey,
    /// The trust file. 信任文件
    #[arg(long, env = "YINXIN_TRUST")]
    trust: PathBuf,
}

#[derive(Subcommand)]
enum What {
    /// Finds records; every search is a record itself. 检索
    Search(Box<SearchArguments>),
    /// Takes an evidence bundle away. 导出证据包
    Export(export::Arguments),
}

/// What to look for; everything given must fit.
#[derive(Args)]
struct SearchArguments {
    #[command(flatten)]
    auditor: Auditor,
    /// `access` (what happened at the gates) or `control` (orders, certificates, revocations). 日志
    #[arg(long, default_value = "access")]
    log: String,
    /// Person id. 人员
    #[arg(long, default_value = "")]
    person: String,
    /// Serial number of a certificate. 证书序列号
    #[arg(long, default_value = "")]
    certificate: String,
    /// Application id. 应用
    #[arg(long, default_value = "")]
    application: String,
    /// Record, as `exchange/sz-office/2026-001`. 对象
    #[arg(long, default_value = "")]
    record: String,
    /// `permitted`, or a code as `not-permitted`. 结果
    #[arg(long, default_value = "")]
    outcome: String,
    /// Kind of record, as `decision`. 种类
    #[arg(long, default_value = "")]
    kind: String,
    /// Name of a request, from an identity token. 请求
    #[arg(long, default_value = "")]
    request: String,
    /// Reference number that somebody was told. 编号
    #[arg(long, default_value = "")]
    reference: String,
    /// Not older, as 2026-11-25T08:00:00Z. 起
    #[arg(long, default_value = "")]
    from: String,
    /// Not newer. 止
    #[arg(long, default_value = "")]
    until: String,
    /// Next page: what the page before said. 下一页
    #[arg(long)]
    before: Option<u64>,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.what {
        What::Search(asked) => search(output, asked).await,
        What::Export(asked) => export::run(output, asked).await,
    }
}

/// Asks the log, signed with the auditor's key.
async fn ask(auditor: &Auditor, ask: Ask) -> Result<LogAnswer, Failure> {
    let trust: Trust = files::document(&auditor.trust)?;
    let opened = auditor.own.open()?;
    let request = LogRequest {
        v: 1,
        founding: trust.founding.clone(),
        nonce: nonce()?,
        time: records::time::seconds(now()),
        ask,
    };
    let wrong = |error: String| Failure::usage("请求无法签名。", error);
    let bytes = records::json::write(&request).map_err(|error| wrong(error.to_string()))?;
    let signed = SignedRequest::sign(bytes, opened.leaf()?, &opened.signer)
        .map_err(|error| wrong(error.to_string()))?;
    let client = files::client(&trust.log, &trust, Some(opened.identity()?))?;
    Ok(ca_api::Log(client).ask(&signed).await?)
}

fn nonce() -> Result<Bytes, Failure> {
    Ok(system::random::bytes::<16>()?.into())
}

async fn search(output: Output, asked: &SearchArguments) -> Result<(), Failure> {
    let search = Search {
        log: asked.log.clone(),
        person: asked.person.clone(),
        serial: asked.certificate.clone(),
        application: asked.application.clone(),
        resource: asked.record.clone(),
        outcome: asked.outcome.clone(),
        kind: asked.kind.clone(),
        request: asked.request.clone(),
        reference: asked.reference.clone(),
        from: asked.from.clone(),
        until: asked.until.clone(),
        before: asked.before,
    };
    let answer = ask(&asked.auditor, Ask::Search(Box::new(search))).await?;
    let LogAnswer::Search(answer) = answer else {
        return Err(Failure::usage("日志的应答不对。", "the log answered something else"));
    };
    tell(output, &answer);
    Ok(())
}

/// One sentence a record in both languages; for machines one line a record, then one for the page.
fn tell(output: Output, answer: &SearchAnswer) {
    for found in &answer.found {
        let Ok(record) = Record::read(&found.record.0) else { continue };
        let (zh, en) = sentence::of(&record, &answer.names);
        output.line(&format!("{:>6}  {zh}", found.index));
        output.line(&format!("        {en}"));
        let value = serde_json::to_value(&record).unwrap_or_default();
        output.json(&serde_json::json!({
            "index": found.index, "zh": zh, "en": en, "record": value,
            "request": sentence::request_of(&record),
            "disclosures": found.disclosures,
        }));
    }
    let count = answer.found.len();
    output.line(&format!(
        "{count} 条，检索截至第 {0} 条记录 / {count} records, complete up to record {0}",
        answer.complete_to
    ));
    if let Some(before) = answer.before {
        output.line(&format!("下一页 / next page: --before {before}"));
    }
    output.json(&serde_json::json!({
        "count": count, "complete_to": answer.complete_to, "before": answer.before,
        "checkpoint": answer.checkpoint,
    }));
}
