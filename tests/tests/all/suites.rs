//! Foreign material for our readers: whatever comes in, an error or the same bytes, never a panic.
//! The suites are not part of this repository; where they are absent the run says so.

use pki::crl::RevocationList;
use pki::{Certificate, CertificationRequest, PublicKey};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::workspace;

fn suite(name: &str) -> Option<PathBuf> {
    let folder = std::env::var("YINXIN_SUITES").map(PathBuf::from);
    let path = folder.unwrap_or_else(|_| workspace().join("../shared")).join(name);
    if path.exists() {
        return Some(path);
    }
    // Past the capture of a test that passes: whoever runs it has to read this.
    let told = format!("left out: {name} is not in YINXIN_SUITES\n");
    std::io::stderr().write_all(told.as_bytes()).unwrap();
    None
}

/// Every certificate, list, request and key of a corpus from public test sets.
#[test]
fn a_corpus_of_foreign_der_is_read_or_refused() {
    let Some(archive) = suite("der-corpus.tar.xz") else { return };
    let folder = tempfile::tempdir().unwrap();
    let unpacked = Command::new("tar")
        .arg("-xJf")
        .arg(&archive)
        .arg("-C")
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(unpacked.success());
    let (mut read, mut refused) = (0, 0);
    for path in files(folder.path()) {
        let der = std::fs::read(&path).unwrap();
        let mut judge = |accepted: bool| if accepted { read += 1 } else { refused += 1 };
        judge(Certificate::read(&der).is_ok_and(|certificate| {
            assert_eq!(certificate.der(), der, "{}", path.display());
            // What a second reader accepts as well has the same content for it.
            if let Ok((_, other)) = <x509_parser::certificate::X509Certificate as
                x509_parser::prelude::FromDer<_>>::from_der(&der)
            {
                assert_eq!(other.raw_serial(), certificate.serial().bytes());
                assert_eq!(other.tbs_certificate.subject.as_raw(), certificate.subject().der());
            }
            true
        }));
        judge(RevocationList::read(&der).is_ok());
        judge(CertificationRequest::read(&der).is_ok());
        judge(PublicKey::read(&der).is_ok());
        // The readers of SCEP and CMP, by the functions of `fuzz`: whatever it is, none panics.
        let _ = (tests::judged::cms(&der), tests::judged::cmp(&der));
    }
    println!("{read} read, {refused} refused");
    assert!(read > 300 && refused > 1_000, "{read} {refused}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Signatures of the Wycheproof project, for the algorithms of our registry.
#[test]
fn foreign_signatures_are_judged_as_their_suite_says() {
    let Some(archive) = suite("wycheproof-pki-subset.tar.xz") else { return };
    let folder = tempfile::tempdir().unwrap();
    let unpacked = Command::new("tar")
        .arg("-xJf")
        .arg(&archive)
        .arg("-C")
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(unpacked.success());
    let mut judged = 0;
    for path in files(folder.path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let ours = ["ecdsa_secp256r1_sha256_test", "ecdsa_secp384r1_sha384_test", "ed25519_test"];
        if !ours.iter().any(|wanted| name.starts_with(wanted)) {
            continue;
        }
        let suite: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for group in suite["testGroups"].as_array().unwrap() {
            let Some(der) = group["publicKeyDer"].as_str() else { continue };
            let der = data_encoding::HEXLOWER_PERMISSIVE.decode(der.as_bytes()).unwrap();
            let key = PublicKey::read(&der).unwrap();
            for test in group["tests"].as_array().unwrap() {
                let bytes = |key: &str| {
                    let text = test[key].as_str().unwrap();
                    data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).unwrap()
                };
                let (message, signature) = (bytes("msg"), bytes("sig"));
                let verified = key.verify_any_spelling(&message, &signature);
                let own = key.algorithm().one_spelling(signature.clone()) == signature;
                assert_eq!(key.verify(&message, &signature), verified && own, "{name}");
                match test["result"].as_str().unwrap() {
                    "valid" => assert!(verified, "{name} {}", test["tcId"]),
                    "invalid" => assert!(!verified, "{name} {}", test["tcId"]),
                    _ => {}
                }
                judged += 1;
            }
        }
    }
    println!("{judged} judged");
    assert!(judged > 500, "{judged}");
}

/// JWS of the Wycheproof project. They are of the compact form and say no address, so that what
/// stands between them and ACME's own form is put together here; what is judged is ours.
#[test]
fn foreign_jws_are_judged_as_their_suite_says() {
    let Some(archive) = suite("wycheproof-pki-subset.tar.xz") else { return };
    let Some(suite) = unpacked(&archive, "json_web_signature_test.json") else { return };
    let (mut verified, mut refused) = (0, 0);
    for group in suite["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            let jws = test["jws"].as_str().unwrap_or_default();
            let holds = is_signed(jws, &group["public"]);
            let flat = jws.split('.').collect::<Vec<&str>>();
            if let [protected, payload, signature] = flat.as_slice() {
                let flat = serde_json::json!({
                    "protected": protected, "payload": payload, "signature": signature,
                });
                tests::judged::jws(flat.to_string().as_bytes());
            }
            tests::judged::jws(group["public"].to_string().as_bytes());
            let is_valid = test["result"] == "valid";
            assert!(is_valid || !holds, "{} {}", test["tcId"], test["comment"]);
            if holds { verified += 1 } else { refused += 1 }
        }
    }
    println!("{verified} verified, {refused} refused");
    // Of the valid ones, all but those of algorithms and secrets that no account has.
    assert!(verified >= 10 && refused > 350, "{verified} {refused}");
}

fn is_signed(compact: &str, key: &serde_json::Value) -> bool {
    let parts: Vec<&str> = compact.split('.').collect();
    let [protected, payload, signature] = parts.as_slice() else { return false };
    let [protected, payload, signature] = [protected, payload, signature].map(|p| (*p).to_owned());
    let jws = jose::FlatJws { protected, payload, signature };
    let decode = |text: &str| data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    let judged = || {
        let header = decode(&jws.protected)?;
        let header: serde_json::Value = serde_json::from_slice(&header).ok()?;
        let alg = jose::SignatureAlg::by_name(header["alg"].as_str()?).ok()?;
        let key = jose::Jwk::read(key).ok()?;
        jws.payload().ok()?;
        let is_plain = header.get("crit").is_none() && header.get("b64").is_none();
        is_plain.then_some(())?;
        key.verify(alg, &jws.signing_input(), &decode(&jws.signature)?).ok()
    };
    judged().is_some()
}

/// A file of JSON in an archive; where it holds none of this name the run says so.
fn unpacked(archive: &Path, name: &str) -> Option<serde_json::Value> {
    let folder = tempfile::tempdir().unwrap();
    let status =
        Command::new("tar").arg("-xJf").arg(archive).arg("-C").arg(folder.path()).status().unwrap();
    assert!(status.success());
    let found = files(folder.path()).into_iter().find(|path| path.ends_with(name));
    let Some(path) = found else {
        let told = format!("left out: {name} is not in {}\n", archive.display());
        std::io::stderr().write_all(told.as_bytes()).unwrap();
        return None;
    };
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}
