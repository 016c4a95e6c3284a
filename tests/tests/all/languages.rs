//! Each program that people type speaks the language of whoever reads it: what it does and what it
//! refuses, in Chinese without a sentence of English, and the other way round. Ids, paths, commands
//! and the operating system's own words are nobody's; those who read Chinese are told of them too.

use std::process::Command;
use tests::{Office, binary};

const PROGRAMS: [&str; 4] = ["ca-server", "ra-portal", "agent", "yinxin-verify"];

fn is_chinese(character: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&character)
}

/// What of a line is ours: not what stands quoted, nor what the operating system said.
fn own(line: &str) -> String {
    let mut own = String::new();
    for (place, part) in line.split(['「', '」']).enumerate() {
        if place % 2 == 0 {
            own.push_str(part);
        }
    }
    let parts = own.split(['：', '；']).flat_map(|part| part.split(": "));
    let ours = parts.filter(|part| !part.contains("(os error "));
    ours.collect::<Vec<_>>().join("：")
}

/// A sentence of English: more words beside each other than a command has.
fn english(line: &str) -> Option<String> {
    let is_word = |word: &&str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase());
    let own = own(line);
    let words: Vec<&str> = own.split([' ', '：']).collect();
    let found = words.windows(4).find(|words| words.iter().all(is_word));
    found.map(|words| words.join(" "))
}

/// One command, in both languages: what it says is in each of them alone.
fn speaks(office: &Office, program: &str, words: &[&str]) -> (String, String) {
    let said = |language: &str| {
        let mut command = Command::new(binary(program));
        command.args(words).current_dir(office.folder()).env("LANG", language);
        command.env("XDG_CONFIG_HOME", office.path("nobody"));
        for name in ["LC_ALL", "LC_MESSAGES", "YINXIN_LANG", "YINXIN_CA", "YINXIN_AGENT"] {
            command.env_remove(name);
        }
        let done = command.output().unwrap();
        let text = [done.stdout, done.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(!text.trim().is_empty(), "{program} {words:?} says nothing");
        // Names of people and units are in one language; in the sample city it is Chinese.
        text.replace("商洛市", "Shangluo")
    };
    let (zh, en) = (said("zh_CN.UTF-8"), said("en_US.UTF-8"));
    let is_of_system = |text: &str| text.contains("(os error ");
    assert!(zh.contains(is_chinese) || is_of_system(&zh), "{program} {words:?}: {zh}");
    let foreign = zh.lines().find_map(english);
    assert_eq!(foreign, None, "{program} {words:?}: {zh}");
    let foreign: String = en.chars().filter(|c| is_chinese(*c)).collect();
    assert_eq!(foreign, "", "{program} {words:?}: {en}");
    (zh, en)
}

/// What of a refusal is for the hand, each language has: the file that it is about, and the command
/// that converts one.
fn tells_alike(words: &[&str], (zh, en): &(String, String)) {
    let files = words.iter().filter(|word| word.contains('.') && en.contains(**word));
    let files: Vec<&&str> = files.collect();
    assert!(!files.is_empty() || words.contains(&"dsa"), "{words:?}: {en}");
    assert!(files.iter().all(|file| zh.contains(**file)), "{words:?}: {zh} {en}");
    let quoted = |text: &str| -> Vec<String> {
        text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    assert_eq!(quoted(zh), quoted(en), "{words:?}");
}

/// Files that are none of what a command needs.
fn write_files(office: &Office) {
    let write = |name: &str, text: &str| std::fs::write(office.path(name), text).unwrap();
    write("wrong.toml", "knwon = 1\n");
    write("wrong.json", "{}");
    write("notes.txt", "nothing of all that\n");
    let portal = std::fs::read_to_string(office.path("portal.toml")).unwrap();
    for (name, host) in [
        ("upper.toml", "Portal.localhost"),
        ("chinese.toml", "门户.cn"),
        ("port.toml", "portal.localhost:443"),
    ] {
        write(name, &portal.replacen("\"portal.localhost\"", &format!("\"{host}\""), 1));
    }
    write("trustless.toml", &portal.replace("ca/trust.json", "wrong.json"));
    let old = pki::certificate::pem("EC PRIVATE KEY", &[0x30, 0]);
    let armoured = pki::certificate::pem("PKCS12", &[0x30, 3, 2, 1, 3]);
    for (name, bytes) in [
        ("letter.json", b"{}".as_slice()),
        ("old.key", old.as_bytes()),
        ("armoured.pem", armoured.as_bytes()),
        ("store.jks", [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2].as_slice()),
        ("nss.p12", [0x30, 0x80, 2, 1, 3, 0x30, 0x80].as_slice()),
    ] {
        system::file::replace_private(&office.path(name), bytes).unwrap();
    }
    for words in [
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out p521.key",
        "req -new -subj /CN=a -key p521.key -out p521.csr",
        "x509 -req -in p521.csr -signkey p521.key -days 1 -out v1.pem",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key",
        "req -new -subj /CN=a -key rsa.key -sigopt rsa_padding_mode:pss -out pss.csr",
    ] {
        let mut openssl = Command::new("openssl");
        let done = openssl.args(words.split(' ')).current_dir(office.folder()).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "openssl {words}: {said}");
    }
}

const CA: [&[&str]; 13] = [
    &["--state", "nowhere", "status"],
    &["--state", "new", "init", "--from", "nowhere.toml"],
    &["--state", "new", "init", "--from", "wrong.toml"],
    &["--state", "ca", "init", "--from", "wrong.toml"],
    &["letter", "void", "not-a-reference"],
    &["letter", "print", "--out", "letters.html"],
    &["portal", "close", "nobody"],
    &["order", "import-approval", "wrong.json"],
    &["order", "show", "0000000000000000"],
    &["agent", "register", "gate-9", "--unit", "sz-office", "--application", "x", "--host", "X.cn"],
    &["serve", "issuer"],
    &["serve", "nobody"],
    &["status"],
];
const PORTAL: [&[&str]; 9] = [
    &["--config", "nowhere.toml", "serve", "public"],
    &["--config", "wrong.toml", "serve", "public"],
    &["--config", "upper.toml", "serve", "public"],
    &["--config", "chinese.toml", "serve", "staff"],
    &["--config", "port.toml", "serve", "staff"],
    &["--config", "trustless.toml", "serve", "public"],
    &["serve", "nobody"],
    &["renew", "public", "--request", "notes.txt", "--out", "new.pem"],
    &["renew", "public", "--request", "nowhere.csr", "--out", "new.pem"],
];
const AGENT: [&[&str]; 9] = [
    &["--state", "nowhere", "serve"],
    &["--state", "nowhere", "renew"],
    &["--state", "nowhere", "join", "nowhere.json", "--upstream", "127.0.0.1:1"],
    &["--state", "nowhere", "join", "wrong.json", "--upstream", "127.0.0.1:1"],
    &["--state", "nowhere", "policy", "explain", "--person", "X", "/"],
    &["--state", "gate", "policy", "explain", "--person", "X", "--at", "yesterday", "/"],
    &["--state", "gate", "policy", "explain", "--person", "X", "/a/../b"],
    &["--state", "gate", "policy", "explain", "--person", "0123456789ABCDEF", "/unknown"],
    &["--state", "gate", "serve"],
];
const VERIFY: [&[&str]; 5] = [
    &["nowhere.tar"],
    &["--trust", "nowhere.json", "notes.txt"],
    &["--trust", "wrong.json", "notes.txt"],
    &["notes.txt"],
    &["--completions", "bash", "notes.txt"],
];
const OWN: &str = "people/officer-1.pem";
const SECRET: &str = "people/officer-1.passphrase";
const PASS: &str = "--passphrase-file";
const KEY: &str = "people/officer-1.key";
const OTHER: &str = "people/officer-2.pem";
const OTHER_SECRET: &str = "people/officer-2.passphrase";
const YINXIN: [&[&str]; 17] = [
    &["cert", "show", "nowhere.pem"],
    &["cert", "show", "notes.txt"],
    &["cert", "show", "old.key"],
    &["cert", "show", "v1.pem"],
    &["cert", "show", "armoured.pem"],
    &["cert", "show", "store.jks"],
    &["cert", "show", "nss.p12"],
    &["whoami", "--cert", "v1.pem", "--key", "old.key", "--trust", "ca/trust.json"],
    &["whoami", "--cert", OWN, "--key", "old.key", "--trust", "wrong.json"],
    &["cert", "export", "--p12", "never.p12", "--cert", OWN, "--key", "old.key", PASS, SECRET],
    &["cert", "export", "--p12", "never.p12", "--cert", OWN, "--key", "store.jks", PASS, SECRET],
    &["cert", "export", "--p12", "never.p12", "--cert", OWN, "--key", "armoured.pem", PASS, SECRET],
    &["cert", "export", "--p12", "never.p12", "--key", "nss.p12", PASS, SECRET],
    &["cert", "export", "--p12", "never.p12", "--cert", OTHER, "--key", KEY, PASS, SECRET],
    &["cert", "export", "--p12", "never.p12", "--cert", OWN, "--key", KEY, PASS, OTHER_SECRET],
    &["request", "--key", "new.key", "--out", "new.csr", "--algorithm", "dsa"],
    &["enroll", "--letter", "letter.json"],
];

/// Requests that are ones, and not supported: what is the matter with them, as each program says.
fn tells_what_is_not_supported(office: &Office) {
    for (file, zh, en) in [
        ("p521.csr", "不支持这种密钥：曲线 P-521", "not supported: a key of curve P-521"),
        ("pss.csr", "不支持用 RSA-PSS 签名的请求", "not supported: a request signed with RSA-PSS"),
    ] {
        let renew = ["renew", "public", "--request", file, "--out", "new.pem"];
        let public = ["portal", "register", "p9", "--unit", "sz-office", "--public-host", "a.cn"];
        let staff = ["--public-request", file, "--staff-host", "b.cn", "--staff-request", file];
        let register = [&public[..], &staff].concat();
        for (program, words) in [("ra-portal", &renew[..]), ("ca-server", &register[..])] {
            let told = speaks(office, program, words);
            let named = (format!("{file}：{zh}"), format!("{file}: {en}"));
            assert!(told.0.contains(&named.0) && told.1.contains(&named.1), "{told:?}");
        }
    }
}

/// What machines are told on standard error is one document with both languages.
fn tells_machines(office: &Office) {
    for program in ["agent", "ca-server"] {
        let words = ["--state", "nowhere", "--json", "status"];
        let done = Command::new(binary(program)).args(words).current_dir(office.folder()).output();
        let done = done.unwrap();
        let told: serde_json::Value = serde_json::from_slice(&done.stderr).unwrap();
        assert!(!done.status.success() && told["code"] == "failed", "{program}: {told}");
        let (zh, en) = (told["zh"].as_str().unwrap(), told["en"].as_str().unwrap());
        assert!(zh.contains("nowhere") && en.contains("nowhere"), "{program}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_program_speaks_one_language() {
    let mut office = Office::open().await;
    let _gate = office.gate().await;
    write_files(&office);
    let commands = [&CA[..], &PORTAL, &AGENT, &VERIFY];
    for (program, commands) in PROGRAMS.iter().zip(commands) {
        for words in commands {
            speaks(&office, program, words);
        }
    }
    for words in YINXIN {
        tells_alike(words, &speaks(&office, "yinxin", words));
    }
    tells_what_is_not_supported(&office);
    tells_machines(&office);
}

#[test]
fn a_sentence_of_the_other_language_is_found() {
    for foreign in ["没有：this is no file at all", "✗ there is no unit here"] {
        assert!(english(foreign).is_some(), "{foreign}");
    }
    for ours in [
        "ca-server: nowhere 不是状态目录；下一步：ca-server init --help",
        "无法读取：No such file or directory (os error 2)",
        "agent: 加入文件：「expected value at line 1 column 1」",
        "用法: agent policy explain [OPTIONS] --person <PERSON> <PATH>",
    ] {
        assert_eq!(english(ours), None, "{ours}");
    }
}
