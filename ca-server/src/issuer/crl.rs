//! Revocation lists: built at once after a revocation and on schedule, numbered by compare-and-swap,
//! published as immutable files beside the current one.
//!
//! What stands in a list follows from the log and from revocations that are recorded and wait for it,
//! never from rows alone. A list that lacks an unexpired entry of the last one is not published.

use super::session::Session;
use super::{Issuer, IssuerError, kept};
use crate::CaConfig;
use crate::founding::ISSUER;
use crate::log::write_file;
use crate::store::ledger::{self, LedgerError};
use anyhow::Context;
use pki::crl::{Content, CrlError, RevocationList, RevocationReason, RevokedCertificate};
use pki::{Certificate, SerialNumber, Signer};
use records::record::Event;
use records::{Bytes, Code};
use service::fault;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::atomic::Ordering;
use store::{Store, Tx, execute, row, rows};

/// A root's list is good for this long, in hours: one year.
pub const ROOT_LIST_HOURS: u32 = 365 * 24;
/// The one shard of this version.
const SHARD: u32 = 0;
/// Entries stay this long behind the end of their certificate: one list at least (RFC 5280 3.3).
const KEPT_SECONDS: u64 = 7 * 86_400;

/// A list with no entries, under a number: an issuer's first, or the root's next.
pub fn empty(
    config: &CaConfig,
    name: &str,
    issuer: &Certificate,
    signer: &dyn Signer,
    (number, now): (u64, u64),
    hours: u32,
) -> Result<RevocationList, CrlError> {
    let url = (name == ISSUER).then(|| config.crl_url(name, SHARD));
    let identifier = issuer.key_identifier().unwrap_or_default();
    let content = Content {
        issuer: issuer.subject(),
        key_identifier: &identifier,
        number,
        this_update: now,
        next_update: now + u64::from(hours) * 3_600,
        shard_url: url.as_deref(),
        revoked: &[],
    };
    RevocationList::issue(&content, signer)
}

/// Keeps a list under its number, and records it. A number that is taken is an error: somebody else
/// published it.
pub async fn insert(
    tx: &mut Tx,
    maker: &str,
    micros: u64,
    issuer: &str,
    list: &RevocationList,
) -> Result<(), LedgerError> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    execute!(
        tx,
        "insert into crl (issuer, shard, number, this_update, next_update, list) \
         values ($1, $2, $3, $4, $5, $6)",
        issuer,
        i64::from(SHARD),
        number(list.number()),
        number(list.this_update()),
        number(list.next_update()),
        list.der().to_vec()
    )?;
    let event = Event::Crl {
        issuer: issuer.to_owned(),
        number: list.number(),
        sha256: Bytes::from(Sha256::digest(list.der()).as_slice()),
        this_update: records::time::seconds(list.this_update()),
        next_update: records::time::seconds(list.next_update()),
        entries: list.revoked().len() as u64,
    };
    ledger::write(tx, maker, micros, event, &[]).await?;
    Ok(())
}

/// Publishes the newest list of every issuer: the immutable numbered file first, then the current
/// one. Everything here follows from rows that are committed and can be made again.
pub async fn publish(store: &Store, public: &Path) -> anyhow::Result<()> {
    let mut tx = store.read().await?;
    let newest = rows!(
        &mut tx,
        (String, i64, Vec<u8>),
        "select issuer, number, list from crl as c where number = \
         (select max(number) from crl as d where d.issuer = c.issuer and d.shard = c.shard)"
    )?;
    for (issuer, number, list) in newest {
        let (current, folder) = match issuer.as_str() {
            "root" => ("crl/root.crl".to_owned(), "crl/root".to_owned()),
            _ => (format!("crl/{issuer}/{SHARD}.crl"), format!("crl/{issuer}/{SHARD}")),
        };
        let numbered = public.join(format!("{folder}/{number}.crl"));
        if !numbered.exists() {
            write_file(&numbered, &list)?;
        }
        let current = public.join(current);
        if std::fs::read(&current).ok().as_ref() != Some(&list) {
            write_file(&current, &list)?;
        }
    }
    Ok(())
}

impl Issuer {
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
