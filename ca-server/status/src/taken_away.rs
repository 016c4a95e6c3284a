//! What is taken away, by what this role has in memory: authority as it was followed, what was
//! confirmed here, and the newest list. None of it needs a row, so that no database that is away
//! keeps anybody from hearing that a certificate is revoked.

use super::losses::Losses;
use authority::{Authority, Serial};
use pki::SerialNumber;
use pki::crl::{RevocationList, RevocationReason};
use pki::ocsp::CertificateStatus;
use std::sync::Arc;

/// What is remembered; authority is none until it was read from where it is kept.
pub(super) struct Remembered<'a> {
    pub(super) authority: Option<&'a Arc<Authority>>,
    pub(super) losses: &'a Losses,
    pub(super) list: Option<&'a RevocationList>,
}

impl Remembered<'_> {
    /// Since when and why a certificate is revoked or suspended, if it is. As in a list nothing is
    /// revoked in the future, `now` in unix.
    pub(super) fn told(&self, serial: &SerialNumber, now: u64) -> Option<CertificateStatus> {
        let (at, reason) = self.since(serial)?;
        Some(CertificateStatus::Revoked { at: at.min(now), reason })
    }

    /// What ends a certificate goes before what suspends it, and the log before the rest: list and
    /// answer never contradict each other.
    fn since(&self, serial: &SerialNumber) -> Option<(u64, u8)> {
        let hold = RevocationReason::CertificateHold.code();
        let ends = |said: &(u64, u8)| said.1 != hold;
        let in_log = self.in_log(serial);
        if in_log.as_ref().is_some_and(ends) {
            return in_log;
        }
        let confirmed = self.confirmed(serial);
        if confirmed.as_ref().is_some_and(ends) {
            return confirmed;
        }
        let listed = self.listed(serial, false);
        // Until the next list leaves out what was released, it is told as it stands there.
        let held = || self.listed(serial, true);
        listed.or(in_log).or(confirmed).or_else(held)
    }

    fn in_log(&self, serial: &SerialNumber) -> Option<(u64, u8)> {
        let revoked = self.authority?.revoked_as(&serial.to_string())?;
        // Revoked is revoked, whatever its reason is called; 0 is unspecified.
        let reason = RevocationReason::of_entry(&revoked.reason);
        Some((revoked.at, reason.map_or(0, RevocationReason::code)))
    }

    fn confirmed(&self, serial: &SerialNumber) -> Option<(u64, u8)> {
        let (at, reason) = self.losses.revoked(self.authority?, &Serial::of(serial)?)?;
        Some((at, reason.code()))
    }

    /// Since when and why a certificate stands in the list, as suspended or as revoked.
    fn listed(&self, serial: &SerialNumber, held: bool) -> Option<(u64, u8)> {
        let list = self.list?;
        if !list.contains(serial) || list.is_held(serial) != held {
            return None;
        }
        let entry = list.revoked().iter().find(|(listed, _)| listed == serial);
        let reason = list.reason(serial).map_or(0, RevocationReason::code);
        entry.map(|(_, at)| (*at, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confirmed::event;
    use crate::losses::tests::{list_of, opened};
    use records::Bytes;
    use sample_city::SampleCity;

    const LOST: u8 = 1;
    const HELD: u8 = 6;

    fn number(serial: &Serial) -> SerialNumber {
        SerialNumber::from_hex(&serial.to_string()).unwrap()
    }

    /// What was lost a moment ago, what the log says and what only a list holds is told; what
    /// nobody took away is not. A loss goes before a suspension, wherever either stands.
    #[tokio::test]
    async fn what_is_taken_away_is_told_from_memory() {
        let folder = tempfile::tempdir().unwrap();
        let (losses, mut city) = (opened(folder.path()), SampleCity::found());
        let (reference, lost) = city.official("one");
        let (_, held) = city.official("two");
        let (_, good) = city.official("three");
        let now = city.now;
        let (revoked, hold) = (RevocationReason::KeyCompromise, RevocationReason::CertificateHold);
        let first = list_of(&city, (3, now), &[(lost, hold), (held, hold)]);
        let told = |authority: Option<&Arc<Authority>>, list: Option<&RevocationList>, serial| {
            let remembered = Remembered { authority, losses: &losses, list };
            match remembered.told(&number(serial), now + 5) {
                Some(CertificateStatus::Revoked { reason, .. }) => Some(reason),
                _ => None,
            }
        };
        assert_eq!(told(None, None, &lost), None);
        assert_eq!(told(None, Some(&first), &lost), Some(HELD));
        assert_eq!(told(None, Some(&first), &good), None);

        let value = SampleCity::loss_value(&reference);
        let receipt = (Bytes(b"receipt".to_vec()), Bytes(b"signature".to_vec()));
        let said = event(&city.authority, &reference, &value, receipt);
        losses.confirm(&reference, (said, Vec::new()), now * 1_000_000).await.unwrap();
        let authority = Arc::new(city.authority.clone());
        assert_eq!(told(Some(&authority), None, &lost), Some(LOST));
        assert_eq!(told(Some(&authority), Some(&first), &lost), Some(LOST), "not as held");
        assert_eq!(told(Some(&authority), Some(&first), &good), None);

        city.suspend("officer-1", held).unwrap();
        city.suspend("officer-1", lost).unwrap();
        let authority = Arc::new(city.authority.clone());
        assert_eq!(told(Some(&authority), None, &held), Some(HELD));
        assert_eq!(told(Some(&authority), None, &lost), Some(LOST), "the log has only a hold");
        let second = list_of(&city, (4, now), &[(held, revoked)]);
        let ended = told(Some(&authority), Some(&second), &held);
        assert_eq!(ended, Some(LOST), "the list ends it, and says why");

        // What was released is told as the list has it, until the next one leaves it out.
        city.release(held, &["officer-2", "security-1"]);
        let authority = Arc::new(city.authority.clone());
        assert_eq!(told(Some(&authority), Some(&first), &held), Some(HELD));
        assert_eq!(told(Some(&authority), None, &held), None);
    }

    /// Nothing is revoked in the future.
    #[test]
    fn what_is_dated_ahead_is_told_as_of_now() {
        let folder = tempfile::tempdir().unwrap();
        let (losses, mut city) = (opened(folder.path()), SampleCity::found());
        let (_, held) = city.official("one");
        city.suspend("officer-1", held).unwrap();
        let authority = Arc::new(city.authority.clone());
        let remembered = Remembered { authority: Some(&authority), losses: &losses, list: None };
        let told = |now| match remembered.told(&number(&held), now) {
            Some(CertificateStatus::Revoked { at, .. }) => at,
            _ => 0,
        };
        assert_eq!(told(city.now - 9), city.now - 9);
        assert_eq!(told(city.now + 9), city.now);
    }
}
