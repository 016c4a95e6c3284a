//! Numbers of people snapshots: the last one of each agent, durable in the issuer's own directory
//! before a snapshot under it leaves. A gate takes no number that goes back, nor one that leaps: a
//! number that followed from a row would stop it for good. Only what the registry key signed counts
//! beside them, should this directory be an old one (`publisher/people.rs`).

use anyhow::Context;
use ca_host::CaConfig;
use ca_store::keep::KeptText;
use std::collections::BTreeMap;

/// The file of numbers.
pub(crate) struct Numbers {
    kept: KeptText,
    last: BTreeMap<String, u64>,
}

impl Numbers {
    /// Reads what a former process gave; `secret` is the seal key.
    pub(crate) fn open(config: &CaConfig, secret: &[u8]) -> anyhow::Result<Self> {
        let path = config.path("issuer/numbers");
        let (kept, text) = KeptText::open(&path, &ca_store::keep::numbers_key(secret))?;
        let last = read(&text).with_context(|| path.display().to_string())?;
        Ok(Self { kept, last })
    }

    /// The number of an agent's last snapshot; 0 if there was none.
    pub(crate) fn last(&self, agent: &str) -> u64 {
        self.last.get(agent).copied().unwrap_or(0)
    }

    /// These numbers are given away; durable when this returns.
    pub(crate) fn give<'a>(
        &mut self,
        given: impl IntoIterator<Item = (&'a str, u64)>,
    ) -> anyhow::Result<()> {
        let mut last = self.last.clone();
        for (agent, number) in given {
            last.insert(agent.to_owned(), number);
        }
        if last != self.last {
            self.kept.replace(&write(&last))?;
            self.last = last;
        }
        Ok(())
    }
}

fn write(last: &BTreeMap<String, u64>) -> String {
    last.iter().map(|(agent, number)| format!("{agent} {number}\n")).collect()
}

fn read(text: &str) -> Option<BTreeMap<String, u64>> {
    let one = |line: &str| {
        let (agent, number) = line.split_once(' ')?;
        Some((agent.to_owned(), number.parse().ok()?))
    };
    text.lines().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ca_store::keep::numbers_key;

    /// The numbers of an agent follow each other across a restart, whatever became of a snapshot; a
    /// file that is gone is no beginning.
    #[test]
    fn numbers_of_snapshots_follow_each_other() {
        let folder = std::env::temp_dir().join(format!("numbers-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("numbers");
        let open = || KeptText::open(&path, &numbers_key(b"secret"));
        assert!(open().is_err(), "it is made at the founding");
        KeptText::found(&path, &numbers_key(b"secret")).unwrap();
        let opened = || {
            let (kept, text) = open().unwrap();
            Numbers { kept, last: read(&text).unwrap() }
        };
        let mut numbers = opened();
        assert_eq!((numbers.last("gate-1"), numbers.last("gate-2")), (0, 0));
        numbers.give([("gate-1", 1), ("gate-2", 1)]).unwrap();
        numbers.give([("gate-2", 2)]).unwrap();
        let numbers = opened();
        assert_eq!((numbers.last("gate-1"), numbers.last("gate-2")), (1, 2));
        assert_eq!(read("gate-1 one\n"), None);
        assert_eq!(read("gate-1\n"), None);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
