//! Bundles that nobody signed, made to take memory: the verifier reads them in four times their
//! size, or in 64 MiB where that is more, as the system counts what was resident.

use super::bundle::{Files, tar};
use super::relaid::{Laid, relaid};
use crate::policy_snapshots::key;
use records::Bytes;
use records::evidence::file;
use records::label::Label;
use records::lineage::{Lineage, Proven};
use records::record::Event;
use std::path::Path;
use std::process::Command;
use tests::{Office, binary};

/// Memory that the verifier may take however small a bundle is, as `SECURITY.md` says: an empty one
/// takes 14 MiB, and what it says of a whole one stays in memory.
const LEAST_BYTES: usize = 64 << 20;
/// What a bundle of one text may take, in tenths of its size: each of its files is given up once it
/// is read, which is the fourth.
const TEXT_TENTHS: usize = 32;

/// Addresses that it may take beside that, so that one that takes more ends before the machine
/// does.
const ADDRESS_BYTES: usize = 44 << 20;

/// Letters in a bundle that costs signatures.
const LETTERS: u64 = 2_000;

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

/// A bundle about a request, with this file in place of an empty one.
fn of_request(name: &str, content: Vec<u8>) -> Files {
    let mut files = bundle(beginning("{}".into()), "[]");
    let manifest = r#"{"question":{"request":"gate-1/x/0"},"v":1}"#;
    files.insert(file::MANIFEST.to_owned(), manifest.into());
    files.insert(file::ACCESS.to_owned(), br#"{"checkpoint":"","records":[]}"#.into());
    files.insert(file::RUN.to_owned(), b"[]".into());
    files.insert(file::PEOPLE.to_owned(), br#"{"signature":"","snapshot":""}"#.into());
    files.insert(file::LIST.to_owned(), vec![0]);
    files.insert(name.to_owned(), content);
    files
}

/// As many records of a request as are read in so many bytes, each with these disclosures.
fn access(bytes: usize, disclosures: &str) -> Vec<u8> {
    let proven = r#"{"hashes":[],"index":0,"record":"","salt":""}"#;
    let one = format!(r#"{{"disclosures":{disclosures},"proven":{proven}}}"#);
    let all = vec![one.as_str(); bytes / (one.len() + 1)].join(",");
    format!(r#"{{"checkpoint":"","records":[{all}]}}"#).into_bytes()
}

/// A piece of a run with as many entries as stand in so many bytes.
fn run(bytes: usize) -> Vec<u8> {
    let entry = format!(r#""{}""#, Bytes(vec![7; 32]));
    let all = vec![entry.as_str(); bytes / (entry.len() + 1)].join(",");
    let head = r#"{"head":"","signature":""}"#;
    format!(r#"[{{"before":"","certificate":"","entries":[{all}],"head":{head}}}]"#).into_bytes()
}

/// A list of revoked certificates with nothing but entries, as nobody signed it.
fn list(bytes: usize) -> Vec<u8> {
    let time = "261124080000Z";
    let entry = [&[0x30, 0x12, 2, 1, 7, 0x17, 13][..], time.as_bytes()].concat();
    let entries = entry.repeat(bytes / entry.len());
    let length =
        |bytes: usize| [&[0x84][..], &u32::try_from(bytes).unwrap().to_be_bytes()].concat();
    let revoked = [&[0x30][..], &length(entries.len()), &entries].concat();
    [&[0x30][..], &length(revoked.len()), &revoked].concat()
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

/// One disclosure that opens nothing.
const DISCLOSES: &str = r#"[{"path":"","salt":"","value":{"":0}}]"#;

/// A record of a request with what opens a record of `control`.
fn access_of(openings: &str) -> Vec<u8> {
    let from = 1 + openings[1..].find('[').unwrap();
    let to = openings.rfind(r#","index""#).unwrap();
    let proven = r#"{"hashes":[],"index":0,"record":"","salt":""}"#;
    let one = format!(r#"{{"disclosures":{},"proven":{proven}}}"#, &openings[from..to]);
    format!(r#"{{"checkpoint":"","records":[{one}]}}"#).into_bytes()
}

/// A snapshot of people that nobody signed.
fn people(snapshot: &str) -> Vec<u8> {
    let snapshot = Bytes(snapshot.as_bytes().to_vec());
    format!(r#"{{"signature":"","snapshot":"{snapshot}"}}"#).into_bytes()
}

/// Runs a command with so many bytes of addresses; the last line says its status, negative for a
/// signal, and the most kibibytes that were resident.
const MEASURE: &str = "\
import resource, subprocess, sys
most = int(sys.argv[1])
limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most))
ended = subprocess.run(sys.argv[2:], preexec_fn=limit)
print()
print(ended.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/// The status with which the verifier ends with a bundle, negative for a signal, and what it says;
/// it takes no more memory than it may.
fn within(what: &str, path: &Path) -> (i32, String) {
    within_tenths(40, what, path)
}

/// The same with so many tenths of its size.
fn within_tenths(tenths: usize, what: &str, path: &Path) -> (i32, String) {
    let size = std::fs::metadata(path).unwrap().len() as usize;
    let most = (tenths * size / 10).max(LEAST_BYTES);
    let mut measured = Command::new("python3");
    measured.args(["-c", MEASURE]).arg((most + ADDRESS_BYTES).to_string());
    let ended = measured.arg(binary("yinxin-verify")).arg(path).output().expect("python3");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    let (said, last) = said.trim_end().rsplit_once('\n').expect("a last line");
    let (status, resident) = last.split_once(' ').unwrap();
    let resident = 1024 * resident.parse::<usize>().unwrap();
    assert!(resident <= most, "{what}: {resident} of {most} bytes\n{said}");
    (status.parse().unwrap(), said.to_owned())
}

/// A bundle that holds, with letters that are signed one by one: each costs a signature, as many as
/// anybody likes, where an order takes few approvals. It takes no more memory than its size
/// warrants.
pub(super) fn costly_and_sound(office: &Office, files: &Files) {
    let registry = key(office, "issuer", "registry");
    let costly = relaid(office, files, |laid| {
        let is_letter = |one: &Laid| matches!(one.record.event, Event::Letter { .. });
        let at = laid.iter().rposition(is_letter).unwrap();
        for number in 0..LETTERS {
            let mut copy = laid[at].clone();
            copy.record.id = Bytes([&[9; 8][..], &number.to_be_bytes()].concat());
            if let Event::Letter { statement, signature } = &mut copy.record.event {
                *signature = Bytes(Label::Letter.sign(&registry, &statement.0).unwrap());
            }
            laid.insert(at + 1, copy);
        }
    });
    let path = office.path("costly.tar");
    tar(&path, &costly);
    let (status, said) = within("letters", &path);
    assert_eq!(status, 0, "{said}");
}

#[test]
fn no_bundle_takes_more_than_four_times_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.tar");
    let size = 8 * MEGABYTE;
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
        ("worst mix, of a size", bundle(none(), &worst(24 * MEGABYTE))),
        ("control", bundle(zeros(size).into_bytes(), "[]")),
        ("access", of_request(file::ACCESS, zeros(size).into_bytes())),
        ("records of a request", of_request(file::ACCESS, access(size, "[]"))),
        ("records that disclose", of_request(file::ACCESS, access(size, DISCLOSES))),
        ("worst mix in a record", of_request(file::ACCESS, access_of(&worst(size)))),
        ("entries of a run", of_request(file::RUN, run(size))),
        ("people", of_request(file::PEOPLE, people(&zeros(size)))),
        ("a list", of_request(file::LIST, list(size))),
        ("a root", of_request(file::ROOT, list(size))),
    ];
    for (what, files) in cases {
        tar(&path, &files);
        let (status, said) = within(what, &path);
        assert!(matches!(status, 1 | 4), "{what}: {status} {said}");
    }
    let text = founding(format!(r#"{{"x":"{}"}}"#, "x".repeat(32 * MEGABYTE)));
    for (what, files) in [
        ("a statement of one text", bundle(beginning(text), "[]")),
        ("a large list", of_request(file::LIST, vec![0x30; 40 * MEGABYTE])),
    ] {
        tar(&path, &files);
        let (status, said) = within_tenths(TEXT_TENTHS, what, &path);
        assert!(matches!(status, 1 | 4), "{what}: {status} {said}");
    }
}
