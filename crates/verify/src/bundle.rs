//! The files of a bundle, read strictly.

use crate::verdict::{Failed, Verdict};
use records::evidence::{AccessPart, Manifest, Opening, Question, file};
use records::lineage::Lineage;
use records::people::SignedPeople;
use records::run::RunPiece;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Largest bundle, in bytes.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A bundle's parts.
pub struct EvidenceBundle {
    /// What it is asked.
    pub question: Question,
    /// Records of `control`.
    pub control: Lineage,
    /// What opens them.
    pub openings: Vec<Opening>,
    /// The root certificate, DER.
    pub root: Vec<u8>,
    /// The request, if one is asked about.
    pub request: Option<RequestParts>,
    /// Files that nothing was read from: the verdict is the same whatever they say, and without
    /// them.
    pub weightless: Vec<String>,
}

/// The parts of a bundle about a request.
pub struct RequestParts {
    /// Records of `access`.
    pub access: AccessPart,
    /// The agents' word.
    pub run: Vec<RunPiece>,
    /// The people snapshot.
    pub people: SignedPeople,
    /// The revocation list, DER.
    pub list: Vec<u8>,
}

/// Reads the files of a tar, whoever packed it: `tar c .` writes a folder and `./` before names.
pub fn untar(tar: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Failed> {
    // Of bytes in memory, all that can be wrong is that they are no archive, or not a whole one.
    let wrong = |error: std::io::Error| {
        let why = match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "it is cut off",
            _ => "it is no archive of tar",
        };
        Failed::new(Verdict::Malformed, "evidence.tar", why)
    };
    if tar.len() as u64 > BYTES_MAX {
        return Err(Failed::new(Verdict::Malformed, "evidence.tar", "too large"));
    }
    let mut files = BTreeMap::new();
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries().map_err(wrong)? {
        let mut entry = entry.map_err(wrong)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = path.trim_start_matches("./").to_owned();
        let kind = entry.header().entry_type();
        if kind.is_dir() && matches!(path.as_str(), "." | "./") {
            continue;
        }
        let odd = |why| Failed::new(Verdict::Malformed, name.clone(), why);
        // Sparse files and their like are no files here: a few bytes of them unpack to any size.
        if !kind.is_file() || name.contains('/') || name.is_empty() {
            return Err(odd("not a plain file"));
        }
        // No more than the tar holds, wherever the header says that it ends.
        let size = entry.size().min(tar.len() as u64);
        let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        entry.by_ref().take(BYTES_MAX).read_to_end(&mut content).map_err(wrong)?;
        if content.len() as u64 != entry.size() {
            return Err(odd("it is cut off"));
        }
        if files.insert(name.clone(), content).is_some() {
            return Err(odd("it is there twice"));
        }
    }
    if files.is_empty() {
        return Err(Failed::new(Verdict::Malformed, "evidence.tar", "nothing is in it"));
    }
    Ok(files)
}

/// Reads no more of a file than a bundle may have.
pub fn bytes_of(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    let size = file.metadata()?.len().min(BYTES_MAX + 1);
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl EvidenceBundle {
    /// Reads the parts that the question asks for; nothing else of the manifest is asked. Each file
    /// is given up once it is read, so that no more than one stands in memory beside what was read.
    pub fn read(mut files: BTreeMap<String, Vec<u8>>) -> Result<Self, Failed> {
        let manifest = files
            .remove(file::MANIFEST)
            .ok_or_else(|| Failed::missing(file::MANIFEST, "there is no manifest"))?;
        let manifest: Manifest = records::json::read_part(&manifest)
            .map_err(|error| Failed::read(Verdict::Malformed, file::MANIFEST, &error))?;
        if manifest.v != 1 {
            return Err(Failed::new(Verdict::Malformed, file::MANIFEST, "of another version"));
        }
        let question = manifest.question;
        let mut reader = Reader { files };
        let control: Lineage = reader.part(file::CONTROL)?;
        let request = match &question {
            Question::Certificate(_) => None,
            Question::Request(_) => Some(RequestParts {
                access: reader.part(file::ACCESS)?,
                run: reader.part(file::RUN)?,
                people: reader.part(file::PEOPLE)?,
                list: reader.bytes(file::LIST)?,
            }),
        };
        let openings = reader.part(file::OPENINGS)?;
        let root = reader.bytes(file::ROOT)?;
        let weightless = reader.files.into_keys().collect();
        Ok(Self { control, openings, root, request, weightless, question })
    }
}

struct Reader {
    /// Those that were not read yet.
    files: BTreeMap<String, Vec<u8>>,
}

impl Reader {
    fn bytes(&mut self, name: &str) -> Result<Vec<u8>, Failed> {
        self.files.remove(name).ok_or_else(|| Failed::missing(name, "the file is not there"))
    }

    fn part<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Failed> {
        records::json::read_part(&self.bytes(name)?)
            .map_err(|error| Failed::read(Verdict::Malformed, name, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tar with one entry of this name, type and claimed size.
    fn one(name: &str, kind: tar::EntryType, size: u64, content: &[u8]) -> Vec<u8> {
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        let padded = content.len().next_multiple_of(512);
        let mut tar = [header.as_bytes().as_slice(), content].concat();
        tar.resize(512 + padded, 0);
        tar.resize(tar.len() + 1_024, 0);
        tar
    }

    #[test]
    fn a_tar_gives_its_files_and_no_more_than_it_holds() {
        use tar::EntryType;
        for name in ["manifest.json", "./manifest.json"] {
            let files = untar(&one(name, EntryType::Regular, 2, b"{}")).unwrap();
            assert_eq!(files.get("manifest.json").map(Vec::as_slice), Some(b"{}".as_slice()));
        }
        let refused = [
            one("more/manifest.json", EntryType::Regular, 2, b"{}"),
            one("../manifest.json", EntryType::Regular, 2, b"{}"),
            one("/manifest.json", EntryType::Regular, 2, b"{}"),
            one("more", EntryType::Directory, 0, b""),
            one("link", EntryType::Symlink, 0, b""),
            // Bombs: a size that the tar does not hold, a sparse file, a name as long.
            one("manifest.json", EntryType::Regular, 1 << 40, b"{}"),
            one("manifest.json", EntryType::GNUSparse, 2, b"{}"),
            one("manifest.json", EntryType::GNULongName, 1 << 40, b"x"),
            Vec::new(),
            vec![0; 1_024],
        ];
        for (case, tar) in refused.iter().enumerate() {
            let failed = untar(tar).unwrap_err();
            assert_eq!(failed.verdict, Verdict::Malformed, "{case}");
        }
        let twice = [
            &one("a", EntryType::Regular, 1, b"x")[..1_024],
            &one("./a", EntryType::Regular, 1, b"y"),
        ];
        assert_eq!(untar(&twice.concat()).unwrap_err().why, "it is there twice");
    }

    /// In a field of bytes, and where no signature was looked at yet, the same is refused.
    #[test]
    fn a_record_of_small_values_is_refused_before_it_is_built() {
        let zeros = "0,".repeat(4 << 20);
        let record = format!(r#"{{"body":{{"x":[{zeros}0]}}}}"#);
        let read = records::record::Record::read(record.as_bytes());
        assert_eq!(read, Err(records::json::JsonError::TooMany));
        let statement = format!(r#"{{"x":[{zeros}0]}}"#);
        assert_eq!(
            records::founding::Founding::read(statement.as_bytes()),
            Err(records::json::JsonError::TooMany)
        );
    }
}
