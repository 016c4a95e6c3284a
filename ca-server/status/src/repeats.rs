//! What somebody suspends again. While theirs stands they are answered by that, so that nobody
//! fills the journal and the log by saying the same; it is something new as soon as an order waits
//! that would release it, since whoever has a receipt is suspended. The first suspension of a
//! certificate is never refused.

use authority::{Authority, PersonId, Serial, SuspendedCertificate, SuspensionSource};
use records::Code;
use std::collections::HashMap;

/// What one person, or one letter, may say again within an hour where it is something new.
const AGAIN_OF_HOUR_MAX: u32 = 60;
/// What stands so long is said anew, in seconds: four times a day, should an order that releases
/// it have been kept from us.
const STANDS_SECONDS: u64 = 6 * 3_600;
const HOUR: u64 = 3_600;

/// Who says what, when.
#[derive(Clone, Copy)]
pub(super) struct Saying<'a> {
    /// By letter or signature, and whose.
    pub(super) told: &'a str,
    pub(super) said: SuspensionSource,
    pub(super) person: PersonId,
    pub(super) serials: &'a [Serial],
    /// It was said at this time, unix seconds.
    pub(super) unix: u64,
}

/// Since when and for which reason the same stands already.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stands {
    pub(super) since: u64,
    pub(super) reason: String,
}

/// Counts what is said again, by whom, within an hour that begins with the first.
#[derive(Default)]
pub(super) struct Repeats {
    said: HashMap<String, (u64, u32)>,
}

impl Repeats {
    /// What answers who says this, if the same of theirs stands and nothing releases it; otherwise
    /// it is to be kept. `is_fresh` says whether the log's head is known, `now` counts seconds by a
    /// time that no clock moves. Refused is only what stands, may be released and was said again
    /// too often.
    pub(super) fn judge(
        &mut self,
        authority: &Authority,
        saying: Saying<'_>,
        (is_fresh, now): (bool, u64),
    ) -> Result<Option<Stands>, Code> {
        let Saying { said, person, serials, unix, .. } = saying;
        let known = |serial| authority.suspended_by(serial, said, &person);
        let known: Option<Vec<&SuspendedCertificate>> = serials.iter().map(known).collect();
        let Some(known) = known else { return Ok(None) };
        let Some(first) = known.first() else { return Ok(None) };
        let stands = Stands { since: first.revoked.at, reason: first.reason.clone() };
        // No later than what stands it takes no place of that, and would be of no effect.
        if known.iter().any(|one| unix <= one.said_at) {
            return Ok(Some(stands));
        }
        let is_of_before =
            |seconds: u64| known.iter().any(|one| unix >= one.said_at.saturating_add(seconds));
        // What is not known to be released may be, where nobody knows what the log has.
        let may_end = !is_fresh || known.iter().any(|one| authority.is_being_released(&one.name));
        if !may_end && !is_of_before(STANDS_SECONDS) {
            return Ok(Some(stands));
        }
        match (self.allow(saying.told, now), may_end) {
            (true, _) => Ok(None),
            (false, true) => Err(Code::TooManyTries),
            (false, false) => Ok(Some(stands)),
        }
    }

    fn allow(&mut self, who: &str, now: u64) -> bool {
        self.said.retain(|_, (since, _)| now < since.saturating_add(HOUR));
        let (_, count) = self.said.entry(who.to_owned()).or_insert((now, 0));
        if *count >= AGAIN_OF_HOUR_MAX {
            return false;
        }
        *count += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::order::Body;
    use records::record::Event;
    use sample_city::SampleCity;

    const HANDLER: &str = "officer-1";

    struct Scene {
        city: SampleCity,
        repeats: Repeats,
        /// How many were kept.
        kept: usize,
    }

    impl Scene {
        /// Somebody suspends a certificate; what is to be kept stands in the tree afterwards.
        fn suspend(&mut self, serial: Serial, is_fresh: bool) -> Result<Option<Stands>, Code> {
            let person = PersonId::read(&self.city.officer(HANDLER).person).unwrap();
            let (told, now) = (format!("person:{person}"), self.city.now);
            let (said, unix, serials) = (SuspensionSource::Signature, now, &[serial]);
            let saying = Saying { told: &told, said, person, serials, unix };
            let judged = self.repeats.judge(&self.city.authority, saying, (is_fresh, now));
            if judged == Ok(None) {
                self.city.suspend(HANDLER, serial).unwrap();
                self.kept += 1;
            }
            judged
        }

        fn release(&mut self, serial: Serial) {
            let body = Body::Release(self.city.release_body(serial));
            self.city.order(&body);
        }
    }

    fn scene() -> (Scene, Serial) {
        let mut city = SampleCity::found();
        let (_, serial) = city.official("one");
        (Scene { city, repeats: Repeats::default(), kept: 0 }, serial)
    }

    /// The same handler suspends the same certificate each minute for a thousand minutes: three
    /// are kept. Once an order would release it, the next one is kept, and the order is over.
    #[test]
    fn who_suspends_a_thousand_times_is_kept_a_few_times_and_after_each_release() {
        let (mut scene, serial) = scene();
        let since = scene.city.now;
        for _ in 0..1_000 {
            let stands = scene.suspend(serial, true).unwrap();
            assert!(stands.is_none_or(|stands| stands.since == since), "since the first");
            scene.city.now += 60;
        }
        assert_eq!(scene.kept, 3);
        scene.release(serial);
        assert_eq!(scene.suspend(serial, true), Ok(None));
        scene.city.now += 1;
        assert!(scene.suspend(serial, true).unwrap().is_some(), "that order names it no more");
        assert_eq!(scene.kept, 4);
    }

    /// Where the log's head is not known, what was said a second ago may be released: whoever has a
    /// receipt is suspended. Whoever says so too often is refused, the first suspension of another
    /// certificate never.
    #[test]
    fn no_first_suspension_is_refused() {
        let (mut scene, serial) = scene();
        let (_, other) = scene.city.official("two");
        assert_eq!(scene.suspend(serial, false), Ok(None));
        scene.city.now += 1;
        assert!(scene.suspend(serial, true).unwrap().is_some(), "it is known to stand");
        assert_eq!(scene.suspend(serial, false), Ok(None), "nobody knows");
        // An hour's worth, by an order each.
        for _ in 1..AGAIN_OF_HOUR_MAX {
            scene.city.now += 1;
            scene.release(serial);
            assert_eq!(scene.suspend(serial, true), Ok(None));
        }
        scene.city.now += 1;
        scene.release(serial);
        assert_eq!(scene.suspend(serial, true), Err(Code::TooManyTries));
        assert_eq!(scene.suspend(other, true), Ok(None), "a first one");
        scene.city.now += HOUR;
        assert_eq!(scene.suspend(serial, true), Ok(None), "an hour later");
    }

    /// A statement that is no later than the one that stands says nothing new.
    #[test]
    fn an_older_statement_stands_already() {
        let (mut scene, serial) = scene();
        assert_eq!(scene.suspend(serial, true), Ok(None));
        scene.release(serial);
        assert!(scene.suspend(serial, true).unwrap().is_some());
        let count = |scene: &Scene| {
            let is_one = |one: &&records::Record| matches!(one.event, Event::Suspended { .. });
            scene.city.log.iter().filter(is_one).count()
        };
        assert_eq!((scene.kept, count(&scene)), (1, 1));
    }
}
