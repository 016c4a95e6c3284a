//! Programs that web servers get certificates with, as they come: each opens an account by its
//! binding, gets a certificate, gets another one, and has one revoked, where it can.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tests::machines::Site;
use tests::workspace;

/// Runs a program to its end, which must be a good one.
fn run(command: &mut Command) -> String {
    let output = tried(command);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    said
}

fn tried(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// A program of the tests' own Python.
fn python(name: &str) -> PathBuf {
    workspace().join(".tools/venv/bin").join(name)
}

fn openssl(words: &[&str]) -> String {
    run(Command::new("openssl").args(words))
}

/// What a chain says to a program of others: it leads to the root, and names this.
fn judge(site: &Site, certificate: &Path, name: &str) {
    let file = certificate.display().to_string();
    let issuing = site.office.path("ca/public/ca/issuing-1.pem").display().to_string();
    openssl(&["verify", "-CAfile", &site.root(), "-untrusted", &issuing, &file]);
    let shown = openssl(&["x509", "-in", &file, "-noout", "-ext", "subjectAltName"]);
    assert!(shown.contains(name), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certbot_gets_renews_and_revokes() {
    let site = Site::open().await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let certbot = |words: &[&str]| {
        let mut command = Command::new("certbot");
        command.env("REQUESTS_CA_BUNDLE", site.root());
        command.args(words).args(["--server", &site.directory(), "--non-interactive"]);
        command.args(["--config-dir", &at("config"), "--work-dir", &at("work")]);
        command.args(["--logs-dir", &at("logs")]);
        command
    };
    let hook = at("hook.sh");
    std::fs::write(
        &hook,
        format!(
            "#!/bin/sh\nmkdir -p {0}\nprintf %s \"$CERTBOT_VALIDATION\" > \"{0}/$CERTBOT_TOKEN\"\n",
            at("answers")
        ),
    )
    .unwrap();
    run(Command::new("chmod").args(["+x", &hook]));
    let answers = folder.path().join("answers");
    site.names.serve_folder("/.well-known/acme-challenge/", &answers);
    let eab = ["--eab-kid", &site.secret.kid, "--eab-hmac-key", &site.secret.hmac_text()]
        .map(str::to_owned);
    let eab: Vec<&str> = eab.iter().map(String::as_str).collect();
    let manual = ["--manual", "--preferred-challenges", "http", "--manual-auth-hook", &hook];
    let account = ["--agree-tos", "--register-unsafely-without-email"];
    let words = [&["certonly", "-d", "www.acme.test"][..], &manual, &account, &eab].concat();
    run(&mut certbot(&words));
    let live = folder.path().join("config/live/www.acme.test/cert.pem");
    judge(&site, &live, "DNS:www.acme.test");
    let first = std::fs::read(&live).unwrap();
    run(&mut certbot(&["renew", "--force-renewal", "--no-random-sleep-on-renew"]));
    assert_ne!(std::fs::read(&live).unwrap(), first);
    let file = live.display().to_string();
    run(&mut certbot(&["revoke", "--cert-path", &file, "--no-delete-after-revoke"]));
    let again = tried(&mut certbot(&["revoke", "--cert-path", &file, "--no-delete-after-revoke"]));
    assert!(!again.status.success(), "{again:?}");
    let foreign = [&["certonly", "-d", "www.foreign.test"][..], &manual, &account].concat();
    assert!(!tried(&mut certbot(&foreign)).status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lego_answers_in_a_handshake() {
    let site = Site::open().await;
    let folder = tempfile::tempdir().unwrap();
    let tls = format!(":{}", site.port("tlsalpn01_port"));
    let lego = |words: &[&str]| {
        let mut command = Command::new("lego");
        command.env("LEGO_CA_CERTIFICATES", site.root());
        command.args(["--server", &site.directory(), "--accept-tos"]);
        command.args(["--email", "ops@acme.test", "--path"]).arg(folder.path());
        command.args(["--eab", "--kid", &site.secret.kid, "--hmac", &site.secret.hmac_text()]);
        command.args(["--tls", "--tls.port", &tls, "--domains", "www.acme.test"]).args(words);
        command
    };
    run(&mut lego(&["run"]));
    let file = folder.path().join("certificates/www.acme.test.crt");
    judge(&site, &file, "DNS:www.acme.test");
    let first = std::fs::read(&file).unwrap();
    run(&mut lego(&["renew", "--days", "400", "--no-random-sleep"]));
    assert_ne!(std::fs::read(&file).unwrap(), first);
    run(&mut lego(&["revoke"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dehydrated_puts_a_file() {
    let site = Site::open().await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::create_dir(at("answers")).unwrap();
    site.names.serve_folder("/.well-known/acme-challenge/", &folder.path().join("answers"));
    let (kid, hmac) = (&site.secret.kid, site.secret.hmac_text());
    let config = format!(
        "CA=\"{}\"\nBASEDIR=\"{}\"\nWELLKNOWN=\"{}\"\nCURL_OPTS=\"--cacert {}\"\n\
         EAB_KID=\"{kid}\"\nEAB_HMAC_KEY=\"{hmac}\"\nKEY_ALGO=prime256v1\n",
        site.directory(),
        folder.path().display(),
        at("answers"),
        site.root(),
    );
    std::fs::write(at("config"), config).unwrap();
    let dehydrated = |words: &[&str]| {
        let mut command = Command::new("dehydrated");
        command.args(["--config", &at("config")]).args(words);
        command
    };
    run(&mut dehydrated(&["--register", "--accept-terms"]));
    run(&mut dehydrated(&["--cron", "--domain", "www.acme.test"]));
    let file = folder.path().join("certs/www.acme.test/cert.pem");
    judge(&site, &file, "DNS:www.acme.test");
    run(&mut dehydrated(&["--cron", "--force", "--domain", "www.acme.test"]));
    run(&mut dehydrated(&["--revoke", &file.display().to_string()]));
}

/// It speaks no external binding, and tells whoever runs it what is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acme_tiny_is_told_that_it_needs_a_binding() {
    let site = Site::open().await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::create_dir(at("answers")).unwrap();
    openssl(&["genrsa", "-out", &at("account.key"), "2048"]);
    openssl(&["genrsa", "-out", &at("site.key"), "2048"]);
    let subject =
        ["-new", "-key", &at("site.key"), "-subj", "/CN=www.acme.test"].map(str::to_owned);
    let mut words: Vec<&str> = vec!["req"];
    words.extend(subject.iter().map(String::as_str));
    let csr = at("site.csr");
    words.extend(["-addext", "subjectAltName=DNS:www.acme.test", "-out", &csr]);
    openssl(&words);
    let tiny = || {
        let mut command = Command::new(python("acme-tiny"));
        command.env("SSL_CERT_FILE", site.root());
        command.args(["--account-key", &at("account.key"), "--csr", &csr]);
        command.args(["--acme-dir", &at("answers"), "--directory-url", &site.directory()]);
        command.args(["--disable-check"]);
        command
    };
    let unbound = tried(&mut tiny());
    let said = String::from_utf8_lossy(&unbound.stderr).into_owned();
    assert!(!unbound.status.success() && said.contains("externalAccountRequired"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uacme_changes_its_key() {
    let site = Site::open().await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::create_dir(at("answers")).unwrap();
    site.names.serve_folder("/.well-known/acme-challenge/", &folder.path().join("answers"));
    let hook = at("hook.sh");
    let script = format!(
        "#!/bin/sh\n[ \"$2\" = http-01 ] || exit 1\n\
         [ \"$1\" = begin ] && printf %s \"$5\" > \"{}/$4\"\nexit 0\n",
        at("answers")
    );
    std::fs::write(&hook, script).unwrap();
    run(Command::new("chmod").args(["+x", &hook]));
    // It takes the system's roots and no other: within a mount of its own they are ours.
    let binding = format!("{}:{}", site.secret.kid, site.secret.hmac_text());
    let uacme = |words: &str| {
        let script = format!(
            "mount --bind {} /etc/ssl/certs/ca-certificates.crt && \
             exec uacme -v -c {} -a {} -h {hook} -e {binding} {words}",
            site.root(),
            folder.path().display(),
            site.directory(),
        );
        let mut command = Command::new("unshare");
        // Whoever is not root is root of a user namespace of their own.
        let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        command.args(if is_root { &[][..] } else { &["--user", "--map-root-user"] });
        command.args(["--mount", "sh", "-c", &script]);
        command
    };
    run(&mut uacme("-y new ops@acme.test"));
    run(&mut uacme("issue www.acme.test"));
    let file = folder.path().join("www.acme.test/cert.pem");
    judge(&site, &file, "DNS:www.acme.test");
    run(&mut uacme("newkey"));
    run(&mut uacme("-f issue www.acme.test"));
    run(&mut uacme(&format!("revoke {}", file.display())));
    run(&mut uacme("deactivate"));
}
