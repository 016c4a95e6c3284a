//! What RFC 8555, 8738 and 9773 say of each answer, looked at from outside: statuses, fields, and
//! the words of refusals.

use serde_json::{Value, json};
use tests::machines::{AcmeClient, Site, Told};

/// What every answer of ACME has but the directory (7.1), and each to a signed request (6.5).
fn is_dressed(told: &Told) {
    assert!(told.head.contains(";rel=\"index\""), "{told:?}");
    assert!(told.field("replay-nonce").is_some(), "{told:?}");
    assert_eq!(told.field("cache-control"), Some("no-store"), "{told:?}");
}

fn of_kind<'a>(authorization: &'a Value, kind: &str) -> Option<&'a Value> {
    authorization["challenges"].as_array().unwrap().iter().find(|one| one["type"] == kind)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_resource_says_what_it_must() {
    let site = Site::open().await;
    let mut client = AcmeClient::new(&site.directory(), &site.root());
    let directory = client.directory().clone();
    assert_eq!(directory["meta"]["externalAccountRequired"], true);
    for name in ["newNonce", "newAccount", "newOrder", "revokeCert", "keyChange", "renewalInfo"] {
        assert!(directory[name].as_str().unwrap().starts_with("https://"), "{name}");
    }
    let drawn = client.fetch(&client.url("newNonce"));
    assert_eq!(drawn.status, 204);
    is_dressed(&drawn);
    // 7.3.1: a key without an account finds none, and makes none by looking.
    let only = json!({ "onlyReturnExisting": true }).to_string();
    let at = client.url("newAccount");
    assert_eq!(client.post(&at, &only).problem(), (400, "accountDoesNotExist".into()));
    let opened = client.open_account(&site.secret);
    assert_eq!(opened.status, 201);
    is_dressed(&opened);
    assert_eq!(opened.json()["status"], "valid");
    // 7.3.4: by what it was bound, as that was sent.
    let said = client.bound(&site.secret);
    assert_eq!(opened.json()["externalAccountBinding"], said["externalAccountBinding"]);
    let orders = opened.json()["orders"].as_str().unwrap().to_owned();
    assert_eq!(client.read(&orders).json(), json!({ "orders": [] }));
    // 7.4
    let made = client.order(&["*.acme.test", "www.acme.test"]);
    assert_eq!(made.status, 201);
    is_dressed(&made);
    let (url, order) = (made.field("location").unwrap().to_owned(), made.json());
    assert_eq!(order["status"], "pending");
    assert!(order["expires"].as_str().unwrap().ends_with('Z'));
    assert_eq!(client.read(&url).json(), order);
    let [first, second] = [0, 1].map(|at| order["authorizations"][at].as_str().unwrap().to_owned());
    let wildcard = client.read(&first).json();
    assert_eq!(wildcard["identifier"], json!({ "type": "dns", "value": "acme.test" }));
    assert_eq!((&wildcard["wildcard"], of_kind(&wildcard, "http-01")), (&json!(true), None));
    let plain = client.read(&second).json();
    assert!(plain.get("wildcard").is_none() && plain["expires"].is_string());
    let challenge = of_kind(&plain, "http-01").unwrap();
    assert_eq!(challenge["status"], "pending");
    assert!(challenge["token"].as_str().unwrap().len() >= 22, "8: 128 random bits");
    let told = client.read(challenge["url"].as_str().unwrap());
    assert_eq!(told.json(), *challenge, "read, and not said to be answered");
    assert!(told.head.contains(&format!("<{second}>;rel=\"up\"")), "{told:?}");
    // A wildcard is not proven by a file, whoever names the challenge.
    let file = challenge["url"]
        .as_str()
        .unwrap()
        .replace(second.rsplit('/').next().unwrap(), first.rsplit('/').next().unwrap());
    assert_eq!(client.post(&file, "{}").problem(), (404, "malformed".into()));
    // 6.3: nobody reads what is an account's without signing.
    for at in [&url, &first, &client.account, &orders, &client.url("newOrder")] {
        assert_eq!(client.fetch(at).problem(), (405, "malformed".into()), "{at}");
    }
    // 7.4: before it is ready nothing is finalized; 7.5.2: what is given up ends it.
    let finalize = order["finalize"].as_str().unwrap();
    let request = AcmeClient::request(&["*.acme.test", "www.acme.test"]);
    let early = client.post(finalize, &request);
    assert_eq!(early.problem(), (403, "orderNotReady".into()));
    is_dressed(&early);
    let gone = client.post(&second, &json!({ "status": "deactivated" }).to_string());
    assert_eq!((gone.status, &gone.json()["status"]), (200, &json!("deactivated")));
    assert_eq!(client.read(&url).json()["status"], "invalid");
    let certificate = url.replace("/order/", "/certificate/");
    assert_eq!(client.read(&certificate).problem(), (404, "malformed".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_wrongly_is_told_by_its_kind() {
    let site = Site::open().await;
    let client = site.client();
    let at = client.url("newOrder");
    let asked = |payload: Value| client.post(&at, &payload.to_string());
    let one =
        |kind: &str, value: &str| json!({ "identifiers": [{ "type": kind, "value": value }] });
    for (payload, kind) in [
        (json!({ "identifiers": [] }), "malformed"),
        (one("email", "a@acme.test"), "unsupportedIdentifier"),
        (one("dns", "证书.acme.test"), "malformed"),
        (one("dns", "127.0.0.1"), "malformed"),
        (one("ip", "127.0.0.01"), "malformed"),
        (one("ip", "2001:DB8::1"), "malformed"),
        (one("dns", "*.*.acme.test"), "malformed"),
    ] {
        let told = asked(payload.clone());
        assert_eq!(told.problem(), (400, kind.into()), "{payload}");
        is_dressed(&told);
    }
    assert_eq!(asked(one("dns", "a.other.test")).problem(), (403, "rejectedIdentifier".into()));
    let mut wrong = one("dns", "www.acme.test");
    wrong["profile"] = json!("nothing");
    assert_eq!(asked(wrong.clone()).problem(), (400, "invalidProfile".into()));
    wrong["profile"] = Value::Null;
    wrong["replaces"] = json!("aYg.fwE");
    assert_eq!(asked(wrong).problem(), (400, "malformed".into()));
    // 6.2: whoever signs in another way hears which are taken.
    let mut header = client.header(&client.account);
    header["alg"] = json!("ES512");
    let told = client.send(&client.account, &client.sign(&header, ""));
    assert_eq!(told.problem(), (400, "badSignatureAlgorithm".into()));
    assert!(told.json()["algorithms"].as_array().unwrap().contains(&json!("ES256")));
    // RFC 9773 4.1
    let info = client.url("renewalInfo");
    assert_eq!(client.fetch(&format!("{info}/aYg.fwE")).problem(), (404, "malformed".into()));
    for bad in ["aYg", "aYg=.fwE", "aYg.fw=="] {
        let told = client.fetch(&format!("{info}/{bad}"));
        assert_eq!(told.problem(), (400, "malformed".into()), "{bad}");
    }
}

/// What a nonce is used up for, and what comes with it, is one: sent again it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_sent_again_changes_nothing() {
    let site = Site::open().await;
    let client = site.client();
    let at = client.url("newOrder");
    let payload = json!({ "identifiers": [{ "type": "dns", "value": "www.acme.test" }] });
    let jws = client.sign(&client.header(&at), &payload.to_string());
    let made = client.send(&at, &jws);
    assert_eq!(made.status, 201);
    let again = client.send(&at, &jws);
    assert_eq!(again.problem(), (400, "badNonce".into()));
    is_dressed(&again);
    let orders = client.read(&client.account).json()["orders"].as_str().unwrap().to_owned();
    assert_eq!(client.read(&orders).json()["orders"].as_array().unwrap().len(), 1);
    // A refusal uses it up as well.
    let refused = client.sign(&client.header(&at), "{}");
    assert_eq!(client.send(&at, &refused).problem(), (400, "malformed".into()));
    assert_eq!(client.send(&at, &refused).problem(), (400, "badNonce".into()));
    let finalize = made.json()["finalize"].as_str().unwrap().to_owned();
    let early = client.sign(&client.header(&finalize), &AcmeClient::request(&["www.acme.test"]));
    assert_eq!(client.send(&finalize, &early).problem(), (403, "orderNotReady".into()));
    assert_eq!(client.send(&finalize, &early).problem(), (400, "badNonce".into()));
}
