//! `yinxin return` and `yinxin reject`: an officer declines an order with their certificate key,
//! after seeing what the CA signed. Whoever applied reads the reason.

use crate::consent::{Consent, Consentable, Signable, consent, unsigned};
use crate::exit::Failure;
use crate::files;
use crate::files::Own;
use crate::order::{self, checked};
use crate::output::Output;
use crate::typed_text;
use pki::{Certificate, Signer};
use portal_api::plain::{self, BilingualText, Fact};
use records::decline::{Decline, DeclineStatement, DeclineSubmission, Outcome};
use records::export::OpenedOrder;
use records::{Bytes, Disclosure, json};
use serde_json::{Map, Value};

/// Arguments of `yinxin return` and `yinxin reject`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin return ORDER --reason REASON\n\
    What only takes away (a revocation, somebody who leaves, a role withdrawn, something \
    closed) cannot be declined, since nobody releases a brake alone; a revocation that nobody \
    signed for can be. / 只收回权限的办件（吊销、离任、撤回角色、关闭）不能退回或驳回；无人签名的吊销办件\
    除外。")]
pub struct Arguments {
    /// Order id. 办件编号
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
    let order = checked(&export, Some(&arguments.order), &trust)?;
    let last = order.order().order.get(12..).unwrap_or_default().to_owned();
    let (zh, en) = match outcome {
        Outcome::Returned => ("退回", "send it back"),
        Outcome::Rejected => ("驳回", "reject it"),
    };
    let zh = format!("输入办件编号末四位 {last} 以{zh}");
    let en = format!("type {last} to {en}:");
    let how = Consent::new(arguments.yes, (&zh, &en), &last);
    let declined = Declined::new(order, outcome, &arguments.reason)?;
    let message = consent(output, (declined, &opened.name()), &how)?.sign(&opened)?;
    let declined = portal.decline(&message).await?;
    let done = match declined.outcome {
        Outcome::Returned => ("已退回", "sent back"),
        Outcome::Rejected => ("已驳回", "rejected"),
    };
    let answer = serde_json::json!({ "order": declined.order, "outcome": declined.outcome });
    output.hearsay(&[Fact::new(done, &declined.order)], answer);
    Ok(())
}

/// An order that is declined, and what is said of it.
pub(crate) struct Declined {
    order: OpenedOrder,
    statement: DeclineStatement,
    reason: Disclosure,
}

impl Declined {
    /// What is to be signed, with the reason that whoever applied reads: one line, whatever parted
    /// its words.
    pub(crate) fn new(order: OpenedOrder, outcome: Outcome, why: &str) -> Result<Self, Failure> {
        let why = typed_text::reason(why)?;
        let reason = Disclosure::new("/reason", system::random::bytes()?, why.into());
        let committed = reason.commitment().map_err(|error| unsigned(&error))?;
        let digest = order.digest().into();
        let statement = DeclineStatement { v: 1, order: digest, outcome, reason: committed };
        Ok(Self { order, statement, reason })
    }
}

impl Consentable for Declined {
    fn what(&self) -> BilingualText {
        order::what(&self.order)
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = plain::facts_of_decision(&self.order, &[]);
        facts.extend(plain::about_ending(&self.order, Some(self.statement.outcome)));
        facts.extend(plain::about_declining(&self.statement, &self.reason));
        facts
    }

    /// That of the order: officers type the reason on the page that shows it.
    fn digest(&self) -> Option<[u8; 32]> {
        Some(self.order.digest())
    }

    fn machine(&self) -> Map<String, Value> {
        order::machine(&self.order)
    }
}

impl Signable for Declined {
    type Signed = DeclineSubmission;

    fn sign(self, leaf: &Certificate, signer: &dyn Signer) -> Result<DeclineSubmission, Failure> {
        let bytes = Bytes(json::write(&self.statement).map_err(|error| unsigned(&error))?);
        let decline = Decline::sign(bytes, leaf, signer).map_err(|error| unsigned(&error))?;
        Ok(DeclineSubmission { decline, reason: self.reason })
    }
}
