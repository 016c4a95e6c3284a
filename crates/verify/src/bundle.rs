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

/// The parts of an evidence bundle, each read, none believed yet.
pub struct EvidenceBundle {
    /// The bundle is asked this; nobody signed it.
    pub question: Question,
    /// The records of `control`, with their proofs under one checkpoint.
    pub control: Lineage,
    /// These values open commitments of the records of `control`.
    pub openings: Vec<Opening>,
    /// The root certificate of the bundle, DER; it is believed only as far as a trust file says.
    pub root: Vec<u8>,
    /// The request, if one is asked about.
    pub request: Option<RequestParts>,
    /// Files that nothing was read from: the verdict is the same whatever they say, and without
    /// them.
    pub weightless: Vec<String>,
}

/// The parts of a bundle about a request.
pub struct RequestParts {
    /// The records of `access` about the request, with their proofs.
    pub access: AccessPart,
    /// The agents signed these pieces of their runs, which is their word and no proof.
    pub run: Vec<RunPiece>,
    /// The snapshot of people by which it was decided, as the registry key signed it.
    pub people: SignedPeople,
    /// The revocation list by which it was decided, DER.
    pub list: Vec<u8>,
}

/// The files of a tar, by their names.
pub type Unpacked = BTreeMap<String, Vec<u8>>;

/// Reads the files of a tar, whoever packed it: `tar c .` writes a folder and `./` before names.
pub fn untar(tar: &[u8]) -> Result<Unpacked, Failed> {
    let length = tar.len() as u64;
    if length > BYTES_MAX {
        return Err(whole("it has more than 64 MiB"));
    }
    unpack(tar, length).map_err(|broken| match broken {
        Broken::Failed(failed) => failed,
        Broken::System(_) => whole("it is no archive of tar, or not a whole one"),
    })
}

/// The same from where it lies, file by file, and no more of it than a bundle may have: of what is
/// packed nothing is in memory twice. The error is the operating system's.
pub fn open(path: &Path) -> std::io::Result<Result<Unpacked, Failed>> {
    let file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    if length > BYTES_MAX {
        return Ok(Err(whole("it has more than 64 MiB")));
    }
    let mut limited = std::io::BufReader::new(file.take(BYTES_MAX + 1));
    let unpacked = unpack(&mut limited, length);
    match unpacked {
        // What is no file of the disk says no length before.
        _ if limited.get_ref().limit() == 0 => Ok(Err(whole("it has more than 64 MiB"))),
        Ok(files) => Ok(Ok(files)),
        Err(Broken::Failed(failed)) => Ok(Err(failed)),
        Err(Broken::System(error)) => Err(error),
    }
}

/// Why a tar is not read.
enum Broken {
    /// The operating system does not give it.
    System(std::io::Error),
    /// It is something else, or not whole.
    Failed(Failed),
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            _ if error.raw_os_error().is_some() => Self::System(error),
            std::io::ErrorKind::UnexpectedEof => Self::Failed(whole("it is cut off")),
            _ => Self::Failed(whole("it is no archive of tar, or not a whole one")),
        }
    }
}

/// What is wrong with a bundle as a whole.
fn whole(why: &str) -> Failed {
    Failed::new(Verdict::Malformed, "evidence.tar", why)
}

/// Reads the files of a tar of so many bytes, if that is known.
fn unpack(tar: impl Read, length: u64) -> Result<Unpacked, Broken> {
    let mut files = Unpacked::new();
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = path.trim_start_matches("./").to_owned();
        let kind = entry.header().entry_type();
        if kind.is_dir() && matches!(path.as_str(), "." | "./") {
            continue;
        }
        let odd = |why| Broken::Failed(Failed::new(Verdict::Malformed, name.clone(), why));
        // Sparse files and their like are no files here: a few bytes of them unpack to any size.
        if !kind.is_file() || name.contains('/') || name.is_empty() {
            return Err(odd("not a plain file"));
        }
        // No more than the tar holds, wherever the header says that it ends.
        let size = entry.size().min(length);
        let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        entry.by_ref().take(BYTES_MAX).read_to_end(&mut content)?;
        if content.len() as u64 != entry.size() {
            return Err(odd("it is cut off"));
        }
        if files.insert(name.clone(), content).is_some() {
            return Err(odd("it is there twice"));
        }
    }
    if files.is_empty() {
        return Err(Broken::Failed(whole("nothing is in it")));
    }
    Ok(files)
}

impl EvidenceBundle {
    /// Reads the parts that the question asks for; nothing else of the manifest is asked. Each file
    /// is given up once it is read, so that no more than one stands in memory beside what was read.
    pub fn read(mut files: Unpacked) -> Result<Self, Failed> {
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
    files: Unpacked,
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

    /// From the disk as from memory; what the system says of a file is no word about a bundle.
    #[test]
    fn a_tar_is_read_from_where_it_lies() {
        let folder = std::env::temp_dir().join(format!("yinxin-tar-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("evidence.tar");
        let good = one("manifest.json", tar::EntryType::Regular, 2, b"{}");
        for tar in [good.clone(), good[..513].to_vec(), vec![7; 1_024], Vec::new()] {
            std::fs::write(&path, &tar).unwrap();
            assert_eq!(open(&path).unwrap(), untar(&tar));
        }
        assert_eq!(untar(&[7; 1_024]).unwrap_err().zh(), "不是 tar 归档，或不完整");
        assert!(open(&folder).unwrap_err().raw_os_error().is_some());
        let sparse = std::fs::File::create(&path).unwrap();
        sparse.set_len(BYTES_MAX + 1).unwrap();
        let failed = open(&path).unwrap().unwrap_err();
        assert_eq!(
            (failed.why.as_str(), failed.zh().as_str()),
            ("it has more than 64 MiB", "超过 64 MiB")
        );
        sparse.set_len(BYTES_MAX).unwrap();
        assert_eq!(open(&path).unwrap().unwrap_err().why, "nothing is in it");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_no_part_is_told_in_both_languages() {
        let manifest = br#"{"question":{"certificate":"00"},"v":"1"}"#.to_vec();
        let files = Unpacked::from([(file::MANIFEST.to_owned(), manifest)]);
        let failed = EvidenceBundle::read(files).err().unwrap();
        assert_eq!(failed.zh(), "不是所要的文件：/v 处应为整数，实为文字");
        let en = "not this kind of document: at /v: a text stands in place of an integer";
        assert_eq!((failed.item.as_str(), failed.why.as_str()), (file::MANIFEST, en));
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
