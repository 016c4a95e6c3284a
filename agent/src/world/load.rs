//! Verifying what comes: a list by the issuing key, a snapshot by the registry key, rules by their
//! lineage from the founding statement. What does not verify changes nothing.

use super::generation::{KnownPeople, Revocations, Rules};
use super::marks::{Backwards, Marks, follows};
use super::unlisted::VerifiedUnlisted;
use anyhow::Context;
use authority::lineage::replay_lineage;
use pki::PublicKey;
use pki::crl::RevocationList;
use policy::Bundle;
use records::Bytes;
use records::floor::{LogHead, NotFollowed};
use records::join::JoinFile;
use records::lineage::{Lineage, LineageError};
use records::people::{SNAPSHOT_SECONDS_MAX, SignedPeople};
use records::time::SKEW_SECONDS_MAX;
use records::unlisted::Unlisted;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// No revocation list is good for longer, in seconds: 31 days.
const LIST_SECONDS_MAX: u64 = 31 * 86_400;

/// Whom this agent believes: what its join file pinned, and the keys of the founding statement.
pub struct Anchors {
    /// The agent is named by its id: lower-case letters, digits and hyphens.
    pub agent: String,
    /// The application that this gate stands in front of is named by its id.
    pub application: String,
    /// The gate answers for these host names, and for no other.
    pub hosts: Vec<String>,
    order: Bytes,
    founding: [u8; 32],
    control: tlog::VerifierKey,
    /// Keys of the founding statement; known once the first lineage came.
    keys: Option<FoundingKeys>,
}

struct FoundingKeys {
    issuing: PublicKey,
    registry: PublicKey,
    status: PublicKey,
}

/// Why something is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum NotAccepted {
    /// Nobody entitled to it signed it.
    #[error("{0} is not signed by whom it must be")]
    Unsigned(&'static str),
    /// It cannot be read.
    #[error("{0} cannot be read")]
    Malformed(&'static str),
    /// It is for another agent, application or city.
    #[error("{0} is for someone else")]
    Foreign(&'static str),
    /// Its times are outside what is allowed.
    #[error("the times of {0} are not acceptable")]
    Times(&'static str),
    /// Its number.
    #[error("{what}: {cause}")]
    Number {
        /// The document that is not newer.
        what: &'static str,
        /// The number says in which way it is not accepted.
        cause: Backwards,
    },
    /// The lineage does not hold.
    #[error("the rules' lineage: {0}")]
    Lineage(#[from] LineageError),
    /// The log of the lineage does not go on from what was seen of it.
    #[error("the rules: {0}")]
    Log(NotFollowed),
    /// The bundle cannot be read, or breaks a rule of its own.
    #[error("the rules: {0}")]
    Bundle(#[from] policy::BundleError),
    /// The rules that a snapshot names did not come.
    #[error("the rules of version {0} that the people snapshot names did not come")]
    Withheld(u32),
    /// The founding statement is not known yet.
    #[error("the founding statement did not come yet")]
    Early,
}

/// By what the log of a lineage is known to go on from the newest checkpoint that was accepted.
#[derive(Clone, Copy)]
pub(super) enum Continuation<'a> {
    /// `status` proves it.
    Proof(&'a [Bytes]),
    /// This gate judged the lineage when it came, and kept it.
    Kept,
}

impl Anchors {
    /// What a join file pins.
    pub fn new(joined: &JoinFile) -> anyhow::Result<Self> {
        Ok(Self {
            agent: joined.agent.clone(),
            application: joined.application.clone(),
            hosts: joined.hosts.clone(),
            order: joined.order.clone(),
            founding: joined.trust.founding.digest().context("founding digest")?,
            control: joined.trust.log_key("control").context("key of the control log")?,
            keys: None,
        })
    }

    /// Reads a revocation list and verifies it, as far as this gate needs it.
    pub(super) fn list(
        &self,
        der: &[u8],
        marks: &mut Marks,
        now: u64,
    ) -> Result<Arc<Revocations>, NotAccepted> {
        const WHAT: &str = "the revocation list";
        let keys = self.keys.as_ref().ok_or(NotAccepted::Early)?;
        let list = RevocationList::read(der).map_err(|_| NotAccepted::Malformed(WHAT))?;
        if !list.is_signed_by(&keys.issuing) {
            return Err(NotAccepted::Unsigned(WHAT));
        }
        times(WHAT, list.this_update(), list.next_update(), LIST_SECONDS_MAX, now)?;
        let digest = Bytes::from(Sha256::digest(der).as_slice());
        numbered(WHAT, &mut marks.crl, list.number(), digest)?;
        Ok(Arc::new(Revocations::new(&list)))
    }

    /// What is revoked beside the list. It only takes away; a list takes its place once that was
    /// accepted.
    pub(super) fn beside(&self, signed: &Unlisted) -> Result<Arc<VerifiedUnlisted>, NotAccepted> {
        const WHAT: &str = "what stands in no list";
        let keys = self.keys.as_ref().ok_or(NotAccepted::Early)?;
        let read = signed.open(&keys.status, &self.founding).ok_or(NotAccepted::Unsigned(WHAT))?;
        VerifiedUnlisted::new(signed, &read).map(Arc::new).ok_or(NotAccepted::Malformed(WHAT))
    }

    /// A people snapshot, where one of `rules` must be those that it names.
    pub(super) fn people(
        &self,
        signed: &SignedPeople,
        rules: &[Arc<Rules>],
        marks: &mut Marks,
        now: u64,
    ) -> Result<Arc<KnownPeople>, NotAccepted> {
        const WHAT: &str = "the people snapshot";
        let keys = self.keys.as_ref().ok_or(NotAccepted::Early)?;
        let snapshot = signed.open(&keys.registry).ok_or(NotAccepted::Unsigned(WHAT))?;
        let ours = snapshot.agent == self.agent
            && snapshot.application == self.application
            && snapshot.hosts == self.hosts
            && snapshot.order == self.order
            && snapshot.founding.0 == self.founding;
        if !ours {
            return Err(NotAccepted::Foreign(WHAT));
        }
        let known = KnownPeople::new(&snapshot);
        if !rules.iter().any(|rules| rules.are_named_by(&known.policy)) {
            return Err(NotAccepted::Withheld(snapshot.bundle));
        }
        let (this, next) = (snapshot.this_update_unix(), snapshot.next_update_unix());
        times(WHAT, this, next, SNAPSHOT_SECONDS_MAX, now)?;
        let digest = Bytes::from(Sha256::digest(&signed.snapshot.0).as_slice());
        numbered(WHAT, &mut marks.people, snapshot.number, digest)?;
        Ok(Arc::new(known))
    }

    /// The rules, by the records from which they follow, in a log that goes on from what was seen
    /// of it.
    pub(super) fn rules(
        &mut self,
        lineage: &Lineage,
        by: Continuation<'_>,
        marks: &mut Marks,
    ) -> Result<Arc<Rules>, NotAccepted> {
        const WHAT: &str = "the rules";
        let (_, authority) = replay_lineage(lineage, &self.control, &self.founding)?;
        let head = LogHead::open(&lineage.checkpoint, &self.control);
        let head = head.map_err(|_| LineageError::Checkpoint)?;
        self.continued(&marks.control, &head, by)?;
        let key =
            |bytes: &Bytes| PublicKey::read(&bytes.0).map_err(|_| NotAccepted::Malformed(WHAT));
        let keys = &authority.founding().keys;
        self.keys = Some(FoundingKeys {
            issuing: key(&keys.issuing)?,
            registry: key(&keys.registry)?,
            status: key(&keys.status)?,
        });
        let state = authority.bundle();
        let files = state.files.iter().map(|file| (file.name.clone(), file.content.clone()));
        let bundle = Bundle::read(state.version, files)?;
        let version = u64::from(state.version);
        numbered(WHAT, &mut marks.bundle, version, state.digest.clone())?;
        head.note().clone_into(&mut marks.control);
        Ok(Arc::new(Rules {
            version: state.version,
            digest: state.digest.clone(),
            application: bundle.application(&self.application).cloned(),
        }))
    }

    /// Whether a log goes on from the newest checkpoint of it that was accepted.
    fn continued(
        &self,
        mark: &str,
        head: &LogHead,
        by: Continuation<'_>,
    ) -> Result<(), NotAccepted> {
        if mark.is_empty() {
            return Ok(());
        }
        let seen = LogHead::open(mark, &self.control);
        let seen = seen.map_err(|_| NotAccepted::Unsigned("the mark of the log"))?;
        let followed = match by {
            Continuation::Proof(hashes) => head.follows(&seen, hashes),
            Continuation::Kept => head.was_kept_beside(&seen),
        };
        followed.map_err(NotAccepted::Log)
    }
}

/// What is over takes no place: the number of what is newer would be a mark, and what is there is
/// no worse.
fn times(what: &'static str, this: u64, next: u64, max: u64, now: u64) -> Result<(), NotAccepted> {
    let is_now = this <= now + SKEW_SECONDS_MAX && now <= next;
    match is_now && this <= next && next - this <= max {
        true => Ok(()),
        false => Err(NotAccepted::Times(what)),
    }
}

fn numbered(
    what: &'static str,
    mark: &mut (u64, Bytes),
    number: u64,
    digest: Bytes,
) -> Result<(), NotAccepted> {
    follows(mark, number, &digest).map_err(|cause| NotAccepted::Number { what, cause })?;
    *mark = (number, digest);
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use keys::SoftwareSigner;
    use pki::Signer;
    use pki::crl::{ListContent, RevocationReason, RevokedCertificate};
    use pki::name::Text;

    const NOW: u64 = 1_800_000_000;
    const HOUR: u64 = 3_600;

    /// A list in which nothing stands.
    fn list(signer: &SoftwareSigner, number: u64, life: (u64, u64)) -> Vec<u8> {
        list_of(signer, number, life, &[])
    }

    /// A list in which these stand as revoked.
    pub(crate) fn list_of(
        signer: &SoftwareSigner,
        number: u64,
        life: (u64, u64),
        revoked: &[pki::SerialNumber],
    ) -> Vec<u8> {
        let (this_update, next_update) = life;
        let issuer = pki::name::Subject {
            country: "CN".into(),
            organization: Text::read("商洛市").unwrap(),
            units: Vec::new(),
            common_name: Text::read("issuing").unwrap(),
            serial_number: None,
        };
        let entry = |serial: &pki::SerialNumber| RevokedCertificate {
            serial: serial.clone(),
            at: this_update,
            reason: RevocationReason::KeyCompromise,
        };
        let content = ListContent {
            issuer: &issuer.to_name().unwrap(),
            key_identifier: &[7; 20],
            number,
            this_update,
            next_update,
            shard_url: None,
            revoked: &revoked.iter().map(entry).collect::<Vec<_>>(),
        };
        RevocationList::issue(&content, signer).unwrap().der().to_vec()
    }

    /// Of a city in which one key is every key.
    pub(crate) fn anchors(signer: &SoftwareSigner) -> Anchors {
        let key = || signer.public_key().clone();
        let keys = FoundingKeys { issuing: key(), registry: key(), status: key() };
        Anchors {
            agent: "gate-1".into(),
            application: "documents".into(),
            hosts: Vec::new(),
            order: Bytes::default(),
            founding: [7; 32],
            control: tlog::VerifierKey::new("control", [7; 32]).unwrap(),
            keys: Some(keys),
        }
    }

    /// A list that is over, or whose time has not come, changes nothing, whatever its number: the
    /// one before it stays, and the next one with that number is taken.
    #[test]
    fn a_list_that_is_over_takes_no_place() {
        let signer = SoftwareSigner::generate_p256().unwrap();
        let anchors = anchors(&signer);
        let mut marks = Marks::default();
        let mut taken = |number, life| {
            let der = list(&signer, number, life);
            let taken = anchors.list(&der, &mut marks, NOW).is_ok();
            (taken, marks.crl.0)
        };
        assert_eq!(taken(4, (NOW - HOUR, NOW + HOUR)), (true, 4));
        assert_eq!(taken(5, (NOW - 30 * HOUR, NOW - 6 * HOUR)), (false, 4));
        assert_eq!(taken(5, (NOW - HOUR, NOW - 1)), (false, 4));
        assert_eq!(taken(5, (NOW + SKEW_SECONDS_MAX + 1, NOW + HOUR)), (false, 4));
        assert_eq!(taken(5, (NOW - HOUR, NOW)), (true, 5));
    }
}
