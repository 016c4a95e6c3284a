//! `yinxin audit`: an auditor asks the log with their own key, and takes evidence away.

pub(crate) mod export;

use crate::clock::now;
use crate::consent::{Consented, Signable, Typed, unsigned};
use crate::exit::Failure;
use crate::files;
use crate::files::{Opened, Own};
use crate::output::Output;
use clap::{Args, Subcommand};
use pki::{Certificate, Signer};
use portal_api::sentence;
use records::Bytes;
use records::evidence::{Ask, LogAnswer, LogRequest, Search, SearchAnswer, SignedRequest};
use records::record::Record;
use records::trust::Trust;
use system::speech;

/// Arguments of `yinxin audit`.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
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
    own: Own,
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
pub(crate) async fn ask(trust: &Trust, opened: &Opened, ask: Ask) -> Result<LogAnswer, Failure> {
    let request = LogRequest {
        v: 1,
        founding: trust.founding.clone(),
        nonce: nonce()?,
        time: records::time::seconds(now()),
        ask,
    };
    let signed = Consented::by_typing(Question(request)).sign(opened)?;
    let client = files::client(&trust.log, trust, Some(opened.identity()?))?;
    Ok(ca_api::Log(client).ask(&signed).await?)
}

/// What an auditor typed, or put together on their own desk, to ask the log.
struct Question(LogRequest);

impl Typed for Question {}

impl Signable for Question {
    type Signed = SignedRequest;

    fn sign(self, leaf: &Certificate, signer: &dyn Signer) -> Result<SignedRequest, Failure> {
        let bytes = records::json::write(&self.0).map_err(|error| unsigned(&error))?;
        SignedRequest::sign(bytes, leaf, signer).map_err(|error| unsigned(&error))
    }
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
    let answer = found(&asked.own.trust()?, &asked.own.open()?, search).await?;
    tell(output, &answer);
    Ok(())
}

/// What the log finds.
pub(crate) async fn found(
    trust: &Trust,
    opened: &Opened,
    search: Search,
) -> Result<SearchAnswer, Failure> {
    match ask(trust, opened, Ask::Search(Box::new(search))).await? {
        LogAnswer::Search(answer) => Ok(*answer),
        _ => Err(Failure::usage("日志的应答不对。", "the log answered something else")),
    }
}

/// One sentence a record in both languages; for machines one line a record, then one for the page.
fn tell(output: Output, answer: &SearchAnswer) {
    for found in &answer.found {
        let Ok(record) = Record::read(&found.record.0) else { continue };
        let (zh, en) = sentence::of(&record, &answer.names);
        output.sentence(&format!("{:>6}  ", found.index), &zh, &en);
        let request = sentence::request_of(&record);
        // What `audit export` is asked for, where the sentence does not name it.
        if let Some(name) = request.as_deref().filter(|name| !zh.contains(name)) {
            output.line(&format!("{:>8}{}: {name}", "", speech::both("请求", "request")));
        }
        let value = serde_json::to_value(&record).unwrap_or_default();
        output.json(&serde_json::json!({
            "index": found.index, "zh": zh, "en": en, "record": value,
            "request": request,
            "disclosures": found.disclosures,
        }));
    }
    let count = answer.found.len();
    let end = answer.complete_to;
    output.said(
        &format!("{count} 条，检索截至第 {end} 条记录"),
        &format!("{count} records, complete up to record {end}"),
    );
    if let Some(before) = answer.before {
        output.fact(("下一页", "next page"), format!("--before {before}"));
    }
    output.json(&serde_json::json!({
        "count": count, "complete_to": answer.complete_to, "before": answer.before,
        "checkpoint": answer.checkpoint,
    }));
}
