//! What is revoked or suspended and stands in no list yet, as `status` signed it: what is in force
//! is what is kept for a restart, statement by statement.

use data_encoding::HEXLOWER;
use pki::SerialNumber;
use records::Bytes;
use records::unlisted::{UNLISTED_MAX, Unlisted, UnlistedStatement};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
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

/// Most statements beside lists that were not accepted, and most serial numbers of these: whoever
/// says more under lists that never come grows no gate, and lets go of nothing.
const STATEMENTS_MAX: usize = 8;
const UNION_MAX: usize = STATEMENTS_MAX * UNLISTED_MAX;
/// What no file has for its digest.
const UNKNOWN: [u8; 32] = [0; 32];
/// How the names of kept files begin.
const FILE: &str = "unlisted-";

/// One statement of `status`.
#[derive(Debug)]
pub struct VerifiedUnlisted {
    signed: Unlisted,
    /// Number of the list beside which it stands.
    crl: u64,
    serials: HashMap<SerialNumber, CertificateStanding>,
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
    serials: HashMap<SerialNumber, CertificateStanding>,
}

impl VerifiedUnlisted {
    /// What was signed, with the serial numbers that it says; none if it says others.
    pub(super) fn new(signed: &Unlisted, said: &UnlistedStatement) -> Option<Self> {
        let suspended = said.suspended.iter().map(|one| (one, CertificateStanding::Suspended));
        // What stands in both is revoked.
        let revoked = said.revoked.iter().map(|one| (one, CertificateStanding::Revoked));
        let all = suspended.chain(revoked);
        let serials = all.map(|(one, how)| SerialNumber::from_hex(one).map(|one| (one, how)));
        let serials: HashMap<_, _> = serials.collect::<Option<_>>()?;
        Some(Self { signed: signed.clone(), crl: said.crl, serials })
    }

    /// Whether the list that was accepted, by its number, let go of what stood beside older ones.
    fn takes_the_place(&self, accepted: u64) -> bool {
        accepted >= self.crl
    }

    /// Whether it says all that the other one says.
    fn covers(&self, other: &Self) -> bool {
        other.serials.iter().all(|(serial, how)| self.serials.get(serial).is_some_and(|s| s <= how))
    }
}

impl UnlistedSerials {
    /// Digest of what `status` said last; empty if that was nothing.
    pub fn digest(&self) -> Bytes {
        if self.serials.is_empty() { Bytes::default() } else { self.digest.clone() }
    }

    /// How a certificate stands by this.
    pub(super) fn standing(&self, serial: &SerialNumber) -> CertificateStanding {
        self.serials.get(serial).copied().unwrap_or(CertificateStanding::Good)
    }

    /// Whether the two rest on the same statements.
    pub(super) fn is_kept_as(&self, other: &Self) -> bool {
        self.is_more == other.is_more
            && self.said.len() == other.said.len()
            && self.said.iter().zip(&other.said).all(|(a, b)| Arc::ptr_eq(a, b))
    }

    /// What a restart takes up again.
    pub(super) fn to_keep(&self) -> ToKeep {
        match self.is_more {
            true => ToKeep::TooMuch,
            false => ToKeep::All(self.said.iter().map(|one| one.signed.clone()).collect()),
        }
    }

    /// What takes the place of this one. Only a list that was accepted lets go of what stood here:
    /// what was said beside a newer one adds.
    pub(super) fn followed_by(&self, newer: &Arc<VerifiedUnlisted>, accepted: u64) -> Self {
        let digest = newer.signed.digest();
        if newer.takes_the_place(accepted) {
            let (said, serials) = (vec![newer.clone()], newer.serials.clone());
            return Self { digest, said, is_more: false, serials };
        }
        let mut next = Self { digest, ..self.clone() };
        let mut adds = false;
        for (serial, how) in &newer.serials {
            let is_new = self.standing(serial) > *how;
            if is_new && (self.serials.contains_key(serial) || next.serials.len() < UNION_MAX) {
                next.serials.insert(serial.clone(), *how);
                adds = true;
            } else {
                next.is_more |= is_new;
            }
        }
        if adds {
            next.said.retain(|one| !newer.covers(one));
            match next.said.len() < STATEMENTS_MAX {
                true => next.said.push(newer.clone()),
                false => next.is_more = true,
            }
        }
        next
    }
}

/// What a restart is to take up again.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ToKeep {
    /// All that is in force.
    All(Vec<Unlisted>),
    /// More is in force than is kept: a restart knows that it does not know it.
    TooMuch,
}

impl ToKeep {
    /// Keeps it in a file of its own, and says what the marks name it by.
    pub(super) fn keep(&self, folder: &Path) -> anyhow::Result<Bytes> {
        let unlisted = match self {
            Self::All(none) if none.is_empty() => return Ok(Bytes::default()),
            Self::All(unlisted) => unlisted,
            Self::TooMuch => return Ok(unknown()),
        };
        let bytes = serde_json::to_vec(unlisted)?;
        let digest = Bytes::from(Sha256::digest(&bytes).as_slice());
        crate::write_file(&file(folder, &digest), &bytes)?;
        Ok(digest)
    }
}

/// What is kept under this digest; nothing at all if the file is missing or another one.
pub(super) fn kept(folder: &Path, digest: &Bytes) -> Option<Vec<Unlisted>> {
    if digest.0.is_empty() {
        return Some(Vec::new());
    }
    let bytes = std::fs::read(file(folder, digest)).ok()?;
    if Sha256::digest(&bytes).as_slice() != digest.0 {
        return None;
    }
    serde_json::from_slice(&bytes).ok()
}

/// What marks name that know too little: no file has it.
pub(super) fn unknown() -> Bytes {
    UNKNOWN.into()
}

/// Takes away what was kept under other digests.
pub(super) fn clear(folder: &Path, digest: &Bytes) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(FILE) && path != file(folder, digest) {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// One file for each content: the marks go from one to the next in one step.
fn file(folder: &Path, digest: &Bytes) -> PathBuf {
    folder.join(format!("{FILE}{}.json", HEXLOWER.encode(&digest.0)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn serial(byte: u16) -> SerialNumber {
        SerialNumber::from_hex(&hex(byte)).unwrap()
    }

    fn hex(byte: u16) -> String {
        format!("01{byte:04x}").repeat(6)
    }

    /// What a statement beside list `crl` says.
    pub(crate) fn content(
        founding: Bytes,
        crl: u64,
        (revoked, suspended): (&[u16], &[u16]),
    ) -> UnlistedStatement {
        let of = |all: &[u16]| all.iter().map(|one| hex(*one)).collect();
        UnlistedStatement { v: 2, founding, crl, revoked: of(revoked), suspended: of(suspended) }
    }

    /// A statement beside list `crl`, whose signature nobody looks at.
    pub(crate) fn said(crl: u64, revoked: &[u16], suspended: &[u16]) -> Arc<VerifiedUnlisted> {
        let said = content(Bytes::default(), crl, (revoked, suspended));
        let statement = Bytes(records::json::write(&said).unwrap());
        let signed = Unlisted { statement, signature: Bytes::default() };
        Arc::new(VerifiedUnlisted::new(&signed, &said).unwrap())
    }

    fn after(statements: &[Arc<VerifiedUnlisted>], accepted: u64) -> UnlistedSerials {
        let none = UnlistedSerials::default();
        statements.iter().fold(none, |beside, one| beside.followed_by(one, accepted))
    }

    /// What is kept gives what was in force: each statement that says more than those before it
    /// stays, until a list was accepted; one that repeats another takes its place.
    #[test]
    fn what_is_kept_is_all_that_was_told() {
        let told = [said(4, &[1], &[]), said(5, &[2], &[]), said(5, &[2], &[]), said(5, &[], &[])];
        let beside = after(&told, 4);
        let both = vec![told[0].signed.clone(), told[1].signed.clone()];
        assert_eq!(beside.to_keep(), ToKeep::All(both));
        assert_eq!(beside.digest(), told[3].signed.digest(), "what was said last is known");
        let again = after(&beside.said, 4);
        assert_eq!(again.serials, beside.serials);
        assert_eq!(
            after(&beside.said, 5).serials.len(),
            1,
            "list 5 lets go of what stood beside 4"
        );

        let grown = after(&[told[1].clone(), said(5, &[2, 3], &[])], 4);
        assert_eq!((grown.said.len(), grown.serials.len()), (1, 2));
        let accepted = grown.followed_by(&said(5, &[], &[]), 5);
        assert_eq!((accepted.serials.len(), accepted.digest()), (0, Bytes::default()));
    }

    /// Of two words about one serial number the worse counts, and is kept.
    #[test]
    fn what_is_revoked_is_not_suspended_again() {
        let (held, lost) = (said(5, &[], &[1]), said(5, &[1], &[]));
        for told in [[held.clone(), lost.clone()], [lost.clone(), held.clone()]] {
            let beside = after(&told, 4);
            assert_eq!(beside.standing(&serial(1)), CertificateStanding::Revoked);
            assert_eq!(beside.to_keep(), ToKeep::All(vec![lost.signed.clone()]));
        }
        assert_eq!(
            after(&[lost, said(4, &[], &[1])], 4).standing(&serial(1)),
            CertificateStanding::Suspended
        );
        assert_eq!(
            after(&[said(5, &[1], &[1])], 4).standing(&serial(1)),
            CertificateStanding::Revoked
        );
        assert_eq!(after(&[held], 4).standing(&serial(2)), CertificateStanding::Good);
    }

    /// However many statements come under lists that never do, so many are kept, and nothing that
    /// was told is let go: what a restart would not know lets nobody in then.
    #[test]
    fn statements_that_add_have_a_bound() {
        let told: Vec<_> = (1..=20).map(|n| said(5, &[n], &[])).collect();
        let beside = after(&told, 4);
        assert_eq!(beside.said.len(), STATEMENTS_MAX);
        assert_eq!(beside.serials.len(), 20, "what runs feels all of it");
        assert_eq!((&beside.said[0].signed, beside.to_keep()), (&told[0].signed, ToKeep::TooMuch));
        let folder = tempfile::tempdir().unwrap();
        let named = beside.to_keep().keep(folder.path()).unwrap();
        assert_eq!(kept(folder.path(), &named), None, "a restart knows that it knows too little");
        let eight = after(&told[..STATEMENTS_MAX], 4);
        let named = eight.to_keep().keep(folder.path()).unwrap();
        assert_eq!(kept(folder.path(), &named).unwrap().len(), STATEMENTS_MAX);
        assert!(matches!(beside.followed_by(&said(5, &[], &[]), 5).to_keep(), ToKeep::All(_)));
    }
}
