//! `yinxin passkey certify`: an officer's certificate key says which passkey is theirs. A different
//! security administrator approves; a page alone can neither make nor exchange one.

use crate::exit::Failure;
use crate::files::{Opened, Own};
use crate::output::{Output, spoken};
use crate::{files, prompt};
use portal_api::{NewPasskey, plain};
use records::label::Label;
use records::order::CredentialBody;
use records::passkey::PasskeyStatement;
use records::trust::Trust;
use records::{Bytes, json};
use std::path::PathBuf;

/// Arguments of `yinxin passkey`.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Asks for a new passkey to be certified. 申请认证通行密钥
    Certify(Arguments),
}

/// Arguments of `yinxin passkey certify`.
#[derive(clap::Args)]
#[command(
    after_help = "The staff page makes the passkey and saves the file. / 通行密钥在工作台页面生成并保存为文件。\n\
    A different security administrator then approves it. / 之后由另一名安全保密管理员批准。"
)]
pub struct Arguments {
    /// The file that the staff page saved. 页面保存的文件
    file: PathBuf,
    /// It lives in a hardware key that it cannot leave. 保管在硬件中，不能导出
    #[arg(long)]
    hardware: bool,
    #[command(flatten)]
    own: Own,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(output: Output, command: &Command) -> Result<(), Failure> {
    let Command::Certify(arguments) = command;
    let trust = arguments.own.trust()?;
    let new: NewPasskey = files::document(&arguments.file)?;
    let opened = arguments.own.open()?;
    let body = credential(&trust, &opened, &new, !arguments.hardware)?;
    for fact in plain::about_passkey(&body) {
        output.line(&format!("   {}: {}", spoken(&fact.term), spoken(&fact.value)));
    }
    if !arguments.yes {
        prompt::confirm(
            ("以上是您刚刚生成的通行密钥吗？输入 yes", "Is this the passkey you made? [yes]:"),
            "yes",
        )?;
    }
    let client = files::client(&trust.portal_staff, &trust, Some(opened.identity()?))?;
    let made = portal_api::Staff(client).certify(&body).await?;
    output.fact(("已提交", "submitted"), &made.order);
    output.fact(("需要的批准", "approvals needed"), made.needed);
    output.said("下一步由另一名安全保密管理员", "next, another security administrator");
    output.line(&format!("    yinxin approve {}", made.order));
    output.json(&serde_json::json!({ "order": made.order, "needed": made.needed }));
    Ok(())
}

/// What is asked for: that this passkey, which the staff page of this city made, is certified for
/// the holder of this certificate.
pub(crate) fn credential(
    trust: &Trust,
    opened: &Opened,
    new: &NewPasskey,
    software: bool,
) -> Result<CredentialBody, Failure> {
    let leaf = opened.leaf()?;
    if new.v != 1 || new.origin != trust.portal_staff {
        return Err(Failure::usage(
            "这个文件不是本市工作台保存的。",
            format!("it was made on {}, not on {}", new.origin, trust.portal_staff),
        ));
    }
    let made = (new.authenticator_data.0.as_slice(), new.client_data.0.as_slice());
    let statement = PasskeyStatement::of_new(
        trust.founding.clone(),
        leaf.sha256(),
        &new.origin,
        made,
        software,
    );
    let statement =
        statement.map_err(|error| Failure::usage("通行密钥文件未通过核对。", error.to_string()))?;
    let unwritable =
        |error: &dyn std::fmt::Display| Failure::usage("无法写出申请。", error.to_string());
    let bytes = json::write(&statement).map_err(|error| unwritable(&error))?;
    let signature =
        Label::Passkey.sign(&opened.signer, &bytes).map_err(|error| unwritable(&error))?;
    Ok(CredentialBody {
        person: leaf.subject().person().unwrap_or_default().to_owned(),
        certificate: leaf.der().into(),
        statement: Bytes(bytes),
        signature: Bytes(signature),
    })
}
