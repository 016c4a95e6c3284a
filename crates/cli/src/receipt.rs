//! `yinxin receipt check`: what a receipt of a loss or a suspension says, and whether this city
//! signed it, by the trust file of whoever is shown it. A page of the public host says the same,
//! but whoever captured that host says it of any sheet.

use crate::exit::Failure;
use crate::facts;
use crate::files::{self, Own};
use crate::output::Output;
use portal_api::plain::{self, Fact};
use records::enrolment::SignedReceipt;
use records::export::NotTrusted;
use records::receipt::{RECEIPT_MAX, Receipt};
use records::trust::Trust;
use serde_json::json;
use std::fmt::Display;
use std::io::Error;
use std::path::Path;
use system::file::{TooLarge, read_text_at_most};
use system::layout::COLUMNS;
use system::terminal::Reader;

/// `yinxin receipt`.
#[derive(clap::Subcommand)]
pub enum ReceiptCommand {
    /// Says whether a receipt is this city's, and what it says. 核验回执
    Check(Arguments),
}

/// Arguments of `yinxin receipt check`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin receipt check receipt.json")]
pub struct Arguments {
    /// The receipt's file, or the text of its code. 回执文件，或二维码中的文字
    #[arg(value_name = "FILE|TEXT")]
    receipt: String,
    #[command(flatten)]
    own: Own,
}

pub(crate) async fn run(output: Output, command: &ReceiptCommand) -> Result<(), Failure> {
    let ReceiptCommand::Check(arguments) = command;
    let trust = arguments.own.trust()?;
    let text = handed_in(&arguments.receipt)?;
    // A document brings the root with it; on paper there is no place for one.
    let root = if text.starts_with('{') { Vec::new() } else { root(&trust).await? };
    let foreign = || Failure::not_trusted(&NotTrusted::Purpose);
    let signed = SignedReceipt::handed_in(&text, &root).ok_or_else(foreign)?;
    let receipt = Receipt::check(&signed, &trust).map_err(|error| Failure::not_trusted(&error))?;
    output.said("回执真实，内容没有改动", "this city signed it, and nothing was changed");
    tell(output, &plain::about_receipt(&receipt));
    output.said(
        "回执说明当时已办理；冻结此后可能已经解除",
        "it says what was done then; a suspension may have been released since",
    );
    let (kind, said) = match &receipt {
        Receipt::Loss(loss) => ("loss", json!(loss)),
        Receipt::Suspension(notice) => ("suspension", json!(notice)),
    };
    let facts = facts::values(&plain::about_receipt(&receipt));
    output.json(&json!({ "kind": kind, "receipt": said, "facts": facts }));
    Ok(())
}

/// What a receipt says, as each command that has one tells it.
pub(crate) fn tell(output: Output, facts: &[Fact]) {
    let columns = Reader::of_output().map_or(COLUMNS, Reader::columns);
    facts::lines(facts, columns).iter().for_each(|line| output.laid_out(line));
}

/// Keeps the receipt of what is done and was told. Where its file cannot be written after all, it
/// is printed as it would stand on paper: nobody could ask for it again.
pub(crate) fn keep(
    output: Output,
    signed: &SignedReceipt,
    out: Option<&Path>,
) -> Result<(), Failure> {
    let Some(out) = out else { return Ok(()) };
    let bytes = serde_json::to_vec_pretty(signed).map_err(std::io::Error::other);
    let written = bytes.and_then(|bytes| system::file::create_private(out, &bytes));
    written.map_err(|error| {
        let text = signed.printed().unwrap_or_else(|| json!(signed).to_string());
        output.said("回执未能写入文件，全文如下：", "the receipt, which could not be written:");
        output.to_copy(&text);
        output.json(&json!({ "receipt": text }));
        Failure::unkept(out, &error).next("yinxin receipt check FILE")
    })
}

/// The receipt as it stands in a file, or was typed; of an address only what stands behind `#`.
fn handed_in(typed: &str) -> Result<String, Failure> {
    let text = match Path::new(typed).is_file() {
        true => read(Path::new(typed))?,
        false => typed.to_owned(),
    };
    let text = text.trim();
    let behind = match text.starts_with('{') {
        true => text,
        false => text.rsplit_once('#').map_or(text, |(_, behind)| behind),
    };
    Ok(behind.to_owned())
}

fn read(path: &Path) -> Result<String, Failure> {
    let wrong = |error: &dyn Display| Failure::about(path, "无法读取回执文件", error);
    let told = |error: Error| match TooLarge::of(&error) {
        Some(_) => wrong(&"作为回执过长 / too long for a receipt"),
        None => wrong(&error),
    };
    read_text_at_most(path, RECEIPT_MAX as u64).map_err(told)
}

/// The root certificate as the public host has it: it is believed by its digest in the trust file.
async fn root(trust: &Trust) -> Result<Vec<u8>, Failure> {
    let client = files::client(&trust.portal_public, trust, None)?;
    let answer = client.get("/root.cer").await?;
    Ok(answer.into_body().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_from_its_code_on() {
        let behind = |text: &str| handed_in(text).ok().unwrap();
        assert_eq!(behind("https://zs.city.gov.cn/receipt#AQ.Ag.Aw\n"), "AQ.Ag.Aw");
        assert_eq!(behind(" AQ.Ag.Aw "), "AQ.Ag.Aw");
        assert_eq!(behind("{\"receipt\":\"#\"}"), "{\"receipt\":\"#\"}");
    }
}
