//! `yinxin withdraw`: whoever drafted an order, or had a letter made, takes it back under their own
//! signature.

use crate::approve::{checked, show};
use crate::exit::Failure;
use crate::files::{Opened, Own};
use crate::output::Output;
use crate::{files, prompt};
use records::trust::Trust;
use records::withdrawal::{TakenBack, Withdrawal, WithdrawalStatement};
use records::{Bytes, json};

/// Arguments of `yinxin withdraw`.
#[derive(clap::Args)]
#[command(after_help = "Only whoever drafted it can; an order to revoke is not taken back.\n\
    只有起草人能撤回；吊销指令不能撤回。")]
pub struct Arguments {
    /// Order id. 指令编号
    #[arg(required_unless_present = "letter", conflicts_with = "letter")]
    order: Option<String>,
    /// Reference of a letter instead. 信函编号
    #[arg(long)]
    letter: Option<String>,
    #[command(flatten)]
    own: Own,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let trust = arguments.own.trust()?;
    let opened = arguments.own.open()?;
    let client = files::client(&trust.portal_staff, &trust, Some(opened.identity()?))?;
    let portal = portal_api::Staff(client);
    let (name, what) = match (&arguments.order, &arguments.letter) {
        (Some(order), _) => {
            let export = portal.fetch(order).await?;
            let shown = checked(&export, Some(order), &trust)?;
            show(output, &shown, (opened.leaf()?, None));
            let order = shown.digest().into();
            (shown.order().order.clone(), TakenBack::Order { order })
        }
        (None, letter) => {
            let typed = letter.as_deref().unwrap_or_default();
            let reference = records::letter::read_reference(typed);
            let reference = reference.ok_or_else(|| {
                Failure::usage("这不是信函编号。", "this is no reference of a letter")
            })?;
            output.fact(("   信函", "letter"), &reference);
            (reference.clone(), TakenBack::Letter { reference })
        }
    };
    if !arguments.yes {
        let last = name.get(12..).unwrap_or_default();
        let zh = format!("输入编号末四位 {last} 以撤回");
        prompt::confirm((&zh, &format!("type {last} to take it back:")), last)?;
    }
    let withdrawn = portal.withdraw(&signed(&trust, &opened, what)?).await?;
    output.fact(("已撤回", "taken back"), &withdrawn.name);
    output.json(&serde_json::json!({ "withdrawn": withdrawn.name }));
    Ok(())
}

fn signed(trust: &Trust, opened: &Opened, what: TakenBack) -> Result<Withdrawal, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::usage("无法签名。", error.to_string());
    let statement = WithdrawalStatement { v: 1, founding: trust.founding.clone(), what };
    let bytes = Bytes(json::write(&statement).map_err(|error| failed(&error))?);
    Withdrawal::sign(bytes, opened.leaf()?, &opened.signer).map_err(|error| failed(&error))
}
