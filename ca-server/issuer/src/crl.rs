//! Revocation lists: built at once after a revocation and on schedule, numbered by compare-and-swap,
//! published as immutable files beside the current one.
//!
//! What stands in a list follows from the log and from revocations that are recorded and wait for it,
//! never from rows alone. A list that lacks an unexpired entry of the last one is not published.

use super::session::Session;
use super::{Issuer, IssuerError, kept};
use anyhow::Context;
use ca_host::ISSUER;
use ca_host::lists::{self, ListOf, SHARD};
use ca_store::crl::insert;
use pki::crl::{Content, RevocationList, RevocationReason, RevokedCertificate};
use pki::{SerialNumber, Signer};
use records::{Bytes, Code};
use service::fault;
use sha2::{Digest, Sha256};
use std::sync::atomic::Ordering;
use store::{Tx, row};

/// Entries stay this long behind the end of their certificate: one list at least (RFC 5280 3.3).
const KEPT_SECONDS: u64 = 7 * 86_400;

impl Issuer {
    /// Publishes the newest list of the root and of the issuing CA, each verified under the key of its
    /// issuer. Everything here follows from rows that are committed and can be made again.
    pub(super) async fn publish_lists(&self) -> Result<(), IssuerError> {
        let mut tx = self.store.read().await?;
        for (of, key) in [
            (ListOf::Root, self.root_certificate.key()),
            (ListOf::Issuing, self.issuing_certificate.key()),
        ] {
            let der = ca_store::crl::newest(&mut tx, of.name()).await?;
            let list = der.and_then(|der| RevocationList::read(&der).ok());
            let list = list.filter(|list| list.is_signed_by(key)).ok_or(Code::UnsignedAuthority)?;
            lists::publish(&self.config.path("public"), of, &list)?;
        }
        Ok(())
    }

    /// Whether a list has to be made: a revocation waits, or half of the last list's life is over.
    pub(super) async fn list_due(&self, tx: &mut Tx, now: u64) -> Result<bool, IssuerError> {
        let newest = row!(
            tx,
            (i64, i64),
            "select this_update, next_update from crl where issuer = $1 \
             order by number desc limit 1",
            ISSUER
        )?;
        let Some((this_update, next_update)) = newest else { return Ok(true) };
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        self.metrics.set("crl_seconds_left", next_update.saturating_sub(now));
        Ok(now > this_update + (next_update - this_update) / 2)
    }

    /// Makes the next list; it is published afterwards.
    pub(super) async fn make_list(&self) -> Result<(), IssuerError> {
        let mut session = self.begin().await?;
        let list = match self.write_list(&mut session).await {
            Ok(list) => list,
            Err(error) => {
                self.give_up(session).await?;
                return Err(error);
            }
        };
        fault::point("crl-before-commit");
        session.following.stale = true;
        session.following.crl_due = false;
        session.following.list =
            (list.number(), Bytes::from(Sha256::digest(list.der()).as_slice()));
        self.commit(session).await?;
        self.unpublished.store(true, Ordering::Relaxed);
        kept::save_head(&self.config, &*self.following.lock().await)?;
        self.metrics.count("crl", "done");
        Ok(())
    }

    /// The next list, signed and written as row and record.
    async fn write_list(&self, session: &mut Session<'_>) -> Result<RevocationList, IssuerError> {
        let previous = self.previous(session).await?;
        let now = self.list_time(&session.following).max(previous.this_update());
        let revoked = entries(session, now)?;
        let url = self.config.crl_url(ISSUER, SHARD);
        let identifier = self.issuing_certificate.key_identifier().unwrap_or_default();
        let content = Content {
            issuer: self.issuing_certificate.subject(),
            key_identifier: &identifier,
            number: previous.number() + 1,
            this_update: now,
            next_update: now + u64::from(self.config.issuer.crl_hours) * 3_600,
            shard_url: Some(&url),
            revoked: &revoked,
        };
        let list = RevocationList::issue(&content, &self.issuing).map_err(anyhow::Error::from)?;
        self.gate(session, &previous, &list, now)?;
        let micros = session.micros;
        insert(&mut session.tx, "issuer", micros, ISSUER, &list).await?;
        Ok(list)
    }

    /// The last list, if it is the one that the issuer's own state directory remembers, or a newer one
    /// of its own.
    async fn previous(&self, session: &mut Session<'_>) -> Result<RevocationList, IssuerError> {
        let newest = row!(
            &mut session.tx,
            (Vec<u8>,),
            "select list from crl where issuer = $1 order by number desc limit 1",
            ISSUER
        )?;
        let (der,) = newest.ok_or(Code::UnsignedAuthority)?;
        let list = RevocationList::read(&der).map_err(|_| Code::UnsignedAuthority)?;
        let (number, digest) = &session.following.list;
        let same = digest.0 == Sha256::digest(&der).as_slice();
        let fits = list.number() > *number || (list.number() == *number && same);
        if fits && list.is_signed_by(self.issuing.public_key()) {
            Ok(list)
        } else {
            session.following.alarms.insert("the last revocation list".into());
            Err(Code::UnsignedAuthority.into())
        }
    }

    /// Every unexpired entry of the last list stands in the new one.
    fn gate(
        &self,
        session: &Session<'_>,
        previous: &RevocationList,
        list: &RevocationList,
        now: u64,
    ) -> Result<(), IssuerError> {
        let listed: std::collections::HashSet<&SerialNumber> =
            list.revoked().iter().map(|(serial, _)| serial).collect();
        for (serial, _) in previous.revoked().iter().filter(|(serial, _)| !listed.contains(serial))
        {
            let known = session.authority()?.revoked_as(&serial.to_string());
            if known.is_none_or(|revoked| revoked.not_after + KEPT_SECONDS >= now) {
                self.metrics.condition("crl", "an entry of the last list is missing");
                return Err(Code::UnsignedAuthority.into());
            }
        }
        self.metrics.condition("crl", "");
        Ok(())
    }
}

fn entries(session: &Session<'_>, now: u64) -> Result<Vec<RevokedCertificate>, IssuerError> {
    let mut list = Vec::new();
    for (serial, revoked) in session.authority()?.all_revoked() {
        if revoked.not_after + KEPT_SECONDS < now {
            continue;
        }
        let serial = SerialNumber::from_hex(&serial.to_string()).context("serial number")?;
        let reason = RevocationReason::from_name(&revoked.reason).context("reason")?;
        list.push(RevokedCertificate { serial, at: revoked.at.min(now), reason });
    }
    list.sort_by(|a, b| a.serial.cmp(&b.serial));
    Ok(list)
}
