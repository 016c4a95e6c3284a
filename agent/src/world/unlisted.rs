//! What is revoked or suspended and stands in no list yet, as `status` signed it: what is in force
//! is what is kept for a restart, statement by statement.
//!
//! Silence lets go of nothing: a `status` that was put back from before does not know what it said,
//! and the log may not know it either. What was said is over when an accepted list holds it, when a
//! statement says that the log released it, or when no list that it stood beside is good any more.
//! Nor does a list: what one had as revoked is turned away for as long behind it. It is over by
//! then, or a CA that was put back from before makes lists again that never had it.

use super::kept_beside::{KeptBeside, ToKeep};
use pki::SerialNumber;
use records::Bytes;
use records::unlisted::{
    BESIDE_SECONDS_MAX, DatedSerial, UNLISTED_MAX, Unlisted, UnlistedStatement,
};
use std::collections::HashMap;
use std::sync::Arc;

/// How a certificate stands. Of two words about one the smaller counts: what is revoked is not
/// released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateStanding {
    /// The certificate is revoked for good.
    Revoked,
    /// Suspended, until it is released or revoked.
    Suspended,
    /// The certificate is neither revoked nor suspended.
    Good,
}

/// Most statements that are kept for a restart, and most serial numbers of all of them: whoever
/// says more, and never a list with it, grows no gate.
const STATEMENTS_MAX: usize = 8;
const UNION_MAX: usize = STATEMENTS_MAX * UNLISTED_MAX;
/// Most serial numbers that left the lists within a month and are turned away on.
const GONE_MAX: usize = 100_000;

/// What was said of one serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SaidStanding {
    how: CertificateStanding,
    /// When it was suspended last, unix; 0 of what is revoked.
    since: u64,
    /// When the newest statement was signed that says so, unix.
    told: u64,
}

impl SaidStanding {
    /// What two statements say together: the worse counts, and what is later. A revocation has no
    /// date here, since nothing releases it.
    fn and(self, other: Self) -> Self {
        let how = self.how.min(other.how);
        let since = match how {
            CertificateStanding::Suspended => self.since.max(other.since),
            _ => 0,
        };
        Self { how, since, told: self.told.max(other.told) }
    }
}

/// The list that this gate accepted.
#[derive(Clone, Copy)]
pub(super) struct AcceptedList<'a> {
    /// The list was made at this time, unix.
    pub(super) this_update: u64,
    /// What stands in it.
    pub(super) serials: &'a HashMap<SerialNumber, CertificateStanding>,
}

impl AcceptedList<'_> {
    /// Whether what was said is in it, or so old that each list which it stood beside is over.
    fn lets_go(&self, serial: &SerialNumber, said: SaidStanding) -> bool {
        let holds = self.serials.get(serial).is_some_and(|how| *how <= said.how);
        holds || self.this_update > said.told.saturating_add(BESIDE_SECONDS_MAX)
    }
}

/// One statement of `status` whose signature was verified; only who loads what `status` says makes
/// it.
///
/// ```compile_fail,E0451
/// let (signed, serials, released) = todo!();
/// let forged = agent::world::VerifiedUnlisted { signed, serials, released };
/// ```
#[derive(Debug)]
pub struct VerifiedUnlisted {
    signed: Unlisted,
    serials: HashMap<SerialNumber, SaidStanding>,
    /// Until when, unix, what suspended a certificate is over, as the log says.
    released: HashMap<SerialNumber, u64>,
}

/// Serial numbers that are revoked or suspended and stand in no list yet.
#[derive(Clone, Debug, Default)]
pub struct UnlistedSerials {
    /// Digest of what `status` said last.
    digest: Bytes,
    /// What follows from nothing else, oldest first.
    said: Vec<Arc<VerifiedUnlisted>>,
    /// Whether more was said than stands there.
    is_more: bool,
    /// All of it together.
    serials: HashMap<SerialNumber, SaidStanding>,
    /// What an accepted list had as revoked and the next one does not have as that, with when that
    /// one was made, unix.
    gone: Arc<HashMap<SerialNumber, u64>>,
}

impl VerifiedUnlisted {
    /// What was signed, with the serial numbers that it says; none if it says others.
    pub(super) fn new(signed: &Unlisted, said: &UnlistedStatement) -> Option<Self> {
        let told = said.unix();
        let mut serials = HashMap::new();
        for one in &said.suspended {
            let how = CertificateStanding::Suspended;
            let standing = SaidStanding { how, since: one.unix(), told };
            serials.insert(SerialNumber::from_hex(&one.serial)?, standing);
        }
        // What stands in both is revoked.
        for one in &said.revoked {
            let standing = SaidStanding { how: CertificateStanding::Revoked, since: 0, told };
            serials.insert(SerialNumber::from_hex(one)?, standing);
        }
        let released = said.released.iter();
        let released = released.map(|one| Some((SerialNumber::from_hex(&one.serial)?, one.unix())));
        Some(Self { signed: signed.clone(), serials, released: released.collect::<Option<_>>()? })
    }

    /// Whether it says that the log released what was said. Nothing revoked is released, nor what
    /// was suspended again since.
    fn lets_go(&self, serial: &SerialNumber, said: SaidStanding) -> bool {
        let until = self.released.get(serial).copied().unwrap_or(0);
        said.how == CertificateStanding::Suspended && said.since <= until
    }

    /// Whether it says of a serial number what is in force, or worse.
    fn says(&self, serial: &SerialNumber, how: CertificateStanding) -> bool {
        self.serials.get(serial).is_some_and(|said| said.how <= how)
    }
}

impl UnlistedSerials {
    /// Digest of what `status` said last; empty if nothing is in force.
    pub fn digest(&self) -> Bytes {
        if self.serials.is_empty() { Bytes::default() } else { self.digest.clone() }
    }

    /// How a certificate stands by this.
    pub(super) fn standing(&self, serial: &SerialNumber) -> CertificateStanding {
        match self.gone.contains_key(serial) {
            true => CertificateStanding::Revoked,
            false => self.serials.get(serial).map_or(CertificateStanding::Good, |said| said.how),
        }
    }

    /// How many are in force of which `status` said nothing any more when it spoke last: it says
    /// less than it said, as one does that was put back from before.
    pub(super) fn unsaid(&self) -> usize {
        let Some(newest) = self.said.last() else { return 0 };
        self.serials.iter().filter(|(serial, one)| !newest.says(serial, one.how)).count()
    }

    /// Whether the two rest on the same statements.
    pub(super) fn is_kept_as(&self, other: &Self) -> bool {
        self.is_more == other.is_more
            && Arc::ptr_eq(&self.gone, &other.gone)
            && self.said.len() == other.said.len()
            && self.said.iter().zip(&other.said).all(|(a, b)| Arc::ptr_eq(a, b))
    }

    /// What a restart takes up again.
    pub(super) fn to_keep(&self) -> ToKeep {
        if self.is_more {
            return ToKeep::TooMuch;
        }
        let said = self.said.iter().map(|one| one.signed.clone()).collect();
        let dated = |(serial, at): (&SerialNumber, &u64)| DatedSerial::new(serial.to_string(), *at);
        let mut gone: Vec<DatedSerial> = self.gone.iter().map(dated).collect();
        gone.sort_unstable_by(|one, other| one.serial.cmp(&other.serial));
        ToKeep::All(KeptBeside { said, gone })
    }

    /// The same with what was kept of what left the lists.
    pub(super) fn with_gone(&self, kept: &[DatedSerial]) -> Self {
        let read = |one: &DatedSerial| Some((SerialNumber::from_hex(&one.serial)?, one.unix()));
        Self { gone: Arc::new(kept.iter().filter_map(read).collect()), ..self.clone() }
    }

    /// The same behind another list: what the one before had as revoked, and it has not.
    pub(super) fn behind(&self, old: AcceptedList<'_>, new: AcceptedList<'_>) -> Self {
        let revoked = CertificateStanding::Revoked;
        let is_gone = |serial: &SerialNumber| new.serials.get(serial) != Some(&revoked);
        let until = |at: u64| at.saturating_add(BESIDE_SECONDS_MAX);
        let known = self.gone.iter().map(|(serial, at)| (serial, *at));
        let known = known.filter(|(serial, at)| is_gone(serial) && new.this_update <= until(*at));
        let left = old.serials.iter().filter(|(serial, how)| **how == revoked && is_gone(serial));
        let left = left.map(|(serial, _)| (serial, new.this_update));
        let all = left.chain(known).take(GONE_MAX);
        let gone: HashMap<_, _> = all.map(|(serial, at)| (serial.clone(), at)).collect();
        match gone == *self.gone {
            true => self.clone(),
            false => Self { gone: Arc::new(gone), ..self.clone() },
        }
    }

    /// What takes the place of this one: all that the newer statement says, and of what was said
    /// before what neither that nor the accepted list lets go of.
    pub(super) fn followed_by(
        &self,
        newer: &Arc<VerifiedUnlisted>,
        list: Option<AcceptedList<'_>>,
    ) -> Self {
        let mut serials = newer.serials.clone();
        let is_over = |serial: &SerialNumber, said: SaidStanding| {
            newer.lets_go(serial, said) || list.is_some_and(|list| list.lets_go(serial, said))
        };
        let mut is_more = false;
        for (serial, said) in &self.serials {
            if let Some(known) = serials.get_mut(serial) {
                *known = known.and(*said);
            } else if is_over(serial, *said) {
                continue;
            } else if serials.len() < UNION_MAX {
                serials.insert(serial.clone(), *said);
            } else {
                is_more = true;
            }
        }
        let adds = |one: &&Arc<VerifiedUnlisted>| {
            let all = one.serials.iter();
            let mut in_force = all.filter(|(serial, _)| serials.contains_key(*serial));
            in_force.any(|(serial, said)| !newer.says(serial, said.how))
        };
        let mut said: Vec<_> = self.said.iter().filter(adds).cloned().collect();
        said.truncate(STATEMENTS_MAX - 1);
        said.push(newer.clone());
        let is_kept = |(serial, one): (&SerialNumber, &SaidStanding)| {
            said.iter().any(|statement| statement.says(serial, one.how))
        };
        is_more |= !serials.iter().all(is_kept);
        Self { digest: newer.signed.digest(), said, is_more, serials, gone: self.gone.clone() }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::kept_beside::kept;
    use super::*;

    /// When statements of these tests are signed, unix.
    const TOLD: u64 = 1_800_000_000;

    pub(crate) fn serial(byte: u16) -> SerialNumber {
        SerialNumber::from_hex(&hex(byte)).unwrap()
    }

    fn hex(byte: u16) -> String {
        format!("01{byte:04x}").repeat(6)
    }

    fn dated(all: &[u16], unix: u64) -> Vec<DatedSerial> {
        all.iter().map(|one| DatedSerial::new(hex(*one), unix)).collect()
    }

    /// What a statement beside list `crl` says.
    pub(crate) fn content(
        founding: Bytes,
        crl: u64,
        (revoked, suspended): (&[u16], &[u16]),
    ) -> UnlistedStatement {
        let revoked = revoked.iter().map(|one| hex(*one)).collect();
        let (time, suspended) = (records::time::seconds(TOLD), dated(suspended, TOLD));
        UnlistedStatement { v: 3, founding, crl, time, revoked, suspended, released: Vec::new() }
    }

    fn signed(said: &UnlistedStatement) -> Arc<VerifiedUnlisted> {
        let statement = Bytes(records::json::write(said).unwrap());
        let signed = Unlisted { statement, signature: Bytes::default() };
        Arc::new(VerifiedUnlisted::new(&signed, said).unwrap())
    }

    /// A statement beside list `crl`, whose signature nobody looks at.
    pub(crate) fn said(crl: u64, revoked: &[u16], suspended: &[u16]) -> Arc<VerifiedUnlisted> {
        signed(&content(Bytes::default(), crl, (revoked, suspended)))
    }

    /// One that says what was released until a time, unix.
    pub(crate) fn releases(crl: u64, all: &[u16], until: u64) -> Arc<VerifiedUnlisted> {
        let released = dated(all, until);
        signed(&UnlistedStatement { released, ..content(Bytes::default(), crl, (&[], &[])) })
    }

    /// What a list holds.
    fn list(revoked: &[u16], suspended: &[u16]) -> HashMap<SerialNumber, CertificateStanding> {
        let of = |all: &[u16], how| all.iter().map(|n| (serial(*n), how)).collect::<Vec<_>>();
        let held = of(suspended, CertificateStanding::Suspended);
        held.into_iter().chain(of(revoked, CertificateStanding::Revoked)).collect()
    }

    fn behind(
        had: UnlistedSerials,
        statements: &[Arc<VerifiedUnlisted>],
        (this_update, serials): (u64, &HashMap<SerialNumber, CertificateStanding>),
    ) -> UnlistedSerials {
        let list = Some(AcceptedList { this_update, serials });
        statements.iter().fold(had, |beside, one| beside.followed_by(one, list))
    }

    /// What stands beside a list in which nothing does.
    fn after(statements: &[Arc<VerifiedUnlisted>]) -> UnlistedSerials {
        behind(UnlistedSerials::default(), statements, (TOLD, &HashMap::new()))
    }

    /// What is kept gives what was in force: each statement that says more than the newest stays,
    /// until a list holds it; one that repeats another takes its place.
    #[test]
    fn what_is_kept_is_all_that_was_told() {
        let told = [said(4, &[1], &[]), said(5, &[2], &[]), said(5, &[2], &[]), said(5, &[], &[])];
        let beside = after(&told);
        let all: Vec<_> = [0, 2, 3].map(|one: usize| told[one].signed.clone()).into();
        assert_eq!(beside.to_keep(), ToKeep::All(KeptBeside { said: all, gone: Vec::new() }));
        assert_eq!(beside.digest(), told[3].signed.digest(), "what was said last is known");
        let again = after(&beside.said);
        assert_eq!(again.serials, beside.serials);
        assert_eq!(again.to_keep(), beside.to_keep());
        let held = behind(beside, &[said(5, &[], &[])], (TOLD, &list(&[1, 2], &[])));
        assert_eq!((held.serials.len(), held.digest()), (0, Bytes::default()));

        let grown = after(&[told[1].clone(), said(5, &[2, 3], &[])]);
        assert_eq!((grown.said.len(), grown.serials.len()), (1, 2));
    }

    /// Whoever does not say it any more, as a `status` that was put back from before, has nothing
    /// let go: neither a loss nor a suspension.
    #[test]
    fn silence_lets_go_of_nothing() {
        let told = said(4, &[1, 4], &[2, 3]);
        let silent = after(&[told.clone(), said(4, &[], &[]), said(5, &[], &[])]);
        let stands = |beside: &UnlistedSerials| [1, 2, 3, 4].map(|n| beside.standing(&serial(n)));
        let (revoked, suspended) = (CertificateStanding::Revoked, CertificateStanding::Suspended);
        let good = CertificateStanding::Good;
        assert_eq!(stands(&silent), [revoked, suspended, suspended, revoked]);
        assert_eq!(after(&silent.said).serials, silent.serials, "nor has a restart");
        // That less is said is known, after a restart as well.
        let unsaid = [after(std::slice::from_ref(&told)), after(&silent.said), silent.clone()];
        assert_eq!(unsaid.map(|beside| beside.unsaid()), [0, 4, 4]);
        // A list that has as suspended what is revoked holds less; one that is as bad holds it.
        let nothing = [said(5, &[], &[])];
        let listed = behind(silent.clone(), &nothing, (TOLD, &list(&[1], &[2, 4])));
        assert_eq!(stands(&listed), [good, good, suspended, revoked]);
        // What the log released until then: no loss, and nothing that was suspended again since.
        let released = |until| after(&[told.clone(), releases(5, &[1, 2], until)]);
        assert_eq!(stands(&released(TOLD - 1)), [revoked, suspended, suspended, revoked]);
        assert_eq!(stands(&released(TOLD)), [revoked, good, suspended, revoked]);
        // Nobody has a list any more beside which it was told.
        let end = TOLD + BESIDE_SECONDS_MAX;
        assert_eq!(behind(silent.clone(), &nothing, (end, &HashMap::new())).serials.len(), 4);
        assert_eq!(behind(silent, &nothing, (end + 1, &HashMap::new())).serials.len(), 0);
    }

    /// Of two words about one serial number the worse counts, and is kept.
    #[test]
    fn what_is_revoked_is_not_suspended_again() {
        let (held, lost) = (said(5, &[], &[1]), said(5, &[1], &[]));
        for told in [[held.clone(), lost.clone()], [lost.clone(), held.clone()]] {
            let beside = after(&told);
            assert_eq!(beside.standing(&serial(1)), CertificateStanding::Revoked);
            assert_eq!(after(&beside.said).serials, beside.serials);
        }
        let both = after(&[said(5, &[1], &[1])]);
        assert_eq!(both.standing(&serial(1)), CertificateStanding::Revoked);
        assert_eq!(after(&[held]).standing(&serial(2)), CertificateStanding::Good);
    }

    /// However many statements come and no list, so many are kept, and nothing that was told is let
    /// go: what a restart would not know lets nobody in then.
    #[test]
    fn statements_that_add_have_a_bound() {
        let told: Vec<_> = (1..=20).map(|n| said(5, &[n], &[])).collect();
        let beside = after(&told);
        assert_eq!(beside.said.len(), STATEMENTS_MAX);
        assert_eq!(beside.serials.len(), 20, "what runs feels all of it");
        assert_eq!((&beside.said[0].signed, beside.to_keep()), (&told[0].signed, ToKeep::TooMuch));
        let folder = tempfile::tempdir().unwrap();
        let named = beside.to_keep().keep(folder.path()).unwrap();
        assert_eq!(kept(folder.path(), &named), None, "a restart knows that it knows too little");
        let eight = after(&told[..STATEMENTS_MAX]);
        let named = eight.to_keep().keep(folder.path()).unwrap();
        assert_eq!(kept(folder.path(), &named).unwrap().said.len(), STATEMENTS_MAX);
        let all: Vec<u16> = (1..=20).collect();
        let held = behind(beside, &[said(5, &[], &[])], (TOLD, &list(&all, &[])));
        assert!(matches!(held.to_keep(), ToKeep::All(_)));
    }
}
