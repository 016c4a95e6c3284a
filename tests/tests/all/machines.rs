//! Systems that get certificates by ACME, EST and CMP, from the order to the revocation; what a
//! client that lies is told; what no answer of a stranger's host does.

mod caddy;
mod cmp;
mod cmp_refused;
mod est;
mod fuzzed;
mod library;
mod owner;
mod programs;
mod protocol;
mod refused;
mod scep;
mod scripts;
mod validated;
mod zones;

use records::machine::ChangeKey;
use rustix::process::Signal;
use serde_json::{Value, json};
use tests::machines::{AcmeClient, Site};
use tests::processes::until;

/// The order of these names with its challenges answered, once it is ready.
pub(crate) async fn ready(site: &Site, client: &AcmeClient, names: &[&str]) -> (String, Value) {
    let told = client.order(names);
    assert_eq!(told.status, 201, "{told:?}");
    let url = told.field("location").unwrap().to_owned();
    site.answer_http01(client, &told.json());
    until("the order is ready", async || client.read(&url).json()["status"] == "ready").await;
    let order = client.read(&url).json();
    (url, order)
}

/// Finalizes an order, and waits for its certificate: the chain.
pub(crate) async fn issued(
    client: &AcmeClient,
    url: &str,
    order: &Value,
    names: &[&str],
) -> String {
    let finalize = order["finalize"].as_str().unwrap();
    let told = client.post(finalize, &AcmeClient::request(names));
    assert_eq!(told.status, 200, "{told:?}");
    until("there is a certificate", async || client.read(url).json()["status"] == "valid").await;
    let certificate = client.read(url).json()["certificate"].as_str().unwrap().to_owned();
    let told = client.read(&certificate);
    assert_eq!(told.field("content-type"), Some("application/pem-certificate-chain"));
    told.body
}

fn leaf(chain: &str) -> pki::Certificate {
    let blocks = pki::pem::read(chain.as_bytes(), pki::pem::Kind::Certificate).unwrap();
    assert_eq!(blocks.len(), 2, "leaf and issuing CA");
    pki::Certificate::read(&blocks[0]).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_system_gets_a_certificate_and_has_it_revoked() {
    let site = Site::open().await;
    let client = site.client();
    let names = ["www.acme.test", "127.0.0.1"];
    let (url, order) = ready(&site, &client, &names).await;
    let chain = issued(&client, &url, &order, &names).await;
    let certificate = leaf(&chain);
    let serial = certificate.serial().to_string();
    let name = acme::renewal::CertificateName::of(&certificate).unwrap();
    let info = format!("{}/{name}", client.url("renewalInfo"));
    let told = client.fetch(&info);
    assert_eq!(told.status, 200, "{told:?}");
    let window = told.json()["suggestedWindow"].clone();
    assert!(window["start"].as_str().unwrap() < window["end"].as_str().unwrap());
    assert!(told.field("retry-after").is_some());
    // The next one says which it follows, once.
    let identifiers = json!([{ "type": "dns", "value": "www.acme.test" }]);
    let next = json!({ "identifiers": identifiers, "replaces": name.to_string() }).to_string();
    assert_eq!(client.post(&client.url("newOrder"), &next).status, 201);
    let again = client.post(&client.url("newOrder"), &next).problem();
    assert_eq!(again, (409, "alreadyReplaced".into()));
    let der = data_encoding::BASE64URL_NOPAD.encode(certificate.der());
    let revoke = |reason: u64| json!({ "certificate": der, "reason": reason }).to_string();
    let at = client.url("revokeCert");
    let reason = client.post(&at, &revoke(6)).problem();
    assert_eq!(reason, (400, "badRevocationReason".into()));
    let stranger = site.client();
    assert_eq!(stranger.post(&at, &revoke(1)).problem(), (403, "unauthorized".into()));
    assert_eq!(client.post(&at, &revoke(1)).status, 200);
    let twice = client.post(&at, &revoke(1)).problem();
    assert_eq!(twice, (400, "alreadyRevoked".into()));
    // Whoever holds authorizations for all that it names could have done it.
    ready(&site, &stranger, &names).await;
    let third = stranger.post(&at, &revoke(1)).problem();
    assert_eq!(third, (400, "alreadyRevoked".into()));
    site.office.listed(&serial).await;
    let end = client.fetch(&info).json()["suggestedWindow"]["end"].as_str().unwrap().to_owned();
    assert!(*end < *window["start"].as_str().unwrap(), "it had better come at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_changes_its_key_and_its_contacts_and_ends() {
    let site = Site::open().await;
    let mut client = site.client();
    let told = client.post(&client.account, &json!({ "contact": [] }).to_string());
    assert_eq!(told.json()["contact"], json!([]));
    // The same key again is the same account.
    let (at, account) = (client.url("newAccount"), std::mem::take(&mut client.account));
    let told = client.post(&at, &json!({ "onlyReturnExisting": true }).to_string());
    assert_eq!((told.status, told.field("location")), (200, Some(account.as_str())));
    client.account = account.clone();
    let other = AcmeClient::new(&site.directory(), &site.root());
    let at = client.url("keyChange");
    let within = |old: Value, account: &str| {
        let header = json!({ "alg": "ES256", "jwk": other.jwk(), "url": at });
        other.sign(&header, &json!({ "account": account, "oldKey": old }).to_string()).to_string()
    };
    let foreign = client.post(&at, &within(other.jwk(), &account)).problem();
    assert_eq!(foreign, (400, "malformed".into()));
    assert_eq!(client.post(&at, &within(client.jwk(), "https://x/1")).status, 400);
    let taken = site.client();
    let header = json!({ "alg": "ES256", "jwk": taken.jwk(), "url": at });
    let wish = json!({ "account": account, "oldKey": client.jwk() }).to_string();
    let told = client.post(&at, &taken.sign(&header, &wish).to_string());
    assert_eq!((told.status, told.field("location")), (409, Some(taken.account.as_str())));
    // The CA changes it, and this front is ended before it keeps that: whoever asks again by the
    // old key, or looks for the account by the new one, finds it.
    let inner = within(client.jwk(), &account);
    changed_past_its_front(&site, &client, (&at, &account), &inner).await;
    assert_eq!(client.post(&at, &inner).status, 200);
    assert!(client.read(&account).status >= 400, "the old key signs no more");
    client.key = other.key;
    let third = AcmeClient::new(&site.directory(), &site.root());
    let header = json!({ "alg": "ES256", "jwk": third.jwk(), "url": at });
    let wish = json!({ "account": account, "oldKey": client.jwk() }).to_string();
    let inner = third.sign(&header, &wish).to_string();
    let known = json!({ "onlyReturnExisting": true }).to_string();
    let (own, nobody) = (client.url("newAccount"), (400, "accountDoesNotExist".to_owned()));
    assert_eq!(third.post(&own, &known).problem(), nobody);
    changed_past_its_front(&site, &client, (&at, &account), &inner).await;
    let told = third.post(&own, &known);
    assert_eq!((told.status, told.field("location")), (200, Some(account.as_str())));
    client.key = third.key;
    let (url, order) = ready(&site, &client, &["www.acme.test"]).await;
    issued(&client, &url, &order, &["www.acme.test"]).await;
    let told = client.post(&account, &json!({ "status": "deactivated" }).to_string());
    assert_eq!(told.json()["status"], "deactivated");
    let ended = client.read(&url).problem();
    assert_eq!(ended, (401, "unauthorized".into()));
}

/// The CA hears of a change of keys from a front that is ended before it keeps it.
async fn changed_past_its_front(
    site: &Site,
    client: &AcmeClient,
    (at, account): (&str, &str),
    inner: &str,
) {
    let header = json!({ "alg": "ES256", "nonce": "any", "url": at, "kid": account });
    let jws = serde_json::from_value(client.sign(&header, inner)).unwrap();
    let account = account.rsplit('/').next().unwrap().to_owned();
    let message = ChangeKey { jws, account };
    site.office.issuer_for("machines").change_key(&message).await.unwrap();
}

/// Whoever is killed in between leaves an order that goes on, and one certificate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_survives_the_process_that_took_it() {
    let mut site = Site::open().await;
    let client = site.client();
    let (url, order) = ready(&site, &client, &["www.acme.test"]).await;
    site.office.signal("issuer", Signal::STOP);
    let request = AcmeClient::request(&["www.acme.test"]);
    let told = client.post(order["finalize"].as_str().unwrap(), &request);
    assert_eq!(told.json()["status"], "processing", "{told:?}");
    assert!(told.field("retry-after").is_some());
    let again = client.post(order["finalize"].as_str().unwrap(), &request).problem();
    assert_eq!(again, (403, "orderNotReady".into()));
    // It dies while it waits for the CA; the next one has the order within seconds.
    site.office.kill("portal-machines");
    site.office.signal("issuer", Signal::CONT);
    site.office.start("portal-machines", &[]).await;
    until("there is a certificate", async || client.read(&url).json()["status"] == "valid").await;
    assert_eq!(client.read(&url).json()["identifiers"][0]["value"], "www.acme.test");
    // Killed while it waits for the tree: whoever comes next takes the order up within seconds.
    let (url, order) = ready(&site, &client, &["www.acme.test"]).await;
    site.office.stop("log");
    let request = AcmeClient::request(&["www.acme.test"]);
    let told = client.post(order["finalize"].as_str().unwrap(), &request);
    assert_eq!(told.json()["status"], "processing", "{told:?}");
    site.office.kill("portal-machines");
    site.office.start("log", &[]).await;
    site.office.start("portal-machines", &[]).await;
    until("there is one more", async || client.read(&url).json()["status"] == "valid").await;
}
