//! `yinxin revoke`: an officer asks for a revocation under their own signature; two persons approve
//! the order that the CA makes from it.

use crate::clock::now;
use crate::exit::Failure;
use crate::files::{Opened, Own};
use crate::output::Output;
use crate::{files, prompt};
use portal_api::plain;
use records::trust::Trust;
use records::wish::{Wish, WishStatement, Wished, Wishing};
use records::{Bytes, json};
use system::speech;

/// No serial number is shorter: its last four digits are typed to confirm it.
const SERIAL_DIGITS_MIN: usize = 8;

/// Arguments of `yinxin revoke`.
#[derive(clap::Args)]
#[command(after_help = "Your signature makes you its drafter; it lives as all orders do.\n\
    A lost certificate of your own, at once: yinxin report-lost --letter LETTER\n\
    本人签名后您即为起草人；自己的证书丢失，立即挂失: yinxin report-lost --letter LETTER")]
pub struct Arguments {
    /// Serial number of the certificate. 证书序列号
    serial: String,
    /// Why, as RFC 5280 names it. 原因
    #[arg(long, value_parser = plain::REASONS)]
    reason: String,
    /// What you looked at, who told you. 依据
    #[arg(long)]
    evidence: String,
    #[command(flatten)]
    own: Own,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let trust = arguments.own.trust()?;
    let opened = arguments.own.open()?;
    let Arguments { reason, evidence, .. } = arguments;
    let serial = &read(&arguments.serial)?;
    output.fact(("   吊销证书", "to be revoked"), serial);
    let why = plain::reason(reason);
    output.fact(("   原因", "reason"), speech::both(&why.zh, &why.en));
    output.fact(("   依据", "evidence"), evidence);
    if !arguments.yes {
        let last = serial.char_indices().rev().nth(3).map_or("", |(at, _)| &serial[at..]);
        let zh = format!("输入证书序列号末四位 {last} 以签署");
        prompt::confirm((&zh, &format!("type {last} to sign:")), last)?;
    }
    let message = signed(&trust, &opened, Wished { serial, reason, evidence })?;
    let client = files::client(&trust.portal_staff, &trust, Some(opened.identity()?))?;
    let made = portal_api::Staff(client).wish(&message).await?;
    output.fact(("已提交", "submitted"), &made.order);
    output.fact(("需要的批准", "approvals needed"), made.needed);
    output.next(&format!("yinxin approve {}{}", made.order, arguments.own.again()));
    output.json(&serde_json::json!({ "order": made.order, "needed": made.needed }));
    Ok(())
}

/// A serial number as people copy it, in the one spelling of records; a few of its digits are none.
fn read(text: &str) -> Result<String, Failure> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
    let digits = digits.to_ascii_lowercase();
    let is_whole =
        digits.len() >= SERIAL_DIGITS_MIN && pki::SerialNumber::from_hex(&digits).is_some();
    match is_whole {
        true => Ok(digits),
        false => Err(Failure::usage(
            "这不是完整的证书序列号。",
            "This is no whole serial number of a certificate.",
        )),
    }
}

/// The wish under the certificate key, with what opens its evidence.
pub(crate) fn signed(
    trust: &Trust,
    opened: &Opened,
    asked: Wished<'_>,
) -> Result<Wishing, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::usage("无法签名。", error.to_string());
    let leaf = opened.leaf()?;
    let drawn = (system::random::bytes()?, system::random::bytes()?);
    let stated = WishStatement::new(&trust.founding, leaf.sha256(), asked, drawn, now());
    let (statement, evidence) = stated.map_err(|error| failed(&error))?;
    let bytes = Bytes(json::write(&statement).map_err(|error| failed(&error))?);
    let wish = Wish::sign(bytes, leaf, &opened.signer).map_err(|error| failed(&error))?;
    Ok(Wishing { wish, evidence })
}
