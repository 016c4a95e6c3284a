//! Java's own reader, with which half of a government's applications look at a certificate: it
//! reads all of them, knows whatever is critical, and finds what OpenSSL finds.

use openssl::x509::{GeneralNameRef, X509};
use pki::Certificate;
use pki::crl::RevocationList;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::workspace;

/// Has it read a folder and says where the two differ.
pub(super) fn differs(folder: &Path) -> Vec<String> {
    let program = workspace().join("tests/clients/ReadCertificates.java");
    let said = Command::new("java").arg(program).arg(folder).output().expect("java");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let read: Vec<&str> = text.lines().collect();
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(read.len(), files.len(), "{text}");
    let pairs = files.iter().zip(read).map(|(file, read)| (file, wanted(file), read));
    let others = pairs.filter(|(_, wanted, read)| wanted != read);
    others.map(|(file, wanted, read)| format!("{}: {read}: {wanted}", file.display())).collect()
}

/// What there is to read.
fn wanted(file: &Path) -> String {
    let der = std::fs::read(file).unwrap();
    if file.extension().is_none_or(|end| end != "cer") {
        return format!("revokes {}", RevocationList::read(&der).unwrap().revoked().len());
    }
    let certificate = Certificate::read(&der).unwrap();
    let (from, to) = (certificate.not_before(), certificate.not_after());
    let names = X509::from_der(&der).unwrap().subject_alt_names();
    let mut names: Vec<String> = names.iter().flatten().map(form).collect();
    names.sort();
    let line = format!("{} {from} {to} {}", certificate.serial(), names.join(" "));
    line.trim_end().to_owned()
}

/// The number of a name's form (RFC 5280 4.2.1.6), and what a mail address or a host says.
fn form(name: &GeneralNameRef) -> String {
    match (name.email(), name.dnsname(), name.ipaddress()) {
        (Some(mail), _, _) => format!("1:{mail}"),
        (_, Some(host), _) => format!("2:{host}"),
        (_, _, Some(_)) => "7:".to_owned(),
        _ => "0:".to_owned(),
    }
}
