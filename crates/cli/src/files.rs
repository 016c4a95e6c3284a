//! Files of people: certificates with their chain, keys, trust files.

use crate::exit::{Failure, file_failure};
use crate::prompt;
use clap::Args;
use keys::SoftwareSigner;
use mtls::Client;
use mtls::tls::Identity;
use pki::Certificate;
use pki::pem::Kind;
use records::trust::Trust;
use std::path::{Path, PathBuf};

/// A person's certificate and key.
#[derive(Args)]
pub(crate) struct OwnKey {
    /// Your certificate with its chain (PEM). 证书
    #[arg(long, env = "YINXIN_CERT")]
    pub(crate) cert: PathBuf,
    /// Your key (encrypted PKCS#8). 密钥
    #[arg(long, env = "YINXIN_KEY")]
    pub(crate) key: PathBuf,
    /// File whose first line is the key's passphrase; asked for otherwise. 口令文件
    #[arg(long, env = "YINXIN_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// An opened certificate and key.
pub(crate) struct Opened {
    pub(crate) chain: Vec<Certificate>,
    pub(crate) signer: SoftwareSigner,
}

impl OwnKey {
    /// Opens both and checks that they belong together.
    pub(crate) fn open(&self) -> Result<Opened, Failure> {
        let chain = chain(&self.cert)?;
        let passphrase = prompt::passphrase(self.passphrase_file.as_deref())?;
        let signer = keys::open(&self.key, &passphrase)?;
        let own = chain.first().map(|leaf| leaf.key().sha256());
        if own != Some(pki::Signer::public_key(&signer).sha256()) {
            return Err(Failure::usage(
                "证书与密钥不匹配。",
                "the key does not belong to the certificate",
            ));
        }
        Ok(Opened { chain, signer })
    }
}

impl Opened {
    /// The person's own certificate.
    pub(crate) fn leaf(&self) -> Result<&Certificate, Failure> {
        self.chain.first().ok_or_else(|| Failure::usage("没有证书。", "there is no certificate"))
    }

    /// For TLS.
    pub(crate) fn identity(&self) -> Result<Identity, Failure> {
        let chain = self.chain.iter().map(|certificate| certificate.der().to_vec()).collect();
        Ok(Identity::from_der(chain, self.signer.pkcs8())?)
    }
}

/// Every certificate in a file (PEM, or one in DER), leaf first.
pub(crate) fn chain(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let file = std::fs::read(path).map_err(|error| file_failure(path, &error))?;
    let wrong =
        |what: String| Failure::usage("证书文件无法读取。", format!("{}: {what}", path.display()));
    let blocks = pki::pem::read(&file, Kind::Certificate).map_err(|e| wrong(e.to_string()))?;
    let chain: Result<Vec<_>, _> = blocks.iter().map(|der| Certificate::read(der)).collect();
    chain.map_err(|error| wrong(error.to_string()))
}

/// Reads a JSON document.
pub(crate) fn document<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let bytes = std::fs::read(path).map_err(|error| file_failure(path, &error))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::usage("文件内容不正确。", format!("{}: {error}", path.display())))
}

/// Writes a new file; an existing one is never overwritten.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    system::file::create_private(path, bytes).map_err(|error| file_failure(path, &error))
}

/// A client that believes only the pinned root.
pub(crate) fn client(
    address: &str,
    trust: &Trust,
    identity: Option<Identity>,
) -> Result<Client, Failure> {
    let root = trust.root_sha256.digest();
    let root =
        root.ok_or_else(|| Failure::usage("信任文件不正确。", "the trust file has no root"))?;
    Ok(Client::new(address, Some(mtls::tls::client(root, identity)?))?)
}
