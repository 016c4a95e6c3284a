//! Certificates of the CA's services: each belongs to its key, leads to the root, and goes on.

use super::super::host::Host;
use super::finding::{Finding, Next};
use anyhow::Context;
use keys::KeyFileError;
use pki::path::{Usage, check};
use pki::{Certificate, Signer};
use system::file::ExposedFile;
use system::language::halves;

/// A certificate is called out when less than this is left, in days.
const DAYS_LEFT_MIN: u64 = 30;

/// What is wrong with them.
pub(super) fn examine(host: &Host) -> anyhow::Result<Vec<Finding>> {
    let root = host.config.path("public/ca/root.cer");
    let root =
        Certificate::read(&std::fs::read(&root).with_context(|| root.display().to_string())?)?;
    let trust = ca_host::trust(&host.config)?;
    if trust.root_sha256.0 != root.sha256() {
        // What leads to another root says nothing more.
        return Ok(vec![Finding {
            what: (
                "public/ca/root.cer 不是信任文件所说的根证书".into(),
                "public/ca/root.cer is not the root of the trust file".into(),
            ),
            next: Next::Do("从备份恢复该文件", "restore it from a backup"),
        }]);
    }
    let mut findings = Vec::new();
    for (service, next) in [
        ("issuer", "ca-server renew issuer"),
        ("status", "ca-server renew status"),
        ("log", "ca-server renew log"),
    ] {
        let what = wrong(host, service, &root)?;
        findings.extend(what.map(|what| Finding { what, next: Next::Command(next) }));
    }
    Ok(findings)
}

/// What is wrong with the certificate of a service, if anything is.
fn wrong(
    host: &Host,
    service: &str,
    root: &Certificate,
) -> anyhow::Result<Option<(String, String)>> {
    let path = host.config.path(&format!("{service}/tls.pem"));
    let file = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let blocks = pki::pem::read(&file, pki::pem::Kind::Certificate)
        .with_context(|| path.display().to_string())?;
    let chain = blocks.iter().map(|der| Certificate::read(der)).collect::<Result<Vec<_>, _>>()?;
    let (leaf, between) = chain.split_first().context("certificate")?;
    let now = host.clock.seconds();
    if leaf.not_after() < now + DAYS_LEFT_MIN * 86_400 {
        let until = records::time::seconds(leaf.not_after());
        let zh = format!("{service} 的服务证书于 {until} 到期");
        return Ok(Some((zh, format!("the certificate of {service} ends {until}"))));
    }
    // Whether the clock is right is another question.
    let at = now.max(leaf.not_before()).min(leaf.not_after());
    if let Err(error) = check(leaf, between, root, at, Usage::Server) {
        let zh = format!("{service} 的服务证书不通向根证书：{error}");
        return Ok(Some((
            zh,
            format!("the certificate of {service} does not lead to the root: {error}"),
        )));
    }
    Ok(match keys::open_plain(&host.config.path(&format!("{service}/tls.key"))) {
        Ok(key) if key.public_key().sha256() == leaf.key().sha256() => None,
        Ok(_) => Some((
            format!("{service} 的服务证书不属于其密钥"),
            format!("the certificate of {service} does not belong to its key"),
        )),
        Err(error) if is_anothers(&error) => None,
        Err(error) => {
            let (zh, en) = halves(&error.to_string());
            Some((
                format!("{service} 的密钥不能使用：{zh}"),
                format!("the key of {service} cannot be used: {en}"),
            ))
        }
    })
}

/// Whoever looks may not read what is another user's: the service itself says the rest.
fn is_anothers(error: &KeyFileError) -> bool {
    let KeyFileError::File { error, .. } = error else { return false };
    error.kind() == std::io::ErrorKind::PermissionDenied && ExposedFile::of(error).is_none()
}
