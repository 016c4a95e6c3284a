//! A client of ACME that costs little, the same for every server: one kept connection, an account
//! with a key of its own, requests for certificates that were made before anything is measured.

use super::pebble::AcmeServer;
use super::wire::{Wire, WireAnswer};
use crate::site_net::SiteNet;
use anyhow::{Context, bail, ensure};
use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use http::Method;
use jose::Jwk;
use keys::{SoftwareSigner, TokenKey};
use pki::host::Host;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is under way is asked again after this long.
const ASK_AGAIN: Duration = Duration::from_millis(5);
const ASKED_MAX: usize = 4_000;

/// A name, and a request for a certificate of it.
pub(super) struct NameWanted {
    pub(super) name: String,
    csr: String,
}

impl NameWanted {
    /// With a key that nobody keeps.
    pub(super) fn new(name: String) -> anyhow::Result<Self> {
        let signer = SoftwareSigner::generate_p256()?;
        let request = keys::request_for(&signer, &[Host::Name(name.clone())])?;
        Ok(Self { name, csr: encode(request.der()) })
    }
}

/// A client with its account.
pub(super) struct AcmeUser {
    server: Arc<AcmeServer>,
    net: SiteNet,
    wire: Wire,
    key: TokenKey,
    jwk: Value,
    thumbprint: String,
    directory: Value,
    account: String,
    nonce: Option<String>,
}

fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn text(value: &Value, path: &str) -> anyhow::Result<String> {
    let found = value.pointer(path).and_then(Value::as_str);
    Ok(found.with_context(|| format!("{path} of {value}"))?.to_owned())
}

impl AcmeUser {
    /// Opens an account, with its binding.
    pub(super) async fn open(server: Arc<AcmeServer>, net: SiteNet) -> anyhow::Result<Self> {
        let key = TokenKey::generate()?;
        let (x, y) = key.coordinates();
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) });
        let thumbprint = Jwk::read(&jwk)?.thumbprint();
        let mut wire = Wire::new(server.clone());
        let directory = format!("{}{}", server.base, server.directory);
        let directory = wire.ask(Method::GET, &directory, Vec::new()).await?.json()?;
        let account = String::new();
        let mut user =
            Self { server, net, wire, key, jwk, thumbprint, directory, account, nonce: None };
        let url = text(&user.directory, "/newAccount")?;
        let payload = json!({
            "termsOfServiceAgreed": true,
            "externalAccountBinding": user.binding(&url),
        });
        let told = user.post(&url, &payload.to_string()).await?;
        ensure!(told.status == 201, "{}: {:?}", told.status, told.body);
        user.account = told.field("location")?;
        Ok(user)
    }

    /// Requests so far.
    pub(super) fn requests(&self) -> u64 {
        self.wire.count
    }

    /// From the order to the certificate; how long it took.
    pub(super) async fn certificate(&mut self, wanted: &NameWanted) -> anyhow::Result<Duration> {
        let began = Instant::now();
        let (order_url, mut order) = self.order(&wanted.name).await?;
        let authorization = text(&order, "/authorizations/0")?;
        let told = self.post(&authorization, "").await?.json()?;
        let all = told.get("challenges").and_then(Value::as_array).context("challenges")?;
        let kind = |one: &&Value| one.get("type").and_then(Value::as_str) == Some("http-01");
        let challenge = all.iter().find(kind).context("http-01")?;
        let (token, url) = (text(challenge, "/token")?, text(challenge, "/url")?);
        self.net.put(&token, format!("{token}.{}", self.thumbprint));
        let told = self.post(&url, "{}").await?.json()?;
        if text(&told, "/status")? != "valid" {
            self.until_valid(&authorization).await?;
        }
        self.net.take(&token);
        let payload = json!({ "csr": wanted.csr }).to_string();
        order = self.post(&text(&order, "/finalize")?, &payload).await?.json()?;
        if text(&order, "/status")? != "valid" {
            order = self.until_valid(&order_url).await?;
        }
        let chain = self.post(&text(&order, "/certificate")?, "").await?;
        let is_chain = chain.status == 200 && chain.body.starts_with(b"-----BEGIN CERTIFICATE");
        ensure!(is_chain, "{}: {:?}", chain.status, chain.body);
        Ok(began.elapsed())
    }

    /// Makes an order; where it is, and what it says.
    pub(super) async fn order(&mut self, name: &str) -> anyhow::Result<(String, Value)> {
        let payload = json!({ "identifiers": [{ "type": "dns", "value": name }] });
        let url = text(&self.directory, "/newOrder")?;
        let told = self.post(&url, &payload.to_string()).await?;
        let order = told.json()?;
        Ok((told.field("location")?, order))
    }

    /// Asks until a resource is valid.
    async fn until_valid(&mut self, url: &str) -> anyhow::Result<Value> {
        for _ in 0..ASKED_MAX {
            let told = self.post(url, "").await?.json()?;
            match text(&told, "/status")?.as_str() {
                "valid" => return Ok(told),
                "invalid" => bail!("{}: {told}", self.server.name),
                _ => tokio::time::sleep(ASK_AGAIN).await,
            }
        }
        bail!("{}: {url} does not become valid", self.server.name)
    }

    /// Signs and sends, with the nonce of the last answer.
    async fn post(&mut self, url: &str, payload: &str) -> anyhow::Result<WireAnswer> {
        let nonce = match self.nonce.take() {
            Some(nonce) => nonce,
            None => {
                let at = text(&self.directory, "/newNonce")?;
                self.wire.ask(Method::HEAD, &at, Vec::new()).await?.field("replay-nonce")?
            }
        };
        let mut header = json!({ "alg": "ES256", "nonce": nonce, "url": url });
        let (name, value) = match self.account.is_empty() {
            true => ("jwk", self.jwk.clone()),
            false => ("kid", json!(self.account)),
        };
        header.as_object_mut().context("header")?.insert(name.into(), value);
        let signed =
            format!("{}.{}", encode(header.to_string().as_bytes()), encode(payload.as_bytes()));
        let signature = encode(&self.key.sign(signed.as_bytes())?);
        let (protected, payload) = signed.split_once('.').context("JWS")?;
        let jws = json!({ "protected": protected, "payload": payload, "signature": signature });
        let told = self.wire.ask(Method::POST, url, jws.to_string().into_bytes()).await?;
        self.nonce = Some(told.field("replay-nonce")?);
        Ok(told)
    }

    /// The account's key under the secret of the server (RFC 8555 7.3.4).
    fn binding(&self, url: &str) -> Value {
        let (kid, secret) = &self.server.eab;
        let header = json!({ "alg": "HS256", "kid": kid, "url": url }).to_string();
        let (protected, payload) =
            (encode(header.as_bytes()), encode(self.jwk.to_string().as_bytes()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let tag = hmac::sign(&key, format!("{protected}.{payload}").as_bytes());
        json!({ "protected": protected, "payload": payload, "signature": encode(tag.as_ref()) })
    }
}
