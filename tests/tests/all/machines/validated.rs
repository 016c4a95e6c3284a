//! What a host answers that is looked at: it is a stranger's, and leads nowhere.

use serde_json::Value;
use tests::machines::{AcmeClient, Names, Site, ValidatorPlace};
use tests::processes::until;

/// Says that a challenge of a kind is answered; gives the authorization once it ended.
async fn looked_at(client: &AcmeClient, authorization: &str, kind: &str) -> Value {
    let told = client.read(authorization).json();
    let all = told["challenges"].as_array().unwrap();
    let challenge = all.iter().find(|one| one["type"] == kind).unwrap();
    let told = client.post(challenge["url"].as_str().unwrap(), "{}");
    assert_eq!(told.status, 200, "{told:?}");
    assert!(told.head.contains("rel=\"up\""), "{told:?}");
    until("it was looked at", async || client.read(authorization).json()["status"] != "pending")
        .await;
    client.read(authorization).json()
}

fn authorization(client: &AcmeClient, name: &str) -> (String, String) {
    let order = client.order(&[name]).json();
    let url = order["authorizations"][0].as_str().unwrap().to_owned();
    let token = client.read(&url).json()["challenges"][0]["token"].as_str().unwrap().to_owned();
    (url, token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_a_stranger_leads_nowhere() {
    let site = Site::open().await;
    let client = site.client();
    let redirect = |to: &str| {
        format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    };
    let huge = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n".to_vec(),
        vec![b'x'; 4_096],
    ]
    .concat();
    let admin = site.office.city["admin_urls"]["issuer"].as_str().unwrap().to_owned();
    for (answer, kind) in [
        (redirect("file:///etc/passwd"), "incorrectResponse"),
        (redirect("ftp://www.acme.test/"), "incorrectResponse"),
        (redirect(&format!("{admin}/metrics")), "incorrectResponse"),
        (redirect("http://10.0.0.1/"), "connection"),
        (huge, "incorrectResponse"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong".to_vec(), "incorrectResponse"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nslow...".to_vec(), "connection"),
        (b"SSH-2.0-OpenSSH\r\n".to_vec(), "connection"),
    ] {
        let (url, token) = authorization(&client, "www.acme.test");
        site.names.set_answer(&format!("/.well-known/acme-challenge/{token}"), &answer);
        let ended = looked_at(&client, &url, "http-01").await;
        assert_eq!(ended["status"], "invalid", "{ended}");
        let told = ended["challenges"][0]["error"]["type"].as_str().unwrap().to_owned();
        assert!(told.ends_with(kind), "{kind}: {ended}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_within_the_web_is_followed() {
    let site = Site::open().await;
    let client = site.client();
    let (url, token) = authorization(&client, "www.acme.test");
    let to = format!("http://mail.acme.test:{}/there", site.port("http01_port"));
    let answer = format!("HTTP/1.1 301 Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    let path = format!("/.well-known/acme-challenge/{token}");
    site.names.set_answer(&path, answer.as_bytes());
    site.names.set_file("/there", &client.key_authorization(&token));
    assert_eq!(looked_at(&client, &url, "http-01").await["status"], "valid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zone_says_who_may_issue_and_answers_for_wildcards() {
    use sha2::Digest;
    let site = Site::open().await;
    let client = site.client();
    let (url, token) = authorization(&client, "*.acme.test");
    let told = client.read(&url).json();
    assert_eq!(
        (told["wildcard"].clone(), told["challenges"].as_array().unwrap().len()),
        (true.into(), 1)
    );
    let digest = sha2::Sha256::digest(client.key_authorization(&token));
    let text = data_encoding::BASE64URL_NOPAD.encode(&digest);
    site.names.set_text("_acme-challenge.acme.test", &text);
    assert_eq!(looked_at(&client, &url, "dns-01").await["status"], "valid");
    site.names.set_issuer("closed.acme.test", "");
    site.names.set_issuer("ours.acme.test", "localhost");
    for (name, status) in [("www.closed.acme.test", "invalid"), ("www.ours.acme.test", "valid")] {
        let (url, token) = authorization(&client, name);
        let path = format!("/.well-known/acme-challenge/{token}");
        site.names.set_file(&path, &client.key_authorization(&token));
        let ended = looked_at(&client, &url, "http-01").await;
        assert_eq!(ended["status"], status, "{ended}");
    }
}

/// Both have to see it: another validator, with a resolver and a web server of its own view, is
/// asked for each challenge. Who reads why it is not valid learns which of them did not see it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_challenge_is_looked_at_from_elsewhere_as_well() {
    let mut site = Site::open().await;
    let second = ValidatorPlace::open(&mut site).await;
    let client = site.client();
    let put = |names: &Names, name: &str| {
        let (url, token) = authorization(&client, name);
        let path = format!("/.well-known/acme-challenge/{token}");
        names.set_file(&path, &client.key_authorization(&token));
        (url, path, client.key_authorization(&token))
    };
    let told = |ended: &Value| {
        let error = &ended["challenges"][0]["error"];
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (text("type"), text("detail"))
    };
    // One of them sees it, whichever.
    for (names, says) in [
        (&site.names, "found by the second validator"),
        (&second.names, "found from the portal itself"),
    ] {
        let (url, ..) = put(names, "www.acme.test");
        let ended = looked_at(&client, &url, "http-01").await;
        assert_eq!(ended["status"], "invalid", "{ended}");
        let (kind, detail) = told(&ended);
        assert!(kind.ends_with("incorrectResponse") && detail.contains(says), "{ended}");
    }
    let (url, path, content) = put(&site.names, "www.acme.test");
    second.names.set_file(&path, &content);
    assert_eq!(looked_at(&client, &url, "http-01").await["status"], "valid");
    // What its resolver says of the zone counts too.
    second.names.set_issuer("closed.acme.test", "");
    let (url, path, content) = put(&site.names, "www.closed.acme.test");
    second.names.set_file(&path, &content);
    let ended = looked_at(&client, &url, "http-01").await;
    assert!(told(&ended).0.ends_with(":caa"), "{ended}");
    // Nobody is asked in its place.
    let names = second.end();
    let (url, path, content) = put(&site.names, "www.acme.test");
    names.set_file(&path, &content);
    let ended = looked_at(&client, &url, "http-01").await;
    assert!(told(&ended).0.ends_with("serverInternal"), "{ended}");
}
