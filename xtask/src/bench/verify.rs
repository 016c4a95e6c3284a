//! How fast a bundle of evidence is judged, whoever made it: bundles that nobody signed, each as
//! large as the verifier takes, of what costs it most before it is refused.

use anyhow::ensure;
use data_encoding::BASE64URL_NOPAD;
use records::Bytes;
use records::evidence::file;
use records::lineage::{Lineage, Proven};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;
use tlog::merkle::leaf_hash;
use verify::{Verdict, bundle, verify};

const MEGABYTE: usize = 1 << 20;
/// Bytes of a bundle: nearly all that one may have.
const SIZE: usize = 60 * MEGABYTE;
/// Millions of bytes a second that no bundle goes below.
const PACE_MIN: f64 = 20.0;
/// The fastest of so many counts: what else the machine does is none of it.
const ROUNDS: usize = 3;

pub(super) fn run() -> anyhow::Result<()> {
    println!("bundle                                   MB   MB/s   SHA-256 + base64   ratio");
    let mut slowest = f64::INFINITY;
    for (what, files) in bundles()? {
        let tar = packed(&files)?;
        let floor = floor(&tar);
        let pace = pace(tar.len(), || {
            let files = bundle::untar(&tar).ok();
            let report = files.map(|files| verify(files, None));
            report.is_some_and(|report| report.verdict() != Verdict::Verified)
        })?;
        let megabytes = tar.len() as f64 / 1e6;
        println!("{what:<38}{megabytes:>5.0}{pace:>7.0}{floor:>19.0}{:>8.2}", pace / floor);
        slowest = slowest.min(pace);
    }
    ensure!(slowest >= PACE_MIN, "{slowest:.0} MB/s are less than {PACE_MIN:.0}");
    Ok(())
}

/// The files of a bundle, by name.
type Files = BTreeMap<&'static str, Vec<u8>>;

/// What costs most, with its name.
fn bundles() -> anyhow::Result<Vec<(&'static str, Files)>> {
    let none = || "[]".to_owned();
    let zeros = |bytes: usize| format!("[{}0]", "0,".repeat(bytes / 2));
    // Base64 in base64: each layer is three quarters of the one around it.
    let inner = SIZE / 16 * 9;
    let small = format!(r#"{{"body":{{"x":{}}}}}"#, zeros(SIZE / 4 * 3));
    Ok(vec![
        (
            "statement of one text, twice base64",
            of_certificate(beginning(statement(inner))?, none()),
        ),
        ("first record of small numbers", of_certificate(beginning(small)?, none())),
        ("small objects in a disclosure", of_certificate(beginning("{}".into())?, objects(SIZE))),
        ("records of a request", of_request(file::ACCESS, access(SIZE))?),
        ("entries of a run", of_request(file::RUN, entries(SIZE))?),
        ("people, twice base64", of_request(file::PEOPLE, people(SIZE / 4 * 3))?),
        ("a list", of_request(file::LIST, vec![0x30; SIZE])?),
    ])
}

fn of_certificate(control: Vec<u8>, openings: String) -> Files {
    Files::from([
        (file::MANIFEST, br#"{"question":{"certificate":"00"},"v":1}"#.to_vec()),
        (file::CONTROL, control),
        (file::OPENINGS, openings.into_bytes()),
        (file::ROOT, vec![0]),
    ])
}

/// A bundle about a request, with this file in place of an empty one.
fn of_request(name: &'static str, content: Vec<u8>) -> anyhow::Result<Files> {
    let mut files = of_certificate(beginning("{}".into())?, "[]".into());
    files.extend([
        (file::MANIFEST, br#"{"question":{"request":"gate-1/x/0"},"v":1}"#.to_vec()),
        (file::ACCESS, br#"{"checkpoint":"","records":[]}"#.to_vec()),
        (file::RUN, b"[]".to_vec()),
        (file::PEOPLE, br#"{"signature":"","snapshot":""}"#.to_vec()),
        (file::LIST, vec![0]),
    ]);
    files.insert(name, content);
    Ok(files)
}

/// Records of a request, of which nothing is disclosed.
fn access(bytes: usize) -> Vec<u8> {
    let proven = r#"{"hashes":[],"index":0,"record":"","salt":""}"#;
    let one = format!(r#"{{"disclosures":[],"proven":{proven}}}"#);
    let all = vec![one.as_str(); bytes / (one.len() + 1)].join(",");
    format!(r#"{{"checkpoint":"","records":[{all}]}}"#).into_bytes()
}

/// A piece of a run with as many entries as stand in so many bytes.
fn entries(bytes: usize) -> Vec<u8> {
    let entry = format!(r#""{}""#, Bytes(vec![7; 32]));
    let all = vec![entry.as_str(); bytes / (entry.len() + 1)].join(",");
    let head = r#"{"head":"","signature":""}"#;
    format!(r#"[{{"before":"","certificate":"","entries":[{all}],"head":{head}}}]"#).into_bytes()
}

/// A snapshot of people that nobody signed.
fn people(bytes: usize) -> Vec<u8> {
    format!(r#"{{"signature":"","snapshot":"{}"}}"#, Bytes(vec![b'0'; bytes])).into_bytes()
}

/// Records of `control` that begin with this one.
fn beginning(record: String) -> anyhow::Result<Vec<u8>> {
    let record = Bytes(record.into_bytes());
    let first = Proven { record, salt: Bytes::default(), index: 0, hashes: Vec::new() };
    Ok(records::json::write(&Lineage { checkpoint: String::new(), records: vec![first] })?)
}

/// A founding record around a statement of one text.
fn statement(bytes: usize) -> String {
    let statement = Bytes(format!(r#"{{"x":"{}"}}"#, "x".repeat(bytes)).into_bytes());
    let id = Bytes(vec![0; 16]);
    format!(r#"{{"body":{{"files":[],"signature":"","statement":"{statement}"}},"id":"{id}","#)
        + r#""kind":"founding","log":"control","maker":"issuer","#
        + r#""time":"2026-11-24T08:00:00.000000Z","v":1}"#
}

/// As many small objects as are read, and one text.
fn objects(bytes: usize) -> String {
    let objects = r#"{"":0},"#.repeat((4 * MEGABYTE + 2 * bytes) / 840);
    let text = "x".repeat(bytes.saturating_sub(objects.len()));
    let value = format!(r#"[{objects}"{text}"]"#);
    format!(r#"[{{"disclosures":[{{"path":"","salt":"","value":{value}}}],"index":0}}]"#)
}

fn packed(files: &Files) -> anyhow::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, content.as_slice())?;
    }
    Ok(builder.into_inner()?)
}

/// What a hash over so many bytes and a text of as many in base64 take, one after the other.
fn floor(tar: &[u8]) -> f64 {
    let text = BASE64URL_NOPAD.encode(tar.get(..tar.len() / 4 * 3).unwrap_or(tar));
    let measured = pace(tar.len(), || {
        black_box(leaf_hash(black_box(tar)));
        BASE64URL_NOPAD.decode(black_box(text.as_bytes())).is_ok()
    });
    measured.unwrap_or(f64::INFINITY)
}

/// Millions of bytes a second.
fn pace(bytes: usize, act: impl Fn() -> bool) -> anyhow::Result<f64> {
    let mut best: f64 = 0.0;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        ensure!(act(), "it did not end as it should");
        best = best.max(bytes as f64 / 1e6 / begun.elapsed().as_secs_f64());
    }
    Ok(best)
}
