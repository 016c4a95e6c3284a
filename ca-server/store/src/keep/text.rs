//! A small text that a role replaces whole, under a MAC of its own. It is there from the founding
//! on: one that is missing, emptied or altered is an error, never an empty one.

use anyhow::{Context, ensure};
use aws_lc_rs::hmac;
use records::Bytes;
use std::path::{Path, PathBuf};

/// A text that is kept.
pub struct KeptText {
    path: PathBuf,
    key: hmac::Key,
}

impl KeptText {
    /// Makes an empty one, at the founding.
    pub fn found(path: &Path, key: &hmac::Key) -> anyhow::Result<()> {
        let own = Self { path: path.to_owned(), key: key.clone() };
        system::file::create_private(path, own.signed("").as_bytes())
            .with_context(|| path.display().to_string())
    }

    /// Opens it; gives what it holds.
    pub fn open(path: &Path, key: &hmac::Key) -> anyhow::Result<(Self, String)> {
        let damaged = || format!("{} is missing or damaged; restore it", path.display());
        system::file::check_private(path).with_context(damaged)?;
        let bytes = std::fs::read_to_string(path).with_context(damaged)?;
        let own = Self { path: path.to_owned(), key: key.clone() };
        let (mac, text) = bytes.split_once('\n').with_context(damaged)?;
        let mac = Bytes::read(mac).with_context(damaged)?;
        ensure!(hmac::verify(key, &labelled(text), &mac.0).is_ok(), damaged());
        Ok((own, text.to_owned()))
    }

    /// Replaces it; durable when this returns.
    pub fn replace(&self, text: &str) -> anyhow::Result<()> {
        ca_host::durable::replace_private(&self.path, self.signed(text).as_bytes())
    }

    fn signed(&self, text: &str) -> String {
        let mac = Bytes::from(hmac::sign(&self.key, &labelled(text)).as_ref());
        format!("{mac}\n{text}")
    }
}

fn labelled(text: &str) -> Vec<u8> {
    [b"text\0".as_slice(), text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was kept is there again; missing, emptied, cut, added to, of another key, or open to
    /// others: an error each time.
    #[test]
    fn what_the_role_did_not_write_is_no_text() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let of = |secret: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, secret);
        let (path, key) = (folder.path().join("signing"), of(b"secret"));
        assert!(KeptText::open(&path, &key).is_err());
        KeptText::found(&path, &key).unwrap();
        assert!(KeptText::found(&path, &key).is_err(), "there is one already");
        let (text, held) = KeptText::open(&path, &key).unwrap();
        assert_eq!(held, "");
        text.replace("one\ntwo\n").unwrap();
        assert_eq!(KeptText::open(&path, &key).unwrap().1, "one\ntwo\n");
        assert!(KeptText::open(&path, &of(b"other")).is_err());
        let whole = std::fs::read(&path).unwrap();
        let added = [whole.as_slice(), b"three\n"].concat();
        for bytes in [Vec::new(), whole[..whole.len() - 4].to_vec(), added, b"\n".to_vec()] {
            std::fs::write(&path, bytes).unwrap();
            assert!(KeptText::open(&path, &key).is_err());
        }
        std::fs::write(&path, whole).unwrap();
        KeptText::open(&path, &key).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(KeptText::open(&path, &key).is_err());
    }
}
