//! `yinxin audit export`: the evidence of one request or certificate, checked before it is kept.

use super::ask::ask;
use crate::exit::{Failure, file_failure};
use crate::files::{self, Own, SigningIdentity};
use crate::floors::{self, Floors, Given, Standing};
use crate::output::Output;
use records::Bytes;
use records::evidence::{
    AccessPart, AuditQuestion, ExportedBundle, LogAnswer, Manifest, Question, file,
};
use records::json::JsonError;
use records::lineage::Lineage;
use records::trust::Trust;
use std::collections::BTreeMap;
use std::path::PathBuf;
use system::speech::Command;
use verify::Report;

/// Arguments of `yinxin audit export`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin audit export --request NAME --out evidence.tar\n\
    Names of requests / 请求名: yinxin audit search\n\
    Anybody checks it with / 任何人可验证: yinxin-verify --trust trust.json evidence.tar")]
pub(super) struct Arguments {
    #[command(flatten)]
    own: Own,
    /// Name of a request, as AGENT/EPOCH/NUMBER. 请求
    #[arg(long, required_unless_present = "certificate", conflicts_with = "certificate")]
    request: Option<String>,
    /// Serial number of a certificate. 证书序列号
    #[arg(long)]
    certificate: Option<String>,
    /// Where the bundle goes. 证据包
    #[arg(long, default_value = "evidence.tar")]
    out: PathBuf,
}

pub(super) async fn run(output: Output, asked: &Arguments) -> Result<(), Failure> {
    let question = match (&asked.request, &asked.certificate) {
        (Some(request), _) => Question::Request(request.clone()),
        (_, Some(serial)) => Question::Certificate(serial.to_lowercase()),
        _ => return Err(Failure::usage("要导出什么？", "say --request or --certificate")),
    };
    // What an auditor asks for is recorded, whether or not they get to read it.
    files::check_vacant(&asked.out)?;
    let evidence = proven(&asked.own.trust()?, &asked.own.open()?, question).await?;
    let Evidence { report, files, standings } = evidence;
    let bundle = bundled(&files).map_err(|error| file_failure(&asked.out, &error))?;
    files::write_new(&asked.out, &bundle)?;
    output.report(&report);
    for sentence in standings.iter().filter_map(Standing::told) {
        output.told("  · ", &sentence);
    }
    output.fact(("✓ 证据包", "evidence bundle"), asked.out.display());
    let files = [asked.own.trust_file()?, asked.out.clone()];
    let [trust, bundle] = files.map(|path| path.display().to_string());
    output.next(&Command::new("yinxin-verify --trust {} {}", &[&trust, &bundle]));
    let mut told = report.json();
    if let Some(told) = told.as_object_mut() {
        told.insert("out".into(), asked.out.display().to_string().into());
        told.insert("floors".into(), floors::facts(&standings));
    }
    output.json(&told);
    Ok(())
}

/// A bundle that holds, what it proves, and where the logs stand from which it comes.
pub(crate) struct Evidence {
    pub(crate) report: Report,
    pub(crate) files: BTreeMap<String, Bytes>,
    pub(crate) standings: Vec<Standing>,
}

/// The evidence that answers a question, and what it proves: nothing that does not hold is given.
pub(crate) async fn proven(
    trust: &Trust,
    opened: &SigningIdentity,
    wanted: Question,
) -> Result<Evidence, Failure> {
    let floors = Floors::take(trust).await?;
    let answer =
        ask(trust, opened, (AuditQuestion::Export(wanted.clone()), floors.known())).await?;
    let LogAnswer::Export(exported) = answer else {
        return Err(Failure::usage("日志的应答不对。", "the log answered something else"));
    };
    let contents: BTreeMap<String, Vec<u8>> =
        exported.files.iter().map(|(name, content)| (name.clone(), content.0.clone())).collect();
    let answered = contents.get("manifest.json").map(|bytes| records::json::read(bytes));
    if !matches!(&answered, Some(Ok(Manifest { question, .. })) if *question == wanted) {
        return Err(Failure::usage("日志回答了另一个问题。", "the log answered another question"));
    }
    let report = verify::verify(contents.clone(), Some(trust));
    if let Some(failed) = report.failed() {
        let (item, zh) = (&failed.item, failed.zh());
        let zh = format!("导出的内容未通过验证，未保存：{item}：{zh}。");
        return Err(Failure::usage(zh, failed.to_string()));
    }
    let standings = continued(floors, &contents, &exported)?;
    Ok(Evidence { report, files: exported.files, standings })
}

/// That the logs under whose checkpoints the evidence stands go on from what was seen of them.
fn continued(
    floors: Floors,
    contents: &BTreeMap<String, Vec<u8>>,
    exported: &ExportedBundle,
) -> Result<Vec<Standing>, Failure> {
    let wrong = |error: JsonError| Failure::because("日志的应答不对", &error);
    let mut checkpoints = Vec::new();
    if let Some(bytes) = contents.get(file::CONTROL) {
        let control: Lineage = records::json::read(bytes).map_err(wrong)?;
        checkpoints.push(("control", control.checkpoint));
    }
    if let Some(bytes) = contents.get(file::ACCESS) {
        let access: AccessPart = records::json::read(bytes).map_err(wrong)?;
        checkpoints.push(("access", access.checkpoint));
    }
    let mut given = Vec::with_capacity(checkpoints.len());
    for (log, checkpoint) in &checkpoints {
        let consistency = exported.consistency.get(*log).map(Vec::as_slice).unwrap_or_default();
        given.push(Given { log, checkpoint, consistency });
    }
    floors.keep(&given)
}

/// The same files give the same bytes; they name people, and replace nothing.
pub(crate) fn bundled(contents: &BTreeMap<String, Bytes>) -> std::io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in contents {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.0.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        builder.append_data(&mut header, name, content.0.as_slice())?;
    }
    builder.into_inner()
}
