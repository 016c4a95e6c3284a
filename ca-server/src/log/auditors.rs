//! Who may ask the log: authority as the `control` log says it, followed here by this process itself.
//! Rows decide nothing.

use crate::store::ledger;
use anyhow::{Context, ensure};
use audit::authority::Authority;
use audit::record::Record;
use audit::rules::Role;
use audit::{Code, trust::Trust};
use pki::Certificate;
use std::collections::BTreeMap;
use store::{Store, pending};
use tlog::merkle::leaf_hash;
use tlog::{Checkpoint, Edge};
use tokio::sync::Mutex;

const LOG: &str = "control";
const CHUNK: i64 = 2_000;
const PENDING_MAX: i64 = 10_000;
/// A request may be this old or this far ahead, in seconds.
const SKEW_SECONDS_MAX: u64 = 300;

/// An auditor, and over which units.
pub(super) struct Auditor {
    pub(super) person: String,
    /// `None` for the whole city.
    pub(super) scopes: Option<Vec<String>>,
}

#[derive(Default)]
struct Followed {
    authority: Option<Authority>,
    edge: Edge,
    /// Nonces of requests and when they can be forgotten, unix.
    nonces: BTreeMap<Vec<u8>, u64>,
}

/// Follows authority.
pub(super) struct Auditors {
    trust: Trust,
    followed: Mutex<Followed>,
}

impl Auditors {
    pub(super) fn new(trust: Trust) -> Self {
        Self { trust, followed: Mutex::default() }
    }

    /// The auditor who made a request that is fresh and was not made before.
    pub(super) async fn admit(
        &self,
        store: &Store,
        certificate: &Certificate,
        (nonce, asked): (&[u8], u64),
        now: u64,
    ) -> Result<Auditor, Code> {
        let mut followed = self.followed.lock().await;
        self.follow(&mut followed, store).await.map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "following");
            Code::LogBehind
        })?;
        let authority = followed.authority.as_ref().ok_or(Code::LogBehind)?;
        let person = authority.credential_holder(certificate, now).map_err(|code| match code {
            Code::ApproverExpired => Code::CertificateExpired,
            Code::ApproverRevoked => Code::CertificateRevoked,
            _ => Code::NotYourRoute,
        })?;
        let held = authority.person(&person).map(|state| state.roles.clone()).unwrap_or_default();
        let scopes: Vec<String> = held
            .into_iter()
            .filter(|(role, scope)| {
                *role == Role::Auditor && authority.holds(&person, *role, scope)
            })
            .map(|(_, scope)| scope)
            .collect();
        if scopes.is_empty() {
            return Err(Code::NotYourRoute);
        }
        let city = scopes.iter().any(|scope| scope == authority.city_unit());
        if asked.abs_diff(now) > SKEW_SECONDS_MAX {
            return Err(Code::ChallengeUsed);
        }
        followed.nonces.retain(|_, until| *until >= now);
        let until = now + 2 * SKEW_SECONDS_MAX;
        if followed.nonces.insert(nonce.to_vec(), until).is_some() {
            return Err(Code::ChallengeUsed);
        }
        Ok(Auditor { person, scopes: (!city).then_some(scopes) })
    }

    /// Whether a unit is within an auditor's scope.
    pub(super) async fn covers(&self, auditor: &Auditor, unit: &str) -> bool {
        let Some(scopes) = &auditor.scopes else { return true };
        let followed = self.followed.lock().await;
        let authority = followed.authority.as_ref();
        authority.is_some_and(|authority| {
            authority.above(unit).iter().any(|above| scopes.iter().any(|scope| scope == above))
        })
    }

    /// The unit of a person.
    pub(super) async fn unit_of(&self, person: &str) -> Option<String> {
        let followed = self.followed.lock().await;
        followed.authority.as_ref()?.person(person).map(|state| state.unit.clone())
    }

    async fn follow(&self, followed: &mut Followed, store: &Store) -> anyhow::Result<()> {
        let mut tx = store.read().await?;
        let (size, root, note) = ledger::head(&mut tx, LOG).await?.context("head")?;
        let key = self.trust.log_key(LOG).context("trust file")?;
        let head = Checkpoint::open(&note, &key, audit::label::verify_ed25519)?;
        ensure!((head.size, head.root) == (size, root), "the head's row is not the signed one");
        ensure!(size >= followed.edge.size(), "the log went back");
        let mut authority = followed.authority.take();
        let mut edge = followed.edge.clone();
        if let Some(authority) = &mut authority {
            authority.forget_pending();
        }
        while edge.size() < size {
            let entries = ledger::entries(&mut tx, LOG, edge.size(), CHUNK).await?;
            ensure!(!entries.is_empty(), "entries are missing");
            for (index, bytes, salt) in entries {
                if edge.size() == size {
                    break;
                }
                ensure!(index == edge.size(), "an entry is missing");
                let salt = salt.as_slice().try_into()?;
                edge.append(leaf_hash(&audit::record::entry(salt, &bytes)));
                let record = Record::read(&bytes)?;
                match &mut authority {
                    None => {
                        let founding = self.trust.founding.digest().context("trust file")?;
                        authority = Some(Authority::found(&record, &founding)?);
                    }
                    // Without effect means without effect here too.
                    Some(authority) => drop(authority.apply(&record)),
                }
            }
        }
        ensure!(edge.root() == root, "the entries do not lead to the head");
        let waiting = pending::waiting(&mut tx, LOG, 0, PENDING_MAX).await?;
        let records: Vec<Record> =
            waiting.iter().filter_map(|(_, waits)| Record::read(&waits.record).ok()).collect();
        if let Some(authority) = &mut authority {
            authority.notice_pending(&records);
        }
        followed.authority = authority;
        followed.edge = edge;
        Ok(())
    }
}
