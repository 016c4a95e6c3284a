//! `yinxin context add`

use crate::contexts::{Context, Contexts, folder};
use crate::exit::{Failure, file_failure};
use crate::files;
use crate::output::Output;
use pki::Certificate;
use records::letter::Letter;
use records::trust::Trust;
use std::path::{Path, PathBuf};
use system::speech::Command;

/// Arguments of `yinxin context add`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: \
                  yinxin context add officer --letter LETTER --cert my.pem --key my.key")]
pub(super) struct Arguments {
    /// What you call it. 名称
    name: String,
    /// Your certificate with its chain (PEM); beside a key in PKCS#12 it is taken from there. 证书文件
    #[arg(long)]
    cert: Option<PathBuf>,
    /// Your key: encrypted PKCS#8, or PKCS#12 (.p12). 密钥文件
    #[arg(long)]
    key: PathBuf,
    /// The trust file. 信任文件
    #[arg(long, required_unless_present = "letter", conflicts_with = "letter")]
    trust: Option<PathBuf>,
    /// Your letter, which holds the trust file too. 密码信封文件，其中包含信任文件
    #[arg(long)]
    letter: Option<PathBuf>,
    /// File whose first line is the key's passphrase; asked for otherwise. 口令文件
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
}

pub(super) fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let trust: Trust = match (&arguments.trust, &arguments.letter) {
        (Some(path), _) => files::document(path)?,
        (None, Some(letter)) => files::secret_document::<Letter>(letter)?.trust,
        (None, None) => return Err(Failure::usage("缺少信任文件。", "say --trust or --letter")),
    };
    let chain = chain(arguments)?;
    let root = chain.last().map(|root| root.sha256());
    if root.is_none() || root != trust.root_sha256.digest() {
        return Err(Failure::usage(
            "证书不属于信任文件所说的城市。",
            "the certificate's root is not the one of the trust file",
        ));
    }
    let mut contexts = Contexts::read()?;
    let name = &arguments.name;
    let context = Context {
        trust: match &arguments.trust {
            Some(path) => there(path)?,
            None => folder()?.join(format!("{name}.trust.json")),
        },
        cert: match &arguments.cert {
            Some(path) => there(path)?,
            None => folder()?.join(format!("{name}.pem")),
        },
        key: there(&arguments.key)?,
        passphrase_file: arguments.passphrase_file.as_deref().map(there).transpose()?,
    };
    let text = serde_json::to_vec_pretty(&trust)
        .map_err(|error| Failure::because("无法写出信任文件", &error))?;
    let certificates: String = chain.iter().map(Certificate::pem).collect();
    // What no file of the person's holds is kept beside the contexts.
    let kept = [
        (arguments.trust.is_none(), context.trust.clone(), text),
        (arguments.cert.is_none(), context.cert.clone(), certificates.into_bytes()),
    ];
    contexts.add(name, context)?;
    contexts.write()?;
    for (_, path, bytes) in kept.iter().filter(|(is_ours, ..)| *is_ours) {
        system::file::replace_private(path, bytes).map_err(|error| file_failure(path, &error))?;
    }
    let in_use = contexts.current().is_some_and(|(current, _)| current == name);
    output.fact(("已添加身份", "context added"), name);
    let next = match in_use {
        true => Command::new("yinxin whoami", &[]),
        false => Command::new("yinxin context use {}", &[name]),
    };
    output.next(&next);
    output.json(&serde_json::json!({ "context": name, "in_use": in_use }));
    Ok(())
}

/// The certificates of whoever is added.
fn chain(arguments: &Arguments) -> Result<Vec<Certificate>, Failure> {
    if let Some(path) = &arguments.cert {
        return files::chain(path);
    }
    if !keys::is_pkcs12(&arguments.key) {
        return Err(Failure::usage(
            "请给出证书文件。",
            "the key file holds no certificate; say --cert",
        )
        .next("同一命令，加上 --cert FILE / the same with --cert FILE"));
    }
    Ok(files::bundle(&arguments.key, arguments.passphrase_file.as_deref())?.chain)
}

/// A file that is there, by its whole name: a context holds wherever it is used.
fn there(path: &Path) -> Result<PathBuf, Failure> {
    std::fs::metadata(path)
        .and_then(|_| std::path::absolute(path))
        .map_err(|error| file_failure(path, &error))
}
