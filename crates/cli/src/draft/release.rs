//! `yinxin draft release`: an order that releases a suspended certificate. Neither its holder nor
//! whoever suspended drafts it; two others approve it.

use super::desk::Desk;
use crate::consent::unsigned;
use crate::exit::Failure;
use crate::files::Own;
use crate::output::Output;
use crate::{serial, typed_text};
use portal_api::plain::{Fact, NameAndId, field};
use records::Disclosure;
use records::commitment::EVIDENCE_PATH;
use records::drafted::DraftContent;
use records::handling::SuspensionFacts;
use system::random;

/// Arguments of `yinxin draft release`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin draft release SERIAL --evidence TEXT")]
pub struct ReleaseArguments {
    /// Serial number. 证书序列号
    serial: String,
    /// What you looked at, in words; approvers see it. 核验依据
    #[arg(long)]
    evidence: String,
    #[command(flatten)]
    own: Own,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(output: Output, arguments: &ReleaseArguments) -> Result<(), Failure> {
    let evidence = typed_text::evidence(&arguments.evidence)?;
    let serial = serial::read(&arguments.serial)?;
    let desk = Desk::open(&arguments.own)?;
    let told = desk.portal.suspension(&serial).await?;
    let mut hearsay = who(&told);
    let seen = Disclosure::new(EVIDENCE_PATH, random::bytes()?, evidence.into());
    let committed = seen.commitment().map_err(|error| unsigned(&error))?;
    let body = told.release(serial, committed);
    let holder = body.person.clone();
    let unsaid = field::OF_RELEASE.to_vec();
    let mut draft = desk.drafting((&DraftContent::Release(body), vec![seen]), unsaid)?;
    hearsay.extend(desk.preview(&draft).await?);
    draft.hearsay = hearsay;
    let made = desk.make(output, (draft, &holder), arguments.yes).await?;
    desk.told(output, &made);
    Ok(())
}

/// Whose certificate it is and who suspended it, as the portal says.
fn who(told: &SuspensionFacts) -> Vec<Fact> {
    let named = |name: &String, id: &String| NameAndId {
        name: Some(name.clone()),
        id: id.clone(),
        unit: None,
    };
    vec![
        Fact::new(("持证人", "holder"), named(&told.name, &told.person)),
        Fact::new(("冻结者", "suspended by"), named(&told.by_name, &told.by)),
    ]
}
