//! Marks: the serial numbers whose signatures may exist, durable in the issuer's own directory
//! before a key is called. After a crash an intent that stands here and has no result in the log is
//! revoked, whatever any row says of it.

use anyhow::Context;
use authority::Serial;
use ca_host::CaConfig;
use ca_host::durable::replace_private;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The file of marks.
pub(crate) struct Marks {
    path: PathBuf,
    marked: BTreeSet<Serial>,
}

impl Marks {
    /// Reads what a former process marked.
    pub(crate) fn open(config: &CaConfig) -> anyhow::Result<Self> {
        let path = config.path("issuer/signing");
        let mut marked = BTreeSet::new();
        if path.exists() {
            let text =
                std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            for line in text.lines() {
                marked.insert(Serial::read(line).with_context(|| path.display().to_string())?);
            }
        }
        Ok(Self { path, marked })
    }

    /// Everything that is marked.
    pub(crate) fn marked(&self) -> impl Iterator<Item = Serial> + '_ {
        self.marked.iter().copied()
    }

    /// Marks what is to be signed now, in place of what has its result; durable when this returns.
    pub(crate) fn replace(&mut self, marked: BTreeSet<Serial>) -> anyhow::Result<()> {
        let text: String = marked.iter().map(|serial| format!("{serial}\n")).collect();
        replace_private(&self.path, text.as_bytes())?;
        self.marked = marked;
        Ok(())
    }
}
