//! Files of people: certificates with their chain, keys, trust files.

use crate::consent::Lent;
use crate::contexts::{self, Context};
use crate::exit::{Failure, file_failure};
use crate::prompt;
use clap::Args;
use keys::SoftwareSigner;
use mtls::Client;
use mtls::tls::Identity;
use pki::Certificate;
use pki::pem::Kind;
use records::json::Misfit;
use records::trust::Trust;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use system::speech::Command;
use zeroize::Zeroizing;

/// A person's certificate and key; what is not given comes from a context.
#[derive(Args)]
pub(crate) struct OwnKey {
    /// Your certificate with its chain (PEM); not needed beside a key in PKCS#12. 证书文件
    #[arg(long, env = "YINXIN_CERT")]
    cert: Option<PathBuf>,
    /// Your key: encrypted PKCS#8, or PKCS#12 (.p12). 密钥文件
    #[arg(long, env = "YINXIN_KEY")]
    key: Option<PathBuf>,
    /// File whose first line is the key's passphrase; asked for otherwise. 口令文件
    #[arg(long, env = "YINXIN_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
    /// Who you are here, instead of the context in use. 身份
    #[arg(long, env = "YINXIN_CONTEXT", value_name = "NAME")]
    context: Option<String>,
}

/// Who acts, and whom they believe; what is not given comes from a context.
#[derive(Args)]
pub(crate) struct Own {
    #[command(flatten)]
    key: OwnKey,
    /// The trust file. 信任文件
    #[arg(long, env = "YINXIN_TRUST")]
    trust: Option<PathBuf>,
}

impl Own {
    /// Reads the trust file; an error says which file it is and what is wrong.
    pub(crate) fn trust(&self) -> Result<Trust, Failure> {
        document(&self.trust_file()?)
    }

    /// Where it stands whom they believe.
    pub(crate) fn trust_file(&self) -> Result<PathBuf, Failure> {
        match &self.trust {
            Some(path) => Ok(path.clone()),
            None => Ok(self.key.context()?.ok_or_else(nobody)?.trust),
        }
    }

    /// Opens certificate and key.
    pub(crate) fn open(&self) -> Result<SigningIdentity, Failure> {
        self.key.open()
    }

    /// Opens certificate and key with a passphrase that somebody typed elsewhere.
    pub(crate) fn open_with(&self, passphrase: &str) -> Result<SigningIdentity, Failure> {
        let (cert, key) = self.paths()?;
        open(&cert, &key, passphrase)
    }

    /// Where the passphrase stands, if it stands anywhere.
    pub(crate) fn passphrase_file(&self) -> Result<Option<PathBuf>, Failure> {
        self.key.passphrase_file()
    }

    /// The certificate with its chain; one in PKCS#12 needs the passphrase.
    pub(crate) fn chain(&self) -> Result<Vec<Certificate>, Failure> {
        let (cert, key) = self.paths()?;
        if is_bundle(&cert, &key) { Ok(self.open()?.chain) } else { chain(&cert) }
    }

    /// Certificate and key; one file where both stand in PKCS#12.
    pub(crate) fn paths(&self) -> Result<(PathBuf, PathBuf), Failure> {
        self.key.paths()
    }

    /// The context that was asked for.
    pub(crate) fn context_name(&self) -> Option<&str> {
        self.key.context_name()
    }

    /// The name of the context from which both certificate and key come.
    pub(crate) fn in_context(&self) -> Result<Option<String>, Failure> {
        if self.key.cert.is_some() || self.key.key.is_some() {
            return Ok(None);
        }
        let current = || {
            Ok::<_, Failure>(contexts::Contexts::read()?.current().map(|(name, _)| name.to_owned()))
        };
        match &self.key.context {
            Some(name) => Ok(Some(name.clone())),
            None => current(),
        }
    }

    /// A command with what has to follow it so that it runs as the same person; nothing where a
    /// context says all of it.
    pub(crate) fn again(&self, text: &'static str, words: &[&str]) -> Command {
        let given = [
            ("--cert", self.key.cert.as_deref()),
            ("--key", self.key.key.as_deref()),
            ("--passphrase-file", self.key.passphrase_file.as_deref()),
            ("--context", self.key.context.as_deref().map(Path::new)),
            ("--trust", self.trust.as_deref()),
        ];
        let given = given.into_iter().filter_map(|(option, value)| Some((option, value?)));
        let given = given.map(|(option, value)| (option, value.display().to_string()));
        Command::new(text, words).with(&given.collect::<Vec<_>>())
    }
}

fn nobody() -> Failure {
    Failure::usage(
        "还不知道您是谁：请添加身份，或给出证书、密钥和信任文件。",
        "who are you? add a context once, or say --cert, --key and --trust",
    )
    .next("yinxin context add --help")
}

/// An opened certificate and key.
pub(crate) struct SigningIdentity {
    pub(crate) chain: Vec<Certificate>,
    signer: SoftwareSigner,
}

impl OwnKey {
    /// Opens both and checks that they belong together.
    pub(crate) fn open(&self) -> Result<SigningIdentity, Failure> {
        let (cert, key) = self.paths()?;
        open(&cert, &key, &prompt::passphrase(self.passphrase_file()?.as_deref())?)
    }

    /// Whom they believe: by the trust file that was given, or the context's.
    pub(crate) fn believed(&self, given: Option<&Path>) -> Result<Trust, Failure> {
        match given {
            Some(path) => document(path),
            None => document(&self.context()?.ok_or_else(nobody)?.trust),
        }
    }

    /// The context that was asked for.
    pub(crate) fn context_name(&self) -> Option<&str> {
        self.context.as_deref()
    }

    fn context(&self) -> Result<Option<Context>, Failure> {
        contexts::chosen(self.context_name())
    }

    /// What is given wins; a whole pair needs no context.
    fn paths(&self) -> Result<(PathBuf, PathBuf), Failure> {
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            return Ok((cert.clone(), key.clone()));
        }
        if let (None, Some(key)) = (&self.cert, &self.key)
            && keys::is_pkcs12(key)
        {
            return Ok((key.clone(), key.clone()));
        }
        let context = self.context()?.ok_or_else(nobody)?;
        Ok((self.cert.clone().unwrap_or(context.cert), self.key.clone().unwrap_or(context.key)))
    }

    /// A context's passphrase opens its own key and is tried on no other.
    fn passphrase_file(&self) -> Result<Option<PathBuf>, Failure> {
        match (&self.passphrase_file, &self.key) {
            (Some(path), _) => Ok(Some(path.clone())),
            (None, Some(_)) => Ok(None),
            (None, None) => Ok(self.context()?.and_then(|context| context.passphrase_file)),
        }
    }
}

/// Both stand in one file of PKCS#12; one in PEM may hold both as well, and is read as two.
fn is_bundle(cert: &Path, key: &Path) -> bool {
    cert == key && keys::is_pkcs12(key)
}

fn open(cert: &Path, key: &Path, passphrase: &str) -> Result<SigningIdentity, Failure> {
    if is_bundle(cert, key) {
        let keys::HolderFile { chain, signer } = keys::open_bundle(key, passphrase)?;
        return Ok(SigningIdentity { chain, signer });
    }
    let all = chain(cert)?;
    let signer = keys::open(key, passphrase)?;
    let chain = pki::chain::of_key(&all, pki::Signer::public_key(&signer));
    if chain.is_empty() {
        let (cert, key) = (cert.display(), key.display());
        return Err(Failure::usage(
            format!("{cert} 中没有密钥 {key} 的证书，二者不匹配。"),
            format!("{key}: the key does not belong to a certificate in {cert}"),
        ));
    }
    Ok(SigningIdentity { chain, signer })
}

/// The person's own certificate in a chain.
pub(crate) fn leaf(chain: &[Certificate]) -> Result<&Certificate, Failure> {
    chain.first().ok_or_else(|| Failure::usage("没有证书。", "there is no certificate"))
}

impl SigningIdentity {
    /// A key without a certificate.
    #[cfg(test)]
    pub(crate) fn bare(signer: SoftwareSigner) -> Self {
        Self { chain: Vec::new(), signer }
    }

    /// The person's own certificate.
    pub(crate) fn leaf(&self) -> Result<&Certificate, Failure> {
        leaf(&self.chain)
    }

    /// Who they are, as their certificate says.
    pub(crate) fn name(&self) -> String {
        let leaf = self.leaf().ok();
        leaf.and_then(|leaf| leaf.subject().common_name()).unwrap_or_default()
    }

    /// Their id, as their certificate says.
    pub(crate) fn person(&self) -> String {
        let leaf = self.leaf().ok();
        leaf.and_then(|leaf| leaf.subject().person()).unwrap_or_default().to_owned()
    }

    /// The key, for what was consented to.
    pub(crate) fn signer(&self, _: Lent) -> &dyn pki::Signer {
        &self.signer
    }

    /// The key itself, for a file of its holder.
    pub(crate) fn exported_key(&self) -> &[u8] {
        self.signer.pkcs8()
    }

    /// The certificate and key as a TLS identity.
    pub(crate) fn identity(&self) -> Result<Identity, Failure> {
        let chain = self.chain.iter().map(|certificate| certificate.der().to_vec()).collect();
        Ok(Identity::from_der(chain, self.signer.pkcs8())?)
    }
}

/// Opens a PKCS#12 file, for its certificates; the passphrase comes from a file, or is asked for.
pub(crate) fn bundle(key: &Path, passphrase: Option<&Path>) -> Result<SigningIdentity, Failure> {
    open(key, key, &prompt::passphrase(passphrase)?)
}

/// Every certificate in a file (PEM or DER), the person's own first wherever it stands there.
pub(crate) fn chain(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let file = system::file::read_given(path).map_err(|error| file_failure(path, &error))?;
    let wrong = |error: &dyn Display| Failure::about(path, "证书文件无法读取", error);
    let blocks = pki::pem::read(&file, Kind::Certificate).map_err(|error| wrong(&error))?;
    let chain: Result<Vec<_>, _> = blocks.iter().map(|der| Certificate::read(der)).collect();
    Ok(pki::chain::own_first(chain.map_err(|error| wrong(&error))?))
}

/// Reads a JSON document.
pub(crate) fn document<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    read_document(
        path,
        &system::file::read_given(path).map_err(|error| file_failure(path, &error))?,
    )
}

/// Reads a JSON document that holds a secret, as a letter its code: nobody else may open it.
pub(crate) fn secret_document<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let bytes = system::file::read_private(path).map(Zeroizing::new);
    read_document(path, &bytes.map_err(|error| file_failure(path, &error))?)
}

fn read_document<T: serde::de::DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, Failure> {
    let misfit = |error| Failure::about(path, "文件内容不正确", &Misfit::of(&error, bytes));
    serde_json::from_slice(bytes).map_err(misfit)
}

/// Refuses a place where no new file can be made, before anything is done whose result goes there.
pub(crate) fn check_vacant(path: &Path) -> Result<(), Failure> {
    system::file::check_vacant(path).map_err(|error| file_failure(path, &error))
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
