//! Files that hold a secret: one that others than whoever runs the program can open is not used.

use super::given::{GIVEN_BYTES_MAX, read_open};
use crate::speech::Command;
use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Why a secret is not used: others than whoever runs the program can open its file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{code}: 他人可以打开此文件，不予使用；下一步：{zh} / {code}: it can be opened by others and is not \
     used; next: {en}",
    code = Self::CODE
)]
pub struct ExposedFile {
    /// What makes the file private, in Chinese: a command, or what to do beside it.
    zh: String,
    /// The same in English.
    en: String,
}

impl ExposedFile {
    /// The code of the refusal, in every program.
    pub const CODE: &str = "file-exposed";

    /// What `error` says of that, if it is the reason.
    pub fn of(error: &Error) -> Option<&Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }

    /// What makes the file private: a command, or words in both languages with ` / ` between.
    pub fn next(&self) -> String {
        match self.zh == self.en {
            true => self.zh.clone(),
            false => format!("{} / {}", self.zh, self.en),
        }
    }
}

/// Reads a file that nobody else may open: keys, passphrases. One that others can open is refused,
/// as it was opened, whatever its name stands for later.
pub fn read_private(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path)?;
    judge(path, &file.metadata()?)?;
    read_open(&file, GIVEN_BYTES_MAX)
}

/// Refuses a file that others can open, before something rests on it.
pub fn check_private(path: &Path) -> Result<()> {
    judge(path, &std::fs::metadata(path)?)
}

fn judge(path: &Path, found: &std::fs::Metadata) -> Result<()> {
    let own = rustix::process::geteuid().as_raw();
    match exposure(path, (found.uid(), found.mode()), own) {
        None => Ok(()),
        Some(exposed) => Err(Error::new(ErrorKind::PermissionDenied, exposed)),
    }
}

fn exposure(path: &Path, (owner, mode): (u32, u32), own: u32) -> Option<ExposedFile> {
    match (owner == own, mode & 0o077 == 0) {
        (true, true) => None,
        (true, false) => {
            let next = make_private(path).as_str().to_owned();
            Some(ExposedFile { zh: next.clone(), en: next })
        }
        (false, _) => {
            let (path, own) = (path.display().to_string(), own.to_string());
            let text = "chown {} -- {} && chmod 600 -- {}";
            let take = Command::new(text, &[&own, &path, &path]);
            let take = take.as_str();
            Some(ExposedFile {
                zh: format!("由其所有者 {owner} 运行，或 {take}"),
                en: format!("run this as its owner {owner}, or {take}"),
            })
        }
    }
}

/// The command that makes a file of one's own private.
pub fn make_private(path: &Path) -> Command {
    Command::new("chmod 600 -- {}", &[&path.display().to_string()])
}

#[cfg(test)]
mod tests {
    use super::super::create_private;
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.key");
        create_private(&path, b"secret").unwrap();
        assert_eq!(read_private(&path).unwrap(), b"secret");
        for mode in [0o640, 0o604, 0o644, 0o620, 0o666, 0o610] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = read_private(&path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{mode:o}");
            let next = format!("chmod 600 -- {}", path.display());
            assert_eq!(ExposedFile::of(&error).unwrap().next(), next);
            assert!(error.to_string().starts_with("file-exposed: "), "{error}");
            assert!(ExposedFile::of(&check_private(&path).unwrap_err()).is_some(), "{mode:o}");
        }
        assert_eq!(exposure(&path, (7, 0o600), 7), None);
        let of_another = exposure(&path, (7, 0o600), 0).unwrap();
        let told = of_another.to_string();
        let (zh, en) = crate::language::halves(&told);
        assert!(zh.contains("由其所有者 7 运行，或 chown 0 -- ") && !zh.contains("owner"), "{zh}");
        assert!(en.contains("run this as its owner 7, or chown 0 -- ") && en.is_ascii(), "{en}");
    }

    /// Whatever a file is called, what is told about it is the command and that one name.
    #[test]
    fn what_makes_a_file_private_names_it_as_one_word() {
        let told = |name: &str, owner| exposure(Path::new(name), (owner, 0o644), 7).unwrap().next();
        assert_eq!(told("my key; reboot", 7), "chmod 600 -- 'my key; reboot'");
        assert_eq!(told("-R", 7), "chmod 600 -- -R");
        let taken = "chown 7 -- 'a b' && chmod 600 -- 'a b'";
        let both = format!("由其所有者 8 运行，或 {taken} / run this as its owner 8, or {taken}");
        assert_eq!(told("a b", 8), both);
    }
}
