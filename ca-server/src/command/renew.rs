//! `ca-server renew`: a new key and certificate for one of the CA's own services, asked for by the
//! old key under the founding's standing authorization.

use super::Host;
use crate::founding::write_private;
use crate::issuer::draft::Draft;
use crate::random;
use anyhow::Context;
use audit::label::Label;
use ca_api::Renew;
use clap::{Args, ValueEnum};
use keys::{SoftwareSigner, Stretch};
use pki::{CertificationRequest, Signer};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct Arguments {
    /// Which certificate.
    #[arg(value_enum)]
    what: What,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    Issuer,
    Status,
    Log,
    Ocsp,
}

/// Where a service keeps its key and certificate.
struct Place {
    service: &'static str,
    process: &'static str,
    key: PathBuf,
    certificate: PathBuf,
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let path = |name: &str| host.config.path(name);
    let tls = |service: &'static str| Place {
        service,
        process: service,
        key: path(&format!("{service}/tls.key")),
        certificate: path(&format!("{service}/tls.pem")),
    };
    let place = match arguments.what {
        What::Issuer => tls("issuer"),
        What::Status => tls("status"),
        What::Log => tls("log"),
        What::Ocsp => Place {
            service: "status",
            process: "ocsp",
            key: path("status/ocsp.key"),
            certificate: path("status/ocsp.pem"),
        },
    };
    let sealed = matches!(arguments.what, What::Ocsp);
    let passphrase = match sealed {
        true => Some(keys::passphrase_from_file(&path("status/unlock"))?),
        false => None,
    };
    let old = match &passphrase {
        Some(passphrase) => keys::open(&place.key, passphrase)?,
        None => keys::open_plain(&place.key)?,
    };
    let new = SoftwareSigner::generate_p256()?;
    let message = ask(host, &place, &old, &new)?;
    let result = host.draft(&Draft::Renew { message: Box::new(message) }).await?;
    let chain: String = chain_of(host, &result.serial).await?;
    // The key first, beside its place: a crash here loses nothing that is in use.
    let beside = PathBuf::from(format!("{}.renewed", place.key.display()));
    let _ = std::fs::remove_file(&beside);
    match &passphrase {
        Some(passphrase) => keys::save(&beside, &new, passphrase, Stretch::Random)?,
        None => keys::save_plain(&beside, &new)?,
    }
    let certificate = PathBuf::from(format!("{}.renewed", place.certificate.display()));
    let _ = std::fs::remove_file(&certificate);
    write_private(&certificate, chain.as_bytes())?;
    std::fs::rename(&beside, &place.key)?;
    std::fs::rename(&certificate, &place.certificate)?;
    if host.json {
        println!("{}", serde_json::to_string(&result)?);
    } else {
        println!("已更新 / renewed: {} ({})", show(&place.certificate), result.serial);
        println!("下一步 / next: restart / 重启 ca-server serve {}", place.service);
    }
    Ok(ExitCode::SUCCESS)
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

fn ask(
    host: &Host,
    place: &Place,
    old: &SoftwareSigner,
    new: &SoftwareSigner,
) -> anyhow::Result<Renew> {
    let trust = crate::founding::trust(&host.config)?;
    let request = CertificationRequest::build(new)?;
    let challenge = random::bytes::<16>()?;
    let digest = Sha256::digest(request.der());
    let message = [trust.founding.0.as_slice(), &challenge, digest.as_slice()].concat();
    Ok(Renew {
        authorization: format!("renew-{}-{}", place.service, place.process),
        challenge: challenge.into(),
        request: request.der().into(),
        asked_by: old.public_key().spki().into(),
        signature: audit::Bytes(Label::Use.sign(old, &message)?),
    })
}

/// Waits until the certificate of this serial number is there, and gives its chain in PEM.
async fn chain_of(host: &Host, serial: &str) -> anyhow::Result<String> {
    for _ in 0..400 {
        let mut tx = host.store.read().await?;
        let found = store::row!(
            &mut tx,
            (Vec<u8>,),
            "select certificate from certificate where serial = $1",
            serial
        )?;
        drop(tx);
        if let Some((der,)) = found {
            let leaf = pki::Certificate::read(&der)?.pem();
            let read = |name: &str| -> anyhow::Result<String> {
                let path = host.config.path(&format!("public/ca/{name}.pem"));
                std::fs::read_to_string(&path).with_context(|| show(&path))
            };
            return Ok([leaf, read(crate::founding::ISSUER)?, read("root")?].concat());
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    anyhow::bail!("the certificate did not come; next: ca-server status")
}
