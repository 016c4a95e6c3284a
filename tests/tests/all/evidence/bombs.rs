//! Bundles that nobody signed, made to take memory: the verifier reads them in four times their
//! size and a fixed rest.

use super::bundle::{Files, tar};
use records::Bytes;
use records::evidence::file;
use records::lineage::{Lineage, Proven};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use tests::binary;

/// Memory that the verifier may take beside four times a bundle: its own pages, its stack, and what
/// any document may take.
const REST_BYTES: usize = 64 << 20;

const MEGABYTE: usize = 1 << 20;

/// A list of so many bytes of zeros.
fn zeros(bytes: usize) -> String {
    format!("[{}0]", "0,".repeat(bytes / 2))
}

/// A bundle about a certificate with these files, filled with what is empty.
fn bundle(control: Vec<u8>, openings: &str) -> Files {
    let manifest = r#"{"question":{"certificate":"00"},"v":1}"#;
    Files::from([
        (file::MANIFEST.to_owned(), manifest.into()),
        (file::CONTROL.to_owned(), control),
        (file::OPENINGS.to_owned(), openings.into()),
        (file::ROOT.to_owned(), vec![0]),
    ])
}

/// Records of `control` that begin with these bytes.
fn beginning(record: String) -> Vec<u8> {
    let first = Proven {
        record: record.into_bytes().into(),
        salt: Bytes::default(),
        index: 0,
        hashes: Vec::new(),
    };
    records::json::write(&Lineage { checkpoint: String::new(), records: vec![first] }).unwrap()
}

/// A founding record around a statement.
fn founding(statement: String) -> String {
    let statement = Bytes(statement.into_bytes());
    format!(
        r#"{{"body":{{"files":[],"signature":"","statement":"{statement}"}},"id":"{}","#,
        Bytes(vec![0; 16])
    ) + r#""kind":"founding","log":"control","maker":"issuer","#
        + r#""time":"2026-11-24T08:00:00.000000Z","v":1}"#
}

/// What costs the most memory of each byte that the rules allow: small objects and one text.
fn worst(bytes: usize) -> String {
    let objects = (4 * MEGABYTE + 2 * bytes) / 840;
    let objects = r#"{"":0},"#.repeat(objects);
    let text = "x".repeat(bytes.saturating_sub(objects.len()));
    let value = format!(r#"[{objects}"{text}"]"#);
    format!(r#"[{{"disclosures":[{{"path":"","salt":"","value":{value}}}],"index":0}}]"#)
}

/// How the verifier ends with a bundle when it may take this much memory and no more.
fn within(path: &Path, bytes: usize) -> std::process::Output {
    let limited = format!("ulimit -v {} && exec \"$0\" \"$1\"", bytes / 1024);
    let verifier = binary("yinxin-verify");
    Command::new("sh").arg("-c").arg(limited).arg(verifier).arg(path).output().unwrap()
}

#[test]
fn no_bundle_takes_more_than_four_times_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.tar");
    let size = 16 * MEGABYTE;
    let record = |bytes| format!(r#"{{"body":{{"x":{}}}}}"#, zeros(bytes));
    let statement = |bytes| founding(format!(r#"{{"x":{}}}"#, zeros(bytes)));
    let none = || beginning("{}".into());
    let cases = [
        ("first record", bundle(beginning(record(size)), "[]")),
        ("first record, large", bundle(beginning(record(45 * MEGABYTE)), "[]")),
        ("statement", bundle(beginning(statement(size)), "[]")),
        ("small first record", bundle(beginning(record(MEGABYTE)), "[]")),
        ("worst mix", bundle(none(), &worst(size))),
        ("worst mix, large", bundle(none(), &worst(63 * MEGABYTE))),
        ("control", bundle(zeros(size).into_bytes(), "[]")),
    ];
    for (what, files) in cases {
        tar(&path, &files);
        let size = std::fs::metadata(&path).unwrap().len() as usize;
        let ended = within(&path, 4 * size + REST_BYTES);
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert_eq!(ended.status.signal(), None, "{what}: {said}");
        assert!(matches!(ended.status.code(), Some(1 | 4)), "{what}: {:?} {said}", ended.status);
    }
}
