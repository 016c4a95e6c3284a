//! The recipes of `docs/mtls.md`, run as they stand there: only `/etc/yinxin` and the port are this
//! test's. A certificate of the city comes in; a revoked, an expired and a foreign one does not,
//! nor does nobody's. What a recipe cannot do, the document says, and it does not do it.

mod servers;

use keys::SoftwareSigner;
use pki::certificate::{CertificateContent, TbsCertificate, pem};
use pki::{Certificate, SerialNumber, Signer};
use servers::{SERVERS, Server};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tests::processes::until;
use tests::{Office, Officer, binary, now, random, workspace};

/// Where a recipe has its files.
const FOLDER: &str = "/etc/yinxin";
/// The port of a recipe.
const PORT: &str = "8443";
/// A recipe is no longer than this, in lines.
const LINES_MAX: usize = 15;

/// The first block of a language in the document.
fn recipe(language: &str) -> String {
    let text = std::fs::read_to_string(workspace().join("docs/mtls.md")).unwrap();
    let begins = format!("\n```{language}\n");
    let (_, rest) = text.split_once(&begins).unwrap_or_else(|| panic!("no recipe of {language}"));
    rest.split_once("\n```").unwrap().0.to_owned() + "\n"
}

#[test]
fn every_recipe_is_short() {
    let all = SERVERS.iter().map(|server| server.language).chain(["java", "csharp"]);
    for language in all {
        let lines = recipe(language).lines().count();
        assert!((1..=LINES_MAX).contains(&lines), "{language}: {lines} lines");
    }
}

/// What servers and clients have, in a folder that every user of the machine reads: some servers
/// run as another one.
struct Stage {
    office: Office,
    folder: tempfile::TempDir,
}

impl Stage {
    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Somebody's certificate with its chain, and the key.
    fn keep(&self, name: &str, chain: &[Certificate], signer: &SoftwareSigner) {
        let text: String = chain.iter().map(Certificate::pem).collect();
        std::fs::write(self.at(&format!("{name}.pem")), text).unwrap();
        let key = pem("PRIVATE KEY", signer.pkcs8());
        std::fs::write(self.at(&format!("{name}.key")), key).unwrap();
    }

    /// Runs `yinxin trust export` into the folder, with words of one's own besides.
    fn export(&self, from: &str) -> Output {
        let mut command = Command::new(binary("yinxin"));
        command.args(["trust", "export", "--profile", "official", "--from", from, "--out"]);
        command.arg(self.folder.path()).arg("--trust").arg(self.office.path("ca/trust.json"));
        command.env("LANG", "C").output().unwrap()
    }

    /// Where lists are published.
    fn published(&self) -> String {
        let list = self.office.city["ca"]["crl_url"].as_str().unwrap();
        list.split("/crl/").next().unwrap().to_owned()
    }

    /// Whether a server lets somebody in, or nobody with a certificate.
    fn enters(&self, port: u16, name: Option<&str>) -> bool {
        let mut command = Command::new("curl");
        command.args(["-sS", "-k", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}"]);
        if let Some(name) = name {
            command.arg("--cert").arg(self.at(&format!("{name}.pem")));
            command.arg("--key").arg(self.at(&format!("{name}.key")));
        }
        let done = command.arg(format!("https://localhost:{port}/index.html")).output();
        let done = done.expect("curl");
        done.status.success() && done.stdout == b"200"
    }
}

/// A city with somebody whose certificate counts, and others whose does not; its files exported.
async fn stage() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let stage = Stage { office: Office::open().await, folder };
    let office = &stage.office;
    let (official, collected) = office.official("李丹", "sz-office").await;
    let good = office.officer(official, &collected);
    let (official, collected) = office.official("王强", "sz-office").await;
    for serial in office.report_lost(&official).await {
        office.listed(&serial).await;
    }
    let revoked = office.officer(official, &collected);
    let foreign = office.foreign();
    stage.keep("good", &good.chain, &good.signer);
    stage.keep("revoked", &revoked.chain, &revoked.signer);
    stage.keep("foreign", &foreign.chain, &foreign.signer);
    let (chain, signer) = expired(office, &good);
    stage.keep("expired", &chain, &signer);
    server_certificate(&stage);
    let from = stage.published();
    until("the bundle is exported", async || stage.export(&from).status.success()).await;
    // Whoever knows the portal alone finds it there.
    let told = stage.export(&stage.office.trust.portal_public);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    std::fs::write(stage.at("index.html"), "allowed").unwrap();
    stage
}

/// What the issuing key signed for somebody, and ended an hour ago.
fn expired(office: &Office, like: &Officer) -> (Vec<Certificate>, SoftwareSigner) {
    let folder = office.path("ca/issuer");
    let passphrase = keys::passphrase_from_file(&folder.join("unlock")).unwrap();
    let issuing = keys::open(&folder.join("issuing.key"), &passphrase).unwrap();
    let signer = SoftwareSigner::generate_p256().unwrap();
    let leaf = &like.chain[0];
    let content = CertificateContent {
        serial: &SerialNumber::from_random(random()),
        signature: &issuing.public_key().algorithm().signature_identifier().unwrap(),
        issuer: leaf.issuer(),
        not_before: now() - 7_200,
        not_after: now() - 3_600,
        subject: leaf.subject(),
        key: signer.public_key().spki(),
        extensions: leaf.extensions().to_vec(),
    };
    let mut chain = like.chain.clone();
    chain[0] = TbsCertificate::build(content).unwrap().sign(&issuing).unwrap();
    (chain, signer)
}

/// The server's own, of which nothing depends here.
fn server_certificate(stage: &Stage) {
    let words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    let mut command = Command::new("openssl");
    command.args(words).args(names).arg("-keyout").arg(stage.at("server.key"));
    let done = command.arg("-out").arg(stage.at("server.pem")).output().expect("openssl");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let both = ["server.pem", "server.key"].map(|name| std::fs::read(stage.at(name)).unwrap());
    std::fs::write(stage.at("server.both.pem"), both.concat()).unwrap();
}

/// A recipe with the test's folder and port.
fn placed(text: &str, folder: &Path, port: u16) -> String {
    text.replace(FOLDER, &folder.display().to_string()).replace(PORT, &port.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipes_refuse_what_does_not_count() {
    let stage = stage().await;
    for (server, offset) in SERVERS.iter().zip([12, 13, 14, 23].into_iter().cycle()) {
        judged(&stage, server, stage.office.port(offset)).await;
    }
}

async fn judged(stage: &Stage, server: &Server, port: u16) {
    let language = server.language;
    let text = placed(&recipe(language), stage.folder.path(), port);
    let _running = (server.start)(stage.folder.path(), (&text, port));
    until(&format!("{language} lets in whose certificate counts"), async || {
        stage.enters(port, Some("good"))
    })
    .await;
    for name in ["expired", "foreign"] {
        assert!(!stage.enters(port, Some(name)), "{language}: {name}");
    }
    assert!(!stage.enters(port, None), "{language}: without a certificate");
    assert_eq!(stage.enters(port, Some("revoked")), !server.knows_lists, "{language}: revoked");
    assert!(stage.enters(port, Some("good")), "{language} lives");
}

/// What is exported was signed by this city, and never goes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_exported_does_not_go_back() {
    let stage = stage().await;
    let from = stage.published();
    let read = |name: &str| std::fs::read(stage.at(name)).unwrap();
    let kept = ["trust-bundle.json", "ca.pem", "crl.pem", "issuing-1.crl"].map(read);
    assert!(stage.export(&from).status.success(), "again, as it is");
    // A list of before is put where lists are published: what is here stays.
    let list = stage.office.path("ca/public/crl/issuing-1/0.crl");
    let first = std::fs::read(stage.office.path("ca/public/crl/issuing-1/0/1.crl")).unwrap();
    std::fs::write(&list, first).unwrap();
    let done = stage.export(&from);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!done.status.success() && said.contains("older than"), "{said}");
    // So does a bundle that somebody changed.
    let bundle = stage.at("changed.json");
    let mut signed: serde_json::Value = serde_json::from_slice(&kept[0]).unwrap();
    signed["signature"] = signed["bundle"].clone();
    std::fs::write(&bundle, signed.to_string()).unwrap();
    let done = stage.export(&bundle.display().to_string());
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!done.status.success() && said.contains("not trusted"), "{said}");
    let now = ["trust-bundle.json", "ca.pem", "crl.pem", "issuing-1.crl"].map(read);
    assert!(now == kept, "a refused export wrote something");
}
