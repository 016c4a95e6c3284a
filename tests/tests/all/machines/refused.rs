//! What a client that lies is told: each of these was a hole in somebody's server once.

use super::{issued, ready};
use serde_json::{Value, json};
use tests::machines::{AcmeClient, Site};

fn encode(bytes: &[u8]) -> String {
    data_encoding::BASE64URL_NOPAD.encode(bytes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_signed_once_for_one_address() {
    let site = Site::open().await;
    let client = site.client();
    let url = client.account.clone();
    let with = |name: &str, value: Value| {
        let mut header = client.header(&url);
        header[name] = value;
        client.send(&url, &client.sign(&header, "")).problem()
    };
    let used = client.header(&url);
    assert_eq!(client.send(&url, &client.sign(&used, "")).status, 200);
    let again = client.send(&url, &client.sign(&used, ""));
    assert_eq!(again.problem(), (400, "badNonce".into()));
    assert!(again.field("replay-nonce").is_some(), "it can be tried again");
    for nonce in [json!("AAAA"), json!(""), json!(encode(&[7; 52])), Value::Null] {
        assert_eq!(with("nonce", nonce), (400, "badNonce".into()));
    }
    let other = client.url("newOrder");
    assert_eq!(with("url", json!(other)), (403, "unauthorized".into()));
    for alg in ["none", "HS256", "ES384", "RS256"] {
        assert_eq!(with("alg", json!(alg)), (400, "badSignatureAlgorithm".into()), "{alg}");
    }
    assert_eq!(with("crit", json!(["exp"])), (400, "malformed".into()));
    assert_eq!(with("jwk", client.jwk()), (400, "malformed".into()));
    let nobody = format!("{}x", client.account);
    assert_eq!(with("kid", json!(nobody)), (400, "accountDoesNotExist".into()));
    let mut forged = client.sign(&client.header(&url), "");
    forged["payload"] = json!(encode(b"{\"contact\":[]}"));
    assert_eq!(client.send(&url, &forged).problem(), (400, "malformed".into()));
    let mut headed = client.sign(&client.header(&url), "");
    headed["header"] = json!({ "kid": client.account });
    assert_eq!(client.send(&url, &headed).problem(), (400, "malformed".into()));
    let whole = client.sign(&client.header(&url), "").to_string();
    let kind = client.send_as("application/json", &url, whole.as_bytes());
    assert_eq!(kind.problem(), (415, "malformed".into()));
    let large = vec![b' '; 200_000];
    assert!(client.send_as("application/jose+json", &url, &large).status >= 400);
    assert_eq!(client.fetch(&url).problem(), (405, "malformed".into()));
    let directory = client.fetch(&site.directory());
    assert_eq!(directory.field("access-control-allow-origin"), Some("*"), "RFC 8555 6.1");
    let exposed = directory.field("access-control-expose-headers").unwrap();
    assert!(exposed.contains("Replay-Nonce"), "{exposed}");
    assert_eq!(directory.field("link"), None, "RFC 8555 7.1: it is the index itself");
    assert_eq!(client.read(&site.directory()).json(), *client.directory());
    assert_eq!(client.read(&client.url("newNonce")).status, 204);
}

/// A public key is no secret, whatever the header says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_signs_with_what_everybody_knows() {
    let site = Site::open().await;
    let mut client = AcmeClient::new(&site.directory(), &site.root());
    let at = client.url("newAccount");
    let unbound = client.post(&at, &json!({ "contact": [] }).to_string());
    assert_eq!(unbound.problem(), (403, "externalAccountRequired".into()));
    let mut secret = site.secret.clone();
    secret.hmac = serde_json::to_vec(&client.jwk()).unwrap();
    assert_eq!(client.open_account(&secret).problem(), (403, "unauthorized".into()));
    secret = site.secret.clone();
    secret.kid = "site.0000000000000000".into();
    assert_eq!(client.open_account(&secret).problem(), (403, "unauthorized".into()));
    let other = AcmeClient::new(&site.directory(), &site.root());
    let borrowed = other.bound(&site.secret).to_string();
    assert_eq!(client.post(&at, &borrowed).problem(), (403, "unauthorized".into()));
    assert_eq!(client.open_account(&site.secret).status, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_has_what_its_system_may_and_nothing_of_others() {
    let site = Site::open().await;
    let client = site.client();
    let foreign = site.another("other", "other.test").await;
    let mut stranger = AcmeClient::new(&site.directory(), &site.root());
    assert_eq!(stranger.open_account(&foreign).status, 201);
    let told = client.order(&["www.acme.test", "other.test", "10.0.0.1"]);
    assert_eq!(told.problem(), (403, "rejectedIdentifier".into()));
    let about = told.json()["subproblems"].as_array().unwrap().len();
    assert_eq!(about, 2, "each of them is named: {told:?}");
    assert_eq!(stranger.order(&["*.other.test"]).status, 403, "wildcards are not for it");
    let (url, order) = ready(&site, &client, &["www.acme.test"]).await;
    let authorization = order["authorizations"][0].as_str().unwrap();
    let finalize = order["finalize"].as_str().unwrap();
    for at in [url.as_str(), authorization] {
        assert_eq!(stranger.read(at).problem(), (403, "unauthorized".into()), "{at}");
    }
    let orders = client.read(&client.account).json()["orders"].as_str().unwrap().to_owned();
    assert_eq!(stranger.read(&orders).problem(), (403, "unauthorized".into()));
    assert_eq!(client.read(&orders).json()["orders"], json!([url]));
    let request = AcmeClient::request(&["www.acme.test"]);
    assert_eq!(stranger.post(finalize, &request).problem(), (403, "unauthorized".into()));
    let more = AcmeClient::request(&["www.acme.test", "mail.acme.test"]);
    assert_eq!(client.post(finalize, &more).problem(), (400, "badCSR".into()));
    assert_eq!(client.post(finalize, "{\"csr\":\"AAAA\"}").problem(), (400, "badCSR".into()));
    let chain = issued(&client, &url, &order, &["www.acme.test"]).await;
    assert!(chain.contains("BEGIN CERTIFICATE"));
    let replayed = client.post(finalize, &request).problem();
    assert_eq!(replayed, (403, "orderNotReady".into()));
    let certificate = client.read(&url).json()["certificate"].as_str().unwrap().to_owned();
    assert_eq!(stranger.read(&certificate).problem(), (403, "unauthorized".into()));
    // What its authorization gave ends with it.
    let closed = site.office.ca_json(&["system", "close", "other"]);
    site.office.approve_by_security(closed["order"].as_str().unwrap()).await;
    let mut late = AcmeClient::new(&site.directory(), &site.root());
    assert_eq!(late.open_account(&foreign).status, 403, "a secret that was taken back");
    tests::processes::until("its account is over", async || {
        stranger.order(&["other.test"]).status >= 400
    })
    .await;
}
