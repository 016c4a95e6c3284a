//! The request: its connection, its decision and its end, of which each is its agent's own word.

use crate::bundle::EvidenceBundle;
use crate::control::{Control, certificate_in, discloses, opens};
use crate::handshake::{self, HandshakeProof};
use crate::origin::Origin;
use crate::run::{self, AgentRecord};
use crate::verdict::Failed;
use pki::{Certificate, PublicKey, oid};
use policy::Circumstances;
use records::access::{Completion, Connection, Decision};
use records::commitment::{Commitment, Disclosure};
use records::record::Event;
use std::collections::BTreeSet;

/// A request whose records hold.
pub struct GateRequest {
    /// The request is named `AGENT/EPOCH/ASEQ`.
    pub name: String,
    /// The agent that recorded the request is named by its id.
    pub agent: String,
    /// When it was decided, as the agent says.
    pub time: String,
    /// The same in unix seconds.
    pub unix: u64,
    /// The decision as its agent recorded it.
    pub decision: Decision,
    /// The target is the canonical path with the query, as the agent recorded it.
    pub target: String,
    /// The client asked for this server name in its handshake (SNI).
    pub host: String,
    /// The handshake is proven so far as this says.
    pub handshake: HandshakeProof,
    /// The certificate that the person showed in the handshake.
    pub certificate: Certificate,
    /// Under what it was asked, as the record of its connection says.
    pub under: Circumstances,
    /// How it ended, if that is shown.
    pub completion: Option<Completion>,
    /// Records that no agent signed; nothing rests on them.
    pub left_out: Vec<String>,
}

/// What agents signed about the request.
#[derive(Default)]
struct RequestRecords<'a> {
    connections: Vec<(&'a AgentRecord<'a>, &'a Connection)>,
    decision: Option<(&'a AgentRecord<'a>, &'a Decision)>,
    completion: Option<(&'a AgentRecord<'a>, &'a Completion)>,
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
    let (records, left_out) = run::signed(parts, origin, control)?;
    let told = told(&records, name)?;
    let (decided, decision) = told
        .decision
        .ok_or_else(|| Failed::missing(name, "no run that its agent signed holds the decision"))?;
    let target = opens(decided.item(), &decision.target, "/target", &decided.shown().disclosures)?;
    let target = target.as_str().unwrap_or_default().to_owned();
    let opened = connection(control, decided, decision, &told.connections)?;
    let OpenedConnection { certificate, host, handshake, under } = opened;
    let completion = end(decided, decision, told.completion)?;
    Ok(GateRequest {
        name: name.to_owned(),
        agent: decided.agent().to_owned(),
        time: decided.record().time.clone(),
        unix: decided.record().unix(),
        decision: decision.clone(),
        target,
        host,
        handshake,
        certificate,
        under,
        completion,
        left_out,
    })
}

/// Each record for what it is; one that is about something else does not belong there.
fn told<'a>(records: &'a [AgentRecord<'a>], name: &str) -> Result<RequestRecords<'a>, Failed> {
    let mut told = RequestRecords::default();
    for one in records {
        let opened = &one.shown().disclosures;
        discloses(one.item(), shown(commitments(&one.record().event), opened), opened)?;
        let is_second = match &one.record().event {
            Event::Connection(seen) => {
                told.connections.push((one, seen));
                false
            }
            Event::Decision(decision) if one.name() == name => {
                told.decision.replace((one, decision)).is_some()
            }
            Event::Completion(ended) if ended.request == name => {
                told.completion.replace((one, ended)).is_some()
            }
            _ => return Err(Failed::altered(one.item(), "it does not belong to this request")),
        };
        if is_second {
            return Err(Failed::altered(one.item(), "its agent says it twice"));
        }
    }
    Ok(told)
}

/// Those of the commitments that something is shown of. Whoever lays a record again shows nothing:
/// what a request rests on is asked for where it is looked at.
fn shown(
    all: BTreeSet<(String, Commitment)>,
    opened: &[Disclosure],
) -> BTreeSet<(String, Commitment)> {
    let is_shown = |path: &str| opened.iter().any(|one| one.path == path);
    all.into_iter().filter(|(path, _)| is_shown(path)).collect()
}

/// What a record of a request commits to, by where it stands.
fn commitments(event: &Event) -> BTreeSet<(String, Commitment)> {
    let found = match event {
        Event::Connection(seen) => vec![
            ("/certificate", Some(&seen.certificate)),
            ("/source", Some(&seen.source)),
            ("/handshake", seen.handshake.as_ref()),
        ],
        Event::Decision(decision) => vec![("/target", Some(&decision.target))],
        _ => Vec::new(),
    };
    let found = found.into_iter().filter_map(|(path, value)| Some((path.to_owned(), value?)));
    found.map(|(path, value)| (path, value.clone())).collect()
}

/// How it ended: only the agent that let it pass says so, in the same run behind the decision; or,
/// when that run was cut short, another run of it says that nobody knows.
fn end(
    decided: &AgentRecord<'_>,
    decision: &Decision,
    told: Option<(&AgentRecord<'_>, &Completion)>,
) -> Result<Option<Completion>, Failed> {
    let Some((one, ended)) = told else { return Ok(None) };
    let (before, link) = (decided.link(), one.link());
    let is_same_run = link.epoch == before.epoch;
    let why = if one.agent() != decided.agent() {
        "the end of another agent's request"
    } else if !is_same_run && ended.outcome != Completion::UNKNOWN {
        "another run tells how it ended"
    } else if is_same_run && link.aseq <= before.aseq {
        "it ended before it was decided"
    } else if decision.outcome != "permitted" {
        "the end of a request that was denied"
    } else {
        return Ok(Some(ended.clone()));
    };
    Err(Failed::altered(one.item(), why))
}

/// What the record of a connection shows.
struct OpenedConnection {
    certificate: Certificate,
    host: String,
    handshake: HandshakeProof,
    under: Circumstances,
}

/// The profile of a person's certificate, by the policy that it states.
fn profile(control: &Control, certificate: &Certificate) -> Option<&'static str> {
    let arc = oid::Arc::read(&control.authority.founding().city.arc)?;
    let stated = certificate.extension(oid::CERTIFICATE_POLICIES)?;
    let found = [(1, "official"), (2, "staff")].into_iter().find(|(number, _)| {
        let policy = arc.policy(*number).map(pki::extension::policy);
        matches!(policy, Some(Ok(policy)) if stated == policy.value.as_bytes())
    });
    found.map(|(_, profile)| profile)
}

/// The connection that the decision names: opened by the key of the certificate, and by no other
/// connection with the same signature.
fn connection(
    control: &Control,
    decided: &AgentRecord<'_>,
    decision: &Decision,
    connections: &[(&AgentRecord<'_>, &Connection)],
) -> Result<OpenedConnection, Failed> {
    let found = connections.iter().find(|(one, _)| one.name() == decision.connection);
    let (one, seen) = *found.ok_or_else(|| {
        Failed::missing(&decision.connection, "no run that its agent signed holds the connection")
    })?;
    let (item, disclosures) = (one.item(), &one.shown().disclosures);
    let other = connections.iter().find(|(other, _)| other.item() != item);
    if let Some((other, again)) = other {
        let why = match again.message == seen.message {
            true => "another connection shows the same signature",
            false => "it does not belong to this request",
        };
        return Err(Failed::altered(other.item(), why));
    }
    // Opened at this agent, in this run, before the request.
    let same = one.agent() == decided.agent() && one.link().epoch == decided.link().epoch;
    if !same || one.link().aseq >= decided.link().aseq {
        return Err(Failed::altered(item, "the connection is of another run, or later"));
    }
    let source = opens(item, &seen.source, "/source", disclosures)?;
    let source = source.as_str().and_then(|source| source.parse().ok());
    let value = opens(item, &seen.certificate, "/certificate", disclosures)?;
    let certificate = certificate_in(item, value)?;
    let issuing = PublicKey::read(&control.authority.founding().keys.issuing.0)
        .map_err(|error| Failed::unread("founding statement", &error))?;
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
    let handshake = handshake::check(item, seen, &certificate, disclosures)?;
    let under = Circumstances {
        source,
        certificate: profile(control, &certificate),
        tls: if seen.tls == "1.2" { 12 } else { 13 },
        authenticated: one.record().unix(),
    };
    Ok(OpenedConnection { certificate, host: seen.host.clone(), handshake, under })
}
