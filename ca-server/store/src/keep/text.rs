//! A small text that a role replaces whole, in a file of two slots. It is there from the founding
//! on: one that is missing, emptied or altered is an error, never an empty one.

use super::slots::{Kind, Slots};
use anyhow::Context;
use aws_lc_rs::hmac;
use ca_host::clock_guard::KeptTime;
use std::path::Path;

const KIND: Kind = b"YXTEXT01";
/// Room for the marks of a thousand certificates; more make the file larger.
const BLOCKS: usize = 16;

/// A text that is kept.
pub struct KeptText(Slots);

impl KeptText {
    /// Makes an empty one, at the founding.
    pub fn found(path: &Path, key: &hmac::Key) -> anyhow::Result<()> {
        Slots::found(path, (key, KIND), b"", BLOCKS)
    }

    /// Opens it; gives what it holds.
    pub fn open(path: &Path, key: &hmac::Key) -> anyhow::Result<(Self, String)> {
        let (slots, body) = Slots::open(path, key, KIND)?;
        let text = String::from_utf8(body).with_context(|| path.display().to_string())?;
        Ok((Self(slots), text))
    }

    /// Replaces it; durable when this returns.
    pub fn replace(&mut self, text: &str) -> anyhow::Result<()> {
        self.0.write(text.as_bytes())
    }
}

impl KeptTime for KeptText {
    fn replace(&mut self, text: &str) -> anyhow::Result<()> {
        Self::replace(self, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was kept is there again; missing, emptied, or of another key: an error each time.
    #[test]
    fn what_the_role_did_not_write_is_no_text() {
        let folder = tempfile::tempdir().unwrap();
        let of = |secret: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, secret);
        let (path, key) = (folder.path().join("signing"), of(b"secret"));
        assert!(KeptText::open(&path, &key).is_err());
        KeptText::found(&path, &key).unwrap();
        assert!(KeptText::found(&path, &key).is_err(), "there is one already");
        let (mut text, held) = KeptText::open(&path, &key).unwrap();
        assert_eq!(held, "");
        text.replace("one\ntwo\n").unwrap();
        text.replace("").unwrap();
        text.replace("three\n").unwrap();
        assert_eq!(KeptText::open(&path, &key).unwrap().1, "three\n");
        assert!(KeptText::open(&path, &of(b"other")).is_err());
        std::fs::write(&path, "").unwrap();
        assert!(KeptText::open(&path, &key).is_err());
    }
}
