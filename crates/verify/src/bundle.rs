//! The files of a bundle, read strictly.

use crate::verdict::{Failed, Verdict};
use records::evidence::{AccessPart, Manifest, Opening, Question, RunPart, file};
use records::lineage::Lineage;
use records::people::SignedPeople;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// Largest bundle, in bytes.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A bundle's parts.
pub struct EvidenceBundle {
    /// What it holds and answers.
    pub manifest: Manifest,
    /// Records of `control`.
    pub control: Lineage,
    /// What opens them.
    pub openings: Vec<Opening>,
    /// The root certificate, DER.
    pub root: Vec<u8>,
    /// The request, if one is asked about.
    pub request: Option<RequestParts>,
}

/// The parts of a bundle about a request.
pub struct RequestParts {
    /// Records of `access`.
    pub access: AccessPart,
    /// The agent's word.
    pub run: RunPart,
    /// The people snapshot.
    pub people: SignedPeople,
    /// The revocation list, DER.
    pub list: Vec<u8>,
}

/// Reads the files of a tar.
pub fn untar(tar: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Failed> {
    let wrong =
        |error: std::io::Error| Failed::new(Verdict::Malformed, "evidence.tar", error.to_string());
    if tar.len() as u64 > BYTES_MAX {
        return Err(Failed::new(Verdict::Malformed, "evidence.tar", "too large"));
    }
    let mut files = BTreeMap::new();
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries().map_err(wrong)? {
        let mut entry = entry.map_err(wrong)?;
        let name = entry.path().map_err(wrong)?.to_string_lossy().into_owned();
        // Sparse files and their like are no files here: a few bytes of them unpack to any size.
        let plain = entry.header().entry_type().is_file() && !name.contains('/');
        if !plain || entry.size() > tar.len() as u64 {
            return Err(Failed::new(Verdict::Malformed, name, "not a plain file"));
        }
        let mut content = Vec::new();
        entry.by_ref().take(BYTES_MAX).read_to_end(&mut content).map_err(wrong)?;
        if !plain || files.insert(name.clone(), content).is_some() {
            return Err(Failed::new(Verdict::Malformed, name, "not a plain file, or twice"));
        }
    }
    if files.is_empty() {
        return Err(Failed::new(Verdict::Malformed, "evidence.tar", "nothing is in it"));
    }
    Ok(files)
}

impl EvidenceBundle {
    /// Reads the parts; every listed file and record must be there.
    pub fn read(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, Failed> {
        let manifest = files
            .get(file::MANIFEST)
            .ok_or_else(|| Failed::missing(file::MANIFEST, "there is no manifest"))?;
        let manifest: Manifest = records::json::read(manifest)
            .map_err(|error| Failed::new(Verdict::Malformed, file::MANIFEST, error.to_string()))?;
        if manifest.v != 1 {
            return Err(Failed::new(Verdict::Malformed, file::MANIFEST, "of another version"));
        }
        if let Some(name) = manifest.files.keys().find(|name| !files.contains_key(*name)) {
            return Err(Failed::missing(name, "the file is not there"));
        }
        let reader = Reader { files, manifest: &manifest };
        let control: Lineage = reader.part(file::CONTROL)?;
        let request = match &manifest.question {
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
        let bundle = Self { control, openings, root, request, manifest };
        bundle.check_records()?;
        Ok(bundle)
    }

    /// The records are those that the manifest lists.
    fn check_records(&self) -> Result<(), Failed> {
        let here: Vec<u64> = self.control.records.iter().map(|one| one.index).collect();
        same("control", &self.manifest.control, &here)?;
        let shown = self.request.as_ref().map(|parts| &parts.access.records);
        let shown: Vec<u64> = shown.into_iter().flatten().map(|one| one.proven.index).collect();
        same("access", &self.manifest.access, &shown)
    }

    /// Every file is the one that the manifest lists, and no other is there.
    pub fn check_digests(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<(), Failed> {
        for (name, content) in files.iter().filter(|(name, _)| *name != file::MANIFEST) {
            let digest = self.manifest.files.get(name);
            if digest.map(|digest| digest.0.as_slice()) != Some(Sha256::digest(content).as_slice())
            {
                return Err(Failed::altered(name, "it is not the file that the manifest lists"));
            }
        }
        Ok(())
    }
}

/// A record under an index that nobody listed was moved there; one that is listed and not there is
/// missing.
fn same(log: &str, listed: &[u64], here: &[u64]) -> Result<(), Failed> {
    let (wanted, mut seen) = (listed.iter().collect::<BTreeSet<_>>(), BTreeSet::new());
    if let Some(index) = here.iter().find(|index| !wanted.contains(index) || !seen.insert(*index)) {
        return Err(Failed::altered(format!("{log} {index}"), "nobody listed it, or twice"));
    }
    match listed.iter().find(|index| !seen.contains(index)) {
        Some(index) => Err(Failed::missing(format!("{log} {index}"), "the record is not there")),
        None => Ok(()),
    }
}

struct Reader<'a> {
    files: &'a BTreeMap<String, Vec<u8>>,
    manifest: &'a Manifest,
}

impl Reader<'_> {
    fn bytes(&self, name: &str) -> Result<Vec<u8>, Failed> {
        let found = self.files.get(name).cloned();
        found.ok_or_else(|| Failed::missing(name, "the file is not there"))
    }

    /// A file that cannot be read was altered, if it is not the one that the manifest lists.
    fn part<T: Serialize + DeserializeOwned>(&self, name: &str) -> Result<T, Failed> {
        let bytes = self.bytes(name)?;
        records::json::read(&bytes).map_err(|error| {
            let listed = self.manifest.files.get(name);
            let same = listed.is_some_and(|d| d.0 == Sha256::digest(&bytes).as_slice());
            let verdict = if same { Verdict::Malformed } else { Verdict::Altered };
            Failed::new(verdict, name, error.to_string())
        })
    }
}
