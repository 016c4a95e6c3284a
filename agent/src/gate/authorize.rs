//! From a checked request to a permit, or a denial that is recorded with its reason.

use super::connection_context::RecordedConnection;
use super::peer::Peer;
use super::request::Checked;
use super::state::Gate;
use crate::spool::{NotRecorded, Place, Recorded};
use crate::world::World;
use policy::{AccessRequest, Answer, Circumstances, LentRole};
use records::Code;
use records::access::Exception;
use records::body::{OfDecision, PERMITTED, RecordBody};
use records::commitment::disclosed_text;
use std::borrow::Cow;
use std::sync::Arc;

/// A rule said yes to this request of this person, or an order lets pass what they deny; only
/// [`decide`] makes it.
pub(super) struct Permit {
    /// Who.
    pub(super) peer: Arc<Peer>,
    /// What.
    pub(super) request: Checked,
    /// Which rule, on which record.
    pub(super) answer: Arc<Answer>,
    /// Why it passes although the rules deny it.
    pub(super) exception: Option<Exception>,
    /// Under what it was asked.
    pub(super) under: Circumstances,
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
    /// A role that was lent and does not count now, with which they would say yes; looked for where
    /// somebody reads it.
    pub(super) lapsed: Option<LentRole>,
    /// What was in force.
    pub(super) world: Arc<World>,
}

/// Decides one request in one world.
pub(super) fn decide(
    world: Arc<World>,
    peer: &Arc<Peer>,
    request: Checked,
    (now, under): (u64, Circumstances),
) -> Result<Permit, Box<Denial>> {
    let asked = AccessRequest {
        person: &peer.person,
        method: request.method.as_str(),
        path: &request.path,
        now,
        under,
    };
    let decided = match peer.holds(&world, now) {
        Ok(()) => world.decide(&asked),
        Err(code) => Err(code),
    };
    match decided {
        Ok(answer) => match world.passage(&asked, &answer) {
            Ok(exception) => {
                let peer = peer.clone();
                Ok(Permit { peer, request, answer, exception, under, world, _only_here: () })
            }
            Err(code) => {
                let is_read = request.html && code == Code::NotPermitted;
                let lapsed = if is_read { world.rests_on(&asked) } else { None };
                let lapsed = lapsed.filter(|lent| !lent.counts_at(now));
                let answer = Some(answer);
                Err(Box::new(Denial { code, request, answer, lapsed, world }))
            }
        },
        Err(code) => Err(Box::new(Denial { code, request, answer: None, lapsed: None, world })),
    }
}

/// What a record of a decision is made of.
struct DecisionParts<'a> {
    request: &'a Checked,
    answer: Option<&'a Answer>,
    exception: Option<&'a Exception>,
    world: &'a World,
    outcome: &'static str,
    reference: &'a str,
}

impl Permit {
    /// The rule that permitted it; empty where none did.
    pub(super) fn rule(&self) -> &str {
        if self.exception.is_some() { "" } else { &self.answer.rule }
    }

    /// Makes the permit durable; nothing goes upstream before.
    pub(super) async fn record(
        &self,
        gate: &Gate,
        connection: &RecordedConnection,
    ) -> Result<Recorded, NotRecorded> {
        let said = DecisionParts {
            request: &self.request,
            answer: Some(&self.answer),
            exception: self.exception.as_ref(),
            world: &self.world,
            outcome: PERMITTED,
            reference: "",
        };
        let (body, opened) = written(connection, &said).map_err(|_| NotRecorded::Failed)?;
        gate.spool.record_body(body, opened, Place::Begins).await
    }
}

impl Denial {
    /// Records the denial; it stays one whatever the disk says.
    pub(super) async fn record(
        &self,
        gate: &Gate,
        connection: &RecordedConnection,
        reference: &str,
    ) {
        let said = DecisionParts {
            request: &self.request,
            answer: self.answer.as_deref(),
            exception: None,
            world: &self.world,
            outcome: self.code.name(),
            reference,
        };
        let Ok((body, opened)) = written(connection, &said) else { return };
        if let Err(error) = gate.spool.record_body(body, opened, Place::Denies).await {
            tracing::error!(%error, "a denial could not be recorded");
        }
    }
}

/// The body of a record, and what opens its commitment, in final bytes.
fn written(
    connection: &RecordedConnection,
    said: &DecisionParts<'_>,
) -> anyhow::Result<(RecordBody, Vec<u8>)> {
    let salt = connection.salts.take()?;
    let (opened, target) = disclosed_text("/target", &salt, &said.request.target)?;
    let resource = normal(said.answer.map_or("", |answer| &answer.resource));
    let decision = OfDecision {
        exception: said.exception,
        method: said.request.method.as_str(),
        target: &target,
        route: said.answer.map_or("", |answer| &answer.route),
        action: said.answer.map_or("", |answer| &answer.action),
        resource: &resource,
        outcome: said.outcome,
        rule: said.answer.map_or("", |answer| &answer.rule),
        world: said.world.recorded(),
        reference: said.reference,
    };
    Ok((connection.form.body(&decision)?, opened))
}

/// Records hold texts in one normal form; the target itself is ASCII.
fn normal(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { text.into() } else { records::json::normal(text).into() }
}
