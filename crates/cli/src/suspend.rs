//! `yinxin suspend`: takes a certificate away for a while, at once: by its letter, with the
//! holder's own key, or with the key of whoever cares for them. The answer is a signed receipt.

use crate::clock::now;
use crate::exit::Failure;
use crate::files::{Opened, OwnKey};
use crate::letter::LetterArguments;
use crate::output::Output;
use crate::{files, prompt};
use pki::oid::Arc;
use portal_api::plain;
use records::enrolment::SignedReceipt;
use records::export::{NotTrusted, certified_key};
use records::suspension::{
    SuspendByLetter, Suspending, Suspends, Suspension, SuspensionNotice, SuspensionStatement,
};
use records::trust::Trust;
use records::{Bytes, json};
use std::path::PathBuf;
use system::speech;

/// Arguments of `yinxin suspend`.
#[derive(clap::Args)]
#[command(after_help = "Without a serial number: what was issued under your letter.\n\
    It counts at once; two others release it, or it is revoked after 15 days.\n\
    不写序列号则凭信函冻结；立即生效，须由另外两人解除，15 天未解除即吊销。")]
pub struct Arguments {
    /// Serial number, to sign with your own certificate key. 证书序列号，用本人证书密钥签名
    serial: Option<String>,
    #[command(flatten)]
    letter: LetterArguments,
    /// Why, as RFC 5280 names it. 原因
    #[arg(long, value_parser = plain::REASONS, default_value = "keyCompromise")]
    reason: String,
    /// What you looked at, who told you. 依据
    #[arg(long, default_value = "本人提出 / asked for by the holder")]
    evidence: String,
    #[command(flatten)]
    own: OwnKey,
    /// Where the signed receipt goes. 回执文件
    #[arg(long)]
    out: Option<PathBuf>,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let (trust, signed) = match &arguments.serial {
        Some(serial) => by_key(output, arguments, serial).await?,
        None => by_letter(arguments).await?,
    };
    let notice = verified(&trust, &signed).map_err(|error| Failure::not_trusted(&error))?;
    if let Some(out) = &arguments.out {
        let bytes = serde_json::to_vec_pretty(&signed)
            .map_err(|error| Failure::usage("无法写出回执。", error.to_string()))?;
        files::write_new(out, &bytes)?;
    }
    for serial in &notice.serials {
        output.fact(("已冻结", "suspended"), serial);
    }
    output.fact(("冻结时间", "since"), &notice.time);
    let why = plain::reason(&notice.reason);
    output.fact(("原因", "reason"), speech::both(&why.zh, &why.en));
    output.said(
        "须由另外两人批准解除；15 天未解除即吊销",
        "two others release it; after 15 days it is revoked",
    );
    output.json(&serde_json::json!(notice));
    Ok(())
}

async fn by_letter(arguments: &Arguments) -> Result<(Trust, SignedReceipt), Failure> {
    let held = arguments.letter.read()?;
    confirmed(arguments)?;
    let status = ca_api::Status(files::client(&held.trust.status, &held.trust, None)?);
    let value = held.keys.suspension_value(&held.reference).into();
    let message = SuspendByLetter { reference: held.reference.clone(), value };
    Ok((held.trust.clone(), status.suspend_by_letter(&message).await?))
}

async fn by_key(
    output: Output,
    arguments: &Arguments,
    serial: &str,
) -> Result<(Trust, SignedReceipt), Failure> {
    let trust = arguments.own.believed(arguments.letter.trust())?;
    let opened = arguments.own.open()?;
    output.fact(("   冻结证书", "to be suspended"), serial);
    output.fact(("   依据", "evidence"), &arguments.evidence);
    confirmed(arguments)?;
    let Arguments { reason, evidence, .. } = arguments;
    let message = signed(&trust, &opened, Suspends { serial, reason, evidence })?;
    let status = ca_api::Status(files::client(&trust.status, &trust, None)?);
    let receipt = status.suspend(&message).await?;
    Ok((trust, receipt))
}

fn confirmed(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.yes {
        return Ok(());
    }
    prompt::confirm(
        ("冻结立即生效，须由另外两人解除。确认请输入 yes", "only two others release it [yes]:"),
        "yes",
    )
}

/// The statement under the certificate key, with what opens its evidence.
fn signed(trust: &Trust, opened: &Opened, said: Suspends<'_>) -> Result<Suspending, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::usage("无法签名。", error.to_string());
    let leaf = opened.leaf()?;
    let drawn = (system::random::bytes()?, system::random::bytes()?);
    let stated = SuspensionStatement::new(&trust.founding, leaf.sha256(), said, drawn, now());
    let (statement, evidence) = stated.map_err(|error| failed(&error))?;
    let bytes = Bytes(json::write(&statement).map_err(|error| failed(&error))?);
    let signed = Suspension::sign(bytes, leaf, &opened.signer);
    Ok(Suspending { suspension: signed.map_err(|error| failed(&error))?, evidence })
}

/// The receipt, if the status key signed it for this city.
fn verified(trust: &Trust, signed: &SignedReceipt) -> Result<SuspensionNotice, NotTrusted> {
    let key = certified_key(&signed.chain, trust, Arc::status_signing, now())?;
    let notice = SuspensionNotice::open(&signed.receipt.0, &signed.signature.0, &key);
    notice.filter(|notice| notice.founding == trust.founding).ok_or(NotTrusted::Purpose)
}
