//! A certificate that arrived: believed only with its proof, kept beside it.

use crate::clock::now;
use crate::exit::Failure;
use crate::{files, prompt};
use pki::path::{Usage, check};
use pki::{Certificate, Signer};
use records::enrolment::CollectedCertificate;
use records::export::NotTrusted;
use records::record::Event;
use records::trust::Trust;
use std::path::{Path, PathBuf};

/// The certificate, if chain, subject and log agree.
pub(crate) fn proven(
    trust: &Trust,
    person: &str,
    collected: &CollectedCertificate,
) -> Result<Certificate, NotTrusted> {
    let read: Result<Vec<Certificate>, _> =
        collected.chain.iter().map(|der| Certificate::read(&der.0)).collect();
    let chain = read.map_err(|_| NotTrusted::Root)?;
    let [leaf, between @ .., root] = chain.as_slice() else { return Err(NotTrusted::Root) };
    if root.sha256().as_slice() != trust.root_sha256.0 {
        return Err(NotTrusted::Root);
    }
    check(leaf, between, root, now(), Usage::Client).map_err(|_| NotTrusted::Root)?;
    let logged = collected.evidence.open(trust, "control")?;
    let Event::Issued { sha256, serial, .. } = &logged.event else {
        return Err(NotTrusted::Inclusion);
    };
    let same = sha256.0 == leaf.sha256() && *serial == leaf.serial().to_string();
    if same && leaf.subject().person() == Some(person) {
        Ok(leaf.clone())
    } else {
        Err(NotTrusted::Inclusion)
    }
}

/// The certificate is for the key in our file.
pub(crate) fn check_key(
    path: &Path,
    leaf: &Certificate,
    file: Option<&Path>,
) -> Result<(), Failure> {
    let signer = keys::open(path, &prompt::passphrase(file)?)?;
    if signer.public_key().sha256() == leaf.key().sha256() {
        Ok(())
    } else {
        Err(Failure::usage(
            "证书不是为这个密钥签发的。",
            "the certificate is for another key; bring the key of the application",
        ))
    }
}

/// Where the proof of a certificate's file goes.
fn proof_of(out: &Path) -> PathBuf {
    PathBuf::from(format!("{}.proof.json", out.display()))
}

/// Refuses places that are taken, before a certificate is asked for that goes there.
pub(crate) fn check_vacant(out: &Path) -> Result<(), Failure> {
    files::check_vacant(out)?;
    files::check_vacant(&proof_of(out))
}

/// Keeps the chain and its proof, each unless it is there already; says where the proof is.
pub(crate) fn keep(
    out: &Path,
    leaf: &Certificate,
    collected: &CollectedCertificate,
) -> Result<PathBuf, Failure> {
    let pem: Result<String, _> =
        collected.chain.iter().map(|der| Ok(Certificate::read(&der.0)?.pem())).collect();
    let pem = pem.map_err(|error: pki::certificate::CertificateError| {
        Failure::because("证书无法读取", &error)
    })?;
    let already = files::chain(out)
        .is_ok_and(|chain| chain.first().is_some_and(|known| known.sha256() == leaf.sha256()));
    let proof = proof_of(out);
    if !already {
        files::write_new(out, pem.as_bytes())?;
    }
    // Whoever was stopped between the two has the certificate, and no proof of it.
    if !already || !proof.exists() {
        let evidence = serde_json::to_vec_pretty(&collected.evidence)
            .map_err(|error| Failure::because("无法写出证明", &error))?;
        files::write_new(&proof, &evidence)?;
    }
    Ok(proof)
}
