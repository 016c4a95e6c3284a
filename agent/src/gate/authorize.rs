//! From a checked request to a permit, or a denial that is recorded with its reason.

use super::peer::Peer;
use super::request::Checked;
use super::state::Gate;
use crate::spool::{NotRecorded, Place, Recorded};
use crate::world::{World, denial_code};
use policy::{Answer, Asked};
use records::access::Decision;
use records::record::Event;
use records::{Code, Disclosure};
use std::sync::Arc;

/// A rule said yes to this request of this person; only [`decide`] makes it.
pub(super) struct Permit {
    /// Who.
    pub(super) peer: Arc<Peer>,
    /// What.
    pub(super) request: Checked,
    /// Which rule, on which record.
    pub(super) answer: Arc<Answer>,
    /// What was in force.
    pub(super) world: Arc<World>,
    _only_here: (),
}

/// A no.
pub(super) struct Denial {
    /// Why.
    pub(super) code: Code,
    /// What was asked.
    pub(super) request: Checked,
    /// What the rules said, if they were asked.
    pub(super) answer: Option<Arc<Answer>>,
    /// What was in force.
    pub(super) world: Arc<World>,
}

/// Decides one request in one world.
pub(super) fn decide(
    world: Arc<World>,
    peer: &Arc<Peer>,
    request: Checked,
    now: u64,
) -> Result<Permit, Box<Denial>> {
    let asked =
        Asked { person: &peer.person, method: request.method.as_str(), path: &request.path, now };
    let decided = match peer.holds(&world, now) {
        Ok(()) => world.decide(&asked),
        Err(code) => Err(code),
    };
    match decided {
        Ok(answer) => match answer.outcome {
            Ok(()) => Ok(Permit { peer: peer.clone(), request, answer, world, _only_here: () }),
            Err(denial) => {
                let code = denial_code(denial);
                Err(Box::new(Denial { code, request, answer: Some(answer), world }))
            }
        },
        Err(code) => Err(Box::new(Denial { code, request, answer: None, world })),
    }
}

/// What a record of a decision is made of.
struct Said<'a> {
    peer: &'a Peer,
    request: &'a Checked,
    answer: Option<&'a Answer>,
    world: &'a World,
    outcome: &'static str,
    reference: String,
}

impl Permit {
    /// Makes the permit durable; nothing goes upstream before.
    pub(super) async fn record(
        &self,
        gate: &Gate,
        connection: &str,
    ) -> Result<Recorded, NotRecorded> {
        let said = Said {
            peer: &self.peer,
            request: &self.request,
            answer: Some(&self.answer),
            world: &self.world,
            outcome: "permitted",
            reference: String::new(),
        };
        let (event, disclosures) =
            event(gate, connection, &said).map_err(|_| NotRecorded::Failed)?;
        gate.spool.record(event, disclosures, Place::Begins).await
    }
}

impl Denial {
    /// Records the denial; it stays one whatever the disk says.
    pub(super) async fn record(
        &self,
        gate: &Gate,
        connection: &str,
        peer: &Peer,
        reference: String,
    ) {
        let said = Said {
            peer,
            request: &self.request,
            answer: self.answer.as_deref(),
            world: &self.world,
            outcome: self.code.name(),
            reference,
        };
        let Ok((event, disclosures)) = event(gate, connection, &said) else { return };
        if let Err(error) = gate.spool.record(event, disclosures, Place::Ends).await {
            tracing::error!(%error, "a denial could not be recorded");
        }
    }
}

fn event(
    gate: &Gate,
    connection: &str,
    said: &Said<'_>,
) -> anyhow::Result<(Event, Vec<Disclosure>)> {
    let salt = crate::random::<32>()?;
    let target = Disclosure::new("/target", salt, said.request.target.clone().into());
    let text = |part: fn(&Answer) -> &String| said.answer.map(part).cloned().unwrap_or_default();
    let decision = Decision {
        application: gate.application.clone(),
        connection: connection.to_owned(),
        person: said.peer.person.clone(),
        unit: said.peer.units.last().cloned().unwrap_or_default(),
        serial: said.peer.serial.clone(),
        method: said.request.method.as_str().to_owned(),
        target: target.commitment()?,
        route: text(|answer| &answer.route),
        action: text(|answer| &answer.action),
        resource: normal(text(|answer| &answer.resource)),
        outcome: said.outcome.to_owned(),
        rule: text(|answer| &answer.rule),
        world: said.world.in_force(),
        reference: said.reference.clone(),
    };
    Ok((Event::Decision(Box::new(decision)), vec![target]))
}

/// Records hold texts in one normal form; the target itself is ASCII.
fn normal(text: String) -> String {
    if text.is_ascii() { text } else { records::json::normal(&text) }
}
