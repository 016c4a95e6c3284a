//! Systems that come and go: each gets certificates by ACME and by EST within its order, asks again
//! where it heard nothing, revokes one, and is closed. Of some it is devices that ask (`devices`).

use super::act::Act;
use super::town::{OFFICE, Town};
use crate::Office;
use crate::gate::word;
use crate::machines::{AcmeClient, Secret, Told, try_curl};
use ca_host::operator::OperatorRequest;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use openssl::pkcs7::Pkcs7;
use pki::Certificate;
use rcgen::KeyPair;
use records::Bytes;
use records::machine::SystemFile;
use records::order::SystemBody;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Certificates of a week that each system may have.
const PER_WEEK: u32 = 4;

/// Where systems ask, and who is in charge of them.
pub(super) struct MachinesAt {
    directory: Value,
    est: String,
    root: String,
    leader: String,
    /// The issuer, as the portal's process for machines speaks to it.
    pub(super) issuer: ca_api::Issuer,
}

impl MachinesAt {
    /// As the city says; its process runs.
    pub(super) fn of(office: &Office) -> Self {
        let at = |name: &str| office.city["machines"][name].as_str().unwrap().to_owned();
        let root = office.path("ca/public/ca/root.pem").display().to_string();
        let directory = AcmeClient::new(&at("acme_url"), &root).directory().clone();
        let (est, leader) = (at("est_url"), office.first("system").person);
        Self { directory, est, root, leader, issuer: office.issuer_for("machines") }
    }
}

/// What became of a request.
pub(super) enum Got {
    /// The certificate.
    Issued(Box<Certificate>),
    /// A crash came before it was signed: it is to be asked for with another request.
    GivenUp,
    /// The order says that it is enough.
    Enough,
}

impl Got {
    /// A certificate that came, DER.
    pub(super) fn of(der: &[u8]) -> Self {
        Self::Issued(Box::new(Certificate::read(der).unwrap()))
    }

    pub(super) fn issued(self) -> Option<Certificate> {
        match self {
            Self::Issued(certificate) => Some(*certificate),
            Self::GivenUp | Self::Enough => None,
        }
    }
}

impl Town {
    /// A system is registered, used and closed; all that it had is revoked then.
    pub(super) async fn system(&self, act: Act) -> bool {
        let id = format!("system-{}", word());
        let asked = async |action: &str| {
            let body = body(action, &id, &self.machines.leader);
            let (operator, contact) = ("运维".to_owned(), "ops@load.test".to_owned());
            self.asked(OperatorRequest::System { body: Box::new(body), operator, contact }).await
        };
        let Some(made) = self.attempt(async || asked("register").await).await else {
            return false;
        };
        let file = std::fs::read(self.folder.join("ca").join(&made.letter)).unwrap();
        let file: SystemFile = serde_json::from_slice(&file).unwrap();
        if !self.is_approved(&self.security, &made.order).await {
            return false;
        }
        let serials = match act {
            Act::Device => self.devices(&file).await,
            _ => self.used(&file).await,
        };
        let closing = self.insist("an order to close", async || asked("close").await).await;
        self.carried(&self.security, &closing.order).await;
        for serial in serials {
            self.is_revoked(&serial).await;
        }
        true
    }

    /// Does everything that a system can; gives the certificates that it was handed.
    async fn used(&self, file: &SystemFile) -> Vec<String> {
        let secret = secret_of(file);
        let name = format!("{}.load.test", file.system);
        let mut client = self.with_account(&secret).await;
        let mut serials: Vec<String> = Vec::new();
        let by_acme = self.by_acme(&client, &name).await.issued();
        if let Some(certificate) = &by_acme {
            serials.push(certificate.serial().to_string());
        }
        self.other_key(&mut client).await;
        if let Some(certificate) = by_acme {
            self.revoked_by(&client, &certificate).await;
        }
        self.deactivated(&client).await;
        let key = KeyPair::generate().unwrap();
        if let Some(first) = self.by_password(&secret, &key, &name).await.issued() {
            serials.push(first.serial().to_string());
            if let Some(next) = self.renewed(&first, &key, &name).await.issued() {
                serials.push(next.serial().to_string());
            }
        }
        // Whatever is killed when, the order says how many there are.
        for _ in 0..=PER_WEEK {
            match self.by_password(&secret, &KeyPair::generate().unwrap(), &name).await {
                Got::Issued(certificate) => serials.push(certificate.serial().to_string()),
                Got::GivenUp => {}
                Got::Enough => {
                    self.proven.lock().unwrap().extend(serials.iter().cloned());
                    let most = usize::try_from(PER_WEEK).unwrap();
                    assert!(serials.len() <= most, "{name}: {serials:?}");
                    return serials;
                }
            }
        }
        panic!("{name} got more than its order says: {serials:?}");
    }

    async fn with_account(&self, secret: &Secret) -> AcmeClient {
        let mut client = AcmeClient::knowing(self.machines.directory.clone(), &self.machines.root);
        let (at, bound) = (client.url("newAccount"), client.bound(secret).to_string());
        let told = self.insist_on("an account of a system", async || {
            let told = client.try_post(&at, &bound).ok_or(None)?;
            if told.status < 300 { Ok(told) } else { Err(Some(told)) }
        });
        client.account = told.await.field("location").unwrap().to_owned();
        client
    }

    /// From an order to its certificate; the order survives whoever is killed, and whoever asks
    /// again has the same.
    async fn by_acme(&self, client: &AcmeClient, name: &str) -> Got {
        let (at, request) = (client.url("newOrder"), AcmeClient::request(&[name]));
        let wanted = json!({ "identifiers": [{ "type": "dns", "value": name }] }).to_string();
        let order = self.insist_on("an order of ACME", async || {
            let told = client.try_post(&at, &wanted).ok_or(None)?;
            if told.status == 201 { Ok(told) } else { Err(Some(told)) }
        });
        let order = order.await;
        let url = order.field("location").unwrap().to_owned();
        let finalize = order.json()["finalize"].as_str().unwrap().to_owned();
        let read = self.insist_on("the end of an order of ACME", async || {
            let told = client.try_post(&url, "").ok_or(None)?;
            let status = match told.status {
                200 => told.json()["status"].as_str().unwrap().to_owned(),
                _ => String::new(),
            };
            match status.as_str() {
                "ready" => {
                    let told = client.try_post(&finalize, &request).ok_or(None)?;
                    if told.status == 429 { Ok(Value::Null) } else { Err(Some(told)) }
                }
                "valid" | "invalid" => Ok(told.json()),
                _ => Err(Some(told)),
            }
        });
        let read = read.await;
        let Some(at) = read["certificate"].as_str() else {
            return if read.is_null() { Got::Enough } else { Got::GivenUp };
        };
        let chain = async || {
            self.insist_on("a certificate of ACME", async || {
                let told = client.try_post(at, "").ok_or(None)?;
                if told.status == 200 { Ok(told) } else { Err(Some(told)) }
            })
            .await
            .body
        };
        let (first, again) = (chain().await, chain().await);
        assert_eq!(first, again, "one certificate an order");
        let blocks = pki::pem::read(first.as_bytes(), pki::pem::Kind::Certificate).unwrap();
        Got::of(&blocks[0])
    }

    /// The account has another key, whichever answer is lost.
    async fn other_key(&self, client: &mut AcmeClient) {
        let mut next = AcmeClient::knowing(self.machines.directory.clone(), &self.machines.root);
        let at = client.url("keyChange");
        let header = json!({ "alg": "ES256", "jwk": next.jwk(), "url": at });
        let wish = json!({ "account": client.account, "oldKey": client.jwk() }).to_string();
        let inner = next.sign(&header, &wish).to_string();
        let (own, known) = (next.url("newAccount"), json!({ "onlyReturnExisting": true }));
        let known = known.to_string();
        self.insist_on("another key of an account", async || {
            let changed = client.try_post(&at, &inner);
            // A lost answer leaves the old key without an account; the new one has it.
            let has = || next.try_post(&own, &known).is_some_and(|told| told.status == 200);
            let is_changed = changed.as_ref().is_some_and(|told| told.status == 200);
            if is_changed || has() { Ok(()) } else { Err(changed) }
        })
        .await;
        next.account = std::mem::take(&mut client.account);
        *client = next;
    }

    async fn revoked_by(&self, client: &AcmeClient, certificate: &Certificate) {
        let der = BASE64URL_NOPAD.encode(certificate.der());
        let (at, payload) = (client.url("revokeCert"), json!({ "certificate": der }).to_string());
        self.insist("a revocation by an account", async || {
            let told = client.try_post(&at, &payload)?;
            let is_over = told.body.contains("alreadyRevoked");
            (told.status == 200 || is_over).then_some(())
        })
        .await;
        self.is_revoked(&certificate.serial().to_string()).await;
    }

    async fn deactivated(&self, client: &AcmeClient) {
        let payload = json!({ "status": "deactivated" }).to_string();
        self.insist("an account that is closed", async || {
            let told = client.try_post(&client.account, &payload)?;
            // An account that is closed signs for nothing any more, its own end too.
            matches!(told.status, 200 | 401).then_some(())
        })
        .await;
    }

    async fn by_password(&self, secret: &Secret, key: &KeyPair, name: &str) -> Got {
        let user = format!("{}:{}", secret.kid, secret.password);
        self.by_est("/simpleenroll", &["-u", &user], &request(key, name)).await
    }

    /// The certificate's own key asks for the next one, in a handshake too.
    async fn renewed(&self, first: &Certificate, key: &KeyPair, name: &str) -> Got {
        let folder = tempfile::tempdir().unwrap();
        let path = |end: &str| folder.path().join(end).display().to_string();
        std::fs::write(path("own.pem"), first.pem()).unwrap();
        let pem = pki::certificate::pem("PRIVATE KEY", &key.serialize_der());
        std::fs::write(path("own.key"), pem).unwrap();
        let (own, own_key) = (path("own.pem"), path("own.key"));
        let words = ["--cert", own.as_str(), "--key", own_key.as_str()];
        self.by_est("/simplereenroll", &words, &request(key, name)).await
    }

    /// Asks until there is an answer, and once more: the same request is the same certificate.
    async fn by_est(&self, path: &str, words: &[&str], body: &str) -> Got {
        let url = format!("{}{path}", self.machines.est);
        let own = ["-H", "Content-Type: application/pkcs10", "-H", "Expect:"];
        let rest = ["--data-binary", "@-", url.as_str()];
        let words = [&own[..], words, &rest].concat();
        let ask = async || {
            self.insist_on("an answer of EST", async || {
                let told = try_curl(&self.machines.root, &words, body.as_bytes()).ok_or(None)?;
                if is_final(&told) { Ok(told) } else { Err(Some(told)) }
            })
            .await
        };
        let told = ask().await;
        match told.status {
            200 => {
                assert_eq!(ask().await.body, told.body, "one certificate a request");
                Got::of(&leaf(&told))
            }
            _ if told.body.contains("(certificate-revoked") => Got::GivenUp,
            _ => Got::Enough,
        }
    }
}

/// By what clients of a system are known.
pub(super) fn secret_of(file: &SystemFile) -> Secret {
    Secret {
        kid: file.kid.clone(),
        hmac: file.eab_hmac.0.clone(),
        password: file.est_password.to_string(),
        challenge: file.scep_challenge.clone(),
        file: PathBuf::default(),
        cmp: file.cmp_secret.to_string(),
    }
}

/// Whether an answer of EST says what became of a request.
fn is_final(told: &Told) -> bool {
    let ends = ["(certificate-revoked", "(system-quota", "(system-live"];
    told.status == 200 || ends.iter().any(|end| told.body.contains(end))
}

/// The certificate of an answer, DER.
fn leaf(told: &Told) -> Vec<u8> {
    let der = BASE64.decode(told.body.replace(['\r', '\n'], "").as_bytes()).unwrap();
    let message = Pkcs7::from_der(&der).unwrap();
    let all = message.signed().and_then(|signed| signed.certificates()).unwrap();
    all.get(0).unwrap().to_der().unwrap()
}

/// A PKCS#10 in base64.
fn request(key: &KeyPair, name: &str) -> String {
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    BASE64.encode(params.serialize_request(key).unwrap().der())
}

fn body(action: &str, system: &str, leader: &str) -> SystemBody {
    SystemBody {
        action: action.to_owned(),
        system: system.to_owned(),
        name: "测试系统".to_owned(),
        unit: OFFICE.to_owned(),
        leader: leader.to_owned(),
        operator: None,
        contact: None,
        names: vec![format!("{system}.load.test")],
        wildcards: false,
        addresses: Vec::new(),
        profile: "server".to_owned(),
        per_week: PER_WEEK,
        live: PER_WEEK,
        accounts: 4,
        challenges: false,
        until: records::time::seconds(crate::now() + 86_400),
        token_sha256: Bytes::default(),
    }
}
