//! Revocation lists: what stands in the next one follows from the log and from revocations that are
//! recorded and wait for it. A list that lacks an unexpired entry of the last one is not kept.

use crate::error::IssuerError;
use crate::round::Round;
use crate::rows::RowChange;
use authority::Authority;
use pki::SerialNumber;
use pki::crl::{RevocationList, RevocationReason, RevokedCertificate};
use records::record::Event;
use records::{Bytes, Code};
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// Entries stay this long behind the end of their certificate: one list at least (RFC 5280 3.3).
const KEPT_SECONDS: u64 = 7 * 86_400;

/// What the next list holds.
pub(crate) fn entries(authority: &Authority, now: u64) -> Result<Vec<RevokedCertificate>, Code> {
    let mut list = Vec::new();
    for (serial, revoked) in authority.all_revoked() {
        if revoked.not_after + KEPT_SECONDS < now {
            continue;
        }
        let serial = SerialNumber::from_hex(&serial.to_string()).ok_or(Code::UnsignedAuthority)?;
        let reason = RevocationReason::of_entry(&revoked.reason).ok_or(Code::UnsignedAuthority)?;
        list.push(RevokedCertificate { serial, at: revoked.at.min(now), reason });
    }
    list.sort_by(|a, b| a.serial.cmp(&b.serial));
    Ok(list)
}

/// Every unexpired entry of the last list stands in the new one, unless the tree holds an order
/// that released it.
pub(crate) fn continues(
    authority: &Authority,
    (previous, list): (&RevocationList, &RevocationList),
    now: u64,
) -> bool {
    let listed: HashSet<&SerialNumber> = list.revoked().iter().map(|(serial, _)| serial).collect();
    let gone = previous.revoked().iter().filter(|(serial, _)| !listed.contains(serial));
    gone.into_iter().all(|(serial, _)| {
        let serial = serial.to_string();
        match authority.revoked_as(&serial) {
            Some(revoked) => revoked.not_after + KEPT_SECONDS < now,
            None => authority.was_released(&serial),
        }
    })
}

/// Records a list that the publisher made; a revocation or a release that came since asks for the
/// next one.
pub(crate) fn list(round: &mut Round<'_>, list: &RevocationList) -> Result<(), IssuerError> {
    let listed: HashSet<String> =
        list.revoked().iter().map(|(serial, _)| serial.to_string()).collect();
    let now = list.this_update();
    let missing = round.authority().all_revoked().any(|(serial, revoked)| {
        revoked.not_after + KEPT_SECONDS >= now && !listed.contains(&serial.to_string())
    });
    let event = Event::Crl {
        issuer: ca_host::ISSUER.to_owned(),
        number: list.number(),
        sha256: Bytes::from(Sha256::digest(list.der()).as_slice()),
        this_update: records::time::seconds(list.this_update()),
        next_update: records::time::seconds(list.next_update()),
        entries: list.revoked().len() as u64,
    };
    round.change(RowChange::List(Box::new(list.clone())));
    round.record(event, Vec::new())?;
    let released = listed.iter().any(|serial| round.authority().revoked_as(serial).is_none());
    round.state.list_due = missing || released;
    Ok(())
}
