//! Tidy: the rules of CONTRIBUTING.md that a machine can keep.

mod arrows;
mod circles;
mod dependencies;
mod files;
mod growth;
mod limits;
mod listeners;
mod machines;
mod migrations;
mod mistakes;
mod mutations;
mod names;
mod norm;
mod points;
mod retired;
mod sources;
mod tables;
mod targets;
mod terminals;
mod units;
mod vocabulary;
mod width;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::workspace;

const FILE_LINES_MAX: usize = 600;
const FILE_LINES_WARN: usize = 400;
const FILE_LINES_MEDIAN: usize = 150;

const PROGRAMS: [&str; 5] = ["ca-server", "ra-portal", "agent", "cli", "verify"];

/// Files and their median; functions are kept by clippy.
#[test]
fn files_are_small() {
    let mut sizes = Vec::new();
    for path in sources().into_iter().filter(|path| !is_test(path)) {
        let text = std::fs::read_to_string(&path).unwrap();
        let count = text.lines().count();
        assert!(count <= FILE_LINES_MAX, "{} has {count} lines", path.display());
        if count > FILE_LINES_WARN {
            println!("warning: {} has {count} lines; which noun does it hide?", path.display());
        }
        sizes.push(count);
    }
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    assert!(median <= FILE_LINES_MEDIAN, "the median file has {median} lines");
}

fn is_test(path: &Path) -> bool {
    path.starts_with(workspace().join("tests"))
}

/// Nothing is left for later without an issue, nothing silenced, no test skipped or asleep.
#[test]
fn nothing_is_left_for_later_or_silenced() {
    let words = ["TO".to_owned() + "DO", "FIX".to_owned() + "ME", "#[ig".to_owned() + "nore"];
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        for word in &words {
            assert!(!text.contains(word.as_str()), "{}: {word}", path.display());
        }
        let silenced = "#[all".to_owned() + "ow(";
        assert!(!text.contains(&silenced), "{}: use expect with a reason", path.display());
        let polls = path.ends_with("processes.rs") || path.ends_with("invariants.rs");
        if is_test(&path) && !polls {
            let sleeps = "sle".to_owned() + "ep(";
            assert!(!text.contains(&sleeps), "{}: wait for a thing", path.display());
        }
    }
    for module in ["lib.rs", "main.rs"] {
        for path in sources().into_iter().filter(|path| path.ends_with(module)) {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(
                text.starts_with("//!"),
                "{} says in its first line what it is",
                path.display()
            );
        }
    }
}

/// One version of each crate that touches keys, certificates or TLS.
#[test]
fn cryptography_comes_in_one_version() {
    let text = std::fs::read_to_string(workspace().join("Cargo.lock")).unwrap();
    let lock: toml::Table = toml::from_str(&text).unwrap();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let (name, version) =
            (package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
        versions.entry(name).or_default().push(version);
    }
    for name in [
        "aws-lc-rs",
        "aws-lc-sys",
        "der",
        "spki",
        "pkcs8",
        "pkcs5",
        "const-oid",
        "rustls",
        "rustls-webpki",
        "rustls-pki-types",
        "tokio-rustls",
        "x509-parser",
        "zeroize",
        "subtle",
        "hmac",
        "pbkdf2",
        "aes",
        "cbc",
    ] {
        let found = versions.get(name).map_or(0, Vec::len);
        assert!(found <= 1, "{name}: {:?}", versions[name]);
    }
    let tree = cargo(&["tree", "--offline", "--workspace", "--prefix", "none"]);
    for gone in ["ring ", "rustls-pemfile ", "native-tls "] {
        assert!(!tree.lines().any(|line| line.starts_with(gone)), "{gone}");
    }
}

/// No program links ring or OpenSSL; those judge in tests only. The portal links no signer of ours.
#[test]
fn programs_link_one_cryptography_library() {
    for program in PROGRAMS {
        let tree = cargo(&["tree", "--offline", "-p", program, "-e", "normal", "--prefix", "none"]);
        for line in tree.lines() {
            let name = line.split(' ').next().unwrap_or_default();
            assert!(!["ring", "openssl", "openssl-sys"].contains(&name), "{program} links {name}");
            assert!(program != "ra-portal" || name != "keys", "the portal must not link signers");
            assert!(program != "verify" || !["keys", "store", "service", "mtls"].contains(&name));
        }
        assert!(tree.lines().count() > 1 || ["agent", "verify"].contains(&program));
    }
}

/// Licences that a government can take.
#[test]
fn licences_are_permissive() {
    let host = "x86_64-unknown-linux-gnu";
    let words = ["metadata", "--offline", "--format-version", "1", "--filter-platform", host];
    let text = cargo(&words);
    let metadata: serde_json::Value = serde_json::from_str(&text).unwrap();
    let permissive = [
        "MIT",
        "Apache-2.0",
        "ISC",
        "BSD-3-Clause",
        "BSD-2-Clause",
        "Zlib",
        "0BSD",
        "Unicode-3.0",
        "Unlicense",
        "CC0-1.0",
        "MIT-0",
        "BSL-1.0",
        "CDLA-Permissive-2.0",
        "OpenSSL",
        "blessing",
        // Copyleft by file: such a library is used unmodified, its files stay under it and ours
        // need not; whoever changes one of its files publishes that file.
        "MPL-2.0",
        "MPL-2.0+",
    ];
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or("none");
        // Every part of an AND must be permissive, one of an OR is enough.
        let fits = licence.replace('/', " OR ").split(" AND ").all(|part| {
            let part = part.trim_matches(['(', ')']);
            part.split(" OR ").any(|one| {
                let one = one.trim_matches(['(', ')', ' ']);
                permissive.contains(&one.split(" WITH ").next().unwrap())
            })
        });
        assert!(fits, "{name}: {licence}");
    }
}

/// Every code of the catalogue is explained, and nothing else is; write it anew with
/// YINXIN_GOLDEN=write.
#[test]
fn every_error_code_is_documented() {
    use records::Code;
    use records::code::Blame;
    let mut text = String::from(
        "# Error codes\n\nEvery refusal carries one of these codes; they never change. People see \
         the sentence in their\nlanguage and a reference number to quote; what happened inside is \
         in the diagnostic log of the\nprocess, refusals of known persons and orders also in the \
         `control` log. This page is made from the\ncatalogue in `crates/records/src/code.rs`.\n\n\
         What a listener refuses by itself is a line of the diagnostic log with its reference, \
         60 a minute at\nmost. Code and reference stand in the fields `yinxin-refusal` and \
         `yinxin-reference` too, for an\nanswer without a body. At services, what the HTTP \
         library cannot read has a code as well: a head\nthat is none (`malformed`), of more \
         than 64 KiB or 1,000 fields (`head-too-large`), a target of more\nthan 65,534 bytes \
         (`target-too-long`). Over HTTP/2 these answers are the fields alone; where HTTP/2\n\
         gives the whole connection up, code and reference stand in the debug data of its \
         GOAWAY. A status\nwithout a code has such a head of HTTP/1.1 behind an answer that its \
         client did not take yet. A gate\nanswers all of these with a code. How \
         much is taken, and of what, stands in\n[limits](limits.md).\n\n监听端口自身的拒绝连同编号写入诊断\
         日志，每分钟至多 60 行。错误代码与编号也写在应答头 `yinxin-refusal` 与\n`yinxin-reference` 中，供没有正文的应答使用。服务端的 \
         HTTP 库无法读取的请求也有错误代码：报文头不成形\n（`malformed`）、超过 64 KiB 或 1000 个字段（`head-too-large`）、地址超过 \
         65534 字节（`target-too-long`）。HTTP/2\n中这些应答只有上述字段；HTTP/2 放弃整个连接时，错误代码与编号写在 GOAWAY 的调试数据中。\
         只有状态码而没有错误\n代码的，是前一应答尚未被客户端收完时的这类 HTTP/1.1 报文头。网关对此都给出错误代码。\n各处的上限见 \
         [limits](limits.md)。\n",
    );
    for (blame, title) in [
        (Blame::Caller, "What was sent is wrong / 提交的内容有误"),
        (Blame::Peer, "Who sent it / 来者身份"),
        (Blame::Policy, "It is not permitted / 不被允许"),
        (Blame::Us, "We cannot at the moment / 系统暂时不能"),
    ] {
        text.push_str(&format!("\n## {title}\n\n| code | 中文 | English |\n|---|---|---|\n"));
        for code in Code::ALL.iter().filter(|code| code.blame() == blame) {
            text.push_str(&format!("| `{}` | {} | {} |\n", code.name(), code.zh(), code.en()));
        }
    }
    let path = workspace().join("docs/errors.md");
    if std::env::var("YINXIN_GOLDEN").is_ok_and(|what| what == "write") {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), text, "docs/errors.md is not the catalogue");
    let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), Code::ALL.len(), "no code twice");
}

/// Every route stands in the matrix, and every refusal that SECURITY.md promises names a real test.
#[test]
fn every_route_and_every_promise_is_tested() {
    let matrix = std::fs::read_to_string(workspace().join("tests/golden/matrix.txt")).unwrap();
    for route in ra_portal::routes() {
        let listed = matrix
            .lines()
            .filter(|line| line.contains(&format!("{:<8}{} ", route.host, route.path)));
        assert!(listed.count() >= 2, "{} is not in the matrix", route.path);
    }
    let forms =
        [("public", &ra_portal::public::FORMS[..]), ("staff", &ra_portal::staff::FORMS[..])];
    for (host, path) in forms.iter().flat_map(|(host, paths)| paths.iter().map(move |p| (host, p)))
    {
        let row = format!("{host:<8}POST {path} ");
        assert!(matrix.lines().any(|line| line.contains(&row)), "{row} is not in the matrix");
    }
    let tests = test_names(&sources());
    let security = std::fs::read_to_string(workspace().join("SECURITY.md")).unwrap();
    let promised: Vec<&str> = security
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.matches('_').count() >= 3)
        .collect();
    assert!(promised.len() >= 10, "{promised:?}");
    for name in promised {
        assert!(tests.contains(name), "SECURITY.md names a test that is not there: {name}");
    }
}

/// Whatever a router of a portal answers stands among its pages, forms and routes: the matrix asks
/// those, and no other.
#[test]
fn whatever_a_portal_answers_is_in_the_matrix() {
    let matrix = std::fs::read_to_string(workspace().join("tests/golden/matrix.txt")).unwrap();
    let hosts = [
        ("public", &ra_portal::public::PAGES[..], &ra_portal::public::FORMS[..]),
        ("staff", &ra_portal::staff::PAGES[..], &ra_portal::staff::FORMS[..]),
    ];
    for (host, pages, forms) in hosts {
        let read = |name: String| {
            std::fs::read_to_string(workspace().join("ra-portal/src").join(name)).unwrap()
        };
        for line in read(format!("{host}.rs")).lines() {
            let Some(rest) = line.trim_start().strip_prefix(".route(") else { continue };
            let Some((path, answers)) = rest.strip_prefix('"').and_then(|it| it.split_once('"'))
            else {
                let named = ["TRUSTED,", "TRUST_BUNDLE_PATH,", "asset::ROUTE,"];
                assert!(named.iter().any(|name| rest.starts_with(name)), "{host}: {line}");
                continue;
            };
            assert_eq!(answers.contains("get("), pages.contains(&path), "GET {host} {path}");
            assert_eq!(answers.contains("post("), forms.contains(&path), "POST {host} {path}");
        }
        for path in pages {
            let row = format!("{host:<8}{path} ");
            assert!(matrix.lines().any(|line| line.contains(&row)), "{row} is not in the matrix");
        }
        let answered = read(format!("{host}/api.rs")).matches(".route(").count();
        let listed = ra_portal::routes().filter(|route| route.host == host).count();
        assert_eq!(answered, listed, "routes of programs at {host}");
    }
}

/// A page that names a Rust file names one that is there; `crates`, `ca-server` and `src` may be
/// left out.
#[test]
fn pages_name_files_that_are_there() {
    let bare = |path: &str| -> String {
        let parts = path.split('/').filter(|part| !["crates", "ca-server", "src"].contains(part));
        format!("/{}", parts.collect::<Vec<_>>().join("/"))
    };
    let files: Vec<String> = sources()
        .iter()
        .map(|path| bare(path.strip_prefix(workspace()).unwrap().to_str().unwrap()))
        .collect();
    for page in ["ARCHITECTURE.md", "SECURITY.md", "README.md", "CONTRIBUTING.md", "docs/rows.md"] {
        let text = std::fs::read_to_string(workspace().join(page)).unwrap();
        for word in text.split('`').skip(1).step_by(2).filter(|word| word.ends_with(".rs")) {
            let there = files.iter().any(|file| file.ends_with(&bare(word)));
            assert!(there, "{page} names {word}, which is not there");
        }
    }
}

/// README and the rest name the two commands and stay where they are looked for.
#[test]
fn the_front_door_is_there() {
    let read = |name: &str| std::fs::read_to_string(workspace().join(name)).unwrap();
    assert!(read("README.md").contains("make run") && read("README.md").contains("make test"));
    assert!(read(".ci/run").contains("make test"));
    for file in [
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "docs/formats.md",
        "docs/errors.md",
        "policies/roles.toml",
        "policies/approvals.toml",
    ] {
        assert!(read(file).len() > 200, "{file}");
    }
}

fn cargo(words: &[&str]) -> String {
    let said = Command::new("cargo").args(words).current_dir(workspace()).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).unwrap()
}

/// Names of functions, tests among them.
fn test_names(sources: &[PathBuf]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in sources {
        let text = std::fs::read_to_string(path).unwrap();
        for line in text.lines() {
            if let Some(name) = line.trim_start().trim_start_matches("async ").strip_prefix("fn ") {
                names.insert(name.split('(').next().unwrap().to_owned());
            }
        }
    }
    names
}

/// Every Rust source file of ours.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["ca-server", "ra-portal", "agent", "crates", "examples", "tests", "xtask"]
            .iter()
            .map(|folder| workspace().join(folder))
            .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}
