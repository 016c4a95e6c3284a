//! `yinxin withdraw`: whoever drafted an order, or had a letter made, takes it back under their own
//! signature.

use crate::consent::{Consent, Consentable, Signable, consent, unsigned};
use crate::exit::Failure;
use crate::files;
use crate::files::Own;
use crate::order::{self, checked};
use crate::output::Output;
use pki::{Certificate, Signer};
use portal_api::plain::{self, BilingualText, Fact};
use records::export::OpenedOrder;
use records::withdrawal::{Withdrawal, WithdrawalStatement, WithdrawalTarget};
use records::{Bytes, json};
use serde_json::{Map, Value};

/// Arguments of `yinxin withdraw`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin withdraw ORDER\n\
    Only whoever drafted it can; an order to revoke is not taken back. \
    / 只有起草人能撤回；吊销办件不能撤回。")]
pub struct Arguments {
    /// Order id. 办件编号
    #[arg(required_unless_present = "letter", conflicts_with = "letter")]
    order: Option<String>,
    /// Reference of a letter instead. 密码信封编号
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
    let (name, what, order) = match (&arguments.order, &arguments.letter) {
        (Some(order), _) => {
            let export = portal.fetch(order).await?;
            let shown = checked(&export, Some(order), &trust)?;
            let order = shown.digest().into();
            (shown.order().order.clone(), WithdrawalTarget::Order { order }, Some(shown))
        }
        (None, letter) => {
            let typed = letter.as_deref().unwrap_or_default();
            let reference = records::letter::read_reference(typed);
            let reference = reference.ok_or_else(|| {
                Failure::usage("这不是密码信封编号。", "this is no reference of a letter")
            })?;
            (reference.clone(), WithdrawalTarget::Letter { reference }, None)
        }
    };
    let statement = WithdrawalStatement { v: 1, founding: trust.founding.clone(), what };
    let last = name.get(12..).unwrap_or_default();
    let zh = format!("输入编号末四位 {last} 以撤回");
    let en = format!("type {last} to take it back:");
    let how = Consent::new(arguments.yes, (&zh, &en), last);
    let taken = consent(output, (Withdrawing { statement, order }, &opened.name()), &how)?;
    let withdrawn = portal.withdraw(&taken.sign(&opened)?).await?;
    let told = Fact::new(("已撤回", "taken back"), &withdrawn.name);
    output.hearsay(&[told], serde_json::json!({ "withdrawn": withdrawn.name }));
    Ok(())
}

/// What is taken back, and the order if it is one.
struct Withdrawing {
    statement: WithdrawalStatement,
    order: Option<OpenedOrder>,
}

impl Consentable for Withdrawing {
    fn what(&self) -> BilingualText {
        let letter =
            || BilingualText { zh: "撤回密码信封".into(), en: "take a letter back".into() };
        self.order.as_ref().map_or_else(letter, |order| {
            let BilingualText { zh, en } = order::what(order);
            BilingualText { zh: format!("撤回{zh}"), en: format!("take back {en}") }
        })
    }

    fn facts(&self) -> Vec<Fact> {
        let taken = self.order.as_ref();
        let all = |order| plain::facts_of_decision(order, &[]);
        let ends = |order| plain::about_ending(order, None);
        let mut facts = taken.map(all).unwrap_or_default();
        facts.extend(taken.map(ends).unwrap_or_default());
        facts.extend(plain::about_withdrawing(&self.statement));
        facts
    }

    fn digest(&self) -> Option<[u8; 32]> {
        json::write(&self.statement).ok().map(|bytes| Withdrawal::challenge(&bytes))
    }

    fn machine(&self) -> Map<String, Value> {
        self.order.as_ref().map(order::machine).unwrap_or_default()
    }
}

impl Signable for Withdrawing {
    type Signed = Withdrawal;

    fn sign(self, leaf: &Certificate, signer: &dyn Signer) -> Result<Withdrawal, Failure> {
        let bytes = Bytes(json::write(&self.statement).map_err(|error| unsigned(&error))?);
        Withdrawal::sign(bytes, leaf, signer).map_err(|error| unsigned(&error))
    }
}
