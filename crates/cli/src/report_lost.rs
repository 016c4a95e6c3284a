//! `yinxin report-lost`: the letter's loss key is evidence enough; the answer is a signed receipt.

use crate::clock::now;
use crate::consent::{ByLetter, Consent, Consentable, consent};
use crate::exit::Failure;
use crate::files;
use crate::letter::{LetterArguments, LetterCredentials};
use crate::output::Output;
use crate::receipt;
use portal_api::plain::{self, BilingualText, Fact};
use records::enrolment::{ReportLoss, SignedReceipt};
use records::export::NotTrusted;
use records::letter::LossReceipt;
use records::receipt::Receipt;
use std::path::PathBuf;

/// Arguments of `yinxin report-lost`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin report-lost --letter LETTER\n\
    Revokes what was issued under this letter, at once and for ever. / 立即且永久吊销。")]
pub struct Arguments {
    #[command(flatten)]
    letter: LetterArguments,
    /// Where the signed receipt goes. 回执文件
    #[arg(long)]
    out: Option<PathBuf>,
    /// Check a receipt that a page gave, instead of reporting. 核验页面给的回执
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    receipt: Option<PathBuf>,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let held = arguments.letter.read()?;
    if let Some(file) = &arguments.receipt {
        let signed: SignedReceipt = files::document(file)?;
        let told = verified(&held, &signed).map_err(|error| {
            let next = "同一命令，去掉 --receipt / the same without --receipt";
            Failure::not_trusted(&error).next(next)
        })?;
        tell(output, &told);
        return Ok(());
    }
    if let Some(out) = &arguments.out {
        files::check_vacant(out)?;
    }
    let question = ("挂失后证书立即吊销，不可恢复。确认请输入 yes", "this cannot be undone [yes]:");
    let how = Consent::new(arguments.yes, question, "yes");
    let LostLetter(held) = consent(output, (LostLetter(held), ""), &how)?.into_inner();
    let status = ca_api::Status(files::client(&held.trust.status, &held.trust, None)?);
    let report = ReportLoss {
        reference: held.reference.clone(),
        value: held.keys.loss_value(&held.reference).into(),
    };
    let signed = status.report_loss(&report).await?;
    let told = verified(&held, &signed).map_err(|error| Failure::sent(&error))?;
    tell(output, &told);
    output.said("请向登记员申请新密码信封", "ask your registration officer for a new letter");
    receipt::keep(output, &signed, arguments.out.as_deref())
}

/// A letter that is reported lost, and everything under it.
struct LostLetter(LetterCredentials);

impl Consentable for LostLetter {
    fn what(&self) -> BilingualText {
        BilingualText {
            zh: "挂失，立即吊销".into(), en: "report a loss: revokes at once".into()
        }
    }

    fn facts(&self) -> Vec<Fact> {
        plain::about_letter_act(&self.0.reference, &self.0.trust.founding)
    }

    fn digest(&self) -> Option<[u8; 32]> {
        None
    }
}

impl ByLetter for LostLetter {}

fn tell(output: Output, told: &LossReceipt) {
    receipt::tell(output, &plain::about_loss(told));
    output.json(&serde_json::json!(told));
}

/// The receipt, if the status key signed it for this city and this letter.
fn verified(held: &LetterCredentials, signed: &SignedReceipt) -> Result<LossReceipt, NotTrusted> {
    match Receipt::open(signed, &held.trust, now())? {
        Receipt::Loss(receipt) if receipt.reference == held.reference => Ok(receipt),
        _ => Err(NotTrusted::Purpose),
    }
}
