//! Programs that people use as clients, as they are: what they send is theirs.

use crate::people::Officer;
use crate::processes::Office;
use crate::workspace;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What a client program needs to show a person's certificate to a gate.
pub struct ClientFiles {
    /// Root, PEM.
    pub root: String,
    /// Chain, PEM.
    pub chain: String,
    /// Key in clear, PEM.
    pub key: String,
    /// Chain and key, PKCS#12, passphrase `secret`.
    pub p12: String,
    folder: tempfile::TempDir,
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

impl ClientFiles {
    /// Writes a person's files.
    pub fn of(office: &Office, person: &Officer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let root = person
            .chain
            .iter()
            .find(|certificate| office.trust.root_sha256.digest() == Some(certificate.sha256()));
        let root = pem("CERTIFICATE", root.expect("a chain up to the root").der());
        std::fs::write(path("root.pem"), root).unwrap();
        let chain = person.chain.iter().map(|one| pem("CERTIFICATE", one.der()));
        std::fs::write(path("chain.pem"), chain.collect::<String>()).unwrap();
        std::fs::write(path("key.pem"), pem("PRIVATE KEY", person.signer.pkcs8())).unwrap();
        let p12 = Command::new("openssl")
            .args(["pkcs12", "-export", "-passout", "pass:secret", "-in", &path("chain.pem")])
            .args(["-inkey", &path("key.pem"), "-out", &path("all.p12")])
            .output()
            .expect("openssl");
        assert!(p12.status.success(), "{}", String::from_utf8_lossy(&p12.stderr));
        Self {
            root: path("root.pem"),
            chain: path("chain.pem"),
            key: path("key.pem"),
            p12: path("all.p12"),
            folder,
        }
    }

    /// Runs `curl` with the person's certificate; gives all it printed.
    pub async fn curl(&self, words: &[&str]) -> String {
        let own = ["-sS", "--max-time", "20", "--cacert", &self.root, "--cert", &self.chain];
        self.run("curl", &[&own, ["--key", &self.key].as_slice(), words].concat(), "").await
    }

    /// Runs `gnutls-cli`, which says that it sends no more once its input ends.
    pub async fn gnutls(&self, port: u16, input: &str) -> String {
        let port = port.to_string();
        self.run("gnutls-cli", &self.gnutls_words(&port), input).await
    }

    /// What `gnutls-cli` needs to show the person's certificate.
    pub fn gnutls_words<'a>(&'a self, port: &'a str) -> Vec<&'a str> {
        let own = ["--x509cafile", &self.root, "--x509certfile", &self.chain];
        [&own[..], &["--x509keyfile", &self.key, "-p", port, "localhost"]].concat()
    }

    /// Runs one of the Java programs in `tests/clients`.
    pub async fn java(&self, name: &str, words: &[&str]) -> String {
        let (is_well, said) = self.java_with(&[], name, words).await;
        assert!(is_well, "{name} {words:?}: {said}");
        said
    }

    /// The same with options of the virtual machine: whether it ended well, and what it printed.
    pub async fn java_with(&self, options: &[&str], name: &str, words: &[&str]) -> (bool, String) {
        let source = program(&format!("{name}.java"));
        let own = [source.as_str(), &self.p12, &self.root];
        self.tried("java", &[options, own.as_slice(), words].concat(), "").await
    }

    /// Runs one of the Node programs in `tests/clients`.
    pub async fn node(&self, name: &str, words: &[&str]) -> String {
        let source = program(&format!("{name}.mjs"));
        let own = [source.as_str(), &self.root, &self.chain, &self.key];
        self.run("node", &[own.as_slice(), words].concat(), "").await
    }

    /// Runs one of the Python programs in `tests/clients`.
    pub async fn python(&self, name: &str, words: &[&str]) -> String {
        let source = program(&format!("{name}.py"));
        let own = [source.as_str(), &self.root, &self.chain, &self.key];
        self.run("python3", &[own.as_slice(), words].concat(), "").await
    }

    /// Runs `openssl s_client` with the person's certificate and these words besides; what it says
    /// and whether it ended well.
    pub async fn s_client(&self, port: u16, words: &[&str], input: &str) -> (bool, String) {
        let to = format!("localhost:{port}");
        let own = ["s_client", "-connect", &to, "-servername", "localhost"];
        let more = ["-CAfile", &self.root, "-cert", &self.chain, "-key", &self.key];
        let more = [more.as_slice(), &["-cert_chain", &self.chain], words].concat();
        self.tried("openssl", &[own.as_slice(), &more].concat(), input).await
    }

    async fn run(&self, program: &str, words: &[&str], input: &str) -> String {
        let (is_well, said) = self.tried(program, words, input).await;
        assert!(is_well, "{program} {words:?}: {said}");
        said
    }

    /// Runs a program: whether it ended well, and all it printed.
    pub async fn tried(&self, program: &str, words: &[&str], input: &str) -> (bool, String) {
        let mut command = Command::new(program);
        command.args(words).current_dir(self.folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (input, name) = (input.to_owned(), program.to_owned());
        let run = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
            // One whose handshake failed reads nothing more.
            let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
            child.wait_with_output().unwrap()
        });
        let output = run.await.unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        let said = if output.status.success() {
            "".into()
        } else {
            String::from_utf8_lossy(&output.stderr)
        };
        (output.status.success(), format!("{printed}{said}"))
    }
}

fn program(name: &str) -> String {
    let path: PathBuf = workspace().join("tests/clients").join(name);
    path.display().to_string()
}
