//! `ca-server system setup`: what to type for programs that speak ACME, with the secret of a system
//! filled in. The file of the secret is shredded behind it, so that it is shown once.

use super::host::Host;
use acme::clients::{AcmeProgram, ProgramSetup};
use anyhow::{Context, bail};
use records::machine::SystemFile;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use system::{file, speech, terminal};

/// What stands for a mail address that nobody said.
const MAIL: &str = "MAIL";

#[derive(clap::Args)]
#[command(after_help = "例 / example: ca-server system setup FILE --directory \
    https://acme.example.gov.cn/acme/directory --host www.example.gov.cn")]
pub(super) struct Setup {
    /// The system's file, as the registration wrote it. 系统文件
    file: PathBuf,
    /// Address of the portal's ACME directory. 门户的 ACME 目录地址
    #[arg(long, value_parser = address)]
    directory: String,
    /// A name of the system. 系统的域名或地址
    #[arg(long, value_parser = host)]
    host: String,
    /// Keeps the file, for EST or for another host. 保留文件
    #[arg(long)]
    keep: bool,
}

fn address(text: &str) -> Result<String, pki::host::HostError> {
    pki::host::read_address(text)
}

fn host(text: &str) -> Result<String, pki::host::HostError> {
    pki::host::Host::read(text).map(|host| host.to_string())
}

pub(super) fn run(host: &Host, wanted: &Setup) -> anyhow::Result<ExitCode> {
    let path = wanted.file.display().to_string();
    let bytes = zeroize::Zeroizing::new(
        system::file::read_given(&wanted.file).with_context(|| path.clone())?,
    );
    let file: SystemFile = serde_json::from_slice(&bytes)
        .with_context(|| format!("{path}：不是系统文件 / {path}: no file of a system"))?;
    let hmac = zeroize::Zeroizing::new(file.eab_hmac.to_string());
    let setup = ProgramSetup {
        directory: &wanted.directory,
        kid: &file.kid,
        hmac: &hmac,
        name: &wanted.host,
        mail: MAIL,
    };
    let texts = AcmeProgram::ALL.map(|program| (program.name(), program.text(&setup)));
    if host.json {
        let all = texts.map(|(program, text)| json!({ "program": program, "text": text }));
        terminal::json(&serde_json::to_string(&json!({ "setups": all }))?);
    } else {
        let en = "root.pem is the city's root; put your mail address in place of MAIL.";
        speech::sentence("", "root.pem 是本市根证书；MAIL 处填写您的邮箱。", en);
        for (program, text) in texts {
            terminal::script(&format!("\n# {program}\n{text}"));
        }
    }
    if let Some(error) = terminal::missing() {
        bail!(
            "没有显示全部，文件没有销毁：{error} / not all of it was shown, the file stays: {error}"
        );
    }
    if !wanted.keep {
        shred(&wanted.file)?;
        if !host.json {
            let en = "The file is shredded: to see the secret again, register the system anew.";
            speech::sentence("", "系统文件已销毁；要再看密钥，只能重新登记系统。", en);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn shred(path: &Path) -> anyhow::Result<()> {
    let (blanked, failed) = file::blank(&[path.to_owned()]);
    for one in blanked {
        one.remove()?;
    }
    if let Some((path, error)) = failed.into_iter().next() {
        bail!("{}: {error}", path.display());
    }
    Ok(())
}
