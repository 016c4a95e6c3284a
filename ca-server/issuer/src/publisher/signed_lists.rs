//! The last list that is recorded, until it is kept and published, and one behind it that is still
//! to be recorded.

use super::last;
use crate::error::IssuerError;
use ca_host::CaConfig;
use ca_host::durable::replace_private;
use ca_host::lists::{self, ListOf};
use ca_host::proven_time::Dates;
use pki::crl::RevocationList;
use service::{Metrics, fault};

/// The last list, and one behind it that was signed and of which nobody said that it is recorded:
/// its commit may be durable all the same, and who follows the log may have it. It is brought again
/// as it is, and no other is signed under its number.
#[derive(Default)]
pub(super) struct SignedLists {
    pub(super) last: Option<RevocationList>,
    pub(super) tried: Option<RevocationList>,
    /// Whether the last one is still to be kept, and to be published.
    is_unkept: bool,
    is_unpublished: bool,
    /// Whether this process made it, and nobody counted that yet.
    is_new: bool,
}

impl SignedLists {
    /// Begins with the newest list of all places, which may not be published.
    pub(super) fn begin_with(&mut self, list: RevocationList) {
        (self.last, self.is_unkept, self.is_unpublished) = (Some(list), false, true);
    }

    /// A list is recorded: it is the last one now.
    pub(super) fn recorded(&mut self, list: RevocationList) {
        (self.last, self.tried) = (Some(list), None);
        (self.is_unkept, self.is_unpublished, self.is_new) = (true, true, true);
    }

    /// Keeps and publishes the last list, as far as that is still to be done. What a disk does not
    /// take is tried again, and is here until then: the log says that there is such a list, and
    /// nobody makes it a second time.
    pub(super) fn bring_out(
        &mut self,
        config: &CaConfig,
        metrics: &Metrics,
    ) -> Result<(), IssuerError> {
        let Some(list) = &self.last else { return Ok(()) };
        let kept = match self.is_unkept {
            true => replace_private(&config.path(last::OWN), list.der()),
            false => Ok(()),
        };
        if self.is_unkept && kept.is_ok() {
            self.is_unkept = false;
            metrics.notice(last::NOTICE, "");
            fault::point("crl-before-publish");
        }
        if self.is_unpublished {
            lists::publish(&config.path("public"), ListOf::Issuing, list)?;
            self.is_unpublished = false;
            if std::mem::take(&mut self.is_new) {
                metrics.count("crl", "done");
            }
        }
        kept?;
        Ok(())
    }

    /// The list that is still to be recorded, unless it is too old for that: then the next one is
    /// numbered behind it.
    pub(super) fn again(&mut self, dates: Dates) -> Option<RevocationList> {
        let life = |list: &RevocationList| (list.this_update(), list.next_update());
        self.tried.take_if(|list| !is_old(life(list), dates))
    }

    /// The number of the next list behind the last one.
    pub(super) fn next_number(&self, last: &RevocationList) -> u64 {
        let tried = self.tried.as_ref().map_or(0, RevocationList::number);
        last.number().max(tried) + 1
    }
}

/// Whether half of a list's life is over, or its time has not come: a clock that was wrong for a
/// moment may not date what follows.
pub(super) fn is_old((from, until): (u64, u64), dates: Dates) -> bool {
    dates.are_behind(from) || dates.this > from + until.saturating_sub(from) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use pki::Signer;
    use sample_city::SampleCity;

    /// A list that is recorded, and that a disk does not take, is kept and published once it can
    /// be, each whatever becomes of the other.
    #[test]
    fn a_list_that_a_disk_does_not_take_is_brought_out_later() {
        let (folder, city) = (tempfile::tempdir().unwrap(), SampleCity::found());
        let config = CaConfig::nowhere().in_folder(folder.path());
        let (own, public) = (config.path(last::OWN), config.path("public"));
        let (mut signed, metrics) = (SignedLists::default(), Metrics::default());
        let published = || {
            let list = lists::published(&public, ListOf::Issuing, city.keys.issuing.public_key());
            list.map(|list| list.number())
        };
        std::fs::create_dir_all(&own).unwrap();
        signed.recorded(city.list(2));
        assert!(signed.bring_out(&config, &metrics).is_err(), "it is not kept");
        assert_eq!(published(), Some(2), "and published");
        std::fs::remove_dir(&own).unwrap();
        signed.bring_out(&config, &metrics).unwrap();
        let is_own = |list: &RevocationList| std::fs::read(&own).unwrap() == list.der();
        assert!(signed.last.as_ref().is_some_and(is_own));

        std::fs::rename(&public, folder.path().join("aside")).unwrap();
        std::fs::write(&public, b"no folder").unwrap();
        signed.recorded(city.list(3));
        for _ in 0..2 {
            assert!(signed.bring_out(&config, &metrics).is_err(), "it is not published");
            assert!(signed.last.as_ref().is_some_and(is_own), "and kept");
        }
        std::fs::remove_file(&public).unwrap();
        signed.bring_out(&config, &metrics).unwrap();
        assert_eq!(published(), Some(3));
    }
}
