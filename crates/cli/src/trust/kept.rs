//! What the folder of an export has, behind which nothing goes. A file that is there and cannot be
//! read is no missing one: then nobody knows what would go back.

use crate::exit::{Failure, file_failure};
use pki::crl::RevocationList;
use records::trust::Trust;
use records::trust_bundle::{SignedTrustBundle, TrustBundle};
use std::io::ErrorKind;
use std::path::Path;

/// The version of the bundle that the folder has, whether or not that is over by now.
pub(super) fn bundle(path: &Path, trust: &Trust) -> Result<Option<u64>, Failure> {
    read(path, |file| {
        let signed: SignedTrustBundle = serde_json::from_slice(file).ok()?;
        let bundle: TrustBundle = records::json::read(&signed.bundle.0).ok()?;
        (bundle.founding == trust.founding).then_some(bundle.version)
    })
}

/// The list that the folder has, whoever signed it.
pub(super) fn list(path: &Path) -> Result<Option<RevocationList>, Failure> {
    read(path, |file| RevocationList::read(file).ok())
}

fn read<T>(path: &Path, read: impl FnOnce(&[u8]) -> Option<T>) -> Result<Option<T>, Failure> {
    match std::fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_failure(path, &error)),
        Ok(file) => read(&file).map(Some).ok_or_else(|| unreadable(path)),
    }
}

fn unreadable(path: &Path) -> Failure {
    let shown = path.display();
    Failure::denied(
        "floor-unreadable",
        format!("文件 {shown} 已损坏，或属于另一城市：无法判断是否回退，没有写入任何内容。"),
        format!(
            "{shown} is damaged or another city's: what would go back is not known; \
             nothing was written"
        ),
    )
    .next("export into a new folder / 导出到新的目录")
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::Bytes;
    use sample_city::SampleCity;

    /// A bundle's version counts also where it is over; what is damaged or foreign is no floor of
    /// nothing.
    #[test]
    fn what_is_there_and_cannot_be_read_is_no_missing_floor() {
        let (city, folder) = (SampleCity::found(), tempfile::tempdir().unwrap());
        let path = folder.path().join("trust-bundle.json");
        let trust = city.trust("control", "");
        let put = |founding: &Bytes| {
            let bundle = TrustBundle {
                v: 1,
                founding: founding.clone(),
                version: 7,
                made: records::time::seconds(city.now - 200),
                until: records::time::seconds(city.now - 100),
                authorities: Vec::new(),
                purposes: Vec::new(),
            };
            let signed = bundle.sign(&city.keys.registry, Vec::new()).unwrap();
            std::fs::write(&path, serde_json::to_vec(&signed).unwrap()).unwrap();
        };
        let code = || {
            let refused = [bundle(&path, &trust).err(), list(&path).err()];
            refused.map(|failure| failure.map(|failure| failure.problem().code))
        };
        assert_eq!(bundle(&path, &trust).ok(), Some(None), "there is none");
        assert_eq!(list(&path).map(|list| list.is_none()).ok(), Some(true));
        put(&trust.founding);
        assert_eq!(bundle(&path, &trust).ok(), Some(Some(7)));
        let unreadable = Some("floor-unreadable".to_owned());
        put(&Bytes::from([7; 32]));
        assert_eq!(code(), [unreadable.clone(), unreadable.clone()], "another city's");
        for damaged in ["", "{}"] {
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(code(), [unreadable.clone(), unreadable.clone()], "{damaged}");
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(bundle(&path, &trust).is_err() && list(&path).is_err(), "a folder");
    }
}
