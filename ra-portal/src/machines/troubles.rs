//! What clients were refused, and when they came last, for who is in charge of their systems: this
//! portal's own word, which nothing follows from. It is counted in memory by kind, and kept every
//! few seconds by one commit for all of it; a kill loses what came since.

use crate::machines::told::ToldRefusal;
use crate::notes::{CountedTrouble, NewTroubles, TroubleKind, of_certificate, of_system};
use axum::extract::Request;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Kinds, and subjects, that are counted until then; what is beyond is not told.
pub(crate) const COUNTED_MAX: usize = 1_024;
/// Kinds of those who proved nothing take so many of them, and leave the others theirs.
pub(crate) const CLAIMED_COUNTED_MAX: usize = 256;
/// Longest sentence that is kept, in characters: a client wrote part of it.
pub(crate) const WORDS_CHARS_MAX: usize = 300;
/// Refusals that clients of ACME meet on their way, and get over by themselves (RFC 8555 6.5).
const PASSING: [&str; 1] = ["badNonce"];

/// Who asks, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// An account, whose key signed.
    Account(String),
    /// Somebody who shows a certificate of this serial number, until the CA says that it is ours.
    Certificate(String),
    /// Somebody who says that it is a system's, by its id, until the CA says so too.
    Claimed(String),
}

/// Where a route says who asks, once it knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asker(Arc<OnceLock<Who>>);

impl Asker {
    /// That of a request; of one that passed no layer of ours nobody hears.
    pub(crate) fn of(request: &Request) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    /// An account signed it.
    pub(crate) fn is_account(&self, account: &str) {
        let _first = self.0.set(Who::Account(account.to_owned()));
    }

    /// Who asks, if a route said it.
    pub(super) fn known(&self) -> Option<&Who> {
        self.0.get()
    }

    /// A certificate was shown.
    pub(crate) fn shows(&self, serial: String) {
        let _first = self.0.set(Who::Certificate(serial));
    }

    /// It is a system's, as whoever asks says.
    pub(crate) fn claims(&self, system: &str) {
        if records::order::is_id(system) {
            let _first = self.0.set(Who::Claimed(system.to_owned()));
        }
    }
}

/// What was counted by who asked, by what for and by what was told.
#[derive(Default)]
pub(super) struct CountedBy {
    seen: BTreeMap<Who, u64>,
    refused: BTreeMap<(Who, &'static str, &'static str), CountedTrouble>,
}

impl CountedBy {
    /// Whether nothing came.
    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.refused.is_empty()
    }

    /// Every account that came.
    pub(super) fn accounts(&self) -> Vec<String> {
        let whose = self.seen.keys().chain(self.refused.keys().map(|(who, ..)| who));
        let accounts = whose.filter_map(|who| match who {
            Who::Account(account) => Some(account.clone()),
            Who::Certificate(_) | Who::Claimed(_) => None,
        });
        let mut accounts: Vec<String> = accounts.collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }
}

/// What came since it was kept last.
#[derive(Default)]
pub(crate) struct Troubles(Mutex<CountedBy>);

impl Troubles {
    /// Counts what became of a request.
    pub(super) fn count(&self, who: Who, act: &'static str, told: Option<&ToldRefusal>, now: u64) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What the CA took, it knew.
        let is_proven = matches!(who, Who::Account(_)) || told.is_none();
        let has_room = counted.seen.len() < COUNTED_MAX || counted.seen.contains_key(&who);
        if is_proven && has_room {
            counted.seen.insert(who.clone(), now);
        }
        let Some(told) = told.filter(|told| !PASSING.contains(&told.code)) else { return };
        let kind = (who, act, told.code);
        let most = if is_proven { COUNTED_MAX } else { CLAIMED_COUNTED_MAX };
        if counted.refused.len() >= most && !counted.refused.contains_key(&kind) {
            return;
        }
        // What a client wrote may hold what no database takes.
        let plain = |text: &String| -> String {
            text.chars().filter(|c| !c.is_control()).take(WORDS_CHARS_MAX).collect()
        };
        let words = (plain(&told.words.0), plain(&told.words.1));
        let between = (now, now);
        let new = CountedTrouble { words: words.clone(), between, times: 0, is_proven };
        let one = counted.refused.entry(kind).or_insert(new);
        (one.words, one.between.1) = (words, now);
        one.times = one.times.saturating_add(1);
    }

    /// Counts what an account is told behind an answer, as of a challenge that was looked at.
    pub(crate) fn told_later(
        &self,
        account: &str,
        act: &'static str,
        told: &ToldRefusal,
        now: u64,
    ) {
        self.count(Who::Account(account.to_owned()), act, Some(told), now);
    }

    /// What came, which is counted anew from now on.
    pub(super) fn take(&self) -> CountedBy {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The same by systems and certificates; an account that this portal forgot is nobody's.
pub(super) fn by_subject(counted: CountedBy, systems: &BTreeMap<String, String>) -> NewTroubles {
    let subject = |who: &Who| match who {
        Who::Account(account) => systems.get(account).map(|system| of_system(system)),
        Who::Claimed(system) => Some(of_system(system)),
        Who::Certificate(serial) => Some(of_certificate(serial)),
    };
    let mut new = NewTroubles::default();
    for (who, at) in &counted.seen {
        if let Some(subject) = subject(who) {
            let seen = new.seen.entry(subject).or_insert(*at);
            *seen = (*seen).max(*at);
        }
    }
    for ((who, act, code), one) in counted.refused {
        let Some(subject) = subject(&who) else { continue };
        let kind = TroubleKind { subject, act, code };
        match new.refused.get_mut(&kind) {
            // Several accounts of one system.
            Some(known) => {
                known.times = known.times.saturating_add(one.times);
                known.between.0 = known.between.0.min(one.between.0);
                known.between.1 = known.between.1.max(one.between.1);
                known.is_proven |= one.is_proven;
            }
            None => {
                new.refused.insert(kind, one);
            }
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::samples::database;
    use crate::notes::{self, CLAIMED_MAX, known};

    fn told(code: &'static str) -> ToldRefusal {
        ToldRefusal { code, words: ("不行".into(), "no".into()) }
    }

    /// A thousand refusals of a kind are one row, which says how often and when last.
    #[tokio::test]
    async fn a_kind_of_refusal_is_one_row() {
        let (_folder, store) = database().await;
        let systems = BTreeMap::from([("a1".to_owned(), "site".to_owned())]);
        let account = || Who::Account("a1".into());
        for round in 0..2_u64 {
            let troubles = Troubles::default();
            for at in 0..500 {
                let at = round * 1_000 + at;
                troubles.count(account(), "finalize", Some(&told("badCSR")), at);
                troubles.count(account(), "finalize", Some(&told("badNonce")), at);
            }
            let new = by_subject(troubles.take(), &systems);
            notes::keep(&store, &new).await.unwrap();
        }
        let known = known(&store, vec![of_system("site")]).await.unwrap();
        assert_eq!(known.seen, Some(1_499));
        let [one] = known.troubles.as_slice() else { panic!("{known:?}") };
        assert_eq!((one.code.as_str(), one.act.as_str(), one.times), ("badCSR", "finalize", 1_000));
        assert_eq!((one.between, one.is_proven), ((0, 1_499), true));
        let totals = notes::totals(&store).await.unwrap();
        let [total] = totals.as_slice() else { panic!("{totals:?}") };
        assert_eq!((total.times, total.subjects, total.seen), (1_000, 1, 1_499));
        store.close().await;
    }

    /// Whoever proves nothing says that they are many systems, or one of them: what is known of
    /// those who did prove it stays, and they are seen no later.
    #[tokio::test]
    async fn who_proves_nothing_takes_no_place_of_others() {
        let (_folder, store) = database().await;
        let systems = BTreeMap::from([("a1".to_owned(), "other".to_owned())]);
        let keep = async |troubles: &Troubles| {
            let new = by_subject(troubles.take(), &systems);
            notes::keep(&store, &new).await.unwrap();
        };
        let troubles = Troubles::default();
        troubles.count(Who::Account("a1".into()), "finalize", Some(&told("x")), 5);
        troubles.count(Who::Claimed("site".into()), "simpleenroll", None, 5);
        keep(&troubles).await;
        for chunk in 0..4_u64 {
            for place in 0..COUNTED_MAX {
                let who = Who::Claimed(format!("site-{chunk}-{place}"));
                troubles.count(who, "simpleenroll", Some(&told("system-secret")), 9 + chunk);
            }
            troubles.count(Who::Claimed("site".into()), "new-account", Some(&told("y")), 99);
            // Among all of these.
            troubles.count(Who::Account("a1".into()), "finalize", Some(&told("late")), 99);
            keep(&troubles).await;
        }
        let site = known(&store, vec![of_system("site")]).await.unwrap();
        assert_eq!(site.seen, Some(5), "it did not come");
        let own = known(&store, vec![of_system("other")]).await.unwrap();
        assert_eq!(own.troubles.len(), 2, "none of theirs was left out");
        let mut tx = store.read().await.unwrap();
        let sql = "select count(*) from machine_trouble where is_proven = 0";
        let (claimed,) = store::row!(&mut tx, (i64,), sql).unwrap().unwrap();
        drop(tx);
        assert!(claimed <= CLAIMED_MAX + i64::try_from(COUNTED_MAX).unwrap(), "{claimed}");
        store.close().await;
    }

    #[test]
    fn what_is_counted_has_a_bound() {
        let troubles = Troubles::default();
        let long = ToldRefusal { code: "x", words: ("长\0".repeat(9_000), "l\n".repeat(9_000)) };
        for place in 0..COUNTED_MAX * 2 {
            troubles.count(Who::Account(place.to_string()), "finalize", Some(&long), 1);
        }
        let counted = troubles.take();
        assert_eq!((counted.seen.len(), counted.refused.len()), (COUNTED_MAX, COUNTED_MAX));
        for one in counted.refused.values() {
            assert_eq!(one.words.0, "长".repeat(WORDS_CHARS_MAX), "no database takes a NUL");
            assert_eq!(one.words.1, "l".repeat(WORDS_CHARS_MAX));
        }
    }
}
