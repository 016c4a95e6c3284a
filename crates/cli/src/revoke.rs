//! `yinxin revoke`: an officer asks for a revocation under their own signature; two persons approve
//! the order that the CA makes from it.

use crate::clock::now;
use crate::consent::{Consent, Consentable, Signable, consent, unsigned};
use crate::exit::Failure;
use crate::files;
use crate::files::{Own, SigningIdentity};
use crate::output::Output;
use crate::serial;
use crate::typed_text;
use pki::{Certificate, Signer};
use portal_api::plain::{self, BilingualText, Fact};
use records::trust::Trust;
use records::wish::{Wish, WishInput, WishStatement, WishSubmission};
use records::{Bytes, Disclosure, json};

/// Arguments of `yinxin revoke`.
#[derive(clap::Args)]
#[command(
    after_help = "例 / example: yinxin revoke SERIAL --reason keyCompromise --evidence TEXT\n\
    Your signature makes you its drafter; it lives as all orders do. \
    / 本人签名后您即为起草人，与其他办件一样办理。\n\
    A lost certificate of your own, at once / 自己的证书丢失，立即挂失: \
    yinxin report-lost --letter LETTER"
)]
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
    let typed = (&*arguments.serial, &*arguments.reason, &*arguments.evidence);
    let asked = RevocationWish::new(&trust, &opened, typed)?;
    let last = serial::last(&asked.statement.serial).to_owned();
    let zh = format!("输入证书序列号末四位 {last} 以签署");
    let en = format!("type {last} to sign:");
    let how = Consent::new(arguments.yes, (&zh, &en), &last);
    let message = consent(output, (asked, &opened.name()), &how)?.sign(&opened)?;
    let client = files::client(&trust.portal_staff, &trust, Some(opened.identity()?))?;
    let made = portal_api::Staff(client).wish(&message).await?;
    let told = [
        Fact::new(("已提交", "submitted"), &made.order),
        Fact::new(("需要的批准", "approvals needed"), made.needed.to_string()),
    ];
    let answer = serde_json::json!({ "order": made.order, "needed": made.needed });
    output.hearsay(&told, answer);
    output.next(&arguments.own.again("yinxin approve {}", &[&made.order]));
    Ok(())
}

/// A wish to revoke as it is to be signed.
pub(crate) struct RevocationWish {
    statement: WishStatement,
    evidence: Disclosure,
}

impl RevocationWish {
    /// The wish for a serial number, a reason and evidence as somebody typed them. Evidence is one
    /// line, whatever parted its words.
    pub(crate) fn new(
        trust: &Trust,
        opened: &SigningIdentity,
        (typed, reason, evidence): (&str, &str, &str),
    ) -> Result<Self, Failure> {
        let serial = &serial::read(typed)?;
        let evidence = &typed_text::evidence(evidence)?;
        let asked = WishInput { serial, reason, evidence };
        let drawn = (system::random::bytes()?, system::random::bytes()?);
        let certificate = opened.leaf()?.sha256();
        let stated = WishStatement::new(&trust.founding, certificate, asked, drawn, now());
        let (statement, evidence) = stated.map_err(|error| unsigned(&error))?;
        Ok(Self { statement, evidence })
    }
}

impl Consentable for RevocationWish {
    fn what(&self) -> BilingualText {
        plain::kind_of("revoke", "")
    }

    fn facts(&self) -> Vec<Fact> {
        plain::about_wishing(&self.statement, &self.evidence)
    }

    fn digest(&self) -> Option<[u8; 32]> {
        json::write(&self.statement).ok().map(|bytes| Wish::challenge(&bytes))
    }
}

impl Signable for RevocationWish {
    type Signed = WishSubmission;

    fn sign(self, leaf: &Certificate, signer: &dyn Signer) -> Result<WishSubmission, Failure> {
        let bytes = Bytes(json::write(&self.statement).map_err(|error| unsigned(&error))?);
        let wish = Wish::sign(bytes, leaf, signer).map_err(|error| unsigned(&error))?;
        Ok(WishSubmission { wish, evidence: self.evidence })
    }
}
