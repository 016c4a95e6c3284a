//! `yinxin passkey certify`: an officer's certificate key says which passkey is theirs. A different
//! security administrator approves; a page alone can neither make nor exchange one.

use crate::consent::{Consent, Consentable, Signable, consent, unsigned};
use crate::exit::Failure;
use crate::files;
use crate::files::{Own, SigningIdentity};
use crate::output::Output;
use pki::{Certificate, Signer};
use portal_api::NewPasskey;
use portal_api::plain::{self, BilingualText, Fact};
use records::label::Label;
use records::order::CredentialBody;
use records::passkey::PasskeyStatement;
use records::trust::Trust;
use records::{Bytes, json};
use std::path::PathBuf;
use system::speech::Command;

/// Arguments of `yinxin passkey`.
#[derive(clap::Subcommand)]
pub enum PasskeyCommand {
    /// Asks for a new passkey to be certified. 申请认证通行密钥
    Certify(Arguments),
}

/// Arguments of `yinxin passkey certify`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin passkey certify passkey.json --hardware\n\
    The staff page makes the passkey and saves the file. / 通行密钥在工作台页面生成并保存为文件。\n\
    A different security administrator then approves it. / 之后由另一名安全保密管理员批准。")]
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

pub(crate) async fn run(output: Output, command: &PasskeyCommand) -> Result<(), Failure> {
    let PasskeyCommand::Certify(arguments) = command;
    let trust = arguments.own.trust()?;
    let new: NewPasskey = files::document(&arguments.file)?;
    let opened = arguments.own.open()?;
    let statement = SignablePasskey::new(&trust, &opened, &new, !arguments.hardware)?;
    let question =
        ("以上是您刚刚生成的通行密钥吗？输入 yes", "Is this the passkey you made? [yes]:");
    let how = Consent::new(arguments.yes, question, "yes");
    let body = consent(output, (statement, &opened.name()), &how)?.sign(&opened)?;
    let client = files::client(&trust.portal_staff, &trust, Some(opened.identity()?))?;
    let made = portal_api::Staff(client).certify(&body).await?;
    let told = [
        Fact::new(("已提交", "submitted"), &made.order),
        Fact::new(("需要的批准", "approvals needed"), made.needed.to_string()),
    ];
    let answer = serde_json::json!({ "order": made.order, "needed": made.needed });
    output.hearsay(&told, answer);
    output.said("下一步由另一名安全保密管理员", "next, another security administrator");
    output.command(&Command::new("yinxin approve {}", &[&made.order]));
    Ok(())
}

/// What is asked for: that this passkey, which the staff page of this city made, is certified for
/// the holder of this certificate.
pub(crate) struct SignablePasskey {
    certificate: Certificate,
    statement: PasskeyStatement,
}

impl SignablePasskey {
    /// What the page's file says of the passkey, if the staff page of this city saved it.
    pub(crate) fn new(
        trust: &Trust,
        opened: &SigningIdentity,
        new: &NewPasskey,
        software: bool,
    ) -> Result<Self, Failure> {
        let certificate = opened.leaf()?.clone();
        if new.v != 1 || new.origin != trust.portal_staff {
            let (made, ours) = (&new.origin, &trust.portal_staff);
            return Err(Failure::usage(
                format!("这个文件不是本市工作台保存的：它出自 {made}，而不是 {ours}。"),
                format!("it was made on {made}, not on {ours}"),
            ));
        }
        let made = (new.authenticator_data.0.as_slice(), new.client_data.0.as_slice());
        let (founding, sha256) = (trust.founding.clone(), certificate.sha256());
        let statement = PasskeyStatement::of_new(founding, sha256, &new.origin, made, software);
        let statement =
            statement.map_err(|error| Failure::because("通行密钥文件未通过核对", &error))?;
        Ok(Self { certificate, statement })
    }
}

impl Consentable for SignablePasskey {
    fn what(&self) -> BilingualText {
        plain::kind_of("credential", "")
    }

    fn facts(&self) -> Vec<Fact> {
        plain::about_new_passkey(&self.certificate, &self.statement)
    }

    fn digest(&self) -> Option<[u8; 32]> {
        json::write(&self.statement).ok().map(|bytes| Label::Passkey.digest(&bytes))
    }
}

impl Signable for SignablePasskey {
    type Signed = CredentialBody;

    fn sign(self, leaf: &Certificate, signer: &dyn Signer) -> Result<CredentialBody, Failure> {
        let statement = json::write(&self.statement).map_err(|error| unsigned(&error))?;
        let signature = Label::Passkey.sign(signer, &statement);
        Ok(CredentialBody {
            person: leaf.subject().person().unwrap_or_default().to_owned(),
            certificate: leaf.der().into(),
            statement: Bytes(statement),
            signature: Bytes(signature.map_err(|error| unsigned(&error))?),
        })
    }
}
