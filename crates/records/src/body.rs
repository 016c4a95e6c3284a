//! Bodies of records in their final bytes, and around them the records of a run. What a gate says
//! of each request is written once, straight to where it stays; nothing of it is built, sorted or
//! looked through.
//!
//! Keys are written in the order of RFC 8785 section 3.2.3. Tests hold what is written here to what
//! [`Record::write`](crate::Record::write) gives.

use crate::access::{Completion, Exception, InForce};
use crate::json::{self, JsonError, part};
use crate::record::Event;
use crate::time;

/// Seconds whose times in records are made of the second and its microseconds: all of four digits
/// of a year, to a day.
const SECONDS_END: u64 = 253_402_000_000;

/// What happened, as it stands in its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordBody {
    kind: &'static str,
    bytes: Vec<u8>,
    permits: bool,
}

impl RecordBody {
    /// What any event says.
    pub fn of(event: &Event) -> Result<Self, JsonError> {
        let kind = event.kind();
        let permits = matches!(event, Event::Decision(d) if d.outcome == PERMITTED);
        let written = json::write(event)?;
        let behind = format!(r#","kind":"{kind}"}}"#);
        let body = written.strip_prefix(br#"{"body":"#.as_slice());
        let body = body.and_then(|rest| rest.strip_suffix(behind.as_bytes()));
        let body = body.ok_or_else(|| JsonError::part("an event without a body"))?;
        Ok(Self { kind, bytes: body.to_vec(), permits })
    }

    /// What the end of a request says.
    pub fn completion(ended: &Completion) -> Result<Self, JsonError> {
        let Completion { request, outcome, status, reference, up, down, micros } = ended;
        let mut to = Vec::with_capacity(192);
        for (before, count) in [(r#"{"down":"#, *down), (r#","micros":"#, *micros)] {
            to.extend(before.as_bytes());
            part::number(&mut to, count)?;
        }
        for (before, text) in [
            (r#","outcome":"#, outcome),
            (r#","reference":"#, reference),
            (r#","request":"#, request),
        ] {
            to.extend(before.as_bytes());
            part::text(&mut to, text)?;
        }
        for (before, count) in [(r#","status":"#, u64::from(*status)), (r#","up":"#, *up)] {
            to.extend(before.as_bytes());
            part::number(&mut to, count)?;
        }
        to.push(b'}');
        Ok(Self { kind: "completion", bytes: to, permits: false })
    }

    /// Whether it lets a request pass, which then must come to an end.
    pub fn permits(&self) -> bool {
        self.permits
    }

    /// Whether it is the end of a request.
    pub fn ends_request(&self) -> bool {
        self.kind == "completion"
    }
}

/// The outcome of a decision that lets a request pass.
pub const PERMITTED: &str = "permitted";

/// What was in force, as it stands in records. Where it has no form nothing is recorded under it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InForceBytes(Option<Vec<u8>>);

impl InForceBytes {
    /// Writes it once for all records that are made under it.
    pub fn of(world: &InForce) -> Result<Self, JsonError> {
        json::write(world).map(|bytes| Self(Some(bytes)))
    }
}

/// What all decisions on one connection say alike.
#[derive(Clone, Copy, Debug)]
pub struct OfConnection<'a> {
    /// Application id.
    pub application: &'a str,
    /// Id of the connection's record.
    pub connection: &'a str,
    /// Person id.
    pub person: &'a str,
    /// Unit id.
    pub unit: &'a str,
    /// Serial number of the certificate.
    pub serial: &'a str,
}

/// What a decision says of its request alone; see [`Decision`](crate::access::Decision).
#[derive(Clone, Copy, Debug)]
pub struct OfDecision<'a> {
    /// Why it passes although the rules deny it.
    pub exception: Option<&'a Exception>,
    /// Method.
    pub method: &'a str,
    /// Commitment to the canonical path and query.
    pub target: &'a [u8; 32],
    /// Template of the route.
    pub route: &'a str,
    /// Action of the route.
    pub action: &'a str,
    /// The record that the request names, in normal form.
    pub resource: &'a str,
    /// [`PERMITTED`], or the code of the denial.
    pub outcome: &'a str,
    /// Id of the rule that decided.
    pub rule: &'a str,
    /// What was in force.
    pub world: &'a InForceBytes,
    /// Reference told to a person who was denied.
    pub reference: &'a str,
}

/// Decisions on one connection, but for what each says of its request: written once.
#[derive(Debug)]
pub struct DecisionForm {
    /// Behind the action.
    to_exception: Vec<u8>,
    /// Behind the outcome.
    to_reference: Vec<u8>,
    /// Behind the rule.
    to_target: Vec<u8>,
    /// Behind the target.
    to_world: Vec<u8>,
}

impl DecisionForm {
    /// The form of a connection.
    pub fn new(of: &OfConnection<'_>) -> Result<Self, JsonError> {
        let pieces = |pieces: &[(&str, &str)], behind: &str| {
            let mut to = Vec::with_capacity(128);
            for (before, text) in pieces {
                to.extend(before.as_bytes());
                part::text(&mut to, text)?;
            }
            to.extend(behind.as_bytes());
            Ok::<_, JsonError>(to)
        };
        let named = [(r#","application":"#, of.application), (r#","connection":"#, of.connection)];
        Ok(Self {
            to_exception: pieces(&named, "")?,
            to_reference: pieces(&[(r#","person":"#, of.person)], r#","reference":"#)?,
            to_target: pieces(&[(r#","serial":"#, of.serial)], r#","target":""#)?,
            to_world: pieces(&[(r#"","unit":"#, of.unit)], r#","world":"#)?,
        })
    }

    /// What a decision on it says.
    pub fn body(&self, of: &OfDecision<'_>) -> Result<RecordBody, JsonError> {
        let mut to = Vec::with_capacity(768);
        to.extend_from_slice(br#"{"action":"#);
        part::text(&mut to, of.action)?;
        to.extend_from_slice(&self.to_exception);
        if let Some(exception) = of.exception {
            to.extend_from_slice(br#","exception":"#);
            to.extend_from_slice(&json::write(exception)?);
        }
        let pieces: [(&[u8], &str); 6] = [
            (br#","method":"#, of.method),
            (br#","outcome":"#, of.outcome),
            (&self.to_reference, of.reference),
            (br#","resource":"#, of.resource),
            (br#","route":"#, of.route),
            (br#","rule":"#, of.rule),
        ];
        for (before, text) in pieces {
            to.extend_from_slice(before);
            part::text(&mut to, text)?;
        }
        to.extend_from_slice(&self.to_target);
        part::bytes(&mut to, of.target);
        to.extend_from_slice(&self.to_world);
        let world = of.world.0.as_ref();
        to.extend_from_slice(world.ok_or_else(|| JsonError::part("what is in force"))?);
        to.push(b'}');
        Ok(RecordBody { kind: "decision", bytes: to, permits: of.outcome == PERMITTED })
    }
}

/// The place of a record in a run, with its id and time.
#[derive(Clone, Copy, Debug)]
pub struct PlaceInRun<'a> {
    /// 16 random bytes.
    pub id: &'a [u8; 16],
    /// Its number.
    pub aseq: u64,
    /// Chain value before it.
    pub prev: &'a [u8; 32],
    /// Unix microseconds.
    pub micros: u64,
}

/// Writes the records of one run.
#[derive(Debug)]
pub struct RunWriter {
    /// Behind the number.
    to_prev: Vec<u8>,
    /// Behind the chain value.
    to_time: Vec<u8>,
    /// The second that was written last, up to its microseconds.
    second: (u64, Vec<u8>),
}

impl RunWriter {
    /// For a run of this epoch, whose records this process makes.
    pub fn new(epoch: &[u8; 16], maker: &str) -> Result<Self, JsonError> {
        let mut to_prev = br#","epoch":""#.to_vec();
        part::bytes(&mut to_prev, epoch);
        to_prev.extend(br#"","prev":""#);
        let mut to_time = br#""},"log":"access","maker":"#.to_vec();
        part::text(&mut to_time, maker)?;
        to_time.extend(br#","time":""#);
        Ok(Self { to_prev, to_time, second: (u64::MAX, Vec::new()) })
    }

    /// Appends a record.
    pub fn write(
        &mut self,
        to: &mut Vec<u8>,
        body: &RecordBody,
        place: &PlaceInRun<'_>,
    ) -> Result<(), JsonError> {
        to.extend(br#"{"body":"#);
        to.extend_from_slice(&body.bytes);
        to.extend(br#","id":""#);
        part::bytes(to, place.id);
        to.extend(br#"","kind":""#);
        to.extend_from_slice(body.kind.as_bytes());
        to.extend(br#"","link":{"aseq":"#);
        part::number(to, place.aseq)?;
        to.extend_from_slice(&self.to_prev);
        part::bytes(to, place.prev);
        to.extend_from_slice(&self.to_time);
        self.time(to, place.micros);
        to.extend(br#"","v":1}"#);
        Ok(())
    }

    /// Appends a time. Those of one commit are mostly of one second.
    fn time(&mut self, to: &mut Vec<u8>, micros: u64) {
        let (second, mut rest) = (micros / 1_000_000, micros % 1_000_000);
        if second >= SECONDS_END {
            return to.extend_from_slice(time::micros(micros).as_bytes());
        }
        if self.second.0 != second {
            let whole = time::seconds(second);
            self.second = (second, whole.trim_end_matches('Z').as_bytes().to_vec());
        }
        to.extend_from_slice(&self.second.1);
        let mut digits = *b".000000Z";
        for digit in digits.iter_mut().skip(1).take(6).rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        to.extend(digits);
    }
}

#[cfg(test)]
mod tests;
