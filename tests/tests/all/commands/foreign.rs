//! Commands of other programs that we print: in documents, on pages, in errors. Those that can be
//! are typed as they stand, in a folder with what they need; of every other one it is said here why
//! not. One that is printed and has no place here fails the test.

use super::printed::{FILLED, below, echoed, literals, shown};
use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use tests::{binary, workspace};

const PROGRAMS: [&str; 22] = [
    "apt-get",
    "cargo",
    "certutil",
    "chmod",
    "chown",
    "curl",
    "git",
    "journalctl",
    "keytool",
    "make",
    "node",
    "openssl",
    "python3",
    "rustup",
    "sha256sum",
    "shasum",
    "shred",
    "sudo",
    "systemctl",
    "tar",
    "timedatectl",
    "npm",
];

const LEGACY: &str =
    "openssl pkcs12 -legacy -in OLD -out PEM && openssl pkcs12 -export -in PEM -out NEW";
const ARMOURED: &str =
    "openssl asn1parse -strictpem -noout -in OLD -out DER && openssl pkcs12 -in DER -out NEW";
const JAVA: &str =
    "keytool -importkeystore -srckeystore OLD -destkeystore NEW -deststoretype PKCS12";
const OWN_KEY: &str = "openssl ecparam -name prime256v1 -genkey -noout -out own.key";

const AS_PEM: &str = "openssl x509 -inform DER -in root.cer -out root.pem";

/// Typed as they stand.
const TYPED: [&str; 16] = [
    "chmod 600 -- FILLED",
    "chown FILLED -- FILLED && chmod 600 -- FILLED",
    JAVA,
    "openssl asn1parse -strictpem -noout -in OLD -out NEW",
    ARMOURED,
    OWN_KEY,
    "openssl pkcs12 -in OLD -out NEW",
    LEGACY,
    "openssl pkcs7 -inform DER -print_certs -in OLD -out NEW",
    "openssl pkcs7 -print_certs -in OLD -out NEW",
    "openssl pkcs8 -topk8 -v2 aes256 -in OLD -out NEW",
    "openssl x509 -in OLD -out NEW",
    AS_PEM,
    "sha256sum root.cer",
    "shasum -a 256 root.cer",
    "shred -u FILLED",
];

const THE_RUN: &str = "it is the run that this test is a part of, or one like it";
const THE_CITY: &str = "it founds and runs a city until somebody stops it; stories do the same";
const CHANGES: &str = "it changes the machine";
const BY_EST: &str = "it goes on in a second line; stories of EST do the same";
const BY_CMP: &str = "it goes on in further lines; stories of CMP do the same";
const BY_TLS: &str = "it goes on in a second line, and stays; stories ask gates by it too";
const OF_WINDOWS: &str = "it is Windows' own; another program has its name here";
const LONG: &str = "it takes minutes to hours of a machine; its words are taken, which is tested";

/// Not typed, and why.
const NOT_TYPED: [(&str, &str); 51] = [
    ("FUZZ=20000 cargo test --workspace --test all fuzzed::", LONG),
    ("YINXIN_PICTURES=1 node tests/browser/page_screenshots.mjs", THE_RUN),
    ("YINXIN_TEST_DATABASE=postgres cargo test --workspace --test all journey::", THE_RUN),
    ("apt-get install --no-install-recommends FILLED", CHANGES),
    ("apt-get install golang-cfssl", CHANGES),
    ("apt-get install nginx-light", CHANGES),
    ("apt-get install openssl", CHANGES),
    ("apt-get install pebble", CHANGES),
    ("apt-get install testssl.sh", CHANGES),
    ("cargo +nightly fuzz run cmp", "it needs a nightly compiler, and goes on without an end"),
    ("cargo build --release --workspace --exclude tests", "it builds all anew, for minutes"),
    ("cargo build --workspace", THE_RUN),
    ("cargo fmt", THE_RUN),
    ("cargo test --workspace --lib -- NAME", THE_RUN),
    ("cargo test --workspace --lib decide::", THE_RUN),
    ("cargo test --workspace --test all replays::", THE_RUN),
    ("cargo test -p pki", THE_RUN),
    ("cargo xtask bench acme", LONG),
    ("cargo xtask bench batch", LONG),
    ("cargo xtask bench gate", LONG),
    ("cargo xtask bench issue", LONG),
    ("cargo xtask bench log", LONG),
    ("cargo xtask bench portal", LONG),
    ("cargo xtask bench rest", LONG),
    ("cargo xtask bench status", LONG),
    ("cargo xtask bench verify", LONG),
    ("cargo xtask crash", LONG),
    ("cargo xtask crash --gate --rounds 500", LONG),
    ("cargo xtask crash --rounds 500", LONG),
    ("cargo xtask mutate", LONG),
    ("cargo xtask testssl", LONG),
    ("certutil -addstore Root root.pem", OF_WINDOWS),
    ("certutil -hashfile root.cer SHA256", OF_WINDOWS),
    (
        "curl --cacert root.pem --cert own.pem --key own.key -H \
         'Content-Type: application/pkcs10' \\",
        BY_EST,
    ),
    ("curl --cacert root.pem -u KID:EST_PASSWORD -H 'Content-Type: application/pkcs10' \\", BY_EST),
    ("make build", THE_RUN),
    ("make check", THE_RUN),
    ("make demo", THE_CITY),
    ("make dist", "it builds a program anew, for minutes"),
    ("make run", THE_CITY),
    ("make test", THE_RUN),
    ("make test-tools", CHANGES),
    ("node --test tests/browser/*.test.mjs", THE_RUN),
    (
        "openssl cmp -cmd ir -server acme.example.gov.cn:443 -path .well-known/cmp -tls_used \\",
        BY_CMP,
    ),
    (
        "openssl cmp -cmd kur -server acme.example.gov.cn:443 -path .well-known/cmp -tls_used \\",
        BY_CMP,
    ),
    (
        "openssl cmp -cmd rr -server acme.example.gov.cn:443 -path .well-known/cmp -tls_used \\",
        BY_CMP,
    ),
    (
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key \
         -subj / \\",
        BY_EST,
    ),
    ("openssl s_client -quiet -connect gate.example:5432 -servername gate.example \\", BY_TLS),
    ("rustup toolchain install FILLED", CHANGES),
    ("rustup update", CHANGES),
    ("systemctl reload yinxin-agent", CHANGES),
];

/// What names a program and is no command: sentences, and what is said of a program.
const SENTENCES: [&str; 17] = [
    "cargo build --release failed",
    "cargo build failed",
    "cargo named no program of the stories",
    "chmod 600",
    "make a new key",
    "make of a denial",
    "make run again gives fresh letters",
    "make run goes on with the same city",
    "make the cell a text and type it again",
    "make the certificate file",
    "make the key and apply",
    "openssl ec",
    "openssl ocsp",
    "openssl req",
    "openssl verify FILLED",
    "shred it",
    "tar c .",
];

/// No printed command of another program is without a place, and no place without a command.
#[test]
fn each_command_of_others_has_its_place() {
    let found = everywhere();
    let placed: BTreeSet<&str> = TYPED.into_iter().chain(NOT_TYPED.map(|(text, _)| text)).collect();
    let sentences = BTreeSet::from(SENTENCES);
    let without: Vec<_> = found
        .iter()
        .filter(|(text, _)| !placed.contains(text.as_str()) && !sentences.contains(text.as_str()))
        .collect();
    assert!(without.is_empty(), "typed, or why not? {without:#?}");
    let texts: BTreeSet<&str> = found.iter().map(|(text, _)| text.as_str()).collect();
    let gone: Vec<_> = placed.union(&sentences).filter(|text| !texts.contains(**text)).collect();
    assert!(gone.is_empty(), "nobody prints these any more: {gone:?}");
}

/// Those that are typed do what their text says, in a folder whose name has a blank.
#[test]
fn commands_of_others_do_it_as_they_stand() {
    for text in TYPED {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("我的 文件");
        std::fs::create_dir(&home).unwrap();
        let home = Home(&home);
        match text {
            "chmod 600 -- FILLED" => home.opens_to_nobody(text),
            "chown FILLED -- FILLED && chmod 600 -- FILLED" => home.is_given_back(text),
            "shred -u FILLED" => home.shreds(text),
            OWN_KEY => home.makes_a_key(text),
            "sha256sum root.cer" | "shasum -a 256 root.cer" => home.names_the_root(text),
            AS_PEM => home.reads_the_root(text),
            converts => home.converts(converts),
        }
    }
}

/// What is not typed because it takes long is taken all the same: targets of `make` exist, and so
/// do verbs of `xtask`.
#[test]
fn what_is_not_typed_exists() {
    for (text, why) in NOT_TYPED {
        let words: Vec<&str> = text.split(' ').collect();
        let mut command = match words.as_slice() {
            ["make", target] => {
                let mut make = Command::new("make");
                make.args(["-n", target]);
                make
            }
            ["cargo", "xtask", rest @ ..] => {
                let mut xtask = Command::new(binary("xtask"));
                xtask.args(rest).arg("--help");
                xtask
            }
            _ => continue,
        };
        let done = command.current_dir(workspace()).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success() && why.len() > 15, "{text}: {said}");
    }
    let made = Command::new("make").args(["-n", "misspelt"]).current_dir(workspace()).output();
    assert!(!made.unwrap().status.success());
}

/// Somebody's folder.
struct Home<'a>(&'a Path);

const PASSPHRASE: &str = "a passphrase of some length";

impl Home<'_> {
    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.join(name)
    }

    /// Runs what it needs.
    fn made(&self, words: &str) {
        self.made_by("openssl", &words.split(' ').collect::<Vec<_>>());
    }

    fn made_by(&self, program: &str, words: &[&str]) {
        let done = Command::new(program).args(words).current_dir(self.0).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{program} {words:?}: {said}");
    }

    /// Types a line at a shell on a terminal; it must end well.
    fn types(&self, line: &str) -> String {
        let python = workspace().join(".tools/venv/bin/python3");
        assert!(python.exists(), "Python is missing; next: make test-tools");
        let mut command = Command::new(python);
        command.arg(workspace().join("tests/clients/terminal.py")).arg(PASSPHRASE);
        command.args(["/bin/sh", "-c", line]).current_dir(self.0).stdin(Stdio::null());
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "{line}: {said}");
        said
    }

    /// The line of an error about a file: it stands there with the file's name.
    fn opens_to_nobody(&self, text: &str) {
        let file = self.path("my.key");
        std::fs::write(&file, "x").unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
        let told = system::file::check_private(&file).unwrap_err();
        let next = system::file::ExposedFile::of(&told).unwrap().next();
        assert_eq!(next, text.replace(FILLED_HERE, &system::speech::quoted(&file)));
        self.types(&next);
        system::file::check_private(&file).unwrap();
    }

    /// To whom it belongs already, since nobody else gives files away.
    fn is_given_back(&self, text: &str) {
        let file = self.path("my.key");
        std::fs::write(&file, "x").unwrap();
        let owner = std::fs::metadata(&file).unwrap().uid();
        let line = text.replacen(FILLED_HERE, &owner.to_string(), 1);
        self.types(&line.replace(FILLED_HERE, &system::speech::quoted(&file)));
        assert_eq!(std::fs::metadata(&file).unwrap().uid(), owner);
        system::file::check_private(&file).unwrap();
    }

    /// As `doctor` fills it in: a quoted folder with what lies there behind it.
    fn shreds(&self, text: &str) {
        let letters = ["1.loss.html", "2.loss.json"].map(|name| self.path(name));
        letters.iter().for_each(|letter| std::fs::write(letter, "code").unwrap());
        std::fs::write(self.path("1.html"), "another").unwrap();
        let files = format!("{}/*.loss.*", system::speech::quoted(self.0));
        self.types(&text.replace(FILLED_HERE, &files));
        assert!(letters.iter().all(|letter| !letter.exists()));
        assert!(self.path("1.html").exists());
    }

    /// A key that a request can be signed with.
    fn makes_a_key(&self, text: &str) {
        self.types(text);
        self.made("req -new -key own.key -subj /CN=db.example.gov.cn -verify -noout");
    }

    /// The root, as the page of the portal gives it.
    fn takes_a_root(&self) {
        self.made("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out root.key");
        let words = "req -x509 -new -key root.key -subj /CN=Root -days 1 -outform DER";
        self.made(&format!("{words} -out root.cer"));
    }

    /// What it makes is what programs read.
    fn reads_the_root(&self, text: &str) {
        self.takes_a_root();
        self.types(text);
        assert!(is_certificate(&self.path("root.pem")), "{text}");
    }

    /// What it says is the fingerprint on the page.
    fn names_the_root(&self, text: &str) {
        self.takes_a_root();
        let root = pki::Certificate::read(&std::fs::read(self.path("root.cer")).unwrap()).unwrap();
        let said = self.types(text);
        let hex: String = root.sha256().iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(said.contains(&hex), "{text}: {said}");
    }

    /// What we do not read becomes what we read.
    fn converts(&self, text: &str) {
        self.made("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.key");
        self.made("req -x509 -new -key plain.key -subj /CN=Holder -days 1 -out own.pem");
        let (old, new) = (self.path("OLD"), self.path("NEW"));
        let is_read = self.lays_down(text);
        private(&old);
        assert!(!is_read(&old), "{text}: it is read as it is");
        self.types(text);
        private(&new);
        assert!(is_read(&new), "{text}: what it makes is not read");
    }

    /// What a command converts, and how what it makes of it is read.
    fn lays_down(&self, text: &str) -> fn(&Path) -> bool {
        match text {
            "openssl pkcs8 -topk8 -v2 aes256 -in OLD -out NEW" => {
                self.made("ec -in plain.key -out OLD");
                is_key
            }
            "openssl x509 -in OLD -out NEW" => {
                self.made("x509 -in own.pem -trustout -addtrust clientAuth -out OLD");
                is_certificate
            }
            "openssl pkcs7 -print_certs -in OLD -out NEW" => {
                self.made("crl2pkcs7 -nocrl -certfile own.pem -out OLD");
                is_certificate
            }
            "openssl pkcs7 -inform DER -print_certs -in OLD -out NEW" => {
                self.made("crl2pkcs7 -nocrl -certfile own.pem -outform DER -out OLD");
                is_certificate
            }
            "openssl pkcs12 -in OLD -out NEW" => {
                self.bundle("");
                assert!(is_bundle(&self.path("OLD")), "as a key it is read");
                is_certificate
            }
            LEGACY => {
                self.bundle(" -legacy");
                is_bundle
            }
            ARMOURED => {
                self.armours_a_bundle();
                is_certificate
            }
            "openssl asn1parse -strictpem -noout -in OLD -out NEW" => {
                self.armours_a_bundle();
                is_bundle
            }
            JAVA => {
                self.stores_a_bundle();
                is_bundle
            }
            other => panic!("what does it convert? {other}"),
        }
    }

    /// PKCS#12 as PEM, as GnuTLS writes it.
    fn armours_a_bundle(&self) {
        self.bundle("");
        let der = std::fs::read(self.path("OLD")).unwrap();
        std::fs::write(self.path("OLD"), pki::certificate::pem("PKCS12", &der)).unwrap();
    }

    /// A store of Java's own.
    fn stores_a_bundle(&self) {
        self.bundle("");
        std::fs::rename(self.path("OLD"), self.path("own.p12")).unwrap();
        let words = ["-importkeystore", "-srckeystore", "own.p12", "-srcstoretype", "PKCS12"];
        let rest = ["-destkeystore", "OLD", "-deststoretype", "JKS", "-noprompt"];
        let secrets = ["-srcstorepass", PASSPHRASE, "-deststorepass", PASSPHRASE];
        self.made_by("keytool", &[&words[..], &rest, &secrets].concat());
    }

    fn bundle(&self, legacy: &str) {
        std::fs::write(self.path("secret"), PASSPHRASE).unwrap();
        let words = "pkcs12 -export -in own.pem -inkey plain.key -passout file:secret -out OLD";
        self.made(&format!("{words}{legacy}"));
    }
}

fn is_key(path: &Path) -> bool {
    keys::open(path, PASSPHRASE).is_ok()
}

/// A key with its certificate.
fn is_bundle(path: &Path) -> bool {
    private(path);
    keys::open_bundle(path, PASSPHRASE).is_ok()
}

fn is_certificate(path: &Path) -> bool {
    pki::pem::read(&std::fs::read(path).unwrap(), pki::pem::Kind::Certificate)
        .is_ok_and(|found| found.len() == 1)
}

fn private(path: &Path) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

/// How a name that is filled in stands in this file.
const FILLED_HERE: &str = "FILLED";

/// All of them, with where they stand.
fn everywhere() -> Vec<(String, String)> {
    let found = [documents(), pages(), sources(), scripts()].concat();
    found.into_iter().map(|(text, place)| (text.replace(FILLED, FILLED_HERE), place)).collect()
}

/// Indented lines, and what stands in backticks.
fn documents() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let names = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md"];
    let mut paths: Vec<_> = names.iter().map(|name| workspace().join(name)).collect();
    paths.extend(below(&workspace().join("docs"), &["md"]));
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("    "));
        let lines = lines.filter_map(|line| line.trim().split("  ").next());
        let code = text.split('`').skip(1).step_by(2).filter(|code| !code.contains('\n'));
        let commands = lines.chain(code).map(str::trim).filter(|text| is_whole(text));
        found.extend(commands.map(|text| (text.to_owned(), shown(&path))));
    }
    found
}

/// What stands as code in sample pages, and in letters.
fn pages() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["tests/golden/pages", "tests/golden/desk", "tests/golden/letters"] {
        for path in below(&workspace().join(folder), &["html"]) {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("<code>").skip(1).filter_map(|rest| rest.split('<').next());
            let lines = code.flat_map(str::lines).filter(|line| is_whole(line));
            found.extend(lines.map(|line| (line.to_owned(), shown(&path))));
        }
    }
    found
}

/// Texts of programs and tools.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["crates", "ca-server", "ra-portal", "agent", "xtask"] {
        let paths = below(&workspace().join(folder), &["rs"]);
        let own = |path: &&std::path::PathBuf| {
            let path = shown(path);
            !path.contains("tests") && !path.contains("/examples/")
        };
        for path in paths.iter().filter(own) {
            let source = std::fs::read_to_string(path).unwrap();
            // What tests say to themselves is printed to nobody.
            let source = source.split("\n#[cfg(test)]\nmod tests").next().unwrap();
            for text in literals(source) {
                found.extend(in_text(&text).into_iter().map(|command| (command, shown(path))));
            }
        }
    }
    found
}

/// What scripts say to whoever runs them, with names filled in for what a shell does.
fn scripts() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for path in super::printed::scripts() {
        for text in echoed(&std::fs::read_to_string(&path).unwrap()) {
            found.extend(in_text(&text).into_iter().map(|command| (command, shown(&path))));
        }
    }
    found
}

/// Whether a text is a command: a program behind settings of its environment, and words behind it.
fn is_whole(text: &str) -> bool {
    let setting = |word: &&str| {
        word.split_once('=')
            .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    };
    let mut words = text.split(' ').skip_while(setting);
    words.next().is_some_and(|word| PROGRAMS.contains(&word)) && words.next().is_some()
}

/// Commands in a text for people, each up to the end of its sentence.
fn in_text(text: &str) -> Vec<String> {
    const ENDS: [char; 14] =
        ['（', '，', '。', '；', '、', '：', '“', '”', '`', '<', '>', ';', '"', ')'];
    let mut found = Vec::new();
    for line in text.lines() {
        let mut from = 0;
        while let Some((at, program)) = next_program(line, from) {
            let begins = &line[at..];
            let ends = ["  ", " / ", ", ", ". ", ": "].iter().filter_map(|end| begins.find(end));
            let chinese = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c) || ENDS.contains(&c);
            let end = ends.chain(begins.find(chinese)).min().unwrap_or(begins.len());
            let command = begins[..end].trim().trim_end_matches(['.', ',']);
            found.extend(is_whole(command).then(|| command.to_owned()));
            from = at + end.max(program.len());
        }
    }
    found
}

/// Where the next program is named as a word, with something behind it.
fn next_program(line: &str, from: usize) -> Option<(usize, &'static str)> {
    let places = PROGRAMS.iter().filter_map(|program| {
        let named = line[from..].match_indices(&format!("{program} ")).find(|(at, _)| {
            let before = line[..from + at].chars().next_back();
            before.is_none_or(|c| !c.is_ascii_alphanumeric() && !"-_./=".contains(c))
        });
        named.map(|(at, _)| (from + at, *program))
    });
    places.min_by_key(|(at, _)| *at)
}

#[test]
fn commands_are_found_in_what_is_said() {
    let found = in_text("a key; run this as its owner 7, or chown 0 /x && chmod 600 /x.");
    assert_eq!(found, ["chown 0 /x && chmod 600 /x"]);
    assert_eq!(in_text("当面交付后：shred -u A，然后"), ["shred -u A"]);
    assert_eq!(in_text("with `openssl x509 -in OLD -out NEW`"), ["openssl x509 -in OLD -out NEW"]);
    assert_eq!(in_text("remake it; chmod-like; tests/curl x"), [""; 0]);
    let script = "a || { echo \"next: rustup update\" >&2; }\necho \"/ next: make ${x[*]}\" \\\n";
    let said: Vec<String> = echoed(script).iter().flat_map(|text| in_text(text)).collect();
    assert_eq!(said, ["rustup update".to_owned(), format!("make {FILLED}")]);
    assert_eq!(echoed("apt-get install -y \"$x\"\n"), [""; 0], "what it runs is no text");
    assert!(is_whole("A_B=1 node x.mjs") && !is_whole("node") && !is_whole("a=1 node x"));
}
