//! `yinxin request`: a key and its request, for first people, services, and anyone who enrols
//! later.

use crate::exit::Failure;
use crate::output::Output;
use crate::{files, prompt};
use keys::{SoftwareSigner, Stretch};
use pki::algorithm::{Algorithm, REGISTRY, by_name};
use std::path::{Path, PathBuf};

/// Arguments of `yinxin request`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin request --key my.key --out my.csr\n\
    The key stays in its file, encrypted; only the request leaves. \
    / 密钥加密保存在文件里，交出去的只有请求。")]
pub struct Arguments {
    /// Where the new key goes (encrypted PKCS#8, never overwritten). 密钥文件
    #[arg(long)]
    key: PathBuf,
    /// Where the request goes (PKCS#10 in PEM). 请求文件
    #[arg(long)]
    out: PathBuf,
    /// p256, p384, ed25519, rsa2048, rsa3072 or rsa4096. 算法
    #[arg(long, default_value = "p256")]
    algorithm: String,
    /// File whose first line is the new passphrase; asked for otherwise. 口令文件
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
    /// For a service: the key is written in clear, mode 0600, for TLS without anybody present. 服务
    #[arg(long, conflicts_with = "passphrase_file")]
    service: bool,
}

pub(crate) fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let algorithm = algorithm(&arguments.algorithm)?;
    files::check_vacant(&arguments.out)?;
    let signer = SoftwareSigner::generate(algorithm)
        .map_err(|error| Failure::because("无法生成密钥", &error))?;
    if arguments.service {
        keys::save_plain(&arguments.key, &signer)?;
    } else {
        let passphrase = prompt::new_passphrase(arguments.passphrase_file.as_deref())?;
        keys::save(&arguments.key, &signer, &passphrase, Stretch::Chosen)?;
    }
    let request =
        keys::request(&signer).map_err(|error| Failure::because("无法生成请求", &error))?;
    let pem = pki::certificate::pem("CERTIFICATE REQUEST", request.der());
    files::write_new(&arguments.out, pem.as_bytes())?;
    output.fact(("密钥", "key"), arguments.key.display());
    output.fact(("请求", "request"), arguments.out.display());
    let key_sha256 = records::Bytes::from(request.key().sha256()).to_string();
    output.json(&serde_json::json!({
        "key": arguments.key, "request": arguments.out, "algorithm": algorithm.name,
        "key_sha256": key_sha256,
    }));
    Ok(())
}

/// Opens a key file, or makes it under a passphrase.
pub(crate) fn open_or_make(
    path: &Path,
    algorithm: &'static Algorithm,
    passphrase_file: Option<&Path>,
) -> Result<SoftwareSigner, Failure> {
    if path.exists() {
        return Ok(keys::open(path, &prompt::passphrase(passphrase_file)?)?);
    }
    let signer = SoftwareSigner::generate(algorithm)
        .map_err(|error| Failure::because("无法生成密钥", &error))?;
    keys::save(path, &signer, &prompt::new_passphrase(passphrase_file)?, Stretch::Chosen)?;
    Ok(signer)
}

/// A registry member by name.
pub(crate) fn algorithm(name: &str) -> Result<&'static Algorithm, Failure> {
    let names: Vec<&str> = REGISTRY.iter().map(|member| member.name).collect();
    by_name(name).ok_or_else(|| one_of("没有这种算法", "one of", &names))
}

/// Which ones there are to choose from.
pub(crate) fn one_of(zh: &str, en: &str, names: &[impl AsRef<str>]) -> Failure {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    Failure::usage(
        format!("{zh}，可用的有：{}。", names.join("、")),
        format!("{en} {}", names.join(", ")),
    )
}
