//! A device that gets certificates by SCEP: OpenSSL makes its key, its requests and what it reads,
//! `curl` carries its messages.

use super::device::openssl;
use super::site::Site;
use crate::processes::until;
use data_encoding::BASE64;
use keys::SoftwareSigner;
use scep::{ContentCipher, DeviceMessage, MessageSigner, Sealing};
use std::process::Command;
use tempfile::TempDir;
use zeroize::Zeroizing;

/// What a device was answered.
#[derive(Debug)]
pub struct Posted {
    pub status: u16,
    pub kind: String,
    pub body: Vec<u8>,
}

impl Posted {
    /// The status and the failure that a message says.
    pub fn said(&self) -> (String, Option<String>) {
        assert_eq!((self.status, self.kind.as_str()), (200, "application/x-pki-message"));
        let read = scep::SentMessage::read(&self.body).unwrap();
        let (status, fail) = read.told();
        (status.unwrap().to_owned(), fail.map(str::to_owned))
    }
}

impl Site {
    /// Registers the portal as what devices encrypt for: from now on it speaks SCEP.
    pub async fn speaks_scep(&self) {
        let words = ["--host", "localhost", "--without-challenges", "--profile", "scep"];
        let secret = self.registered("portal-scep", &words).await;
        let file = std::fs::read(&secret.file).unwrap();
        let place = self.office.path("portal/scep.system.json");
        system::file::replace_private(&place, &file).unwrap();
        let device = ScepDevice::new();
        let ask = async || device.ask(self, "operation=GetCACert").status == 200;
        until("it has a certificate", ask).await;
    }
}

/// Its key, and the folder of its files.
pub struct ScepDevice {
    pub signer: SoftwareSigner,
    folder: TempDir,
}

impl ScepDevice {
    /// One with a new key of RSA and a certificate of its own making.
    #[expect(clippy::new_without_default, reason = "each has a key of its own")]
    pub fn new() -> Self {
        let signer = SoftwareSigner::generate(pki::algorithm::by_name("rsa2048").unwrap()).unwrap();
        let device = Self { signer, folder: tempfile::tempdir().unwrap() };
        let pem = pki::certificate::pem("PRIVATE KEY", device.signer.pkcs8());
        std::fs::write(device.path("key.pem"), pem).unwrap();
        let (key, own) = (device.path("key.pem"), device.path("own.pem"));
        openssl(&["req", "-x509", "-key", &key, "-subj", "/CN=device", "-out", &own]);
        device
    }

    /// A file of its own.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The certificate that it keeps.
    pub fn own(&self) -> MessageSigner {
        read(&self.path("own.pem")).remove(0)
    }

    /// A PKCS#10 for a name, with or without a challenge, DER.
    pub fn request(&self, name: &str, challenge: Option<&str>) -> Vec<u8> {
        self.request_signed(name, challenge, "-sha256")
    }

    /// The same signed with SHA-1.
    pub fn old_request(&self, name: &str, challenge: &str) -> Vec<u8> {
        self.request_signed(name, Some(challenge), "-sha1")
    }

    fn request_signed(&self, name: &str, challenge: Option<&str>, digest: &str) -> Vec<u8> {
        let attributes = challenge.map_or_else(String::new, |text| {
            format!("attributes = at\n[at]\nchallengePassword = {text}\n")
        });
        let config = format!(
            "[dn]\nCN = {name}\n[ext]\nsubjectAltName = DNS:{name}\n[req]\nprompt = no\n\
             distinguished_name = dn\nreq_extensions = ext\n{attributes}"
        );
        let (own, key, out) = (self.path("req.cnf"), self.path("key.pem"), self.path("req.der"));
        std::fs::write(&own, config).unwrap();
        let words = ["req", "-new", digest, "-key", &key, "-config", &own, "-outform", "DER"];
        openssl(&[&words[..], &["-out", &out]].concat());
        std::fs::read(&out).unwrap()
    }

    /// What it sends: of this kind, encrypted for an authority, signed by its key.
    pub fn message(&self, kind: &str, content: &[u8], authority: &MessageSigner) -> Vec<u8> {
        let transaction = "transaction-1";
        let cipher = ContentCipher::Aes128;
        let message = DeviceMessage { kind, transaction, content, cipher };
        let drawn = || system::random::bytes().unwrap();
        let sealing = Sealing {
            nonce: drawn(),
            key: Zeroizing::new(system::random::bytes().unwrap()),
            iv: drawn(),
        };
        message.sign((&self.signer, &self.own()), authority, &sealing).unwrap()
    }

    /// The same around what was encrypted otherwise.
    pub fn message_around(&self, envelope: &[u8]) -> Vec<u8> {
        let (transaction, cipher) = ("transaction-1", ContentCipher::Aes128);
        let message = DeviceMessage { kind: "19", transaction, content: b"", cipher };
        message.sign_around(envelope, (&self.signer, &self.own()), &[1; 16]).unwrap()
    }

    /// Brings a message by POST.
    pub fn post(&self, site: &Site, message: &[u8]) -> Posted {
        let file = self.path("message.der");
        std::fs::write(&file, message).unwrap();
        let (url, data) = (format!("{}?operation=PKIOperation", site.scep()), format!("@{file}"));
        self.curl(&["-H", "Content-Type: application/x-pki-message", "--data-binary", &data, &url])
    }

    /// Brings it by GET.
    pub fn fetch(&self, site: &Site, message: &[u8]) -> Posted {
        let message = format!("message={}", BASE64.encode(message));
        let words = ["-G", "--data-urlencode", "operation=PKIOperation", "--data-urlencode"];
        self.curl(&[&words[..], &[&message, &site.scep()]].concat())
    }

    /// What this query is answered.
    pub fn ask(&self, site: &Site, query: &str) -> Posted {
        self.curl(&[&format!("{}?{query}", site.scep())])
    }

    fn curl(&self, words: &[&str]) -> Posted {
        let out = self.path("answer");
        let own = ["-sS", "--http1.1", "--max-time", "30", "-o", &out];
        let mut command = Command::new("curl");
        command.args(own).args(["-w", "%{http_code} %{content_type}"]).args(words);
        let output = command.output().expect("curl");
        let told = String::from_utf8(output.stdout).unwrap();
        let (status, kind) = told.split_once(' ').unwrap_or_else(|| panic!("{told}"));
        let body = std::fs::read(&out).unwrap_or_default();
        Posted { status: status.parse().unwrap(), kind: kind.to_owned(), body }
    }

    /// The certificates of the authority and of the CA, as OpenSSL prints them; the authority's.
    pub fn authority(&self, site: &Site) -> MessageSigner {
        let told = self.ask(site, "operation=GetCACert&message=ca");
        assert_eq!((told.status, told.kind.as_str()), (200, "application/x-x509-ca-ra-cert"));
        std::fs::write(self.path("ca.der"), &told.body).unwrap();
        let (message, chain) = (self.path("ca.der"), self.path("ca.pem"));
        openssl(&["pkcs7", "-inform", "DER", "-in", &message, "-print_certs", "-out", &chain]);
        let all = read(&chain);
        assert_eq!(all.len(), 3, "authority, issuing CA, root");
        let is_rsa = |one: &MessageSigner| one.key().algorithm().name.starts_with("rsa");
        let authority = all.into_iter().find(is_rsa).unwrap();
        let pem = pki::certificate::pem("CERTIFICATE", authority.der());
        std::fs::write(self.path("ra.pem"), pem).unwrap();
        authority
    }

    /// What an answer hides, as OpenSSL verifies and decrypts it.
    pub fn opened(&self, told: &Posted) -> String {
        assert_eq!(told.said(), ("0".to_owned(), None));
        std::fs::write(self.path("answer.der"), &told.body).unwrap();
        let at = |name: &str| self.path(name);
        let verify = ["cms", "-verify", "-inform", "DER", "-binary", "-purpose", "any"];
        let chain = [at("answer.der"), at("envelope.der"), at("ca.pem")];
        let [answer, envelope, chain] = &chain;
        openssl(&[&verify[..], &["-in", answer, "-out", envelope, "-CAfile", chain]].concat());
        let decrypt = ["cms", "-decrypt", "-inform", "DER", "-binary", "-in", envelope];
        let (own, key, out) = (at("own.pem"), at("key.pem"), at("told.der"));
        let words = ["-recip", &own, "-inkey", &key, "-out", &out];
        openssl(&[&decrypt[..], &words].concat());
        openssl(&["pkcs7", "-inform", "DER", "-in", &out, "-print_certs"])
    }

    /// Keeps the certificate of an answer as its own.
    pub fn keep(&self, told: &Posted) -> pki::Certificate {
        let printed = self.opened(told);
        std::fs::write(self.path("own.pem"), printed).unwrap();
        pki::Certificate::read(self.own().der()).unwrap()
    }
}

/// The certificates of a file.
fn read(place: &str) -> Vec<MessageSigner> {
    let file = std::fs::read(place).unwrap();
    let all = pki::pem::read(&file, pki::pem::Kind::Certificate).unwrap();
    all.iter().map(|one| MessageSigner::read(one).unwrap()).collect()
}
