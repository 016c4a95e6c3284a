//! Message codes between two roles of a host: the issuer draws one for a letter, `notices` hands it
//! to the gateway for short messages. Each waits in a private file until the gateway took it or its
//! letter is over. No row and no record holds one, and no folder that is printed from.

use crate::CaConfig;
use crate::durable::{blank, write_private};
use anyhow::Context;
use records::letter::read_reference;
use records::message_code::MessageCode;
use std::io::ErrorKind;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Where they wait, below the state directory.
pub const FOLDER: &str = "notices/codes";

fn path(config: &CaConfig, reference: &str) -> anyhow::Result<PathBuf> {
    let reference = read_reference(reference).context("no reference of a letter")?;
    Ok(config.path(FOLDER).join(format!("{reference}.code")))
}

/// Keeps the code of a letter until it is handed over.
pub fn keep(config: &CaConfig, reference: &str, code: &MessageCode) -> anyhow::Result<()> {
    let path = path(config, reference)?;
    std::fs::create_dir_all(config.path(FOLDER))?;
    write_private(&path, Zeroizing::new(code.text()).as_bytes())
}

/// The code of a letter, if it waits here.
pub fn read(config: &CaConfig, reference: &str) -> anyhow::Result<Option<MessageCode>> {
    let path = path(config, reference)?;
    let bytes = match system::file::read_private(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => Zeroizing::new(read.with_context(|| path.display().to_string())?),
    };
    let text = std::str::from_utf8(&bytes).context("a message code")?;
    let reference = read_reference(reference).context("no reference of a letter")?;
    Ok(Some(MessageCode::read(&reference, text)?))
}

/// Shreds the code of a letter, which somebody else has now or nobody needs any more.
pub fn forget(config: &CaConfig, reference: &str) -> anyhow::Result<()> {
    let (blanked, failed) = blank(&[path(config, reference)?]);
    for one in blanked {
        one.remove()?;
    }
    match failed.into_iter().next() {
        Some((path, error)) => Err(error).context(path.display().to_string()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const REFERENCE: &str = "5GPJWBSG64S36D1N";

    #[test]
    fn a_message_code_waits_where_nobody_else_reads_it_and_is_shredded() {
        let folder = tempfile::tempdir().unwrap();
        let config = CaConfig::nowhere().in_folder(folder.path());
        let code = MessageCode::new(REFERENCE, [7; 6]).unwrap();
        assert!(read(&config, REFERENCE).unwrap().is_none());
        keep(&config, REFERENCE, &code).unwrap();
        let file = folder.path().join("notices/codes").join(format!("{REFERENCE}.code"));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&config, REFERENCE).unwrap().unwrap().text(), code.text());
        assert!(keep(&config, REFERENCE, &code).is_err(), "a letter has one");
        for _ in 0..2 {
            forget(&config, REFERENCE).unwrap();
            assert!(!file.exists());
        }
    }

    #[test]
    fn only_what_is_the_code_of_this_letter_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let config = CaConfig::nowhere().in_folder(folder.path());
        let code = MessageCode::new(REFERENCE, [7; 6]).unwrap();
        for hostile in ["../../issuer/seal", "", "0", "5GPJWBSG64S36D1N.code"] {
            assert!(keep(&config, hostile, &code).is_err(), "{hostile}");
            assert!(read(&config, hostile).is_err() && forget(&config, hostile).is_err());
        }
        let other = "5GPJWBSG64S36D1P";
        keep(&config, other, &code).unwrap();
        assert!(read(&config, other).is_err(), "it came with another letter");
        keep(&config, REFERENCE, &code).unwrap();
        let file = folder.path().join("notices/codes").join(format!("{REFERENCE}.code"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read(&config, REFERENCE).is_err(), "others can open it");
    }
}
