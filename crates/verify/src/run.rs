//! The agent's own word: from the decision's entry, the chain leads to a head that the agent
//! signed, with the key that joined under its order.

use crate::access::GateRequest;
use crate::bundle::EvidenceBundle;
use crate::control::Control;
use crate::verdict::Failed;
use pki::Certificate;
use records::Bytes;
use records::access::chain;
use records::record::Event;

/// Checks the run.
pub fn check(
    bundle: &EvidenceBundle,
    control: &Control,
    request: &GateRequest,
) -> Result<(), Failed> {
    let parts = bundle.request.as_ref();
    let parts = parts.ok_or_else(|| Failed::missing("run.json", "the file is not there"))?;
    let run = &parts.run;
    let certificate = Certificate::read(&run.certificate.0)
        .map_err(|error| Failed::altered("agent's certificate", error.to_string()))?;
    joined(control, &request.agent, &certificate)?;
    let head = run.head.open(certificate.key());
    let head = head.ok_or_else(|| Failed::altered("spool head", "the agent did not sign it"))?;
    if head.agent != request.agent || head.epoch != request.link.epoch {
        return Err(Failed::altered("spool head", "it is of another run"));
    }
    let wanted = head.count.checked_sub(request.link.aseq + 1);
    let here = run.entries.len() as u64;
    if wanted.is_none_or(|wanted| here < wanted) {
        return Err(Failed::missing("run", "entries between the decision and the head"));
    }
    let prev = request.link.prev.digest();
    let mut value = prev.ok_or_else(|| Failed::altered("run", "no chain value"))?;
    value = chain(&value, &request.entry);
    for entry in &run.entries {
        let entry = entry.digest().ok_or_else(|| Failed::altered("run", "an entry"))?;
        value = chain(&value, &entry);
    }
    if wanted != Some(here) || head.chain != Bytes::from(value) {
        return Err(Failed::altered("run", "the chain does not lead to the signed head"));
    }
    Ok(())
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
