//! What a founding signed: root, issuing CA, services, first people, the first lists.

use pki::Certificate;
use pki::pem::{Kind, read};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::{Office, binary};

/// Root, issuing CA, registry, status and OCSP; five services with TLS; six people.
const CERTIFICATES: usize = 17;

/// Writes all of it where the judge looks; how many files.
pub(super) fn bring(to: &Path) -> usize {
    let (office, state) = founded();
    let mut found = BTreeMap::new();
    for path in certificates(&state) {
        for der in read(&std::fs::read(&path).unwrap(), Kind::Certificate).unwrap() {
            let certificate = Certificate::read(&der).unwrap();
            found.insert(certificate.sha256(), certificate);
        }
    }
    assert_eq!(found.len(), CERTIFICATES);
    for (number, certificate) in found.values().enumerate() {
        let subject = certificate.subject().common_name().unwrap_or_default();
        let name = format!("founded-{number}-{}.cer", subject.replace(['/', ' '], "-"));
        std::fs::write(to.join(name), certificate.der()).unwrap();
    }
    let lists = [("root.crl", "founded.arl"), ("issuing-1/0.crl", "founded.crl")];
    for (from, name) in lists {
        std::fs::copy(state.join("public/crl").join(from), to.join(name)).unwrap();
    }
    drop(office);
    found.len() + lists.len()
}

/// A city with the names of a real one: pkilint takes `localhost` for no name.
fn founded() -> (Office, PathBuf) {
    let office = Office::founded_on(false);
    let (plan, state) = (office.plan_of_another(), office.path("named"));
    let text = std::fs::read_to_string(&plan).unwrap();
    std::fs::write(&plan, text.replace("localhost", "pki.shangluo.example")).unwrap();
    let mut init = Command::new(binary("ca-server"));
    let done = init.arg("--state").arg(&state).args(["init", "--from"]).arg(plan).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    (office, state)
}

/// Every file with certificates below a folder.
fn certificates(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let end = path.extension().and_then(|end| end.to_str());
        match () {
            () if path.is_dir() => found.extend(certificates(&path)),
            () if end.is_some_and(|end| ["pem", "cer"].contains(&end)) => found.push(path),
            () => {}
        }
    }
    found
}
