//! Records of losses and suspensions that `status` confirmed and that the log does not have after
//! some seconds: a file between the roles of a host, since whoever holds the database can keep a
//! record from the issuer. Nothing rests on the file: the issuer judges each record by what is
//! signed in it.

use crate::CaConfig;
use crate::durable::{check_private, replace_private};
use anyhow::Context;
use records::{Bytes, Record};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Most records that are handed over at once: the first of those that are given.
const RECORDS_MAX: usize = 1_000;
/// Longest file that is written, in bytes: whoever suspends with much beside it pushes nothing out
/// that goes before it.
const WRITTEN_BYTES_MAX: usize = 12 << 20;
/// What is read of a file, in bytes.
const READ_BYTES_MAX: u64 = 16 << 20;

fn path(config: &CaConfig) -> PathBuf {
    config.path("status/confirmed")
}

/// Hands these records over, in place of those before: as many of the first as there is room for.
pub fn hand_over<'a>(
    config: &CaConfig,
    records: impl Iterator<Item = &'a [u8]>,
) -> anyhow::Result<()> {
    replace_private(&path(config), &written(records))
}

/// What was handed over; what is no record is left out.
pub fn handed_over(config: &CaConfig) -> anyhow::Result<Vec<Record>> {
    let path = path(config);
    match std::fs::symlink_metadata(&path) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    }
    Ok(read(&begun(&path)?))
}

/// A list of texts, which no record makes longer than it may be.
fn written<'a>(records: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut text = String::from("[");
    for bytes in records.take(RECORDS_MAX) {
        let comma = if text.len() > 1 { "," } else { "" };
        let one = format!("{comma}\"{}\"", Bytes::from(bytes));
        if text.len() + one.len() >= WRITTEN_BYTES_MAX {
            break;
        }
        text.push_str(&one);
    }
    text.push(']');
    text.into_bytes()
}

/// The file as far as it is read.
fn begun(path: &Path) -> anyhow::Result<Vec<u8>> {
    check_private(path)?;
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let mut bytes = Vec::new();
    file.take(READ_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Every record that is whole: what was cut, or is none, takes no other with it.
fn read(bytes: &[u8]) -> Vec<Record> {
    let texts = bytes.split(|byte| *byte == b'"').skip(1).step_by(2).take(RECORDS_MAX);
    let texts = texts.filter_map(|text| Bytes::read(std::str::from_utf8(text).ok()?));
    texts.filter_map(|bytes| Record::read(&bytes.0).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::record::Event;

    /// A record of so many bytes and more.
    fn record(number: u64, bytes: usize) -> Vec<u8> {
        let (agent, epoch) = ("x".repeat(bytes), [1; 16].into());
        let (entry, other) = ([2; 32].into(), [3; 32].into());
        let record = Record {
            v: 1,
            id: [7; 16].into(),
            log: "control".into(),
            maker: "status".into(),
            time: "2026-01-01T00:00:00.000000Z".into(),
            link: None,
            event: Event::Forked { agent, epoch, aseq: number, entry, other },
        };
        record.write().unwrap()
    }

    fn numbers(text: &[u8]) -> Vec<u64> {
        let number = |record: Record| match record.event {
            Event::Forked { aseq, .. } => aseq,
            _ => 0,
        };
        read(text).into_iter().map(number).collect()
    }

    /// Six hundred suspensions with all that they may carry keep no loss from the issuer, nor each
    /// other as far as there is room.
    #[test]
    fn what_is_long_keeps_no_loss_from_the_issuer() {
        let (loss, long) = (record(1, 600), record(2, 24_000));
        let all = std::iter::once(&loss).chain(std::iter::repeat_n(&long, 600));
        let text = written(all.map(|bytes| &**bytes));
        assert!(text.len() < WRITTEN_BYTES_MAX);
        assert!(serde_json::from_slice::<Vec<Bytes>>(&text).is_ok());
        let read = numbers(&text);
        assert_eq!(read.first(), Some(&1));
        assert!(read.len() > 300 && read[1..].iter().all(|number| *number == 2), "{}", read.len());
        assert_eq!(numbers(&written([loss.as_slice(), &loss].into_iter())), [1, 1]);
        assert!(numbers(&written(std::iter::empty())).is_empty());
        let many = written(std::iter::repeat_n(loss.as_slice(), RECORDS_MAX + 1));
        assert_eq!(numbers(&many).len(), RECORDS_MAX);
    }

    /// What is cut, or no record, takes no other with it; no more of a file is read than may be.
    #[test]
    fn what_is_whole_of_a_file_is_read() {
        let (first, second) = (record(1, 60), record(2, 60));
        let text = written([first.as_slice(), b"no record", &second].into_iter());
        assert_eq!(numbers(&text), [1, 2]);
        assert_eq!(numbers(&text[..text.len() - 9]), [1]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("confirmed");
        let long = [text.as_slice(), &vec![b' '; 17 << 20]].concat();
        replace_private(&path, &long).unwrap();
        let begun = begun(&path).unwrap();
        assert_eq!((begun.len() as u64, numbers(&begun)), (READ_BYTES_MAX, vec![1, 2]));
    }
}
