//! `yinxin return` and `yinxin reject`: an officer declines an order with their certificate key,
//! after seeing what the CA signed. Whoever applied reads the reason.

use crate::approve::{checked, show};
use crate::exit::Failure;
use crate::files::Own;
use crate::output::Output;
use crate::{files, prompt};
use records::decline::{Decline, DeclineStatement, Declining, Outcome};
use records::{Bytes, Disclosure, json};

/// Arguments of `yinxin return` and `yinxin reject`.
#[derive(clap::Args)]
#[command(after_help = "An operator's order to revoke cannot be declined: \
                  nobody releases a brake alone.\n操作员起草的吊销指令不能退回或驳回。")]
pub struct Arguments {
    /// Order id. 指令编号
    order: String,
    /// Why, in words that help whoever applied. 理由，申请人会看到
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    own: Own,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(
    output: Output,
    outcome: Outcome,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let trust = arguments.own.trust()?;
    let opened = arguments.own.open()?;
    let client = files::client(&trust.portal_staff, &trust, Some(opened.identity()?))?;
    let portal = portal_api::Staff(client);
    let export = portal.fetch(&arguments.order).await?;
    let shown = checked(&export, Some(&arguments.order), &trust)?;
    let order = shown.order();
    let leaf = opened.leaf()?;
    show(output, &shown, (leaf, None));
    output.fact(("   理由", "reason"), &arguments.reason);
    if !arguments.yes {
        let last = order.order.get(12..).unwrap_or_default();
        let (zh, en) = match outcome {
            Outcome::Returned => ("退回", "send it back"),
            Outcome::Rejected => ("驳回", "reject it"),
        };
        let zh = format!("输入指令编号末四位 {last} 以{zh}");
        prompt::confirm((&zh, &format!("type {last} to {en}:")), last)?;
    }
    let message = signed(shown.digest(), outcome, &arguments.reason, &opened)?;
    let declined = portal.decline(&message).await?;
    let done = match declined.outcome {
        Outcome::Returned => ("已退回", "sent back"),
        Outcome::Rejected => ("已驳回", "rejected"),
    };
    output.fact(done, &declined.order);
    output.json(&serde_json::json!({ "order": declined.order, "outcome": declined.outcome }));
    Ok(())
}

/// The signed statement, with the reason that whoever applied reads.
pub(crate) fn signed(
    digest: [u8; 32],
    outcome: Outcome,
    reason: &str,
    opened: &files::Opened,
) -> Result<Declining, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::usage("无法签名。", error.to_string());
    let salt = system::random::bytes::<32>()?;
    let reason = Disclosure::new("/reason", salt, reason.into());
    let committed = reason.commitment().map_err(|error| failed(&error))?;
    let statement = DeclineStatement { v: 1, order: digest.into(), outcome, reason: committed };
    let bytes = Bytes(json::write(&statement).map_err(|error| failed(&error))?);
    let decline =
        Decline::sign(bytes, opened.leaf()?, &opened.signer).map_err(|error| failed(&error))?;
    Ok(Declining { decline, reason })
}
