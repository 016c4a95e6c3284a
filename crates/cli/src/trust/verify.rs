//! `yinxin trust verify`: whether the registry of this city signed a bundle, by the trust file.

use super::fetch;
use crate::clock::now;
use crate::exit::Failure;
use crate::files::Own;
use crate::output::Output;
use serde_json::json;

/// Arguments of `yinxin trust verify`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin trust verify URL --trust trust.json")]
pub struct TrustVerifyArguments {
    /// The bundle's file, or the address where lists are published or of the portal.
    /// 信任包文件，发布地址或门户地址
    #[arg(value_name = "FILE|URL")]
    from: String,
    #[command(flatten)]
    own: Own,
}

pub(super) async fn run(output: Output, arguments: &TrustVerifyArguments) -> Result<(), Failure> {
    let trust = arguments.own.trust()?;
    let signed = fetch::bundle(&arguments.from, &trust).await?;
    let bundle = signed.open(&trust, now()).map_err(|error| Failure::not_trusted(&error))?;
    output.said("信任包真实，内容没有改动", "this city signed it, and nothing was changed");
    fetch::tell(output, &bundle);
    output.json(&json!({ "bundle": bundle }));
    Ok(())
}
