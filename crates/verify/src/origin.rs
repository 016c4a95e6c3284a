//! Whose bundle it is: the founding statement, by the root key, against the trust file.

use crate::bundle::EvidenceBundle;
use crate::verdict::{Failed, Verdict};
use pki::{Certificate, PublicKey};
use records::founding::{self, Founding};
use records::record::{Event, Record};
use records::trust::Trust;
use tlog::VerifierKey;

/// What everything else is checked with.
pub struct Origin {
    /// The founding digest names the city.
    pub founding: [u8; 32],
    /// The founding statement, whose signature was verified.
    pub statement: Founding,
    /// The log `control` signs its checkpoints with this key.
    pub control: VerifierKey,
    /// The log `access` signs its checkpoints with this key.
    pub access: VerifierKey,
}

const ITEM: &str = "founding statement";

/// Checks the founding statement by itself, then against the trust file.
pub fn check(bundle: &EvidenceBundle, trust: Option<&Trust>) -> Result<Origin, Failed> {
    let first = bundle.control.records.first().filter(|one| one.index == 0);
    let first = first.ok_or_else(|| Failed::missing("control 0", "leaf 0 is not there"))?;
    let record =
        Record::read(&first.record.0).map_err(|error| Failed::unread("control 0", &error))?;
    let Event::Founding { statement, signature, .. } = &record.event else {
        return Err(Failed::altered("control 0", "it is no founding statement"));
    };
    let opened = Founding::open(&statement.0, &signature.0)
        .ok_or_else(|| Failed::altered(ITEM, "the root key did not sign it"))?;
    let root =
        Certificate::read(&bundle.root).map_err(|error| Failed::unread("root.cer", &error))?;
    let root_key = PublicKey::read(&opened.root.0).map_err(|error| Failed::unread(ITEM, &error))?;
    if root.key().spki() != root_key.spki() || !root.is_signed_by(&root_key) {
        return Err(Failed::altered("root.cer", "it is not the root of the founding statement"));
    }
    let digest = founding::digest(&statement.0);
    if let Some(trust) = trust {
        trusted(trust, &digest, &root)?;
    }
    let key = |log: &str| key(&opened, trust, log);
    Ok(Origin {
        founding: digest,
        control: key("control")?,
        access: key("access")?,
        statement: opened,
    })
}

fn trusted(trust: &Trust, digest: &[u8; 32], root: &Certificate) -> Result<(), Failed> {
    let untrusted = |item: &str, why: &str| Failed::new(Verdict::Untrusted, item, why);
    if root.sha256().as_slice() != trust.root_sha256.0 {
        return Err(untrusted("root.cer", "another root than the trust file names"));
    }
    if digest.as_slice() != trust.founding.0 {
        return Err(untrusted(ITEM, "another city than the trust file names"));
    }
    Ok(())
}

/// The log's key: from outside if it is known there, else from the founding statement.
fn key(opened: &Founding, trust: Option<&Trust>, log: &str) -> Result<VerifierKey, Failed> {
    if let Some(key) = trust.and_then(|trust| trust.log_key(log)) {
        return Ok(key);
    }
    let stated = opened.logs.iter().find(|stated| stated.log == log);
    let key = stated.and_then(|stated| VerifierKey::read(&stated.vkey).ok());
    key.ok_or_else(|| Failed::altered(ITEM, format!("it names no key of {log}")))
}
