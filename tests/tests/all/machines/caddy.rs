//! A web server that gets its certificates by itself, as it comes: Caddy opens an account by its
//! binding, answers in a handshake, serves with what it got, and gets another one when it finds
//! that due. It revokes nothing.

use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};
use tests::Running;
use tests::machines::{Site, curl};
use tests::processes::until;

const NAME: &str = "www.acme.test";

/// What it is told: names, where its CA is, and how much of a life may be left before it renews.
fn config(site: &Site, folder: &Path, renews_at_once: bool) -> Value {
    let port = site.port("tlsalpn01_port");
    let mut policy = json!({
        "subjects": [NAME],
        "issuers": [{
            "module": "acme",
            "ca": site.directory(),
            "email": "ops@acme.test",
            "external_account": { "key_id": site.secret.kid, "mac_key": site.secret.hmac_text() },
            "trusted_roots_pem_files": [site.root()],
            "challenges": { "http": { "disabled": true } },
        }],
    });
    if renews_at_once {
        policy["renewal_window_ratio"] = json!(1);
    }
    let answer = json!({ "handler": "static_response", "body": "whoever is behind it" });
    json!({
        "admin": { "disabled": true },
        "storage": { "module": "file_system", "root": folder.join("storage") },
        "apps": {
            "http": {
                // Nobody listens there: that port is of the city's web server.
                "http_port": 1,
                "https_port": port,
                "servers": { "own": {
                    "listen": [format!(":{port}")],
                    "automatic_https": { "disable_redirects": true },
                    "routes": [{ "match": [{ "host": [NAME] }], "handle": [answer] }],
                } },
            },
            "tls": { "automation": { "renew_interval": "2s", "policies": [policy] } },
        },
    })
}

fn start(site: &Site, folder: &Path, renews_at_once: bool) -> Running {
    let file = folder.join("caddy.json");
    std::fs::write(&file, config(site, folder, renews_at_once).to_string()).unwrap();
    let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let child = Command::new("caddy")
        .args(["run", "--config"])
        .arg(&file)
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .env("XDG_DATA_HOME", folder.join("data"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("caddy; next: make test-tools");
    Running::new(child)
}

/// The serial number of the certificate that it serves with, once that leads to the root.
fn served(site: &Site) -> Option<String> {
    let place = format!("127.0.0.1:{}", site.port("tlsalpn01_port"));
    let shown = Command::new("openssl")
        .args(["s_client", "-connect", &place, "-servername", NAME, "-verify_return_error"])
        .args(["-verify_hostname", NAME, "-CAfile", &site.root()])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let blocks = pki::pem::read(&shown.stdout, pki::pem::Kind::Certificate).ok()?;
    let leaf = pki::Certificate::read(blocks.first()?).ok()?;
    shown.status.success().then(|| leaf.serial().to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caddy_serves_with_what_it_got_and_renews() {
    let site = Site::open().await;
    let folder = tempfile::tempdir().unwrap();
    let caddy = start(&site, folder.path(), false);
    until("it serves", async || served(&site).is_some()).await;
    let first = served(&site).unwrap();
    let port = site.port("tlsalpn01_port");
    let url = format!("https://{NAME}:{port}/");
    let there = format!("{NAME}:{port}:127.0.0.1");
    let told = curl(&site.root(), &["--resolve", &there, &url], b"");
    assert_eq!((told.status, told.body.as_str()), (200, "whoever is behind it"));
    drop(caddy);
    // What it has serves again, until it finds it due.
    let _caddy = start(&site, folder.path(), true);
    until("it renewed", async || served(&site).is_some_and(|serial| serial != first)).await;
}
