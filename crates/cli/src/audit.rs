//! `yinxin audit`: an auditor asks the log with their own key, and takes evidence away.

mod ask;
pub(crate) mod export;
pub(crate) mod found;

use crate::exit::Failure;
use crate::files::Own;
use crate::floors;
use crate::output::Output;
use clap::{Args, Subcommand};
use found::Finding;
use portal_api::sentence;
use records::evidence::Search;
use records::found::FoundRecord;
use records::time::{typed_from, typed_until};
use std::collections::BTreeMap;
use system::{layout, speech};

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
#[command(after_help = "例 / example: yinxin audit search --person PERSON")]
struct SearchArguments {
    #[command(flatten)]
    own: Own,
    /// `access` (what happened at the gates) or `control` (orders, certificates, revocations). 日志
    #[arg(long, default_value = "access", value_parser = records::record::LOGS)]
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
    /// `permitted`, a code as `not-permitted`, or by what it passed: `observe`, `emergency`. 结果
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
    /// Not older: a day or time in Beijing, or 2026-11-25T08:00:00Z. 起（北京时间）
    #[arg(long, default_value = "")]
    from: String,
    /// Not newer; a day is meant with its end. 止（北京时间）
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
        from: typed_from(&asked.from),
        until: typed_until(&asked.until),
        before: asked.before,
    };
    let finding = found::find(&asked.own.trust()?, &asked.own.open()?, search).await?;
    tell(output, &finding);
    match finding.checked.refused() {
        0 => Ok(()),
        refused => Err(found::refused(refused)),
    }
}

/// One sentence a record in both languages; for machines one line a record, then one for the page.
fn tell(output: Output, finding: &Finding) {
    let Finding { checked, standings } = finding;
    for record in &checked.records {
        match record {
            Ok(found) => tell_found(output, found, checked.tree_size),
            Err(unproven) => {
                let told = found::unproven(unproven.why);
                output.told(&format!("✗{:>6}  ", unproven.index), &told);
                output.json(&serde_json::json!({
                    "index": unproven.index, "proven": false, "zh": told.zh(), "en": told.en(),
                }));
            }
        }
    }
    for sentence in found::page(checked, standings) {
        output.told("", &sentence);
    }
    if let Some(before) = checked.before {
        output.fact(("下一页", "next page"), format!("--before {before}"));
    }
    output.json(&summary(finding));
}

/// A record that stands in the log. People are named by their ids: no record holds a name.
fn tell_found(output: Output, found: &FoundRecord, size: u64) {
    let record = found.record();
    let said = sentence::of(record, &BTreeMap::new());
    output.told(&format!("✓{:>6}  ", found.index()), &said);
    let request = sentence::request_of(record);
    // What `audit export` is asked for, where the sentence does not name it.
    if let Some(name) = request.as_deref().filter(|name| !said.zh().contains(name)) {
        let name = layout::value(name);
        output.line(&format!("{:>9}{}: {name}", "", speech::both("请求", "request")));
    }
    output.json(&serde_json::json!({
        "index": found.index(), "proven": true, "tree_size": size,
        "zh": said.zh(), "en": said.en(), "parts": said.parts(),
        "record": serde_json::to_value(record).unwrap_or_default(),
        "request": request,
        "disclosures": found.disclosures(),
    }));
}

/// The page for machines: what is proven of it, and what is the log's word.
fn summary(Finding { checked, standings }: &Finding) -> serde_json::Value {
    let refused = checked.refused();
    serde_json::json!({
        "count": checked.records.len() - refused, "refused": refused,
        "tree_size": checked.tree_size, "root": checked.root, "floors": floors::facts(standings),
        "not_proven": [found::as_written().document()],
        "hearsay": {
            "complete_to": checked.complete_to, "before": checked.before, "names": checked.names,
        },
    })
}
