//! `ca-server letter`

use super::host::Host;
use anyhow::Context;
use ca_host::letter_print;
use ca_host::operator::{OperatorAnswer, OperatorRequest};
use clap::{Args, Subcommand};
use pki::profile::LetterChannel;
use records::letter::Letter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use system::speech;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "例 / example: ca-server letter PERSON")]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Person id. 人员编号
    #[arg(required = true)]
    person: Option<String>,
    /// Profile of the certificate: `official`, or `staff` for people with a staff role. 证书模板
    #[arg(long, default_value = "official")]
    profile: String,
}

#[derive(Subcommand)]
enum Verb {
    /// Voids a letter: from now on nothing is issued under it. 作废
    #[command(after_help = "例 / example: ca-server letter void REFERENCE")]
    Void {
        /// Reference, as it stands on the letter. 密码信封编号
        reference: String,
    },
    /// Makes another letter for the same person and profile, and voids the first with it. 换发
    ///
    /// The code of a letter is kept nowhere but on its sheet, so that it cannot be printed twice.
    /// 授权码只印在密码信封上，不能重印。
    #[command(after_help = "例 / example: ca-server letter replace REFERENCE")]
    Replace {
        /// Reference of the letter that is to be voided. 原密码信封编号
        reference: String,
    },
    /// Writes the sheets of many letters as one document. 合并打印
    ///
    /// It holds the codes of all of them: print it, then shred it.
    /// 文件含全部授权码，打印后请立即粉碎。
    #[command(after_help = "例 / example: ca-server letter print --out all.html")]
    Print {
        /// References; every letter that waits for its printer, if none is named. 密码信封编号
        references: Vec<String>,
        /// Only letters that were made since then, a day or a time. 制作时间不早于
        ///
        /// Those of before lie here until they are used: they were printed already.
        /// 此前的密码信封在使用之前仍在本机，已经打印过，不再重复打印。
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// The document, .html. 文件
        #[arg(long)]
        out: PathBuf,
    },
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { verb, person, profile } = arguments;
    let request = match verb {
        Some(Verb::Print { references, since, out }) => {
            return print(host, (&references, since.as_deref()), &out);
        }
        Some(Verb::Void { reference }) => {
            OperatorRequest::VoidLetter { reference: read(&reference)? }
        }
        Some(Verb::Replace { reference }) => {
            OperatorRequest::ReplaceLetter { reference: read(&reference)? }
        }
        None => OperatorRequest::Letter { person: person.unwrap_or_default(), profile },
    };
    let mut result = host.draft(&request).await?;
    if !result.letter.is_empty() {
        result.letter = host.config.path(&result.letter).display().to_string();
    }
    if host.json {
        system::terminal::json(&serde_json::to_string(&result)?);
    } else {
        say(host, &result);
    }
    Ok(ExitCode::SUCCESS)
}

/// One document of the letters that wait here, or of those that are named.
fn print(
    host: &Host,
    (references, since): (&[String], Option<&str>),
    out: &Path,
) -> anyhow::Result<ExitCode> {
    let since = since.map(time).transpose()?.unwrap_or_default();
    system::file::check_vacant(out).with_context(|| out.display().to_string())?;
    let folder = host.config.path("issuer/letters");
    let wanted = references.iter().map(|one| read(one)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut letters: Vec<Letter> = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(reference) = name.strip_suffix(".json") else { continue };
        // What a gate joins with is no letter, and a hidden file is half of one.
        let named = records::letter::read_reference(reference).as_deref() == Some(reference);
        if named && (wanted.is_empty() || wanted.iter().any(|one| one == reference)) {
            let bytes = system::file::read_private(&path).map(zeroize::Zeroizing::new);
            let bytes = bytes.with_context(|| path.display().to_string())?;
            letters.push(serde_json::from_slice(&bytes).with_context(|| name.to_owned())?);
        }
    }
    let named = wanted.is_empty() || letters.len() == wanted.len();
    letters.retain(|letter| is_made_since(&letter.sheet.made, since));
    anyhow::ensure!(
        named && !letters.is_empty(),
        "没有这样的待打印密码信封 / no such letters wait for their printer"
    );
    letters.sort_by(|a, b| (&a.sheet.units, &a.name).cmp(&(&b.sheet.units, &b.name)));
    let document = letter_print::print_many(&letters)?;
    system::file::create_private(out, document.as_bytes())
        .with_context(|| out.display().to_string())?;
    if host.json {
        let said = serde_json::json!({ "letters": letters.len(), "document": out });
        system::terminal::json(&said.to_string());
    } else {
        speech::fact("", ("密码信封", "letters"), letters.len());
        speech::fact("", ("打印", "print"), out.display());
        let zh = "文件含全部授权码，打印后请立即粉碎。";
        speech::sentence("", zh, "It holds the codes of all of them: print it, then shred it.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a letter was made then or later; one that does not say when is never left out.
fn is_made_since(made: &str, since: u64) -> bool {
    records::time::read(made).is_none_or(|made| made >= since)
}

/// A day in Beijing, or a time, as people type it.
fn time(text: &str) -> anyhow::Result<u64> {
    let typed = records::time::read(&records::time::typed_from(text));
    typed.context("请填写日期，例如 2026-12-01 / a day such as 2026-12-01 is needed")
}

/// A reference as people type it.
fn read(text: &str) -> anyhow::Result<String> {
    records::letter::read_reference(text)
        .context("这不是密码信封编号 / this is no reference of a letter")
}

fn say(host: &Host, result: &OperatorAnswer) {
    if !result.voided.is_empty() {
        speech::fact("", ("已作废", "voided"), &result.voided);
        if !result.logged {
            let zh = "日志尚未写入；写入之前请勿视为已生效，稍后再执行一次即可确认。";
            let en = "The log does not hold it yet: do not rely on it, run the same again to see.";
            speech::sentence("", zh, en);
        }
    }
    if result.letter.is_empty() {
        return;
    }
    let sheet = Path::new(&result.letter).with_extension("html");
    speech::fact("", ("密码信封", "letter"), &result.letter);
    speech::fact("", ("编号", "reference"), &result.reference);
    let print = ("打印、折叠、密封", "print it, fold it, seal it");
    speech::fact("", print, sheet.display());
    let hand_over = "hand it over or send it sealed; good for 7 days";
    speech::said("", "当面交付或密封寄送，7 日内有效", hand_over);
    speech::sentence(
        "",
        "一经使用、挂失、作废或过期，即从本机粉碎。",
        "Once it is used, lost, voided or expired it is shredded from this host.",
    );
    if result.channels.contains(&LetterChannel::Sms) {
        speech::sentence(
            "",
            "申领还需要短信码：由短信网关发到收件人的手机，不在密码信封上；只有其中之一不能申领。",
            "To ask it takes a message code as well, which is not on the sheet: the gateway for \
             short messages sends it to the addressee's telephone. Neither asks alone.",
        );
        speech::said("", "是否已交给网关：", "whether the gateway has it:");
        let listed = super::print::again(&host.state()).then("notice list {}", &[&result.person]);
        speech::fact("  ", ("查看", "see"), listed.as_str());
    }
    let next = speech::Command::new("yinxin enroll --letter {}", &[&result.letter]);
    speech::next("", &next);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was printed lies there until it is used: the next document is of what was made since.
    #[test]
    fn letters_that_were_printed_are_left_out_by_their_day() {
        let since = time("2026-12-02").unwrap();
        assert!(is_made_since("2026-12-01T16:00:00Z", since), "that day in Beijing");
        assert!(!is_made_since("2026-12-01T15:59:59Z", since));
        assert!(is_made_since("", since));
        assert_eq!(time("2026-12-01T16:00:00Z").unwrap(), since);
        assert!(time("明天").is_err());
    }
}
