//! The request: its connection, its decision and its end, each in its place in the access log.

use crate::bundle::EvidenceBundle;
use crate::control::{Control, certificate_in, opens};
use crate::handshake::{self, HandshakeProof};
use crate::origin::Origin;
use crate::verdict::Failed;
use pki::{Certificate, PublicKey};
use records::access::{Completion, Connection, Decision, Link, request_id};
use records::evidence::Shown;
use records::record::{Event, Record};
use tlog::Checkpoint;

/// A request whose records hold.
pub struct GateRequest {
    /// Its name.
    pub name: String,
    /// Agent id.
    pub agent: String,
    /// When it was decided, as the agent says.
    pub time: String,
    /// The decision's record.
    pub record: Record,
    /// The decision's entry.
    pub entry: [u8; 32],
    /// Its place in the agent's run.
    pub link: Link,
    /// The decision.
    pub decision: Decision,
    /// Canonical path and query.
    pub target: String,
    /// Server name of the connection.
    pub host: String,
    /// How it was opened.
    pub handshake: HandshakeProof,
    /// The person's certificate.
    pub certificate: Certificate,
    /// How it ended, if that was recorded.
    pub completion: Option<Completion>,
    /// Whether the rules that were in force were evaluated again, and gave the same.
    pub rules_agree: bool,
}

/// Checks the records of the request with this name.
pub fn check(
    bundle: &EvidenceBundle,
    origin: &Origin,
    control: &Control,
    name: &str,
) -> Result<GateRequest, Failed> {
    let parts = bundle.request.as_ref();
    let parts = parts.ok_or_else(|| Failed::missing("access", "there are no access records"))?;
    let head =
        Checkpoint::open(&parts.access.checkpoint, &origin.access, records::label::verify_ed25519)
            .map_err(|_| Failed::altered("access checkpoint", "the log's key did not sign it"))?;
    let mut connections = Vec::new();
    let mut decided = None;
    let mut completion = None;
    for shown in &parts.access.records {
        let item = format!("access {}", shown.proven.index);
        let record = shown.proven.open(&head).filter(|record| record.log == "access");
        let record =
            record.ok_or_else(|| Failed::altered(&item, "it is not what the log holds there"))?;
        match &record.event {
            Event::Connection(seen) => {
                let link = linked(&item, &record)?;
                connections.push((id(&record, &link), (**seen).clone(), shown, item));
            }
            Event::Decision(decision) => {
                let link = linked(&item, &record)?;
                if id(&record, &link) == name {
                    decided = Some((record.clone(), (**decision).clone(), link, shown, item));
                }
            }
            Event::Completion(ended) if ended.request == name => {
                // Only the agent that let it pass says how it ended, and says it once.
                let own = name.starts_with(&format!("{}/", agent_of(&record)));
                if !own || completion.is_some() {
                    return Err(Failed::altered(
                        item,
                        "the end of another request, or a second one",
                    ));
                }
                completion = Some(ended.clone());
            }
            _ => return Err(Failed::altered(item, "it does not belong to this request")),
        }
    }
    let (record, decision, link, shown, item) =
        decided.ok_or_else(|| Failed::missing(name, "the decision is not there"))?;
    let target = opens(&item, &decision.target, "/target", &shown.disclosures)?;
    let target = target.as_str().unwrap_or_default().to_owned();
    let (certificate, host, handshake) =
        connection(control, (&record, &link), &decision, &connections)?;
    let entry = shown.proven.entry();
    let entry = entry.ok_or_else(|| Failed::altered(&item, "its salt is not 32 bytes"))?;
    let agent = agent_of(&record).to_owned();
    let time = record.time.clone();
    let name = name.to_owned();
    Ok(GateRequest {
        name,
        agent,
        time,
        record,
        entry,
        link,
        decision,
        target,
        host,
        handshake,
        certificate,
        completion,
        rules_agree: false,
    })
}

type Opened<'a> = (String, Connection, &'a Shown, String);

/// The connection that the decision names: opened by the key of the certificate, and by no other
/// connection with the same signature.
fn connection(
    control: &Control,
    (record, link): (&Record, &Link),
    decision: &Decision,
    connections: &[Opened<'_>],
) -> Result<(Certificate, String, HandshakeProof), Failed> {
    let found = connections.iter().find(|(id, ..)| *id == decision.connection);
    let (_, seen, shown, item) = found
        .ok_or_else(|| Failed::missing(&decision.connection, "the connection is not there"))?;
    if connections.len() > 1 {
        return Err(Failed::altered(item, "another connection shows the same signature"));
    }
    // Opened at this agent, in this run, before the request.
    let run = format!("{}/{}/", agent_of(record), link.epoch);
    let before = decision.connection.strip_prefix(&run).and_then(|aseq| aseq.parse::<u64>().ok());
    if before.is_none_or(|aseq| aseq >= link.aseq) {
        return Err(Failed::altered(item, "the connection is of another run, or later"));
    }
    opens(item, &seen.source, "/source", &shown.disclosures)?;
    let value = opens(item, &seen.certificate, "/certificate", &shown.disclosures)?;
    let certificate = certificate_in(item, value)?;
    let issuing = PublicKey::read(&control.authority.founding().keys.issuing.0)
        .map_err(|error| Failed::altered("founding statement", error.to_string()))?;
    let issued = control.certificates.get(&seen.serial);
    let issued = issued.ok_or_else(|| {
        Failed::missing(format!("certificate {}", seen.serial), "its record is not there")
    })?;
    let same = issued.sha256() == certificate.sha256()
        && seen.sha256.0 == certificate.sha256()
        && certificate.serial().to_string() == seen.serial
        && certificate.is_signed_by(&issuing)
        && certificate.subject().person() == Some(seen.person.as_str())
        && (&seen.person, &seen.serial) == (&decision.person, &decision.serial);
    if !same {
        return Err(Failed::altered(
            item,
            "certificate, person and decision do not belong together",
        ));
    }
    let handshake = handshake::check(item, seen, &certificate, &shown.disclosures)?;
    Ok((certificate, seen.host.clone(), handshake))
}

fn linked(item: &str, record: &Record) -> Result<Link, Failed> {
    record.link.clone().ok_or_else(|| Failed::altered(item, "it has no place in a run"))
}

fn agent_of(record: &Record) -> &str {
    record.maker.strip_suffix("/agent").unwrap_or_default()
}

fn id(record: &Record, link: &Link) -> String {
    request_id(agent_of(record), &link.epoch, link.aseq)
}
