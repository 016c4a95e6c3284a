//! Each program that operators and auditors type speaks the language of whoever reads it: what it
//! does and what it refuses, in Chinese without a sentence of English, and the other way round.
//! Ids, paths, commands and the operating system's own words are nobody's.

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
fn speaks(office: &Office, program: &str, words: &[&str]) {
    let said = |language: &str| {
        let mut command = Command::new(binary(program));
        command.args(words).current_dir(office.folder()).env("LANG", language);
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
