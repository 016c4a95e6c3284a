//! The decision again: the people, the revocation list and the rules that it names, and what they
//! give for this request. That nothing newer was there already does not follow.

use crate::access::GateRequest;
use crate::bundle::{EvidenceBundle, RequestParts};
use crate::control::Control;
use crate::verdict::Failed;
use pki::PublicKey;
use pki::crl::RevocationList;
use policy::{AccessRequest, Answer, CanonicalPath, People};
use records::Bytes;
use records::access::{Decision, Exception, ExceptionKind};
use records::order::{AccessMode, Body};
use records::people::PeopleSnapshot;
use records::record::Event;
use records::time::SKEW_SECONDS_MAX;
use sha2::{Digest, Sha256};

/// Outcomes that no rule gave: the certificate or person did not count.
const BEFORE_RULES: [&str; 9] = [
    "certificate-expired",
    "certificate-revoked",
    "certificate-suspended",
    "not-served",
    "person-changed",
    "status-stale",
    "clock-moved",
    "not-your-route",
    SUSPENDED,
];

/// The outcome where an order suspended the application.
const SUSPENDED: &str = "application-suspended";

/// By what it was decided.
pub struct DecidedBy {
    /// The snapshot of people has this number.
    pub people: u64,
    /// Until when that snapshot is good.
    pub until: String,
    /// Version of the rules that the snapshot names.
    pub bundle: u32,
    /// Whether the rules were asked, and gave the same: some refusals come before them.
    pub rules_agree: bool,
}

/// Decides once more with the rules and people of then, and compares the outcome.
pub fn check(
    bundle: &EvidenceBundle,
    control: &Control,
    request: &GateRequest,
) -> Result<DecidedBy, Failed> {
    let parts = bundle.request.as_ref();
    let parts = parts.ok_or_else(|| Failed::missing("people.json", "the file is not there"))?;
    let now = request.unix;
    let snapshot = people(parts, control, request)?;
    let (list, revoked) = list(parts, control, request)?;
    let permitted = request.decision.outcome == "permitted";
    let asked = permitted || !BEFORE_RULES.contains(&request.decision.outcome.as_str());
    if asked {
        in_time(request, &snapshot, &list, now)?;
    }
    if permitted && revoked {
        return Err(Failed::altered("decision", "the certificate was revoked"));
    }
    if !snapshot.hosts.contains(&request.host) {
        return Err(Failed::altered("connection", "to another host than the application's"));
    }
    let unit = snapshot.people.iter().find(|one| one.person == request.decision.person);
    if permitted && unit.is_none_or(|one| one.unit != request.decision.unit) {
        return Err(Failed::altered("decision", "the person was not in that unit then"));
    }
    let mode = snapshot.mode.as_ref().map(|ordered| ordered.mode);
    if request.decision.outcome == SUSPENDED && mode != Some(AccessMode::Suspended) {
        return Err(Failed::altered("decision", "no order suspended the application then"));
    }
    if let Some(exception) = &request.decision.exception {
        excepted(control, request, &snapshot, exception)?;
    }
    if asked {
        rules(control, request, &snapshot, now)?;
    }
    Ok(DecidedBy {
        people: snapshot.number,
        until: snapshot.next_update.clone(),
        bundle: snapshot.bundle,
        rules_agree: asked,
    })
}

/// What the rules deny passed by an order that was carried out, and that the snapshot of then names
/// as being in force.
fn excepted(
    control: &Control,
    request: &GateRequest,
    snapshot: &PeopleSnapshot,
    exception: &Exception,
) -> Result<(), Failed> {
    let decision = &request.decision;
    // A port of which the rules say nothing is no tunnel for people.
    let is_denial = match exception.denied.as_str() {
        "not-permitted" => true,
        "route-unknown" => decision.method != "CONNECT",
        _ => false,
    };
    if decision.outcome != "permitted" || !is_denial {
        return Err(Failed::altered("decision", "what passed by an order is no denial of rules"));
    }
    let is_carried_out = control.enacted.values().any(|order| *order == exception.order);
    let body = control.orders.get(&exception.order).filter(|_| is_carried_out);
    let Some((_, body)) = body else {
        return Err(Failed::missing("decision", "the order by which it passed is not there"));
    };
    let is_in_force = match (exception.by, body) {
        (ExceptionKind::Observe, Body::Mode(body)) => {
            let ordered = snapshot.mode.as_ref().filter(|one| one.order == exception.order);
            let until = ordered.and_then(|one| records::time::read(&one.until));
            body.application == decision.application
                && body.mode == AccessMode::Observe
                && ordered.is_some_and(|one| one.mode == body.mode && one.until == body.until)
                && until.is_some_and(|until| request.unix <= until)
        }
        (ExceptionKind::Emergency, Body::Emergency(body)) => {
            let is_told = snapshot.emergencies.iter().any(|one| one.order == exception.order);
            let window = body.window().map(|(from, until)| from..=until);
            is_told
                && exception.denied == "not-permitted"
                && body.application == decision.application
                && body.people.contains(&decision.person)
                && window.is_some_and(|window| window.contains(&request.unix))
        }
        _ => false,
    };
    match is_in_force {
        true => Ok(()),
        false => Err(Failed::altered("decision", "the order by which it passed says otherwise")),
    }
}

/// No rule is asked by what is over or has not begun, to permit or to deny.
fn in_time(
    request: &GateRequest,
    snapshot: &PeopleSnapshot,
    list: &RevocationList,
    now: u64,
) -> Result<(), Failed> {
    let until = |this: u64, next: u64| this <= now + SKEW_SECONDS_MAX && now <= next;
    let certificate = &request.certificate;
    let why = if !until(snapshot.this_update_unix(), snapshot.next_update_unix()) {
        "the people snapshot was not good then"
    } else if !until(list.this_update(), list.next_update()) {
        "the revocation list was not good then"
    } else if !until(certificate.not_before(), certificate.not_after()) {
        "the certificate was not good then"
    } else {
        return Ok(());
    };
    Err(Failed::altered("decision", why))
}

fn key(what: &Bytes) -> Result<PublicKey, Failed> {
    PublicKey::read(&what.0).map_err(|error| Failed::unread("founding statement", &error))
}

/// The snapshot of the number that the decision names, as `control` records it.
fn people(
    parts: &RequestParts,
    control: &Control,
    request: &GateRequest,
) -> Result<PeopleSnapshot, Failed> {
    const ITEM: &str = "people snapshot";
    let registry = key(&control.authority.founding().keys.registry)?;
    let snapshot = parts.people.open(&registry);
    let snapshot =
        snapshot.ok_or_else(|| Failed::altered(ITEM, "the registry key did not sign it"))?;
    let digest = Bytes::from(Sha256::digest(&parts.people.snapshot.0).as_slice());
    let recorded = control.events().any(|event| match event {
        Event::People { agent, number, sha256, .. } => {
            *agent == request.agent && *number == snapshot.number && *sha256 == digest
        }
        _ => false,
    });
    if !recorded {
        return Err(Failed::missing(ITEM, "its record is not there"));
    }
    let fits = snapshot.agent == request.agent
        && snapshot.number == request.decision.world.people
        && snapshot.application == request.decision.application
        && snapshot.bundle == request.decision.world.bundle
        && snapshot.policy == request.decision.world.policy;
    if fits {
        Ok(snapshot)
    } else {
        Err(Failed::altered(ITEM, "it is not the one that the decision names"))
    }
}

/// The list that the decision names, and whether it holds the certificate.
fn list(
    parts: &RequestParts,
    control: &Control,
    request: &GateRequest,
) -> Result<(RevocationList, bool), Failed> {
    const ITEM: &str = "revocation list";
    let issuing = key(&control.authority.founding().keys.issuing)?;
    let list = RevocationList::read(&parts.list).map_err(|error| Failed::unread(ITEM, &error))?;
    if !list.is_signed_by(&issuing) {
        return Err(Failed::altered(ITEM, "the issuing key did not sign it"));
    }
    let digest = Bytes::from(Sha256::digest(&parts.list).as_slice());
    let recorded = control.events().any(|event| match event {
        Event::Crl { issuer, number, sha256, .. } => {
            issuer != "root" && *number == list.number() && *sha256 == digest
        }
        _ => false,
    });
    if !recorded {
        return Err(Failed::missing(ITEM, "its record is not there"));
    }
    if list.number() != request.decision.world.crl {
        return Err(Failed::altered(ITEM, "it is not the one that the decision names"));
    }
    let revoked = list.contains(request.certificate.serial());
    Ok((list, revoked))
}

/// The rules that the decision names give what it says.
fn rules(
    control: &Control,
    request: &GateRequest,
    snapshot: &PeopleSnapshot,
    now: u64,
) -> Result<(), Failed> {
    const ITEM: &str = "rules";
    let state = control.authority.bundle();
    let decision = &request.decision;
    if state.digest != decision.world.policy || state.version != decision.world.bundle {
        return Err(Failed::missing(ITEM, "the bundle that the decision names is not there"));
    }
    let files = state.files.iter().map(|file| (file.name.clone(), file.content.clone()));
    let bundle = policy::Bundle::read(state.version, files)
        .map_err(|error| Failed::altered(ITEM, format!("no rules can be read: {}", error.file)))?;
    let application = bundle.application(&decision.application);
    let application =
        application.ok_or_else(|| Failed::missing(ITEM, "none for this application"))?;
    let path = request.target.split('?').next().unwrap_or_default();
    let path = CanonicalPath::read(path).map_err(|error| Failed::unread("target", &error))?;
    let asked = AccessRequest {
        person: &decision.person,
        method: &decision.method,
        path: &path,
        now,
        under: request.under,
    };
    compare(&application.decide(&People::of(snapshot), &asked), decision)
}

/// A decision says what the rules give.
fn compare(answer: &Answer, decision: &Decision) -> Result<(), Failed> {
    let outcome = match answer.outcome {
        Ok(()) => "permitted",
        Err(policy::Denial::Unknown) => "not-served",
        Err(policy::Denial::Route) => "route-unknown",
        Err(policy::Denial::Rule) => "not-permitted",
        Err(policy::Denial::Error) => "policy-error",
    };
    let wanted = decision.exception.as_ref().map_or(&decision.outcome, |passed| &passed.denied);
    let same = outcome == *wanted
        && answer.rule == decision.rule
        && records::json::normal(&answer.resource) == decision.resource
        && answer.action == decision.action;
    if same {
        Ok(())
    } else {
        let why = format!("the rules give {outcome} by `{}`", answer.rule);
        Err(Failed::altered("decision", why))
    }
}

#[cfg(test)]
mod tests;
