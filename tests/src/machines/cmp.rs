//! A device that gets certificates by CMP, with `openssl cmp` as its script would, and with
//! messages that no client would send.

use super::device::{Device, openssl};
use super::site::{Secret, Site};
use pkixcmp::client::{failure, issued};
use pkixcmp::mac::MacScheme;
use pkixcmp::{BodyDer, MessageHeading, PkiMessage, Protector};
use std::process::Command;

/// What came of a client.
#[derive(Debug)]
pub struct Ran {
    pub is_done: bool,
    /// What it printed, of both kinds.
    pub said: String,
}

/// A device with a key, and where it asks.
pub struct CmpDevice {
    pub device: Device,
    at: String,
    root: String,
    issuing: String,
}

impl CmpDevice {
    /// One with a new key and nothing else.
    pub fn new(site: &Site) -> Self {
        let issuing = site.office.path("ca/public/ca/issuing-1.pem").display().to_string();
        Self { device: Device::new(), at: site.cmp(), root: site.root(), issuing }
    }

    /// The same that asks the host of systems, over TLS.
    pub fn over_tls(site: &Site) -> Self {
        let at = site.directory().replace("/acme/directory", "/.well-known/cmp");
        Self { at, ..Self::new(site) }
    }

    /// A file of its own.
    pub fn path(&self, name: &str) -> String {
        self.device.path(name)
    }

    /// A new key in a file of this name.
    pub fn key(&self, name: &str) -> String {
        let path = self.path(name);
        openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &path]);
        path
    }

    /// The words by which a secret is shown.
    pub fn by_secret(secret: &Secret) -> Vec<String> {
        let shown = format!("pass:{}", secret.cmp);
        let words = ["-ref", &secret.kid, "-secret", &shown];
        words.map(str::to_owned).to_vec()
    }

    /// The words by which a certificate asks, and by which its client believes answers.
    pub fn by_certificate(&self, certificate: &str, key: &str) -> Vec<String> {
        let (certificate, key) = (self.path(certificate), self.path(key));
        let own = ["-cert", &certificate, "-key", &key];
        let words = [&own[..], &["-trusted", &self.root, "-untrusted", &self.issuing]].concat();
        words.into_iter().map(str::to_owned).collect()
    }

    /// Runs the client.
    pub fn cmp(&self, command: &str, shown: &[String], words: &[&str]) -> Ran {
        let (scheme, rest) = self.at.split_once("://").unwrap();
        let (server, path) = rest.split_once('/').unwrap();
        let tls = ["-tls_used", "-tls_trusted", &self.root];
        let output = Command::new("openssl")
            .args(["cmp", "-cmd", command, "-server", server, "-path", path])
            .args(if scheme == "https" { &tls[..] } else { &[] })
            .args(["-total_timeout", "90"])
            .args(shown)
            .args(words)
            .env_remove("http_proxy")
            .env_remove("https_proxy")
            .output()
            .expect("openssl");
        let printed = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&printed).into_owned();
        Ran { is_done: output.status.success(), said }
    }

    /// Runs it to a good end.
    pub fn done(&self, command: &str, shown: &[String], words: &[&str]) -> String {
        let ran = self.cmp(command, shown, words);
        assert!(ran.is_done, "{command} {words:?}: {}", ran.said);
        ran.said
    }

    /// Runs it to a refusal of this name.
    pub fn refused(&self, command: &str, shown: &[String], words: &[&str], fail: &str) {
        let ran = self.cmp(command, shown, words);
        assert!(!ran.is_done, "{command} {words:?}");
        let told = format!("PKIFailureInfo: {fail}");
        assert!(ran.said.contains(&told), "{fail} is expected: {}", ran.said);
    }

    /// Sends bytes as a message: the status, and the answer if there is one.
    pub fn send(&self, path: &str, kind: &str, message: &[u8]) -> (u16, Option<PkiMessage>) {
        let (sent, got) = (self.path("sent.der"), self.path("got.der"));
        std::fs::write(&sent, message).unwrap();
        let (kind, body) = (format!("Content-Type: {kind}"), format!("@{sent}"));
        let url = format!("{}{path}", self.at);
        let output = Command::new("curl")
            .args(["-sS", "--max-time", "30", "--cacert", &self.root, "-H", &kind])
            .args(["--data-binary", &body, "-o", &got, "-w", "%{http_code}", &url])
            .output()
            .expect("curl");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let status = String::from_utf8(output.stdout).unwrap().parse().expect(&said);
        (status, PkiMessage::read(&std::fs::read(&got).unwrap_or_default()).ok())
    }

    /// Sends a message; the bit of its refusal.
    pub fn told(&self, message: &[u8]) -> Option<u32> {
        let (status, answer) = self.send("", "application/pkixcmp", message);
        assert_eq!(status, 200);
        failure(&answer.expect("an answer")).unwrap()
    }

    /// Sends a message; the certificate that it brings.
    pub fn brought(&self, message: &[u8]) -> Option<Vec<u8>> {
        let (status, answer) = self.send("", "application/pkixcmp", message);
        assert_eq!(status, 200);
        issued(&answer.expect("an answer")).unwrap()
    }
}

/// A message with a MAC by a secret, in this transaction.
pub fn keyed(secret: &Secret, transaction: u8, time: Option<u64>, body: &BodyDer) -> Vec<u8> {
    let nobody = vec![0x30, 0];
    let heading = MessageHeading {
        version: 2,
        sender: nobody.clone(),
        recipient: pki::wrap(0xa4, &nobody).unwrap(),
        time,
        transaction: vec![transaction; 16],
        sender_nonce: vec![8; 16],
        recipient_nonce: Vec::new(),
        implicit: true,
    };
    let (key_id, salt) = (secret.kid.as_bytes(), [9; 16]);
    let by = Protector::Mac { secret: secret.cmp.as_bytes(), key_id, salt, scheme: MacScheme::Pbm };
    heading.protected(body, &by, &[]).unwrap()
}
