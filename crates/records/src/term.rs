//! What a record is found by. Terms follow from the record's own bytes, so that the index can be
//! thrown away and made again.

use crate::bytes::Bytes;
use crate::est::EnrolledStatement;
use crate::machine::AccountStatement;
use crate::order::{Body, Order};
use crate::record::{Cause, Event, LetterStatement, Record, VoidStatement};
use crate::suspension::SuspensionCause;
use crate::withdrawal::WithdrawnStatement;
use sha2::{Digest, Sha256};

/// Every term of a record.
pub fn terms(record: &Record) -> Vec<String> {
    let mut terms = beside_name(record);
    terms.extend(name(record));
    terms
}

/// The term of the name that a record of a run has.
fn name(record: &Record) -> Option<String> {
    let link = record.link.as_ref().filter(|_| record.event.is_of_run())?;
    let agent = record.maker.split('/').next().unwrap_or_default();
    Some(of_request(&crate::access::request_id(agent, &link.epoch, link.aseq)))
}

/// Every term of a record but for its own name.
fn beside_name(record: &Record) -> Vec<String> {
    let mut terms = vec![format!("kind:{}", record.event.kind())];
    match &record.event {
        Event::Letter { statement, .. } => terms.extend(letter_terms(statement)),
        Event::Voided { statement, .. } => terms.extend(voided_terms(statement)),
        Event::Application { reference, order, .. } => {
            terms.push(format!("reference:{reference}"));
            terms.push(of_order(order));
        }
        Event::Order { order, .. } => terms.extend(order_terms(order)),
        Event::Approval { approval, person: who, acting_for } => {
            terms.push(of_order(&approval.order));
            terms.push(person(who));
            terms.extend(acting_for.as_deref().map(person));
        }
        Event::Declined { decline, person: who } => {
            terms.extend(decline.read().ok().map(|read| of_order(&read.order)));
            terms.push(person(who));
        }
        Event::Withdrawn { statement, .. } => terms.extend(withdrawn_term(statement)),
        Event::Enacted { order, .. } => terms.push(of_order(order)),
        Event::Intent { order, serial, .. } => terms.extend([of_order(order), of_serial(serial)]),
        Event::Issued { serial, subject, .. } => {
            terms.extend([of_serial(serial), of_subject(subject)]);
        }
        Event::Used { serial, authorization, .. } => {
            terms.push(of_serial(serial));
            terms.push(format!("authorization:{authorization}"));
        }
        Event::Joined { agent, serial, order, .. } => {
            terms.extend([of_agent(agent), of_serial(serial), of_order(order)]);
        }
        Event::MachineAccount { .. }
        | Event::MachineUse { .. }
        | Event::MachineEnrolled { .. }
        | Event::MachineKey { .. }
        | Event::MachineClosed { .. } => terms.extend(machine_terms(&record.event)),
        Event::Revoked { certificates, cause, .. } => {
            terms.extend(certificates.iter().map(|one| of_serial(&one.serial)));
            terms.extend(revocation_term(cause));
        }
        Event::Suspended { certificates, cause, .. } => {
            terms.extend(certificates.iter().map(|one| of_serial(&one.serial)));
            terms.extend(suspension_terms(cause));
        }
        Event::Crl { issuer, number, .. } => terms.push(format!("crl:{issuer}/{number}")),
        Event::People { agent, number, .. } => terms.push(format!("people:{agent}/{number}")),
        Event::Refusal { about, code, .. } => {
            terms.extend([format!("about:{about}"), outcome(code.name())]);
        }
        Event::Asked { person: who, .. }
        | Event::Searched { person: who, .. }
        | Event::Read { person: who, .. } => terms.push(person(who)),
        Event::Notified { notice, person: who, outcome: came, .. } => {
            terms.extend([format!("notice:{notice}"), person(who), outcome(came)]);
        }
        Event::Portal { person: who, .. } if who.is_empty() => {}
        Event::Portal { person: who, .. } => terms.push(person(who)),
        Event::Silent { agent, .. } => terms.push(of_agent(agent)),
        Event::Founding { .. } | Event::Forked { .. } => {}
        Event::Started(_)
        | Event::Connection(_)
        | Event::Decision(_)
        | Event::Completion(_)
        | Event::Called(_)
        | Event::Turned(_)
        | Event::Heartbeat(_) => terms.extend(gate_terms(record)),
    }
    terms
}

/// Terms of what a system's client asked for.
fn machine_terms(event: &Event) -> Vec<String> {
    match event {
        Event::MachineAccount { statement, .. } => account_terms(statement),
        Event::MachineUse { account, serial, .. } => {
            // An account has as many uses as it likes: they are found apart from what it is.
            vec![format!("account-use:{account}"), of_serial(serial)]
        }
        Event::MachineEnrolled { statement, serial, .. } => {
            // So has a system.
            let said = EnrolledStatement::read(&statement.0);
            let of_use = said.map(|said| format!("system-use:{}", said.system));
            of_use.into_iter().chain([of_serial(serial)]).collect()
        }
        Event::MachineKey { account, .. } | Event::MachineClosed { account, .. } => {
            vec![of_account(account)]
        }
        _ => Vec::new(),
    }
}

/// For whom a letter was made, and its reference.
fn letter_terms(statement: &Bytes) -> Vec<String> {
    let read: Result<LetterStatement, _> = crate::json::read(&statement.0);
    let terms = |letter: LetterStatement| {
        vec![person(&letter.person), format!("reference:{}", letter.reference)]
    };
    read.map_or_else(|_| Vec::new(), terms)
}

/// Whose certificate it is; those of a system are found apart from what it is.
fn of_subject(subject: &str) -> String {
    match subject.strip_prefix("system:") {
        Some(system) => format!("system-certificate:{system}"),
        None => person(subject),
    }
}

/// The account that was opened, its system, and the order under which.
fn account_terms(statement: &Bytes) -> Vec<String> {
    let read: Result<AccountStatement, _> = crate::json::read(&statement.0);
    let terms = |said: AccountStatement| {
        vec![of_account(&said.account), of_system(&said.system), of_order(&said.order)]
    };
    read.map_or_else(|_| Vec::new(), terms)
}

/// The order that was taken back.
fn withdrawn_term(statement: &Bytes) -> Option<String> {
    let read: Result<WithdrawnStatement, _> = crate::json::read(&statement.0);
    read.ok().map(|read| of_order(&read.order))
}

/// The letter that is voided, and the one that takes its place.
fn voided_terms(statement: &Bytes) -> Vec<String> {
    let read: Result<VoidStatement, _> = crate::json::read(&statement.0);
    let named = read.map_or_else(|_| Vec::new(), |void| vec![void.reference, void.replacement]);
    let named = named.into_iter().filter(|reference| !reference.is_empty());
    named.map(|reference| format!("reference:{reference}")).collect()
}

/// Why something was revoked, where serial numbers do not say it.
fn revocation_term(cause: &Cause) -> Option<String> {
    match cause {
        Cause::Order { order } | Cause::Abandoned { order } => Some(of_order(order)),
        Cause::Loss { reference, .. } => Some(format!("reference:{reference}")),
        Cause::Left { person: who } => Some(person(who)),
        Cause::Superseded { serial } => Some(of_serial(serial)),
        Cause::Machine { account, .. } => account.as_deref().map(of_account),
        Cause::Cmp { system, .. } | Cause::Closed { system } => Some(of_system(system)),
        Cause::Lapsed { .. } => None,
    }
}

/// Whoever suspends, and the letter by which.
fn suspension_terms(cause: &SuspensionCause) -> Vec<String> {
    let reference = cause.reference().map(|reference| format!("reference:{reference}"));
    reference.into_iter().chain(cause.person().map(|who| person(&who))).collect()
}

fn gate_terms(record: &Record) -> Vec<String> {
    let agent = record.maker.split('/').next().unwrap_or_default();
    let mut terms = Vec::new();
    match &record.event {
        Event::Connection(seen) => {
            terms.push(person(&seen.person));
            terms.push(of_serial(&seen.serial));
            terms.push(of_handshake(&seen.message));
        }
        Event::Decision(decision) => {
            terms.push(person(&decision.person));
            terms.push(of_serial(&decision.serial));
            terms.push(format!("application:{}", decision.application));
            terms.push(format!("resource:{}", decision.resource));
            terms.push(outcome(&decision.outcome));
            if let Some(exception) = &decision.exception {
                terms.push(outcome(exception.by.name()));
                // As many pass by an order as come: they are found apart from what it is.
                terms.push(format!("exception:{}", exception.order));
            }
            if !decision.reference.is_empty() {
                terms.push(format!("reference:{}", decision.reference));
            }
        }
        Event::Completion(completion) => terms.push(of_request(&completion.request)),
        Event::Called(call) => {
            terms.push(format!("application:{}", call.application));
            terms.push(outcome(&call.outcome));
            if !call.person.is_empty() {
                terms.push(person(&call.person));
            }
            if !call.serial.is_empty() {
                terms.push(of_serial(&call.serial));
            }
            if !call.resource.is_empty() {
                terms.push(format!("resource:{}", call.resource));
            }
        }
        Event::Turned(turned) => {
            terms.push(outcome(&turned.code));
            if !turned.serial.is_empty() {
                terms.push(of_serial(&turned.serial));
            }
            if !turned.reference.is_empty() {
                terms.push(format!("reference:{}", turned.reference));
            }
        }
        _ => terms.push(of_agent(agent)),
    }
    terms
}

fn order_terms(order: &Bytes) -> Vec<String> {
    let digest = Bytes::from(crate::order::digest(&order.0));
    let mut terms = vec![of_order(&digest)];
    let Ok(order) = Order::read(&order.0) else { return terms };
    terms.push(format!("order-kind:{}", order.kind));
    terms.push(format!("order-id:{}", order.order));
    if order.draft.is_some() {
        terms.push(format!("drafter:{}", order.drafter));
    }
    let Ok(body) = order.body() else { return terms };
    terms.extend(body.person().map(person));
    if let Body::Delegate(one) = &body {
        terms.push(person(&one.absent));
    }
    if let Body::Agent(agent) = &body {
        terms.push(of_agent(&agent.agent));
    }
    if let Body::System(system) = &body {
        terms.push(of_system(&system.system));
    }
    if let Body::Batch(batch) = &body {
        terms.extend(batch.rows.iter().map(of_order));
    }
    if let Body::Issue(issue) = &body {
        terms.extend(issue.renewal.iter().map(|renewal| of_serial(&renewal.serial)));
    }
    terms
}

/// What stands in the index for a term: the first half of its SHA-256, so that whoever chooses what
/// is in a term does not choose what an index has to hold.
pub type Key = [u8; 16];

/// The key of a term.
pub fn key(term: &str) -> Key {
    let digest = Sha256::digest(term.as_bytes());
    let mut key = Key::default();
    key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    key
}

/// Keys of a record's terms, without its own name: a record of a run is found by its run.
pub fn keys(record: &Record) -> Vec<Key> {
    // Only the end of a request names a record of a run; nearly every one names another.
    let own = match &record.event {
        Event::Completion(ended) if may_name(&ended.request, record) => name(record),
        _ => None,
    };
    let terms = beside_name(record);
    terms.iter().filter(|term| own.as_ref() != Some(term)).map(|term| key(term)).collect()
}

/// Whether a request's name ends as that of a record does.
fn may_name(request: &str, record: &Record) -> bool {
    let number = request.rsplit('/').next().and_then(|number| number.parse::<u64>().ok());
    record.link.as_ref().is_some_and(|link| number == Some(link.aseq))
}

/// Agent, epoch and number of a record of a run, if a term is its name.
pub fn named(term: &str) -> Option<(&str, Bytes, u64)> {
    let mut parts = term.strip_prefix("request:")?.split('/');
    let (agent, epoch, aseq) = (parts.next()?, parts.next()?, parts.next()?);
    let rest = parts.next().is_none();
    rest.then_some((agent, Bytes::read(epoch)?, aseq.parse().ok()?))
}

/// The record of this name, and ends of the request with it.
pub fn of_request(name: &str) -> String {
    format!("request:{name}")
}

/// Records of an order, by its digest.
pub fn of_order(digest: &Bytes) -> String {
    format!("order:{digest}")
}

/// The term of records about a person.
pub fn person(id: &str) -> String {
    format!("person:{id}")
}

/// The term of records about a certificate.
pub fn of_serial(serial: &str) -> String {
    format!("serial:{serial}")
}

/// The term of records about an agent.
pub fn of_agent(agent: &str) -> String {
    format!("agent:{agent}")
}

/// Records about a system.
pub fn of_system(id: &str) -> String {
    format!("system:{id}")
}

/// Records about an account of a system.
pub fn of_account(id: &str) -> String {
    format!("account:{id}")
}

/// Connections that show the same signed message; there must be one.
pub fn of_handshake(message: &Bytes) -> String {
    format!("handshake:{}", crate::access::sha256(&message.0))
}

/// The term of records with an outcome.
pub fn outcome(code: &str) -> String {
    format!("outcome:{code}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Completion, Link};

    /// A record of a run is found by its run, whatever it says of itself; the request that it ends
    /// is found by the index.
    #[test]
    fn the_own_name_of_a_record_of_a_run_has_no_key() {
        let epoch = Bytes::from([7; 16]);
        let keys_of = |request: String| {
            let link = Link { epoch: epoch.clone(), aseq: 12, prev: [0; 32].into() };
            let record = Record {
                v: 1,
                id: [1; 16].into(),
                log: "access".into(),
                maker: "gate-1/agent".into(),
                time: "2026-01-01T00:00:00.000000Z".into(),
                link: Some(link),
                event: Event::Completion(Completion::without_answer(request, "cut")),
            };
            (keys(&record), terms(&record))
        };
        let [own, before, other] = [("gate-1", 12), ("gate-1", 2), ("gate-2", 12)]
            .map(|(agent, aseq)| crate::access::request_id(agent, &epoch, aseq));
        let kind = key("kind:completion");
        let (found, terms) = keys_of(own.clone());
        assert_eq!(found, [kind]);
        assert!(terms.contains(&of_request(&own)));
        for request in [before, other] {
            let (found, terms) = keys_of(request.clone());
            assert_eq!(found, [kind, key(&of_request(&request))]);
            assert!([&own, &request].iter().all(|name| terms.contains(&of_request(name))));
        }
    }
}
