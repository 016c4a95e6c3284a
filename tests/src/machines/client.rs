//! A client of ACME over `curl` that says whatever a test likes. What it signs with is ours, what
//! it speaks over is not.

use super::site::Secret;
use data_encoding::BASE64URL_NOPAD;
use keys::TokenKey;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::process::{Command, Stdio};

/// An answer.
#[derive(Clone, Debug)]
pub struct Told {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Told {
    /// A field of the head.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The type of a problem behind its URN, and the status.
    pub fn problem(&self) -> (u16, String) {
        let told = self.json();
        let kind = told["type"].as_str().unwrap_or_default();
        let detail = told["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(" / "), "in both languages: {self:?}");
        (self.status, kind.trim_start_matches("urn:ietf:params:acme:error:").to_owned())
    }
}

/// A client with its key.
pub struct AcmeClient {
    directory: Value,
    root: String,
    pub key: TokenKey,
    /// The address of its account.
    pub account: String,
}

fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

impl AcmeClient {
    /// One that knows the directory and has no account.
    pub fn new(directory: &str, root: &str) -> Self {
        let key = TokenKey::generate().unwrap();
        let root = root.to_owned();
        let mut client = Self { directory: Value::Null, root, key, account: String::new() };
        client.directory = client.fetch(directory).json();
        client
    }

    /// The same with a directory that was read before.
    pub fn knowing(directory: Value, root: &str) -> Self {
        let (key, root) = (TokenKey::generate().unwrap(), root.to_owned());
        Self { directory, root, key, account: String::new() }
    }

    /// Signs and sends, where somebody may be killed meanwhile; nothing without an answer.
    pub fn try_post(&self, url: &str, payload: &str) -> Option<Told> {
        let told = try_curl(&self.root, &["--head", &self.url("newNonce")], b"")?;
        let nonce = told.field("replay-nonce")?.to_owned();
        let header = json!({ "alg": "ES256", "nonce": nonce, "url": url });
        let jws = self.sign(&self.named(header, self.account.is_empty()), payload);
        let kind = "Content-Type: application/jose+json";
        let words = ["-H", kind, "-H", "Expect:", "--data-binary", "@-", url];
        try_curl(&self.root, &words, jws.to_string().as_bytes())
    }

    /// An address of the directory.
    pub fn url(&self, name: &str) -> String {
        self.directory[name].as_str().unwrap().to_owned()
    }

    /// The whole directory.
    pub fn directory(&self) -> &Value {
        &self.directory
    }

    /// Its key as JSON.
    pub fn jwk(&self) -> Value {
        let (x, y) = self.key.coordinates();
        json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
    }

    /// The thumbprint of its key.
    pub fn thumbprint(&self) -> String {
        let (x, y) = self.key.coordinates();
        let text =
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, encode(x), encode(y));
        encode(&Sha256::digest(text))
    }

    /// What answers a token.
    pub fn key_authorization(&self, token: &str) -> String {
        format!("{token}.{}", self.thumbprint())
    }

    /// GET.
    pub fn fetch(&self, url: &str) -> Told {
        self.curl(&[url], b"")
    }

    /// A fresh nonce.
    pub fn nonce(&self) -> String {
        let told = self.curl(&["--head", &self.url("newNonce")], b"");
        assert_eq!(told.status, 200, "{told:?}");
        told.field("replay-nonce").unwrap().to_owned()
    }

    /// A header as it should be: by the account, or by the key where there is none yet.
    pub fn header(&self, url: &str) -> Value {
        let header = json!({ "alg": "ES256", "nonce": self.nonce(), "url": url });
        self.named(header, self.account.is_empty())
    }

    /// The same with the key or the account in it.
    pub fn named(&self, mut header: Value, by_key: bool) -> Value {
        match by_key {
            true => header["jwk"] = self.jwk(),
            false => header["kid"] = json!(self.account),
        }
        header
    }

    /// A JWS under this header.
    pub fn sign(&self, header: &Value, payload: &str) -> Value {
        let protected = encode(header.to_string().as_bytes());
        let payload = encode(payload.as_bytes());
        let signature = self.key.sign(format!("{protected}.{payload}").as_bytes()).unwrap();
        json!({ "protected": protected, "payload": payload, "signature": encode(&signature) })
    }

    /// Sends a JWS.
    pub fn send(&self, url: &str, jws: &Value) -> Told {
        self.send_as("application/jose+json", url, jws.to_string().as_bytes())
    }

    /// Sends anything.
    pub fn send_as(&self, kind: &str, url: &str, body: &[u8]) -> Told {
        let kind = format!("Content-Type: {kind}");
        self.curl(&["-H", &kind, "-H", "Expect:", "--data-binary", "@-", url], body)
    }

    /// Signs and sends.
    pub fn post(&self, url: &str, payload: &str) -> Told {
        self.send(url, &self.sign(&self.header(url), payload))
    }

    /// Reads a resource.
    pub fn read(&self, url: &str) -> Told {
        self.post(url, "")
    }

    /// The payload of a request for an account that is bound with a secret.
    pub fn bound(&self, secret: &Secret) -> Value {
        let header = json!({ "alg": "HS256", "kid": secret.kid, "url": self.url("newAccount") });
        let protected = encode(header.to_string().as_bytes());
        let payload = encode(self.jwk().to_string().as_bytes());
        let key = PKey::hmac(&secret.hmac).unwrap();
        let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
        signer.update(format!("{protected}.{payload}").as_bytes()).unwrap();
        let signature = encode(&signer.sign_to_vec().unwrap());
        json!({
            "contact": ["mailto:ops@acme.test"],
            "externalAccountBinding":
                { "protected": protected, "payload": payload, "signature": signature },
        })
    }

    /// Opens an account, and remembers where it is.
    pub fn open_account(&mut self, secret: &Secret) -> Told {
        let url = self.url("newAccount");
        let told = self.post(&url, &self.bound(secret).to_string());
        if told.status < 300 {
            self.account = told.field("location").unwrap().to_owned();
        }
        told
    }

    /// Makes an order for names.
    pub fn order(&self, names: &[&str]) -> Told {
        let one = |name: &&str| {
            let kind = if name.parse::<std::net::IpAddr>().is_ok() { "ip" } else { "dns" };
            json!({ "type": kind, "value": name })
        };
        let identifiers: Vec<Value> = names.iter().map(one).collect();
        self.post(&self.url("newOrder"), &json!({ "identifiers": identifiers }).to_string())
    }

    /// The payload that finalizes an order for names with a fresh key.
    pub fn request(names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let key = rcgen::KeyPair::generate().unwrap();
        let der = params.serialize_request(&key).unwrap().der().to_vec();
        json!({ "csr": encode(&der) }).to_string()
    }

    fn curl(&self, words: &[&str], body: &[u8]) -> Told {
        curl(&self.root, words, body)
    }
}

/// Runs `curl`, which believes this root, with a body for its input.
pub fn curl(root: &str, words: &[&str], body: &[u8]) -> Told {
    run_curl(root, words, body).unwrap_or_else(|said| panic!("{said}"))
}

/// The same, where whoever is asked may be killed; nothing without a whole answer.
pub fn try_curl(root: &str, words: &[&str], body: &[u8]) -> Option<Told> {
    run_curl(root, words, body).ok()
}

fn run_curl(root: &str, words: &[&str], body: &[u8]) -> Result<Told, String> {
    let mut child = Command::new("curl")
        .args(["-sS", "-i", "--http1.1", "--max-time", "30", "--cacert", root])
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("curl");
    // A server that has heard enough takes no more.
    let _ = child.stdin.take().unwrap().write_all(body);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8(output.stdout).unwrap();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Err(said) };
    // What was cut off in the middle is no answer.
    if !output.status.success() {
        return Err(said);
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Ok(Told { status, head: head.to_owned(), body: body.to_owned() })
}
