//! The agents' own word: a record of `access` counts only where it stands in a piece of a run that
//! leads to a head which its agent signed, with a key that joined under the agent's order. Anybody
//! can have a record numbered that claims to be an agent's; what no agent signed is left out.

use crate::bundle::RequestParts;
use crate::control::Control;
use crate::origin::Origin;
use crate::verdict::{Failed, Verdict};
use pki::Certificate;
use records::Bytes;
use records::access::{Link, request_id};
use records::evidence::{DisclosedRecord, PIECES_MAX};
use records::record::{Event, Record};
use records::run::SignedPiece;
use std::collections::BTreeSet;
use tlog::Checkpoint;

/// A record that its agent signed. Only [`signed`] makes one.
///
/// ```compile_fail,E0451
/// let signed: verify::run::AgentRecord<'_> = todo!();
/// let forged = verify::run::AgentRecord { agent: "another".into(), ..signed };
/// ```
pub struct AgentRecord<'a> {
    item: String,
    shown: &'a DisclosedRecord,
    record: Record,
    agent: String,
    link: Link,
}

impl AgentRecord<'_> {
    /// How it is called where something does not hold.
    pub fn item(&self) -> &str {
        &self.item
    }

    /// The record with its proof and what opens its commitments.
    pub fn shown(&self) -> &DisclosedRecord {
        self.shown
    }

    /// The record as its agent made it.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The agent whose word it is, by its id.
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// Its place in the run.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The record is named `AGENT/EPOCH/ASEQ`.
    pub fn name(&self) -> String {
        request_id(&self.agent, &self.link.epoch, self.link.aseq)
    }
}

/// The records of `access` that agents signed, and which were left out.
pub fn signed<'a>(
    parts: &'a RequestParts,
    origin: &Origin,
    control: &Control,
) -> Result<(Vec<AgentRecord<'a>>, Vec<String>), Failed> {
    let opened = opened(parts, origin)?;
    let numbers = opened.iter().map(|one| one.link.aseq).collect();
    let pieces = pieces(parts, &numbers, control)?;
    let (mut counted, mut left_out) = (Vec::new(), Vec::new());
    for one in opened {
        let entry = one.shown.proven.entry();
        let holds = |piece: &SignedPiece| {
            entry.is_some_and(|entry| piece.holds(&one.agent, &one.link, &entry))
        };
        if pieces.iter().any(holds) {
            counted.push(one);
        } else {
            left_out.push(format!("{} ({})", one.item, one.record.event.kind()));
        }
    }
    Ok((counted, left_out))
}

/// The records in their places in the log, each once.
fn opened<'a>(parts: &'a RequestParts, origin: &Origin) -> Result<Vec<AgentRecord<'a>>, Failed> {
    let head =
        Checkpoint::open(&parts.access.checkpoint, &origin.access, records::label::verify_ed25519)
            .map_err(|_| Failed::altered("access checkpoint", "the log's key did not sign it"))?;
    let mut opened = Vec::with_capacity(parts.access.records.len());
    let mut last = None;
    for shown in &parts.access.records {
        let index = shown.proven.index;
        let item = format!("access {index}");
        let record = shown.proven.open(&head).filter(|record| record.log == "access");
        let record =
            record.ok_or_else(|| Failed::altered(&item, "it is not what the log holds there"))?;
        if last.replace(index).is_some_and(|last| last >= index) {
            return Err(Failed::altered(item, "it is there twice, or not in the log's order"));
        }
        let (Some(agent), Some(link)) = (record.agent().map(str::to_owned), record.link.clone())
        else {
            return Err(Failed::altered(item, "no agent records this"));
        };
        opened.push(AgentRecord { item, shown, record, agent, link });
    }
    Ok(opened)
}

/// The pieces of runs, each signed with a key of its agent.
fn pieces(
    parts: &RequestParts,
    numbers: &BTreeSet<u64>,
    control: &Control,
) -> Result<Vec<SignedPiece>, Failed> {
    if parts.run.len() > PIECES_MAX {
        return Err(Failed::new(Verdict::Malformed, "run", "more pieces than a request has"));
    }
    let mut pieces = Vec::with_capacity(parts.run.len());
    for (at, piece) in parts.run.iter().enumerate() {
        let opened =
            piece.open(numbers).map_err(|error| Failed::unread(format!("run {at}"), &error))?;
        joined(control, opened.agent(), opened.certificate())?;
        pieces.push(opened);
    }
    Ok(pieces)
}

/// The key joined under the agent's order, or renewed a key that did.
fn joined(control: &Control, agent: &str, certificate: &Certificate) -> Result<(), Failed> {
    let serial = certificate.serial().to_string();
    let issued = control.certificates.get(&serial);
    let issued = issued.ok_or_else(|| {
        Failed::missing(format!("certificate {serial}"), "the agent's certificate is not recorded")
    })?;
    let state = control.authority.agent(agent);
    let state = state.ok_or_else(|| Failed::missing(agent, "the agent's order is not there"))?;
    let key = Bytes::from(certificate.key().sha256());
    let known = control.events().any(|event| match event {
        Event::Joined { agent: joined, .. } => joined == agent,
        _ => false,
    });
    if !known || !(state.keys.contains(&key) || state.past.contains(&key)) {
        return Err(Failed::missing(agent, "the agent did not join with this key"));
    }
    if issued.sha256() != certificate.sha256() {
        return Err(Failed::altered("agent's certificate", "it is not the one that was issued"));
    }
    Ok(())
}
