//! A device that gets certificates by EST, with `curl` and OpenSSL as its script would.

use super::client::{AcmeClient, Told, curl};
use super::site::{Secret, Site};
use data_encoding::BASE64;
use keys::TokenKey;
use std::process::Command;
use tempfile::TempDir;

/// Its key, and the folder of its files.
pub struct Device {
    pub key: TokenKey,
    folder: TempDir,
}

impl Device {
    /// One with a new key and nothing else.
    #[expect(clippy::new_without_default, reason = "each has a key of its own")]
    pub fn new() -> Self {
        let device =
            Self { key: TokenKey::generate().unwrap(), folder: tempfile::tempdir().unwrap() };
        let pem = pki::certificate::pem("PRIVATE KEY", device.key.pkcs8());
        std::fs::write(device.path("key.pem"), pem).unwrap();
        device
    }

    /// A file of its own.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// A PKCS#10 for these names, made by OpenSSL: base64 in one line.
    pub fn request(&self, names: &[&str]) -> String {
        let all: Vec<String> = names.iter().map(|name| format!("DNS:{name}")).collect();
        let names = format!("subjectAltName={}", all.join(","));
        let (key, file) = (self.path("key.pem"), self.path("request.der"));
        let words = ["req", "-new", "-key", &key, "-subj", "/", "-addext", &names];
        openssl(&[&words[..], &["-outform", "DER", "-out", &file]].concat());
        BASE64.encode(&std::fs::read(&file).unwrap())
    }

    /// Sends a body of this media type, with these words of `curl` besides.
    pub fn send(site: &Site, path: &str, kind: &str, words: &[&str], body: &str) -> Told {
        let (url, kind) = (site.est(path), format!("Content-Type: {kind}"));
        let own = ["-H", &kind, "-H", "Expect:", "--data-binary", "@-", &url];
        curl(&site.root(), &[&own[..], words].concat(), body.as_bytes())
    }

    /// Asks by a password.
    pub fn enroll(site: &Site, path: &str, secret: &Secret, body: &str) -> Told {
        let user = format!("{}:{}", secret.kid, secret.password);
        Self::send(site, path, "application/pkcs10", &["-u", &user], body)
    }

    /// Asks by the certificate that it has.
    pub fn renew(&self, site: &Site, body: &str) -> Told {
        let (chain, key) = (self.path("own.pem"), self.path("key.pem"));
        let words = ["--cert", &chain, "--key", &key];
        Self::send(site, "/simplereenroll", "application/pkcs10", &words, body)
    }

    /// The certificates of an answer as OpenSSL prints them; kept as its own.
    pub fn keep(&self, told: &Told) -> String {
        assert_eq!(told.status, 200, "{told:?}");
        let kind = told.field("content-type").unwrap();
        assert_eq!(kind, "application/pkcs7-mime; smime-type=certs-only");
        assert_eq!(told.field("content-transfer-encoding"), Some("base64"));
        let text = told.body.replace('\n', "");
        let (message, own) = (self.path("message.der"), self.path("own.pem"));
        std::fs::write(&message, BASE64.decode(text.as_bytes()).unwrap()).unwrap();
        openssl(&["pkcs7", "-inform", "DER", "-in", &message, "-print_certs", "-out", &own]);
        std::fs::read_to_string(own).unwrap()
    }

    /// The certificate that it keeps.
    pub fn certificate(&self) -> pki::Certificate {
        let file = std::fs::read(self.path("own.pem")).unwrap();
        let blocks = pki::pem::read(&file, pki::pem::Kind::Certificate).unwrap();
        assert_eq!(blocks.len(), 1, "the certificate alone");
        pki::Certificate::read(&blocks[0]).unwrap()
    }

    /// A client of ACME with its key.
    pub fn by_acme(&self, site: &Site) -> AcmeClient {
        let mut client = AcmeClient::new(&site.directory(), &site.root());
        client.key = TokenKey::from_pkcs8(self.key.pkcs8()).unwrap();
        client
    }
}

/// Runs OpenSSL to a good end; gives what it printed.
pub fn openssl(words: &[&str]) -> String {
    let output = Command::new("openssl").args(words).output().expect("openssl");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {words:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
