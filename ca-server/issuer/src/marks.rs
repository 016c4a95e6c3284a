//! Marks: the serial numbers whose signatures may exist, durable in the issuer's own directory
//! before a key is called, by one write and one fdatasync. After a crash an intent that stands here
//! and has no result in the log is revoked, whatever any row says of it.

use anyhow::Context;
use authority::Serial;
use ca_host::CaConfig;
use ca_store::keep::{KeptText, mac_key};
use std::collections::BTreeSet;

/// The file of marks.
pub(crate) struct Marks {
    kept: KeptText,
    marked: BTreeSet<Serial>,
}

impl Marks {
    /// Reads what a former process marked; `secret` is the seal key.
    pub(crate) fn open(config: &CaConfig, secret: &[u8]) -> anyhow::Result<Self> {
        let path = config.path("issuer/signing");
        let (kept, text) = KeptText::open(&path, &mac_key(secret))?;
        let mut marked = BTreeSet::new();
        for line in text.lines() {
            marked.insert(Serial::read(line).with_context(|| path.display().to_string())?);
        }
        Ok(Self { kept, marked })
    }

    /// Everything that is marked.
    pub(crate) fn marked(&self) -> impl Iterator<Item = Serial> + '_ {
        self.marked.iter().copied()
    }

    /// Marks what is to be signed now, in place of what has its result; durable when this returns.
    pub(crate) fn replace(&mut self, marked: BTreeSet<Serial>) -> anyhow::Result<()> {
        let text: String = marked.iter().map(|serial| format!("{serial}\n")).collect();
        self.kept.replace(&text)?;
        self.marked = marked;
        Ok(())
    }
}
