//! Revocation lists: what stands in the next one follows from the log and from revocations that are
//! recorded and wait for it. What stood in the last one stays, also when its record was taken away
//! before the log had it: a list that lacks an unexpired entry of the last one is not kept.

use crate::error::IssuerError;
use crate::round::Round;
use crate::rows::RowChange;
use authority::Authority;
use ca_host::lists::ListOf;
use pki::crl::{RevocationList, RevocationReason, RevokedCertificate};
use pki::{PublicKey, SerialNumber};
use records::record::Event;
use records::{Bytes, Code};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// Entries stay this long behind the end of their certificate: one list at least (RFC 5280 3.3).
const KEPT_SECONDS: u64 = 7 * 86_400;
/// The root's list is brought within this time of when it was made.
const ROOT_LIST_SECONDS: u64 = 300;

/// What the next list holds.
pub(crate) struct Entries {
    pub(crate) all: Vec<RevokedCertificate>,
    /// How many of them only the last list tells of.
    pub(crate) kept: usize,
}

/// What the next list holds: what is revoked, and what stood in the last one.
pub(crate) fn entries(
    authority: &Authority,
    previous: &RevocationList,
    now: u64,
) -> Result<Entries, Code> {
    let mut all = revoked(authority, now)?;
    let kept = only_listed(authority, (previous, &all), now)?;
    let count = kept.len();
    let listed: HashSet<&SerialNumber> = kept.iter().map(|one| &one.serial).collect();
    all.retain(|one| !listed.contains(&one.serial));
    all.extend(kept);
    all.sort_by(|a, b| a.serial.cmp(&b.serial));
    Ok(Entries { all, kept: count })
}

/// Entries of the last list of which authority knows neither that they are revoked nor why they
/// ended, or of what is revoked there that it is suspended: the record that put them there was
/// taken away. The list went out; it is not taken back.
fn only_listed(
    authority: &Authority,
    (previous, revoked): (&RevocationList, &[RevokedCertificate]),
    now: u64,
) -> Result<Vec<RevokedCertificate>, Code> {
    let hold = RevocationReason::CertificateHold;
    let known: HashMap<&SerialNumber, bool> =
        revoked.iter().map(|one| (&one.serial, one.reason == hold)).collect();
    let says_all = |serial: &SerialNumber| {
        known.get(serial).is_some_and(|held| !held || previous.is_held(serial))
    };
    let gone = previous.revoked().iter();
    let gone = gone.filter(|one| !says_all(&one.0) && !is_over(authority, previous, one, now));
    let gone: HashSet<&SerialNumber> = gone.map(|(serial, _)| serial).collect();
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let mut entries = previous.entries().ok_or(Code::UnsignedAuthority)?;
    entries.retain(|entry| gone.contains(&entry.serial));
    Ok(entries)
}

/// Whether an entry of a list ended: its certificate long ago, or the suspension by an order in the
/// tree.
fn is_over(
    authority: &Authority,
    list: &RevocationList,
    entry: &(SerialNumber, u64),
    now: u64,
) -> bool {
    let serial = entry.0.to_string();
    let held = || authority.held(&serial).map(|held| held.not_after);
    match authority.revoked_as(&serial) {
        Some(revoked) => revoked.not_after + KEPT_SECONDS < now,
        None if is_released(authority, list, entry) => true,
        None => held().is_some_and(|not_after| not_after + KEPT_SECONDS < now),
    }
}

/// Whether the tree holds an order that released what an entry of a list says. It released what was
/// suspended until then, and nothing that is revoked.
fn is_released(
    authority: &Authority,
    list: &RevocationList,
    (serial, since): &(SerialNumber, u64),
) -> bool {
    let text = serial.to_string();
    let until = authority.released_at(&text).filter(|_| list.is_held(serial));
    until.is_some_and(|until| *since <= until) && authority.revoked_as(&text).is_none()
}

/// What is revoked, by what is in the tree or on its way there.
pub(crate) fn revoked(authority: &Authority, now: u64) -> Result<Vec<RevokedCertificate>, Code> {
    let mut list = Vec::new();
    for (serial, revoked) in authority.all_revoked() {
        if revoked.not_after + KEPT_SECONDS < now {
            continue;
        }
        let serial = SerialNumber::from_hex(&serial.to_string()).ok_or(Code::UnsignedAuthority)?;
        let reason = RevocationReason::of_entry(&revoked.reason).ok_or(Code::UnsignedAuthority)?;
        list.push(RevokedCertificate { serial, at: revoked.at.min(now), reason });
    }
    Ok(list)
}

/// Every unexpired entry of the last list stands in the new one, what is revoked as that, unless
/// the tree holds an order that released it.
pub(crate) fn continues(
    authority: &Authority,
    (previous, list): (&RevocationList, &RevocationList),
    now: u64,
) -> bool {
    let stands = |serial: &SerialNumber| {
        list.contains(serial) && (!list.is_held(serial) || previous.is_held(serial))
    };
    let gone = previous.revoked().iter().filter(|(serial, _)| !stands(serial));
    gone.into_iter().all(|entry| is_over(authority, previous, entry, now))
}

/// Records a list that the publisher made; a revocation or a release that came since asks for the
/// next one, and so does the revocation of what stands there as suspended.
pub(crate) fn list(round: &mut Round<'_>, list: &RevocationList) -> Result<(), IssuerError> {
    let hold = RevocationReason::CertificateHold;
    let known = revoked(round.authority(), list.this_update())?;
    let missing = known.iter().any(|one| {
        let is_late = list.is_held(&one.serial) && one.reason != hold;
        is_late || !list.contains(&one.serial)
    });
    keep(round, ListOf::Issuing, list)?;
    let authority = round.authority();
    let released = list.revoked().iter().any(|entry| is_released(authority, list, entry));
    round.state.list_due = missing || released;
    Ok(())
}

/// Records the root's next list, which an operator brings from its ceremony: that it is the root's,
/// the root's signature says, and that it was made now, the proven time.
pub(crate) fn root_list(round: &mut Round<'_>, der: &[u8]) -> Result<(), IssuerError> {
    round.clock?;
    let list = RevocationList::read(der).map_err(|_| Code::Malformed)?;
    let root = PublicKey::read(&round.authority().founding().root.0);
    let root = root.map_err(|_| Code::UnsignedAuthority)?;
    if !list.is_signed_by(&root) || i64::try_from(list.number()).is_err() {
        return Err(Code::Malformed.into());
    }
    if !round.time.is_timely(list.this_update(), ROOT_LIST_SECONDS) {
        return Err(Code::SignedTime.into());
    }
    keep(round, ListOf::Root, &list)
}

/// Keeps a list, and records that it was made.
fn keep(round: &mut Round<'_>, of: ListOf, list: &RevocationList) -> Result<(), IssuerError> {
    let event = Event::Crl {
        issuer: of.name().to_owned(),
        number: list.number(),
        sha256: Bytes::from(Sha256::digest(list.der()).as_slice()),
        this_update: records::time::seconds(list.this_update()),
        next_update: records::time::seconds(list.next_update()),
        entries: list.revoked().len() as u64,
    };
    round.change(RowChange::List(of, Box::new(list.clone())));
    round.record(event, Vec::new())?;
    Ok(())
}
