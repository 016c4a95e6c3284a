//! Keys in PKCS#12: what OpenSSL, keytool, GnuTLS, Python's cryptography, the portal's pages and
//! `yinxin` itself write opens commands and desks; what is wrong with a file is said as it is, and
//! costs little. NSS writes BER, which is refused with the command that makes another file of it.

use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::clients::ClientFiles;
use tests::desk::Desk;
use tests::{Office, binary, workspace};

const SECRET: &str = "secret-of-twelve";

/// A folder with one officer's PKCS#12 files.
struct Files<'a> {
    office: &'a Office,
    own: ClientFiles,
    folder: tempfile::TempDir,
}

impl<'a> Files<'a> {
    fn of(office: &'a Office, person: &str) -> Self {
        let own = ClientFiles::of(office, &office.first(person));
        let files = Self { office, own, folder: tempfile::tempdir().unwrap() };
        files.private("passphrase", format!("{SECRET}\n").as_bytes());
        files
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn private(&self, name: &str, bytes: &[u8]) {
        system::file::replace_private(Path::new(&self.at(name)), bytes).unwrap();
    }

    /// Runs a program of others, and makes what it wrote its owner's alone.
    fn made(&self, name: &str, program: &str, words: &[&str]) -> String {
        let done = Command::new(program).args(words).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{program} {words:?}: {said}");
        let path = self.at(name);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        path
    }

    fn by_openssl(&self, name: &str, more: &[&str]) -> String {
        let (out, pass) = (self.at(name), format!("pass:{SECRET}"));
        let words = ["pkcs12", "-export", "-in", &self.own.chain, "-inkey", &self.own.key];
        let rest = ["-passout", &pass, "-out", &out];
        self.made(name, "openssl", &[&words[..], &rest, more].concat())
    }

    fn by_keytool(&self, name: &str) -> String {
        let (from, out) = (self.by_openssl("for-keytool.p12", &[]), self.at(name));
        let words = ["-importkeystore", "-srckeystore", &from, "-srcstoretype", "PKCS12"];
        let rest = ["-destkeystore", &out, "-deststoretype", "PKCS12", "-noprompt"];
        let secrets = ["-srcstorepass", SECRET, "-deststorepass", SECRET];
        self.made(name, "keytool", &[&words[..], &rest, &secrets].concat())
    }

    /// A certificate of version 1, as old roots are, for a key of this officer's.
    fn of_version_1(&self) -> String {
        let (request, out) = (self.at("v1.csr"), self.at("v1.pem"));
        let words = ["req", "-new", "-key", &self.own.key, "-subj", "/CN=old", "-out", &request];
        self.made("v1.csr", "openssl", &words);
        let words = ["x509", "-req", "-in", &request, "-signkey", &self.own.key, "-out", &out];
        self.made("v1.pem", "openssl", &words)
    }

    /// A file of keytool's that holds such a root beside the key.
    fn by_keytool_with(&self, name: &str, root: &str) -> String {
        let out = self.by_keytool(name);
        let words = ["-importcert", "-noprompt", "-alias", "old", "-file", root];
        let rest = ["-keystore", &out, "-storetype", "PKCS12", "-storepass", SECRET];
        self.made(name, "keytool", &[&words[..], &rest].concat())
    }

    fn by_page(&self, name: &str) -> String {
        let script = workspace().join("tests/clients/page_pkcs12.mjs").display().to_string();
        let out = self.at(name);
        self.made(name, "node", &[&script, &self.own.key, &self.own.chain, SECRET, &out])
    }

    fn by_certtool(&self, name: &str) -> String {
        let out = self.at(name);
        let own = ["--load-privkey", &self.own.key, "--load-certificate", &self.own.chain];
        let rest = ["--p12-name", "wang", "--password", SECRET, "--outder", "--outfile", &out];
        self.made(name, "certtool", &[&["--to-p12"], &own[..], &rest].concat())
    }

    fn by_python(&self, name: &str) -> String {
        let python = workspace().join(".tools/venv/bin/python3").display().to_string();
        let script = workspace().join("tests/clients/bundle.py").display().to_string();
        let out = self.at(name);
        self.made(name, &python, &[&script, &self.own.key, &self.own.chain, SECRET, &out])
    }

    fn by_nss(&self, name: &str) -> String {
        let (from, out) = (self.by_openssl("for-nss.p12", &["-name", "wang"]), self.at(name));
        let (folder, secret) = (self.at("nss"), self.at("passphrase"));
        std::fs::create_dir(&folder).unwrap();
        let store = format!("sql:{folder}");
        let opened = ["-d", &store, "-k", &secret, "-w", &secret];
        self.made("for-nss.p12", "certutil", &["-N", "-d", &store, "-f", &secret]);
        self.made("for-nss.p12", "pk12util", &[&["-i", &from], &opened[..]].concat());
        self.made(name, "pk12util", &[&["-o", &out, "-n", "wang"], &opened[..]].concat())
    }

    fn by_yinxin(&self, name: &str, person: &str) -> String {
        let at = |end: &str| self.office.path(&format!("people/{person}.{end}"));
        let (cert, key) = (at("pem").display().to_string(), at("key").display().to_string());
        let own = at("passphrase").display().to_string();
        let (out, secret) = (self.at(name), self.at("passphrase"));
        let words = ["cert", "export", "--p12", &out, "--password-file", &secret];
        let rest = ["--cert", &cert, "--key", &key, "--passphrase-file", &own];
        let program = binary("yinxin").display().to_string();
        self.made(name, &program, &[&words[..], &rest].concat())
    }

    /// `yinxin` with a configuration of its own in this folder.
    fn yinxin(&self, words: &[&str]) -> (Option<i32>, Value, String) {
        let mut command = Command::new(binary("yinxin"));
        command.arg("--json").args(words).env("XDG_CONFIG_HOME", self.folder.path());
        let done = command.env("LANG", "C").output().unwrap();
        let told = String::from_utf8_lossy(&done.stdout).into_owned();
        let value = told.lines().next_back().and_then(|line| serde_json::from_str(line).ok());
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        (done.status.code(), value.unwrap_or_default(), said)
    }

    fn whoami(&self, p12: &str) -> (Option<i32>, Value, String) {
        let (passphrase, trust) = (self.at("passphrase"), self.trust());
        self.yinxin(&["whoami", "--key", p12, "--passphrase-file", &passphrase, "--trust", &trust])
    }

    fn trust(&self) -> String {
        self.office.path("ca/trust.json").display().to_string()
    }
}

/// Each program's file says who its holder is; two officers approve with theirs, one at a desk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_pkcs12_is_one() {
    let office = Office::open().await;
    let (one, two) = (Files::of(&office, "officer-1"), Files::of(&office, "officer-2"));
    let person = office.first("officer-1").person;
    let all = [
        one.by_openssl("openssl.p12", &[]),
        one.by_openssl("named.p12", &["-name", "王小明", "-caname", "根"]),
        one.by_keytool("keytool.p12"),
        one.by_page("page.p12"),
        one.by_yinxin("yinxin.p12", "officer-1"),
        one.by_certtool("certtool.p12"),
        one.by_python("python.p12"),
        one.by_openssl("v1.p12", &["-certfile", &one.of_version_1()]),
        one.by_keytool_with("keytool-v1.p12", &one.of_version_1()),
    ];
    for p12 in &all {
        let (code, told, said) = one.whoami(p12);
        assert_eq!((code, told["person"].as_str()), (Some(0), Some(&*person)), "{p12}: {said}");
    }
    let applicant = office.register("王小明", "sz-office").await;
    let order = office.apply(&office.letter(&applicant, "official")).await;
    let (passphrase, trust) = (one.at("passphrase"), one.trust());
    let keytool = &all[2];
    let own = ["--key", keytool, "--passphrase-file", &passphrase, "--trust", &trust];
    let (code, told, said) = one.yinxin(&[&["context", "add", "officer"], &own[..]].concat());
    assert_eq!((code, &told["in_use"]), (Some(0), &true.into()), "{said}");
    let kept = PathBuf::from(one.at("yinxin/officer.pem"));
    assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let (code, told, said) = one.yinxin(&["approve", &order, "--yes"]);
    assert_eq!((code, &told["approvals"]), (Some(0), &1.into()), "{said}");

    let page = two.by_page("page.p12");
    let mut command = Command::new(binary("yinxin"));
    command.args(["--json", "desk", "--key", &page, "--trust", &trust]);
    command.arg("--passphrase-file").arg(two.at("passphrase"));
    let mut desk = Desk::started(command, SECRET);
    desk.enter().await;
    let path = format!("/orders/{order}");
    let signed = desk.act(&path, &format!("{path}/approve"), &[]).await;
    assert_eq!(signed.status, 303, "{}", signed.text);
    office.carried_out(&order).await;
}

/// NSS puts the root before whom it leads to, and so does what OpenSSL takes out of its file: key
/// and certificates are found there, in a file that holds both.
#[tokio::test]
async fn the_own_certificate_is_found_behind_its_root() {
    let office = Office::open().await;
    let files = Files::of(&office, "officer-1");
    let (nss, out) = (files.by_nss("nss.p12"), files.at("nss.pem"));
    let (exit, _, said) = files.whoami(&nss);
    assert!(exit != Some(0) && said.contains("not supported: BER"), "{said}");
    let pass = format!("pass:{SECRET}");
    let words = ["pkcs12", "-in", &nss, "-passin", &pass, "-passout", &pass, "-out", &out];
    let both = files.made("nss.pem", "openssl", &words);
    let held = pki::pem::read(&std::fs::read(&both).unwrap(), pki::pem::Kind::Certificate);
    let first = pki::Certificate::read(&held.unwrap()[0]).unwrap();
    let own = office.first("officer-1");
    assert_ne!(first.sha256(), own.chain[0].sha256(), "NSS puts the own certificate first now");
    let (passphrase, trust, made) = (files.at("passphrase"), files.trust(), files.at("again.p12"));
    let key = ["--cert", &both, "--key", &both, "--passphrase-file", &passphrase];
    let (code, told, said) = files.yinxin(&[&["whoami", "--trust", &trust], &key[..]].concat());
    assert_eq!((code, told["person"].as_str()), (Some(0), Some(&*own.person)), "{said}");
    let export = ["cert", "export", "--p12", &made, "--password-file", &passphrase];
    let (code, _, said) = files.yinxin(&[&export[..], &key].concat());
    assert_eq!(code, Some(0), "{said}");
    let (code, told, said) = files.whoami(&made);
    assert_eq!((code, told["person"].as_str()), (Some(0), Some(&*own.person)), "{said}");
    // The key of somebody else has no certificate there.
    let stranger = Files::of(&office, "officer-2");
    let (other, made) = (stranger.by_openssl("other.p12", &[]), files.at("none.p12"));
    let key = ["--cert", &both, "--key", &other, "--passphrase-file", &passphrase];
    let (code, _, said) = files.yinxin(&[&["cert", "export", "--p12", &made], &key[..]].concat());
    assert!(code != Some(0) && said.contains("does not belong"), "{said}");
}

/// What does not open says why, under the code of its reason.
#[tokio::test]
async fn what_is_wrong_with_a_pkcs12_file_is_said() {
    let office = Office::open().await;
    let files = Files::of(&office, "officer-1");
    let good = files.by_openssl("good.p12", &[]);
    let refused = |p12: &str, code: &str, word: &str| {
        let (exit, told, said) = files.whoami(p12);
        assert!(exit != Some(0) && told["person"].is_null(), "{p12}: {told}");
        assert!(said.contains(code) && said.contains(word), "{p12}: {said}");
    };
    assert_eq!(files.whoami(&good).0, Some(0));
    for mode in [0o640, 0o604, 0o644] {
        std::fs::set_permissions(&good, PermissionsExt::from_mode(mode)).unwrap();
        refused(&good, "file-exposed", "chmod 600");
    }
    std::fs::set_permissions(&good, PermissionsExt::from_mode(0o600)).unwrap();
    let passphrase = files.at("passphrase");
    std::fs::set_permissions(&passphrase, PermissionsExt::from_mode(0o644)).unwrap();
    refused(&good, "file-exposed", "chmod 600");
    files.private("passphrase", b"another-of-twelve\n");
    refused(&good, "wrong-passphrase", "does not open");
    files.private("passphrase", format!("{SECRET}\n").as_bytes());

    let slow = files.by_openssl("slow.p12", &["-iter", "1000001"]);
    refused(&slow, "too-costly", "too much work");
    let triple = ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"];
    let triple = files.by_openssl("triple.p12", &triple);
    refused(&triple, "usage", "not supported: triple DES of PKCS#12");
    for (name, option, word) in [
        ("bare.p12", "-nomac", "without a MAC"),
        ("open.p12", "-nokeys", "0 keys"),
        ("lonely.p12", "-nocerts", "without its certificate"),
    ] {
        refused(&files.by_openssl(name, &[option]), "usage", word);
    }
    // The key's own certificate is none that is read, and nothing else stands beside it.
    let old = files.of_version_1();
    let (unread, pass) = (files.at("unread.p12"), format!("pass:{SECRET}"));
    let words = ["pkcs12", "-export", "-in", &old, "-inkey", &files.own.key, "-passout", &pass];
    files.made("unread.p12", "openssl", &[&words[..], &["-out", &unread]].concat());
    refused(&unread, "usage", "a certificate that is not read here");
    let whole = std::fs::read(&good).unwrap();
    files.private("cut.p12", &whole[..whole.len() - 1]);
    refused(&files.at("cut.p12"), "usage", "not a key file");
    let mut long = whole;
    long.resize(200_000, 0);
    files.private("long.p12", &long);
    refused(&files.at("long.p12"), "usage", "more than 131072 bytes");
    // Beside another's certificate it is nobody's.
    let cert = office.path("people/officer-2.pem").display().to_string();
    let (trust, secret) = (files.trust(), files.at("passphrase"));
    let own = ["--key", &good, "--passphrase-file", &secret, "--trust", &trust];
    let (exit, _, said) = files.yinxin(&[&["approve", "x", "--cert", &cert], &own[..]].concat());
    assert!(exit != Some(0) && said.contains("does not belong"), "{said}");
}
