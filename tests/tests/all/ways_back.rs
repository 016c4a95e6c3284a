//! A service whose certificate expired comes back by its old key, though it can connect to nobody.

use pki::certificate::{CertificateContent, TbsCertificate, pem};
use pki::{Certificate, SerialNumber, Signer};
use std::path::Path;
use std::process::{Command, Output};
use tests::{Office, binary, now, random};

/// The certificates of a file.
fn chain(path: &Path) -> Vec<Certificate> {
    let file = std::fs::read(path).unwrap();
    let blocks = pki::pem::read(&file, pki::pem::Kind::Certificate).unwrap();
    blocks.iter().map(|der| Certificate::read(der).unwrap()).collect()
}

/// Puts in the place of a portal's certificate what the issuing key would have signed for the same
/// key, and is over since an hour.
fn expire(office: &Office, file: &Path) {
    let folder = office.path("ca/issuer");
    let passphrase = keys::passphrase_from_file(&folder.join("unlock")).unwrap();
    let issuing = keys::open(&folder.join("issuing.key"), &passphrase).unwrap();
    let mut all = chain(file);
    let content = CertificateContent {
        serial: &SerialNumber::from_random(random()),
        signature: &issuing.public_key().algorithm().signature_identifier().unwrap(),
        issuer: all[0].issuer(),
        not_before: now() - 7_200,
        not_after: now() - 3_600,
        subject: all[0].subject(),
        key: all[0].key().spki(),
        extensions: all[0].extensions().to_vec(),
    };
    all[0] = TbsCertificate::build(content).unwrap().sign(&issuing).unwrap();
    let text: String = all.iter().map(Certificate::pem).collect();
    std::fs::write(file, text).unwrap();
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

#[tokio::test]
async fn an_expired_portal_comes_back_by_its_old_key() {
    let mut office = Office::open().await;
    let at = |name: &str| office.path(name).display().to_string();
    let new = keys::SoftwareSigner::generate_p256().unwrap();
    let request = keys::request(&new).unwrap();
    std::fs::write(at("new.csr"), pem("CERTIFICATE REQUEST", request.der())).unwrap();
    let renew = |out: &str, more: &[&str]| {
        let mut command = Command::new(binary("ra-portal"));
        command.args(["--config", &at("portal.toml"), "renew", "public"]);
        command.args(["--request", &at("new.csr"), "--out", &at(out)]).args(more);
        command.output().unwrap()
    };
    expire(&office, &office.path("portal/public.pem"));
    let refused = renew("new.pem", &[]);
    // However the connection ends: the issuer speaks with nobody whose certificate is over.
    assert!(!refused.status.success(), "{}", said(&refused));
    let signed = renew("renewal.json", &["--signed-only"]);
    assert!(signed.status.success(), "{}", said(&signed));
    // What somebody changed on the way has no signature of the old key.
    let text = std::fs::read_to_string(at("renewal.json")).unwrap();
    let mut changed: serde_json::Value = serde_json::from_str(&text).unwrap();
    let other = keys::request(&keys::SoftwareSigner::generate_p256().unwrap()).unwrap();
    changed["request"] = records::Bytes(other.der().to_vec()).to_string().into();
    std::fs::write(at("changed.json"), changed.to_string()).unwrap();
    let carry = |message: &str, out: &str| {
        office.ca(&["renew", "--message", &at(message), "--out", &at(out)])
    };
    let refused = carry("changed.json", "changed.pem");
    assert!(said(&refused).contains("use-signature"), "{}", said(&refused));
    let done = carry("renewal.json", "new.pem");
    assert!(done.status.success(), "{}", said(&done));
    let leaf = chain(&office.path("new.pem")).remove(0);
    assert_eq!(leaf.key().sha256(), new.public_key().sha256());
    assert!(leaf.not_after() > now());
    // Whoever lost the answer asks again, and gets the same one; there is no second.
    let again = carry("renewal.json", "again.pem");
    assert!(again.status.success(), "{}", said(&again));
    assert_eq!(chain(&office.path("again.pem"))[0].sha256(), leaf.sha256());
    let (key, out) = (office.path("portal/public.key"), office.path("new.pem"));
    std::fs::copy(out, office.path("portal/public.pem")).unwrap();
    let text = pem("PRIVATE KEY", new.pkcs8());
    system::file::replace_private(&key, text.as_bytes()).unwrap();
    office.stop("portal-public");
    office.start("portal-public", &[]).await;
    office.register("王小明", "sz-office").await;
}
